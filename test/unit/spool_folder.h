/** @file
 * A folder for one test of a spool, in @c folder, removed with the files in it. Included once by a test, as set-up and tear-down.
 */
#ifndef SKEP_TEST_SPOOL_FOLDER_H
#define SKEP_TEST_SPOOL_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"

static char folder[64];

static int set_up(void **state UNUSED)
{
	snprintf(folder, sizeof(folder), "/tmp/spool-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
	DIR *d = opendir(folder);
	struct dirent *f;

	while (d && (f = readdir(d)))
		unlinkat(dirfd(d), f->d_name, 0);
	if (d)
		closedir(d);
	return rmdir(folder);
}

#endif

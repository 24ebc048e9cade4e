/** @file
 * A folder's listing that breaks off, as a damaged file system's does: readdir(3) of the whole program is replaced by one that fails
 * with EIO when it has been called so many times. Included once by a test.
 */
#ifndef SKEP_TEST_BROKEN_LISTING_H
#define SKEP_TEST_BROKEN_LISTING_H

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>

static unsigned int listing_calls_left = UINT_MAX;

struct dirent *readdir(DIR *d)
{
	static struct dirent *(*real)(DIR *);

	/* By the name the C library has it under where offsets have 64 bits. */
	if (!real)
		real = (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir64");
	if (listing_calls_left) {
		listing_calls_left--;
		return real(d);
	}
	errno = EIO;
	return NULL;
}

#endif

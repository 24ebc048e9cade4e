/*
 * dpkg's own answer to the lines version_pairs reads: parseversion() and dpkg_version_compare() of libdpkg.
 *
 * libdpkg is GPL-2+. test_version_oracles.py builds this program in a temporary folder when it runs; nothing of Skep
 * links libdpkg and this program is never installed.
 */
#include <dpkg/dpkg.h>
#include <dpkg/dpkg-db.h>
#include <dpkg/error.h>
#include <dpkg/pkg.h>
#include <dpkg/version.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_version(struct dpkg_version *v, const char *text)
{
	struct dpkg_error e = { 0 };
	int refused = parseversion(v, text, &e) < 0 && e.type == DPKG_MSG_ERROR;

	dpkg_error_destroy(&e);
	return refused ? -1 : 0;
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		char *b = strchr(line, '\t');
		struct dpkg_version x = { 0 }, y = { 0 };

		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (!b)
			return 2;
		*b++ = '\0';
		if (read_version(&x, line) < 0 || read_version(&y, b) < 0) {
			putchar('!');
		} else {
			int order = dpkg_version_compare(&x, &y);

			putchar(order < 0 ? '<' : order > 0 ? '>' : '=');
		}
	}
	free(line);
	return 0;
}

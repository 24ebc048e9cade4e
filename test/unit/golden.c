#include "golden.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"

/* The first line that differs, for the message. */
static void fail_at(const char *name, str actual, str golden)
{
	for (unsigned int line = 1; actual.n || golden.n; line++) {
		str a = str_line(&actual), g = str_line(&golden);

		if (!str_eq(a, g))
			fail_msg("%s, line %u:\n  got  '%.*s'\n  want '%.*s'\n(tool/bless if it is "
				 "right)",
				 name, line, STR_ARG(a), STR_ARG(g));
	}
	fail_msg("%s differs in its line ends", name);
}

void golden_check(const char *name, str actual)
{
	const char *source = getenv("SKEP_SOURCE_DIR");
	char path[4096];
	struct err e = { 0 };
	OWNED_BUF b = BUF_INIT;

	snprintf(path, sizeof(path), "%s/test/golden/%s", source ? source : ".", name);
	if (getenv("SKEP_BLESS")) {
		*strrchr(path, '/') = '\0';
		assert_int_equal(file_make_dirs(path, 0755, &e), 0);
		path[strlen(path)] = '/';
		if (file_write_atomic(AT_FDCWD, path, actual, 0644, &e) < 0)
			fail_msg("%s", e.text);
		return;
	}
	if (file_read(AT_FDCWD, path, UINT32_MAX, &b, &e) < 0)
		fail_msg("%s (tool/bless makes it)", e.text);
	if (!str_eq(actual, buf_str(&b)))
		fail_at(name, actual, buf_str(&b));
}

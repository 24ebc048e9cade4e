/** @file
 * cmocka with its prerequisites, and helpers every unit test uses.
 */
#ifndef SKEP_TEST_UNIT_H
#define SKEP_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

#define assert_str(actual, expected) \
	do { \
		str a_ = (actual), x_ = str_from(expected); \
		if (!str_eq(a_, x_)) \
			fail_msg("got '%.*s', want '%.*s'", STR_ARG(a_), STR_ARG(x_)); \
	} while (0)

/** Ends a test that cannot run here; tool/run-tests counts it as skipped. cmocka's own skip() is a failure to meson. */
#define SKIP_BECAUSE(...) \
	do { \
		print_message("# skipped: " __VA_ARGS__); \
		print_message("\n"); \
		return; \
	} while (0)

#endif

#include "unit.h"

#include "codec/glob.h"

static void patterns(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool want;
	} cases[] = {
		{ "usr/lib", "usr/lib", true },
		{ "usr/lib", "usr/lib/x", false },
		{ "usr/*", "usr/lib", true },
		{ "usr/*", "usr/lib/x", false },
		{ "usr/**", "usr/lib/x", true },
		{ "**/node_modules", "node_modules", true },
		{ "**/x", "a/b/x", true },
		{ "**/x", "a/bx", false },
		{ "a/**/b", "a/b", true },
		{ "a/**/b", "a/x/y/b", true },
		{ "a/**/b", "ab", false },
		{ "?at", "cat", true },
		{ "?at", "/at", false },
		{ "*.list", "x.list", true },
		{ "*a*b*c*", "xaybzc", true },
		{ "*a*b*c*", "xaybz", false },
		{ "", "", true },
		{ "", "a", false },
		{ "**", "", true },
		{ "**", "a/b", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (glob_match(str_from(cases[i].pattern), str_from(cases[i].path)) !=
		    cases[i].want)
			fail_msg("'%s' and '%s': want %d", cases[i].pattern, cases[i].path,
				 cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(patterns) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

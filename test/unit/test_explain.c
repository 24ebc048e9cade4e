#include "golden.h"
#include "sample_report.h"

#include "scan/report/explain.h"

static int explained(const char *what, const char *package, enum lang lang, struct buf *b,
		     struct err *e)
{
	struct report_style style = { .lang = lang, .width = 100 };
	struct report r;

	sample_report(SAMPLE_RICH, &r);
	return explain_report(&r, str_from(what), str_from(package), &style, b, e);
}

static void derivations_are_as_blessed(void **state UNUSED)
{
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		OWNED_BUF b = BUF_INIT;

		assert_int_equal(explained("CVE-2021-42378", "", (enum lang)lang, &b, NULL), 2);
		assert_int_equal(explained("", "openssl", (enum lang)lang, &b, NULL), 2);
		golden_check(lang == LANG_ZH ? "report/explain-zh.txt" : "report/explain-en.txt",
			     buf_str(&b));
	}
}

static void facts_are_as_blessed(void **state UNUSED)
{
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		struct report_style style = { .lang = (enum lang)lang, .width = 80 };
		struct report r;
		OWNED_BUF b = BUF_INIT;

		sample_report(SAMPLE_RICH, &r);
		assert_int_equal(explain_vulnerability(r.findings.items[3].vuln, &r.database,
						       &style, &b, NULL),
				 0);
		golden_check(lang == LANG_ZH ? "report/facts-zh.txt" : "report/facts-en.txt",
			     buf_str(&b));
	}
}

static void aliases_are_ids_too(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;

	assert_int_equal(explained("ghsa-aaaa-bbbb-cccc", "busybox", LANG_EN, &b, NULL), 2);
	assert_int_equal(explained("SEC-2", "", LANG_EN, &b, NULL), 1);
}

static void absence_says_what_is_absent(void **state UNUSED)
{
	struct err e = { 0 };
	OWNED_BUF b = BUF_INIT;

	assert_int_equal(explained("CVE-1999-1", "", LANG_EN, &b, &e), -ENOENT);
	assert_non_null(strstr(e.text, "8 packages looked at"));
	assert_int_equal(explained("CVE-1999-1", "musl", LANG_EN, &b, &e), -ENOENT);
	assert_non_null(strstr(e.text, "musl is in the target"));
	assert_int_equal(explained("", "nginx", LANG_EN, &b, &e), -ENOENT);
	assert_non_null(strstr(e.text, "no package nginx"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derivations_are_as_blessed),
		cmocka_unit_test(facts_are_as_blessed),
		cmocka_unit_test(aliases_are_ids_too),
		cmocka_unit_test(absence_says_what_is_absent),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}

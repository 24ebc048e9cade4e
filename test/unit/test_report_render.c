#include "golden.h"
#include "sample_report.h"

#include <stdio.h>

#include "base/text.h"
#include "codec/json.h"
#include "scan/report/report_render.h"

static void check(const char *golden, enum sample which, enum report_format format,
		  struct report_style style)
{
	struct report r;
	struct err e = { 0 };
	OWNED_BUF b = BUF_INIT;

	sample_report(which, &r);
	if (report_render(&r, format, &style, &b, &e) < 0)
		fail_msg("%s", e.text);
	golden_check(golden, buf_str(&b));
}

static void tables_are_as_blessed(void **state UNUSED)
{
	check("report/rich-en-120.txt", SAMPLE_RICH, REPORT_TABLE,
	      (struct report_style){ .width = 120, .show_suppressed = true });
	check("report/rich-en-80.txt", SAMPLE_RICH, REPORT_TABLE,
	      (struct report_style){ .width = 80 });
	check("report/rich-en-60.txt", SAMPLE_RICH, REPORT_TABLE,
	      (struct report_style){ .width = 60 });
	check("report/rich-zh-120.txt", SAMPLE_RICH, REPORT_TABLE,
	      (struct report_style){ .lang = LANG_ZH, .width = 120, .show_suppressed = true });
	check("report/rich-zh-80.txt", SAMPLE_RICH, REPORT_TABLE,
	      (struct report_style){ .lang = LANG_ZH, .width = 80 });
	check("report/rich-zh-40.txt", SAMPLE_RICH, REPORT_TABLE,
	      (struct report_style){ .lang = LANG_ZH, .width = 40 });
	check("report/rich-color.txt", SAMPLE_RICH, REPORT_TABLE,
	      (struct report_style){ .color = true });
	check("report/clean-en-80.txt", SAMPLE_CLEAN, REPORT_TABLE,
	      (struct report_style){ .width = 80 });
	check("report/bare-zh-80.txt", SAMPLE_BARE, REPORT_TABLE,
	      (struct report_style){ .lang = LANG_ZH, .width = 80 });
}

static void machine_formats_are_as_blessed(void **state UNUSED)
{
	for (int f = REPORT_JSON; f < REPORT_FORMAT_COUNT; f++) {
		char name[64];

		snprintf(name, sizeof(name), "report/rich.%s",
			 report_format_name((enum report_format)f));
		check(name, SAMPLE_RICH, (enum report_format)f, (struct report_style){ 0 });
	}
}

static void lines_never_pass_the_terminal_edge(void **state UNUSED)
{
	for (unsigned int width = 36; width < 160; width++)
		for (int lang = 0; lang < LANG_COUNT; lang++) {
			struct report_style style = { .lang = (enum lang)lang, .width = width };
			struct report r;
			OWNED_BUF b = BUF_INIT;

			sample_report(SAMPLE_RICH, &r);
			assert_int_equal(report_render(&r, REPORT_TABLE, &style, &b, NULL), 0);
			for (str rest = buf_str(&b); rest.n;) {
				str line = str_line(&rest);

				if (text_width(line) > width)
					fail_msg("width %u: '%.*s'", width, STR_ARG(line));
				assert_false(str_ends(line, S(" ")));
			}
		}
}

static void nothing_from_the_image_acts_on_the_terminal(void **state UNUSED)
{
	struct report_style style = { .width = 100, .show_suppressed = true };
	struct report r;
	OWNED_BUF b = BUF_INIT;

	sample_report(SAMPLE_RICH, &r);
	assert_int_equal(report_render(&r, REPORT_TABLE, &style, &b, NULL), 0);
	assert_int_equal(str_find(buf_str(&b), '\x1b'), b.n);
	assert_int_equal(str_search(buf_str(&b), S("\xe2\x80\xae")), b.n);
}

static void machine_formats_parse(void **state UNUSED)
{
	for (int f = REPORT_JSON; f < REPORT_FORMAT_COUNT; f++)
		for (int which = 0; which < SAMPLE_COUNT; which++) {
			struct report_style style = { .packages_only = which == SAMPLE_BARE };
			struct report r;
			struct arena a;
			struct value v;
			struct err e = { 0 };
			OWNED_BUF b = BUF_INIT;

			arena_init(&a, 0);
			sample_report((enum sample)which, &r);
			assert_int_equal(report_render(&r, (enum report_format)f, &style, &b, NULL),
					 0);
			if (json_parse(buf_str(&b), &a, &v, &e) < 0)
				fail_msg("%s", e.text);
			arena_done(&a);
		}
}

static void bounded_output_says_so(void **state UNUSED)
{
	struct report_style style = { 0 };
	struct report r;
	struct err e = { 0 };
	OWNED_BUF b = { .max = 100 };

	sample_report(SAMPLE_RICH, &r);
	assert_int_equal(report_render(&r, REPORT_JSON, &style, &b, &e), -E2BIG);
	assert_non_null(strstr(e.text, "json report"));
}

/* Whatever the bound, a report is whole or an error: never a document that stops in the middle. */
static void no_bound_makes_a_cut_document(void **state UNUSED)
{
	for (int f = 0; f < REPORT_FORMAT_COUNT; f++) {
		struct report_style style = { .width = 80 };
		struct report r;
		OWNED_BUF whole = BUF_INIT;

		sample_report(SAMPLE_RICH, &r);
		assert_int_equal(report_render(&r, (enum report_format)f, &style, &whole, NULL), 0);
		for (size_t max = 1; max < whole.n; max += 97) {
			OWNED_BUF b = { .max = max };

			assert_int_equal(report_render(&r, (enum report_format)f, &style, &b, NULL),
					 -E2BIG);
		}
	}
}

static void sarif_stays_within_what_code_scanning_takes(void **state UNUSED)
{
	enum { FINDINGS = 25010, MOST = 25000 };
	struct report_style style = { 0 };
	struct report r;
	struct arena a;
	struct value doc;
	const struct value *run, *notes;
	OWNED_BUF b = BUF_INIT;

	arena_init(&a, 0);
	sample_report(SAMPLE_RICH, &r);
	struct finding *many = ARENA_ARRAY(&a, FINDINGS, struct finding);
	assert_non_null(many);
	for (size_t i = 0; i < FINDINGS; i++)
		many[i] = r.findings.items[i % r.findings.count];
	r.findings = (struct finding_list){ many, FINDINGS, FINDINGS };
	assert_int_equal(report_render(&r, REPORT_SARIF, &style, &b, NULL), 0);
	assert_int_equal(json_parse(buf_str(&b), &a, &doc, NULL), 0);
	run = value_at(value_get(&doc, "runs"), 0);
	assert_int_equal(value_get(run, "results")->count, MOST);
	notes = value_get(value_at(value_get(run, "invocations"), 0), "toolExecutionNotifications");
	str told = value_str(value_path(value_at(notes, 0), "message.text"));
	/* The sample's ignored finding did not fit either. */
	assert_true(str_starts(told, S("11 findings")));
	arena_done(&a);
}

static void formats_have_names(void **state UNUSED)
{
	enum report_format f;

	assert_int_equal(report_format_find(S("sarif"), &f), 0);
	assert_int_equal(f, REPORT_SARIF);
	assert_int_equal(report_format_find(S("spdx"), &f), 0);
	assert_int_equal(f, REPORT_SPDX_JSON);
	assert_int_equal(report_format_find(S("html"), &f), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_as_blessed),
		cmocka_unit_test(machine_formats_are_as_blessed),
		cmocka_unit_test(lines_never_pass_the_terminal_edge),
		cmocka_unit_test(nothing_from_the_image_acts_on_the_terminal),
		cmocka_unit_test(machine_formats_parse),
		cmocka_unit_test(bounded_output_says_so),
		cmocka_unit_test(no_bound_makes_a_cut_document),
		cmocka_unit_test(sarif_stays_within_what_code_scanning_takes),
		cmocka_unit_test(formats_have_names),
	};

	return cmocka_run_group_tests_name("report_render", tests, NULL, NULL);
}

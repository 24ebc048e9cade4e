/* Writes the hand-made report in a format: report_sample SAMPLE FORMAT [LANG [WIDTH [OPTIONS]]], for trying and for
 * tests that validate documents from outside. Options: c colour, s show ignored findings, p packages only. */
#include "sample_report.h"

#include <stdio.h>

#include "base/file.h"
#include "scan/report/report_render.h"

static int find_sample(const char *name, enum sample *ret)
{
	static const char *const names[] = {
#define SAMPLE_NAME(id, name) [SAMPLE_##id] = name,
		SAMPLES(SAMPLE_NAME)
#undef SAMPLE_NAME
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0) {
			*ret = (enum sample)i;
			return 0;
		}
	return -ENOENT;
}

int main(int argc, char **argv)
{
	struct report_style style = { 0 };
	enum report_format format;
	enum sample which;
	struct report r;
	struct err e = { 0 };
	OWNED_BUF b = BUF_INIT;

	if (argc < 3 || find_sample(argv[1], &which) < 0 ||
	    report_format_find(str_from(argv[2]), &format) < 0 ||
	    (argc > 3 && lang_find(str_from(argv[3]), &style.lang) < 0) ||
	    (argc > 4 && str_u32(str_from(argv[4]), &style.width) < 0)) {
		fprintf(stderr,
			"usage: report_sample rich|clean|bare FORMAT [en|zh [WIDTH [csp]]]\n");
		return 2;
	}
	if (argc > 5) {
		style.color = strchr(argv[5], 'c') != NULL;
		style.show_suppressed = strchr(argv[5], 's') != NULL;
		style.packages_only = strchr(argv[5], 'p') != NULL;
	}
	sample_report(which, &r);
	if (report_render(&r, format, &style, &b, &e) < 0 ||
	    file_write_all(1, buf_str(&b), &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 3;
	}
	return 0;
}

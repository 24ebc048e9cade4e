#include "scan/report/report_render.h"

#include "scan/report/report_priv.h"

static int (*const renderers[REPORT_FORMAT_COUNT])(struct view *v) = {
	[REPORT_TABLE] = report_table_render,    [REPORT_JSON] = report_json_render,
	[REPORT_SARIF] = report_sarif_render,    [REPORT_CYCLONEDX] = report_cyclonedx_render,
	[REPORT_SPDX_JSON] = report_spdx_render,
};

const char *report_format_name(enum report_format f)
{
	static const char *const names[] = {
#define REPORT_NAME(id, name, media, en, zh) [REPORT_##id] = (name),
		REPORT_FORMATS(REPORT_NAME)
#undef REPORT_NAME
	};

	return names[f];
}

int report_format_find(str name, enum report_format *ret)
{
	static const struct {
		const char *name;
		enum report_format format;
	} also[] = {
		{ "spdx", REPORT_SPDX_JSON },
		{ "cyclonedx-json", REPORT_CYCLONEDX },
	};

	for (size_t i = 0; i < REPORT_FORMAT_COUNT; i++)
		if (str_is(name, report_format_name((enum report_format)i))) {
			*ret = (enum report_format)i;
			return 0;
		}
	for (size_t i = 0; i < ARRAY_LEN(also); i++)
		if (str_is(name, also[i].name)) {
			*ret = also[i].format;
			return 0;
		}
	return -ENOENT;
}

int report_render(const struct report *r, enum report_format format,
		  const struct report_style *style, struct buf *out, struct err *e)
{
	struct arena a;
	struct view v = { .r = r, .style = style, .a = &a, .out = out };
	int result;

	arena_init(&a, 0);
	result = tally_count(r, &v.tally);
	if (result == 0)
		result = renderers[format](&v);
	if (result == 0)
		result = buf_error(out);
	arena_done(&a);
	if (result == -E2BIG)
		return err_set(e, E2BIG, "the %s report grew over %zu bytes",
			       report_format_name(format), out->max);
	if (result < 0)
		return err_sys(e, -result, "could not write the %s report",
			       report_format_name(format));
	return 0;
}

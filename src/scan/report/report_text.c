#include <stdio.h>

#include "base/text.h"
#include "scan/report/grid.h"
#include "scan/report/report_priv.h"

void report_paragraph(const struct report_style *style, struct buf *out, str label, str text,
		      unsigned int indent)
{
	unsigned int used = text_width(label);
	unsigned int width = style->width ? MAX(style->width, indent + 12) : 0;

	grid_ink(out, label, INK_BOLD, style->color);
	while (text.n) {
		if (width && used >= width) {
			buf_byte(out, '\n');
			text_pad(out, 0, indent);
			used = indent;
		}
		buf_add(out, text_wrap(&text, width ? width - used : 0));
		used = width;
	}
	buf_byte(out, '\n');
}

str report_keep(struct arena *a, const struct buf *b)
{
	return arena_str(a, buf_str(b));
}

str report_escape(struct arena *a, str s)
{
	OWNED_BUF b = BUF_INIT;

	text_escape(s, &b);
	return report_keep(a, &b);
}

const struct inventory_layer *report_layer(const struct report *r, const struct package *p)
{
	return p->layer < r->inventory->layer_count ? &r->inventory->layers[p->layer] : NULL;
}

void report_epss(struct buf *out, enum lang lang, const struct vulnerability *v)
{
	char percent[32], rank[32];
	unsigned int n = (unsigned int)(v->epss_percentile * 100);
	const char *suffix = n % 10 == 1 && n != 11   ? "st"
			     : n % 10 == 2 && n != 12 ? "nd"
			     : n % 10 == 3 && n != 13 ? "rd"
						      : "th";

	if (v->epss < 0)
		return;
	snprintf(percent, sizeof(percent), "%.*f", v->epss < 0.001F ? 2 : 1, (double)v->epss * 100);
	snprintf(rank, sizeof(rank), "%u%s", n, lang == LANG_EN ? suffix : "");
	words_add(out, lang, WORD_PERCENTILE, str_from(percent), str_from(rank));
}

str report_target(const struct report *r)
{
	const struct inventory *v = r->inventory;

	if (v->name.n)
		return v->name;
	return v->repo_tag_count ? v->repo_tags[0] : v->image_id.n ? v->image_id : S("-");
}

str report_vulnerability_url(struct arena *a, str id)
{
	if (str_starts(id, S("CVE-")))
		return arena_printf(a, "https://nvd.nist.gov/vuln/detail/%.*s", STR_ARG(id));
	if (str_starts(id, S("GHSA-")))
		return arena_printf(a, "https://github.com/advisories/%.*s", STR_ARG(id));
	return (str){ 0 };
}

void report_uri_path(struct buf *out, str path)
{
	static const char plain[] = "-._~!$&'()*+,;=@/";

	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c && strchr(plain, c)))
			buf_byte(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

#include "base/text.h"
#include "scan/report/grid.h"
#include "scan/report/report_priv.h"

static void severity_counts(struct view *v, struct buf *b)
{
	enum lang lang = v->style->lang;
	bool first = true;

	for (int s = SEVERITY_COUNT - 1; s >= 0; s--) {
		struct words_number n;

		if (!v->tally.by_severity[s])
			continue;
		if (!first)
			words_add(b, lang, WORD_LIST_COMMA);
		words_add(b, lang, WORD_SUMMARY_SEVERITY, words_number(v->tally.by_severity[s], &n),
			  str_from(words_severity(lang, (enum severity)s)));
		first = false;
	}
}

static void add_count(struct view *v, struct buf *b, enum word w, uint64_t count)
{
	struct words_number n;

	words_add(b, v->style->lang, WORD_COMMA);
	words_add(b, v->style->lang, w, words_number(count, &n));
}

static void summary_text(struct view *v, struct buf *b)
{
	const struct tally *t = &v->tally;
	enum lang lang = v->style->lang;
	struct words_number n, m;
	OWNED_BUF severities = BUF_INIT;

	if (v->style->packages_only || !v->r->database.path.n) {
		words_add(b, lang, WORD_SUMMARY_NOT_LOOKED,
			  words_number(v->r->inventory->packages.count, &n));
		return;
	}
	if (v->r->unjudged) {
		words_add(b, lang, WORD_SUMMARY_UNJUDGED, words_number(v->r->unjudged, &n),
			  words_number(v->r->inventory->packages.count, &m));
		/* "No known vulnerabilities" is for what was looked at. */
		if (!t->findings)
			return;
		words_add(b, lang, WORD_COMMA);
	}
	if (!t->findings) {
		words_add(b, lang, WORD_SUMMARY_CLEAN);
		add_count(v, b, WORD_READ_PACKAGES, v->r->inventory->packages.count);
		return;
	}
	severity_counts(v, &severities);
	words_add(b, lang, WORD_SUMMARY_FINDINGS, words_number(t->findings, &n),
		  buf_str(&severities));
	if (t->kev)
		add_count(v, b, WORD_SUMMARY_KEV, t->kev);
	add_count(v, b, WORD_SUMMARY_FIXABLE, t->fixable);
	words_add(b, lang, WORD_COMMA);
	words_add(b, lang, WORD_SUMMARY_IN, words_number(t->packages, &n),
		  words_number(v->r->inventory->packages.count, &m));
}

static void summary(struct view *v)
{
	OWNED_BUF label = BUF_INIT;
	OWNED_BUF text = BUF_INIT;

	text_escape(report_target(v->r), &label);
	words_add(&label, v->style->lang, WORD_COLON);
	summary_text(v, &text);
	report_paragraph(v->style, v->out, buf_str(&label), buf_str(&text), 2);
}

static void end_of_life(struct view *v, struct buf *b)
{
	enum lang lang = v->style->lang;
	const struct report *r = v->r;

	if (!r->end_of_life.n && !r->is_end_of_life)
		return;
	words_add(b, lang, WORD_COMMA);
	words_add(b, lang,
		  !r->is_end_of_life ? WORD_EOL_FUTURE
		  : r->end_of_life.n ? WORD_EOL_PAST
				     : WORD_EOL_PAST_UNDATED,
		  report_escape(v->a, r->end_of_life));
}

static void os_line(struct view *v)
{
	const struct os *os = &v->r->inventory->os;
	enum lang lang = v->style->lang;
	OWNED_BUF name = BUF_INIT;
	OWNED_BUF text = BUF_INIT;

	if (!os->id.n && !os->pretty_name.n) {
		words_add(&text, lang, WORD_OS_NONE);
	} else {
		text_escape(os->pretty_name.n ? os->pretty_name : os->id, &name);
		if (os->version_id.n &&
		    str_search(os->pretty_name, os->version_id) == os->pretty_name.n) {
			buf_add(&name, S(" ("));
			text_escape(os->version_id, &name);
			buf_byte(&name, ')');
		}
		if (v->r->inventory->architecture.n) {
			buf_add(&name, S(", "));
			text_escape(v->r->inventory->architecture, &name);
		}
		words_add(&text, lang, WORD_OS_LINE, buf_str(&name));
		end_of_life(v, &text);
	}
	report_paragraph(v->style, v->out, (str){ 0 }, buf_str(&text), 2);
}

static void suppressed(struct view *v)
{
	enum lang lang = v->style->lang;

	if (!v->style->show_suppressed || !v->r->ignored.count)
		return;
	buf_byte(v->out, '\n');
	report_paragraph(v->style, v->out, str_from(words_template(lang, WORD_SUPPRESSED)),
			 (str){ 0 }, 0);
	for (size_t i = 0; i < v->r->ignored.count; i++) {
		const struct finding *f = &v->r->ignored.items[i];
		const struct package *p = &v->r->inventory->packages.items[f->package];
		OWNED_BUF b = BUF_INIT;

		buf_add(&b, S("  "));
		words_add(&b, lang, WORD_SUPPRESSED_ROW, report_escape(v->a, f->vuln->id),
			  report_escape(v->a, p->name), report_escape(v->a, p->version),
			  report_escape(v->a, f->ignored_by));
		if (f->ignore_reason.n) {
			words_add(&b, lang, WORD_COLON);
			text_escape(f->ignore_reason, &b);
		}
		report_paragraph(v->style, v->out, (str){ 0 }, buf_str(&b), 4);
	}
}

int report_table_render(struct view *v)
{
	summary(v);
	os_line(v);
	if (v->r->findings.count && !v->style->packages_only) {
		buf_byte(v->out, '\n');
		int r = report_rows_render(v);
		if (r < 0)
			return r;
	}
	suppressed(v);
	buf_byte(v->out, '\n');
	report_coverage_render(v);
	return 0;
}

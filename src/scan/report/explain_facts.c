#include <stdio.h>

#include "base/text.h"
#include "scan/report/explain_priv.h"

#define LABEL_COLUMNS 14

void explain_line(struct explain *x, enum word label, str text)
{
	const char *word = label == x->last_label ? "" : words_template(x->style->lang, label);
	OWNED_BUF b = BUF_INIT;

	text = str_trim(text);
	if (!text.n)
		return;
	x->last_label = label;
	buf_add(&b, S("  "));
	buf_add(&b, str_from(word));
	text_pad(&b, text_width(str_from(word)), LABEL_COLUMNS);
	buf_byte(&b, ' ');
	report_paragraph(x->style, x->out, buf_str(&b), text, LABEL_COLUMNS + 3);
}

str explain_words(struct explain *x, enum word w, str a, str b, str c, str d)
{
	const str args[WORDS_MAX_ARGS] = { a, b, c, d };
	OWNED_BUF out = BUF_INIT;

	words_add_args(&out, x->style->lang, w, args);
	return report_keep(x->a, &out);
}

static void add_part(struct explain *x, struct buf *b, enum word separator, str part)
{
	if (b->n && part.n)
		words_add(b, x->style->lang, separator);
	buf_add(b, part);
}

/* Space-separated words from the database, escaped, with commas between them. */
static str listed(struct explain *x, str words)
{
	OWNED_BUF b = BUF_INIT;

	while (words.n) {
		str word = str_cut(&words, ' ');

		if (word.n)
			add_part(x, &b, WORD_LIST_COMMA, report_escape(x->a, word));
	}
	return report_keep(x->a, &b);
}

static str ratings(struct explain *x, const struct vulnerability *v)
{
	OWNED_BUF b = BUF_INIT;

	for (size_t i = 0; i < v->cvss_count; i++) {
		const struct cvss_score *c = &v->cvss[i];
		str score = c->score >= 0 ? arena_printf(x->a, "%.1f", (double)c->score) : S("?");
		str who = arena_printf(x->a, "%.*s%s%.*s", STR_ARG(report_escape(x->a, c->source)),
				       c->source.n && c->vector.n ? " " : "",
				       STR_ARG(report_escape(x->a, c->vector)));

		add_part(x, &b, WORD_COMMA,
			 explain_words(x, WORD_SEVERITY_SCORE, score, who, (str){ 0 }, (str){ 0 }));
	}
	return report_keep(x->a, &b);
}

static str seen_in(struct explain *x, uint32_t set)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = {
#define FACT_FLAG(bit, id, name) { EXPLOIT_##id, name },
		EXPLOIT_FLAGS(FACT_FLAG)
#undef FACT_FLAG
	};
	OWNED_BUF b = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (set & flags[i].flag)
			add_part(x, &b, WORD_LIST_COMMA, str_from(flags[i].name));
	return report_keep(x->a, &b);
}

static void exploitation(struct explain *x, const struct vulnerability *v)
{
	const str none = { 0 };
	enum maturity m = maturity_of(v->exploit_flags);
	struct words_number n;
	OWNED_BUF b = BUF_INIT;
	OWNED_BUF epss = BUF_INIT;

	if (v->exploit_flags & EXPLOIT_KEV)
		add_part(x, &b, WORD_COMMA,
			 explain_words(x,
				       v->kev_added.n ? WORD_EXPLOIT_KEV : WORD_EXPLOIT_KEV_UNDATED,
				       report_escape(x->a, v->kev_added), none, none, none));
	add_part(x, &b, WORD_COMMA,
		 explain_words(x, WORD_EXPLOIT_MATURITY,
			       str_from(words_maturity(x->style->lang, m)), none, none, none));
	if (v->exploit_flags)
		add_part(x, &b, WORD_COMMA,
			 explain_words(x, WORD_EXPLOIT_BY, seen_in(x, v->exploit_flags), none, none,
				       none));
	if (v->poc_count)
		add_part(x, &b, WORD_COMMA,
			 explain_words(x, WORD_EXPLOIT_POCS, words_number(v->poc_count, &n), none,
				       none, none));
	explain_line(x, WORD_EXPLAIN_EXPLOIT, buf_str(&b));
	report_epss(&epss, x->style->lang, v);
	if (epss.n)
		explain_line(x, WORD_EXPLAIN_EXPLOIT,
			     explain_words(x, WORD_EXPLOIT_EPSS, buf_str(&epss), none, none, none));
}

void explain_facts(struct explain *x, const struct vulnerability *v, bool all)
{
	str references = v->references;

	explain_line(x, WORD_EXPLAIN_WHAT, report_escape(x->a, v->title));
	if (all) {
		if (!str_eq(v->title, v->description))
			explain_line(x, WORD_EXPLAIN_WHAT, report_escape(x->a, v->description));
		explain_line(x, WORD_EXPLAIN_ALIASES, listed(x, v->aliases));
		explain_line(x, WORD_EXPLAIN_WEAKNESS, listed(x, v->cwes));
		explain_line(x, WORD_EXPLAIN_DATES,
			     report_escape(x->a, str_take(v->published, 10)));
		explain_line(x, WORD_EXPLAIN_SEVERITY,
			     str_from(words_severity(x->style->lang, v->severity)));
	}
	explain_line(x, WORD_EXPLAIN_SEVERITY, ratings(x, v));
	exploitation(x, v);
	while (all && references.n)
		explain_line(x, WORD_EXPLAIN_REFERENCES,
			     report_escape(x->a, str_cut(&references, ' ')));
}

#include <stdio.h>

#include "base/text.h"
#include "scan/report/explain_priv.h"
#include "scan/vuln/risk.h"

static const str none = { 0 };

static str escaped(struct explain *x, str s)
{
	return report_escape(x->a, s);
}

static void verdict(struct explain *x, const struct finding *f)
{
	str bound = f->fixed.n ? f->fixed : f->last_affected;
	enum word w = f->fixed.n           ? WORD_AFFECTED_BELOW
		      : f->last_affected.n ? WORD_AFFECTED_UP_TO
					   : WORD_AFFECTED_ALL;
	OWNED_BUF b = BUF_INIT;

	words_add(&b, x->style->lang, w, escaped(x, f->compared_version), escaped(x, bound),
		  escaped(x, f->scheme));
	if (f->introduced.n && !str_is(f->introduced, "0"))
		words_add(&b, x->style->lang, WORD_AFFECTED_FROM, escaped(x, f->introduced));
	if (f->epoch_ignored)
		words_add(&b, x->style->lang, WORD_EPOCH_IGNORED);
	explain_line(x, WORD_EXPLAIN_VERDICT, buf_str(&b));
}

static void record(struct explain *x, const struct finding *f, const struct package *p)
{
	bool source = f->compared_name.n && !str_eq(f->compared_name, p->name);

	explain_line(x, WORD_EXPLAIN_RECORD,
		     explain_words(x, f->advisory.n ? WORD_RECORD_TEXT : WORD_RECORD_NAMELESS,
				   escaped(x, f->advisory), escaped(x, f->namespace),
				   escaped(x, f->origin), none));
	explain_line(x, WORD_EXPLAIN_LOOKED_UP,
		     explain_words(x, source ? WORD_LOOKED_UP_SOURCE : WORD_LOOKED_UP_BINARY,
				   escaped(x, f->compared_name), escaped(x, p->name), none, none));
}

static void product(struct explain *x, const struct finding *f)
{
	if (!f->product.n)
		return;
	explain_line(x, WORD_EXPLAIN_PRODUCT, escaped(x, f->product));
	explain_line(x, WORD_EXPLAIN_PRODUCT,
		     explain_words(
			     x, f->repository.n ? WORD_PRODUCT_OF_REPOSITORY : WORD_PRODUCT_ASSUMED,
			     escaped(x, f->repository), none, none, none));
}

static void place(struct explain *x, const struct package *p)
{
	const struct inventory_layer *l = report_layer(x->r, p);

	if (p->db_path.n)
		explain_line(x, WORD_EXPLAIN_FOUND,
			     p->line ? explain_words(x, WORD_FOUND_LINE, escaped(x, p->db_path),
						     arena_printf(x->a, "%u", p->line), none, none)
				     : escaped(x, p->db_path));
	if (l && (l->digest.n || l->diff_id.n || l->created_by.n))
		explain_line(x, WORD_EXPLAIN_LAYER,
			     explain_words(x,
					   l->created_by.n ? WORD_LAYER_TEXT : WORD_LAYER_TEXT_BARE,
					   arena_printf(x->a, "%u", p->layer + 1),
					   escaped(x, l->digest.n ? l->digest : l->diff_id),
					   escaped(x, l->created_by), none));
}

static void severity(struct explain *x, const struct finding *f)
{
	explain_line(x, WORD_EXPLAIN_SEVERITY,
		     explain_words(x, f->severity_source.n ? WORD_SEVERITY_BY : WORD_SEVERITY_PLAIN,
				   str_from(words_severity(x->style->lang, f->severity)),
				   escaped(x, f->severity_source), none, none));
}

static str number(struct explain *x, float n, int decimals)
{
	return arena_printf(x->a, "%.*f", decimals, (double)n);
}

static str why_threat(struct explain *x, const struct vulnerability *v, float threat)
{
	enum maturity m = maturity_of(v->exploit_flags);

	if (v->exploit_flags & EXPLOIT_KEV)
		return explain_words(x, WORD_THREAT_KEV, none, none, none, none);
	if (v->epss >= threat)
		return explain_words(x, WORD_THREAT_EPSS, number(x, threat, 3), none, none, none);
	return explain_words(x, WORD_THREAT_FLOOR, number(x, threat, 3),
			     str_from(words_maturity(x->style->lang, m)), none, none);
}

static void risk(struct explain *x, const struct finding *f)
{
	struct risk r = risk_of(f->vuln, f->severity, f->cvss_score);
	str word = str_from(words_severity(x->style->lang, f->severity));

	explain_line(x, WORD_EXPLAIN_RISK,
		     explain_words(x, WORD_RISK_TEXT, number(x, f->risk, 1), number(x, r.threat, 3),
				   number(x, r.impact, 3), number(x, r.modifier, 2)));
	explain_line(x, WORD_EXPLAIN_RISK, why_threat(x, f->vuln, r.threat));
	explain_line(x, WORD_EXPLAIN_RISK,
		     f->cvss_score >= 0
			     ? explain_words(x, WORD_IMPACT_SCORE, number(x, r.impact, 3), word,
					     number(x, f->cvss_score, 1), none)
			     : explain_words(x, WORD_IMPACT_TEXT, number(x, r.impact, 3), word,
					     none, none));
}

static void fix(struct explain *x, const struct finding *f)
{
	explain_line(x, WORD_EXPLAIN_FIX,
		     f->fixed_version.n
			     ? explain_words(x, WORD_FIX_UPGRADE, escaped(x, f->compared_name),
					     escaped(x, f->fixed_version), none, none)
			     : str_from(words_fix_state(x->style->lang, f->state)));
	if (f->ignored_by.n)
		explain_line(x, WORD_EXPLAIN_IGNORED,
			     arena_printf(x->a, "%.*s %.*s", STR_ARG(escaped(x, f->ignored_by)),
					  STR_ARG(escaped(x, f->ignore_reason))));
}

void explain_finding(struct explain *x, const struct finding *f)
{
	const struct package *p = &x->r->inventory->packages.items[f->package];

	grid_ink(x->out,
		 explain_words(x, WORD_EXPLAIN_HEAD, escaped(x, f->vuln->id), escaped(x, p->name),
			       escaped(x, p->version), none),
		 INK_BOLD, x->style->color);
	buf_byte(x->out, '\n');
	x->last_label = WORD_COUNT;
	verdict(x, f);
	record(x, f, p);
	product(x, f);
	place(x, p);
	severity(x, f);
	explain_facts(x, f->vuln, false);
	risk(x, f);
	fix(x, f);
}

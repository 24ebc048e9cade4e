#include "scan/report/gate.h"

#include "base/text.h"

static int bad_gate(struct err *e, str word)
{
	OWNED_BUF b = BUF_INIT;

	text_escape(str_take(word, 64), &b);
	return err_set(e, EINVAL,
		       "--fail-on: '%s' is not understood; use none, or a list of critical, high, "
		       "medium, low, negligible, kev, risk>=N (0 to 100)",
		       buf_cstr(&b));
}

static int bad_severity(struct err *e, str word)
{
	OWNED_BUF b = BUF_INIT;

	text_escape(str_take(word, 64), &b);
	return err_set(e, EINVAL,
		       "--severity: '%s' is not understood; use a list of critical, high, medium, "
		       "low, negligible, unknown",
		       buf_cstr(&b));
}

static int parse_risk(str number, float *ret)
{
	str rest = number;
	str whole = str_cut(&rest, '.');
	uint32_t n = 0, tenths = 0;

	if (str_u32(whole, &n) < 0 || rest.n > 1 || (rest.n && str_u32(rest, &tenths) < 0) ||
	    n > 100 || (n == 100 && tenths))
		return -EINVAL;
	*ret = (float)n + (float)tenths / 10;
	return 0;
}

static bool severity_word(str word, enum severity *ret)
{
	*ret = severity_find(word);
	return *ret != SEVERITY_UNKNOWN || str_eq_nocase(word, S("unknown"));
}

int gate_parse(str text, struct gate *ret, struct err *e)
{
	struct gate g = gate_open();

	if (str_is(str_trim(text), "none")) {
		*ret = g;
		return 0;
	}
	do {
		str word = str_trim(str_cut(&text, ','));
		enum severity s;

		if (str_eq_nocase(word, S("kev"))) {
			g.kev = true;
		} else if (str_starts(word, S("risk>="))) {
			if (parse_risk(str_skip(word, 6), &g.risk) < 0)
				return bad_gate(e, word);
		} else if (!str_eq_nocase(word, S("none")) && severity_word(word, &s) &&
			   s != SEVERITY_UNKNOWN) {
			g.severity = g.severity == SEVERITY_UNKNOWN ? s : MIN(g.severity, s);
		} else {
			return bad_gate(e, word);
		}
	} while (text.n);
	*ret = g;
	return 0;
}

size_t gate_failures(const struct gate *g, const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->findings.count; i++) {
		const struct finding *f = &r->findings.items[i];

		n += (g->severity != SEVERITY_UNKNOWN && f->severity >= g->severity) ||
		     (g->kev && f->vuln->exploit_flags & EXPLOIT_KEV) ||
		     (g->risk >= 0 && f->risk >= g->risk);
	}
	return n;
}

int gate_severities_parse(str text, uint32_t *ret, struct err *e)
{
	uint32_t bits = 0;

	do {
		str word = str_trim(str_cut(&text, ','));
		enum severity s;

		if (!severity_word(word, &s))
			return bad_severity(e, word);
		bits |= 1u << s;
	} while (text.n);
	*ret = bits;
	return 0;
}

static size_t keep_shown(const struct gate_filter *f, struct finding_list *l)
{
	size_t kept = 0, before = l->count;

	for (size_t i = 0; i < l->count; i++) {
		const struct finding *item = &l->items[i];

		if (f->severities && !(f->severities & 1u << item->severity))
			continue;
		if (f->fixed_only && !item->fixed_version.n)
			continue;
		l->items[kept++] = *item;
	}
	l->count = kept;
	return before - kept;
}

void gate_filter_apply(const struct gate_filter *f, struct report *r)
{
	r->filtered += keep_shown(f, &r->findings);
	r->filtered += keep_shown(f, &r->ignored);
}

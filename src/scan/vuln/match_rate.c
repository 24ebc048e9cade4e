#include "scan/vuln/match_priv.h"
#include "scan/vuln/risk.h"

/* 4 for CVSS 4.0, 3 for 3.x, 2 for the bare vectors of version 2. */
static int generation(str vector)
{
	return str_starts(vector, S("CVSS:4")) ? 4 : str_starts(vector, S("CVSS:3")) ? 3 : 2;
}

/* The newest generation's score of a source; of any source when it is empty. NULL when there is none. */
static const struct cvss_score *score_of(const struct vulnerability *v, str source, bool prefix)
{
	const struct cvss_score *best = NULL;

	for (size_t i = 0; i < v->cvss_count; i++) {
		const struct cvss_score *s = &v->cvss[i];
		bool wanted = source.n == 0 || str_eq(s->source, source) ||
			      (prefix && s->source.n && str_starts(source, s->source));

		if (s->score >= 0 && wanted &&
		    (!best || generation(s->vector) > generation(best->vector)))
			best = s;
	}
	return best;
}

void match_rate(struct finding *f, enum severity vendor)
{
	const struct vulnerability *v = f->vuln;
	const struct cvss_score *s = score_of(v, f->origin, true);

	if (!s)
		s = score_of(v, S("nvd"), false);
	if (!s)
		s = score_of(v, (str){ 0 }, false);
	f->cvss_score = s ? s->score : -1;
	f->severity = vendor;
	f->severity_source = f->origin;
	if (f->severity == SEVERITY_UNKNOWN && s) {
		f->severity = severity_of_score(s->score);
		f->severity_source = s->source;
	}
	if (f->severity == SEVERITY_UNKNOWN) {
		f->severity = v->severity;
		f->severity_source = v->severity == SEVERITY_UNKNOWN ? (str){ 0 } : S("advisory");
	}
	f->risk = risk_of(v, f->severity, f->cvss_score).value;
}

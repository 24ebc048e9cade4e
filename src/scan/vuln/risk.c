#include "scan/vuln/risk.h"

static float threat_of(const struct vulnerability *v)
{
	static const float floors[] = {
		[MATURITY_NONE] = 0.01f,
		[MATURITY_POC] = 0.05f,
		[MATURITY_EXPLOIT] = 0.20f,
		[MATURITY_WEAPONISED] = 0.60f,
	};
	float floor = floors[maturity_of(v->exploit_flags)];

	if (v->exploit_flags & EXPLOIT_KEV)
		return 1;
	return MIN(1.0f, MAX(v->epss, floor));
}

static float impact_of(enum severity severity, float cvss_score)
{
	static const float weights[] = {
		[SEVERITY_NEGLIGIBLE] = 0.5f, [SEVERITY_LOW] = 3,      [SEVERITY_MEDIUM] = 5,
		[SEVERITY_HIGH] = 7.5f,       [SEVERITY_CRITICAL] = 9,
	};

	if (severity == SEVERITY_UNKNOWN)
		return cvss_score < 0 ? 0.3f : cvss_score / 10;
	if (cvss_score < 0)
		return weights[severity] / 10;
	return (weights[severity] + cvss_score) / 20;
}

struct risk risk_of(const struct vulnerability *v, enum severity severity, float cvss_score)
{
	struct risk r = {
		.threat = threat_of(v),
		.impact = impact_of(severity, cvss_score),
		.modifier = v->exploit_flags & EXPLOIT_RANSOMWARE ? 1.1f
			    : v->exploit_flags & EXPLOIT_KEV      ? 1.05f
								  : 1,
	};

	r.value = 100 * MIN(1.0f, r.threat * r.impact * r.modifier);
	return r;
}

/* The base equations of v2 and v3 and the MacroVector interpolation of v4; numbers as the specifications print them. */
#include <math.h>

#include "codec/cvss_priv.h"

#define AT2(name, values) CVSS2_##name,
#define AT3(name, values) CVSS3_##name,
#define AT4(name, values) CVSS4_##name,
enum { CVSS2_BASE(AT2) };
enum { CVSS3_BASE(AT3) };
enum { CVSS4_BASE(AT4) };

unsigned int cvss2_score(const unsigned int value[CVSS_BASE_MAX])
{
	static const double vector[] = { 0.395, 0.646, 1.0 };
	static const double complexity[] = { 0.35, 0.61, 0.71 };
	static const double authentication[] = { 0.45, 0.56, 0.704 };
	static const double effect[] = { 0.0, 0.275, 0.660 };
	double impact = 10.41 * (1 - (1 - effect[value[CVSS2_C]]) * (1 - effect[value[CVSS2_I]]) *
					     (1 - effect[value[CVSS2_A]]));
	double exploitability = 20 * vector[value[CVSS2_AV]] * complexity[value[CVSS2_AC]] *
				authentication[value[CVSS2_Au]];

	if (impact <= 0)
		return 0;
	return (unsigned int)lround((0.6 * impact + 0.4 * exploitability - 1.5) * 1.176 * 10);
}

/* v3.1's Roundup, which says for v3.0 too what its "round up" leaves to the floating point. */
static unsigned int round_up(double score)
{
	long hundred_thousandths = lround(score * 100000);

	return (unsigned int)((hundred_thousandths + 9999) / 10000);
}

unsigned int cvss3_score(const unsigned int value[CVSS_BASE_MAX])
{
	static const double vector[] = { 0.85, 0.62, 0.55, 0.2 };
	static const double complexity[] = { 0.77, 0.44 };
	static const double privileges[][3] = { { 0.85, 0.62, 0.27 }, { 0.85, 0.68, 0.5 } };
	static const double interaction[] = { 0.85, 0.62 };
	static const double effect[] = { 0, 0.22, 0.56 };
	bool changed = value[CVSS3_S];
	double lost = 1 - (1 - effect[value[CVSS3_C]]) * (1 - effect[value[CVSS3_I]]) *
				  (1 - effect[value[CVSS3_A]]);
	double impact = changed ? 7.52 * (lost - 0.029) - 3.25 * pow(lost - 0.02, 15) : 6.42 * lost;
	double exploitability = 8.22 * vector[value[CVSS3_AV]] * complexity[value[CVSS3_AC]] *
				privileges[changed][value[CVSS3_PR]] * interaction[value[CVSS3_UI]];

	if (impact <= 0)
		return 0;
	return round_up(fmin((changed ? 1.08 : 1.0) * (impact + exploitability), 10));
}

/* EQ3 and EQ6 together, as only these pairs occur: a base score counts every security requirement as high. */
enum impact { BOTH_HIGH, BOTH_HIGH_LOW_NEED, SOME_HIGH, SOME_HIGH_LOW_NEED, NONE_HIGH, IMPACTS };

/* MacroVector scores times ten, EQ5 being 0 (attacked) and EQ4 1 or 2, which is all that base metrics reach. */
static const unsigned int macro_vectors[3][2][IMPACTS][2] = {
	{ { { 100, 93 }, { 96, 90 }, { 93, 88 }, { 92, 80 }, { 79, 69 } },
	  { { 95, 92 }, { 91, 81 }, { 92, 84 }, { 82, 70 }, { 71, 63 } } },
	{ { { 94, 87 }, { 89, 75 }, { 86, 72 }, { 76, 57 }, { 65, 53 } },
	  { { 90, 77 }, { 77, 66 }, { 74, 61 }, { 59, 52 }, { 58, 23 } } },
	{ { { 86, 70 }, { 74, 54 }, { 72, 53 }, { 57, 36 }, { 47, 24 } },
	  { { 73, 54 }, { 55, 43 }, { 61, 46 }, { 51, 18 }, { 24, 10 } } },
};

/* The mean over the equivalence classes that have a lower MacroVector. */
struct mean {
	double sum;
	unsigned int count;
};

static void add_class(struct mean *m, unsigned int score, unsigned int lower, unsigned int distance,
		      unsigned int depth)
{
	if (score < lower)
		return;
	m->sum += (double)(score - lower) * distance / depth;
	m->count++;
}

/* The highest vector of a level that is nowhere lower than ours is what the distance is taken from. */
static unsigned int distance_from(const unsigned int (*highest)[3], size_t count,
				  const unsigned int ours[3])
{
	for (size_t i = 0; i < count; i++)
		if (ours[0] >= highest[i][0] && ours[1] >= highest[i][1] &&
		    ours[2] >= highest[i][2])
			return ours[0] + ours[1] + ours[2] - highest[i][0] - highest[i][1] -
			       highest[i][2];
	return 0;
}

static unsigned int access_level(const unsigned int access[3])
{
	bool all = !access[0] && !access[1] && !access[2];
	bool some = !access[0] || !access[1] || !access[2];

	return all ? 0 : some && access[0] != 3 ? 1 : 2;
}

static unsigned int access_distance(unsigned int level, const unsigned int access[3])
{
	static const unsigned int highest[3][3][3] = {
		{ { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 } },
		{ { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },
		{ { 3, 0, 0 }, { 1, 1, 1 }, { 1, 1, 1 } },
	};

	return distance_from(highest[level], 3, access);
}

static enum impact impact_level(const unsigned int effect[3])
{
	if (!effect[0] && !effect[1])
		return BOTH_HIGH;
	return !effect[0] || !effect[1] || !effect[2] ? SOME_HIGH : NONE_HIGH;
}

static unsigned int impact_distance(enum impact level, const unsigned int effect[3])
{
	static const unsigned int some[2][3] = { { 1, 0, 0 }, { 0, 1, 0 } };
	unsigned int sum = effect[0] + effect[1] + effect[2];

	if (level == SOME_HIGH)
		return distance_from(some, 2, effect);
	return level == NONE_HIGH ? sum - 3 : sum;
}

unsigned int cvss4_score(const unsigned int value[CVSS_BASE_MAX])
{
	static const unsigned int access_depth[] = { 1, 4, 5 }, impact_depth[] = { 7, 6, 8, 8, 10 };
	const unsigned int access[3] = { value[CVSS4_AV], value[CVSS4_PR], value[CVSS4_UI] };
	unsigned int eq1 = access_level(access), eq2 = value[CVSS4_AC] || value[CVSS4_AT];
	enum impact eq36 = impact_level(&value[CVSS4_VC]);
	const unsigned int *after = &value[CVSS4_SC];
	unsigned int eq4 = after[0] && after[1] && after[2],
		     after_sum = after[0] + after[1] + after[2];
	const unsigned int(*pair)[2] = macro_vectors[eq1][eq2];
	unsigned int score = pair[eq36][eq4], lower;
	/* EQ5 has a lower MacroVector and no distance to it. */
	struct mean mean = { .count = 1 };

	if (value[CVSS4_VC] + value[CVSS4_VI] + value[CVSS4_VA] + after_sum == 12)
		return 0;
	if (eq1 < 2)
		add_class(&mean, score, macro_vectors[eq1 + 1][eq2][eq36][eq4],
			  access_distance(eq1, access), access_depth[eq1]);
	if (eq2 < 1)
		add_class(&mean, score, macro_vectors[eq1][eq2 + 1][eq36][eq4], 0, 1);
	if (eq36 != NONE_HIGH) {
		lower = pair[eq36 + 1][eq4];
		if (eq36 == BOTH_HIGH)
			lower = MAX(lower, pair[SOME_HIGH][eq4]);
		add_class(&mean, score, lower, impact_distance(eq36, &value[CVSS4_VC]),
			  impact_depth[eq36]);
	}
	if (eq4 < 1)
		add_class(&mean, score, pair[eq36][eq4 + 1], after_sum, 5);
	/* The reference calculator's epsilon: halves go up in spite of the floating point. */
	return (unsigned int)floor(score - mean.sum / mean.count + 0.5 + 1e-5);
}

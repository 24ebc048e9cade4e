#include "codec/cvss_priv.h"

struct metric {
	const char *name;
	const char *values; /* apart by blanks */
};

#define BASE_METRIC(name, values) { #name, values },

static const struct metric base2[] = { CVSS2_BASE(BASE_METRIC) };
static const struct metric base3[] = { CVSS3_BASE(BASE_METRIC) };
static const struct metric base4[] = { CVSS4_BASE(BASE_METRIC) };

static const struct metric more2[] = {
	{ "E", "ND U POC F H" },     { "RL", "ND OF TF W U" }, { "RC", "ND UC UR C" },
	{ "CDP", "ND N L LM MH H" }, { "TD", "ND N L M H" },   { "CR", "ND L M H" },
	{ "IR", "ND L M H" },        { "AR", "ND L M H" },
};

static const struct metric more3[] = {
	{ "E", "X U P F H" }, { "RL", "X O T W U" }, { "RC", "X U R C" },    { "CR", "X L M H" },
	{ "IR", "X L M H" },  { "AR", "X L M H" },   { "MAV", "X N A L P" }, { "MAC", "X L H" },
	{ "MPR", "X N L H" }, { "MUI", "X N R" },    { "MS", "X U C" },      { "MC", "X N L H" },
	{ "MI", "X N L H" },  { "MA", "X N L H" },
};

static const struct metric more4[] = {
	{ "E", "X A P U" },   { "CR", "X H M L" },    { "IR", "X H M L" },
	{ "AR", "X H M L" },  { "MAV", "X N A L P" }, { "MAC", "X L H" },
	{ "MAT", "X N P" },   { "MPR", "X N L H" },   { "MUI", "X N P A" },
	{ "MVC", "X H L N" }, { "MVI", "X H L N" },   { "MVA", "X H L N" },
	{ "MSC", "X H L N" }, { "MSI", "X S H L N" }, { "MSA", "X S H L N" },
	{ "S", "X N P" },     { "AU", "X N Y" },      { "R", "X A U I" },
	{ "V", "X D C" },     { "RE", "X L M H" },    { "U", "X Clear Green Amber Red" },
};

static const struct dialect {
	const char *name;
	const char *prefix;
	const struct metric *base;
	size_t base_count;
	const struct metric *more;
	size_t more_count;
	unsigned int (*score)(const unsigned int value[CVSS_BASE_MAX]);
} dialects[CVSS_VERSION_COUNT] = {
	[CVSS_2_0] = { "2.0", "", base2, ARRAY_LEN(base2), more2, ARRAY_LEN(more2), cvss2_score },
	[CVSS_3_0] = { "3.0", "CVSS:3.0/", base3, ARRAY_LEN(base3), more3, ARRAY_LEN(more3),
		       cvss3_score },
	[CVSS_3_1] = { "3.1", "CVSS:3.1/", base3, ARRAY_LEN(base3), more3, ARRAY_LEN(more3),
		       cvss3_score },
	[CVSS_4_0] = { "4.0", "CVSS:4.0/", base4, ARRAY_LEN(base4), more4, ARRAY_LEN(more4),
		       cvss4_score },
};

static_assert(ARRAY_LEN(base4) <= CVSS_BASE_MAX && ARRAY_LEN(more4) + ARRAY_LEN(base4) <= 32,
	      "metrics fit the arrays and a bit each");

/* @return the index of @p name, or -1 */
static int find_metric(const struct metric *metrics, size_t count, str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(name, metrics[i].name))
			return (int)i;
	return -1;
}

static int find_value(const struct metric *m, str value)
{
	str rest = str_from(m->values);

	for (int i = 0; rest.n; i++)
		if (str_eq(str_cut(&rest, ' '), value))
			return i;
	return -1;
}

/* One "NAME:VALUE"; sets its bit in *seen. */
static int take_metric(const struct dialect *d, str text, unsigned int value[CVSS_BASE_MAX],
		       uint32_t *seen, struct err *e)
{
	str rest = text;
	str name = str_cut(&rest, ':');
	int at = find_metric(d->base, d->base_count, name), found;
	bool is_base = at >= 0;
	uint32_t bit;

	if (!is_base)
		at = find_metric(d->more, d->more_count, name);
	if (at < 0)
		return err_set(e, EBADMSG, "CVSS %s vector: no metric '%.*s'", d->name,
			       STR_ARG(name));
	found = find_value(is_base ? &d->base[at] : &d->more[at], rest);
	if (found < 0)
		return err_set(e, EBADMSG, "CVSS %s vector: metric '%.*s' has no value '%.*s'",
			       d->name, STR_ARG(name), STR_ARG(rest));
	bit = (uint32_t)1 << (is_base ? (size_t)at : d->base_count + (size_t)at);
	if (*seen & bit)
		return err_set(e, EBADMSG, "CVSS %s vector: metric '%.*s' comes twice", d->name,
			       STR_ARG(name));
	*seen |= bit;
	if (is_base)
		value[at] = (unsigned int)found;
	return 0;
}

int cvss_parse(str vector, struct cvss *ret, struct err *e)
{
	enum cvss_version version = CVSS_4_0;
	unsigned int value[CVSS_BASE_MAX] = { 0 };
	const struct dialect *d;
	uint32_t seen = 0;
	str rest;

	while (!str_starts(vector, str_from(dialects[version].prefix)))
		version--;
	d = &dialects[version];
	rest = str_skip(vector, strlen(d->prefix));
	if (version == CVSS_2_0 && str_starts(rest, S("CVSS:"))) {
		str head = str_cut(&rest, '/');

		return err_set(e, EBADMSG, "CVSS vector: '%.*s' is none of CVSS:3.0, 3.1 and 4.0",
			       STR_ARG(head));
	}
	if (version == CVSS_2_0 && str_starts(rest, S("(")) && str_ends(rest, S(")")))
		rest = str_take(str_skip(rest, 1), rest.n - 2);

	if (!rest.n || str_ends(rest, S("/")))
		return err_set(e, EBADMSG, "CVSS %s vector: it ends without a metric", d->name);
	while (rest.n) {
		int r = take_metric(d, str_cut(&rest, '/'), value, &seen, e);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < d->base_count; i++)
		if (!(seen & (uint32_t)1 << i))
			return err_set(e, EBADMSG, "CVSS %s vector: metric '%s' is missing",
				       d->name, d->base[i].name);
	*ret = (struct cvss){ .version = version, .base_tenths = d->score(value) };
	return 0;
}

#include "scan/vuln/redhat_cpe.h"

static const str main_product = { "enterprise_linux", 16 };

static bool is_plain(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
			return false;
	return true;
}

bool redhat_cpe_parse(str cpe, struct redhat_cpe *ret)
{
	struct redhat_cpe c;

	if (!is_plain(cpe))
		return false;
	if (!str_starts(cpe, S("cpe:/")))
		return false;
	cpe = str_skip(cpe, strlen("cpe:/"));
	str_cut(&cpe, ':');
	if (!str_is(str_cut(&cpe, ':'), "redhat"))
		return false;
	c.product = str_cut(&cpe, ':');
	c.version = str_cut(&cpe, ':');
	str_cut(&cpe, ':');
	c.channel = str_cut(&cpe, ':');
	if (c.product.n == 0)
		return false;
	*ret = c;
	return true;
}

/* "9" of "9" and "9.2", not of "95". */
static bool is_head(str head, str version)
{
	return head.n == 0 ||
	       (str_starts(version, head) && (version.n == head.n || version.p[head.n] == '.'));
}

bool redhat_cpe_covers(const struct redhat_cpe *claim, const struct redhat_cpe *repository)
{
	if (!str_eq(claim->product, repository->product))
		return false;
	if (claim->channel.n && repository->channel.n &&
	    !str_eq(claim->channel, repository->channel))
		return false;
	return is_head(claim->version, repository->version) ||
	       (str_eq(claim->product, main_product) &&
		is_head(repository->version, claim->version));
}

bool redhat_cpe_is_stream(const struct redhat_cpe *c)
{
	static const char *const streams[] = { "rhel_eus", "rhel_aus", "rhel_e4s", "rhel_tus" };

	for (size_t i = 0; i < ARRAY_LEN(streams); i++)
		if (str_starts(c->product, str_from(streams[i])))
			return true;
	return false;
}

static str leading_number(str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return str_take(s, n);
}

str redhat_cpe_major(const struct redhat_cpe *c)
{
	/* Versions of these are versions of the system; rhel_software_collections and the like count their own. */
	static const char *const systems[] = { "rhel_els", "rhel_extras", "rhel_supplementary",
					       "rhel_optional", "rhel_mission_critical" };
	str of_channel = { 0 };

	if (str_starts(c->channel, S("el")))
		of_channel = leading_number(str_skip(c->channel, 2));
	if (of_channel.n)
		return of_channel;
	if (str_eq(c->product, main_product) || redhat_cpe_is_stream(c))
		return leading_number(c->version);
	for (size_t i = 0; i < ARRAY_LEN(systems); i++)
		if (str_starts(c->product, str_from(systems[i])))
			return leading_number(c->version);
	return (str){ 0 };
}

str redhat_cpe_namespace(str cpes, struct arena *a)
{
	while (cpes.n) {
		struct redhat_cpe c;
		str major;

		if (!redhat_cpe_parse(str_cut(&cpes, ' '), &c))
			continue;
		major = redhat_cpe_major(&c);
		if (major.n && major.n <= 2)
			return arena_printf(a, "rhel:%.*s", STR_ARG(major));
	}
	return (str){ 0 };
}

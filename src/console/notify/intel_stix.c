/* STIX 2.1 bundles (OASIS standard, 10 June 2021): indicators whose patterns say "any of". */
#include "base/time.h"
#include "codec/json.h"
#include "console/notify/intel.h"

enum { PATTERN_MAX = 64 << 10, TOKENS_MAX = 8192 };

/* A pattern's words: paths, operators, 'texts', brackets. */
struct pattern {
	str rest;
	str token;
	bool is_text; /* of a literal, quotes off, escapes in it */
	size_t tokens;
	bool bad;
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == ':' || c == '.';
}

static void take_text(struct pattern *p)
{
	size_t n = 1;

	while (n < p->rest.n && p->rest.p[n] != '\'')
		n += p->rest.p[n] == '\\' ? 2 : 1;
	if (n >= p->rest.n) {
		p->bad = true;
		return;
	}
	p->token = str_skip(str_take(p->rest, n), 1);
	p->is_text = true;
	p->rest = str_skip(p->rest, n + 1);
}

/* @return false at the end, and when the pattern is none */
static bool next(struct pattern *p)
{
	size_t n = 0;

	p->rest = str_trim(p->rest);
	p->is_text = false;
	if (!p->rest.n || p->bad)
		return false;
	if (++p->tokens > TOKENS_MAX) {
		p->bad = true;
		return false;
	}
	if (p->rest.p[0] == '\'') {
		take_text(p);
		return !p->bad;
	}
	while (n < p->rest.n && is_word(p->rest.p[n]))
		n++;
	/* file:hashes.'SHA-256' */
	if (n && n < p->rest.n && p->rest.p[n] == '\'' && p->rest.p[n - 1] == '.') {
		size_t end = str_find(str_skip(p->rest, n + 1), '\'');

		n += end + 2;
		if (n > p->rest.n) {
			p->bad = true;
			return false;
		}
	}
	n = n ? n : 1;
	p->token = str_take(p->rest, n);
	p->rest = str_skip(p->rest, n);
	return true;
}

/* Those that agents make; others (SHA3-256, SSDEEP) have digits, too, and would never be found. */
static bool is_hash(str path)
{
	static const char *const names[] = { "MD5",    "SHA-1",   "SHA1",  "SHA-256",
					     "SHA256", "SHA-512", "SHA512" };

	if (!str_starts(path, S("file:hashes.")))
		return false;
	path = str_skip(path, S("file:hashes.").n);
	if (path.n > 2 && path.p[0] == '\'')
		path = str_skip(str_take(path, path.n - 1), 1);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_is(path, names[i]))
			return true;
	return false;
}

static bool is_path_of(enum intel_kind k, str path)
{
	switch (k) {
	case INTEL_IP:
		return str_is(path, "ipv4-addr:value") || str_is(path, "ipv6-addr:value");
	case INTEL_DOMAIN:
		return str_is(path, "domain-name:value");
	default:
		return is_hash(path);
	}
}

static bool is_path_of_any(str path)
{
	for (unsigned int k = 0; k < INTEL_KIND_COUNT; k++)
		if (is_path_of((enum intel_kind)k, path))
			return true;
	return false;
}

struct indicator {
	struct intel_collect *c;
	size_t taken, others;
};

/* @return 1, 0 the value is not what its path says, -errno */
static int take_value(struct indicator *i, const struct pattern *p, str path, struct err *e)
{
	int r;

	if (!p->is_text || str_find(p->token, '\\') < p->token.n)
		return 0;
	if (!is_path_of(i->c->kind, path)) {
		i->others++;
		return 1;
	}
	r = intel_collect(i->c, p->token, e);
	i->taken += r > 0;
	return r;
}

/* path = 'x', path IN ('x', 'y'), path ISSUBSET 'net'. @return 1, 0 it is something else, -errno */
static int comparison(struct indicator *i, struct pattern *p, struct err *e)
{
	const str path = p->token;
	int r;

	if (p->is_text || !is_path_of_any(path) || !next(p))
		return 0;
	if (str_is(p->token, "=") || (str_is(p->token, "ISSUBSET") && is_path_of(INTEL_IP, path)))
		return next(p) ? take_value(i, p, path, e) : 0;
	if (!str_is(p->token, "IN") || !next(p) || !str_is(p->token, "("))
		return 0;
	do {
		r = next(p) ? take_value(i, p, path, e) : 0;
		if (r <= 0 || !next(p))
			return MIN(r, 0);
	} while (str_is(p->token, ","));
	return str_is(p->token, ")");
}

/* [ comparison OR ... ], after its bracket. */
static int observation(struct indicator *i, struct pattern *p, struct err *e)
{
	int r;

	do {
		r = next(p) ? comparison(i, p, e) : 0;
		if (r <= 0 || !next(p))
			return MIN(r, 0);
	} while (!p->is_text && str_is(p->token, "OR"));
	return !p->is_text && str_is(p->token, "]");
}

/* observation OR observation ... @return 1, 0 it says more than that, -errno */
static int pattern(struct indicator *i, str text, struct err *e)
{
	struct pattern p = { .rest = text };
	int r;

	if (text.n > PATTERN_MAX)
		return 0;
	do {
		r = next(&p) && !p.is_text && str_is(p.token, "[") ? observation(i, &p, e) : 0;
		if (r <= 0)
			return r;
	} while (next(&p) && !p.is_text && str_is(p.token, "OR"));
	return !p.bad && p.rest.n == 0 && !str_is(p.token, "OR") && p.tokens &&
	       str_is(p.token, "]");
}

static bool is_over(const struct value *v, int64_t now_s)
{
	str from = value_get_str(v, "valid_from"), until = value_get_str(v, "valid_until");
	int64_t t;

	if (value_is_true(value_get(v, "revoked")))
		return true;
	if (until.n && time_parse(until, &t) == 0 && t <= now_s)
		return true;
	return from.n && time_parse(from, &t) == 0 && t > now_s;
}

/* What was taken is valid until then at most. */
static void note_end(struct intel_read *figures, str until)
{
	int64_t t;

	if (until.n && time_parse(until, &t) == 0 && (!figures->ends_s || t < figures->ends_s))
		figures->ends_s = t;
}

static int take_indicator(struct intel_collect *c, const struct value *v, size_t no, int64_t now_s,
			  struct err *e)
{
	struct indicator i = { .c = c };
	const size_t before = c->count;
	str type = value_get_str(v, "pattern_type");
	int r = 0;

	if (is_over(v, now_s)) {
		c->figures.over++;
		return 0;
	}
	/* STIX 2.0 had one language of patterns and did not say so. */
	if (!type.n || str_is(type, "stix"))
		r = pattern(&i, value_get_str(v, "pattern"), e);
	if (r < 0)
		return r;
	if (r == 0) {
		/* Half a pattern says something else than the whole. */
		c->count = before;
		if (++c->figures.not_understood == 1)
			c->figures.first = no;
	} else {
		/* What is of another kind counts by itself, also beside what was taken. */
		c->figures.others += i.others;
		if (i.taken)
			note_end(&c->figures, value_get_str(v, "valid_until"));
	}
	return 0;
}

int intel_collect_stix(struct intel_collect *c, str text, int64_t now_s, struct err *e)
{
	const struct value *objects;
	struct value v = { 0 };
	str type;
	int r = json_parse(text, c->arena, &v, e);

	if (r < 0)
		return r;
	type = value_get_str(&v, "type");
	objects = value_get(&v, "objects");
	/* An envelope has no type, and no objects where there are none. */
	if (!str_is(type, "bundle") && (type.n || (v.count && !objects)))
		return err_set(e, EBADMSG,
			       "this is no STIX bundle: \"type\": \"bundle\" is missing");
	VALUE_EACH (item, objects) {
		if (!str_is(value_get_str(item, "type"), "indicator"))
			continue;
		r = take_indicator(c, item, ++c->read, now_s, e);
		if (r < 0)
			return r;
	}
	return 0;
}

#include "scan/vuln/vulndb_build_priv.h"

#include "base/time.h"
#include "scan/vuln/namespace.h"

static int add_string(struct vulndb_builder *b, str s, struct err *e)
{
	str copy = arena_str(&b->arena, s);
	void **at;

	if (b->string_count == b->string_cap) {
		size_t cap = b->string_cap * 2;
		str *wider = reallocarray(b->strings, cap, sizeof(*wider));

		if (!wider)
			return err_set(e, ENOMEM, "no memory for the database's strings");
		b->strings = wider;
		b->string_cap = cap;
	}
	at = copy.p && b->string_count < UINT32_MAX ? map_at(&b->numbers, copy) : NULL;
	if (!at)
		return err_set(e, ENOMEM, "no memory for the database's strings");
	*at = (void *)(uintptr_t)(b->string_count + 1);
	b->strings[b->string_count++] = copy;
	return 0;
}

int vulndb_builder_number(struct vulndb_builder *b, str s, uint32_t *ret, struct err *e)
{
	void *found;

	if (s.n == 0) {
		*ret = 0;
		return 0;
	}
	found = map_find(&b->numbers, s);
	if (found) {
		*ret = (uint32_t)((uintptr_t)found - 1);
		return 0;
	}
	*ret = (uint32_t)b->string_count;
	return add_string(b, s, e);
}

void vulndb_builder_problem(struct vulndb_builder *b, str place, const char *why)
{
	struct vulndb_problem *p;

	b->problem_total++;
	if (b->problem_count >= BUILD_MAX_PROBLEMS)
		return;
	p = ARENA_PUSH(&b->arena, b->problems, b->problem_count, b->problem_cap);
	if (p)
		*p = (struct vulndb_problem){ arena_str(&b->arena, place),
					      arena_str(&b->arena, str_from(why)) };
}

size_t vulndb_builder_problems(const struct vulndb_builder *b, const struct vulndb_problem **ret,
			       uint64_t *ret_total)
{
	*ret = b->problems;
	*ret_total = b->problem_total;
	return b->problem_count;
}

static bool too_long(const struct claim *c)
{
	const str all[] = { c->package,    c->vulnerability, c->advisory,
			    c->introduced, c->fixed,         c->last_affected,
			    c->arch,       c->module,        c->origin };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i].n > VULNDB_STRING_MAX)
			return true;
	/* They stand in one string. */
	return c->module.n + 1 + c->products.n > VULNDB_STRING_MAX;
}

static const char *why_not(const struct claim *c, const struct namespace_rule *rule)
{
	if (!rule)
		return "it is of a namespace that skep does not know";
	if (c->package.n == 0)
		return "it names no package";
	if (c->vulnerability.n == 0)
		return "it names no vulnerability";
	if (str_find(c->module, ' ') < c->module.n)
		return "its module is none";
	if (too_long(c))
		return "a name or version in it is longer than 65,535 bytes";
	if ((unsigned int)c->state >= FIX_STATE_COUNT ||
	    (unsigned int)c->severity >= SEVERITY_COUNT ||
	    (unsigned int)c->basis >= CLAIM_BASIS_COUNT)
		return "its state, severity or basis is out of range";
	return NULL;
}

static int origin_number(struct vulndb_builder *b, str name, uint32_t *ret, struct err *e)
{
	uint32_t number;
	struct build_origin *o;
	int r = vulndb_builder_number(b, name, &number, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < b->origin_count; i++)
		if (b->origins[i].name == number) {
			*ret = (uint32_t)i;
			return 0;
		}
	if (b->origin_count > UINT16_MAX)
		return err_set(e, E2BIG, "more than 65,536 feeds in one database");
	o = ARENA_PUSH(&b->arena, b->origins, b->origin_count, b->origin_cap);
	if (!o)
		return err_set(e, ENOMEM, "no memory for the database's origins");
	o->name = number;
	*ret = (uint32_t)(b->origin_count - 1);
	return 0;
}

/* "0", in whatever dress: a fix in version zero is how feeds say "never affected". */
static bool is_zero(str version)
{
	return str_is(version, "0") || str_is(version, "0:0") || str_is(version, "0:0-0");
}

/* What a claim is restricted to, in one string of the file: the module, then the products' CPEs. */
static int number_restriction(struct vulndb_builder *b, const struct claim *c, uint32_t *ret,
			      struct err *e)
{
	OWNED_BUF both = BUF_INIT;

	if (c->products.n == 0)
		return vulndb_builder_number(b, c->module, ret, e);
	buf_printf(&both, "%.*s%s%.*s", STR_ARG(c->module), c->module.n ? " " : "",
		   STR_ARG(c->products));
	if (buf_error(&both) < 0)
		return err_set(e, ENOMEM, "no memory for a claim");
	return vulndb_builder_number(b, buf_str(&both), ret, e);
}

static int number_claim(struct vulndb_builder *b, const struct claim *c, str package,
			struct build_claim *out, struct err *e)
{
	bool never = is_zero(c->fixed);
	const struct {
		str text;
		uint32_t *number;
	} fields[] = {
		{ c->namespace, &out->namespace },
		{ package, &out->package },
		{ c->vulnerability, &out->vulnerability },
		{ is_zero(c->introduced) ? (str){ 0 } : c->introduced, &out->introduced },
		{ never ? (str){ 0 } : c->fixed, &out->fixed },
		{ never ? (str){ 0 } : c->last_affected, &out->last_affected },
		{ c->arch, &out->arch },
		{ c->advisory, &out->advisory },
	};
	int r = number_restriction(b, c, &out->module, e);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(fields); i++)
		r = vulndb_builder_number(b, fields[i].text, fields[i].number, e);
	if (r < 0)
		return r;
	out->package_hash = str_hash(package);
	out->state = (uint8_t)(never ? FIX_NOT_AFFECTED : c->state);
	out->severity = (uint8_t)c->severity;
	out->basis = (uint8_t)c->basis;
	return origin_number(b, c->origin, &out->origin, e);
}

static int take_claim(void *ctx, const struct claim *c, struct err *e)
{
	struct vulndb_builder *b = ctx;
	const struct namespace_rule *rule = namespace_find(c->namespace);
	const char *why = why_not(c, rule);
	OWNED_BUF name = BUF_INIT;
	struct build_claim out = { 0 };
	int r;

	assert(!b->ranked);
	if (why) {
		OWNED_BUF place = BUF_INIT;

		buf_printf(&place, "%.*s: %.*s %.*s %.*s", STR_ARG(c->origin),
			   STR_ARG(str_take(c->namespace, 100)), STR_ARG(str_take(c->package, 200)),
			   STR_ARG(str_take(c->vulnerability, 100)));
		vulndb_builder_problem(b, buf_str(&place), why);
		return 0;
	}
	namespace_name_normalise(rule, c->package, &name);
	if (buf_error(&name) < 0)
		return err_set(e, ENOMEM, "no memory for a claim");
	r = number_claim(b, c, buf_str(&name), &out, e);
	if (r < 0)
		return r;
	if (b->claim_count == b->claim_cap) {
		size_t cap = b->claim_cap ? b->claim_cap * 2 : 4096;
		struct build_claim *wider = reallocarray(b->claims, cap, sizeof(*wider));

		if (!wider)
			return err_set(e, ENOMEM, "no memory for %zu claims", cap);
		b->claims = wider;
		b->claim_cap = cap;
	}
	b->claims[b->claim_count++] = out;
	return 0;
}

static int take_fact(void *ctx, const struct vulnerability *v, struct err *e)
{
	return vulndb_builder_take_fact(ctx, v, e);
}

static void take_unreadable(void *ctx, str place, const char *why)
{
	vulndb_builder_problem(ctx, place, why);
}

static void take_as_of(void *ctx, str origin, str date)
{
	struct vulndb_builder *b = ctx;
	uint32_t at;
	int64_t when;

	if (time_parse(date, &when) < 0) {
		vulndb_builder_problem(b, origin, "the date of its data is no date");
		return;
	}
	if (origin_number(b, origin, &at, NULL) == 0)
		b->origins[at].as_of_s = MAX(b->origins[at].as_of_s, when);
}

struct feed_sink vulndb_builder_sink(struct vulndb_builder *b)
{
	return (struct feed_sink){ .ctx = b,
				   .claim = take_claim,
				   .fact = take_fact,
				   .unreadable = take_unreadable,
				   .as_of = take_as_of };
}

int vulndb_builder_new(struct vulndb_builder **ret, struct err *e)
{
	struct vulndb_builder *b = calloc(1, sizeof(*b));

	if (b)
		b->strings = calloc(1024, sizeof(*b->strings));
	if (!b || !b->strings) {
		free(b);
		return err_set(e, ENOMEM, "no memory for a database builder");
	}
	arena_init(&b->arena, 0);
	b->numbers = map_in(&b->arena);
	b->fact_of = map_in(&b->arena);
	b->string_cap = 1024;
	b->string_count = 1;
	*ret = b;
	return 0;
}

void vulndb_builder_free(struct vulndb_builder *b)
{
	if (!b)
		return;
	arena_done(&b->arena);
	free(b->strings);
	free(b->claims);
	free(b->facts);
	free(b);
}

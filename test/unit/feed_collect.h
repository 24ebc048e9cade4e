/** @file
 * A feed sink that writes what it is given as lines of text, for comparing with what a test expects.
 */
#ifndef SKEP_TEST_FEED_COLLECT_H
#define SKEP_TEST_FEED_COLLECT_H

#include "base/buf.h"
#include "scan/feed/feed.h"

struct feed_collect {
	/** "namespace package vulnerability advisory introduced,fixed,last state severity arch module[ basis][ products]" */
	struct buf claims;
	struct buf facts;      /**< "id severity title cvss epss flags poc kev cwes" */
	struct buf unreadable; /**< "place: why" */
	struct buf as_of;      /**< "origin date" */
	size_t claim_count, fact_count, unreadable_count;
	bool quiet; /**< only count */
};

static inline void put_or_dash(struct buf *b, str s, char after)
{
	buf_add(b, s.n ? s : S("-"));
	buf_byte(b, after);
}

static inline int collect_claim(void *ctx, const struct claim *c, struct err *e UNUSED)
{
	static const char *const bases[] = {
#define CLAIM_BASIS_NAME(id, name) name,
		CLAIM_BASES(CLAIM_BASIS_NAME)
#undef CLAIM_BASIS_NAME
	};
	struct feed_collect *t = ctx;

	assert_true(c->namespace.n && c->package.n && c->vulnerability.n && c->origin.n);
	t->claim_count++;
	if (t->quiet)
		return 0;
	put_or_dash(&t->claims, c->namespace, ' ');
	put_or_dash(&t->claims, c->package, ' ');
	put_or_dash(&t->claims, c->vulnerability, ' ');
	put_or_dash(&t->claims, c->advisory, ' ');
	put_or_dash(&t->claims, c->introduced, ',');
	put_or_dash(&t->claims, c->fixed, ',');
	put_or_dash(&t->claims, c->last_affected, ' ');
	put_or_dash(&t->claims, str_from(fix_state_name(c->state)), ' ');
	put_or_dash(&t->claims, str_from(severity_name(c->severity)), ' ');
	put_or_dash(&t->claims, c->arch, ' ');
	buf_add(&t->claims, c->module.n ? c->module : S("-"));
	if (c->basis != CLAIM_STATED)
		buf_printf(&t->claims, " %s", bases[c->basis]);
	if (c->products.n)
		buf_printf(&t->claims, " %.*s", STR_ARG(c->products));
	buf_byte(&t->claims, '\n');
	return 0;
}

static inline int collect_fact(void *ctx, const struct vulnerability *v, struct err *e UNUSED)
{
	struct feed_collect *t = ctx;

	assert_true(v->id.n);
	t->fact_count++;
	if (t->quiet)
		return 0;
	put_or_dash(&t->facts, v->id, ' ');
	put_or_dash(&t->facts, str_from(severity_name(v->severity)), ' ');
	put_or_dash(&t->facts, v->title, ' ');
	put_or_dash(&t->facts, v->cvss_count ? v->cvss[0].vector : (str){ 0 }, ' ');
	buf_printf(&t->facts, "%.4g %x %u ", (double)v->epss, v->exploit_flags, v->poc_count);
	put_or_dash(&t->facts, v->kev_added, ' ');
	put_or_dash(&t->facts, v->cwes, '\n');
	return 0;
}

static inline void collect_unreadable(void *ctx, str place, const char *why)
{
	struct feed_collect *t = ctx;

	t->unreadable_count++;
	assert_true(place.n && why[0]);
	buf_printf(&t->unreadable, "%.*s: %s\n", STR_ARG(place), why);
}

static inline void collect_as_of(void *ctx, str origin, str date)
{
	struct feed_collect *t = ctx;

	buf_printf(&t->as_of, "%.*s %.*s\n", STR_ARG(origin), STR_ARG(date));
}

static inline struct feed_sink feed_collect_sink(struct feed_collect *t)
{
	return (struct feed_sink){ .ctx = t,
				   .claim = collect_claim,
				   .fact = collect_fact,
				   .unreadable = collect_unreadable,
				   .as_of = collect_as_of };
}

static inline void feed_collect_done(struct feed_collect *t)
{
	buf_done(&t->claims);
	buf_done(&t->facts);
	buf_done(&t->unreadable);
	buf_done(&t->as_of);
}

/** Offers @p text to the formats as feed_import() does. @return the name of the one that took it, or NULL */
static inline const char *feed_collect_text(struct feed_collect *t, const char *path, str text)
{
	struct feed_sink sink = feed_collect_sink(t);

	for (size_t i = 0; feed_formats[i]; i++) {
		struct arena a;
		int r;

		if (!feed_formats[i]->wants(str_from(path), str_take(text, 16384)))
			continue;
		arena_init(&a, 64u << 20);
		r = feed_formats[i]->import(str_from(path), text, &a, &sink, NULL);
		arena_done(&a);
		assert_int_equal(r, 0);
		return feed_formats[i]->name;
	}
	return NULL;
}

/** Imports @p text and compares the claims, or fails. */
#define assert_claims(path, format, text, expected) \
	do { \
		struct feed_collect t_ = { 0 }; \
		const char *name_ = feed_collect_text(&t_, (path), str_from(text)); \
		assert_string_equal(name_ ? name_ : "nobody", (format)); \
		assert_string_equal(buf_cstr(&t_.claims), (expected)); \
		assert_string_equal(buf_cstr(&t_.unreadable), ""); \
		feed_collect_done(&t_); \
	} while (0)

#define assert_facts(path, format, text, expected) \
	do { \
		struct feed_collect t_ = { 0 }; \
		const char *name_ = feed_collect_text(&t_, (path), str_from(text)); \
		assert_string_equal(name_ ? name_ : "nobody", (format)); \
		assert_string_equal(buf_cstr(&t_.facts), (expected)); \
		assert_string_equal(buf_cstr(&t_.unreadable), ""); \
		feed_collect_done(&t_); \
	} while (0)

#define assert_unreadable(path, format, text, expected) \
	do { \
		struct feed_collect t_ = { 0 }; \
		const char *name_ = feed_collect_text(&t_, (path), str_from(text)); \
		assert_string_equal(name_ ? name_ : "nobody", (format)); \
		assert_string_equal(buf_cstr(&t_.unreadable), (expected)); \
		feed_collect_done(&t_); \
	} while (0)

#endif

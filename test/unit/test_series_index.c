#include "console/store/series_index.h"

#include <pthread.h>
#include <stdio.h>

#include "console/store/partition.h"
#include "store_stage.h"

#define MIB ((size_t)1 << 20)
static const struct alert_filter everything = { .scope = &scope_everything };

static int64_t today(void)
{
	return store_now() / DAY_NS * DAY_NS;
}

static struct alert_new sample(const char *rule, int64_t time_ns)
{
	return (struct alert_new){ .series = { .rule = str_from(rule),
					       .source = S("syscall"),
					       .agent = S("a1"),
					       .host = S("h"),
					       .priority = PRIORITY_WARNING },
				   .time_ns = time_ns,
				   .doc = S("{}") };
}

static void append_one(struct store *s, const char *rule, int64_t time_ns)
{
	struct alert_new a = sample(rule, time_ns);

	OK(sql_begin(s->sql, E));
	OK(alerts_append(s, &a, 1, store_now(), NULL, E));
	OK(sql_commit(s->sql, E));
}

/* How many alerts of a rule there are, as the facets say; with rule NULL of all. */
static int64_t count_rule(struct store *s, const char *rule, struct err *e)
{
	struct alert_facets f = { 0 };
	struct arena a;
	int64_t n;

	arena_init(&a, 0);
	n = alerts_facets(s, &everything, 100000, &a, &f, e);
	if (n == 0)
		n = rule ? 0 : f.total;
	for (size_t i = 0; rule && i < f.count[ALERT_FACET_RULE]; i++)
		if (str_eq(f.values[ALERT_FACET_RULE][i].value, str_from(rule)))
			n = f.values[ALERT_FACET_RULE][i].count;
	arena_done(&a);
	return n;
}

/* Makes series of so many rules and images. */
static void make(struct series_view *v, size_t rules, size_t images)
{
	for (size_t i = 0; i < rules * images; i++) {
		char rule[32], image[64];
		str texts[ALERT_TEXT_COUNT] = {
			[ALERT_TEXT_agent] = S("agent-1"), [ALERT_TEXT_host] = S("host-1")
		};

		snprintf(rule, sizeof(rule), "Rule %zu", i % rules);
		snprintf(image, sizeof(image), "registry.example/shop/app:%zu", i / rules);
		texts[ALERT_TEXT_rule] = str_from(rule);
		texts[ALERT_TEXT_image] = str_from(image);
		OK(series_view_add(v, (int64_t)i + 1, PRIORITY_ERROR, texts, E));
	}
}

/* What the header says of memory. */
static void test_memory_is_as_told(void **state)
{
	struct series_view v = { 0 };
	struct series_figures f;
	const struct series *x = NULL;

	(void)state;
	OK(series_index_new(0, 0, &v.index, E));
	OK(series_view_hold(&v, 1, E));
	make(&v, 15, 20000);
	series_index_read(v.index, &f);
	assert_int_equal(f.series, 300000);
	assert_in_range(f.texts, 20015, 20020);
	if (f.bytes > 22 * MIB)
		fail_msg("%zu bytes", f.bytes);
	/* Full: what is known is found, what is not is not made. */
	assert_int_equal(series_view_find(&v,
					  &(struct alert_series){ .rule = S("Rule 3"),
								  .image = S("registry.example/"
									     "shop/app:7"),
								  .agent = S("agent-1"),
								  .host = S("host-1"),
								  .priority = PRIORITY_ERROR },
					  false, &x, E),
			 1);
	assert_int_equal(x->id, 7 * 15 + 3 + 1);
	assert_int_equal(series_position(&v, x->id), x->id - 1);
	assert_string_equal(series_text(&v, x, ALERT_TEXT_rule).p, "Rule 3");
	assert_int_equal(
		series_view_find(&v, &(struct alert_series){ .rule = S("Rule 4") }, false, &x, E),
		0);
	series_view_drop(&v);
	series_index_free(v.index);
}

/* Texts as long as they may be: the bytes are bounded, too. */
static void test_bytes_are_bounded(void **state)
{
	struct series_view v = { 0 };
	struct series_figures f;
	size_t made = 0;

	(void)state;
	OK(series_index_new(0, MIB, &v.index, E));
	OK(series_view_hold(&v, 1, E));
	for (int i = 0; i < 3000; i++) {
		const struct series *x = NULL;
		char rule[1500];

		snprintf(rule, sizeof(rule), "%04d%*s", i, 1400, "long");
		made += (size_t)OK(series_view_find(
			&v, &(struct alert_series){ .rule = str_from(rule) }, false, &x, E));
	}
	series_index_read(v.index, &f);
	assert_in_range(made, 500, 1100);
	assert_int_equal(f.refused, 3000 - made);
	assert_in_range(f.bytes, MIB, MIB + MIB / 2);
	series_view_drop(&v);
	series_index_free(v.index);
}

/* Two stores that share an index. */
struct pair {
	struct series_index *index;
	struct store *one, *other;
};

static struct pair pair_of(const char *where)
{
	struct pair p = { 0 };

	OK(series_index_new(0, 0, &p.index, E));
	OK(store_open(where, NULL, &p.one, E));
	OK(store_open(where, NULL, &p.other, E));
	store_share(p.one, p.index);
	store_share(p.other, p.index);
	return p;
}

static void pair_done(struct pair *p)
{
	store_close(p->one);
	store_close(p->other);
	series_index_free(p->index);
}

/* What one store makes another one knows: once it is committed, and not when it was undone. */
static void stores_share(struct store *s, const char *where)
{
	struct alert_new a = sample("undone", today());
	struct pair p = pair_of(where);
	struct series_figures f;

	(void)s;
	append_one(p.one, "first", today());
	assert_int_equal(count_rule(p.other, "first", E), 1);
	OK(sql_begin(p.one->sql, E));
	OK(alerts_append(p.one, &a, 1, store_now(), NULL, E));
	OK(alerts_append(p.one, &a, 1, store_now(), NULL, E));
	assert_int_equal(count_rule(p.one, "undone", E), 2);
	assert_int_equal(count_rule(p.other, "undone", E), 0);
	series_index_read(p.index, &f);
	assert_int_equal(f.series, 1);
	sql_rollback(p.one->sql);
	/* The number it would have had is another's. */
	append_one(p.other, "second", today());
	append_one(p.one, "second", today());
	assert_int_equal(count_rule(p.one, "second", E), 2);
	assert_int_equal(count_rule(p.one, "undone", E), 0);
	assert_int_equal(count_rule(p.one, NULL, E), 3);
	series_index_read(p.index, &f);
	assert_int_equal(f.series, 2);
	assert_int_equal(f.evicted, 0);
	pair_done(&p);
}

/* A day is dropped, and its series with it: who looked at them before sees what there is now. */
static void forgotten_series_go(struct store *s, const char *where)
{
	struct pair p = pair_of(where);
	struct series_figures f;

	(void)s;
	append_one(p.one, "stays", today());
	append_one(p.one, "goes", today() - 3 * DAY_NS);
	assert_int_equal(count_rule(p.other, "goes", E), 1);
	assert_int_equal(alerts_retain(p.one, today() - DAY_NS, 0, E), 1);
	assert_int_equal(count_rule(p.other, "goes", E), 0);
	assert_int_equal(count_rule(p.other, "stays", E), 1);
	/* Its number is taken again. */
	append_one(p.other, "new", today());
	assert_int_equal(count_rule(p.one, "new", E), 1);
	assert_int_equal(count_rule(p.one, "stays", E), 1);
	store_rest(p.one);
	series_index_read(p.index, &f);
	assert_int_equal(f.series, 2);
	assert_int_equal(f.evicted, 2);
	pair_done(&p);
}

/* A row that somebody damaged: what counts by its priority stays within its bounds. */
static void priorities_are_known(struct store *s, const char *where)
{
	static const int64_t bad[] = { 99, -1 };
	struct alert_facets f = { 0 };
	struct arena a;

	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		OWNED_STORE *other = NULL;

		append_one(s, i ? "one" : "two", today());
		OK(sql_do(s->sql, "UPDATE alert_series SET priority = ?1 WHERE id = ?2",
			  SQL_ARGS(SQL_I(bad[i]), SQL_I(i + 1)), E));
		OK(store_open(where, NULL, &other, E));
		OK(alerts_facets(other, &everything, 10, &a, &f, E));
		assert_int_equal(f.total, i + 1);
		assert_int_equal(f.count[ALERT_FACET_PRIORITY], 1);
		assert_true(str_is(f.values[ALERT_FACET_PRIORITY][0].value, "debug"));
		assert_int_equal(f.values[ALERT_FACET_PRIORITY][0].count, i + 1);
	}
	arena_done(&a);
}

enum { THREADS = 4, ROUNDS = 25, EACH = 40 };

struct racer {
	const char *where;
	struct series_index *index;
	int number;
	char said[1100];
};

static int race(struct racer *r, struct store *s, struct err *e)
{
	char rules[EACH][32];
	struct alert_new a[EACH];
	int64_t before = 0, n;
	int result = 0;

	for (int round = 0; result >= 0 && round < ROUNDS; round++) {
		for (int i = 0; i < EACH; i++) {
			/* Half of them everybody's, half its own. */
			snprintf(rules[i], sizeof(rules[i]), "%d of %d", round * EACH + i,
				 i % 2 ? r->number : -1);
			a[i] = sample(rules[i], today());
		}
		result = sql_begin(s->sql, e);
		result = result < 0 ? result : alerts_append(s, a, EACH, store_now(), NULL, e);
		/* Now and then it comes to nothing. */
		if (result == 0 && round % 5 == 4)
			result = -ECANCELED;
		result = sql_end(s->sql, result, e);
		if (result == -ECANCELED || result == -EAGAIN)
			result = 0;
		n = result < 0 ? result : count_rule(s, NULL, e);
		if (n >= 0 && n < before)
			return err_set(e, EPROTO, "there were %lld, now %lld", (long long)before,
				       (long long)n);
		before = n;
		result = n < 0 ? (int)n : result;
		store_rest(s);
	}
	return result;
}

static void *run(void *ctx)
{
	struct racer *r = ctx;
	struct err e = { 0 };
	OWNED_STORE *s = NULL;
	int result = store_open(r->where, NULL, &s, &e);

	if (result == 0) {
		store_share(s, r->index);
		result = race(r, s, &e);
	}
	if (result < 0)
		snprintf(r->said, sizeof(r->said), "%d: %s", result, e.text);
	return NULL;
}

/* All at once; then what each store alone sees is what all of them shared. */
static void threads_share(struct store *s, const char *where)
{
	struct racer racers[THREADS];
	pthread_t ids[THREADS];
	struct series_index *x = NULL;
	struct series_figures f;
	OWNED_STORE *late = NULL;
	int64_t rows = 0;

	OK(series_index_new(0, 0, &x, E));
	for (int i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){ .where = where, .index = x, .number = i };
		assert_int_equal(pthread_create(&ids[i], NULL, run, &racers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(ids[i], NULL), 0);
		assert_string_equal(racers[i].said, "");
	}
	OK(store_open(where, NULL, &late, E));
	store_share(late, x);
	assert_int_equal(count_rule(s, NULL, E), THREADS * (ROUNDS - ROUNDS / 5) * EACH);
	assert_int_equal(count_rule(late, NULL, E), THREADS * (ROUNDS - ROUNDS / 5) * EACH);
	assert_int_equal(count_rule(s, "0 of -1", E), THREADS);
	assert_int_equal(count_rule(late, "0 of -1", E), THREADS);
	assert_int_equal(count_rule(late, "41 of 3", E), 1);
	OK(sql_get_int(s->sql, "SELECT COUNT(*) FROM alert_series", SQL_NONE, &rows, E));
	series_index_read(x, &f);
	assert_int_equal(f.series, rows);
	assert_int_equal(rows, (ROUNDS - ROUNDS / 5) * EACH / 2 * (THREADS + 1));
	store_close(TAKE(&late));
	series_index_free(x);
}

#define ON_EACH(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		store_stage_each(name); \
	}
ON_EACH(stores_share)
ON_EACH(forgotten_series_go)
ON_EACH(priorities_are_known)
ON_EACH(threads_share)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_as_told),
		cmocka_unit_test(test_bytes_are_bounded),
		cmocka_unit_test(test_stores_share),
		cmocka_unit_test(test_forgotten_series_go),
		cmocka_unit_test(test_priorities_are_known),
		cmocka_unit_test(test_threads_share),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

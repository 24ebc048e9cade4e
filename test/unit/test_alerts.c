#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "alert_stage.h"
#include "base/clock.h"
#include "console/store/alerts_priv.h"

static struct alert_page page(struct store *s, const struct alert_filter *f, int64_t cursor,
			      size_t limit, struct arena *a)
{
	struct alert_page p = { 0 };

	OK(alerts_page(s, f, cursor, limit, true, a, &p, E));
	return p;
}

static void what_is_stored_is_read(struct store *s, const char *where)
{
	const int64_t now = noon(0) + HOUR * 11, then = noon(1);
	struct alert_new a = sample("Shell", "h1", then);
	struct stored_alert got = { 0 };
	struct arena arena;
	int64_t id = 0;

	(void)where;
	arena_init(&arena, 0);
	FAILS(EINVAL, alerts_append(s, &a, 1, now, &id, E));
	append(s, &a, 1, now, &id);
	assert_int_equal(alert_id_ms(id), then / (int64_t)MS_NS);
	OK(alerts_get(s, &scope_everything, id, &arena, &got, E));
	assert_true(str_eq(got.doc, a.doc));
	assert_str(got.series->rule, "Shell");
	assert_str(got.series->labels, ",team=red,");
	assert_int_equal(got.series->priority, PRIORITY_WARNING);
	assert_int_equal(got.state, ALERT_OPEN);
	assert_int_equal(got.received_ns / (int64_t)MS_NS, now / (int64_t)MS_NS);
	FAILS(ENOENT, alerts_get(s, &scope_everything, id + 1, &arena, &got, E));
	FAILS(ENOENT, alerts_get(s, &scope_everything, -1, &arena, &got, E));
	FAILS(ENOENT, alerts_get(s, NULL, id, &arena, &got, E));
	arena_done(&arena);
}

/* Clocks of agents: in the future it is now, long ago it is as long ago as may be. */
static void wrong_clocks_are_moved(struct store *s, const char *where)
{
	const int64_t now = noon(0);
	struct alert_new a[2] = { sample("r", "h", now + 400 * DAY_NS), sample("r", "h", 5) };
	int64_t ids[2];

	(void)where;
	append(s, a, 2, now, ids);
	assert_int_equal(alert_id_ms(ids[0]), now / (int64_t)MS_NS);
	assert_int_equal(alert_id_ms(ids[1]), (now - ALERT_LATE_DAYS * DAY_NS) / (int64_t)MS_NS);
}

enum { MANY = 3000 };

/* Spread over three days, in disorder: rules r0..r6, hosts h0..h2, the container's id one of fifty. */
static void append_many(struct store *s, int64_t *ids, int64_t times[MANY])
{
	static struct alert_new a[MANY];
	static char rules[7][4], hosts[3][4], containers[50][8];

	for (int i = 0; i < 7; i++)
		snprintf(rules[i], sizeof(rules[i]), "r%d", i);
	for (int i = 0; i < 3; i++)
		snprintf(hosts[i], sizeof(hosts[i]), "h%d", i);
	for (int i = 0; i < 50; i++)
		snprintf(containers[i], sizeof(containers[i]), "c%d", i);
	for (int i = 0; i < MANY; i++) {
		times[i] = noon(0) - (int64_t)((i * 7919L) % MANY) * (60 * (int64_t)SECOND_NS);
		a[i] = sample(rules[i % 7], hosts[i % 3], times[i]);
		a[i].container = str_from(containers[i % 50]);
		a[i].series.priority = i % 7 == 6 ? PRIORITY_CRITICAL : PRIORITY_NOTICE;
		a[i].series.namespace = i % 3 ? S("shop") : S("pay");
		if (i % 500 == 0)
			a[i].doc = S("{\"message\":\"needle in the hay\"}");
	}
	for (int i = 0; i < MANY; i += 500)
		append(s, &a[i], 500, noon(0) + HOUR, &ids[i]);
}

/* Walks page by page; each alert once, one way. @return how many */
static int64_t walk_one_way(struct store *s, const struct alert_filter *f, bool oldest_first,
			    size_t limit)
{
	struct alert_filter x = *f;
	int64_t cursor = 0, last = oldest_first ? -1 : INT64_MAX, n = 0;
	struct arena a;

	x.oldest_first = oldest_first;
	arena_init(&a, 0);
	do {
		struct alert_page p = page(s, &x, cursor, limit, &a);

		for (size_t i = 0; i < p.count; i++) {
			assert_true(p.items[i].id != last &&
				    (p.items[i].id > last) == oldest_first);
			assert_true(p.items[i].doc.n > 0);
			last = p.items[i].id;
			n++;
		}
		assert_true(p.next == 0 || cursor == 0 || (p.next > cursor) == oldest_first);
		cursor = p.next;
		arena_reset(&a);
	} while (cursor);
	arena_done(&a);
	return n;
}

/* From one priority to the next; the newest of each first. */
static int64_t walk_by_priority(struct store *s, const struct alert_filter *f, bool least_first,
				size_t limit)
{
	OWNED_BUF cursor = BUF_INIT;
	int last_priority = least_first ? PRIORITY_COUNT : -1;
	int64_t last = 0, n = 0;
	struct alert_page p;
	struct arena a;
	str next;

	arena_init(&a, 0);
	do {
		OK(alerts_by_priority(s, f, least_first, buf_str(&cursor), limit, true, &a, &p,
				      &next, E));
		assert_true(p.count <= limit);
		for (size_t i = 0; i < p.count; i++) {
			int priority = (int)p.items[i].series->priority;

			if (priority == last_priority)
				assert_true(p.items[i].id < last);
			else
				assert_true(least_first ? priority < last_priority
							: priority > last_priority);
			last_priority = priority;
			last = p.items[i].id;
			n++;
		}
		buf_reset(&cursor);
		buf_add(&cursor, next);
		arena_reset(&a);
	} while (buf_str(&cursor).n);
	arena_done(&a);
	return n;
}

/* In each order a list can have. @return how many */
static int64_t walk(struct store *s, const struct alert_filter *f, size_t limit)
{
	int64_t n = walk_one_way(s, f, false, limit);

	assert_int_equal(walk_one_way(s, f, true, limit), n);
	assert_int_equal(walk_by_priority(s, f, false, limit), n);
	assert_int_equal(walk_by_priority(s, f, true, limit), n);
	return n;
}

static void pages_hold_each_once(struct store *s, const char *where)
{
	static const str one[] = { { "r3", 2 } }, two[] = { { "h0", 2 }, { "h2", 2 } },
			 none[] = { { "r99", 3 } }, container[] = { { "c7", 2 }, { "c8", 2 } };
	static int64_t ids[MANY], times[MANY];
	struct alert_filter f = everything;

	(void)where;
	append_many(s, ids, times);
	assert_int_equal(walk(s, &f, 7), MANY);
	assert_int_equal(walk(s, &f, 1000), MANY);
	f.rules = (struct alert_values){ one, 1 };
	assert_int_equal(walk(s, &f, 10), (MANY + 3) / 7);
	assert_int_equal(total(s, &f), (MANY + 3) / 7);
	f.hosts = (struct alert_values){ two, 2 };
	assert_int_equal(walk(s, &f, 10), total(s, &f));
	f.rules = (struct alert_values){ none, 1 };
	assert_int_equal(walk(s, &f, 10), 0);

	f = everything;
	f.containers = (struct alert_values){ container, 2 };
	assert_int_equal(walk(s, &f, 7), MANY / 25);
	assert_int_equal(total(s, &f), MANY / 25);
	f = everything;
	f.text = S("NEEDLE hay");
	assert_int_equal(walk(s, &f, 2), MANY / 500);
	f.priorities = 1U << PRIORITY_EMERGENCY;
	assert_int_equal(walk(s, &f, 2), 0);
	f = (struct alert_filter){ 0 };
	assert_int_equal(walk(s, &f, 2), 0);
}

static void time_bounds_are_kept(struct store *s, const char *where)
{
	static int64_t ids[MANY], times[MANY];

	(void)where;
	append_many(s, ids, times);
	for (int k = 0; k < 40; k++) {
		struct alert_filter f = everything;
		int64_t want = 0;

		f.since_ns = noon(0) - (int64_t)(k * 97 % 50) * HOUR + k;
		f.until_ns = k % 4 ? f.since_ns + (int64_t)k * HOUR + 1000 : k % 8 ? 0 : INT64_MAX;
		for (int i = 0; i < MANY; i++)
			want += times[i] >= f.since_ns && (!f.until_ns || times[i] < f.until_ns);
		assert_int_equal(walk(s, &f, 100), want);
		assert_int_equal(total(s, &f), want);
	}
}

static int64_t facet(const struct alert_facets *c, enum alert_facet f, const char *value)
{
	for (size_t i = 0; i < c->count[f]; i++)
		if (str_is(c->values[f][i].value, value))
			return c->values[f][i].count;
	return 0;
}

static void facets_count_as_if_alone(struct store *s, const char *where)
{
	static const str one[] = { { "r6", 2 } };
	static int64_t ids[MANY], times[MANY];
	struct alert_filter f = everything;
	struct alert_facets c = { 0 };
	struct arena a;

	(void)where;
	arena_init(&a, 0);
	append_many(s, ids, times);
	f.rules = (struct alert_values){ one, 1 };
	f.namespaces = (struct alert_values){ (const str[]){ S("pay") }, 1 };
	OK(alerts_facets(s, &f, 10, &a, &c, E));
	assert_int_equal(c.total, walk(s, &f, 500));
	assert_int_equal(facet(&c, ALERT_FACET_RULE, "r6"), c.total);
	assert_int_equal(facet(&c, ALERT_FACET_PRIORITY, "critical"), c.total);
	assert_int_equal(facet(&c, ALERT_FACET_TAG, "mitre"), c.total);
	assert_int_equal(facet(&c, ALERT_FACET_STATE, "open"), c.total);
	assert_int_equal(facet(&c, ALERT_FACET_HOST, "h0"), c.total);
	/* Of the field itself the others count too. */
	assert_int_equal(c.count[ALERT_FACET_RULE], 7);
	assert_int_equal(facet(&c, ALERT_FACET_NAMESPACE, "pay") +
				 facet(&c, ALERT_FACET_NAMESPACE, "shop"),
			 MANY / 7);
	OK(alerts_facets(s, &f, 4, &a, &c, E));
	assert_int_equal(c.count[ALERT_FACET_RULE], 4);
	arena_done(&a);
}

static void histograms_lose_nobody(struct store *s, const char *where)
{
	static int64_t ids[MANY], times[MANY];
	struct alert_filter f = everything;
	struct alert_histogram h = { 0 };
	struct arena a;
	int64_t want = 0;

	(void)where;
	arena_init(&a, 0);
	append_many(s, ids, times);
	OK(alerts_histogram(s, &f, 60, &a, &h, E));
	assert_int_equal(drawn(&h), MANY);
	assert_true(h.count <= 60 && h.to_ns - h.from_ns == h.bucket_ns * (int64_t)h.count);
	f.since_ns = noon(1);
	f.until_ns = noon(0);
	f.priorities = 1U << PRIORITY_CRITICAL;
	for (int i = 0; i < MANY; i++)
		want += i % 7 == 6 && times[i] >= f.since_ns && times[i] < f.until_ns;
	OK(alerts_histogram(s, &f, 24, &a, &h, E));
	assert_int_equal(drawn(&h), want);
	arena_done(&a);
}

static void triage_moves_counts(struct store *s, const char *where)
{
	static int64_t ids[MANY], times[MANY];
	const int64_t wrong[] = { 1, INT64_MAX, -5 };
	struct alert_filter f = everything;
	struct alert_step *steps = NULL;
	struct alert_page p;
	struct arena a;
	size_t n = 0;

	(void)where;
	arena_init(&a, 0);
	append_many(s, ids, times);
	OK(sql_begin(s->sql, E));
	assert_int_equal(
		OK(alerts_triage(s, &scope_everything, ids, 5,
				 &(struct alert_decision){ ALERT_RESOLVED, S("<b>it's</b> ok"),
							   S("eve"), 7 },
				 E)),
		5);
	assert_int_equal(
		OK(alerts_triage(s, &scope_everything, ids, 6,
				 &(struct alert_decision){ ALERT_RESOLVED, S(""), S("bob"), 8 },
				 E)),
		1);
	assert_int_equal(
		OK(alerts_triage(s, &scope_everything, wrong, 3,
				 &(struct alert_decision){ ALERT_RESOLVED, S(""), S("bob"), 8 },
				 E)),
		0);
	OK(sql_commit(s->sql, E));
	f.states = 1U << ALERT_RESOLVED;
	assert_int_equal(total(s, &f), 6);
	assert_int_equal(walk(s, &f, 4), 6);
	f.states = 1U << ALERT_OPEN;
	assert_int_equal(total(s, &f), MANY - 6);
	assert_int_equal(walk(s, &f, 400), MANY - 6);
	OK(alerts_history(s, ids[0], &a, &steps, &n, E));
	assert_int_equal(n, 2);
	assert_str(steps[0].who, "bob");
	assert_str(steps[1].note, "<b>it's</b> ok");
	assert_int_equal(steps[1].state, ALERT_RESOLVED);
	f.states = 1U << ALERT_RESOLVED;
	p = page(s, &f, 0, 1, &a);
	assert_true(p.items[0].who.n > 0);
	arena_done(&a);
}

static struct scope scope_of(const char *text, struct scope_selector *one, struct arena *a)
{
	OK(scope_parse(str_from(text), a, one, E));
	return (struct scope){ .any = one, .count = 1 };
}

static void scopes_hide(struct store *s, const char *where)
{
	static int64_t ids[MANY], times[MANY];
	struct scope_selector one;
	struct alert_facets c = { 0 };
	struct stored_alert got;
	struct alert_filter f = { 0 };
	struct scope pay;
	struct arena a;

	(void)where;
	arena_init(&a, 0);
	append_many(s, ids, times);
	pay = scope_of("namespace=pay", &one, &a);
	f.scope = &pay;
	assert_int_equal(total(s, &f), MANY / 3);
	assert_int_equal(walk(s, &f, 100), MANY / 3);
	OK(alerts_facets(s, &f, 10, &a, &c, E));
	assert_int_equal(c.count[ALERT_FACET_NAMESPACE], 1);
	OK(alerts_get(s, &pay, ids[0], &a, &got, E));
	FAILS(ENOENT, alerts_get(s, &pay, ids[1], &a, &got, E));
	OK(sql_begin(s->sql, E));
	assert_int_equal(
		OK(alerts_triage(s, &pay, ids, 3,
				 &(struct alert_decision){ ALERT_RESOLVED, S(""), S("x"), 1 }, E)),
		1);
	OK(sql_commit(s->sql, E));
	arena_done(&a);
}

static void old_days_are_dropped(struct store *s, const char *where)
{
	static int64_t ids[MANY], times[MANY];
	struct alert_stock stock = { 0 };
	struct alert_new a = sample("fresh", "h1", noon(2));
	struct store *other = NULL;
	int64_t left = 0;
	int r;

	OK(store_open(where, NULL, &other, E));
	append_many(s, ids, times);
	assert_int_equal(total(other, &everything), MANY);
	r = OK(alerts_retain(s, noon(1) - DAY_NS / 2, 0, E));
	assert_true(r >= 1 && r <= 2);
	for (int i = 0; i < MANY; i++)
		left += times[i] >= noon(1) - DAY_NS / 2;
	assert_int_equal(total(s, &everything), left);
	assert_int_equal(walk(s, &everything, 333), left);
	assert_int_equal(walk(other, &everything, 333), left);
	OK(alerts_stock(s, &stock, E));
	assert_int_equal(stock.alerts, left);
	assert_int_equal(stock.first_day, store_now() / DAY_NS - 1);
	/* A late one makes its day again. */
	append(other, &a, 1, noon(0), &ids[0]);
	assert_int_equal(total(s, &everything), left + 1);
	assert_int_equal(OK(alerts_retain(s, 0, 1, E)), 2);
	assert_int_equal(total(s, &everything), walk(s, &everything, 500));
	OK(alerts_prepare_days(s, store_now(), E));
	OK(alerts_prepare_days(other, store_now(), E));
	append_many(other, ids, times);
	store_close(other);
}

/* What a transaction took back is not remembered: series, dictionaries, counts. */
static void undone_is_undone(struct store *s, const char *where)
{
	static struct alert_new a[1500];
	static char docs[1500][200];
	struct arena arena;
	struct alert_page p;

	(void)where;
	arena_init(&arena, 0);
	for (int i = 0; i < 1500; i++) {
		a[i] = sample(i % 2 ? "x" : "y", "h", noon(0) - i * 1000000L);
		snprintf(docs[i], sizeof(docs[i]),
			 "{\"message\":\"number %d of a kind\",\"pid\":%d,\"name\":\"proc-%d\"}", i,
			 i * 31, i % 17);
		a[i].doc = str_from(docs[i]);
	}
	for (int round = 0; round < 3; round++) {
		OK(sql_begin(s->sql, E));
		OK(alerts_append(s, a, 1500, noon(0), NULL, E));
		OK(alerts_append(s, a, 1500, noon(0), NULL, E));
		sql_rollback(s->sql);
	}
	assert_int_equal(total(s, &everything), 0);
	append(s, a, 1500, noon(0), NULL);
	append(s, a, 1500, noon(0), NULL);
	assert_int_equal(total(s, &everything), 3000);
	assert_int_equal(walk(s, &everything, 1000), 3000);
	p = page(s, &everything, 0, 1000, &arena);
	for (size_t i = 0; i < p.count; i++)
		assert_true(str_starts(p.items[i].doc, S("{\"message\":\"number ")));
	arena_done(&arena);
}

/* What an agent makes up is stored, and counted, but not told apart without end. */
static void series_are_bounded(struct store *s, const char *where)
{
	static struct alert_new a[500];
	static char rules[500][32];
	struct alert_facets c = { 0 };
	struct series_index *index = NULL;
	struct series_figures f;
	struct arena arena;

	(void)where;
	arena_init(&arena, 0);
	OK(series_index_new(100, 0, &index, E));
	store_share(s, index);
	for (int i = 0; i < 500; i++) {
		snprintf(rules[i], sizeof(rules[i]), "made up %d", i);
		a[i] = sample(rules[i], "h", noon(0) - i * 1000000L);
	}
	append(s, a, 500, noon(0), NULL);
	append(s, a, 500, noon(0), NULL);
	alert_cache_rest(s);
	series_index_read(index, &f);
	assert_int_equal(f.series, 101);
	assert_int_equal(f.refused, 800);
	assert_true(f.texts < 120);
	OK(alerts_facets(s, &everything, 5, &arena, &c, E));
	assert_int_equal(c.total, 1000);
	assert_str(c.values[ALERT_FACET_RULE][0].value, "(other)");
	assert_int_equal(c.values[ALERT_FACET_RULE][0].count, 800);
	assert_int_equal(walk(s, &everything, 100), 1000);
	arena_done(&arena);
	alert_cache_free(TAKE(&s->alerts));
	store_share(s, NULL);
	series_index_free(index);
}

EACH(what_is_stored_is_read)
EACH(wrong_clocks_are_moved)
EACH(pages_hold_each_once)
EACH(time_bounds_are_kept)
EACH(facets_count_as_if_alone)
EACH(histograms_lose_nobody)
EACH(triage_moves_counts)
EACH(scopes_hide)
EACH(old_days_are_dropped)
EACH(undone_is_undone)
EACH(series_are_bounded)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_stored_is_read),
		cmocka_unit_test(test_wrong_clocks_are_moved),
		cmocka_unit_test(test_pages_hold_each_once),
		cmocka_unit_test(test_time_bounds_are_kept),
		cmocka_unit_test(test_facets_count_as_if_alone),
		cmocka_unit_test(test_histograms_lose_nobody),
		cmocka_unit_test(test_triage_moves_counts),
		cmocka_unit_test(test_scopes_hide),
		cmocka_unit_test(test_old_days_are_dropped),
		cmocka_unit_test(test_undone_is_undone),
		cmocka_unit_test(test_series_are_bounded),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

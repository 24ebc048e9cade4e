/*
 * Several writers at once, as replicas behind one address: agents may send the same batch to two of them. Everything is there
 * once, and counted once.
 */
#include <stdio.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "console/store/alert_walk.h"
#include "console/store/assets.h"
#include "console/store/housekeeping.h"
#include "console/store/ingest.h"
#include "console/store/partition.h"
#include "store_stage.h"

enum { WRITERS = 3, BATCHES = 25, BATCH = 40 };

struct batch {
	str agent;
	uint64_t no;
};

/* Batch `no` of an agent holds BATCH records; what is below its mark was stored already. */
static int store_batch(struct store *s, void *ctx, struct err *e)
{
	static struct alert_new alerts[BATCH];
	static char rules[BATCH][16];
	const struct batch *b = ctx;
	struct asset x = { .id = S("image:sha256:aa"), .name = S("shared"), .doc = S("{}") };
	uint64_t mark = 0;
	int r = ingest_mark(s, b->agent, S("life"), &mark, e);

	if (r < 0 || mark >= b->no * BATCH)
		return r;
	for (unsigned i = 0; i < BATCH; i++) {
		snprintf(rules[i], sizeof(rules[i]), "rule-%llu",
			 (unsigned long long)((b->no + i) % 9));
		alerts[i] = (struct alert_new){ .series = { .rule = str_from(rules[i]),
							    .host = b->agent },
						.time_ns = store_now() - (int64_t)i * HOUR_NS,
						.doc = S("{}") };
	}
	r = alerts_append(s, alerts, BATCH, store_now(), NULL, e);
	r = r < 0 ? r : sql_no_count(assets_put(s, &x, 1, store_now(), e));
	return r < 0 ? r : ingest_advance(s, b->agent, S("life"), b->no * BATCH, store_now(), e);
}

/* Sends its own agent's batches, and those of an agent that everybody sends. */
static void write_all(const char *where, unsigned no)
{
	struct store *s = NULL;
	struct err e = { 0 };
	char own[8];
	int r;

	snprintf(own, sizeof(own), "a-%u", no);
	r = store_open(where, NULL, &s, &e);
	for (uint64_t i = 1; r >= 0 && i <= BATCHES; i++) {
		struct batch mine = { str_from(own), i }, shared = { S("a-shared"), i };

		r = store_transact(s, store_batch, &mine, &e);
		r = r < 0 ? r : store_transact(s, store_batch, &shared, &e);
	}
	if (r < 0)
		fprintf(stderr, "writer %u: %s\n", no, e.text);
	store_close(s);
	_exit(r < 0);
}

static int64_t total(struct store *s, const str *host)
{
	struct alert_filter f = { .scope = &scope_everything };
	struct alert_facets c = { 0 };
	struct arena a;

	if (host)
		f.hosts = (struct alert_values){ host, 1 };
	arena_init(&a, 0);
	OK(alerts_facets(s, &f, 5, &a, &c, E));
	arena_done(&a);
	return c.total;
}

static void write_at_once(enum stage_engine engine)
{
	const char *where = store_stage_where(engine);
	const str shared = S("a-shared");
	struct store *s = NULL;
	pid_t writers[WRITERS];
	int64_t rows = 0;

	if (!where)
		return;
	OK(store_prepare(where, E));
	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = fork();
		if (writers[i] == 0)
			write_all(where, i);
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		int status = 0;

		waitpid(writers[i], &status, 0);
		assert_int_equal(status, 0);
	}
	OK(store_open(where, NULL, &s, E));
	assert_int_equal(total(s, NULL), (WRITERS + 1) * BATCHES * BATCH);
	assert_int_equal(total(s, &shared), BATCHES * BATCH);
	OK(sql_get_int(s->sql, "SELECT CAST(SUM(alerts) AS BIGINT) FROM alert_day", SQL_NONE, &rows,
		       E));
	assert_int_equal(rows, (WRITERS + 1) * BATCHES * BATCH);
	store_close(s);
}

static void test_writers_at_once_store_each_once(void **state)
{
	(void)state;
	write_at_once(STAGE_SQLITE);
	write_at_once(STAGE_POSTGRES);
}

static void houses_are_kept(struct store *s, const char *where)
{
	struct asset x = { .id = S("host:a-1"), .name = S("n"), .doc = S("{}") };
	int64_t days = 0, there = 0;

	(void)where;
	OK(assets_put(s, &x, 1, 100, E));
	OK(assets_gone(s, x.id, 200, E));
	assert_int_equal(OK(housekeeping(s, store_now(), NULL, E)), 0);
	assert_int_equal(OK(housekeeping(s, store_now(), NULL, E)), 0);
	OK(sql_get_int(s->sql, "SELECT COUNT(*) FROM alert_day", SQL_NONE, &days, E));
	assert_int_equal(days, 2);
	OK(sql_get_int(s->sql, "SELECT COUNT(*) FROM asset", SQL_NONE, &there, E));
	assert_int_equal(there, 0);
}

static void test_houses_are_kept(void **state)
{
	(void)state;
	store_stage_each(houses_are_kept);
}

static void append_one(struct store *s, const char *rule)
{
	struct alert_new a = { .series = { .rule = str_from(rule), .host = S("h") },
			       .time_ns = store_now(),
			       .doc = S("{}") };

	OK(sql_begin(s->sql, E));
	OK(alerts_append(s, &a, 1, store_now(), NULL, E));
	OK(sql_commit(s->sql, E));
}

/* One looks at all alerts while another stores such as nobody knows yet: what was there is shown, and no page fails. */
static void readers_are_not_hurt(struct store *writer, const char *where)
{
	const struct alert_filter all = { .scope = &scope_everything };
	struct store *reader = NULL;
	struct alert_walk *w = NULL;
	struct alert_page p = { 0 };
	struct alert_hit h;
	struct arena a;

	arena_init(&a, 0);
	OK(store_open(where, NULL, &reader, E));
	append_one(writer, "known");
	OK(alert_walk_new(reader, &all, 0, 10, &a, &w, E));
	append_one(writer, "known");
	append_one(writer, "new");
	for (int i = 0; i < 2; i++)
		assert_int_equal(alert_walk_next(w, &h, E), 1);
	assert_int_equal(alert_walk_next(w, &h, E), 0);
	OK(alerts_page(reader, &all, 0, 10, false, &a, &p, E));
	assert_int_equal(p.count, 3);
	store_close(reader);
	/* A series that should be there is damage, and told. */
	OK(sql_do(writer->sql, "DELETE FROM alert_series WHERE rule = 'known'", SQL_NONE, E));
	OK(store_open(where, NULL, &reader, E));
	FAILS(EUCLEAN, alerts_page(reader, &all, 0, 10, false, &a, &p, E));
	store_close(reader);
	arena_done(&a);
}

static void test_readers_are_not_hurt_by_writers(void **state)
{
	(void)state;
	store_stage_each(readers_are_not_hurt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writers_at_once_store_each_once),
		cmocka_unit_test(test_houses_are_kept),
		cmocka_unit_test(test_readers_are_not_hurt_by_writers),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

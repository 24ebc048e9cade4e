/* The counters that answer where alerts are too many to be read one by one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "alert_stage.h"
#include "console/store/alerts_priv.h"

enum { CROWD = 60000, CROWD_GROUP = 6000 };

static int add_up(void *ctx, const struct alert_cell *x, struct err *e)
{
	int64_t *sum = ctx;

	(void)e;
	*sum += x->n;
	return 0;
}

/* In cells that are not at their places yet. */
static int64_t count_new(struct store *s)
{
	OWNED_ROWS *rows = NULL;
	struct alert_cells c;
	struct alert_cell x;
	int64_t sum = 0;

	OK(sql_query(s->sql, "SELECT cells FROM alert_cells_new", SQL_NONE, &rows, E));
	while (OK(sql_next(rows, E)) > 0) {
		OK(alert_cells_open(sql_blob(rows, 0), &c, E));
		while (OK(alert_cells_next(&c, &x, E)) > 0)
			sum += x.n;
	}
	return sum;
}

/* What each way of counting adds up to, and in how many places: none is counted twice or left behind as hours pass. */
static void counts_are(struct store *s, int64_t n, int64_t fresh)
{
	int64_t got = -1;

	for (int span = ALERT_SPAN_ALL; span <= ALERT_SPAN_HOUR; span++) {
		int64_t sum = 0;

		OK(alert_counts_read(s, (enum alert_span)span, 0, 1000000, add_up, &sum, E));
		assert_int_equal(sum, n);
	}
	OK(sql_get_int(s->sql, "SELECT CAST(SUM(n) AS BIGINT) FROM alert_count_time", SQL_NONE,
		       &got, E));
	assert_int_equal(got, n);
	assert_int_equal(count_new(s), fresh);
	assert_int_equal(total(s, &everything), n);
}

static void hours_pass(struct store *s, const char *where)
{
	const int64_t now = noon(2);
	struct alert_new a[3] = { sample("r1", "h", now), sample("r1", "h", now),
				  sample("r2", "h", now - HOUR) };
	int64_t ids[3];

	(void)where;
	append(s, a, 3, now, ids);
	counts_are(s, 3, 3);
	append(s, a, 3, now + HOUR / 2, ids);
	counts_are(s, 6, 6);
	/* The hour is over: what it had goes to its places. */
	a[0].time_ns = a[1].time_ns = now + HOUR;
	append(s, a, 3, now + HOUR, NULL);
	counts_are(s, 9, 3);
	/* People decide about an alert of a past hour: it is one less there, and one more. */
	OK(sql_begin(s->sql, E));
	assert_int_equal(alerts_triage(s, &scope_everything, ids, 1,
				       &(struct alert_decision){ ALERT_RESOLVED, S(""), S("eve"),
								 now + HOUR },
				       E),
			 1);
	OK(sql_commit(s->sql, E));
	counts_are(s, 9, 3);
	/* A clock that lags behind, and a day that begins. */
	a[2].time_ns = a[0].time_ns = a[1].time_ns = now;
	append(s, a, 3, now, NULL);
	counts_are(s, 12, 6);
	append(s, a, 3, now + DAY_NS, NULL);
	counts_are(s, 15, 3);
}

/* However many transactions there are: what they add does not pile up. */
static void additions_are_gathered(struct store *s, const char *where)
{
	const int64_t now = noon(0);
	struct alert_new a[2] = { sample("r1", "h", now), sample("r2", "h", now - 3 * DAY_NS) };
	int64_t rows = 0;

	(void)where;
	for (int i = 1; i <= 80; i++) {
		append(s, a, 2, now, NULL);
		OK(sql_get_int(s->sql, "SELECT COUNT(*) FROM alert_cells_new", SQL_NONE, &rows, E));
		assert_in_range(rows, 1, 32);
	}
	/* Of those before the last gathering the late ones are where past hours are. */
	assert_in_range(count_new(s), 80, 120);
	counts_are(s, 160, count_new(s));
	/* The day of the late ones goes, those of today stay. */
	assert_int_equal(alerts_retain(s, now - 2 * DAY_NS, 0, E), 1);
	counts_are(s, 80, 80);
	assert_int_equal(
		sql_get_int(s->sql, "SELECT COUNT(*) FROM alert_series", SQL_NONE, &rows, E), 1);
	assert_int_equal(rows, 1);
}

/* A store of before, when rows did not say what an alert stands for; the table of a day that comes has the column already. */
static void rows_of_before_are_taken_over(struct store *s, const char *where)
{
	const int64_t now = noon(1), days[] = { now / DAY_NS - 1, now / DAY_NS };
	struct alert_new a[2] = { sample("r1", "h", now - DAY_NS), sample("r1", "h", now) };
	int64_t n = -1;

	append(s, a, 2, now, NULL);
	for (size_t i = 0; i < ARRAY_LEN(days); i++) {
		OWNED_BUF text = BUF_INIT;

		if (!sql_is_postgres(s->sql))
			buf_printf(&text, "ALTER TABLE alert_%" PRId64 " DROP COLUMN repeats",
				   days[i]);
		else if (i == 0)
			buf_add(&text, S("ALTER TABLE alert DROP COLUMN repeats"));
		if (text.n)
			OK(sql_script(s->sql, buf_cstr(&text), E));
	}
	for (int i = 0; i < 2; i++) {
		OK(sql_script(s->sql, "DELETE FROM migration WHERE name = 'alerts-4'", E));
		OK(store_prepare(where, E));
	}
	a[0].repeats = 5;
	a[1].repeats = 7;
	append(s, a, 2, now, NULL);
	for (size_t i = 0; i < ARRAY_LEN(days); i++) {
		OWNED_BUF text = BUF_INIT;

		partition_say(&alert_rows, days[i],
			      "SELECT CAST(SUM(repeats) AS BIGINT) FROM {table}", &text);
		OK(sql_get_int(s->sql, buf_cstr(&text), SQL_NONE, &n, E));
		assert_int_equal(n, i ? 7 : 5);
	}
}

/* A store of before, when each counter was a row. */
static int64_t count_decimal(struct store *s)
{
	int64_t n = -1;

	OK(sql_get_int(s->sql, "SELECT COUNT(*) FROM alert_cells WHERE cells >= ?1",
		       SQL_ARGS(SQL_B(S("0"))), &n, E));
	return n;
}

static void old_counters_are_taken_over(struct store *s, const char *where)
{
	static const char older[] =
		"DROP TABLE alert_cells;\n"
		"DROP TABLE alert_cells_new;\n"
		"CREATE TABLE alert_count_hour (hour BIGINT, series BIGINT, state BIGINT, n "
		"BIGINT);\n"
		"CREATE TABLE alert_count_day (day BIGINT, series BIGINT, state BIGINT, n "
		"BIGINT);\n"
		"CREATE TABLE alert_count_all (series BIGINT, state BIGINT, n BIGINT);\n"
		"CREATE TABLE alert_count_recent (hour BIGINT, series BIGINT, state BIGINT, n "
		"BIGINT);\n"
		"CREATE VIEW alert_hourly AS SELECT 1 AS one;\n"
		"CREATE VIEW alert_daily AS SELECT 1 AS one;\n"
		"CREATE VIEW alert_total AS SELECT 1 AS one;\n"
		"DELETE FROM migration WHERE name = 'alerts-3'";
	static const char *const put[] = {
		"INSERT INTO alert_count_hour VALUES (?1 - 24, 2, 0, 1), (?1, 1, 0, 1)",
		"INSERT INTO alert_count_day VALUES (?1 / 24 - 1, 2, 0, 1), (?1 / 24, 1, 0, 1)",
		("INSERT INTO alert_count_all SELECT series, state, n FROM alert_count_hour WHERE "
		 "hour <= ?1"),
		"INSERT INTO alert_count_recent VALUES (?1, 1, 0, 1)",
	};
	const int64_t now = noon(1);
	struct alert_new a[3] = { sample("r1", "h", now), sample("r1", "h", now),
				  sample("r2", "h", now - DAY_NS) };

	/* Nothing at all, then what three alerts of two series come to, of which one is of this hour. */
	OK(sql_script(s->sql, older, E));
	OK(store_prepare(where, E));
	append(s, a, 3, now, NULL);
	counts_are(s, 3, 3);
	OK(sql_script(s->sql, older, E));
	for (size_t i = 0; i < ARRAY_LEN(put); i++)
		OK(sql_do(s->sql, put[i], SQL_ARGS(SQL_I(now / HOUR)), E));
	OK(store_prepare(where, E));
	counts_are(s, 3, 1);
	append(s, a, 3, now + 2 * HOUR, NULL);
	counts_are(s, 6, 3);
	/* Of five places three were written since: the day before and its hour are not packed yet. */
	assert_int_equal(count_decimal(s), 2);
	assert_int_equal(alerts_repack(s, E), 2);
	assert_int_equal(count_decimal(s), 0);
	counts_are(s, 6, 3);
	assert_int_equal(alerts_repack(s, E), 0);
	assert_int_equal(alerts_retain(s, now - DAY_NS / 2, 0, E), 1);
	counts_are(s, 4, 0);
}

/* More than are packed at once: none is left out, none looked at again, and a store that is done stays done. */
static void old_counters_are_packed(struct store *s, const char *where)
{
	int packed = 0, turns = 0, n;

	(void)where;
	for (int64_t place = 10; place < 20; place++)
		OK(sql_do(s->sql, "INSERT INTO alert_cells (span, place, cells) VALUES (2, ?1, ?2)",
			  SQL_ARGS(SQL_I(place),
				   SQL_B(place % 2 ? S("12 1 0 5 12 2 0 7") : S("\1\x0c\1\4\x0a"))),
			  E));
	for (; (n = OK(alerts_repack(s, E))) > 0; turns++)
		packed += n;
	assert_int_equal(packed, 5);
	assert_int_equal(turns, 2);
	assert_int_equal(count_decimal(s), 0);
	OK(sql_do(s->sql, "UPDATE alert_cells SET cells = ?1", SQL_ARGS(SQL_B(S("12 1 0 5"))), E));
	assert_int_equal(alerts_repack(s, E), 0);
}

static bool in_crowd(int i, int rule, int64_t time, const struct alert_filter *f)
{
	return (rule < 0 || i % 7 == rule) && time >= f->since_ns &&
	       (!f->until_ns || time < f->until_ns);
}

static int64_t crowd_time(int i)
{
	return noon(0) - (int64_t)i * (7 * (int64_t)SECOND_NS);
}

/* Too many to be read one by one: the counters answer, and say the same. */
static void crowds_are_counted_right(struct store *s, const char *where)
{
	static struct alert_new a[CROWD_GROUP];
	static const char *const rules[] = { "r0", "r1", "r2", "r3", "r4", "r5", "r6" };
	const str rule = { "r3", 2 };
	struct arena arena;

	(void)where;
	arena_init(&arena, 0);
	for (int i = 0; i < CROWD; i++) {
		a[i % CROWD_GROUP] = sample(rules[i % 7], i % 2 ? "h0" : "h1", crowd_time(i));
		a[i % CROWD_GROUP].series.priority = i % 7 == 3 ? PRIORITY_ERROR : PRIORITY_NOTICE;
		if (i % CROWD_GROUP == CROWD_GROUP - 1)
			append(s, a, CROWD_GROUP, noon(0) + HOUR, NULL);
	}
	for (int k = 0; k < 12; k++) {
		struct alert_filter f = everything;
		struct alert_histogram h = { 0 };
		int64_t want = 0;

		if (k % 2)
			f.rules = (struct alert_values){ &rule, 1 };
		if (k % 3)
			f.since_ns = noon(k % 5) - (k > 8 ? 1234567891 : 0) - 90 * HOUR;
		if (k > 5)
			f.until_ns = noon(0) - (k % 4) * 7 * HOUR;
		for (int i = 0; i < CROWD; i++)
			want += in_crowd(i, k % 2 ? 3 : -1, crowd_time(i), &f);
		assert_int_equal(total(s, &f), want);
		OK(alerts_histogram(s, &f, 40, &arena, &h, E));
		assert_true(h.count <= 40);
		want = 0;
		f.since_ns = h.from_ns;
		f.until_ns = h.to_ns;
		for (int i = 0; i < CROWD; i++)
			want += in_crowd(i, k % 2 ? 3 : -1, crowd_time(i), &f);
		if (k <= 5)
			assert_int_equal(drawn(&h), want);
	}
	arena_done(&arena);
}

EACH(hours_pass)
EACH(additions_are_gathered)
EACH(rows_of_before_are_taken_over)
EACH(old_counters_are_taken_over)
EACH(old_counters_are_packed)
EACH(crowds_are_counted_right)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hours_pass),
		cmocka_unit_test(test_additions_are_gathered),
		cmocka_unit_test(test_rows_of_before_are_taken_over),
		cmocka_unit_test(test_old_counters_are_taken_over),
		cmocka_unit_test(test_old_counters_are_packed),
		cmocka_unit_test(test_crowds_are_counted_right),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

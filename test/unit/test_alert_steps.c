/* Decisions about alerts lie in their alerts' days, in the order they were made, and go with them. */
#include <inttypes.h>
#include <stdio.h>

#include "alert_stage.h"
#include "console/store/alerts_priv.h"

/* One alert of three days ago, one of the day before yesterday. */
static void append_two(struct store *s, int64_t ids[2])
{
	struct alert_new a[2] = {
		{ .series = { .rule = S("r") }, .time_ns = noon(3), .doc = S("{}") },
		{ .series = { .rule = S("r") }, .time_ns = noon(2), .doc = S("{}") },
	};

	OK(sql_begin(s->sql, E));
	OK(alerts_append(s, a, 2, noon(1), ids, E));
	OK(sql_commit(s->sql, E));
}

static void decide(struct store *s, const int64_t *ids, size_t count, enum alert_state to,
		   const char *note, int64_t at)
{
	OK(sql_begin(s->sql, E));
	OK(alerts_triage(s, &scope_everything, ids, count,
			 &(struct alert_decision){ to, str_from(note), S("eve"), at }, E));
	OK(sql_commit(s->sql, E));
}

/* The notes of an alert's history, the latest first, between spaces. */
static void history_is(struct store *s, int64_t id, const char *want)
{
	struct alert_step *steps = NULL;
	OWNED_BUF got = BUF_INIT;
	struct arena a;
	size_t n = 0;

	arena_init(&a, 0);
	OK(alerts_history(s, id, &a, &steps, &n, E));
	for (size_t i = 0; i < n; i++) {
		buf_add(&got, steps[i].note);
		buf_byte(&got, ' ');
	}
	assert_string_equal(buf_cstr(&got), want);
	arena_done(&a);
}

static int64_t count_in(struct store *s, int64_t day)
{
	OWNED_BUF text = BUF_INIT;
	int64_t n = -1;

	partition_say(&alert_steps, day, "SELECT COUNT(*) FROM {table}", &text);
	return sql_get_int(s->sql, buf_cstr(&text), SQL_NONE, &n, NULL) < 0 ? -1 : n;
}

static void decisions_go_with_their_days(struct store *s, const char *where)
{
	const int64_t day = noon(3) / DAY_NS;
	int64_t ids[2];

	(void)where;
	append_two(s, ids);
	decide(s, ids, 2, ALERT_RESOLVED, "first", 50);
	/* The clock was set back: the order is that of deciding. */
	decide(s, ids, 2, ALERT_OPEN, "second", 40);
	decide(s, &ids[1], 1, ALERT_RESOLVED, "third", 45);
	history_is(s, ids[0], "second first ");
	history_is(s, ids[1], "third second first ");
	assert_int_equal(count_in(s, day), 2);
	assert_int_equal(count_in(s, day + 1), 3);
	assert_int_equal(alerts_retain(s, noon(2) - DAY_NS / 2, 0, E), 1);
	assert_int_equal(count_in(s, day), -1);
	history_is(s, ids[0], "");
	history_is(s, ids[1], "third second first ");
}

/* As a version of before left it: one table, numbers of its own. */
static void go_back(struct store *s, const int64_t ids[2])
{
	OWNED_BUF text = BUF_INIT;

	if (sql_is_postgres(s->sql))
		buf_add(&text, S("DROP TABLE alert_decision;\n"));
	else
		for (int64_t day = noon(3) / DAY_NS; day <= noon(2) / DAY_NS; day++)
			buf_printf(&text, "DROP TABLE alert_decision_%" PRId64 ";\n", day);
	buf_add(&text, S("CREATE TABLE alert_step (id {id}, day BIGINT NOT NULL, alert BIGINT NOT "
			 "NULL, time_ns BIGINT NOT NULL, who {text} NOT NULL, state BIGINT NOT "
			 "NULL, note TEXT NOT NULL);\n"));
	for (int i = 0; i < 4; i++)
		buf_printf(&text,
			   "INSERT INTO alert_step VALUES (%d, %" PRId64 ", %" PRId64
			   ", 7, 'eve', 1, 'old%d');\n",
			   1000 + i, alert_id_day(ids[i % 2]), ids[i % 2], i);
	buf_add(&text, S("DELETE FROM migration WHERE name = 'alerts-5'"));
	OK(sql_script(s->sql, buf_cstr(&text), E));
}

static void those_of_before_are_taken_over(struct store *s, const char *where)
{
	int64_t ids[2], n;

	append_two(s, ids);
	go_back(s, ids);
	OK(store_prepare(where, E));
	history_is(s, ids[0], "old2 old0 ");
	history_is(s, ids[1], "old3 old1 ");
	decide(s, ids, 2, ALERT_RESOLVED, "new", 1);
	history_is(s, ids[0], "new old2 old0 ");
	FAILS(ENOEXEC, sql_get_int(s->sql, "SELECT COUNT(*) FROM alert_step", SQL_NONE, &n, E));
}

static void test_decisions_go_with_their_days(void **state)
{
	(void)state;
	store_stage_each(decisions_go_with_their_days);
}

static void test_those_of_before_are_taken_over(void **state)
{
	(void)state;
	store_stage_each(those_of_before_are_taken_over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions_go_with_their_days),
		cmocka_unit_test(test_those_of_before_are_taken_over),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

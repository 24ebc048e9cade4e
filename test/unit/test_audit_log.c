#include <pthread.h>

#include "store_stage.h"

#include "base/clock.h"
#include "console/store/audit.h"
#include "console/store/audit_verify.h"
#include "console/store/partition.h"

static struct arena arena;
static int64_t start = 1800000000 * (int64_t)SECOND_NS;

static void append(struct store *s, int64_t now, const char *target)
{
	OK(sql_begin(s->sql, E));
	OK(audit_append(s,
			&(struct audit_entry){ .time_ns = now,
					       .name = S("admin"),
					       .how = S("session"),
					       .action = S("DELETE /api/v1/x/{id}"),
					       .target = str_from(target),
					       .result = S("done"),
					       .after = S("{\"password\":\"hunter2\"}") },
			&arena, E));
	OK(sql_commit(s->sql, E));
}

static struct audit_report exported(struct store *s)
{
	struct audit_entry rows[50];
	struct audit_report report;
	OWNED_BUF out = BUF_INIT;
	size_t count;

	OK(audit_walk(s, 0, ARRAY_LEN(rows), &arena, rows, &count, E));
	for (size_t i = 0; i < count; i++) {
		audit_render(&rows[i], &out);
		buf_byte(&out, '\n');
	}
	assert_true(str_search(buf_str(&out), S("hunter2")) == out.n);
	OK(audit_verify(buf_str(&out), NULL, 0, NULL, &arena, &report, E));
	return report;
}

static void days_of_audit(struct store *s, const char *where)
{
	static const int64_t at[] = { 0, 1, 1, 3, 2, 3, 9, 9 }; /* days; the clock goes back once */
	struct audit_entry rows[50];
	struct audit_report report;
	OWNED_STORE *other = NULL;
	OWNED_BUF text = BUF_INIT;
	int64_t day;
	size_t count;

	OK(store_open(where, NULL, &other, E));
	for (size_t i = 0; i < ARRAY_LEN(at); i++)
		append(i % 2 ? other : s, start + at[i] * DAY_NS, "a \\ b\xff\x01 \u871c");
	report = exported(s);
	assert_int_equal(report.fault_count, 0);
	assert_int_equal(report.rows, ARRAY_LEN(at));

	OK(audit_page(s, &(struct audit_filter){ 0 }, 0, 3, &arena, rows, &count, E));
	assert_int_equal(count, 3);
	assert_int_equal(rows[0].id, 8);
	OK(audit_page(s, &(struct audit_filter){ 0 }, rows[2].id, 50, &arena, rows, &count, E));
	assert_int_equal(count, 5);
	assert_int_equal(rows[4].id, 1);
	OK(audit_page(s,
		      &(struct audit_filter){ .since_ns = start + DAY_NS,
					      .until_ns = start + 3 * DAY_NS },
		      0, 50, &arena, rows, &count, E));
	assert_int_equal(count, 3);
	OK(audit_page(s,
		      &(struct audit_filter){
			      .user = S("admin"), .action = S("DELETE /api"), .target = S("a \\") },
		      0, 50, &arena, rows, &count, E));
	assert_int_equal(count, 8);
	OK(audit_page(s, &(struct audit_filter){ .user = S("' OR 1=1 --") }, 0, 50, &arena, rows,
		      &count, E));
	assert_int_equal(count, 0);

	/* Whole days go, and the chain goes on from there. */
	assert_int_equal(OK(audit_drop_days(s, start + 2 * DAY_NS, E)), 2);
	report = exported(other);
	assert_int_equal(report.fault_count, 0);
	assert_int_equal(report.first, 4);
	assert_true(OK(audit_drop_days(s, start + 99 * DAY_NS, E)) == 1);
	report = exported(s);
	assert_int_equal(report.first, 7);
	append(s, start + 9 * DAY_NS, "more");
	assert_int_equal(exported(s).last, 9);

	/* Who writes to the table itself is found out. */
	day = (start + 9 * DAY_NS) / DAY_NS;
	buf_printf(&text, "UPDATE audit_log_%lld SET name = 'eve' WHERE id = 8", (long long)day);
	OK(sql_do(s->sql, buf_cstr(&text), SQL_NONE, E));
	report = exported(s);
	assert_int_equal(report.fault_count, 1);
	assert_int_equal(report.faults[0].kind, AUDIT_CHANGED);
	assert_int_equal(report.faults[0].id, 8);
}

struct appender {
	pthread_t id;
	const char *where;
	int error;
};

static void *append_many(void *arg)
{
	struct appender *x = arg;
	struct store *s = NULL;
	struct err e = { 0 };
	struct arena own;

	arena_init(&own, 1u << 20);
	x->error = store_open(x->where, NULL, &s, &e);
	for (int i = 0; i < 25 && x->error == 0; i++) {
		x->error = sql_begin(s->sql, &e);
		if (x->error == 0)
			x->error = audit_append(
				s,
				&(struct audit_entry){ .time_ns = start + (i / 10) * DAY_NS,
						       .name = S("both"),
						       .result = S("done") },
				&own, &e);
		if (x->error == 0)
			x->error = sql_commit(s->sql, &e);
		arena_reset(&own);
	}
	store_close(s);
	arena_done(&own);
	return NULL;
}

/* Two replicas at once, over the turn of days. */
static void many_append(struct store *s, const char *where)
{
	struct appender x[3] = { { .where = where }, { .where = where }, { .where = where } };
	struct audit_entry rows[100];
	OWNED_BUF out = BUF_INIT;
	struct audit_report report;
	size_t count;

	for (size_t i = 0; i < ARRAY_LEN(x); i++)
		assert_int_equal(pthread_create(&x[i].id, NULL, append_many, &x[i]), 0);
	for (size_t i = 0; i < ARRAY_LEN(x); i++) {
		pthread_join(x[i].id, NULL);
		assert_int_equal(x[i].error, 0);
	}
	OK(audit_walk(s, 0, ARRAY_LEN(rows), &arena, rows, &count, E));
	for (size_t i = 0; i < count; i++) {
		audit_render(&rows[i], &out);
		buf_byte(&out, '\n');
	}
	OK(audit_verify(buf_str(&out), NULL, 0, NULL, &arena, &report, E));
	assert_int_equal(report.rows, 75);
	assert_int_equal(report.last, 75);
	assert_int_equal(report.fault_count, 0);
}

static void the_chain_holds_when_many_append(void **state)
{
	(void)state;
	store_stage_each(many_append);
}

static void the_audit_log_goes_by_days(void **state)
{
	(void)state;
	store_stage_each(days_of_audit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_audit_log_goes_by_days),
		cmocka_unit_test(the_chain_holds_when_many_append),
	};
	arena_init(&arena, (size_t)64 << 20);

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

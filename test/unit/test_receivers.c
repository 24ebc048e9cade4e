#include "store_stage.h"
#include "unit_arena.h"

#include "console/store/notify_queue.h"
#include "console/store/receivers.h"

static int64_t add(struct store *s, const char *name)
{
	const struct stored_receiver r = { .name = str_from(name),
					   .kind = S("syslog"),
					   .filter = S("alert.severity <= 3"),
					   .enabled = true,
					   .settings = S("{\"url\":\"udp://h\"}"),
					   .updated_ns = 7,
					   .updated_by = S("eve") };
	int64_t id = 0;

	OK(sql_begin(s->sql, E));
	OK(receivers_add(s, &r, &id, E));
	OK(sql_commit(s->sql, E));
	return id;
}

static void receivers_are_kept(struct store *s, const char *where UNUSED)
{
	struct stored_receiver r, *list;
	int64_t version = -1, later, id;
	size_t count;

	OK(receivers_version(s, &version, E));
	id = add(s, "one'; DROP TABLE receiver");
	(void)add(s, "two");
	OK(receivers_version(s, &later, E));
	assert_true(later > version);
	OK(receivers_seal(s, id, ((str){ "\1\0\2", 3 }), E));
	OK(receivers_get(s, id, &arena, &r, E));
	assert_str(r.name, "one'; DROP TABLE receiver");
	assert_int_equal(r.sealed.n, 3);
	assert_int_equal(r.version, 1);
	assert_true(r.enabled);
	r.name = S("renamed");
	r.enabled = false;
	OK(receivers_put(s, &r, E));
	OK(receivers_list(s, &arena, &list, &count, E));
	assert_int_equal(count, 2);
	assert_str(list[0].name, "renamed");
	assert_int_equal(list[0].version, 2);
	assert_int_equal(list[0].sealed.n, 3);
	r.name = S("two");
	FAILS(EEXIST, receivers_put(s, &r, E));
	OK(receivers_delete(s, id, E));
	FAILS(ENOENT, receivers_delete(s, id, E));
	FAILS(ENOENT, receivers_get(s, id, &arena, &r, E));
	FAILS(ENOENT, receivers_seal(s, id, S(""), E));
	OK(receivers_version(s, &version, E));
	assert_true(version > later);
}

static void states_of_replicas_are_added_up(struct store *s, const char *where UNUSED)
{
	const int64_t id = add(s, "one");
	struct receiver_state one[] = {
		{ .receiver = id, .sent = 5, .waiting = 1, .why = S("away") },
		{ .receiver = id + 999, .sent = 1, .why = S("") }
	};
	struct receiver_state two = {
		.receiver = id, .sent = 3, .failed = 2, .sent_ns = 9, .why = S("")
	};
	struct receiver_state *list;
	size_t count;

	OK(receiver_states_put(s, S("a"), one, 2, E));
	OK(receiver_states_put(s, S("b"), &two, 1, E));
	one[0].sent = 6;
	OK(receiver_states_put(s, S("a"), one, 1, E));
	OK(receiver_states(s, 0, &arena, &list, &count, E));
	/* Nothing is kept of one that is gone. */
	assert_int_equal(count, 1);
	assert_int_equal(list[0].sent, 9);
	assert_int_equal(list[0].failed, 2);
	assert_int_equal(list[0].waiting, 1);
	assert_int_equal(list[0].sent_ns, 9);
	assert_str(list[0].why, "away");
	OK(receivers_delete(s, id, E));
	OK(receiver_states(s, id, &arena, &list, &count, E));
	assert_int_equal(count, 0);
}

static void the_queue_keeps_the_order_of_arrival(struct store *s, const char *where UNUSED)
{
	const int64_t first[] = { 900, INT64_MAX, 5 }, second[] = { 3 };
	static int64_t many[40000];
	struct notify_batch b;

	assert_int_equal(OK(notify_queue_read(s, 10, &arena, &b, E)), 0);
	OK(sql_begin(s->sql, E));
	OK(notify_queue_add(s, first, 3, E));
	OK(notify_queue_add(s, second, 1, E));
	OK(notify_queue_add(s, NULL, 0, E));
	OK(sql_commit(s->sql, E));
	assert_int_equal(OK(notify_queue_read(s, 1, &arena, &b, E)), 1);
	assert_int_equal(b.count, 3);
	assert_true(b.ids[0] == 900 && b.ids[1] == INT64_MAX && b.ids[2] == 5);
	OK(notify_queue_drop(s, &b, E));
	assert_int_equal(OK(notify_queue_read(s, 10, &arena, &b, E)), 1);
	assert_int_equal(b.count, 1);
	assert_int_equal(b.ids[0], 3);
	OK(notify_queue_drop(s, &b, E));
	/* What is not committed is not told. */
	OK(sql_begin(s->sql, E));
	OK(notify_queue_add(s, many, ARRAY_LEN(many), E));
	sql_rollback(s->sql);
	assert_int_equal(OK(notify_queue_read(s, 10, &arena, &b, E)), 0);
	OK(sql_begin(s->sql, E));
	OK(notify_queue_add(s, many, ARRAY_LEN(many), E));
	OK(sql_commit(s->sql, E));
	OK(notify_queue_read(s, 10, &arena, &b, E));
	assert_int_equal(b.count, ARRAY_LEN(many));
	assert_int_equal(b.row_count, 3);
}

static void keeps_receivers(void **state UNUSED)
{
	store_stage_each(receivers_are_kept);
}

static void adds_up_states(void **state UNUSED)
{
	store_stage_each(states_of_replicas_are_added_up);
}

static void keeps_the_queue(void **state UNUSED)
{
	store_stage_each(the_queue_keeps_the_order_of_arrival);
}

static int up(void **state)
{
	return arena_setup(state) < 0 ? -1 : store_stage_up(state);
}

static int down(void **state)
{
	(void)arena_teardown(state);
	return store_stage_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_receivers),
		cmocka_unit_test(adds_up_states),
		cmocka_unit_test(keeps_the_queue),
	};

	return cmocka_run_group_tests_name("receivers", tests, up, down);
}

/* Who joins, who is silent, what is asked of whom: against a store of its own. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "console/fleet/fleet_priv.h"
#include "console/store/alerts.h"

static char folder[64];
static struct store *store;
static struct fleet *fleet;
static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/fleet-XXXXXX");
	if (!mkdtemp(folder) || store_prepare(folder, NULL) < 0 ||
	    store_open(folder, NULL, &store, NULL) < 0 ||
	    fleet_new(&(struct fleet_options){ 0 }, &fleet, NULL) < 0)
		return -1;
	arena_init(&arena, FLEET_ARENA_BYTES);
	return 0;
}

static int tear_down(void **state)
{
	char path[128];

	(void)state;
	fleet_free(fleet);
	store_close(store);
	arena_done(&arena);
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = { "skep.db", "skep.db-wal", "skep.db-shm",
						     "skep.db-clock" };

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)remove(path);
	}
	(void)remove(folder);
	return 0;
}

static void join(const char *secret, const char *request, int want, char ret[AGENT_ID_BYTES])
{
	const struct agent_node n = { .name = S("node"), .version = S("1") };
	uint8_t s[JOIN_TOKEN_SECRET_BYTES], q[SHA256_BYTES];

	memset(s, secret[0], sizeof(s));
	memset(q, request[0], sizeof(q));
	assert_int_equal(agent_join(store, s, q, &n, ret, NULL), want);
}

static void make_token(char secret, int64_t uses, int64_t life_ns)
{
	uint8_t s[JOIN_TOKEN_SECRET_BYTES], sum[SHA256_BYTES];
	char text[2 * SHA256_BYTES + 1];

	memset(s, secret, sizeof(s));
	sha256_of((str){ (const char *)s, sizeof(s) }, sum);
	hex_render(sum, sizeof(sum), text);
	assert_int_equal(
		sql_do(store->sql,
		       "INSERT INTO agent_token (secret, made_ns, expires_ns, uses, uses_left, "
		       "labels, "
		       "made_by) VALUES (?1, 1, ?2, ?3, ?3, 'cluster=x', 'test')",
		       SQL_ARGS(SQL_T(str_from(text)), SQL_I(store_now() + life_ns), SQL_I(uses)),
		       NULL),
		1);
}

static void test_joining(void **state)
{
	char a[AGENT_ID_BYTES], b[AGENT_ID_BYTES];
	struct agent got;

	(void)state;
	make_token('s', 1, 1000000000);
	make_token('o', 1, -1);
	join("x", "q", -EACCES, a);
	join("o", "q", -EACCES, a);
	join("s", "q", 0, a);
	join("s", "q", 0, b);
	assert_string_equal(a, b);
	join("s", "r", -EACCES, b);
	assert_int_equal(agent_get(store, str_from(a), &arena, &got, NULL), 0);
	assert_true(str_is(got.labels, "cluster=x") && str_is(got.name, "node"));
	assert_int_equal(agent_certificate_add(store, str_from(a), S("ab"), 99, NULL), 0);
	assert_int_equal(agent_check(store, str_from(a), S("ab"), NULL), 0);
	assert_int_equal(agent_check(store, str_from(a), S("cd"), NULL), -EACCES);
	assert_int_equal(agent_check(store, S("a-other"), S("ab"), NULL), -EACCES);
	assert_int_equal(agent_revoke(store, str_from(a), NULL), 0);
	assert_int_equal(agent_check(store, str_from(a), S("ab"), NULL), -EACCES);
	/* A revoked agent's request is no way back in. */
	join("s", "q", -EACCES, b);
	assert_int_equal(agent_delete(store, str_from(a), NULL), 0);
	assert_int_equal(agent_delete(store, str_from(a), NULL), -ENOENT);
}

static void be_last_heard(const char *agent, int64_t ns)
{
	assert_int_equal(sql_do(store->sql, "UPDATE agent SET seen_ns = ?2 WHERE id = ?1",
				SQL_ARGS(SQL_T(str_from(agent)), SQL_I(ns)), NULL),
			 1);
}

static int64_t count_alerts(void)
{
	int64_t n = -1;

	assert_true(sql_get_int(store->sql, "SELECT COALESCE(SUM(n), 0) FROM alert_count_time",
				SQL_NONE, &n, NULL) >= 0);
	return n;
}

static void test_silence_is_told_once(void **state)
{
	char a[AGENT_ID_BYTES];
	struct agent got;

	(void)state;
	make_token('s', 1, 1000000000);
	join("s", "q", 0, a);
	be_last_heard(a, store_now() - 2 * AGENT_SILENT_NS);
	/* Just begun: who was away, they or we? */
	assert_int_equal(fleet_tick(fleet, store, &arena, NULL), 0);
	assert_int_equal(count_alerts(), 0);
	fleet->started_ns = 1;
	assert_int_equal(fleet_tick(fleet, store, &arena, NULL), 0);
	assert_int_equal(count_alerts(), 1);
	assert_int_equal(fleet_tick(fleet, store, &arena, NULL), 0);
	assert_int_equal(count_alerts(), 1);
	/* Heard of, and silent again. */
	assert_int_equal(agent_seen(store, str_from(a), S("127.0.0.1"), NULL, NULL), 0);
	assert_int_equal(agent_get(store, str_from(a), &arena, &got, NULL), 0);
	assert_false(got.silent);
	be_last_heard(a, store_now() - 2 * AGENT_SILENT_NS);
	assert_int_equal(fleet_tick(fleet, store, &arena, NULL), 0);
	assert_int_equal(count_alerts(), 2);
	/* One that said goodbye is missed by nobody; nor is any when the clock jumps. */
	assert_int_equal(agent_seen(store, str_from(a), S("127.0.0.1"), NULL, NULL), 0);
	assert_int_equal(agent_set_ended(store, str_from(a), NULL), 0);
	be_last_heard(a, 1);
	assert_int_equal(fleet_tick(fleet, store, &arena, NULL), 0);
	assert_int_equal(agent_seen(store, str_from(a), S("127.0.0.1"), NULL, NULL), 0);
	be_last_heard(a, 1);
	fleet->ticked_at_ns -= (int64_t)3600 * 1000000000;
	assert_int_equal(fleet_tick(fleet, store, &arena, NULL), 0);
	assert_int_equal(count_alerts(), 2);
}

static void be_ahead(const char *agent, int64_t ms, bool want_off)
{
	struct agent got;

	assert_int_equal(agent_seen(store, str_from(agent), S("127.0.0.1"), &ms, NULL), 0);
	assert_int_equal(agent_get(store, str_from(agent), &arena, &got, NULL), 0);
	assert_true(got.clock_known && got.clock_ms == ms && got.clock_off == want_off);
}

static void test_clocks_that_are_off_are_told_once(void **state)
{
	const int64_t hour = 3600000;
	struct agent_clocks clocks;
	char a[AGENT_ID_BYTES];

	(void)state;
	make_token('s', 1, 1000000000);
	join("s", "q", 0, a);
	assert_false(fleet_clocks(fleet, &clocks));
	be_ahead(a, -hour, false);
	be_ahead(a, -hour, true);
	/* Just begun: whose clock is it? */
	assert_int_equal(fleet_tick(fleet, store, &arena, NULL), 0);
	assert_int_equal(count_alerts(), 0);
	assert_true(fleet_clocks(fleet, &clocks));
	assert_true(clocks.known == 1 && clocks.off == 1 && clocks.most_ms == hour);
	fleet->started_ns = 1;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fleet_tick(fleet, store, &arena, NULL), 0);
		be_ahead(a, -hour, true);
		assert_int_equal(count_alerts(), 1);
	}
	be_ahead(a, 100, false);
	be_ahead(a, hour, false);
	assert_int_equal(fleet_tick(fleet, store, &arena, NULL), 0);
	assert_int_equal(count_alerts(), 1);
	be_ahead(a, hour, true);
	assert_int_equal(fleet_tick(fleet, store, &arena, NULL), 0);
	assert_int_equal(count_alerts(), 2);
	/* The console's own clock jumps: all others seem to. */
	be_ahead(a, 0, false);
	be_ahead(a, hour, false);
	be_ahead(a, hour, true);
	fleet->ticked_at_ns -= (int64_t)3600 * 1000000000;
	assert_int_equal(fleet_tick(fleet, store, &arena, NULL), 0);
	assert_int_equal(count_alerts(), 2);
}

static void test_a_batch_says_when_it_was_sent(void **state)
{
	const int64_t came_ns = (int64_t)1700000000123 * 1000000 + 999;
	int64_t ms = 7;

	(void)state;
	assert_true(batch_clock(S("1700000000100"), came_ns, &ms) && ms == -23);
	assert_true(batch_clock(S("1700000060123"), came_ns, &ms) && ms == 60000);
	assert_true(batch_clock(S("0"), came_ns, &ms) && ms == -1700000000123);
	assert_true(batch_clock(S("999999999999999"), came_ns, &ms) && ms > 0);
	ms = 7;
	assert_false(batch_clock(S(""), came_ns, &ms) || batch_clock(S("-5"), came_ns, &ms));
	assert_false(batch_clock(S("1700000000.5"), came_ns, &ms));
	assert_false(batch_clock(S("1000000000000000"), came_ns, &ms));
	assert_int_equal(ms, 7);
}

static void test_commands(void **state)
{
	char a[AGENT_ID_BYTES];
	int64_t first, second, after = 0;
	str lines;

	(void)state;
	make_token('s', 1, 1000000000);
	join("s", "q", 0, a);
	assert_int_equal(agent_command_add(store, str_from(a), "ping", S(""), &first, NULL), 0);
	assert_int_equal(agent_command_add(store, str_from(a), "ping", S(""), &second, NULL), 0);
	assert_int_equal(first, second); /* one that waits is enough */
	assert_int_equal(
		agent_command_add(store, str_from(a), "scan", S("\"image\":\"i\""), &second, NULL),
		0);
	assert_int_equal(fleet_commands(fleet, store, &arena, a, &after, &lines, NULL), 0);
	assert_int_equal(after, second);
	assert_true(str_search(lines, S("\"kind\":\"scan\",\"image\":\"i\"}\n")) < lines.n);
	assert_int_equal(fleet_commands(fleet, store, &arena, a, &after, &lines, NULL), 0);
	assert_int_equal(lines.n, 0);
	/* Another's result is nobody's. */
	assert_int_equal(agent_command_done(store, S("a-other"), first, true, S(""), NULL), 0);
	assert_int_equal(agent_command_done(store, str_from(a), second, true, S(""), NULL), 0);
	after = 0;
	assert_int_equal(fleet_commands(fleet, store, &arena, a, &after, &lines, NULL), 0);
	assert_int_equal(after, first);
	assert_int_equal(agent_revoke(store, str_from(a), NULL), 0);
	assert_int_equal(fleet_commands(fleet, store, &arena, a, &after, &lines, NULL), -EACCES);
}

static int64_t sent(const char *agent, const char *kind, const char *members)
{
	int64_t id = 0;

	assert_int_equal(
		agent_command_add(store, str_from(agent), kind, str_from(members), &id, NULL), 0);
	return id;
}

/* Others and back again, before the agent says that it has the first: these come behind the others. */
static void test_rules_that_come_back_are_sent_again(void **state)
{
	char a[AGENT_ID_BYTES];
	int64_t first, other, last;

	(void)state;
	make_token('s', 1, 1000000000);
	join("s", "q", 0, a);
	first = sent(a, "rules", "\"etag\":\"a\"");
	assert_int_equal(sent(a, "rules", "\"etag\":\"a\""), first);
	other = sent(a, "rules", "\"etag\":\"b\"");
	last = sent(a, "rules", "\"etag\":\"a\"");
	assert_true(first < other && other < last);
	assert_int_equal(sent(a, "rules", "\"etag\":\"a\""), last);
	/* An image is as good read whatever else is to be. */
	first = sent(a, "scan", "\"image\":\"i\"");
	(void)sent(a, "scan", "\"image\":\"j\"");
	assert_int_equal(sent(a, "scan", "\"image\":\"i\""), first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_joining, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_clocks_that_are_off_are_told_once, set_up,
						tear_down),
		cmocka_unit_test(test_a_batch_says_when_it_was_sent),
		cmocka_unit_test_setup_teardown(test_silence_is_told_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_commands, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rules_that_come_back_are_sent_again, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

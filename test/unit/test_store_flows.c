/* Who talked to whom: counts that add up, other ends that become assets, days that go whole. */
#include "store_stage.h"

#include <stdio.h>

#include "console/store/flows.h"
#include "console/store/partition.h"

static const int64_t now = (int64_t)20000 * DAY_NS + 10 * HOUR_NS;
static struct arena arena;

static struct flow_new flow(const char *asset, bool server, const char *local, const char *peer,
			    int64_t n)
{
	return (struct flow_new){ .asset = str_from(asset),
				  .process = S("p"),
				  .server = server,
				  .protocol = S("tcp"),
				  .local = str_from(local),
				  .peer = str_from(peer),
				  .port = 80,
				  .connections = n,
				  .first_ns = now - 5,
				  .last_ns = now };
}

static void tell_at(struct store *s, const char *agent, struct flow_new f, int64_t at)
{
	OK(sql_begin(s->sql, E));
	OK(flows_append(s, str_from(agent), &f, 1, at, E));
	OK(sql_commit(s->sql, E));
}

static void tell(struct store *s, const char *agent, struct flow_new f)
{
	tell_at(s, agent, f, now);
}

static void put_asset(struct store *s, const char *id, const char *name, const char *namespace)
{
	const struct asset a = { .id = str_from(id),
				 .agent = S("a-1"),
				 .name = str_from(name),
				 .namespace = str_from(namespace),
				 .doc = S("{}"),
				 .risk = -1 };

	OK(sql_begin(s->sql, E));
	OK(assets_put(s, &a, 1, now, E));
	OK(sql_commit(s->sql, E));
}

static struct flow_page list(struct store *s, struct flow_filter f)
{
	struct flow_page page;

	if (!f.scope)
		f.scope = &scope_everything;
	if (!f.until_ns) {
		f.since_ns = now - DAY_NS;
		f.until_ns = now;
	}
	OK(flows_page(s, &f, (str){ 0 }, 100, &arena, &page, E));
	return page;
}

static struct flow only(struct store *s, const char *asset)
{
	struct flow_page page = list(s, (struct flow_filter){ .asset = str_from(asset) });

	assert_int_equal(page.count, 1);
	return page.items[0];
}

static void add_up(struct store *s, const char *where UNUSED)
{
	struct flow_new f = flow("container:a", false, "10.0.0.1", "192.0.2.7", 3), earlier = f;
	struct flow x;

	tell(s, "a-1", f);
	tell(s, "a-1", f);
	earlier.connections = 1;
	earlier.first_ns = earlier.last_ns = now - 3 * HOUR_NS;
	tell(s, "a-1", earlier);
	earlier.first_ns = earlier.last_ns = now - DAY_NS;
	tell(s, "a-1", earlier);
	x = only(s, "container:a");
	assert_int_equal(x.connections, 8);
	assert_true(x.first_ns == now - DAY_NS && x.last_ns == now && !x.server && x.port == 80);
	assert_str(x.peer, "192.0.2.7");
	assert_int_equal(x.peer_asset.n, 0);
	/* By whole hours. */
	assert_int_equal(
		list(s, (struct flow_filter){ .since_ns = now - 2 * HOUR_NS, .until_ns = now })
			.items[0]
			.connections,
		6);
	assert_int_equal(list(s, (struct flow_filter){ .peer = S("192.0.2.7"), .port = 80 }).count,
			 1);
	assert_int_equal(list(s, (struct flow_filter){ .peer = S("192.0.2.8") }).count, 0);
	assert_int_equal(list(s, (struct flow_filter){ .port = 81 }).count, 0);
}

/* Whoever tells first: both ends know the other when both were told. */
static void find_the_other_end(struct store *s, const char *where UNUSED)
{
	put_asset(s, "container:web", "web", "");
	put_asset(s, "container:db", "db", "");
	tell(s, "a-1", flow("container:web", false, "10.1.0.2", "10.2.0.3", 1));
	assert_int_equal(only(s, "container:web").peer_asset.n, 0);
	tell(s, "a-2", flow("container:db", true, "10.2.0.3", "10.1.0.2", 1));
	assert_str(only(s, "container:web").peer_asset, "container:db");
	assert_str(only(s, "container:web").peer_name, "db");
	assert_str(only(s, "container:db").peer_asset, "container:web");
	assert_int_equal(list(s, (struct flow_filter){ .peer = S("container:db") }).count, 1);
	/* The same addresses behind another host's bridge are others. */
	tell(s, "a-3", flow("container:web3", false, "172.17.0.2", "172.17.0.3", 1));
	tell(s, "a-4", flow("container:web4", false, "172.17.0.2", "172.17.0.3", 1));
	tell(s, "a-3", flow("container:db3", true, "172.17.0.3", "172.17.0.2", 1));
	tell(s, "a-4", flow("container:db4", true, "172.17.0.3", "172.17.0.2", 1));
	assert_str(only(s, "container:db3").peer, "172.17.0.2");
	tell(s, "a-3", flow("container:web3", false, "172.17.0.2", "172.17.0.3", 1));
	tell(s, "a-4", flow("container:web4", false, "172.17.0.2", "172.17.0.3", 1));
	put_asset(s, "container:db3", "db3", "");
	put_asset(s, "container:db4", "db4", "");
	assert_str(only(s, "container:web3").peer_asset, "container:db3");
	assert_str(only(s, "container:web4").peer_asset, "container:db4");
	/* Loopback is nobody's. */
	tell(s, "a-1", flow("container:l1", true, "127.0.0.1", "127.0.0.1", 1));
	tell(s, "a-1", flow("container:l2", false, "127.0.0.1", "127.0.0.1", 1));
	assert_int_equal(only(s, "container:l2").peer_asset.n, 0);
}

/* An address that was translated on the way: who alone has it at this host, or its host among several. */
static void find_who_has_the_address(struct store *s, const char *where UNUSED)
{
	put_asset(s, "container:client", "client", "");
	put_asset(s, "host:a-1", "node", "");
	tell(s, "a-1", flow("container:client", false, "10.0.0.5", "10.96.0.1", 1));
	tell(s, "a-1", flow("container:server", true, "10.0.0.9", "10.0.0.5", 1));
	assert_str(only(s, "container:server").peer_asset, "container:client");
	tell(s, "a-1", flow("container:proxy", false, "192.0.2.1", "198.51.100.1", 1));
	tell(s, "a-1", flow("host:a-1", false, "192.0.2.1", "198.51.100.2", 1));
	tell(s, "a-1", flow("container:seen", true, "10.0.0.8", "192.0.2.1", 1));
	assert_str(only(s, "container:seen").peer_asset, "host:a-1");
}

static void keep_to_scopes(struct store *s, const char *where UNUSED)
{
	struct scope_selector shop;
	struct scope scope = { .any = &shop, .count = 1 };
	struct asset_neighbour *near;
	struct flow_page page;
	size_t count;
	bool cut;

	OK(scope_parse(S("namespace=shop"), &arena, &shop, E));
	put_asset(s, "container:ours", "ours", "shop");
	put_asset(s, "container:theirs", "theirs", "pay");
	tell(s, "a-1", flow("container:ours", false, "10.0.0.1", "10.0.0.2", 1));
	tell(s, "a-1", flow("container:theirs", true, "10.0.0.2", "10.0.0.1", 1));
	tell(s, "a-1", flow("container:ours", false, "10.0.0.1", "10.0.0.2", 1));
	tell(s, "a-1", flow("", false, "10.0.0.7", "10.0.0.8", 1));
	page = list(s, (struct flow_filter){ .scope = &scope });
	assert_int_equal(page.count, 1);
	assert_str(page.items[0].asset, "container:ours");
	assert_true(!page.items[0].peer_asset.n && !page.items[0].peer_name.n);
	assert_int_equal(list(s, (struct flow_filter){ 0 }).count, 3);
	OK(flows_neighbours(s, &scope_everything, S("container:ours"), now - DAY_NS, 10, &arena,
			    &near, &count, &cut, E));
	assert_true(count == 1 && near[0].outgoing && !cut);
	assert_str(near[0].asset.id, "container:theirs");
	assert_str(near[0].kind, "talks-to");
	OK(flows_neighbours(s, &scope, S("container:ours"), now - DAY_NS, 10, &arena, &near, &count,
			    &cut, E));
	assert_int_equal(count, 0);
}

static void turn_pages(struct store *s, const char *where UNUSED)
{
	const struct flow_filter f = { .scope = &scope_everything,
				       .since_ns = now - DAY_NS,
				       .until_ns = now };
	struct flow_page page = { 0 };
	size_t total = 0, pages = 0;
	char address[32], last[32] = "";

	for (int i = 0; i < 600; i++) {
		snprintf(address, sizeof(address), "10.3.%d.%d", i / 100, i % 100);
		tell(s, "a-1", flow("container:many", i % 2, "10.0.0.1", address, 1));
	}
	do {
		OK(flows_page(s, &f, page.next, 70, &arena, &page, E));
		for (size_t i = 0; i < page.count; i++) {
			assert_true(str_cmp(str_from(last), page.items[i].peer) < 0);
			snprintf(last, sizeof(last), "%.*s", STR_ARG(page.items[i].peer));
		}
		total += page.count;
		pages++;
	} while (page.next.n);
	assert_int_equal(total, 600);
	assert_true(pages >= 9);
	FAILS(EINVAL, flows_page(s, &f, S("bm90IG91cnM"), 10, &arena, &page, E));
}

static int64_t days(struct store *s)
{
	int64_t n = 0;

	OK(sql_get_int(s->sql, "SELECT COUNT(*) FROM flow_day", SQL_NONE, &n, E));
	return n;
}

static void drop_whole_days(struct store *s, const char *where UNUSED)
{
	struct flow_new old = flow("container:old", false, "10.0.0.1", "10.0.0.2", 1), odd = old;

	old.first_ns = old.last_ns = now - 3 * DAY_NS;
	odd.first_ns = odd.last_ns = 5; /* a clock that stands at 1970 makes no table of its own */
	tell(s, "a-1", old);
	tell(s, "a-1", odd);
	tell(s, "a-1", flow("container:new", false, "10.0.0.1", "10.0.0.2", 1));
	assert_int_equal(days(s), 2);
	assert_int_equal(OK(flows_keep(s, now, now - 2 * DAY_NS, E)), 1);
	assert_int_equal(days(s), 2); /* today, and tomorrow made ahead */
	assert_int_equal(OK(flows_keep(s, now, now - 2 * DAY_NS, E)), 0);
	assert_int_equal(
		list(s, (struct flow_filter){ .since_ns = now - 10 * DAY_NS, .until_ns = now })
			.count,
		2);
}

EACH(add_up)
EACH(find_the_other_end)
EACH(find_who_has_the_address)
EACH(keep_to_scopes)
EACH(turn_pages)
EACH(drop_whole_days)

static int up(void **state)
{
	arena_init(&arena, (size_t)64 << 20);
	return store_stage_up(state);
}

static int down(void **state)
{
	arena_done(&arena);
	return store_stage_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_up),
		cmocka_unit_test(test_find_the_other_end),
		cmocka_unit_test(test_find_who_has_the_address),
		cmocka_unit_test(test_keep_to_scopes),
		cmocka_unit_test(test_turn_pages),
		cmocka_unit_test(test_drop_whole_days),
	};

	return cmocka_run_group_tests(tests, up, down);
}

#include <stdio.h>

#include "base/buf.h"
#include "console/store/assets.h"
#include "store_stage.h"

static struct asset container(const char *id, const char *name, const char *namespace)
{
	return (struct asset){ .id = str_from(id),
			       .name = str_from(name),
			       .agent = S("a-1"),
			       .host = S("node1"),
			       .namespace = str_from(namespace),
			       .image = S("nginx:1.25"),
			       .image_id = S("image:sha256:aa"),
			       .labels = S(",team=red,"),
			       .state = S("running"),
			       .doc = S("{\"privileged\":true}"),
			       .risk = -1 };
}

static void put(struct store *s, const struct asset *x, size_t n, int64_t now, int fresh)
{
	OK(sql_begin(s->sql, E));
	assert_int_equal(OK(assets_put(s, x, n, now, E)), fresh);
	OK(sql_commit(s->sql, E));
}

static size_t count_all(struct store *s, struct asset_filter f, size_t limit)
{
	struct arena a;
	str cursor = { 0 };
	size_t n = 0;
	char last[64] = "";

	arena_init(&a, 0);
	do {
		struct asset_page p = { 0 };

		OK(assets_page(s, &f, cursor, limit, false, &a, &p, E));
		for (size_t i = 0; i < p.count; i++) {
			assert_true(str_cmp(str_from(last), p.items[i].name) <= 0);
			snprintf(last, sizeof(last), "%.*s", STR_ARG(p.items[i].name));
		}
		n += p.count;
		cursor = p.next;
	} while (cursor.n);
	arena_done(&a);
	return n;
}

static void what_comes_back_has_a_history(struct store *s, const char *where)
{
	struct asset x = container("container:c1", "web", "shop");
	struct asset_period *list;
	struct asset_neighbour *past;
	struct arena a;
	size_t n;

	(void)where;
	arena_init(&a, 0);
	put(s, &x, 1, 100, 1);
	OK(assets_relate(s, x.id, S("uses"), &S("image:sha256:aa"), 1, 100, E));
	OK(assets_gone(s, x.id, 200, E));
	put(s, &x, 1, 500, 1);
	put(s, &x, 1, 600, 0);
	OK(assets_periods(s, x.id, &a, &list, &n, E));
	assert_int_equal(n, 2);
	assert_true(list[0].from_ns == 500 && list[0].to_ns == 0);
	assert_true(list[1].from_ns == 100 && list[1].to_ns == 200);
	for (int64_t t = 1000; t < 1000 + 20 * (int64_t)ASSET_PERIODS_MAX; t += 10) {
		OK(assets_gone(s, x.id, t, E));
		put(s, &x, 1, t + 5, 1);
	}
	OK(assets_periods(s, x.id, &a, &list, &n, E));
	assert_int_equal(n, ASSET_PERIODS_MAX);
	assert_int_equal(OK(sql_do(s->sql, "UPDATE asset_period SET to_ns = to_ns", SQL_NONE, E)),
			 ASSET_PERIODS_MAX - 1);
	/* What is forgotten takes its history along. */
	OK(assets_gone(s, x.id, 9000, E));
	OK(assets_past(s, &scope_everything, S("image:sha256:aa"), 10, &a, &past, &n, E));
	assert_int_equal(n, 1);
	assert_str(past[0].asset.id, "container:c1");
	assert_true(!past[0].outgoing && past[0].from_ns == 100 && past[0].to_ns == 200);
	assert_int_equal(OK(assets_forget(s, 10000, 10, E)), 1);
	OK(assets_periods(s, x.id, &a, &list, &n, E));
	assert_int_equal(n, 0);
	arena_done(&a);
}

static void pods_go_with_their_last_container(struct store *s, const char *where)
{
	const char *const names[] = { "container:one", "container:two" };
	struct asset pod = container("pod:p", "shop/web", "shop"), x, got;
	struct arena a;

	(void)where;
	arena_init(&a, 0);
	put(s, &pod, 1, 100, 1);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		x = container(names[i], names[i], "shop");
		put(s, &x, 1, 100, 1);
		OK(assets_relate(s, x.id, S("part-of"), &pod.id, 1, 100, E));
	}
	OK(assets_gone(s, S("container:one"), 200, E));
	assert_int_equal(OK(assets_gone_pods(s, S("a-1"), 200, E)), 0);
	OK(assets_gone(s, S("container:two"), 300, E));
	assert_int_equal(OK(assets_gone_pods(s, S("a-2"), 300, E)), 0);
	assert_int_equal(OK(assets_gone_pods(s, S("a-1"), 300, E)), 1);
	OK(assets_get(s, &scope_everything, pod.id, &a, &got, E));
	assert_true(got.gone_ns == 300);
	arena_done(&a);
}

static void assets_are_sorted_by_risk(struct store *s, const char *where)
{
	struct asset host = container("host:h", "node1", ""), x;
	struct asset_filter f = { .scope = &scope_everything,
				  .kinds = 1U << ASSET_CONTAINER,
				  .sort = ASSET_BY_RISK,
				  .descending = true };
	struct asset_page p = { 0 };
	double last = 101;
	struct arena a;
	size_t n = 0;

	(void)where;
	arena_init(&a, 0);
	put(s, &host, 1, 100, 1);
	for (int i = 0; i < 9; i++) {
		char id[32];

		snprintf(id, sizeof(id), "container:%d", i);
		x = container(id, id, "shop");
		put(s, &x, 1, 100, 1);
		OK(assets_relate(s, x.id, S("on"), &host.id, 1, 100, E));
		OK(assets_set_risk(s, x.id, (i * 7 % 5) * 12.1, E));
	}
	do {
		OK(assets_page(s, &f, p.next, 2, false, &a, &p, E));
		for (size_t i = 0; i < p.count; i++) {
			assert_true(p.items[i].risk <= last);
			last = p.items[i].risk;
		}
		n += p.count;
	} while (p.next.n);
	assert_int_equal(n, 9);
	assert_int_equal(assets_page(s, &f, S("bm8"), 2, false, &a, &p, E), -EINVAL);
	assert_int_equal(OK(assets_set_risk(s, S("container:0"), 0, E)), 0);
	OK(assets_spread_risk(s, E));
	OK(assets_get(s, &scope_everything, host.id, &a, &x, E));
	assert_true(x.risk == 4 * 12.1);
	arena_done(&a);
}

static void assets_come_and_go(struct store *s, const char *where)
{
	struct asset x = container("container:c1", "web", "shop"), got = { 0 };
	struct arena a;

	(void)where;
	arena_init(&a, 0);
	put(s, &x, 1, 100, 1);
	put(s, &x, 1, 200, 0);
	OK(assets_get(s, &scope_everything, x.id, &a, &got, E));
	assert_true(got.first_ns == 100 && got.last_ns == 200 && got.gone_ns == 0);
	assert_str(got.doc, "{\"privileged\":true}");
	assert_int_equal(got.kind, ASSET_CONTAINER);
	OK(assets_set_risk(s, x.id, 42.5, E));
	assert_int_equal(OK(assets_gone(s, x.id, 300, E)), 1);
	assert_int_equal(OK(assets_gone(s, x.id, 301, E)), 0);
	OK(assets_get(s, &scope_everything, x.id, &a, &got, E));
	assert_true(got.gone_ns == 300 && got.risk == 42.5);
	put(s, &x, 1, 400, 1);
	OK(assets_get(s, &scope_everything, x.id, &a, &got, E));
	assert_true(got.first_ns == 100 && got.gone_ns == 0 && got.risk == 42.5);
	x.id = S("toaster:1");
	FAILS(EINVAL, assets_put(s, &x, 1, 500, E));
	x.id = S("container:");
	FAILS(EINVAL, assets_put(s, &x, 1, 500, E));
	arena_done(&a);
}

enum { MANY = 700 };

static void put_many(struct store *s)
{
	static char ids[MANY][32], names[MANY][32];
	static struct asset x[MANY];

	for (int i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%s:%d", i % 7 ? "container" : "process", i);
		snprintf(names[i], sizeof(names[i]), "n%d", i % 40);
		x[i] = container(ids[i], names[i], i % 2 ? "shop" : "pay");
	}
	x[5].doc = S("{\"a\":\"100%_Sure\"}");
	put(s, x, MANY, 10, MANY);
}

static void lists_hold_each_once(struct store *s, const char *where)
{
	struct asset_filter f = { .scope = &scope_everything };
	struct scope_selector one;
	struct scope pay = { .any = &one, .count = 1 };
	int64_t counts[ASSET_KIND_COUNT], counted = 0;
	struct asset_tally *tallies;
	struct asset_page p;
	struct arena a;
	size_t n;
	bool cut;

	(void)where;
	arena_init(&a, 0);
	put_many(s);
	assert_int_equal(count_all(s, f, 13), MANY);
	assert_int_equal(count_all(s, f, 1000), MANY);
	f.kinds = 1U << ASSET_PROCESS;
	assert_int_equal(count_all(s, f, 13), MANY / 7);
	f.kinds |= 1U << ASSET_CONTAINER;
	assert_int_equal(count_all(s, f, 1000), MANY);
	f.text = S("100%_sure node1");
	assert_int_equal(count_all(s, f, 10), 1);
	f.text = S("it's nowhere");
	assert_int_equal(count_all(s, f, 10), 0);
	f = (struct asset_filter){ .scope = &scope_everything, .agent = S("a-2") };
	assert_int_equal(count_all(s, f, 10), 0);
	f = (struct asset_filter){ .scope = &scope_everything, .presence = ASSET_IS_GONE };
	assert_int_equal(count_all(s, f, 10), 0);
	f = (struct asset_filter){ 0 };
	assert_int_equal(count_all(s, f, 10), 0);
	OK(scope_parse(S("namespace=pay, label.team=red"), &a, &one, E));
	f.scope = &pay;
	assert_int_equal(count_all(s, f, 13), MANY / 2);
	OK(assets_count(s, &pay, counts, E));
	assert_int_equal(counts[ASSET_CONTAINER] + counts[ASSET_PROCESS], MANY / 2);
	OK(assets_count(s, &scope_everything, counts, E));
	assert_int_equal(counts[ASSET_PROCESS], MANY / 7);
	OK(assets_tally(s, &pay, 1U << ASSET_CONTAINER | 1U << ASSET_PROCESS, &a, &tallies, &n,
			&cut, E));
	for (size_t i = 0; i < n; i++) {
		assert_true(str_is(tallies[i].namespace, "pay") &&
			    str_is(tallies[i].host, "node1"));
		counted += tallies[i].count;
	}
	assert_true(n == 2 && counted == MANY / 2 && !cut);
	OK(assets_tally(s, &scope_everything, 1U << ASSET_CONTAINER, &a, &tallies, &n, &cut, E));
	assert_true(n == 2 && tallies[0].count + tallies[1].count == MANY - MANY / 7);
	OK(assets_tally(s, NULL, 1U << ASSET_CONTAINER, &a, &tallies, &n, &cut, E));
	assert_int_equal(n, 0);
	f = (struct asset_filter){ .scope = &scope_everything, .namespace = S("pay") };
	assert_int_equal(count_all(s, f, 13), MANY / 2);
	f.cluster = S("elsewhere");
	assert_int_equal(count_all(s, f, 13), 0);
	f = (struct asset_filter){ .scope = &scope_everything };
	FAILS(EINVAL, assets_page(s, &f, S("nonsense!"), 10, false, &a, &p, E));
	FAILS(EINVAL, assets_page(s, &f, S("YWJj"), 10, false, &a, &p, E));
	arena_done(&a);
}

/* What comes of a list by pages of @p limit: names in a row. */
static str names_by(struct store *s, enum asset_sort sort, bool descending, size_t limit,
		    struct arena *a)
{
	const struct asset_filter f = { .scope = &scope_everything,
					.sort = sort,
					.descending = descending };
	OWNED_BUF out = BUF_INIT;
	str cursor = { 0 };

	do {
		struct asset_page p = { 0 };

		OK(assets_page(s, &f, cursor, limit, false, a, &p, E));
		for (size_t i = 0; i < p.count; i++)
			buf_add(&out, p.items[i].name);
		cursor = p.next;
	} while (cursor.n);
	return arena_str(a, buf_str(&out));
}

static void lists_are_sorted(struct store *s, const char *where)
{
	const struct asset_filter by_time = { .scope = &scope_everything,
					      .sort = ASSET_BY_LAST_SEEN };
	struct asset x[3] = { container("container:1", "b", ""), container("container:2", "a", ""),
			      container("container:3", "c", "") };
	struct asset_page p;
	struct arena a;

	(void)where;
	arena_init(&a, 0);
	put(s, &x[0], 1, 10, 1);
	put(s, &x[1], 2, 20, 2);
	put(s, &x[1], 1, 30, 0);
	for (size_t limit = 1; limit < 5; limit++) {
		assert_str(names_by(s, ASSET_BY_NAME, false, limit, &a), "abc");
		assert_str(names_by(s, ASSET_BY_NAME, true, limit, &a), "cba");
		assert_str(names_by(s, ASSET_BY_FIRST_SEEN, false, limit, &a), "bac");
		assert_str(names_by(s, ASSET_BY_FIRST_SEEN, true, limit, &a), "cab");
		assert_str(names_by(s, ASSET_BY_LAST_SEEN, false, limit, &a), "bca");
		assert_str(names_by(s, ASSET_BY_LAST_SEEN, true, limit, &a), "acb");
	}
	OK(assets_page(s, &(struct asset_filter){ .scope = &scope_everything }, (str){ 0 }, 1,
		       false, &a, &p, E));
	FAILS(EINVAL, assets_page(s, &by_time, p.next, 1, false, &a, &p, E));
	arena_done(&a);
}

static void who_left_is_forgotten_in_time(struct store *s, const char *where)
{
	struct asset_filter f = { .scope = &scope_everything };

	(void)where;
	put_many(s);
	for (int i = 0; i < MANY; i++) {
		char id[32];

		snprintf(id, sizeof(id), "%s:%d", i % 7 ? "container" : "process", i);
		OK(assets_gone(s, str_from(id), i % 7 ? 20 : 30, E));
	}
	assert_int_equal(count_all(s, f, 100), 0);
	f.presence = ASSET_ANY;
	assert_int_equal(count_all(s, f, 100), MANY);
	assert_int_equal(OK(assets_forget(s, 25, 1000, E)), MANY - MANY / 7);
	assert_int_equal(count_all(s, f, 100), MANY / 7);
}

static void relations_follow(struct store *s, const char *where)
{
	const str to[] = { { "container:1", 11 }, { "container:2", 11 } };
	struct asset x[3] = { container("host:a-1", "node1", ""),
			      container("container:1", "c1", "pay"),
			      container("container:2", "c2", "shop") };
	struct asset_neighbour *n = NULL;
	struct scope_selector one;
	struct scope pay = { .any = &one, .count = 1 };
	struct asset *changes = NULL;
	struct arena a;
	size_t count = 0;
	bool cut = false;

	(void)where;
	arena_init(&a, 0);
	put(s, x, 3, 10, 3);
	OK(assets_relate(s, x[0].id, S("runs"), to, 2, 11, E));
	OK(assets_neighbours(s, &scope_everything, x[0].id, 0, 10, &a, &n, &count, &cut, E));
	assert_true(count == 2 && !cut && n[0].outgoing);
	assert_str(n[0].kind, "runs");
	OK(assets_neighbours(s, &scope_everything, x[0].id, 0, 1, &a, &n, &count, &cut, E));
	assert_true(count == 1 && cut);
	/* What is not asked for takes no room. */
	OK(assets_neighbours(s, &scope_everything, x[0].id, 1U << ASSET_IMAGE, 1, &a, &n, &count,
			     &cut, E));
	assert_true(count == 0 && !cut);
	OK(scope_parse(S("namespace=pay"), &a, &one, E));
	OK(assets_neighbours(s, &pay, x[0].id, 0, 10, &a, &n, &count, &cut, E));
	assert_int_equal(count, 1);
	OK(assets_neighbours(s, &scope_everything, x[1].id, 0, 10, &a, &n, &count, &cut, E));
	assert_true(count == 1 && !n[0].outgoing);
	OK(assets_relate(s, x[0].id, S("runs"), &to[1], 1, 12, E));
	OK(assets_neighbours(s, &scope_everything, x[1].id, 0, 10, &a, &n, &count, &cut, E));
	assert_int_equal(count, 0);
	OK(assets_gone(s, x[2].id, 13, E));
	OK(assets_neighbours(s, &scope_everything, x[0].id, 0, 10, &a, &n, &count, &cut, E));
	assert_int_equal(count, 0);
	OK(assets_changes(s, &scope_everything, 1U << ASSET_CONTAINER, 5, 10, &a, &changes, &count,
			  E));
	assert_int_equal(count, 2);
	assert_str(changes[0].id, "container:2");
	arena_done(&a);
}

enum { CROWD = 200 };

/* Few are shown of many: they are found behind those that are not. */
static void what_is_not_shown_hides_nothing(struct store *s, const char *where)
{
	struct asset host = container("host:a-1", "node1", "pay"), one;
	struct asset_neighbour *n = NULL;
	struct asset *changes = NULL;
	struct scope_selector selector;
	struct scope pay = { .any = &selector, .count = 1 };
	struct arena a;
	str all[CROWD];
	size_t count = 0;
	bool cut = true;

	(void)where;
	arena_init(&a, 0);
	put(s, &host, 1, 10, 1);
	for (int i = 0; i < CROWD; i++) {
		const bool shown = i == 0 || i == CROWD - 1;

		all[i] = arena_printf(&a, "container:%03d", i);
		one = container("", "c", shown ? "pay" : "shop");
		one.id = all[i];
		put(s, &one, 1, shown ? 10 : 11, 1);
	}
	OK(assets_relate(s, host.id, S("runs"), all, CROWD, 12, E));
	OK(scope_parse(S("namespace=pay"), &a, &selector, E));
	OK(assets_neighbours(s, &pay, host.id, 0, 3, &a, &n, &count, &cut, E));
	assert_true(count == 2 && !cut);
	OK(assets_neighbours(s, &pay, host.id, 0, 1, &a, &n, &count, &cut, E));
	assert_true(count == 1 && cut);
	OK(assets_relate(s, host.id, S("runs"), NULL, 0, 13, E));
	OK(assets_past(s, &pay, host.id, 3, &a, &n, &count, E));
	assert_int_equal(count, 2);
	OK(assets_changes(s, &pay, 1U << ASSET_CONTAINER, 5, 3, &a, &changes, &count, E));
	assert_int_equal(count, 2);
	arena_done(&a);
}

/* As many places as are counted are not cut; one more is. */
static void tallies_are_cut_where_they_end(struct store *s, const char *where)
{
	static const char put_places[] =
		"WITH RECURSIVE n (x) AS (SELECT ?1 UNION ALL SELECT x + 1 FROM n WHERE x < ?2) "
		"INSERT INTO asset (id, kind, agent, name, host, cluster, namespace, image, "
		"image_id,"
		" labels, state, risk, doc, first_ns, last_ns, gone_ns) SELECT CAST(x AS TEXT), ?3,"
		" 'a1', 'c', 'h', '', CAST(x AS TEXT), '', '', '', '', 0, '', 1, 1, 0 FROM n";

	(void)where;
	for (int64_t more = 0; more < 2; more++) {
		struct asset_tally *tallies;
		struct arena a;
		size_t n;
		bool cut;

		arena_init(&a, 0);
		OK(sql_do(s->sql, put_places,
			  SQL_ARGS(SQL_I(more ? ASSET_TALLIES_MAX + 1 : 1),
				   SQL_I(ASSET_TALLIES_MAX + more), SQL_I(ASSET_CONTAINER)),
			  E));
		OK(assets_tally(s, &scope_everything, 1U << ASSET_CONTAINER, &a, &tallies, &n, &cut,
				E));
		assert_int_equal(n, ASSET_TALLIES_MAX);
		assert_int_equal(cut, more);
		arena_done(&a);
	}
}

EACH(assets_come_and_go)
EACH(what_comes_back_has_a_history)
EACH(pods_go_with_their_last_container)
EACH(assets_are_sorted_by_risk)
EACH(lists_hold_each_once)
EACH(tallies_are_cut_where_they_end)
EACH(lists_are_sorted)
EACH(who_left_is_forgotten_in_time)
EACH(relations_follow)
EACH(what_is_not_shown_hides_nothing)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assets_come_and_go),
		cmocka_unit_test(test_what_comes_back_has_a_history),
		cmocka_unit_test(test_pods_go_with_their_last_container),
		cmocka_unit_test(test_assets_are_sorted_by_risk),
		cmocka_unit_test(test_lists_hold_each_once),
		cmocka_unit_test(test_tallies_are_cut_where_they_end),
		cmocka_unit_test(test_lists_are_sorted),
		cmocka_unit_test(test_who_left_is_forgotten_in_time),
		cmocka_unit_test(test_relations_follow),
		cmocka_unit_test(test_what_is_not_shown_hides_nothing),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

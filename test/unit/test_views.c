#include <stdio.h>

#include "console/store/intelligence.h"
#include "console/store/users.h"
#include "console/store/views.h"
#include "store_stage.h"
#include "unit_arena.h"

static int64_t add_user(struct store *s, const char *name)
{
	int64_t id = 0;

	OK(users_add(s->sql, &(struct user){ .name = str_from(name), .source = S("local") }, &id,
		     E));
	return id;
}

static int64_t keep(struct store *s, int64_t user, const char *name, const char *query)
{
	const struct view v = {
		.page = S("/alerts"), .name = str_from(name), .query = str_from(query), .made_ns = 7
	};
	int64_t id = 0;

	OK(sql_begin(s->sql, E));
	OK(views_put(s, user, &v, &id, E));
	OK(sql_commit(s->sql, E));
	return id;
}

static size_t count_of(struct store *s, int64_t user, struct view **ret)
{
	size_t count = 0;

	OK(views_list(s, user, &arena, ret, &count, E));
	return count;
}

static void views_are_their_users(struct store *s, const char *where UNUSED)
{
	int64_t eve = add_user(s, "eve"), bob = add_user(s, "bob"), first, second;
	struct view *list;

	first = keep(s, eve, "mine'; DROP TABLE saved_view", "state=open");
	second = keep(s, bob, "his", "");
	assert_int_equal(count_of(s, eve, &list), 1);
	assert_str(list[0].name, "mine'; DROP TABLE saved_view");
	assert_str(list[0].query, "state=open");
	/* The same name again takes its place. */
	assert_int_equal(keep(s, eve, "mine'; DROP TABLE saved_view", "state=resolved"), first);
	assert_int_equal(count_of(s, eve, &list), 1);
	assert_str(list[0].query, "state=resolved");
	FAILS(ENOENT, views_delete(s, eve, second, E));
	OK(views_delete(s, eve, first, E));
	assert_int_equal(count_of(s, eve, &list), 0);
	OK(users_delete(s->sql, bob, E));
	assert_int_equal(count_of(s, bob, &list), 0);
}

static void views_are_bounded(struct store *s, const char *where UNUSED)
{
	int64_t eve = add_user(s, "eve"), bob = add_user(s, "bob"), id;
	struct view *list;
	char name[16];

	for (int i = 0; i < VIEWS_MAX; i++) {
		snprintf(name, sizeof(name), "v%03d", i);
		(void)keep(s, eve, name, "");
	}
	OK(sql_begin(s->sql, E));
	FAILS(EDQUOT,
	      views_put(s, eve, &(struct view){ .page = S("/alerts"), .name = S("more") }, &id, E));
	sql_rollback(s->sql);
	(void)keep(s, eve, "v001", "again");
	(void)keep(s, bob, "more", "");
	assert_int_equal(count_of(s, eve, &list), VIEWS_MAX);
	assert_str(list[1].query, "again");
}

static void intelligence_ends(struct store *s, const char *where UNUSED)
{
	const struct stored_intelligence lists[] = {
		{ .name = S("a"), .kind = S("ip"), .body = S("192.0.2.1\n"), .expires_ns = 100 },
		{ .name = S("b"),
		  .kind = S("ip"),
		  .body = S("192.0.2.2\n"),
		  .not_understood = 3,
		  .first = 2,
		  .others = 4,
		  .over = 5,
		  .ends_ns = 6 },
	};
	struct stored_intelligence *got;
	int64_t id[2];
	size_t count;

	OK(sql_begin(s->sql, E));
	for (size_t i = 0; i < 2; i++)
		OK(intelligence_add(s, &lists[i], &id[i], E));
	OK(sql_commit(s->sql, E));
	assert_int_equal(OK(intelligence_expire(s, 99, E)), 0);
	assert_int_equal(OK(intelligence_expire(s, 100, E)), 1);
	assert_int_equal(OK(intelligence_expire(s, 101, E)), 0);
	OK(intelligence_list(s, true, &arena, &got, &count, E));
	assert_true(count == 2 && got[0].ended && !got[1].ended);
	assert_true(got[1].not_understood == 3 && got[1].first == 2 && got[1].others == 4 &&
		    got[1].over == 5 && got[1].ends_ns == 6 && got[1].expires_ns == 0);
	/* Read anew it is in force again. */
	got[0].expires_ns = 200;
	OK(intelligence_put(s, &got[0], E));
	OK(intelligence_get(s, id[0], &arena, &got[0], E));
	assert_true(!got[0].ended && got[0].expires_ns == 200);
}

EACH(views_are_their_users)
EACH(views_are_bounded)
EACH(intelligence_ends)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_views_are_their_users, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(test_views_are_bounded, arena_setup,
						arena_teardown),
		cmocka_unit_test_setup_teardown(test_intelligence_ends, arena_setup,
						arena_teardown),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

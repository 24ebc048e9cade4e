/* Groups of alerts are what adding up the alerts themselves comes to, whatever the filter, the order and the page. */
#include <stdlib.h>

#include "base/clock.h"
#include "console/store/alert_groups.h"
#include "console/store/alert_tally.h"
#include "policy/alert_target.h"
#include "store_stage.h"

enum {
	MANY = 3000,
	RULES = 120,
	HOSTS = 4,
	CONTAINERS = 30,
	CROWD = 600,
	CROWD_BATCH = 6000,
	PAGE = 7
};

/* Groups by container are made by another function. */
#define BY_CONTAINER ALERT_FACET_COUNT

static struct alert_new alerts[MANY];
static int64_t ids[MANY];
static enum alert_state states[MANY];
static char rules[RULES][8], hosts[HOSTS][8], containers[CONTAINERS][8], docs[CONTAINERS][64];

static int64_t noon(void)
{
	return store_now() / DAY_NS * DAY_NS - DAY_NS / 2;
}

/* Five days; one hour is crowded with series, some rules are of one day only. */
static void make_alerts(void)
{
	static const char *const tags[] = { "", "shell", "shell net", "net shell file" };

	srand(7);
	for (int i = 0; i < RULES; i++)
		snprintf(rules[i], sizeof(rules[i]), "r%d", i);
	for (int i = 0; i < HOSTS; i++)
		snprintf(hosts[i], sizeof(hosts[i]), "h%d", i);
	for (int i = 1; i < CONTAINERS; i++) {
		snprintf(containers[i], sizeof(containers[i]), "c%d", i);
		snprintf(docs[i], sizeof(docs[i]),
			 "{\"container\":{\"id\":\"c%d\",\"name\":\"n%d\"}}", i, i);
	}
	snprintf(docs[0], sizeof(docs[0]), "{\"message\":\"m\"}");
	for (int i = 0; i < MANY; i++) {
		const int rule = rand() % RULES, host = rand() % HOSTS;
		/* One container of a host of its own; of others some have several, some none. */
		const int container = host == 1 ? 1 : host == 2 ? 2 + rule % (CONTAINERS - 2) : 0;
		const int64_t day = rule < RULES / 2 ? rule % 5 : rand() % 5;
		const int64_t at = i < CROWD ? rand() % 3600 : rand() % 40000;

		alerts[i] = (struct alert_new){
			.series = { .rule = str_from(rules[rule]),
				    .host = str_from(hosts[host]),
				    .namespace = host ? str_from(hosts[host]) : (str){ 0 },
				    .tags = str_from(tags[rule % 4]),
				    .priority = (enum alert_priority)(rule % 5) },
			.time_ns = noon() - day * DAY_NS - at * (int64_t)SECOND_NS,
			.container = str_from(containers[container]),
			.repeats = i % 4 ? 0 : rand() % 1000,
			.doc = str_from(docs[container]),
		};
		states[i] = ALERT_OPEN;
	}
}

static void store_alerts(struct store *s)
{
	make_alerts();
	for (int i = 0; i < MANY; i += 500) {
		OK(sql_begin(s->sql, E));
		OK(alerts_append(s, &alerts[i], 500, noon() + DAY_NS / 4, &ids[i], E));
		OK(sql_commit(s->sql, E));
	}
	OK(sql_begin(s->sql, E));
	for (int i = 0; i < MANY; i += 9) {
		states[i] = (enum alert_state)(1 + i % 3);
		OK(alerts_triage(s, &scope_everything, &ids[i], 1,
				 &(struct alert_decision){ states[i], S(""), S("eve"), noon() },
				 E));
	}
	OK(sql_commit(s->sql, E));
}

/* So many more in one hour, of a rule and a host of their own, that a range they are in is counted by its hours. */
static int64_t crowd;

static void store_crowd(struct store *s)
{
	static struct alert_new a[CROWD_BATCH];

	for (int i = 0; i < CROWD_BATCH; i++)
		a[i] = (struct alert_new){ .series = { .rule = S("crowd"), .host = S("crowd") },
					   .time_ns = noon() - 2 * DAY_NS,
					   .doc = S("{}") };
	for (crowd = 0; crowd <= ALERT_READ_MOST; crowd += CROWD_BATCH) {
		OK(sql_begin(s->sql, E));
		OK(alerts_append(s, a, CROWD_BATCH, noon() + DAY_NS / 4, NULL, E));
		OK(sql_commit(s->sql, E));
	}
}

static bool has_tag(str tags, str tag)
{
	while (tags.n)
		if (str_eq(str_cut(&tags, ' '), tag))
			return true;
	return false;
}

static bool is_in(const struct alert_new *a, enum alert_facet by, str value)
{
	return by == ALERT_FACET_RULE        ? str_eq(a->series.rule, value)
	       : by == ALERT_FACET_HOST      ? str_eq(a->series.host, value)
	       : by == ALERT_FACET_NAMESPACE ? str_eq(a->series.namespace, value)
	       : by == ALERT_FACET_TAG       ? has_tag(a->series.tags, value)
	       : by == BY_CONTAINER          ? str_eq(a->container, value)
				    : str_is(value, alert_priority_word(a->series.priority));
}

static bool matches(int i, const struct alert_filter *f)
{
	const int64_t at = alert_id_ms(ids[i]) * (int64_t)MS_NS;

	return (!f->states || f->states & 1U << states[i]) && at >= f->since_ns &&
	       (!f->until_ns || at < f->until_ns) &&
	       (!f->hosts.count || str_eq(alerts[i].series.host, f->hosts.items[0]));
}

/* One by one. @return whether there are any */
static bool add_up(const struct alert_filter *f, enum alert_facet by, str value,
		   struct alert_group *ret)
{
	*ret = (struct alert_group){ .value = value, .priority = PRIORITY_DEBUG };
	for (int i = 0; i < MANY; i++) {
		const int64_t at = alert_id_ms(ids[i]) * (int64_t)MS_NS;

		if (!matches(i, f) || !is_in(&alerts[i], by, value))
			continue;
		ret->first_ns = ret->alerts ? MIN(ret->first_ns, at) : at;
		ret->last_ns = MAX(ret->last_ns, at);
		ret->alerts++;
		ret->events += 1 + alerts[i].repeats;
		ret->open += states[i] == ALERT_OPEN;
		ret->priority = MIN(ret->priority, alerts[i].series.priority);
	}
	return ret->alerts;
}

static void check_group(const struct alert_filter *f, enum alert_facet by,
			const struct alert_group *x)
{
	struct alert_group want;

	if (str_is(x->value, "crowd")) {
		assert_int_equal(x->alerts, crowd);
		assert_int_equal(x->first_ns, noon() - 2 * DAY_NS);
		assert_int_equal(x->last_ns, noon() - 2 * DAY_NS);
		return;
	}
	assert_true(add_up(f, by, x->value, &want));
	assert_int_equal(x->alerts, want.alerts);
	assert_int_equal(x->open, want.open);
	assert_int_equal(x->events, want.events);
	assert_int_equal(x->priority, want.priority);
	assert_int_equal(x->first_ns, want.first_ns);
	assert_int_equal(x->last_ns, want.last_ns);
	if (by == BY_CONTAINER)
		assert_true(str_starts(x->name, S("n")) &&
			    str_eq(str_skip(x->name, 1), str_skip(x->value, 1)));
	else
		assert_int_equal(x->name.n, 0);
}

static int read_page(struct store *s, const struct alert_filter *f, enum alert_facet by,
		     enum alert_group_sort sort, bool descending, str cursor, struct arena *a,
		     struct alert_groups *ret)
{
	if (by == BY_CONTAINER)
		return alerts_container_groups(s, f, sort, descending, cursor, PAGE, a, ret, E);
	return alerts_groups(s, f, by, sort, descending, cursor, PAGE, a, ret, E);
}

/* Page by page: each group once, in order, as it is. */
static void check_all(struct store *s, const struct alert_filter *f, enum alert_facet by,
		      enum alert_group_sort sort, bool descending)
{
	struct alert_groups page = { 0 };
	int64_t seen = 0, members = 0, before = descending ? INT64_MAX : 0, want = crowd;
	struct arena a;

	arena_init(&a, 0);
	do {
		OK(read_page(s, f, by, sort, descending, page.next, &a, &page));
		assert_true(page.count == PAGE || !page.next.n);
		for (size_t i = 0; i < page.count; i++) {
			const struct alert_group *x = &page.items[i];
			const int64_t key = sort == ALERT_GROUPS_BY_LAST ? x->last_ns : x->alerts;

			check_group(f, by, x);
			assert_true(descending ? key <= before : key >= before);
			before = key;
			members += x->alerts;
			seen++;
		}
	} while (page.next.n);
	assert_int_equal(seen, page.groups);
	for (int i = 0; i < MANY; i++)
		want += matches(i, f);
	assert_int_equal(page.alerts, want);
	if (by != ALERT_FACET_TAG)
		assert_int_equal(members + page.without, want);
	assert_false(page.cut);
	arena_done(&a);
}

static void groups_are_what_alerts_add_up_to(struct store *s, const char *where)
{
	static const enum alert_facet by[] = { ALERT_FACET_RULE,      ALERT_FACET_HOST,
					       ALERT_FACET_NAMESPACE, ALERT_FACET_TAG,
					       ALERT_FACET_PRIORITY,  BY_CONTAINER };
	const str host = S("h1"), container = S("c1");
	const struct alert_filter filters[] = {
		{ .scope = &scope_everything },
		{ .scope = &scope_everything, .states = 1U << ALERT_OPEN },
		{ .scope = &scope_everything, .states = 1U << ALERT_RESOLVED },
		{ .scope = &scope_everything, .hosts = { &host, 1 } },
		{ .scope = &scope_everything,
		  .hosts = { &host, 1 },
		  .containers = { &container, 1 } },
		{ .scope = &scope_everything, .since_ns = noon() - 2 * DAY_NS },
		{ .scope = &scope_everything,
		  .since_ns = noon() - 3 * DAY_NS,
		  .until_ns = noon() - DAY_NS - 1800 * (int64_t)SECOND_NS },
	};

	(void)where;
	store_alerts(s);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		for (size_t k = 0; k < ARRAY_LEN(by); k++)
			for (int order = 0; order < 4; order++)
				check_all(s, &filters[i], by[k], (enum alert_group_sort)(order / 2),
					  order % 2);
}

/* Both ends in the middle of an hour that has alerts on either side. */
static void ranges_of_many_have_their_ends(struct store *s, const char *where)
{
	const struct alert_filter f = { .scope = &scope_everything,
					.since_ns = noon() - 3 * DAY_NS - 1800 * (int64_t)SECOND_NS,
					.until_ns = noon() - DAY_NS - 1800 * (int64_t)SECOND_NS };

	(void)where;
	store_alerts(s);
	store_crowd(s);
	for (int order = 0; order < 4; order++) {
		check_all(s, &f, ALERT_FACET_RULE, (enum alert_group_sort)(order / 2), order % 2);
		check_all(s, &f, BY_CONTAINER, (enum alert_group_sort)(order / 2), order % 2);
	}
	crowd = 0;
}

/* Where only documents can tell, so many are looked at, and it is said that there are more. */
static void containers_of_too_many_are_cut(struct store *s, const char *where)
{
	const struct alert_filter f = { .scope = &scope_everything, .text = S("{") };
	struct alert_groups page = { 0 };
	struct arena a;

	(void)where;
	store_alerts(s);
	store_crowd(s);
	arena_init(&a, 0);
	OK(read_page(s, &f, BY_CONTAINER, ALERT_GROUPS_BY_ALERTS, true, S(""), &a, &page));
	assert_true(page.cut);
	assert_true(page.alerts > 0 && page.alerts < crowd);
	arena_done(&a);
	crowd = 0;
}

static void what_is_not_shown_is_in_no_group(struct store *s, const char *where)
{
	const struct alert_filter nobody = { 0 };
	struct alert_groups page = { 0 };
	struct arena a;

	(void)where;
	store_alerts(s);
	arena_init(&a, 0);
	OK(alerts_groups(s, &nobody, ALERT_FACET_RULE, ALERT_GROUPS_BY_LAST, true, S(""), PAGE, &a,
			 &page, E));
	assert_int_equal(page.groups, 0);
	assert_int_equal(page.alerts, 0);
	OK(read_page(s, &nobody, BY_CONTAINER, ALERT_GROUPS_BY_LAST, true, S(""), &a, &page));
	assert_int_equal(page.groups + page.alerts + page.without, 0);
	FAILS(EINVAL,
	      read_page(s, &nobody, BY_CONTAINER, ALERT_GROUPS_BY_LAST, true, S("x"), &a, &page));
	FAILS(EINVAL, alerts_groups(s, &nobody, ALERT_FACET_STATE, ALERT_GROUPS_BY_LAST, true,
				    S(""), PAGE, &a, &page, E));
	FAILS(EINVAL, alerts_groups(s, &nobody, ALERT_FACET_RULE, ALERT_GROUPS_BY_ALERTS, true,
				    S("x"), PAGE, &a, &page, E));
	arena_done(&a);
}

static int decide_all(struct store *s, const struct alert_filter *f, int64_t before,
		      int64_t expected, bool *ret_more)
{
	const struct alert_decision to = { ALERT_FALSE_POSITIVE, S("noise"), S("eve"), noon() };
	int r;

	OK(sql_begin(s->sql, E));
	r = alerts_triage_all(s, f->scope, f, before, expected, &to, ret_more, E);
	if (r < 0)
		sql_rollback(s->sql);
	else
		OK(sql_commit(s->sql, E));
	return r;
}

/* Who decides about a filter decides about what was seen, in what was shown, and about nothing else. */
static void all_that_match_are_decided(struct store *s, const char *where)
{
	const str host = S("h1"), rule = S("r1");
	const struct alert_filter nobody = { 0 };
	struct alert_filter f = { .scope = &scope_everything, .hosts = { &host, 1 } };
	struct alert_new late = { .series = { .rule = rule, .host = host, .priority = 1 },
				  .time_ns = noon() - DAY_NS,
				  .doc = S("{}") };
	const int64_t now = noon() + DAY_NS / 2;
	struct alert_step *steps = NULL;
	struct arena a;
	int64_t id = 0;
	bool more = true;
	size_t n = 0;
	int want = 0, last = -1;

	(void)where;
	store_alerts(s);
	for (enum alert_state k = ALERT_OPEN; k < ALERT_STATE_COUNT; k++) {
		f.states = 1U << k;
		check_all(s, &f, ALERT_FACET_NAMESPACE, ALERT_GROUPS_BY_LAST, true);
	}
	f.states = 0;
	OK(sql_begin(s->sql, E));
	OK(alerts_append(s, &late, 1, now, &id, E));
	OK(sql_commit(s->sql, E));
	for (int i = 0; i < MANY; i++) {
		const bool there = matches(i, &f) && states[i] != ALERT_FALSE_POSITIVE;

		want += there;
		last = there ? i : last;
	}
	FAILS(EBUSY, decide_all(s, &f, now, want - 1, &more));
	assert_int_equal(decide_all(s, &nobody, now, 1000000, &more), 0);
	/* One of a past moment arrived after they were counted: it is left. */
	assert_int_equal(decide_all(s, &f, now, want, &more), want);
	assert_false(more);
	for (int i = 0; i < MANY; i++)
		states[i] = matches(i, &f) ? ALERT_FALSE_POSITIVE : states[i];
	arena_init(&a, 0);
	OK(alerts_history(s, ids[last], &a, &steps, &n, E));
	assert_true(n > 0 && str_is(steps[0].note, "noise") && str_is(steps[0].who, "eve"));
	arena_done(&a);
	assert_int_equal(decide_all(s, &f, now, want, &more), 0);
	assert_int_equal(decide_all(s, &f, now + 1, 1, &more), 1);
	f.states = 1U << ALERT_FALSE_POSITIVE;
	f.until_ns = noon() - DAY_NS;
	check_all(s, &f, ALERT_FACET_RULE, ALERT_GROUPS_BY_ALERTS, true);
}

EACH(groups_are_what_alerts_add_up_to)
EACH(ranges_of_many_have_their_ends)
EACH(containers_of_too_many_are_cut)
EACH(what_is_not_shown_is_in_no_group)
EACH(all_that_match_are_decided)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_are_what_alerts_add_up_to),
		cmocka_unit_test(test_ranges_of_many_have_their_ends),
		cmocka_unit_test(test_containers_of_too_many_are_cut),
		cmocka_unit_test(test_what_is_not_shown_is_in_no_group),
		cmocka_unit_test(test_all_that_match_are_decided),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

#include "console/store/alerts.h"

#include "base/clock.h"
#include "codec/json.h"
#include "console/api/alert_json.h"
#include "console/api/dispatch.h"
#include "console/api/search_box.h"
#include "console/store/alert_groups.h"
#include "policy/alert_target.h"

#define DAY_BACK_NS ((int64_t)24 * 3600 * (int64_t)SECOND_NS)
/* More than the largest document takes when it is parsed. */
#define DOCUMENT_BUDGET ((size_t)64 << 20)

/* By time the newest is first when nobody says so; by priority the newest of each is. */
static int read_page(struct call *c, struct alert_filter *f, struct alert_page *ret, str *ret_next,
		     struct err *e)
{
	static const char *const sorts[] = { "time", "priority" };
	int64_t cursor = 0;
	bool descending;
	int r = 0;

	if (call_sort(c, sorts, ARRAY_LEN(sorts), &descending) == 1)
		return alerts_by_priority(c->store, f, !descending, c->cursor, c->limit, true,
					  c->arena, ret, ret_next, e);
	f->oldest_first = !descending && call_query(c, "sort").n;
	if (c->cursor.n && call_number(c->cursor, &cursor, NULL) < 0)
		return err_set(e, EINVAL, "this cursor is none of ours");
	r = alerts_page(c->store, f, cursor, c->limit, true, c->arena, ret, e);
	if (r == 0)
		*ret_next = ret->next ? arena_printf(c->arena, "%lld", (long long)ret->next)
				      : (str){ 0 };
	return r;
}

static int list(struct call *c, struct search_box *box, struct err *e)
{
	struct alert_filter f;
	struct alert_page page;
	struct arena scratch;
	str next;
	int r = alert_filter_of(c, box, &f, e);

	if (r == 0)
		r = read_page(c, &f, &page, &next, e);
	if (r < 0)
		return r;
	arena_init(&scratch, DOCUMENT_BUDGET);
	call_page_open(c);
	for (size_t i = 0; i < page.count; i++)
		alert_put(&page.items[i], &scratch, &c->json);
	call_page_close(c, next, -1);
	arena_done(&scratch);
	return 0;
}

int api_alert_list(struct call *c, struct err *e)
{
	OWNED_SEARCH_BOX box = { 0 };
	int r = search_box_open(c, &policy_alerts, &box, e);

	return r < 0 ? r : list(c, &box, e);
}

static void put_facets(const struct alert_facets *f, struct json_out *j)
{
	json_object_open(j);
	json_key(j, "facets");
	json_array_open(j);
	for (int i = 0; i < ALERT_FACET_COUNT; i++) {
		json_object_open(j);
		json_put_cstr(j, "field", alert_facet_name((enum alert_facet)i));
		json_key(j, "values");
		json_array_open(j);
		for (size_t k = 0; k < f->count[i]; k++) {
			json_object_open(j);
			json_put_str(j, "value", f->values[i][k].value);
			json_put_int(j, "count", f->values[i][k].count);
			json_object_close(j);
		}
		json_array_close(j);
		json_object_close(j);
	}
	json_array_close(j);
	json_put_int(j, "total", f->total);
	json_put_bool(j, "cut", f->cut);
	json_object_close(j);
}

#define FACET_VALUES 20

int api_alert_facets(struct call *c, struct err *e)
{
	OWNED_SEARCH_BOX box = { 0 };
	struct alert_filter f;
	struct alert_facets facets;
	int r = search_box_open(c, &policy_alerts, &box, e);

	if (r == 0)
		r = alert_filter_of(c, &box, &f, e);
	if (r == 0)
		r = alerts_facets(c->store, &f, FACET_VALUES, c->arena, &facets, e);
	if (r == 0)
		put_facets(&facets, &c->json);
	return r;
}

static void put_groups(const struct alert_groups *g, int64_t now_ns, struct json_out *j)
{
	json_object_open(j);
	json_key(j, "items");
	json_array_open(j);
	for (size_t i = 0; i < g->count; i++) {
		const struct alert_group *x = &g->items[i];

		json_object_open(j);
		json_put_str(j, "value", x->value);
		if (x->name.n)
			json_put_str(j, "name", x->name);
		json_put_int(j, "alerts", x->alerts);
		json_put_int(j, "events", x->events);
		json_put_int(j, "open", x->open);
		json_put_cstr(j, "priority", alert_priority_word(x->priority));
		call_put_time(j, "first", x->first_ns);
		call_put_time(j, "last", x->last_ns);
		json_object_close(j);
	}
	json_array_close(j);
	json_key(j, "next");
	if (g->next.n)
		json_str(j, g->next);
	else
		json_null(j);
	json_put_int(j, "total", g->groups);
	json_put_int(j, "alerts", g->alerts);
	json_put_int(j, "without", g->without);
	json_put_bool(j, "cut", g->cut);
	call_put_time(j, "asOf", now_ns);
	json_object_close(j);
}

/* The facets alerts are grouped by are named as these are. */
static enum alert_facet facet_of(str name)
{
	int f = ALERT_FACET_COUNT - 1;

	while (f >= 0 && !str_is(name, alert_facet_name((enum alert_facet)f)))
		f--;
	return f < 0 ? ALERT_FACET_RULE : (enum alert_facet)f;
}

static int read_groups(struct call *c, const struct alert_filter *f, struct alert_groups *ret,
		       struct err *e)
{
	static const char *const sorts[] = { "alerts", "last" };
	const str by = call_query(c, "by");
	bool descending;
	const size_t at = call_sort(c, sorts, ARRAY_LEN(sorts), &descending);
	const enum alert_group_sort sort = (enum alert_group_sort)at;

	descending = descending || !call_query(c, "sort").n;
	if (str_is(by, "container"))
		return alerts_container_groups(c->store, f, sort, descending, c->cursor, c->limit,
					       c->arena, ret, e);
	return alerts_groups(c->store, f, facet_of(by), sort, descending, c->cursor, c->limit,
			     c->arena, ret, e);
}

int api_alert_groups(struct call *c, struct err *e)
{
	OWNED_SEARCH_BOX box = { 0 };
	struct alert_filter f;
	struct alert_groups groups;
	int r = search_box_open(c, &policy_alerts, &box, e);

	if (r == 0)
		r = alert_filter_of(c, &box, &f, e);
	if (r == 0)
		r = read_groups(c, &f, &groups, e);
	if (r == 0)
		put_groups(&groups, c->now_ns, &c->json);
	return r;
}

int api_alert_histogram(struct call *c, struct err *e)
{
	int64_t buckets = value_int(value_get(&c->query, "buckets"), 60);
	OWNED_SEARCH_BOX box = { 0 };
	struct alert_filter f;
	struct alert_histogram h;
	int r = search_box_open(c, &policy_alerts, &box, e);

	if (r == 0)
		r = alert_filter_of(c, &box, &f, e);
	if (r == 0)
		r = alerts_histogram(c->store, &f, (size_t)buckets, c->arena, &h, e);
	if (r < 0)
		return r;
	/* where there is nothing and no range was asked for there is no time to begin at */
	if (!h.from_ns) {
		h.from_ns = h.to_ns = c->now_ns;
		h.count = 0;
	}
	json_object_open(&c->json);
	call_put_time(&c->json, "from", h.from_ns);
	call_put_time(&c->json, "to", h.to_ns);
	json_put_bool(&c->json, "cut", h.cut);
	alert_buckets_put("buckets", &h, &c->json);
	json_object_close(&c->json);
	return 0;
}

static int get_alert(struct call *c, str id, struct stored_alert *ret, struct err *e)
{
	int64_t number;
	int r = call_number(id, &number, e);

	return r < 0 ? r : alerts_get(c->store, &c->who.scope, number, c->arena, ret, e);
}

static void put_history(const struct alert_step *steps, size_t count, struct json_out *j)
{
	json_key(j, "history");
	json_array_open(j);
	for (size_t i = 0; i < count; i++) {
		json_object_open(j);
		call_put_time(j, "time", steps[i].time_ns);
		json_put_str(j, "user", steps[i].who);
		json_put_cstr(j, "state", alert_state_name(steps[i].state));
		json_put_str(j, "note", steps[i].note);
		json_object_close(j);
	}
	json_array_close(j);
}

/* Alerts of its rule in the day before now. */
static int count_similar(struct call *c, const struct stored_alert *a, int64_t *ret, struct err *e)
{
	struct alert_filter f = { .scope = &c->who.scope,
				  .rules = { &a->series->rule, 1 },
				  .since_ns = c->now_ns - DAY_BACK_NS };
	struct alert_facets facets;
	int r = alerts_facets(c->store, &f, 1, c->arena, &facets, e);

	if (r == 0)
		*ret = facets.total;
	return r;
}

int api_alert_get(struct call *c, struct err *e)
{
	struct alert_step *steps;
	struct stored_alert a;
	struct arena scratch;
	struct value doc;
	size_t count;
	int64_t similar;
	int r = get_alert(c, c->id, &a, e);

	if (r == 0)
		r = alerts_history(c->store, a.id, c->arena, &steps, &count, e);
	if (r == 0)
		r = count_similar(c, &a, &similar, e);
	if (r < 0)
		return r;
	arena_init(&scratch, DOCUMENT_BUDGET);
	json_object_open(&c->json);
	json_key(&c->json, "alert");
	alert_put(&a, &scratch, &c->json);
	json_key(&c->json, "doc");
	/* only what is well-formed goes into the answer as it is */
	arena_reset(&scratch);
	if (json_parse(a.doc, &scratch, &doc, NULL) == 0)
		call_put_json(&c->json, a.doc);
	else
		json_null(&c->json);
	put_history(steps, count, &c->json);
	json_put_int(&c->json, "similar", similar);
	json_object_close(&c->json);
	arena_done(&scratch);
	return 0;
}

static int decision_of(struct call *c, struct alert_decision *ret, struct err *e)
{
	int state = alert_state_find(value_get_str(&c->body, "state"));

	if (state < 0)
		return err_set(e, EINVAL, "no state is called so");
	*ret = (struct alert_decision){ .state = (enum alert_state)state,
					.note = value_get_str(&c->body, "note"),
					.who = c->who.name,
					.now_ns = c->now_ns };
	c->topic = "alerts";
	return 0;
}

static int triage(struct call *c, const int64_t *ids, size_t count, struct err *e)
{
	struct alert_decision to;
	int r = decision_of(c, &to, e);

	return r < 0 ? r : alerts_triage(c->store, &c->who.scope, ids, count, &to, e);
}

int api_alert_patch(struct call *c, struct err *e)
{
	struct stored_alert a;
	struct arena scratch;
	int r = get_alert(c, c->id, &a, e);

	if (r < 0)
		return r;
	c->audit_before = arena_printf(c->arena, "{\"state\":\"%s\"}", alert_state_name(a.state));
	r = triage(c, &a.id, 1, e);
	if (r >= 0)
		r = get_alert(c, c->id, &a, e);
	if (r < 0)
		return r;
	c->audit_after = call_body_text(c);
	arena_init(&scratch, DOCUMENT_BUDGET);
	alert_put(&a, &scratch, &c->json);
	arena_done(&scratch);
	return 0;
}

static int triage_ids(struct call *c, const struct value *list, struct err *e)
{
	int64_t *ids = ARENA_ARRAY(c->arena, list->count, int64_t);
	int r = 0;

	if (!ids)
		return err_set(e, ENOBUFS, "alerts: memory budget spent");
	for (size_t i = 0; i < list->count && r == 0; i++)
		r = call_number(list->items[i].string, &ids[i], e);
	return r < 0 ? r : triage(c, ids, list->count, e);
}

/* Of all alerts that a filter matches: who decides says how many were seen, and when. */
static int triage_filter(struct call *c, const struct value *filter, bool *ret_more, struct err *e)
{
	const struct value *expected = value_get(&c->body, "expected");
	const int64_t before_ns = call_time(&c->body, "before", 0);
	OWNED_SEARCH_BOX box = { 0 };
	struct alert_decision to;
	struct alert_filter f;
	int r;

	if (!expected || !before_ns)
		return err_set(e, EINVAL, "'filter' wants 'expected' and 'before'");
	/* In a list of none there is nothing; no list is any. */
	VALUE_MEMBERS (m, filter)
		if (m->value.kind == VALUE_ARRAY && m->value.count == 0)
			return err_set(e, EINVAL, "a list of 'filter' is empty");
	/* It says what queries of lists do, and is read as one. */
	c->query = *filter;
	r = search_box_open(c, &policy_alerts, &box, e);
	r = r < 0 ? r : alert_filter_of(c, &box, &f, e);
	r = r < 0 ? r : decision_of(c, &to, e);
	/* Whoever may not see alerts learns nothing by what matches; what may be decided about is the route's. */
	f.scope = call_scope(c, PERMISSION_ALERTS_READ);
	return r < 0 ? r
		     : alerts_triage_all(c->store, &c->who.scope, &f, before_ns,
					 value_int(expected, 0), &to, ret_more, e);
}

int api_alert_triage(struct call *c, struct err *e)
{
	const struct value *ids = value_get(&c->body, "ids"),
			   *filter = value_get(&c->body, "filter");
	bool more = false;
	int r;

	if (!ids == !filter)
		return err_set(e, EINVAL, "one of 'ids' and 'filter' is wanted");
	r = ids ? triage_ids(c, ids, e) : triage_filter(c, filter, &more, e);
	if (r < 0)
		return r;
	c->audit_after = arena_printf(c->arena, "{\"changed\":%d,%.*s", r,
				      STR_ARG(str_skip(call_body_text(c), 1)));
	json_object_open(&c->json);
	json_put_int(&c->json, "changed", r);
	json_put_bool(&c->json, "more", more);
	json_object_close(&c->json);
	return 0;
}

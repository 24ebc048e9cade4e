#include "console/api/alert_json.h"

#include "codec/json.h"
#include "console/api/search_box.h"
#include "policy/alert_target.h"

static void put_text_of(struct json_out *j, const char *key, const struct value *doc,
			const char *member)
{
	json_opt_str(j, key, value_get_str(doc, member));
}

/* A time of the document, where it has one; else that of the alert's number. */
static void put_doc_time(struct json_out *j, const char *key, const struct value *doc,
			 const char *member, int64_t otherwise)
{
	call_put_time(j, key, call_time(doc, member, otherwise));
}

static void put_container(const struct value *doc, struct json_out *j)
{
	const struct value *c = value_get(doc, "container");

	if (str_is(value_get_str(c, "runtime"), "host"))
		return;
	put_text_of(j, "container", c, "id");
	put_text_of(j, "containerName", c, "name");
	put_text_of(j, "pod", c, "podName");
}

static void put_tags(str tags, struct json_out *j)
{
	json_key(j, "tags");
	json_array_open(j);
	while (tags.n) {
		str tag = str_cut(&tags, ' ');

		if (tag.n)
			json_str(j, tag);
	}
	json_array_close(j);
}

void alert_put(const struct stored_alert *a, struct arena *scratch, struct json_out *j)
{
	int64_t time_ns = alert_id_ms(a->id) * 1000000;
	struct value doc = { 0 };
	char id[24];

	arena_reset(scratch);
	if (json_parse(a->doc, scratch, &doc, NULL) < 0)
		doc = (struct value){ 0 };
	snprintf(id, sizeof(id), "%lld", (long long)a->id);
	json_object_open(j);
	json_put_cstr(j, "id", id);
	put_doc_time(j, "time", &doc, "time", time_ns);
	call_put_time(j, "received", a->received_ns);
	json_put_cstr(j, "priority", alert_priority_word(a->series->priority));
	json_put_str(j, "rule", a->series->rule);
	json_opt_str(j, "ruleId", a->series->rule_id);
	json_put_str(j, "message", value_get_str(&doc, "message"));
	put_text_of(j, "messageZh", &doc, "messageZh");
	json_put_str(j, "host", a->series->host);
	json_put_str(j, "agent", a->series->agent);
	put_container(&doc, j);
	json_opt_str(j, "image", a->series->image);
	json_opt_str(j, "namespace", a->series->namespace);
	json_opt_str(j, "cluster", a->series->cluster);
	json_opt_str(j, "workload", a->series->workload);
	put_tags(a->series->tags, j);
	json_put_int(j, "count", MAX(value_int(value_get(&doc, "count"), 1), 1));
	put_doc_time(j, "first", &doc, "first", time_ns);
	put_doc_time(j, "last", &doc, "last", time_ns);
	json_put_cstr(j, "state", alert_state_name(a->state));
	json_opt_str(j, "assignee", a->who);
	put_text_of(j, "process", value_at(value_get(&doc, "lineage"), 0), "name");
	json_object_close(j);
}

void priority_counts_put(const int64_t counts[PRIORITY_COUNT], struct json_out *j)
{
	json_object_open(j);
	for (int i = 0; i < PRIORITY_COUNT; i++)
		json_put_int(j, alert_priority_word((enum alert_priority)i), counts[i]);
	json_object_close(j);
}

void alert_buckets_put(const char *key, const struct alert_histogram *h, struct json_out *j)
{
	json_key(j, key);
	json_array_open(j);
	for (size_t i = 0; i < h->count; i++) {
		json_object_open(j);
		call_put_time(j, "time", h->from_ns + (int64_t)i * h->bucket_ns);
		json_key(j, "counts");
		priority_counts_put(h->buckets[i].counts, j);
		json_object_close(j);
	}
	json_array_close(j);
}

static int values_of(struct call *c, const char *name, struct alert_values *ret, struct err *e)
{
	const struct value *list = value_get(&c->query, name);
	str *items;

	if (!list)
		return 0;
	items = ARENA_ARRAY(c->arena, list->count, str);
	if (!items)
		return err_set(e, ENOBUFS, "alerts: memory budget spent");
	for (size_t i = 0; i < list->count; i++)
		items[i] = list->items[i].string;
	*ret = (struct alert_values){ items, list->count };
	return 0;
}

static unsigned int bit_of(enum enum_id id, str text)
{
	int which = enum_find(id, text);

	return which < 0 ? 0 : 1U << which;
}

static unsigned int bits_of(const struct call *c, const char *name, enum enum_id id)
{
	const struct value *list = value_get(&c->query, name);
	unsigned int bits = 0;

	VALUE_EACH (v, list)
		bits |= bit_of(id, v->string);
	return bits;
}

/* What the condition cannot hold without is asked of the store, which finds it faster. */
static int push_down(struct call *c, const struct search_box *box, const char *field,
		     struct alert_values *at, struct err *e)
{
	str room[16], *items;
	size_t n = box->filter && !at->count
			   ? policy_filter_requires(box->filter, field, room, ARRAY_LEN(room))
			   : 0;

	if (!n)
		return 0;
	items = ARENA_ARRAY(c->arena, n, str);
	if (!items)
		return err_set(e, ENOBUFS, "alerts: memory budget spent");
	memcpy(items, room, n * sizeof(str));
	*at = (struct alert_values){ items, n };
	return 0;
}

static unsigned int push_down_bits(const struct search_box *box, const char *field, enum enum_id id,
				   unsigned int given)
{
	unsigned int bits = 0;
	str room[16];
	size_t n =
		box->filter ? policy_filter_requires(box->filter, field, room, ARRAY_LEN(room)) : 0;

	for (size_t i = 0; i < n; i++)
		bits |= bit_of(id, room[i]);
	if (!bits)
		return given;
	/* both must hold; where they leave nothing the condition itself will say so */
	return given && (given & bits) ? given & bits : given ? given : bits;
}

static bool level_holds(enum condition_operator op, int64_t level, int64_t bound)
{
	switch (op) {
	case CONDITION_GE:
		return level >= bound;
	case CONDITION_GT:
		return level > bound;
	case CONDITION_LE:
		return level <= bound;
	case CONDITION_LT:
		return level < bound;
	default:
		return level == bound;
	}
}

/* Priorities that `severity >= high` leaves, where the condition cannot hold without that; 0: it says no such thing. */
static unsigned int priorities_left(const struct condition *n)
{
	unsigned int bits = 0;
	uint64_t bound;

	if (n->kind != CONDITION_CHECK || n->left.kind != TERM_FIELD ||
	    !str_is(n->left.text, "alert.level") || n->right_count != 1 ||
	    n->quantifier != CONDITION_PLAIN || n->right[0].kind != TERM_TEXT ||
	    str_u64(n->right[0].text, &bound) < 0 || bound > PRIORITY_COUNT)
		return 0;
	if (n->op != CONDITION_GE && n->op != CONDITION_GT && n->op != CONDITION_LE &&
	    n->op != CONDITION_LT && n->op != CONDITION_EQ)
		return 0;
	for (int p = 0; p < PRIORITY_COUNT; p++)
		if (level_holds(n->op, PRIORITY_DEBUG - p, (int64_t)bound))
			bits |= 1U << p;
	return bits;
}

static unsigned int push_down_level(const struct search_box *box, unsigned int given)
{
	const struct condition *root = box->filter ? policy_filter_condition(box->filter) : NULL;
	unsigned int left = root ? priorities_left(root) : 0;

	for (size_t i = 0; root && root->kind == CONDITION_AND && i < root->child_count; i++) {
		unsigned int one = priorities_left(root->children[i]);

		if (one)
			left = left && (left & one) ? left & one : one;
	}
	if (!left || (given && !(given & left)))
		return given;
	return given ? given & left : left;
}

int alert_filter_of(struct call *c, struct search_box *box, struct alert_filter *ret, struct err *e)
{
	struct alert_filter f = { .scope = &c->who.scope,
				  .states = bits_of(c, "state", ENUM_ALERT_STATE),
				  .priorities = bits_of(c, "priority", ENUM_PRIORITY),
				  .since_ns = call_time(&c->query, "since", 0),
				  .until_ns = call_time(&c->query, "until", 0),
				  .text = box->text };
	const struct {
		const char *name, *field;
		struct alert_values *at;
	} lists[] = {
		{ "rule", "alert.rule", &f.rules },
		{ "host", "host.name", &f.hosts },
		{ "agent", "agent.id", &f.agents },
		{ "cluster", NULL, &f.clusters },
		{ "namespace", "k8s.ns.name", &f.namespaces },
		{ "workload", NULL, &f.workloads },
		{ "image", NULL, &f.images },
		{ "tag", NULL, &f.tags },
		{ "container", NULL, &f.containers },
		{ "pod", NULL, &f.pods },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(lists) && r == 0; i++) {
		r = values_of(c, lists[i].name, lists[i].at, e);
		if (r == 0 && lists[i].field)
			r = push_down(c, box, lists[i].field, lists[i].at, e);
	}
	if (r < 0)
		return r;
	f.states = push_down_bits(box, "alert.state", ENUM_ALERT_STATE, f.states);
	f.priorities = push_down_bits(box, "alert.priority", ENUM_PRIORITY, f.priorities);
	f.priorities = push_down_level(box, f.priorities);
	if (box->filter) {
		f.holds = search_box_holds_alert;
		f.ctx = box;
	}
	*ret = f;
	return 0;
}

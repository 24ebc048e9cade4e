#include "base/clock.h"
#include "base/map.h"
#include "codec/json.h"
#include "console/api/alert_event.h"
#include "console/api/rules_priv.h"
#include "console/store/alerts.h"
#include "policy/recorded.h"

#define DAY_BACK_NS ((int64_t)24 * 3600 * (int64_t)SECOND_NS)
#define ALERTS_MAX 2000
#define ALERTS_AT_ONCE 200
#define EXAMPLES_MAX 20
/* A trial is one request of many: past this it says how far it came. */
#define LONGEST_NS (5 * SECOND_NS)
#define EVENT_BUDGET ((size_t)16 << 20)

/* What a rule did so far. */
struct tally {
	const struct rule *rule;
	int64_t held, unknown;
	str examples[EXAMPLES_MAX];
	size_t example_count;
};

struct trial {
	struct call *call;
	struct rule_book book;
	struct policy_program *program; /* of the draft alone */
	struct policy_run *run;
	struct tally *tallies; /* by the program's index */
	size_t rule_count;
	struct map types;     /* of rules alerts came from: name to bool[types] */
	struct arena scratch; /* for one event */
	uint64_t until_ns;
	int64_t judged, unusable;
	bool cut;
};

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "dry run: memory budget spent");
}

static void trial_close(struct trial *t)
{
	policy_run_free(t->run);
	policy_free(t->program);
	rule_book_close(&t->book);
	arena_done(&t->scratch);
}

static int trial_open(struct trial *t, struct call *c, struct err *e)
{
	struct rule_book_options o = { .draft = value_get_str(&c->body, "text"),
				       .not_switched = true };
	const struct rule *const *compiled;
	const struct rule **own;
	const struct rule *rules;
	size_t count, n = 0;
	int r;

	t->call = c;
	t->types = map_in(c->arena);
	t->until_ns = clock_ns(CLOCK_MONOTONIC) + LONGEST_NS;
	r = rule_book_open(c->store, &o, c->arena, &t->book, e);
	if (r < 0)
		return r;
	rules = rule_set_rules(t->book.set, &count);
	own = ARENA_ARRAY(c->arena, count, const struct rule *);
	if (!own)
		return spent(e);
	for (size_t i = 0; i < count; i++)
		if (str_is(rules[i].file, RULE_BOOK_DRAFT))
			own[n++] = &rules[i];
	r = policy_compile_rules(own, n, &policy_events, NULL, NULL, &t->program, e);
	if (r == 0)
		r = policy_run_new(t->program, &t->run, e);
	if (r < 0)
		return r;
	compiled = policy_rules(t->program, &t->rule_count);
	t->tallies = ARENA_ARRAY(c->arena, t->rule_count, struct tally);
	if (!t->tallies)
		return spent(e);
	for (size_t i = 0; i < t->rule_count; i++)
		t->tallies[i].rule = compiled[i];
	return 0;
}

static void count(struct tally *y, enum policy_verdict v, str example)
{
	if (v == POLICY_FALSE)
		return;
	if (v == POLICY_TRUE)
		y->held++;
	else
		y->unknown++;
	if (v == POLICY_TRUE && y->example_count < EXAMPLES_MAX)
		y->examples[y->example_count++] = example;
}

static bool is_over(struct trial *t)
{
	if (clock_ns(CLOCK_MONOTONIC) < t->until_ns)
		return false;
	t->cut = true;
	return true;
}

static int try_events(struct trial *t, const struct value *events, struct err *e)
{
	for (size_t i = 0; i < events->count && !is_over(t); i++) {
		const struct policy_target *target;
		str example = arena_printf(t->call->arena, "%zu", i);
		int r;

		arena_reset(&t->scratch);
		r = recorded_parse(events->items[i].string, &policy_events, &t->scratch, &target,
				   NULL);
		if (r == -ENOBUFS || !example.p)
			return spent(e);
		if (r < 0) {
			t->unusable++;
			continue;
		}
		t->judged++;
		for (uint32_t k = 0; k < t->rule_count; k++)
			count(&t->tallies[k], policy_judge_rule(t->run, target, k), example);
	}
	return 0;
}

/*
 * Types of events the rule an alert came from is about, for agents that did not tell which it was; all types, where nobody
 * knows that rule any more.
 */
static int types_of(struct trial *t, str name, const bool **ret, struct err *e)
{
	const struct rule *rule = rule_book_find(&t->book, name);
	bool *types = map_find(&t->types, name);
	struct policy_program *p;
	void **at;
	int r;

	if (!types) {
		types = ARENA_ARRAY(t->call->arena, policy_events.type_count, bool);
		name = arena_str(t->call->arena, name);
		at = types && name.p ? map_at(&t->types, name) : NULL;
		if (!at)
			return spent(e);
		if (rule) {
			r = policy_compile_rules(&rule, 1, &policy_events, NULL, NULL, &p, e);
			if (r < 0)
				return r;
			memcpy(types, policy_types(p), policy_events.type_count * sizeof(bool));
			policy_free(p);
		} else {
			memset(types, true, policy_events.type_count * sizeof(bool));
		}
		*at = types;
	}
	*ret = types;
	return 0;
}

/* Where it is not known which event it was, only what it can have been: what holds for all of those holds. */
struct verdicts {
	bool any_true, any_maybe, any_false;
};

/* An event of this type no rule of the draft is about. */
static void refuse_type(const struct trial *t, struct verdicts *v)
{
	for (size_t k = 0; k < t->rule_count; k++)
		v[k].any_false = true;
}

static int try_type(struct trial *t, const struct value *doc, enum event_type type,
		    struct verdicts *v, struct err *e)
{
	OWNED_BUF line = BUF_INIT;
	const struct policy_target *target;
	int r;

	if (!policy_types(t->program)[type]) {
		refuse_type(t, v);
		return 0;
	}
	alert_event_render(doc, type, &line);
	if (buf_error(&line))
		return spent(e);
	r = recorded_parse(buf_str(&line), &policy_events, &t->scratch, &target, NULL);
	if (r < 0)
		return r;
	for (uint32_t k = 0; k < t->rule_count; k++) {
		enum policy_verdict one = policy_judge_rule(t->run, target, k);

		v[k].any_true |= one == POLICY_TRUE;
		v[k].any_maybe |= one == POLICY_MAYBE;
		v[k].any_false |= one == POLICY_FALSE;
	}
	return 0;
}

static int try_types(struct trial *t, const struct value *doc, str rule, struct verdicts *v,
		     struct err *e)
{
	enum event_type told = alert_event_type(doc);
	const bool *types;
	int r;

	if (told != EVENT_TYPE_COUNT)
		return try_type(t, doc, told, v, e);
	r = types_of(t, rule, &types, e);
	for (unsigned int i = 0; r == 0 && i < EVENT_TYPE_COUNT; i++)
		if (types[i])
			r = try_type(t, doc, (enum event_type)i, v, e);
	return r;
}

static enum policy_verdict verdict_of(const struct verdicts *v)
{
	if (!v->any_true && !v->any_maybe)
		return POLICY_FALSE;
	return v->any_maybe || v->any_false ? POLICY_MAYBE : POLICY_TRUE;
}

static int try_alert(struct trial *t, const struct stored_alert *a, struct err *e)
{
	str example = arena_printf(t->call->arena, "%lld", (long long)a->id);
	struct verdicts *v;
	struct value doc;
	int r;

	arena_reset(&t->scratch);
	v = ARENA_ARRAY(&t->scratch, t->rule_count, struct verdicts);
	if (!v || !example.p)
		return spent(e);
	if (json_parse(a->doc, &t->scratch, &doc, NULL) < 0) {
		t->unusable++;
		return 0;
	}
	r = try_types(t, &doc, a->series->rule, v, e);
	if (r == -EBADMSG) {
		t->unusable++;
		return 0;
	}
	if (r < 0)
		return r;
	t->judged++;
	for (size_t k = 0; k < t->rule_count; k++)
		count(&t->tallies[k], verdict_of(&v[k]), example);
	return 0;
}

static int try_alerts(struct trial *t, struct err *e)
{
	struct call *c = t->call;
	struct alert_filter f = { .scope = call_scope(c, PERMISSION_ALERTS_READ),
				  .since_ns =
					  call_time(&c->body, "since", c->now_ns - DAY_BACK_NS) };
	int64_t cursor = 0, seen = 0;

	do {
		struct alert_page page;
		int r = alerts_page(c->store, &f, cursor, ALERTS_AT_ONCE, true, c->arena, &page, e);

		for (size_t i = 0; r == 0 && i < page.count && !is_over(t); i++)
			r = try_alert(t, &page.items[i], e);
		if (r < 0)
			return r;
		seen += (int64_t)page.count;
		cursor = page.next;
	} while (cursor && seen < ALERTS_MAX && !t->cut);
	t->cut |= cursor != 0;
	return 0;
}

static void put(const struct trial *t, struct json_out *j)
{
	json_object_open(j);
	rules_put_problems(&t->book, j);
	json_put_int(j, "judged", t->judged);
	json_put_int(j, "unusable", t->unusable);
	json_put_bool(j, "cut", t->cut);
	json_key(j, "matched");
	json_array_open(j);
	for (size_t i = 0; i < t->rule_count; i++) {
		const struct tally *y = &t->tallies[i];

		if (!y->held && !y->unknown)
			continue;
		json_object_open(j);
		json_put_str(j, "rule", y->rule->name);
		json_put_int(j, "count", y->held);
		json_put_int(j, "unknown", y->unknown);
		json_put_strs(j, "examples", y->examples, y->example_count);
		json_object_close(j);
	}
	json_array_close(j);
	json_object_close(j);
}

int api_rule_dry_run(struct call *c, struct err *e)
{
	CLEANUP(trial_close) struct trial t = { 0 };
	const struct value *events = value_get(&c->body, "events");
	int r;

	arena_init(&t.scratch, EVENT_BUDGET);
	r = trial_open(&t, c, e);
	if (r == 0)
		r = events ? try_events(&t, events, e) : try_alerts(&t, e);
	if (r < 0)
		return r;
	put(&t, &c->json);
	return 0;
}

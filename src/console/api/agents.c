#include "console/store/agents.h"

#include "base/clock.h"
#include "codec/json.h"
#include "console/api/dispatch.h"
#include "console/fleet/agent_parts.h"
#include "console/fleet/authority.h"

#define STATS_BUDGET ((size_t)16 << 20)
#define GONE_NS ((int64_t)24 * 3600 * (int64_t)SECOND_NS)
#define HOUR_AHEAD_NS ((int64_t)3600 * (int64_t)SECOND_NS)
#define LABEL_MAX_BYTES 2048
#define AGENTS_AT_ONCE 1000

static const char *state_of(const struct agent *a, int64_t now_ns)
{
	if (a->state == AGENT_REVOKED)
		return "revoked";
	if (a->ended || now_ns - a->seen_ns > GONE_NS)
		return "gone";
	return a->silent ? "silent" : "healthy";
}

static int64_t total(const struct value *counts)
{
	int64_t sum = 0;

	VALUE_MEMBERS (m, counts)
		sum += value_int(&m->value, 0);
	return sum;
}

/* What an agent says of itself, as far as it has the shape hoped for. */
struct figures {
	bool known;
	str backend; /* in the scratch */
	int64_t losses, containers, memory;
};

static struct figures figures_of(const struct agent *a, struct arena *scratch)
{
	struct figures f = { 0 };
	const struct value *sensor;
	struct agent_parts parts;
	struct value doc;

	if (!a->stats.n || json_parse(a->stats, scratch, &doc, NULL) < 0)
		return f;
	sensor = value_get(&doc, "sensor");
	f.known = true;
	f.backend = value_get_str(sensor, "backend");
	f.losses = total(value_get(sensor, "lost"));
	f.containers = value_int(value_get(sensor, "containers"), 0);
	agent_parts_of(&doc, &parts);
	f.memory = parts.memory;
	return f;
}

static void put_stats(const struct agent *a, struct json_out *j)
{
	struct arena scratch;
	struct figures f;

	arena_init(&scratch, STATS_BUDGET);
	f = figures_of(a, &scratch);
	if (f.known) {
		json_opt_str(j, "backend", f.backend);
		json_put_int(j, "losses", f.losses);
		json_put_int(j, "containers", f.containers);
	}
	if (f.memory > 0)
		json_put_int(j, "memory", f.memory);
	arena_done(&scratch);
}

/* Percent of one processor; negative: not known. */
static double cpu_of(const struct agent_cost *x)
{
	return x && x->ms > 0 ? 100 * (double)x->cpu_ms / (double)x->ms : -1;
}

static void put(const struct agent *a, const struct map *costs, int64_t now_ns, struct json_out *j)
{
	const double cpu = cpu_of(map_find(costs, a->id));

	json_object_open(j);
	json_put_str(j, "id", a->id);
	json_put_str(j, "name", a->name);
	json_put_str(j, "version", a->version);
	json_put_cstr(j, "state", state_of(a, now_ns));
	call_put_time(j, "lastSeen", a->seen_ns);
	call_put_time(j, "enrolled", a->enrolled_ns);
	json_opt_str(j, "kernel", a->kernel);
	json_opt_str(j, "os", a->os);
	json_opt_str(j, "address", a->address);
	json_put_int(j, "alertsLost", a->lost);
	json_put_int(j, "flowsLost", a->flows_lost);
	if (a->clock_known) {
		json_key(j, "clockSkew");
		json_double(j, (double)a->clock_ms / 1000, 3);
	}
	json_put_bool(j, "clockOff", a->clock_off);
	call_put_time(j, "certificateExpires", a->certificate_to_s * (int64_t)SECOND_NS);
	json_key(j, "labels");
	call_put_labels(a->labels, j);
	put_stats(a, j);
	if (cpu >= 0) {
		json_key(j, "cpu");
		json_double(j, cpu, 2);
	}
	json_object_close(j);
}

/* Agents are of the whole fleet: a scope that shows a part of it shows those whose labels it names. */
static bool is_shown(const struct call *c, const struct agent *a)
{
	struct scope_subject of = { .host = a->name };
	char labels[LABEL_MAX_BYTES];
	str left = a->labels;

	snprintf(labels, sizeof(labels), ",%.*s,",
		 STR_ARG(str_take(a->labels, sizeof(labels) - 3)));
	of.labels = a->labels.n ? str_from(labels) : (str){ 0 };
	while (left.n) {
		str pair = str_cut(&left, ',');

		if (str_starts(pair, S("cluster=")))
			of.cluster = str_skip(pair, 8);
	}
	return scope_holds(&c->who.scope, &of);
}

static bool is_wanted(const struct call *c, const struct agent *a)
{
	const struct value *states = value_get(&c->query, "state");
	str q = call_query(c, "q");
	bool state = !states;

	VALUE_EACH (s, states)
		state |= str_is(s->string, state_of(a, c->now_ns));
	return state && is_shown(c, a) &&
	       (!q.n || str_holds_nocase(a->name, q) || str_holds_nocase(a->id, q));
}

enum agent_sort {
	AGENT_BY_NAME,
	AGENT_BY_LAST_SEEN,
	AGENT_BY_VERSION,
	AGENT_BY_LOSSES,
	AGENT_BY_ALERTS_LOST,
	AGENT_BY_MEMORY,
	AGENT_BY_CPU
};

static const char *const sorts[] = {
	[AGENT_BY_NAME] = "name",
	[AGENT_BY_LAST_SEEN] = "lastSeen",
	[AGENT_BY_VERSION] = "version",
	[AGENT_BY_LOSSES] = "losses",
	[AGENT_BY_ALERTS_LOST] = "alertsLost",
	[AGENT_BY_MEMORY] = "memory",
	[AGENT_BY_CPU] = "cpu",
};

static int64_t number_of(const struct figures *f, enum agent_sort sort)
{
	if (!f->known)
		return -1;
	return sort == AGENT_BY_LOSSES ? f->losses : f->memory;
}

/* Equal ones come by name. */
static struct list_item item_of(const struct call *c, const struct agent *a, enum agent_sort sort,
				const struct map *costs, struct arena *scratch)
{
	struct list_item out = { .id = arena_printf(c->arena, "%.*s %.*s", STR_ARG(a->name),
						    STR_ARG(a->id)),
				 .item = a };
	struct figures f;

	switch (sort) {
	case AGENT_BY_NAME:
		out.text = a->name;
		break;
	case AGENT_BY_LAST_SEEN:
		/* Those that report are heard of every few seconds: by that they would change places all the time. */
		out.number = str_is(str_from(state_of(a, c->now_ns)), "healthy") ? INT64_MAX
										 : a->seen_ns;
		break;
	case AGENT_BY_VERSION:
		out.number = list_sort_version(a->version);
		out.text = a->version;
		break;
	case AGENT_BY_ALERTS_LOST:
		out.number = a->lost;
		break;
	case AGENT_BY_LOSSES:
	case AGENT_BY_MEMORY:
		arena_reset(scratch);
		f = figures_of(a, scratch);
		out.number = number_of(&f, sort);
		break;
	case AGENT_BY_CPU:
		out.number = (int64_t)(1000 * cpu_of(map_find(costs, a->id)));
		break;
	}
	return out;
}

/* All agents that are wanted, and what they are sorted by. */
static int collect(struct call *c, enum agent_sort sort, const struct map *costs,
		   struct list_item **ret, size_t *ret_count, struct err *e)
{
	struct list_item *items = NULL;
	size_t n = 0, cap = 0, count;
	struct arena scratch;
	str after = { 0 };
	int r;

	arena_init(&scratch, STATS_BUDGET);
	do {
		struct agent *list;

		r = agent_list(c->store, after, AGENTS_AT_ONCE, c->arena, &list, &count, e);
		for (size_t i = 0; r == 0 && i < count; i++) {
			struct list_item *at;

			after = list[i].id;
			if (!is_wanted(c, &list[i]))
				continue;
			at = ARENA_PUSH(c->arena, items, n, cap);
			if (at)
				*at = item_of(c, &list[i], sort, costs, &scratch);
			if (!at || !at->id.p)
				r = err_set(e, ENOBUFS, "agents: memory budget spent");
		}
	} while (r == 0 && count == AGENTS_AT_ONCE);
	arena_done(&scratch);
	*ret = items;
	*ret_count = n;
	return r;
}

static int put_item(struct call *c, const void *item, const void *costs, struct err *e UNUSED)
{
	put(item, costs, c->now_ns, &c->json);
	return 0;
}

int api_agent_list(struct call *c, struct err *e)
{
	struct list_item *items = NULL;
	struct map costs;
	bool descending;
	size_t count = 0;
	enum agent_sort sort = (enum agent_sort)call_sort(c, sorts, ARRAY_LEN(sorts), &descending);
	int r = agent_cost_hour(c->store, c->now_ns, c->arena, &costs, e);

	if (r == 0)
		r = collect(c, sort, &costs, &items, &count, e);
	return r < 0 ? r : call_sorted_page(c, items, count, descending, put_item, &costs, e);
}

static int get(struct call *c, struct agent *ret, struct err *e)
{
	int r = agent_get(c->store, c->id, c->arena, ret, e);

	if (r == 0 && !is_shown(c, ret))
		r = err_set(e, ENOENT, "there is no such agent");
	return r;
}

static int put_cost(struct call *c, const struct agent *a, struct err *e)
{
	struct agent_cost *list = ARENA_ARRAY(c->arena, AGENT_COST_SLOTS, struct agent_cost);
	size_t count;
	int r = list ? agent_cost_list(c->store, a->id, c->now_ns, list, &count, e)
		     : err_set(e, ENOBUFS, "agents: memory budget spent");

	if (r < 0)
		return r;
	json_key(&c->json, "cost");
	json_array_open(&c->json);
	for (size_t i = 0; i < count; i++) {
		const double ms = (double)MAX(list[i].ms, 1);

		json_object_open(&c->json);
		call_put_time(&c->json, "time", list[i].start_ns);
		json_key(&c->json, "cpu");
		json_double(&c->json, 100 * (double)list[i].cpu_ms / ms, 2);
		json_put_int(&c->json, "memory", list[i].memory);
		json_key(&c->json, "events");
		json_double(&c->json, 1000 * (double)list[i].events / ms, 1);
		json_put_int(&c->json, "lost", list[i].lost);
		json_object_close(&c->json);
	}
	json_array_close(&c->json);
	return 0;
}

/** @param stats NULL: it has told of none yet */
static void put_parts(const struct value *stats, struct json_out *j)
{
	struct agent_parts parts;

	agent_parts_of(stats, &parts);
	json_key(j, "parts");
	json_array_open(j);
	for (size_t i = 0; i < parts.count; i++) {
		const struct agent_part *p = &parts.list[i];

		json_object_open(j);
		json_put_str(j, "part", p->name);
		if (p->percent >= 0) {
			json_key(j, "cpu");
			json_double(j, p->percent, 2);
		}
		json_key(j, "cpuSeconds");
		json_double(j, (double)p->cpu_ms / 1000, 2);
		json_put_int(j, "memory", p->memory);
		if (p->processes >= 0)
			json_put_int(j, "processes", p->processes);
		json_object_close(j);
	}
	json_array_close(j);
}

int api_agent_get(struct call *c, struct err *e)
{
	struct arena scratch;
	struct agent a;
	struct value doc;
	struct map costs;
	bool told;
	int r = get(c, &a, e);

	if (r == 0)
		r = agent_cost_hour(c->store, c->now_ns, c->arena, &costs, e);
	if (r < 0)
		return r;
	json_object_open(&c->json);
	json_key(&c->json, "agent");
	put(&a, &costs, c->now_ns, &c->json);
	json_key(&c->json, "stats");
	arena_init(&scratch, STATS_BUDGET);
	told = a.stats.n && json_parse(a.stats, &scratch, &doc, NULL) == 0;
	if (told)
		call_put_json(&c->json, a.stats);
	else
		json_null(&c->json);
	put_parts(told ? &doc : NULL, &c->json);
	arena_done(&scratch);
	r = put_cost(c, &a, e);
	json_object_close(&c->json);
	return r;
}

/* Names and values are kept in one text, parted by commas and '='. */
static int labels_of(const struct call *c, struct buf *out, struct err *e)
{
	VALUE_MEMBERS (m, value_get(&c->body, "labels")) {
		str v = m->value.string;

		if (!m->key.n || str_find(m->key, ',') < m->key.n ||
		    str_find(m->key, '=') < m->key.n || str_find(v, ',') < v.n ||
		    str_find(v, '=') < v.n)
			return err_set(e, EINVAL,
				       "a label's name and value hold no ',' and no '='");
		buf_printf(out, "%s%.*s=%.*s", out->n ? "," : "", STR_ARG(m->key), STR_ARG(v));
	}
	if (buf_error(out))
		return err_set(e, ENOBUFS, "agents: memory budget spent");
	return out->n > LABEL_MAX_BYTES
		       ? err_set(e, E2BIG, "labels have %d bytes at most", LABEL_MAX_BYTES)
		       : 0;
}

static void put_token(struct call *c, str token, int64_t expires_ns, int64_t uses)
{
	struct json_out *j = &c->json;
	str host = c->request->header(c->request->headers, "Host");
	OWNED_BUF command = BUF_INIT;

	/* the address the operator reaches the console by is the one that is known to work */
	buf_printf(&command, "skep-agent --console https://%.*s --enroll %.*s", STR_ARG(host),
		   STR_ARG(token));
	json_object_open(j);
	json_put_str(j, "token", token);
	call_put_time(j, "expires", expires_ns);
	json_put_int(j, "uses", uses);
	json_put_str(j, "command", buf_str(&command));
	json_object_close(j);
}

int api_agent_token(struct call *c, struct err *e)
{
	int64_t expires_ns = call_time(&c->body, "expires", c->now_ns + HOUR_AHEAD_NS);
	int64_t uses = value_int(value_get(&c->body, "uses"), 1), id;
	OWNED_BUF labels = BUF_INIT;
	OWNED_BUF token = BUF_INIT;
	struct authority authority;
	int r = 0;

	if (expires_ns <= c->now_ns)
		r = err_set(e, EINVAL, "it would have expired already");
	if (r == 0 && !c->who.scope.everything)
		r = err_set(e, EACCES, "you see a part of the fleet only: others add agents");
	if (r == 0)
		r = labels_of(c, &labels, e);
	if (r == 0)
		r = authority_get(c->store, c->arena, &authority, e);
	if (r == 0)
		r = agent_token_new(c->store, authority.digest, expires_ns, uses, buf_str(&labels),
				    c->who.name, &token, &id, e);
	if (r < 0)
		return r;
	/* the token itself is a secret: the log tells all but that */
	c->audit_after = call_body_text(c);
	c->audit_target = arena_printf(c->arena, "%lld", (long long)id);
	put_token(c, buf_str(&token), expires_ns, uses);
	return 0;
}

static int change(struct call *c, int (*how)(struct store *s, str agent, struct err *e),
		  struct err *e)
{
	struct agent a;
	int r = get(c, &a, e);

	if (r == 0)
		r = how(c->store, a.id, e);
	if (r == 0)
		c->topic = "agents";
	return r;
}

int api_agent_revoke(struct call *c, struct err *e)
{
	return change(c, agent_revoke, e);
}

int api_agent_delete(struct call *c, struct err *e)
{
	return change(c, agent_delete, e);
}

#include "codec/json.h"
#include "console/fleet/agent_parts.h"
#include "console/fleet/fleet_priv.h"

#define STATS_BUDGET ((size_t)32 << 20)
/* Of a longer silence nothing is known: an agent tells each 15 s. */
#define GAP_MS 120000

/* What an agent counted from its start. */
struct counted {
	int64_t at_ms, cpu_ms, memory, events, lost;
	bool whole; /* of all parts, not of two */
};

static int64_t sum(const struct value *object, const char *member)
{
	int64_t n = 0;

	VALUE_MEMBERS (m, object)
		n += MAX(value_int(member ? value_get(&m->value, member) : &m->value, 0), 0);
	return n;
}

static bool read_counted(str doc, struct arena *a, struct counted *ret)
{
	const struct value *sensor;
	struct agent_parts parts;
	struct value v;

	if (!doc.n || json_parse(doc, a, &v, NULL) < 0)
		return false;
	sensor = value_get(&v, "sensor");
	agent_parts_of(&v, &parts);
	*ret = (struct counted){ .at_ms = value_int(value_get(&v, "monotonicMs"), 0),
				 .cpu_ms = parts.cpu_ms,
				 .memory = parts.memory,
				 .whole = parts.whole,
				 .events = sum(value_get(sensor, "events"), "delivered"),
				 .lost = sum(value_get(sensor, "lost"), NULL) };
	return true;
}

/* A part that was replaced counts anew: what it has is what came since. */
static int64_t since(int64_t now, int64_t before)
{
	return now >= before ? now - before : now;
}

int record_stats(struct teller *t, str doc, struct err *e)
{
	struct counted was, is;
	struct agent before;
	struct arena a;
	bool known;
	int r;

	arena_init(&a, STATS_BUDGET);
	/* Not what was known when the batch began: it may hold more than one of these. */
	known = agent_get(t->store, t->agent->id, &a, &before, NULL) == 0 &&
		read_counted(before.stats, &a, &was) && read_counted(doc, &a, &is) &&
		is.whole == was.whole && is.at_ms > was.at_ms && is.at_ms - was.at_ms < GAP_MS;
	arena_done(&a);
	r = agent_set_stats(t->store, t->agent->id, doc, e);
	if (r < 0 || !known)
		return r;
	return agent_cost_add(t->store, t->agent->id,
			      &(struct agent_cost){ .ms = is.at_ms - was.at_ms,
						    .cpu_ms = since(is.cpu_ms, was.cpu_ms),
						    .memory = is.memory,
						    .events = since(is.events, was.events),
						    .lost = since(is.lost, was.lost) },
			      t->now_ns, e);
}

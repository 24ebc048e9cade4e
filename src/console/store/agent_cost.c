#include "console/store/agents.h"

int agent_cost_add(struct store *s, str agent, const struct agent_cost *x, int64_t now_ns,
		   struct err *e)
{
	const int64_t start = now_ns - now_ns % AGENT_COST_SLOT_NS;
	int r = sql_do(
		s->sql,
		"INSERT INTO agent_cost (agent, slot, start_ns, ms, cpu_ms, memory, events, lost) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (agent, slot) DO UPDATE SET "
		"ms = excluded.ms + CASE WHEN agent_cost.start_ns = excluded.start_ns THEN "
		"agent_cost.ms ELSE 0 END, "
		"cpu_ms = excluded.cpu_ms + CASE WHEN agent_cost.start_ns = excluded.start_ns THEN "
		"agent_cost.cpu_ms ELSE 0 END, "
		"memory = CASE WHEN agent_cost.start_ns = excluded.start_ns AND agent_cost.memory "
		"> excluded.memory "
		"THEN agent_cost.memory ELSE excluded.memory END, "
		"events = excluded.events + CASE WHEN agent_cost.start_ns = excluded.start_ns THEN "
		"agent_cost.events ELSE 0 END, "
		"lost = excluded.lost + CASE WHEN agent_cost.start_ns = excluded.start_ns THEN "
		"agent_cost.lost ELSE 0 END, "
		"start_ns = excluded.start_ns",
		SQL_ARGS(SQL_T(agent), SQL_I(start / AGENT_COST_SLOT_NS % AGENT_COST_SLOTS),
			 SQL_I(start), SQL_I(x->ms), SQL_I(x->cpu_ms), SQL_I(x->memory),
			 SQL_I(x->events), SQL_I(x->lost)),
		e);

	return MIN(r, 0);
}

int agent_cost_list(struct store *s, str agent, int64_t now_ns, struct agent_cost *ret,
		    size_t *ret_count, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	size_t n = 0;
	int r = sql_query(
		s->sql,
		"SELECT start_ns, ms, cpu_ms, memory, events, lost FROM agent_cost "
		"WHERE agent = ?1 AND start_ns > ?2 ORDER BY start_ns",
		SQL_ARGS(SQL_T(agent), SQL_I(now_ns - AGENT_COST_SLOTS * AGENT_COST_SLOT_NS)),
		&rows, e);

	while (r >= 0 && n < AGENT_COST_SLOTS && (r = sql_next(rows, e)) > 0)
		ret[n++] = (struct agent_cost){ .start_ns = sql_int(rows, 0),
						.ms = sql_int(rows, 1),
						.cpu_ms = sql_int(rows, 2),
						.memory = sql_int(rows, 3),
						.events = sql_int(rows, 4),
						.lost = sql_int(rows, 5) };
	if (r >= 0)
		*ret_count = n;
	return MIN(r, 0);
}

/* Slots of an hour, this one among them. */
#define HOUR_SLOTS 12

int agent_cost_hour(struct store *s, int64_t now_ns, struct arena *a, struct map *ret,
		    struct err *e)
{
	struct sql_value values[HOUR_SLOTS + 1];
	struct map found = map_in(a);
	OWNED_ROWS *rows = NULL;
	int r;

	for (int64_t i = 0; i < HOUR_SLOTS; i++)
		values[i] = SQL_I((now_ns / AGENT_COST_SLOT_NS - i) % AGENT_COST_SLOTS);
	values[HOUR_SLOTS] = SQL_I(now_ns - HOUR_SLOTS * AGENT_COST_SLOT_NS);
	/* A few rows of each agent by their key, not all there are. */
	r = sql_query(s->sql,
		      "SELECT c.agent, CAST(SUM(c.ms) AS BIGINT), CAST(SUM(c.cpu_ms) AS BIGINT) "
		      "FROM agent a CROSS JOIN agent_cost c WHERE c.agent = a.id AND c.slot IN "
		      "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) AND c.start_ns > ?13 "
		      "GROUP BY c.agent",
		      values, ARRAY_LEN(values), &rows, e);
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		str agent = sql_text_in(rows, 0, a);
		struct agent_cost *x = ARENA_NEW(a, struct agent_cost);
		void **at = agent.p && x ? map_at(&found, agent) : NULL;

		if (!at)
			return err_set(e, ENOBUFS, "memory budget spent");
		*x = (struct agent_cost){ .ms = sql_int(rows, 1), .cpu_ms = sql_int(rows, 2) };
		*at = x;
	}
	if (r == 0)
		*ret = found;
	return r;
}

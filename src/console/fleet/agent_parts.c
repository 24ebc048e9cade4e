#include "console/fleet/agent_parts.h"

/* A processor for thirty thousand years, and as many bytes: sixteen of it are counted yet. */
#define NUMBER_MAX ((int64_t)1 << 50)
#define PERCENT_MAX 1e6

static int64_t number(const struct value *part, const char *member)
{
	return MIN(MAX(value_int(value_get(part, member), 0), 0), NUMBER_MAX);
}

static void add(struct agent_parts *to, str name, const struct value *v)
{
	struct agent_part p = { .name = name, .processes = -1, .percent = -1 };

	if (to->count == AGENT_PARTS_MAX || !v || v->kind != VALUE_OBJECT || !name.n)
		return;
	p.cpu_ms = number(v, "cpuUserMs") + number(v, "cpuSystemMs");
	p.memory = number(v, value_get(v, "memoryBytes") ? "memoryBytes" : "residentBytes");
	if (value_get(v, "processes"))
		p.processes = number(v, "processes");
	if (value_get(v, "cpuPercent"))
		p.percent = MIN(MAX(value_num(value_get(v, "cpuPercent"), 0), 0), PERCENT_MAX);
	to->list[to->count++] = p;
	to->cpu_ms += p.cpu_ms;
	to->memory += p.memory;
}

void agent_parts_of(const struct value *stats, struct agent_parts *ret)
{
	const struct value *parts = value_get(stats, "parts");
	struct agent_parts out = { .whole = parts != NULL };

	VALUE_EACH (p, parts)
		add(&out, value_get_str(p, "part"), p);
	if (!parts) {
		add(&out, S("sensor"), value_get(stats, "sensor"));
		add(&out, S("uplink"), value_get(stats, "uplink"));
	}
	*ret = out;
}

/** @file
 * What an agent's parts cost, by what it last told (doc/schemas/agent-stats-1.schema.json). It is an agent's word: numbers
 * beyond reason are cut, and nothing adds up to more than can be counted.
 */
#ifndef SKEP_CONSOLE_FLEET_AGENT_PARTS_H
#define SKEP_CONSOLE_FLEET_AGENT_PARTS_H

#include "codec/value.h"

#define AGENT_PARTS_MAX 16

struct agent_part {
	str name;          /**< points into what was read */
	int64_t processes; /**< that live; -1: it was not told */
	int64_t cpu_ms;    /**< of processors, since the agent started */
	double percent;    /**< of one processor, lately; -1: it was not told */
	int64_t memory;    /**< bytes */
};

struct agent_parts {
	struct agent_part list[AGENT_PARTS_MAX];
	size_t count;
	bool whole; /**< an older agent tells of its sensor and uplink alone, without those they replaced */
	int64_t cpu_ms, memory; /**< of all */
};

/** @param stats the whole document; what of it has not the shape hoped for is left out */
void agent_parts_of(const struct value *stats, struct agent_parts *ret);

#endif

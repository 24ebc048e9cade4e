/** @file
 * The agent's parts: what each is given and what it owes the supervisor.
 */
#ifndef SKEP_PROG_AGENT_PART_H
#define SKEP_PROG_AGENT_PART_H

#include "base/option.h"
#include "codec/json_out.h"
#include "prog/agent/message.h"
#include "prog/agent/scan_cgroup.h"

/** Everything a part inherits; copies of the supervisor's. */
struct part_context {
	const struct option_set *options;
	int supervisor; /**< socket pair: ALIVE, READY, SAY, FAIL, KEEP up; RELOAD, STOP down */
	int data;       /**< between sensor and uplink: ALERT, RECORD, STATS up; ASK down */
	int census; /**< between census and uplink: RECORD up; SNAPSHOT down; -1: there is none */
	int scans;  /**< between scanner and uplink: SCANNED up; SCAN down; -1: there is none */
	const int *kept; /**< sensor: what its predecessor left */
	size_t kept_count;
	const struct scan_cgroup *readers;      /**< scanner: where whoever reads images belongs */
	bool successor;                         /**< it replaces one that died */
	const char *(*translate)(const char *); /**< for why it cannot begin: struct err's */
};

/**
 * @return exit status: 0 it was told to stop, else an errno: it could not begin, or failed when it had said READY (the sentence was
 *         said)
 */
int sensor_part(void *part_context);
int uplink_part(void *part_context);
int census_part(void *part_context);
int scanner_part(void *part_context);

/** The folder below STATE where the scanner leaves images' inventories. */
#define PART_SCANS "scans"

/** Says a line to the operator through the supervisor. */
void part_say(const struct part_context *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** Tells the supervisor why the part cannot begin. @return what the part is to return: @p r without its sign */
int part_fail(const struct part_context *p, int r, const struct err *e);
/** Writes cpuUserMs, cpuSystemMs and residentBytes of this process. */
void part_put_usage(struct json_out *j);
/** Sends ALIVE when half a second has passed since the last; @p at is the caller's memory of it, 0 at first. */
void part_alive(const struct part_context *p, uint64_t now_ns, uint64_t *at);

#endif

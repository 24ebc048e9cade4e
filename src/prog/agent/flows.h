/** @file
 * Tells the console who talks to whom (doc/formats/agent-protocol.md, `flows`): at intervals what the kernel counted, with the
 * containers' names. What cannot be sent now waits in the kernel's table, which is bounded and counts what it has no room for.
 */
#ifndef SKEP_PROG_AGENT_FLOWS_H
#define SKEP_PROG_AGENT_FLOWS_H

#include "asset/asset.h"
#include "kern/sensor.h"

struct flows;

/** Flows of one record at most. */
#define FLOWS_A_RECORD 64

/**
 * @param fd    where records go (message.h)
 * @param every nanoseconds between two readings
 */
MUST_CHECK int flows_new(int fd, uint64_t every_ns, struct flows **ret, struct err *e);
void flows_free(struct flows *f);

/** Reads and sends what is due and what there is room for. @param now_ns of CLOCK_MONOTONIC */
void flows_turn(struct flows *f, struct sensor *s, struct asset *a, uint64_t now_ns);
/** Before the end: reads what is there, due or not, and sends as much as the socket takes. */
void flows_flush(struct flows *f, struct sensor *s, struct asset *a);

/** Writes the doc of one record. @param lost connections that found no place in the kernel's table */
void flows_render(const struct sensor_flow *list, size_t count, uint64_t lost, uint64_t time_ns,
		  struct asset *a, struct buf *out);

#endif

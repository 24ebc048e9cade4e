/** @file
 * What the sensor part did, told to uplink once a second: for /metrics and `skep agent top`.
 */
#ifndef SKEP_PROG_AGENT_SENSOR_STATS_H
#define SKEP_PROG_AGENT_SENSOR_STATS_H

#include "prog/agent/session.h"

/**
 * Sends one MESSAGE_STATS whose document doc/schemas/agent-stats-1.schema.json describes; a slow uplink misses one, never
 * the sum: every number counts from the part's start.
 * @param costs  also what the rules and their checks cost, which takes longer than all the rest
 */
void sensor_stats_send(int fd, const struct session *s, uint64_t alerts_lost, bool costs);

#endif

/** @file
 * Alerts about events that were lost: whose, how many, why. Each loss is told once, so that their sum is exact.
 */
#ifndef SKEP_PROG_AGENT_LOSSES_H
#define SKEP_PROG_AGENT_LOSSES_H

#include "asset/asset.h"
#include "kern/sensor.h"
#include "model/alert.h"

#define LOSSES_EVERY_NS 10000000000ull /**< between two alerts while losses go on */

typedef void (*losses_teller)(void *ctx, const struct alert *a);

/** Tells of everything lost since the last time: one alert ("SKEP-0002") for each container that lost something. */
void losses_tell(struct sensor *s, struct asset *a, losses_teller tell, void *ctx);
/** The same for one cgroup, before it is forgotten. */
void losses_tell_cgroup(struct sensor *s, struct asset *a, uint64_t cgroup_id, losses_teller tell,
			void *ctx);

#endif

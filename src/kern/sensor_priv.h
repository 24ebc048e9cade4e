/** @file
 * A sensor's parts, for the modules of this room.
 */
#ifndef SKEP_KERN_SENSOR_PRIV_H
#define SKEP_KERN_SENSOR_PRIV_H

#include "base/str.h"
#include "kern/control.h"
#include "kern/hook.h"
#include "kern/record_complete.h"
#include "kern/ring.h"
#include "kern/sensor.h"

#define SENSOR_PERIOD_MS 3 /* how often the rings are looked at while events come */
#define SENSOR_QUIET 4     /* empty looks after which the kernel is asked to wake us */

struct sensor {
	struct sensor_config config; /* without what was kept */
	struct hooks *hooks;
	enum sensor_backend backend;
	struct control *control; /* shared with the kernel */
	int cgroups;             /* map */
	int passed_over;         /* map */
	struct ring state, bulk;
	int epoll;          /* of both rings */
	unsigned int quiet; /* empty looks in a row */
	int64_t boot_ns;    /* clock_boot_offset_ns() */
	void (*tap)(void *ctx, str record);
	void *tap_ctx;
	uint64_t number;
	uint64_t delivered[EVENT_TYPE_COUNT];
	uint64_t lost[CONTROL_LOSSES];                    /* of cgroups that are gone */
	uint64_t lost_all[CONTROL_LOSSES], losses_summed; /* and of all, at this control->losses */
	uint64_t told[EVENT_LOSS_COUNT];                  /* by LOSS events */
	struct sensor_loss *before;                       /* what sensor_losses() gave, by cgroup */
	size_t before_count, before_cap;
	uint64_t skipped_before; /* and of all */
	uint64_t losses_told;    /* control->losses at losses_told_ns */
	uint64_t losses_told_ns;
	uint64_t skipped, skipped_ns; /* calls the kernel passed over, and when that was read */
	struct record_room room;      /* of the event being delivered */
};

/**
 * What the kernel calls invalid it does not know: nobody is to take that for a mistaken option.
 * @return @p r, of -EINVAL -EOPNOTSUPP and what to do
 */
MUST_CHECK int sensor_kernel_error(int r, struct err *e);

/** Before records are read: points in time are told by the time of day as it is set now. */
void sensor_follow_clock(struct sensor *s);
/** Decodes a record, numbers it and hands it on. @return 0, -EBADMSG */
MUST_CHECK int sensor_deliver(struct sensor *s, str record, sensor_handler on_event, void *ctx,
			      struct err *e);
/** Which control groups name processes here. */
void sensor_find_hierarchy(uint32_t *ret, int32_t *ret_id);
/** All losses since the beginning, by cause. */
void sensor_loss_sum(struct sensor *s, uint64_t ret[CONTROL_LOSSES]);
/** How many calls the kernel passed over since the programs were loaded: a system call for each of them. */
uint64_t sensor_skipped(struct sensor *s);
/** Takes over the losses of a cgroup that is gone. */
void sensor_forget_cgroup(struct sensor *s, uint64_t cgroup_id);

/** Once the programs run: notes who listens already. Where that is refused, the owner of such sockets stays unknown. */
void sensor_flows_open(struct sensor *s);

#endif

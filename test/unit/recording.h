/** @file
 * A recording of sensor records: what the kernel wrote into the rings, byte for byte, so that the user-space half can be
 * tried again on true input, where there is no kernel to ask (doc/formats/sensor-record.md tells what a record is).
 *
 *   skep-records LAYOUT BOOT_NS       RECORD_LAYOUT, and CLOCK_REALTIME less CLOCK_BOOTTIME when it was made
 *   NAME                              the event types of that build in the order of their numbers, then an empty line
 *   records, one behind the other
 *
 * Types are known by their names, so that new ones do no harm. Read as if it came from an enemy: it feeds a fuzz target.
 */
#ifndef SKEP_TEST_RECORDING_H
#define SKEP_TEST_RECORDING_H

#include <stdio.h>

#include "kern/record_complete.h"

/** Writes the head. */
void recording_begin(FILE *out);
/** Writes a record as if its control group had been @p cgroup. */
void recording_put(FILE *out, str record, uint64_t cgroup);

enum { RECORDING_TYPES = 256 };

struct recording {
	str rest; /**< records not yet read */
	int64_t boot_ns;
	uint16_t types
		[RECORDING_TYPES]; /**< ours, by theirs; EVENT_TYPE_COUNT: we know it no more */
	size_t type_count;
	uint64_t number;
	char *bytes; /**< of the record read last, as aligned as a ring is; owned */
	struct record_room room;
	struct event_exec exec;
};

/** @return 0, -EBADMSG: no recording, -ESTALE: of another layout; make it again (test/integration/make_recording.py) */
MUST_CHECK int recording_open(str bytes, struct recording *ret, struct err *e);
/** Records alone, with the numbers of this build. */
void recording_open_bare(str records, struct recording *ret);
void recording_done(struct recording *r);

/**
 * The next event, completed as the sensor does.
 * @param ret lives until the next call
 * @return 1, 0 the end, -EBADMSG what stands there is no record: none behind it can be found
 */
MUST_CHECK int recording_next(struct recording *r, struct event *ret, struct err *e);

#endif

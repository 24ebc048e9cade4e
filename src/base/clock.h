/** @file
 * What a clock of the kernel's says, as one number.
 */
#ifndef SKEP_BASE_CLOCK_H
#define SKEP_BASE_CLOCK_H

#include <time.h>

#include "base/base.h"

#define MS_NS ((uint64_t)1000000)        /**< a millisecond */
#define SECOND_NS ((uint64_t)1000000000) /**< a second */

/** Whole nanoseconds; of a time before 1970 its two's complement. */
static inline uint64_t timespec_ns(struct timespec t)
{
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/**
 * Nanoseconds on the clock @p id: CLOCK_MONOTONIC for waits and intervals, CLOCK_REALTIME for points in time since
 * 1970, CLOCK_PROCESS_CPUTIME_ID for what work costs. A clock this kernel has not got is a mistake of ours.
 */
static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec t;
	int r = clock_gettime(id, &t);

	assert(r == 0);
	return timespec_ns(t);
}

/** The same in whole milliseconds. */
static inline uint64_t clock_ms(clockid_t id)
{
	return clock_ns(id) / MS_NS;
}

/** CLOCK_REALTIME less CLOCK_BOOTTIME, now: what makes a point in time of a moment the kernel tells. */
static inline int64_t clock_boot_offset_ns(void)
{
	return (int64_t)(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME));
}

#define CLOCK_APART_NS ((int64_t)(10 * MS_NS)) /**< no two clocks are read at once */

/** clock_boot_offset_ns() for who used @p known up to now: the same, unless the time of day was set since. */
static inline int64_t clock_boot_offset_again_ns(int64_t known)
{
	const int64_t now = clock_boot_offset_ns();

	return now > known + CLOCK_APART_NS || now < known - CLOCK_APART_NS ? now : known;
}

#endif

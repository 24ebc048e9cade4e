/** @file
 * The time by which what is old is thrown away. It passes as time does and does not jump: a wall clock that is set, rightly
 * or wrongly, is followed a day later, so that whoever set it ten years ahead has a day to set it back before ten years'
 * worth of history is gone. One that is far ahead when a program begins is believed once an hour has passed: a host whose
 * clock starts wrong has it put right in minutes, and one that was off for months loses nothing by waiting. A pure function of
 * two clocks; a few times a minute it must be asked, by one thread.
 */
#ifndef SKEP_BASE_STEADY_CLOCK_H
#define SKEP_BASE_STEADY_CLOCK_H

#include "base/clock.h"

/** All zero before the first call. */
struct steady_clock {
	bool began;
	uint64_t mono_ns; /**< of the last call */
	int64_t wall_ns;
	int64_t steady_ns;
	uint64_t follow_ns; /**< CLOCK_MONOTONIC when the wall clock is followed again; 0: it is */
};

/**
 * @param mono_ns     CLOCK_MONOTONIC
 * @param wall_ns     CLOCK_REALTIME
 * @param ret_set_ns  by how much the wall clock was set since the last call, to the minute; 0: it was not
 * @return nanoseconds since 1970
 */
int64_t steady_clock_now(struct steady_clock *c, uint64_t mono_ns, int64_t wall_ns,
			 int64_t *ret_set_ns);

/** Whether a wall clock is farther ahead of when all was last known to be well than a program is off without being missed. */
bool steady_clock_is_doubtful(int64_t wall_ns, int64_t known_ns);

/**
 * Goes on from @p known_ns, until when somebody else, or this program before it ended, did what is done by this clock, when
 * the wall clock is doubtful. After a steady_clock_now().
 *
 * @return whether it is
 */
bool steady_clock_resume(struct steady_clock *c, int64_t known_ns);

#endif

/** @file
 * How often somebody may ask: a token bucket for each name (an address, a user).
 *
 * A bounded table of buckets; where it is full the one that was used longest ago is forgotten, which only ever lets more
 * through. Any thread may ask: a lock is held for some dozens of instructions.
 */
#ifndef SKEP_CONSOLE_API_LIMITER_H
#define SKEP_CONSOLE_API_LIMITER_H

#include "base/err.h"
#include "base/str.h"

struct limiter;

/**
 * @param per_second  requests a second in the long run, above 0
 * @param burst       requests at once after a quiet while, at least 1
 */
MUST_CHECK int limiter_new(unsigned int per_second, unsigned int burst, struct limiter **ret,
			   struct err *e);
void limiter_free(struct limiter *l);

/**
 * Takes a token from the bucket of @p name.
 *
 * @param now_ns  CLOCK_MONOTONIC
 * @return 0: go on; else the seconds to wait, at least 1
 */
MUST_CHECK unsigned int limiter_take(struct limiter *l, str name, uint64_t now_ns);

/** The part of an address that stands for one peer: all of IPv4, the first 64 bits of IPv6. Borrows from @p address. */
str limiter_address(str address);

#endif

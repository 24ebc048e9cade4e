/** @file
 * A hash under a key (SipHash-2-4, Aumasson and Bernstein 2012), for tables of what others choose: who does not know the key cannot choose
 * what falls into one place. Not for secrets: the 64 bits are no proof of anything.
 */
#ifndef SKEP_CODEC_SIPHASH_H
#define SKEP_CODEC_SIPHASH_H

#include "base/err.h"
#include "base/str.h"

/** Zeros are a key as well: the same each time, for tests and what is repeated. */
struct siphash_key {
	uint64_t k[2];
};

/** Draws a key. @return 0, -errno of getrandom(2) */
MUST_CHECK int siphash_key_draw(struct siphash_key *ret, struct err *e);

uint64_t siphash(const struct siphash_key *key, str s);

#endif

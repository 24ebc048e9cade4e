/** @file
 * Reads the files that rules want hashes of, beside the work: a thread opens what is asked for at once and reads the smallest first,
 * with a fifth of a processor at most. It is made with the first question, so that nothing is where no rule asks.
 *
 * A read may hang, on a network or behind a process: then the thread is left to itself and another takes its place, a few times.
 * Every question that was taken is answered once.
 */
#ifndef SKEP_PROG_AGENT_HASHER_H
#define SKEP_PROG_AGENT_HASHER_H

#include "watch/hashes.h"

#define HASHER_SHARE 5                         /**< a fifth of a processor ... */
#define HASHER_BURST_NS ((uint64_t)1000000000) /**< ... but so much of it at once */

struct hasher;

/** @param root where the host's files are; NULL: "/" @return 0, -ENOMEM, -errno */
MUST_CHECK int hasher_new(const char *root, struct hasher **ret, struct err *e);
/** Does not wait for what is being read. @param h may be NULL */
void hasher_free(struct hasher *h);

/** A hash_asker. */
bool hasher_ask(void *hasher, const struct hash_question *q);

/** Readable when there are answers; -1 where @p h is NULL. */
int hasher_fd(const struct hasher *h);
/** Tells what was answered; call it now and then in any case, for what hangs. @param h may be NULL */
void hasher_take(struct hasher *h, void (*fn)(void *ctx, const struct hash_answer *a), void *ctx);

#endif

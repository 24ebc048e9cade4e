/** @file
 * How far an agent's spools have been taken: what is at or below a mark is never taken again.
 *
 * The mark moves in the transaction that stores what it stands for, so a batch may be sent any number of times, to any
 * replica, and nothing is lost or doubled.
 */
#ifndef SKEP_CONSOLE_STORE_INGEST_H
#define SKEP_CONSOLE_STORE_INGEST_H

#include "console/store/store.h"

/**
 * Reads the mark of a spool's life and holds it: whoever else takes from the same spool waits until this transaction ends.
 * Inside a transaction.
 *
 * @param spool the life's name
 * @param ret   0: nothing was taken yet
 */
MUST_CHECK int ingest_mark(struct store *s, str agent, str spool, uint64_t *ret, struct err *e);

/** Moves it. Inside the same transaction. */
MUST_CHECK int ingest_advance(struct store *s, str agent, str spool, uint64_t seq, int64_t now_ns,
			      struct err *e);

/** Forgets lives not heard of since @p before_ns. @return how many */
MUST_CHECK int ingest_forget(struct store *s, int64_t before_ns, struct err *e);

#endif

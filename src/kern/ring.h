/** @file
 * The reading end of a BPF ring buffer (Documentation/bpf/ringbuf.rst): records in place, none copied.
 *
 * Written by our own BPF programs, so trusted in its framing; record_parse() still checks what is inside.
 */
#ifndef SKEP_KERN_RING_H
#define SKEP_KERN_RING_H

#include "base/err.h"
#include "base/str.h"

struct ring {
	uint64_t *consumed; /**< shared with the kernel */
	const uint64_t *produced;
	const uint8_t *data; /**< mapped twice in a row, so that no record is split */
	size_t bytes;        /**< a power of two */
	uint64_t at;         /**< of the next record; told to the kernel by ring_commit() */
	uint64_t until;      /**< produced when last looked at */
};

/** Maps the ring of @p map_fd. @return 0, -errno */
MUST_CHECK int ring_open(int map_fd, size_t bytes, struct ring *ret, struct err *e);
void ring_close(struct ring *r);

/** The next record, or false when none is finished. It stays in place until ring_commit(). */
bool ring_peek(struct ring *r, str *ret);
/** Goes past the record that ring_peek() gave. */
void ring_pop(struct ring *r);
/** Gives the kernel back what was popped. */
void ring_commit(struct ring *r);

#endif

/** @file
 * Memory for what is made while one event is judged, taken from the front and given back all at once. Fixed: what does not fit
 * is cut short, never refused with an error. Not zeroed.
 */
#ifndef SKEP_WATCH_SCRATCH_H
#define SKEP_WATCH_SCRATCH_H

#include "base/err.h"
#include "base/str.h"

struct scratch {
	char *bytes; /**< owned */
	size_t cap, n;
	uint64_t cut; /**< how often something did not fit */
};

/** @return 0 or -ENOMEM */
MUST_CHECK int scratch_init(struct scratch *s, size_t bytes, struct err *e);
void scratch_done(struct scratch *s);

static inline void scratch_reset(struct scratch *s)
{
	s->n = 0;
}

/** Room for @p n bytes, aligned for any number; NULL (and counted) when there is none. */
MUST_CHECK void *scratch_take(struct scratch *s, size_t n);

/** A text that grows at the end of the scratch; nothing else may be taken while it does. */
struct scratch_text {
	struct scratch *in;
	size_t from;
};

struct scratch_text scratch_text(struct scratch *s);
void scratch_add(struct scratch_text *t, str s);
void scratch_byte(struct scratch_text *t, char c);
/** In all of the text so far. */
void scratch_replace(struct scratch_text *t, char from, char to);
void scratch_uint(struct scratch_text *t, uint64_t n);
void scratch_int(struct scratch_text *t, int64_t n);
/** "0644" */
void scratch_octal(struct scratch_text *t, uint64_t n);
/** The text so far; stays valid until scratch_reset(). */
str scratch_str(const struct scratch_text *t);

#endif

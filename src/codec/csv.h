/** @file
 * Comma-separated values (RFC 4180): fields in quotes may hold commas, line ends and doubled quotes.
 *
 * Input may be hostile: a record is bounded to CSV_MAX_FIELDS and CSV_MAX_BYTES. Line ends may be LF or CRLF; lines
 * that begin with '#' before the first record are comments (as EPSS writes them).
 */
#ifndef SKEP_CODEC_CSV_H
#define SKEP_CODEC_CSV_H

#include "base/arena.h"
#include "base/err.h"

#define CSV_MAX_FIELDS 256
#define CSV_MAX_BYTES (1 << 20)

struct csv {
	str rest;
	uint32_t line; /**< of the record last read, 1-based */
	uint32_t next_line;
	size_t count; /**< fields of the record last read */
	str fields[CSV_MAX_FIELDS];
	str comment; /**< the last comment line, with its '#'; empty when there was none */
};

/** Begins; a UTF-8 byte order mark is passed over. */
void csv_init(struct csv *c, str text);

/**
 * Reads the next record into c->fields, which borrow from the text, or from @p a when quotes had to be undone.
 *
 * @return 1, 0 at the end, -EBADMSG a quote that does not end or text behind one (the record is skipped),
 *         -E2BIG over a limit (skipped too), -ENOBUFS
 */
MUST_CHECK int csv_next(struct csv *c, struct arena *a, struct err *e);

/** The index of a field in the record last read (a header), or -1. */
int csv_find(const struct csv *c, const char *name);

/** Field @p i of the record last read; the empty span when there is none or @p i is negative. */
str csv_field(const struct csv *c, int i);

#endif

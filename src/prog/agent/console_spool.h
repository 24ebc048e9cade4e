/** @file
 * Records waiting on disk for the console, numbered so that it can tell what it has already (doc/formats/agent-protocol.md).
 *
 * A number is never used twice: each process draws a life of its own, and lines keep the life they were written in.
 */
#ifndef SKEP_PROG_AGENT_CONSOLE_SPOOL_H
#define SKEP_PROG_AGENT_CONSOLE_SPOOL_H

#include "base/buf.h"
#include "base/err.h"

#define CONSOLE_LIFE_DIGITS 32
#define CONSOLE_RECORD_MAX ((size_t)15 << 20)

struct console_spool;

/** Errors as spool_open(); -errno of getrandom(2) */
MUST_CHECK int console_spool_open(const char *dir, const char *name, uint64_t max_bytes,
				  struct console_spool **ret, struct err *e);
void console_spool_close(struct console_spool *s);

/**
 * Appends a record; the first of a process is passed over when it is the last one its predecessor wrote.
 * @param doc one JSON value without a line feed
 * @return 0, -E2BIG, -errno of the write: then it is not kept
 */
MUST_CHECK int console_spool_add(struct console_spool *s, const char *kind, str doc, struct err *e);
/**
 * Appends a record whose doc is what @p file holds when it is sent; the file is read below the folder given to
 * console_spool_fill(), and a record whose file is gone by then is left out.
 */
MUST_CHECK int console_spool_add_file(struct console_spool *s, const char *kind, str file,
				      struct err *e);

struct console_batch {
	char life[CONSOLE_LIFE_DIGITS + 1];
	uint64_t last;  /**< the number of the last record */
	size_t records; /**< in the body */
	size_t taken;   /**< from the spool: those left out as well */
};

/**
 * Takes records of one life for a batch, as lines.
 * @param most    records
 * @param bytes   ends at the record that reaches so many
 * @param folder  of files
 * @return 0: see ret->taken; -errno
 */
MUST_CHECK int console_spool_fill(struct console_spool *s, size_t most, size_t bytes,
				  const char *folder, struct buf *body, struct console_batch *ret,
				  struct err *e);
/** What was taken has arrived, or is given up. */
void console_spool_ack(struct console_spool *s);
/** It will be taken again. */
void console_spool_back(struct console_spool *s);
void console_spool_sync(struct console_spool *s);

uint64_t console_spool_waiting(const struct console_spool *s);
uint64_t console_spool_lost(const struct console_spool *s);

#endif

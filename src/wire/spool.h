/** @file
 * Lines waiting on disk for a receiver that is slow or away; they survive the process. doc/agent.md tells the layout.
 *
 * A line is taken with spool_next() and forgotten with spool_ack(), so a process that dies between the two tells it
 * again: once more, never not at all. When the bound is reached the oldest eighth gives way, counted. Files are written
 * by this process alone. Each line is stored with a checksum: what is damaged (a power failure, a bad disk, another hand) is
 * found when the spool is opened, counted as lost and never told, and the lines before and behind it are. Other files of
 * the folder are left alone.
 */
#ifndef SKEP_WIRE_SPOOL_H
#define SKEP_WIRE_SPOOL_H

#include "base/err.h"
#include "base/str.h"

#define SPOOL_MAX_LINE ((size_t)128 << 10)

struct spool;

/**
 * Opens or makes DIR/NAME.*; DIR and what is missing above it are made.
 *
 * @param max_bytes of lines kept; at least 64 KiB are taken
 * @return 0, -errno (the folder or its files), -EBUSY another process has it, -ENOMEM
 */
MUST_CHECK int spool_open(const char *dir, const char *name, uint64_t max_bytes, struct spool **ret,
			  struct err *e);
void spool_close(struct spool *s);

/** Appends a line without its end; it must hold no line feed. @return 0, -E2BIG, -errno of the write: then it is not kept */
MUST_CHECK int spool_add(struct spool *s, str line, struct err *e);
/** The next line not yet taken. @param ret lives until the next call on @p s @return 1, 0 there is none, -errno */
MUST_CHECK int spool_next(struct spool *s, str *ret, struct err *e);
/** All lines taken so far have arrived. @return 0 or -errno: they may be told once more after a restart */
int spool_ack(struct spool *s, struct err *e);
/** Lines taken and not acknowledged will be taken again. */
void spool_back(struct spool *s);
/** The line taken last will be taken again; not twice in a row, and not after spool_ack() or spool_back(). */
void spool_untake(struct spool *s);
/** To disk with what was written; for once a second. */
void spool_sync(struct spool *s);

/** Lines neither acknowledged nor lost. */
uint64_t spool_waiting(const struct spool *s);
/** Lines that were found damaged when it was opened, and those that gave way since. */
uint64_t spool_lost(const struct spool *s);

#endif

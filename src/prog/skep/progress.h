/** @file
 * One line on the terminal that tells how far long work has come. It is drawn at most ten times a second, fits the
 * terminal's width whatever that is at the moment, and is gone when anything else is written.
 */
#ifndef SKEP_PROG_SKEP_PROGRESS_H
#define SKEP_PROG_SKEP_PROGRESS_H

#include "base/buf.h"
#include "base/lang.h"

/** Before it is called, progress_update() does nothing. Called when stderr is a terminal and nobody objects. */
void progress_enable(enum lang lang);
/** Draws or moves the line. @param total_bytes 0 when unknown */
void progress_update(const char *phase, uint64_t done_bytes, uint64_t total_bytes);
/** Wipes the line. */
void progress_done(void);

/** Appends the line for a terminal of @p width columns; it never takes more than width - 1. */
void progress_line(struct buf *out, enum lang lang, const char *phase, uint64_t done_bytes,
		   uint64_t total_bytes, unsigned int width);

#endif

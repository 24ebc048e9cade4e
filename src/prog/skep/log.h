/** @file
 * What the program tells its user beside the result: one line each on stderr, escaped, never on stdout.
 */
#ifndef SKEP_PROG_SKEP_LOG_H
#define SKEP_PROG_SKEP_LOG_H

#include "base/buf.h"
#include "base/lang.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTE, LOG_DEBUG };

/** Set once by main(): lines beyond @p most are dropped; @p color for the level's word. Before that: English notes. */
void log_setup(enum log_level most, bool color, enum lang lang);

void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *fmt, ...) PRINTF_LIKE(1, 2);
/** Facts about the work; silent with --quiet. */
void log_note(const char *fmt, ...) PRINTF_LIKE(1, 2);
/** Appends a line that was made in English by a part of the program that speaks no other, in the user's language. */
void log_retell(const char *english, struct buf *out);
/** Notes such a line. */
void log_retold(const char *english);
/** Shown with --verbose. */
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif

/** @file
 * What the program tells its user beside the result: one line each on stderr, escaped, never on stdout.
 */
#ifndef SKEP_PROG_SKEP_LOG_H
#define SKEP_PROG_SKEP_LOG_H

#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTE, LOG_DEBUG };

/** Set once by main(): lines beyond @p most are dropped; @p color for the level's word. */
void log_setup(enum log_level most, bool color);

void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *fmt, ...) PRINTF_LIKE(1, 2);
/** Facts about the work; silent with --quiet. */
void log_note(const char *fmt, ...) PRINTF_LIKE(1, 2);
/** Shown with --verbose. */
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);

/**
 * Draws or moves the progress line; does nothing unless progress was enabled. Any log line wipes it first.
 * @param total 0 when unknown
 */
void progress_update(const char *phase, uint64_t done, uint64_t total);
/** Wipes the progress line. */
void progress_done(void);
void progress_enable(void);

#endif

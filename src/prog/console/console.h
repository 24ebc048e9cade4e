/** @file
 * The console as a program: what it can be told, and its life from there. `skep console run` and `skep-console` both call
 * console_start(); no other header here is for them.
 */
#ifndef SKEP_PROG_CONSOLE_CONSOLE_H
#define SKEP_PROG_CONSOLE_CONSOLE_H

#include "base/option.h"

/** Where its store is (--state): for whatever is about a console. Both end with an entry without a name. */
extern const struct option_def console_state_options[];
/** What else a running one can be told. */
extern const struct option_def console_options[];

/**
 * Runs until SIGTERM or SIGINT. Says what it does on standard error or in the file that --log names; shows first passwords on
 * standard output, once.
 * @param o            holds console_state_options and console_options
 * @param translate_zh formats of errors in Chinese, for the API's answers; may be NULL
 * @return 0 after an orderly end, -EINVAL (an option), -errno when it could not begin
 */
MUST_CHECK int console_start(const struct option_set *o, const char *(*translate_zh)(const char *),
			     struct err *e);
/** Tells the operator a line. */
void console_say(int fd, const char *line);

#endif

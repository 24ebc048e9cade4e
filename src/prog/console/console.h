/** @file
 * The console as a program: what it can be told, and its life from there. `skep console run` and `skep-console` both call
 * console_start(); no other header here is for them.
 */
#ifndef SKEP_PROG_CONSOLE_CONSOLE_H
#define SKEP_PROG_CONSOLE_CONSOLE_H

#include "base/option.h"
#include "base/translation.h"

/** Where its store is (--state): for whatever is about a console. All these end with an entry without a name. */
extern const struct option_def console_state_options[];
/** What a running one can be told, by whoever runs it. */
extern const struct option_def console_options[];
/** What only one alone can be told: how TLS is spoken, and where it says what it does. */
extern const struct option_def console_alone_options[];

struct console_options;

/**
 * What console_options say.
 *
 * @param o   also owns what @p ret points at
 * @param ret the members that have no option are untouched
 * @return 0, -EINVAL, -ENOBUFS, -errno of a file
 */
MUST_CHECK int console_take(const struct option_set *o, struct console_options *ret, struct err *e);

/**
 * Runs until SIGTERM or SIGINT. Says what it does on standard error or in the file that --log names; shows first passwords on
 * standard output, once.
 * @param o            holds the three tables of options
 * @param zh           Chinese for the API's answers; may be NULL
 * @return 0 after an orderly end, -EINVAL (an option), -errno when it could not begin
 */
MUST_CHECK int console_start(const struct option_set *o, const struct translation *zh,
			     struct err *e);
/** Tells the operator a line. */
void console_say(int fd, const char *line);

#endif

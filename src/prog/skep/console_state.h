/** @file
 * Which console's store a command is about.
 */
#ifndef SKEP_PROG_SKEP_CONSOLE_STATE_H
#define SKEP_PROG_SKEP_CONSOLE_STATE_H

#include "prog/skep/command.h"

/** --state */
extern const struct option_def console_state_options[];

const char *console_state(const struct invocation *v);

#endif

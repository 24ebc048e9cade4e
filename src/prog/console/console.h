/** @file
 * skep-console: what it can be told.
 */
#ifndef SKEP_PROG_CONSOLE_CONSOLE_H
#define SKEP_PROG_CONSOLE_CONSOLE_H

#include "base/option.h"

/** Ends with an entry without a name. */
extern const struct option_def console_options[];

#endif

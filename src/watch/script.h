/** @file
 * What an interpreter was given to run, as its arguments tell it: the first that is no option.
 *
 * Of an option's value no more is known than that some options have one, so where such an option stands the argument behind it
 * may be either. Arguments come from programs' memory and are hostile; they are never copied.
 */
#ifndef SKEP_WATCH_SCRIPT_H
#define SKEP_WATCH_SCRIPT_H

#include "base/str.h"

/**
 * Whether a file is what the arguments name to be run.
 *
 * @param args  without argv[0], with spaces between them
 * @param cwd   what they are relative to, with a slash at its end; empty: not known
 * @param name  as the interpreter opened it: as it was given, or with @p cwd put before
 */
bool script_is_named(str args, str cwd, str name);

#endif

/** @file
 * From the words on the command line to a command that is ready to run.
 */
#ifndef SKEP_PROG_SKEP_INVOCATION_H
#define SKEP_PROG_SKEP_INVOCATION_H

#include "prog/skep/command.h"

/**
 * The language to speak before any option was understood: --lang as it stands in @p argv, SKEP_LANG, the locale.
 */
enum lang invocation_guess_lang(int argc, const char *const *argv);

/**
 * Finds the command and parses flags, environment and configuration files.
 *
 * @param argv without the program's name
 * @param v    zeroed but for arena, out and lang; v->command is NULL on success when no command was named
 * @return 0, -EINVAL wrong usage or configuration, -ENOBUFS
 */
MUST_CHECK int invocation_init(struct invocation *v, int argc, const char *const *argv);

#endif

/** @file
 * The command table as manual pages (man(7)) and as doc/cli.md.
 */
#ifndef SKEP_PROG_SKEP_MANUAL_H
#define SKEP_PROG_SKEP_MANUAL_H

#include "prog/skep/command.h"

/** The page of one command, skep-image(1), or skep(1) when @p c is NULL. */
void manual_man(struct buf *out, const struct command *c);

/** The whole reference, in Markdown. */
void manual_markdown(struct buf *out);

#endif

/** @file
 * The command table as text for people: one screen each.
 */
#ifndef SKEP_PROG_SKEP_HELP_H
#define SKEP_PROG_SKEP_HELP_H

#include "prog/skep/command.h"

/** `skep help`: what there is. */
void help_overview(struct buf *out, enum lang lang);
/**
 * `skep X --help`: examples first, options by group, at most 80 columns.
 * @param all with rare and global options too; then it may pass one screen
 */
void help_command(struct buf *out, const struct command *c, bool all, enum lang lang);

/** A topic of `skep help TOPIC`. */
struct help_topic {
	const char *name;
	struct phrase title;
	void (*render)(struct buf *out, enum lang lang);
};

/** Ends with an entry without a name. */
extern const struct help_topic help_topics[];

/** "-f, --format FORMAT" as the help and the manual show it. */
void help_option_spelling(struct buf *out, const struct option_def *d);

#endif

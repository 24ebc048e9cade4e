/** @file
 * Commands of `skep`: one file cmd_NAME.c and one line in commands.def each.
 *
 * A command is a table entry; parser, help, manual pages, completion and doc/cli.md are made from it. To add one:
 * write cmd_x.c with `const struct command cmd_x = {...}`, add X(x) to commands.def and the file to meson.build.
 */
#ifndef SKEP_PROG_SKEP_COMMAND_H
#define SKEP_PROG_SKEP_COMMAND_H

#include <stdio.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/option.h"
#include "prog/front/exit_code.h"

#define COMMAND_MAX_TABLES 12
#define COMMAND_MAX_EXAMPLES 6

struct invocation;

struct example {
	const char *line; /**< as typed, "skep image alpine.tar" */
	struct phrase what;
};

struct command {
	const char *name;      /**< "image"; a member of a family has two words: "db status" */
	struct phrase summary; /**< one line, no full stop */
	/** paragraphs for the manual, parted by an empty line; may be empty */
	struct phrase detail;
	const char *arguments; /**< "IMAGE", "[WORD...]"; NULL: none */
	unsigned int min_args, max_args;
	enum option_complete complete; /**< what the shells offer for the arguments ... */
	const char *choices;           /**< ... or these words: "bash|zsh|fish" */
	struct example examples[COMMAND_MAX_EXAMPLES]; /**< shown first */
	const struct option_def *options
		[COMMAND_MAX_TABLES]; /**< tables, NULL-terminated; the global ones come by themselves */
	/**
	 * Does the work. The result goes to v->out, everything else to stderr through log_*().
	 *
	 * @return an exit code, or a negative errno with v->err filled in (see exit_code_of())
	 */
	int (*run)(struct invocation *v); /**< NULL: a family, `skep db` alone shows its members */
};

/** What a running command has at hand; all of it lives until run() has returned. */
struct invocation {
	const struct command *command;
	struct arena *arena;
	struct option_set options; /**< read with option_flag(&v->options, "json") and friends */
	const char *const *args;   /**< NULL-terminated, within min_args and max_args */
	size_t arg_count;
	FILE *out; /**< stdout: results only */
	enum lang lang;
	bool color;           /**< results may be coloured */
	bool progress;        /**< a progress line may be drawn on stderr */
	struct limits limits; /**< defaults changed by --limit */
	struct err err;
};

/** Every command, families included, in the order the help lists them. NULL-terminated. */
extern const struct command *const commands[];

/** Options every command takes. */
extern const struct option_def global_options[];

/** The command called @p name ("db status"), or NULL. */
const struct command *command_find(str name);

/** The text in the user's language. */
static inline const char *say(const struct invocation *v, struct phrase p)
{
	return phrase_in(p, v->lang);
}

#endif

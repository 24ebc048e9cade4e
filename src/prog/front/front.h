/** @file
 * What a program with nothing but options is from the outside: their help, its version, where they come from (arguments, then the
 * environment), and how it says that it could not do what it was asked. skep-agent and skep-console are such; `skep` has commands.
 */
#ifndef SKEP_PROG_FRONT_FRONT_H
#define SKEP_PROG_FRONT_FRONT_H

#include "base/option.h"
#include "base/phrase.h"
#include "base/translation.h"

#define FRONT_MAX_TABLES 3

struct front {
	const char *name;        /**< "skep-agent" */
	struct phrase summary;   /**< for the help, full stops included */
	const char *environment; /**< before the names of its variables: "SKEP" */
	const struct option_def *options[FRONT_MAX_TABLES + 1]; /**< tables, NULL-terminated */
	size_t memory_bytes;                                    /**< for the options */
	/** @return 0, -EINVAL (an option), -errno */
	int (*run)(const struct option_set *o, struct err *e);
	const struct translation
		*zh; /**< its errors in Chinese, where the environment asks for it */
	/** Tells the operator why it ended. */
	void (*say)(const char *line);
};

/** The whole life of a program. @return its exit status, by the rule of all programs (exit_code.h) */
MUST_CHECK int front_main(const struct front *f, int argc, char **argv);

#endif

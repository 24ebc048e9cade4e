/** @file
 * The process that runs registries: starts what is due, keeps the store up to date, ends what was cancelled.
 */
#ifndef SKEP_CONSOLE_REGISTRY_STEWARD_H
#define SKEP_CONSOLE_REGISTRY_STEWARD_H

#include "codec/seal.h"
#include "wire/network.h"

/* Bytes it writes to `told`. */
enum { STEWARD_REGISTRIES = 'r', STEWARD_FINDINGS = 'f' };

struct steward_options {
	const char *where, *state;
	const struct networks *reach; /**< where registries may be */
	const struct seal_key *key;
	int told;   /**< not blocking; what does not fit is told by what is in it already */
	int orders; /**< not blocking; any byte: somebody wants something, which the store says */
	void (*say)(void *ctx, const char *line);
	void *ctx;
};

/** Runs until it is killed, or cannot go on. @return an exit status */
int steward_run(const struct steward_options *o);

#endif

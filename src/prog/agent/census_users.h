/** @file
 * Users of the host and of the containers that run, as their passwd(5) files have them, kept current by a reader without
 * privileges (users_reader.h): nothing of these files is taken apart here, and nobody waits for them.
 *
 * Numbers are told as the container calls them: one in a user namespace of its own has a root who is another user of the host.
 */
#ifndef SKEP_PROG_AGENT_CENSUS_USERS_H
#define SKEP_PROG_AGENT_CENSUS_USERS_H

#include "asset/asset.h"
#include "prog/agent/census.h"

struct census_users;

/** A container of whose users not all are told. */
struct users_missing {
	str container;
	const char *why; /**< in English, for the log */
};

/**
 * @param root the host's; "" for "/"
 * @param say  told once of each container whose users are not told, or not all, and why
 */
MUST_CHECK int census_users_new(struct census *c, struct asset *a, const char *root,
				void (*say)(void *ctx, const struct users_missing *m), void *ctx,
				struct census_users **ret, struct err *e);
void census_users_free(struct census_users *u);

/** Begins a look, unless one is under way. */
void census_users_look(struct census_users *u, uint64_t now_ns);
/** Goes on with a look; never waits. When it is over, what changed is told. */
void census_users_work(struct census_users *u, uint64_t now_ns);
/** Whether a look was over: before that nobody's name is known. */
bool census_users_known(const struct census_users *u);

/** A number of the host's, as a container has it. */
struct census_user {
	bool settled;    /**< its container was asked: this is what there is */
	bool known;      /**< the container has a number for it */
	uint32_t number; /**< as the container calls it */
	str name; /**< empty: its file names no such user, or was not read; lives until the next work */
};
struct census_user census_user_of(struct census_users *u, const struct container *c, uint32_t user);

#endif

/** @file
 * Containers without a control group of their own: a user's own engine (rootless) can make none where these are of version 1. Who is
 * who is told by control groups, so that what such containers do counts as the host's; that is said, once of each.
 *
 * They are found by conmon, the process that watches each container of Podman. What it is called and was started with is its user's
 * choice: so many are told at most, and nothing is believed but that it runs.
 */
#ifndef SKEP_PROG_AGENT_CENSUS_LONE_H
#define SKEP_PROG_AGENT_CENSUS_LONE_H

#include "base/clock.h"
#include "prog/agent/census.h"

#define CENSUS_LONE_MAX 64
#define CENSUS_LONE_YOUNG_NS (10 * SECOND_NS)

/** Zeroed at first. */
struct census_lone {
	uint64_t told[CENSUS_LONE_MAX];
	size_t count;
};

struct lone_container {
	char id[65];   /**< 64 hexadecimal digits */
	uint32_t user; /**< whose it is, by the host's numbers */
	uint32_t pid;  /**< of its conmon */
};

typedef void (*lone_teller)(void *ctx, const struct lone_container *l);

/**
 * The container that conmon was told to watch: "-c ID" or "--cid ID" among its arguments, each of which ends with a NUL.
 * @return 64 hexadecimal digits, within @p args; empty: none is named, or what is named is no such id
 */
str census_lone_parse(str args);

/**
 * Looks once at all processes. Containers that began less than CENSUS_LONE_YOUNG_NS ago are left for another time.
 *
 * @param proc_fd the host's /proc
 * @return whether some were left: so long from now they can be told
 */
bool census_lone_look(struct census_lone *l, int proc_fd, struct census *c, lone_teller tell,
		      void *ctx);

#endif

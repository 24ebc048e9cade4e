/** @file
 * What the lister's files share.
 */
#ifndef SKEP_CONSOLE_REGISTRY_LISTER_PRIV_H
#define SKEP_CONSOLE_REGISTRY_LISTER_PRIV_H

#include "base/limits.h"
#include "console/registry/lister.h"
#include "console/registry/registry_line.h"
#include "wire/registry_api.h"

struct lister {
	const struct lister_task *t;
	struct registry *registry;
	struct arena names, page;
	size_t tags;              /* told so far */
	unsigned int tried, away; /* of this request; requests in a row that nobody answered */
	struct limits limits;
};

/** @return 0, -errno of the pipe */
MUST_CHECK int lister_tell(const struct lister *l, const struct registry_line *line);

#define TELL(l, kind_, ...) \
	lister_tell((l), &(struct registry_line){ .kind = REGISTRY_LINE_##kind_, \
						  .fields = { __VA_ARGS__ } })

/**
 * After a request that gave @p r: whether it is worth another one. What only many requests would have made is waited for; what
 * the network did not bring is not asked for again here, wire/http_retry did.
 */
bool lister_again(struct lister *l, int r);
/** Whether nothing more is to be had of this registry now. */
bool lister_is_over(const struct lister *l, int r);

/** A list of the registry's. */
struct lister_list {
	enum registry_listing what; /**< by the distribution API, where `api` is none */
	enum registry_api api;
	str project; /**< of its own API: whose repositories; empty: the projects themselves */
};

/**
 * Reads a list to its end: its names are told apart from what is asked of each, or its cursor would grow old.
 *
 * @param wanted NULL: all
 * @param most   more are -E2BIG
 * @param ret    the names are added to it
 * @param ret_skipped counts on
 */
MUST_CHECK int lister_names(struct lister *l, const struct lister_list *list,
			    const struct registry_list_of *wanted, size_t most, struct arena *a,
			    struct registry_list_of *ret, size_t *ret_skipped, struct err *e);
/** Tells of names that are none. */
MUST_CHECK int lister_tell_skipped(const struct lister *l, str place, size_t skipped);

/**
 * The repositories wanted: those that are named, else those the catalogue or the registry's own API lists.
 *
 * @param ret_named they were named: one that is not there is told
 */
MUST_CHECK int lister_repositories(struct lister *l, struct registry_list_of *ret, bool *ret_named,
				   struct err *e);

#endif

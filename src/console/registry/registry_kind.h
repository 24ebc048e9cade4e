/** @file
 * Kinds of registries a console watches, from registry_kind.def. They differ in how their repositories can be listed; the
 * distribution API and its token flows are the same for all (wire/registry.h).
 */
#ifndef SKEP_CONSOLE_REGISTRY_REGISTRY_KIND_H
#define SKEP_CONSOLE_REGISTRY_REGISTRY_KIND_H

#include "base/phrase.h"
#include "base/str.h"
#include "wire/registry_api.h"

struct registry_kind {
	const char *name;
	bool has_catalogue;    /**< of all repositories, by the distribution API */
	enum registry_api api; /**< of its own, by which repositories are listed */
	const char *folder;    /**< where a repository is that is named without one; may be empty */
	const char *example;   /**< what an address looks like */
	struct phrase what;
};

/** Whether repositories need not be named one by one. */
bool registry_kind_lists(const struct registry_kind *k);

/** All of them, @p ret_count many. */
const struct registry_kind *registry_kinds(size_t *ret_count);
/** The one called so, or NULL. */
const struct registry_kind *registry_kind_find(str name);

#endif

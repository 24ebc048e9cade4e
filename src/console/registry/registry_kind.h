/** @file
 * Kinds of registries a console watches, from registry_kind.def. They differ in what can be expected of them; the distribution
 * API and its token flows are the same for all (wire/registry.h).
 */
#ifndef SKEP_CONSOLE_REGISTRY_REGISTRY_KIND_H
#define SKEP_CONSOLE_REGISTRY_REGISTRY_KIND_H

#include "base/phrase.h"
#include "base/str.h"

struct registry_kind {
	const char *name;
	bool lists; /**< has a catalogue of repositories */
	struct phrase what;
};

/** All of them, @p ret_count many. */
const struct registry_kind *registry_kinds(size_t *ret_count);
/** The one called so, or NULL. */
const struct registry_kind *registry_kind_find(str name);

#endif

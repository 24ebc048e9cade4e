/** @file
 * A hash table from spans to pointers, living in an arena; nothing is removed.
 *
 * Keys are borrowed and must outlive the table. Open addressing, linear probing, at most two thirds full.
 */
#ifndef SKEP_BASE_MAP_H
#define SKEP_BASE_MAP_H

#include "base/arena.h"

struct map_slot {
	str key; /**< key.p == NULL marks a free slot */
	void *value;
};

struct map {
	struct arena *arena;
	struct map_slot *slots;
	size_t cap;
	size_t count;
};

static inline struct map map_in(struct arena *a)
{
	return (struct map){ .arena = a };
}

/** The value stored under @p key, or NULL. */
void *map_find(const struct map *m, str key);
/**
 * The place of @p key's value, made (holding NULL) when absent: `void **at = map_at(&m, key)`.
 * @return NULL when the arena's budget is spent; valid until the next map_at()
 */
MUST_CHECK void **map_at(struct map *m, str key);

#endif

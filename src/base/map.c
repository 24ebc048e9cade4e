#include "base/map.h"

static const char empty_key[] = "";

static struct map_slot *slot_of(struct map_slot *slots, size_t cap, str key)
{
	size_t i = (size_t)str_hash(key) & (cap - 1);

	while (slots[i].key.p && !str_eq(slots[i].key, key))
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

void *map_find(const struct map *m, str key)
{
	return m->cap ? slot_of(m->slots, m->cap, key)->value : NULL;
}

static bool widen(struct map *m)
{
	size_t cap = m->cap ? m->cap * 2 : 16;
	struct map_slot *slots = cap > m->cap ? ARENA_ARRAY(m->arena, cap, struct map_slot) : NULL;

	if (!slots)
		return false;
	for (size_t i = 0; i < m->cap; i++)
		if (m->slots[i].key.p)
			*slot_of(slots, cap, m->slots[i].key) = m->slots[i];
	m->slots = slots;
	m->cap = cap;
	return true;
}

void **map_at(struct map *m, str key)
{
	struct map_slot *s;

	if (m->count >= m->cap / 3 * 2 && !widen(m))
		return NULL;
	s = slot_of(m->slots, m->cap, key);
	if (!s->key.p) {
		s->key = key.p ? key : (str){ empty_key, 0 };
		m->count++;
	}
	return &s->value;
}

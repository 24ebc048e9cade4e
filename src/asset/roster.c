#include "asset/roster.h"

#include "codec/siphash.h"

#define NONE UINT32_MAX
#define CGROUPS_A_CONTAINER 4
#define GONE_SHARE 4 /* of the table */
#define GONE_MIN 16

struct group {
	uint64_t id;                /* 0: free */
	uint32_t owner, generation; /* NONE: the host */
	uint32_t next_of_hash, newer, older;
	uint8_t list;
};

/* A chain through an array, oldest first. */
struct list {
	uint32_t oldest, newest;
};

enum group_list { GROUPS_GONE, GROUPS_HOST, GROUPS_CONTAINER, GROUPS_FREE, GROUP_LISTS };

struct old_block {
	struct old_block *next;
};

struct roster {
	struct siphash_key key; /* containers may choose the names of nested ones */
	struct roster_entry *entries;
	uint32_t *entry_hash;
	struct group *groups;
	uint32_t *group_hash;
	size_t max_entries, max_groups, entry_buckets, group_buckets;
	struct list live, gone, unused;
	uint32_t fresh_entries,
		fresh_groups; /* from here on never used: their memory is untouched */
	struct list group_lists[GROUP_LISTS];
	struct old_block *old; /* replaced blocks a caller may still look at */
	struct roster_stats stats;
	uint64_t last_version; /* container.version */
};

static size_t buckets_for(size_t n)
{
	size_t b = 16;

	while (b < n)
		b *= 2;
	return b;
}

static void entry_append(struct roster *r, struct list *l, uint32_t i)
{
	r->entries[i].newer = NONE;
	r->entries[i].older = l->newest;
	if (l->newest != NONE)
		r->entries[l->newest].newer = i;
	else
		l->oldest = i;
	l->newest = i;
}

static void entry_remove(struct roster *r, struct list *l, uint32_t i)
{
	struct roster_entry *n = &r->entries[i];

	if (n->older != NONE)
		r->entries[n->older].newer = n->newer;
	else
		l->oldest = n->newer;
	if (n->newer != NONE)
		r->entries[n->newer].older = n->older;
	else
		l->newest = n->older;
}

static void group_append(struct roster *r, enum group_list list, uint32_t i)
{
	struct list *l = &r->group_lists[list];

	r->groups[i].list = (uint8_t)list;
	r->groups[i].newer = NONE;
	r->groups[i].older = l->newest;
	if (l->newest != NONE)
		r->groups[l->newest].newer = i;
	else
		l->oldest = i;
	l->newest = i;
}

static void group_remove(struct roster *r, uint32_t i)
{
	struct group *g = &r->groups[i];
	struct list *l = &r->group_lists[g->list];

	if (g->older != NONE)
		r->groups[g->older].newer = g->newer;
	else
		l->oldest = g->newer;
	if (g->newer != NONE)
		r->groups[g->newer].older = g->older;
	else
		l->newest = g->older;
}

static void make_lists(struct roster *r)
{
	const struct list empty = { NONE, NONE };

	r->live = r->gone = r->unused = empty;
	for (size_t i = 0; i < GROUP_LISTS; i++)
		r->group_lists[i] = empty;
	memset(r->entry_hash, 0xff, r->entry_buckets * sizeof(*r->entry_hash));
	memset(r->group_hash, 0xff, r->group_buckets * sizeof(*r->group_hash));
}

int roster_new(size_t max_containers, struct roster **ret, struct err *e)
{
	struct roster *r = calloc(1, sizeof(*r));
	int drawn;

	if (!r)
		return err_set(e, ENOMEM, "no memory for %zu containers", max_containers);
	r->max_entries = max_containers;
	r->max_groups = max_containers * CGROUPS_A_CONTAINER;
	r->entry_buckets = buckets_for(r->max_entries);
	r->group_buckets = buckets_for(r->max_groups);
	r->entries = calloc(r->max_entries, sizeof(*r->entries));
	r->groups = calloc(r->max_groups, sizeof(*r->groups));
	r->entry_hash = calloc(r->entry_buckets, sizeof(*r->entry_hash));
	r->group_hash = calloc(r->group_buckets, sizeof(*r->group_hash));
	if (!r->entries || !r->groups || !r->entry_hash || !r->group_hash) {
		roster_free(r);
		return err_set(e, ENOMEM, "no memory for %zu containers", max_containers);
	}
	drawn = siphash_key_draw(&r->key, e);
	if (drawn < 0) {
		roster_free(r);
		return drawn;
	}
	make_lists(r);
	*ret = r;
	return 0;
}

void roster_sweep(struct roster *r)
{
	while (r->old) {
		struct old_block *next = r->old->next;

		free(r->old);
		r->old = next;
	}
}

void roster_free(struct roster *r)
{
	if (!r)
		return;
	roster_sweep(r);
	for (size_t i = 0; r->entries && i < r->fresh_entries; i++) {
		free(r->entries[i].block);
		free(r->entries[i].key);
		free(r->entries[i].outer);
	}
	free(r->entries);
	free(r->groups);
	free(r->entry_hash);
	free(r->group_hash);
	free(r);
}

static uint32_t *entry_bucket(struct roster *r, str id)
{
	return &r->entry_hash[siphash(&r->key, id) & (r->entry_buckets - 1)];
}

struct roster_entry *roster_find(struct roster *r, str id)
{
	for (uint32_t i = *entry_bucket(r, id); i != NONE; i = r->entries[i].next_of_hash)
		if (str_is(id, r->entries[i].key))
			return &r->entries[i];
	return NULL;
}

static void drop_block(struct roster *r, struct roster_entry *n)
{
	struct old_block *old = n->block;

	r->stats.bytes -= n->block_bytes;
	n->block_bytes = 0;
	n->block = NULL;
	if (!old)
		return;
	old->next = r->old;
	r->old = old;
}

static void forget(struct roster *r, uint32_t i)
{
	struct roster_entry *n = &r->entries[i];
	uint32_t *at = entry_bucket(r, str_from(n->key));
	uint32_t generation = n->generation + 1;

	while (*at != i)
		at = &r->entries[*at].next_of_hash;
	*at = n->next_of_hash;
	entry_remove(r, n->gone ? &r->gone : &r->live, i);
	drop_block(r, n);
	r->stats.containers -= !n->gone;
	r->stats.gone -= n->gone;
	r->stats.evicted++;
	free(n->key);
	free(n->outer);
	memset(n, 0, sizeof(*n));
	n->generation = generation;
	entry_append(r, &r->unused, i);
}

/* A new entry's slot: a free one, that of who went longest ago, at last that of who has run longest. */
static uint32_t take_slot(struct roster *r)
{
	uint32_t i;

	if (r->unused.oldest == NONE && r->fresh_entries < r->max_entries)
		return r->fresh_entries++;
	if (r->unused.oldest == NONE)
		forget(r, r->gone.oldest != NONE ? r->gone.oldest : r->live.oldest);
	i = r->unused.oldest;
	entry_remove(r, &r->unused, i);
	return i;
}

struct roster_entry *roster_at(struct roster *r, str key, str outer)
{
	struct roster_entry *n = roster_find(r, key);
	size_t own = str_find_last(key, '/');
	char *copy, *outer_copy;
	uint32_t i, *bucket;

	if (n)
		return n;
	copy = strndup(key.p, key.n);
	outer_copy = outer.n ? strndup(outer.p, outer.n) : NULL;
	if (!copy || (outer.n && !outer_copy)) {
		free(copy);
		free(outer_copy);
		return NULL;
	}
	i = take_slot(r);
	n = &r->entries[i];
	n->key = copy;
	n->outer = outer_copy;
	n->used = true;
	n->c.id = str_from(copy + (own < key.n ? own + 1 : 0));
	n->c.version = ++r->last_version;
	bucket = entry_bucket(r, key);
	n->next_of_hash = *bucket;
	*bucket = i;
	entry_append(r, &r->live, i);
	r->stats.containers++;
	return n;
}

void roster_gone(struct roster *r, struct roster_entry *n)
{
	uint32_t i = (uint32_t)(n - r->entries);

	if (n->gone)
		return;
	entry_remove(r, &r->live, i);
	entry_append(r, &r->gone, i);
	n->gone = true;
	r->stats.containers--;
	r->stats.gone++;
	if (r->stats.gone > MAX(r->max_entries / GONE_SHARE, (size_t)GONE_MIN))
		forget(r, r->gone.oldest);
}

void roster_back(struct roster *r, struct roster_entry *n)
{
	uint32_t i = (uint32_t)(n - r->entries);

	if (!n->gone)
		return;
	entry_remove(r, &r->gone, i);
	entry_append(r, &r->live, i);
	n->gone = false;
	r->stats.gone--;
	r->stats.containers++;
}

/* Where the parts of a copied container go. */
struct packing {
	char *next;
	size_t left;
	bool cut;
};

static void *pack_bytes(struct packing *p, size_t n)
{
	void *at = p->next;

	n = (n + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	if (n > p->left)
		return NULL;
	p->next += n;
	p->left -= n;
	return at;
}

/* A value cut short could match what the whole would not: it is left out instead. */
static str pack_str(struct packing *p, str s)
{
	char *at = s.n ? pack_bytes(p, s.n + 1) : NULL;

	if (!at) {
		p->cut |= s.n != 0;
		return (str){ NULL, 0 };
	}
	memcpy(at, s.p, s.n);
	at[s.n] = '\0';
	return (str){ at, s.n };
}

static void pack_mounts(struct packing *p, struct container *c)
{
	const struct container_mount *from = c->mounts;
	size_t count = c->mount_count;

	c->mount_count = 0;
	c->mounts = pack_bytes(p, count * sizeof(*from));
	p->cut |= !c->mounts;
	for (size_t i = 0; c->mounts && i < count; i++) {
		struct container_mount m = { .writable = from[i].writable };
		bool before = p->cut;

		p->cut = false;
		m.source = pack_str(p, from[i].source);
		m.dest = pack_str(p, from[i].dest);
		m.mode = pack_str(p, from[i].mode);
		m.propagation = pack_str(p, from[i].propagation);
		if (p->cut)
			return;
		p->cut = before;
		c->mounts[c->mount_count++] = m;
	}
}

static void pack_labels(struct packing *p, struct container_label **labels, size_t *label_count)
{
	const struct container_label *from = *labels;
	size_t count = *label_count;
	struct container_label *to = pack_bytes(p, count * sizeof(*from));

	*label_count = 0;
	*labels = to;
	p->cut |= !to;
	for (size_t i = 0; to && i < count; i++) {
		struct container_label l;
		bool before = p->cut;

		p->cut = false;
		l.key = pack_str(p, from[i].key);
		l.value = pack_str(p, from[i].value);
		if (p->cut)
			return;
		p->cut = before;
		to[(*label_count)++] = l;
	}
}

static size_t labels_size(const struct container_label *labels, size_t count)
{
	size_t n = count * sizeof(*labels) + sizeof(void *);

	for (size_t i = 0; i < count; i++)
		n += labels[i].key.n + labels[i].value.n + 2 * (sizeof(void *) + 1);
	return n;
}

static size_t packed_size(const struct container *c)
{
	const size_t round = sizeof(void *);
	size_t n = sizeof(struct old_block);

#define PACKED_FIELD(field, key) n += c->field.n + round + 1;
	CONTAINER_FIELDS(PACKED_FIELD)
#undef PACKED_FIELD
	n += labels_size(c->labels, c->label_count) +
	     labels_size(c->pod_labels, c->pod_label_count);
	n += c->mount_count * sizeof(*c->mounts) + round;
	for (size_t i = 0; i < c->mount_count; i++)
		n += c->mounts[i].source.n + c->mounts[i].dest.n + c->mounts[i].mode.n +
		     c->mounts[i].propagation.n + 4 * (round + 1);
	return MIN(n, ROSTER_MAX_BYTES);
}

static bool make_room(struct roster *r, const struct roster_entry *keep, size_t bytes)
{
	size_t max = r->max_entries * ROSTER_MEAN_BYTES;

	max = MAX(max, (size_t)ROSTER_MAX_BYTES);
	while (r->stats.bytes - keep->block_bytes + bytes > max && r->gone.oldest != NONE &&
	       &r->entries[r->gone.oldest] != keep)
		forget(r, r->gone.oldest);
	return r->stats.bytes - keep->block_bytes + bytes <= max;
}

int roster_fill(struct roster *r, struct roster_entry *n, const struct container *from)
{
	size_t size = packed_size(from);
	struct container c = *from;
	struct packing p;
	char *block;

	if (!make_room(r, n, size))
		return -ENOBUFS;
	block = calloc(1, size);
	if (!block)
		return -ENOMEM;
	/* The head of a block is kept free to chain it when it is replaced. */
	p = (struct packing){ block + sizeof(struct old_block), size - sizeof(struct old_block),
			      false };
#define PACK_FIELD(field, key) c.field = pack_str(&p, c.field);
	CONTAINER_FIELDS(PACK_FIELD)
#undef PACK_FIELD
	pack_mounts(&p, &c);
	pack_labels(&p, &c.labels, &c.label_count);
	pack_labels(&p, &c.pod_labels, &c.pod_label_count);
	r->stats.cut += p.cut;
	drop_block(r, n);
	c.id = n->c.id;
	c.short_id_bytes = 0;
	c.short_id_bytes = (uint32_t)container_short_id(&c).n; /* asked for at each event */
	c.cgroup_id = n->c.cgroup_id;
	c.version = ++r->last_version;
	n->c = c;
	n->block = block;
	n->block_bytes = size;
	r->stats.bytes += size;
	return 0;
}

static uint32_t *group_bucket(struct roster *r, uint64_t id)
{
	uint64_t h = id * 0x9e3779b97f4a7c15u;

	return &r->group_hash[(h >> 32) & (r->group_buckets - 1)];
}

static struct group *group_find(struct roster *r, uint64_t id)
{
	for (uint32_t i = *group_bucket(r, id); i != NONE; i = r->groups[i].next_of_hash)
		if (r->groups[i].id == id)
			return &r->groups[i];
	return NULL;
}

static uint32_t take_group(struct roster *r)
{
	static const enum group_list order[] = { GROUPS_FREE, GROUPS_GONE, GROUPS_HOST,
						 GROUPS_CONTAINER };
	uint32_t i = NONE, *at;

	if (r->group_lists[GROUPS_FREE].oldest == NONE && r->fresh_groups < r->max_groups)
		return r->fresh_groups++;
	for (size_t l = 0; i == NONE && l < ARRAY_LEN(order); l++)
		i = r->group_lists[order[l]].oldest;
	group_remove(r, i);
	if (!r->groups[i].id)
		return i;
	at = group_bucket(r, r->groups[i].id);
	while (*at != i)
		at = &r->groups[*at].next_of_hash;
	*at = r->groups[i].next_of_hash;
	r->stats.cgroups--;
	return i;
}

void roster_set_cgroup(struct roster *r, uint64_t id, struct roster_entry *entry)
{
	struct group *g = id ? group_find(r, id) : NULL;
	uint32_t i, *bucket;

	if (!id)
		return;
	if (g) {
		i = (uint32_t)(g - r->groups);
		group_remove(r, i);
	} else {
		i = take_group(r);
		g = &r->groups[i];
		g->id = id;
		bucket = group_bucket(r, id);
		g->next_of_hash = *bucket;
		*bucket = i;
		r->stats.cgroups++;
	}
	g->owner = entry ? (uint32_t)(entry - r->entries) : NONE;
	g->generation = entry ? entry->generation : 0;
	group_append(r, entry ? GROUPS_CONTAINER : GROUPS_HOST, i);
}

void roster_drop_cgroup(struct roster *r, uint64_t id)
{
	struct group *g = group_find(r, id);

	if (!g || g->list == GROUPS_GONE)
		return;
	group_remove(r, (uint32_t)(g - r->groups));
	group_append(r, GROUPS_GONE, (uint32_t)(g - r->groups));
}

enum roster_owner roster_owner(struct roster *r, uint64_t id, struct roster_entry **ret)
{
	struct group *g = group_find(r, id);

	if (!g)
		return ROSTER_NOBODY;
	if (g->owner == NONE)
		return ROSTER_HOST;
	if (r->entries[g->owner].generation != g->generation || !r->entries[g->owner].used)
		return ROSTER_NOBODY;
	*ret = &r->entries[g->owner];
	return ROSTER_CONTAINER;
}

struct roster_entry *roster_next(struct roster *r, struct roster_entry *after)
{
	size_t i = after ? (size_t)(after - r->entries) + 1 : 0;

	while (i < r->fresh_entries && !r->entries[i].used)
		i++;
	return i < r->fresh_entries ? &r->entries[i] : NULL;
}

void roster_stats(const struct roster *r, struct roster_stats *ret)
{
	*ret = r->stats;
}

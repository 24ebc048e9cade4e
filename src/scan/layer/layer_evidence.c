#include "scan/layer/layer_evidence.h"

#include "scan/layer/layer_path.h"
#include "scan/package/package_db.h"

struct layer_held {
	struct layer_held *next;
	enum evidence_kind kind;
	str path;
	struct buf bytes;
};

void layer_evidence_init(struct layer_evidence *v, struct layer *layer, const struct limits *l,
			 struct arena *a)
{
	*v = (struct layer_evidence){
		.arena = a, .limits = l, .layer = layer, .at = map_in(a), .hiding = map_in(a)
	};
}

void layer_evidence_done(struct layer_evidence *v)
{
	struct layer_held *next;

	for (struct layer_held *h = v->held; h; h = next) {
		next = h->next;
		buf_done(&h->bytes);
		free(h);
	}
	v->held = NULL;
}

static void spent(struct layer_evidence *v)
{
	if (!v->spent)
		gap_add(&v->layer->gaps, v->arena, GAP_LIMIT, S(""),
			"more results than the limit of %llu bytes of memory; the rest is missing",
			(unsigned long long)v->limits->memory_bytes);
	v->spent = true;
}

/* "x-wal" beside a wanted "x". */
static bool is_companion(str path, enum evidence_kind *ret_kind, struct arena *a)
{
	str main = str_take(path, path.n > 4 ? path.n - 4 : 0);

	return str_ends(path, S("-wal")) && package_db_wants(main, ret_kind) &&
	       str_eq(package_db_companion(main, a), path);
}

bool layer_evidence_wants(str path, enum evidence_kind *ret_kind, struct arena *a)
{
	return package_db_wants(path, ret_kind) || is_companion(path, ret_kind, a);
}

static struct evidence *find(struct layer_evidence *v, str path)
{
	struct evidence *found = map_find(&v->at, path);

	return found && found->path.n ? found : NULL;
}

static void put(struct layer_evidence *v, const struct evidence *e)
{
	void **slot = map_at(&v->at, e->path);

	if (slot && !*slot)
		*slot = ARENA_NEW(v->arena, struct evidence);
	if (!slot || !*slot) {
		spent(v);
		return;
	}
	*(struct evidence *)*slot = *e;
	v->found++;
}

static void parse(struct layer_evidence *v, enum evidence_kind kind, str path, str bytes,
		  str companion)
{
	struct evidence got = { .kind = kind };
	struct err e = { 0 };
	int r = package_db_read(kind, path, bytes, companion, v->limits, v->arena, &got,
				&v->layer->gaps, &e);

	if (r == -ENOBUFS) {
		spent(v);
		layer_evidence_block(v, path);
		return;
	}
	if (r < 0) {
		gap_add(&v->layer->gaps, v->arena, r == -E2BIG ? GAP_LIMIT : GAP_MALFORMED, path,
			"%s", e.text);
		layer_evidence_block(v, path);
		return;
	}
	got.kind = kind;
	got.path = arena_str(v->arena, path);
	if (!got.path.p) {
		spent(v);
		return;
	}
	v->layer->files_analysed++;
	put(v, &got);
}

static void hold(struct layer_evidence *v, enum evidence_kind kind, str path, str bytes)
{
	struct layer_held *h = calloc(1, sizeof(*h));

	if (h) {
		h->kind = kind;
		h->path = arena_str(v->arena, path);
		buf_add(&h->bytes, bytes);
	}
	if (!h || !h->path.p || buf_error(&h->bytes) ||
	    v->held_bytes + bytes.n > v->limits->memory_bytes) {
		if (h)
			buf_done(&h->bytes);
		free(h);
		spent(v);
		return;
	}
	v->held_bytes += bytes.n;
	v->found++;
	h->next = v->held;
	v->held = h;
}

void layer_evidence_add(struct layer_evidence *v, enum evidence_kind kind, str path, str bytes)
{
	enum evidence_kind own;

	if (!package_db_wants(path, &own) || package_db_companion(path, v->arena).n)
		hold(v, kind, path, bytes);
	else
		parse(v, kind, path, bytes, (str){ NULL, 0 });
}

void layer_evidence_link(struct layer_evidence *v, enum evidence_kind kind, str path, str target)
{
	struct evidence *from = find(v, target);

	for (const struct layer_held *h = v->held; h; h = h->next)
		if (str_eq(h->path, target)) {
			hold(v, kind, path, buf_str(&h->bytes));
			return;
		}
	if (from && from->kind == kind) {
		struct evidence copy = *from;

		copy.path = arena_str(v->arena, path);
		if (copy.path.p)
			put(v, &copy);
		else
			spent(v);
		return;
	}
	gap_add(&v->layer->gaps, v->arena, GAP_UNRESOLVED, path,
		"hard link to '%.*s', which is not among the files that were read",
		STR_ARG(str_take(target, 200)));
	layer_evidence_block(v, path);
}

/* What was found so far at or below a path is gone once something else stands there. */
static void forget_below(struct layer_evidence *v, str path)
{
	for (size_t i = 0; i < v->at.cap; i++) {
		struct evidence *e = v->at.slots[i].key.p ? v->at.slots[i].value : NULL;

		if (e && e->path.n && layer_path_is_below(e->path, path))
			e->path = (str){ NULL, 0 };
	}
	for (struct layer_held *h = v->held; h; h = h->next)
		if (h->path.n && layer_path_is_below(h->path, path))
			h->path = (str){ NULL, 0 };
}

/* Copies @p path the first time it hides something; p is NULL the next times. Each path remembers how much had been
 * found when it was last looked below, so that repeating an entry a million times is no work. */
static str hide_once(struct layer_evidence *v, str path)
{
	uintptr_t seen = (uintptr_t)map_find(&v->hiding, path);
	str own = { NULL, 0 };
	void **slot;

	if (seen != v->found + 1)
		forget_below(v, path);
	if (!seen)
		own = arena_str(v->arena, path);
	slot = seen || own.p ? map_at(&v->hiding, seen ? path : own) : NULL;
	if (!slot) {
		spent(v);
		return (str){ NULL, 0 };
	}
	*slot = (void *)((uintptr_t)v->found + 1);
	return own;
}

static void push(struct layer_evidence *v, str **items, size_t *count, size_t *cap, str path)
{
	str *at = path.p ? ARENA_PUSH(v->arena, *items, *count, *cap) : NULL;

	if (at)
		*at = path;
	else
		spent(v);
}

void layer_evidence_block(struct layer_evidence *v, str path)
{
	str own = hide_once(v, path);
	struct layer *l = v->layer;

	if (own.p)
		push(v, &l->blockers, &l->blocker_count, &l->blocker_cap, own);
}

void layer_evidence_symlink(struct layer_evidence *v, str path, str target)
{
	str own = hide_once(v, path);
	struct layer *l = v->layer;
	struct layer_link *link;

	if (!own.p)
		return;
	link = ARENA_PUSH(v->arena, l->links, l->link_count, l->link_cap);
	if (!link) {
		spent(v);
		return;
	}
	*link = (struct layer_link){ own, arena_str(v->arena, target) };
	if (!link->target.p)
		spent(v);
}

void layer_evidence_whiteout(struct layer_evidence *v, str path)
{
	struct layer *l = v->layer;

	push(v, &l->whiteouts, &l->whiteout_count, &l->whiteout_cap, arena_str(v->arena, path));
}

void layer_evidence_opaque(struct layer_evidence *v, str folder)
{
	struct layer *l = v->layer;

	push(v, &l->opaques, &l->opaque_count, &l->opaque_cap, arena_str(v->arena, folder));
}

static str companion_of(struct layer_evidence *v, str path)
{
	str name = package_db_companion(path, v->arena);

	for (const struct layer_held *h = v->held; name.n && h; h = h->next)
		if (str_eq(h->path, name))
			return buf_str(&h->bytes);
	return (str){ NULL, 0 };
}

/* Whether the database that a companion belongs to is in this layer too. */
static bool has_main(const struct layer_evidence *v, str companion)
{
	for (const struct layer_held *h = v->held; h; h = h->next)
		if (str_eq(package_db_companion(h->path, v->arena), companion))
			return true;
	return false;
}

/* The list is newest first; an older file of the same path is no longer there. */
static bool is_newest(const struct layer_evidence *v, const struct layer_held *held)
{
	for (const struct layer_held *h = v->held; h != held; h = h->next)
		if (str_eq(h->path, held->path))
			return false;
	return true;
}

void layer_evidence_finish(struct layer_evidence *v)
{
	struct layer *l = v->layer;

	for (struct layer_held *h = v->held; h; h = h->next) {
		enum evidence_kind own;

		if (!h->path.n || !is_newest(v, h))
			continue;
		if (package_db_wants(h->path, &own))
			parse(v, h->kind, h->path, buf_str(&h->bytes), companion_of(v, h->path));
		else if (h->bytes.n && !has_main(v, h->path))
			gap_add(&l->gaps, v->arena, GAP_UNRESOLVED, h->path,
				"the layer has a log of changes but not the database they belong "
				"to");
	}
	for (size_t i = 0; i < v->at.cap; i++) {
		struct evidence *e = v->at.slots[i].key.p ? v->at.slots[i].value : NULL;
		struct evidence *to;

		if (!e || !e->path.n)
			continue;
		to = ARENA_PUSH(v->arena, l->evidence, l->evidence_count, l->evidence_cap);
		if (!to) {
			spent(v);
			return;
		}
		*to = *e;
	}
}

#include "scan/layer/layer_view.h"

#include "base/limits.h"
#include "scan/layer/layer_path.h"

/* Linux' own bound on links in one path (path_resolution(7)). */
enum { MAX_LINKS = 40 };

void layer_view_init(struct layer_view *v, struct arena *a)
{
	*v = (struct layer_view){ .arena = a, .at = map_in(a), .link_at = map_in(a) };
}

static str package_key(const struct package *p, struct arena *a)
{
	return arena_printf(a, "%.*s %.*s %.*s", STR_ARG(p->name), STR_ARG(p->version),
			    STR_ARG(p->arch));
}

/* The folder @p path lies in; behind the root, whose path is empty, p is NULL. */
static str folder_above(str path)
{
	size_t slash = str_find_last(path, '/');

	if (!path.n)
		return (str){ NULL, 0 };
	return (str){ path.p, slash < path.n ? slash : 0 };
}

/* What a layer hides: a path with all below it, or only what is below it. Looked up by the paths of what is visible, so
 * the work is the sum of both counts and not their product, whatever a hostile layer names. */
enum hides { HIDES_BELOW = 1, HIDES_ITSELF = 2 };

static int note_hidden(struct map *m, str path, uintptr_t what, struct err *e)
{
	void **slot = map_at(m, path);

	if (!slot)
		return err_set(e, ENOBUFS, "merging layers: memory budget spent");
	*slot = (void *)((uintptr_t)*slot | what);
	return 0;
}

static int note_all(struct map *m, const str *paths, size_t count, uintptr_t what, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = note_hidden(m, paths[i], what, e);
	return r;
}

static bool is_hidden(const struct map *m, str path)
{
	if ((uintptr_t)map_find(m, path) & HIDES_ITSELF)
		return true;
	for (str above = folder_above(path); above.p; above = folder_above(above))
		if (map_find(m, above))
			return true;
	return false;
}

/* A folder replaces a link of a lower layer: files below its path tell that there is one. */
static int note_folders(struct map *m, const struct layer *l, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < l->evidence_count && r == 0; i++)
		for (str above = l->evidence[i].path; above.p && r == 0;
		     above = folder_above(above)) {
			if (map_find(m, above))
				break;
			r = note_hidden(m, above, HIDES_ITSELF, e);
		}
	return r;
}

static int hide_lower(struct layer_view *v, const struct layer *l, struct err *e)
{
	struct map hidden = map_in(v->arena), folders = map_in(v->arena);
	int r = note_all(&hidden, l->opaques, l->opaque_count, HIDES_BELOW, e);

	if (r == 0)
		r = note_all(&hidden, l->whiteouts, l->whiteout_count, HIDES_BELOW | HIDES_ITSELF,
			     e);
	if (r == 0)
		r = note_all(&hidden, l->blockers, l->blocker_count, HIDES_BELOW | HIDES_ITSELF, e);
	for (size_t i = 0; i < l->link_count && r == 0; i++)
		r = note_hidden(&hidden, l->links[i].path, HIDES_BELOW | HIDES_ITSELF, e);
	if (r == 0 && v->link_count)
		r = note_folders(&folders, l, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < v->file_count; i++)
		if (is_hidden(&hidden, v->files[i].evidence->path))
			v->files[i].hidden = true;
	for (size_t i = 0; i < v->link_count; i++)
		if (is_hidden(&hidden, v->links[i].link->path) ||
		    map_find(&folders, v->links[i].link->path))
			v->links[i].hidden = true;
	return 0;
}

static uint32_t index_of(void *value)
{
	return (uint32_t)((uintptr_t)value - 1);
}

/* Packages that were there before, in the same version, keep the layer they came with. */
static int date_packages(struct layer_view *v, const struct view_file *before,
			 struct view_file *now, struct err *e)
{
	const struct package_list *l = &now->evidence->packages;

	for (size_t i = 0; i < l->count; i++) {
		str key = package_key(&l->items[i], v->arena);
		void *old =
			before && !before->hidden && key.p ? map_find(&before->since, key) : NULL;
		void **slot = key.p ? map_at(&now->since, key) : NULL;

		if (!slot)
			return err_set(e, ENOBUFS, "merging layers: memory budget spent");
		*slot = old ? old : (void *)((uintptr_t)now->layer + 1);
	}
	return 0;
}

static int lay_file(struct layer_view *v, const struct evidence *e, uint32_t index, struct err *err)
{
	struct view_file now = { .evidence = e, .layer = index, .since = map_in(v->arena) };
	void **slot = map_at(&v->at, e->path);
	struct view_file *f;
	int r;

	if (!slot)
		return err_set(err, ENOBUFS, "merging layers: memory budget spent");
	f = *slot ? &v->files[index_of(*slot)] : NULL;
	if (e->kind != EVIDENCE_DPKG_LIST) {
		r = date_packages(v, f, &now, err);
		if (r < 0)
			return r;
	}
	if (!f) {
		f = ARENA_PUSH(v->arena, v->files, v->file_count, v->file_cap);
		if (!f)
			return err_set(err, ENOBUFS, "merging layers: memory budget spent");
		*slot = (void *)(uintptr_t)v->file_count;
	}
	*f = now;
	return 0;
}

static int lay_link(struct layer_view *v, const struct layer_link *link, uint32_t index,
		    struct err *e)
{
	struct view_link *k = ARENA_PUSH(v->arena, v->links, v->link_count, v->link_cap);
	void **slot = k ? map_at(&v->link_at, link->path) : NULL;

	if (!slot)
		return err_set(e, ENOBUFS, "merging layers: memory budget spent");
	*k = (struct view_link){ link, index, false };
	*slot = (void *)(uintptr_t)v->link_count;
	return 0;
}

int layer_view_apply(struct layer_view *v, const struct layer *l, uint32_t index, struct err *e)
{
	int r = hide_lower(v, l, e);

	for (size_t i = 0; i < l->link_count && r == 0; i++)
		r = lay_link(v, &l->links[i], index, e);
	for (size_t i = 0; i < l->evidence_count && r == 0; i++)
		r = lay_file(v, &l->evidence[i], index, e);
	return r;
}

uint32_t layer_view_since(const struct view_file *f, const struct package *p, struct arena *a)
{
	str key = package_key(p, a);
	void *since = key.p ? map_find(&f->since, key) : NULL;

	return since ? index_of(since) : f->layer;
}

static const struct layer_link *link_at(const struct layer_view *v, str path)
{
	uintptr_t place = (uintptr_t)map_find(&v->link_at, path);
	const struct view_link *k = place ? &v->links[place - 1] : NULL;

	return k && !k->hidden ? k->link : NULL;
}

/* The link that stands highest on the way is followed first, as the kernel does. */
static const struct layer_link *link_on(const struct layer_view *v, str path)
{
	const struct layer_link *found = NULL;

	for (str at = path; at.p; at = folder_above(at)) {
		const struct layer_link *link = link_at(v, at);

		found = link ? link : found;
	}
	return found;
}

str layer_view_resolve(const struct layer_view *v, str path)
{
	const struct limits l = limits_default();

	for (int i = 0; i < MAX_LINKS; i++) {
		const struct layer_link *link = link_on(v, path);
		str to;

		if (!link)
			return path;
		to = layer_path_follow(link->path, link->target, &l, v->arena);
		if (!to.p)
			break;
		path = arena_printf(v->arena, "%.*s%.*s", STR_ARG(to),
				    STR_ARG(str_skip(path, link->path.n)));
	}
	return (str){ NULL, 0 };
}

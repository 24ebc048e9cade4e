#include "scan/layer/layer_view.h"

#include "base/limits.h"
#include "scan/layer/layer_path.h"

/* Linux' own bound on links in one path (path_resolution(7)). */
enum { MAX_LINKS = 40 };

void layer_view_init(struct layer_view *v, struct arena *a)
{
	*v = (struct layer_view){ .arena = a, .at = map_in(a) };
}

static str package_key(const struct package *p, struct arena *a)
{
	return arena_printf(a, "%.*s %.*s %.*s", STR_ARG(p->name), STR_ARG(p->version),
			    STR_ARG(p->arch));
}

static void hide(struct layer_view *v, str path, bool itself)
{
	for (size_t i = 0; i < v->file_count; i++) {
		struct view_file *f = &v->files[i];

		if (layer_path_is_below(f->evidence->path, path) &&
		    (itself || f->evidence->path.n != path.n))
			f->hidden = true;
	}
	for (size_t i = 0; i < v->link_count; i++) {
		str at = v->links[i].link->path;

		if (layer_path_is_below(at, path) && (itself || at.n != path.n))
			v->links[i].hidden = true;
	}
}

static void hide_all(struct layer_view *v, const str *paths, size_t count, bool themselves)
{
	for (size_t i = 0; i < count; i++)
		hide(v, paths[i], themselves);
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

/* A folder replaces a link of a lower layer: files below its path tell that there is one. */
static void hide_links_above(struct layer_view *v, const struct layer *l, uint32_t index)
{
	for (size_t i = 0; i < v->link_count; i++)
		for (size_t k = 0; k < l->evidence_count && v->links[i].layer != index; k++)
			if (layer_path_is_below(l->evidence[k].path, v->links[i].link->path))
				v->links[i].hidden = true;
}

int layer_view_apply(struct layer_view *v, const struct layer *l, uint32_t index, struct err *e)
{
	int r;

	hide_all(v, l->opaques, l->opaque_count, false);
	hide_all(v, l->whiteouts, l->whiteout_count, true);
	hide_all(v, l->blockers, l->blocker_count, true);
	for (size_t i = 0; i < l->link_count; i++)
		hide(v, l->links[i].path, true);
	hide_links_above(v, l, index);
	for (size_t i = 0; i < l->link_count; i++) {
		struct view_link *k = ARENA_PUSH(v->arena, v->links, v->link_count, v->link_cap);

		if (!k)
			return err_set(e, ENOBUFS, "merging layers: memory budget spent");
		*k = (struct view_link){ &l->links[i], index, false };
	}
	for (size_t i = 0; i < l->evidence_count; i++) {
		r = lay_file(v, &l->evidence[i], index, e);
		if (r < 0)
			return r;
	}
	return 0;
}

uint32_t layer_view_since(const struct view_file *f, const struct package *p, struct arena *a)
{
	str key = package_key(p, a);
	void *since = key.p ? map_find(&f->since, key) : NULL;

	return since ? index_of(since) : f->layer;
}

static const struct layer_link *link_on(const struct layer_view *v, str path)
{
	for (size_t i = v->link_count; i-- > 0;) {
		const struct view_link *k = &v->links[i];

		if (!k->hidden && layer_path_is_below(path, k->link->path))
			return k->link;
	}
	return NULL;
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

#include "scan/layer/layer_merge.h"

#include "scan/layer/layer_path.h"
#include "scan/layer/layer_view.h"
#include "scan/layer/package_purl.h"
#include "scan/package/os_release.h"
#include "scan/package/package_db.h"
#include "scan/package/third_party.h"

struct merge {
	struct arena *arena;
	struct inventory *v;
	struct layer_view view;
	str *content_sets; /**< by layer */
	struct map owners; /**< "name:arch" or "name" -> struct package with `owned` */
	struct err *e;
};

static int spent(struct merge *m)
{
	return err_set(m->e, ENOBUFS, "merging layers: memory budget spent");
}

static int choose_os(struct merge *m)
{
	const struct evidence **visible =
		ARENA_ARRAY(m->arena, m->view.file_count, const struct evidence *);
	size_t n = 0;

	if (!visible)
		return spent(m);
	for (size_t i = 0; i < m->view.file_count; i++)
		if (!m->view.files[i].hidden)
			visible[n++] = m->view.files[i].evidence;
	(void)os_choose(visible, n, &m->v->os);
	return 0;
}

static str owner_key(const struct package *p, bool with_arch, struct arena *a)
{
	return with_arch && p->arch.n
		       ? arena_printf(a, "%.*s:%.*s", STR_ARG(p->name), STR_ARG(p->arch))
		       : p->name;
}

static int collect_owners(struct merge *m)
{
	for (size_t i = 0; i < m->view.file_count; i++) {
		const struct view_file *f = &m->view.files[i];

		if (f->hidden || f->evidence->kind != EVIDENCE_DPKG_LIST)
			continue;
		for (size_t k = 0; k < f->evidence->packages.count; k++) {
			struct package *p = &f->evidence->packages.items[k];
			str key = owner_key(p, true, m->arena);
			void **slot = key.p ? map_at(&m->owners, key) : NULL;

			if (!slot)
				return spent(m);
			*slot = p;
		}
	}
	return 0;
}

static void join_owned(struct merge *m, struct package *p)
{
	const struct package *owner;

	if (p->owned.n || !str_is(p->type, "deb"))
		return;
	owner = map_find(&m->owners, owner_key(p, true, m->arena));
	if (!owner)
		owner = map_find(&m->owners, p->name);
	if (owner)
		p->owned = owner->owned;
}

/* A manifest says more than the name of the build beside it. */
static bool tells_more(const struct view_file *now, const struct view_file *best)
{
	return now->layer == best->layer && now->evidence->kind == EVIDENCE_CONTENT_MANIFEST &&
	       best->evidence->kind != EVIDENCE_CONTENT_MANIFEST;
}

/* The manifest of the package's own layer speaks for it, else the nearest below, else the nearest above. */
static str content_sets_for(const struct merge *m, uint32_t layer)
{
	const struct view_file *best = NULL;

	for (size_t i = 0; i < m->view.file_count; i++) {
		const struct view_file *f = &m->view.files[i];

		if (f->hidden || !f->evidence->content_sets.n)
			continue;
		if (!best || tells_more(f, best) ||
		    (f->layer <= layer && (best->layer > layer || f->layer > best->layer)) ||
		    (f->layer > layer && best->layer > layer && f->layer < best->layer))
			best = f;
	}
	return best ? best->evidence->content_sets : (str){ NULL, 0 };
}

static int collect_content_sets(struct merge *m, size_t layers)
{
	m->content_sets = ARENA_ARRAY(m->arena, layers, str);
	if (!m->content_sets)
		return spent(m);
	for (size_t i = 0; i < layers; i++)
		m->content_sets[i] = content_sets_for(m, (uint32_t)i);
	return 0;
}

static int add_package(struct merge *m, const struct view_file *f, const struct package *from)
{
	struct package_list *l = &m->v->packages;
	struct package *p = ARENA_PUSH(m->arena, l->items, l->count, l->cap);

	if (!p)
		return spent(m);
	*p = *from;
	p->layer = layer_view_since(f, from, m->arena);
	if (!p->db_path.n)
		p->db_path = f->evidence->path;
	if (!p->namespace.n)
		p->namespace = m->v->os.id;
	join_owned(m, p);
	if (str_is(p->type, "rpm") && !p->content_sets.n)
		p->content_sets = m->content_sets[p->layer];
	p->third_party = p->third_party || package_is_third_party(p, &m->v->os);
	return package_purl(p, &m->v->os, m->arena, &p->purl, m->e);
}

static int collect_packages(struct merge *m)
{
	for (size_t i = 0; i < m->view.file_count; i++) {
		const struct view_file *f = &m->view.files[i];
		int r;

		if (f->hidden || f->evidence->kind == EVIDENCE_DPKG_LIST)
			continue;
		for (size_t k = 0; k < f->evidence->packages.count; k++) {
			r = add_package(m, f, &f->evidence->packages.items[k]);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int compare_packages(const void *left, const void *right)
{
	const struct package *a = left, *b = right;
	int r = str_cmp(a->type, b->type);

	if (r == 0)
		r = str_cmp(a->name, b->name);
	if (r == 0)
		r = str_cmp(a->version, b->version);
	if (r == 0)
		r = str_cmp(a->arch, b->arch);
	if (r == 0)
		r = str_cmp(a->db_path, b->db_path);
	return r;
}

/* The same package in two databases (one left behind by a conversion, say) is one package. */
static void sort_and_unite(struct package_list *l)
{
	size_t kept = 0;

	if (!l->count)
		return;
	qsort(l->items, l->count, sizeof(*l->items), compare_packages);
	for (size_t i = 1; i < l->count; i++) {
		const struct package *a = &l->items[kept], *b = &l->items[i];

		if (str_eq(a->type, b->type) && str_eq(a->name, b->name) &&
		    str_eq(a->version, b->version) && str_eq(a->arch, b->arch))
			continue;
		l->items[++kept] = *b;
	}
	l->count = kept + 1;
}

/* A link that leads to where nothing is read may hide a database; one among release files does no harm once the system
 * is known. */
static void tell_unresolved_links(struct merge *m)
{
	for (size_t i = 0; i < m->view.link_count; i++) {
		const struct view_link *k = &m->view.links[i];
		enum evidence_kind kind;
		str to;

		if (k->hidden)
			continue;
		to = layer_view_resolve(&m->view, k->link->path);
		if (to.p && (!to.n || package_db_is_on_the_way(to)))
			continue;
		if (package_db_wants(k->link->path, &kind) && kind == EVIDENCE_OS_RELEASE &&
		    m->v->os.id.n)
			continue;
		gap_add(&m->v->gaps, m->arena, GAP_UNRESOLVED, k->link->path,
			"symbolic link to '%.*s', where nothing was read",
			STR_ARG(str_take(k->link->target, 200)));
	}
}

/* A system that names itself and lists no packages: its database was removed, or is of a kind we cannot read. */
static void tell_missing_database(struct merge *m)
{
	const struct os *o = &m->v->os;

	if (o->id.n && !m->v->packages.count)
		gap_add(&m->v->gaps, m->arena, GAP_UNEXPECTED, o->path,
			"the system is '%.*s', but no package database was found",
			STR_ARG(str_take(o->id, 64)));
}

static void add_gaps(struct merge *m, const struct layer *l)
{
	str layer = l->digest.n ? l->digest : l->diff_id;

	for (size_t i = 0; i < l->gaps.count; i++) {
		struct gap g = l->gaps.items[i];
		struct gap_list one = { .items = &g, .count = 1, .cap = 1 };

		if (!g.place.n)
			g.place = layer;
		gap_add_all(&m->v->gaps, m->arena, &one);
	}
	m->v->gaps.dropped += l->gaps.dropped;
}

int layer_merge(const struct layer *const *layers, size_t count, struct arena *a,
		struct inventory *v, struct err *e)
{
	struct merge m = { .arena = a, .v = v, .owners = map_in(a), .e = e };
	int r = 0;

	layer_view_init(&m.view, a);
	for (size_t i = 0; i < count && r == 0; i++)
		if (layers[i]) {
			add_gaps(&m, layers[i]);
			r = layer_view_apply(&m.view, layers[i], (uint32_t)i, e);
		}
	if (r == 0)
		r = choose_os(&m);
	if (r == 0)
		r = collect_owners(&m);
	if (r == 0)
		r = collect_content_sets(&m, count);
	if (r == 0)
		r = collect_packages(&m);
	if (r < 0)
		return r;
	sort_and_unite(&v->packages);
	tell_unresolved_links(&m);
	tell_missing_database(&m);
	return 0;
}

#include "console/store/registry_images.h"

#include "base/map.h"
#include "console/store/image_layers.h"

enum { REFERENCES_MAX = 20, SETTLE_BYTES = 256 << 20 };

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "registries: memory budget spent");
}

/* An index that could not be read before is now. */
static int forget_whole(struct store *s, const struct registry_image *i, struct err *e)
{
	int r = sql_do(s->sql,
		       "DELETE FROM registry_image WHERE registry = ?1 AND repository = ?2 AND "
		       "digest = ?3 AND platform = ''",
		       SQL_ARGS(SQL_I(i->registry), SQL_T(i->repository), SQL_T(i->digest)), e);

	return MIN(r, 0);
}

int registry_image_put(struct store *s, const struct registry_image *i, struct err *e)
{
	int r = i->platform.n ? forget_whole(s, i, e) : 0;

	r = r < 0 ? r
		  : sql_do(s->sql,
			   "INSERT INTO registry_image (registry, repository, digest, platform, "
			   "manifest, image, why, tried) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0) "
			   "ON CONFLICT (registry, repository, digest, platform) DO UPDATE SET "
			   "manifest = excluded.manifest, image = excluded.image, why = "
			   "excluded.why",
			   SQL_ARGS(SQL_I(i->registry), SQL_T(i->repository), SQL_T(i->digest),
				    SQL_T(i->platform), SQL_T(i->manifest), SQL_T(i->image),
				    SQL_T(i->why)),
			   e);

	return MIN(r, 0);
}

/* What rows of one digest say. */
struct knowing {
	struct buf key;
	size_t platforms; /* of those asked for */
	bool whole;       /* it is no index */
	bool open;        /* something could not be told */
};

static void knowing_done(struct knowing *k)
{
	buf_done(&k->key);
}

static bool is_known(const struct knowing *k, size_t platforms)
{
	return k->key.n && !k->open && (k->whole || k->platforms == platforms);
}

static void take_row(struct knowing *k, struct sql_rows *rows, const str *platforms, size_t count)
{
	str platform = sql_text(rows, 1);

	k->open = k->open || sql_text(rows, 2).n == 0;
	k->whole = k->whole || platform.n == 0;
	for (size_t i = 0; i < count; i++)
		k->platforms += str_eq(platforms[i], platform);
}

int registry_images_known(struct store *s, int64_t registry, const str *platforms,
			  size_t platform_count, struct arena *a, str **ret, size_t *ret_count,
			  struct err *e)
{
	CLEANUP(knowing_done) struct knowing k = { 0 };
	OWNED_ROWS *rows = NULL;
	str *list = NULL;
	size_t count = 0, cap = 0;
	int r = sql_query(s->sql,
			  "SELECT repository || '@' || digest, platform, manifest FROM "
			  "registry_image WHERE registry = ?1 ORDER BY repository, digest",
			  SQL_ARGS(SQL_I(registry)), &rows, e);

	while (r >= 0) {
		bool more = (r = sql_next(rows, e)) > 0;
		str *one;

		if (more && str_eq(sql_text(rows, 0), buf_str(&k.key))) {
			take_row(&k, rows, platforms, platform_count);
			continue;
		}
		one = r >= 0 && is_known(&k, platform_count) ? ARENA_PUSH(a, list, count, cap)
							     : NULL;
		if (one)
			*one = arena_str(a, buf_str(&k.key));
		if (r < 0 || (is_known(&k, platform_count) && (!one || !one->p)))
			return r < 0 ? r : spent(e);
		if (!more)
			break;
		knowing_done(&k);
		k = (struct knowing){ 0 };
		buf_add(&k.key, sql_text(rows, 0));
		if (buf_error(&k.key))
			return spent(e);
		take_row(&k, rows, platforms, platform_count);
	}
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	return 0;
}

static int read_image(struct sql_rows *rows, struct arena *a, struct registry_image *ret,
		      struct err *e)
{
	*ret = (struct registry_image){ .registry = sql_int(rows, 0),
					.repository = sql_text_in(rows, 1, a),
					.digest = sql_text_in(rows, 2, a),
					.platform = sql_text_in(rows, 3, a),
					.manifest = sql_text_in(rows, 4, a),
					.image = sql_text_in(rows, 5, a),
					.why = sql_text_in(rows, 6, a) };
	return ret->repository.p && ret->digest.p && ret->platform.p && ret->manifest.p &&
			       ret->image.p && ret->why.p
		       ? 0
		       : spent(e);
}

#define COLUMNS "i.registry, i.repository, i.digest, i.platform, i.manifest, i.image, i.why"
/* A digest no tag points to any more is not worth the reading. */
#define POINTED_TO \
	" AND EXISTS (SELECT 1 FROM registry_tag t WHERE t.registry = i.registry AND " \
	"t.repository = i.repository AND t.digest = i.digest AND t.gone_ns = 0)"

int registry_image_waiting(struct store *s, int64_t registry, int64_t run, struct arena *a,
			   struct registry_image *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql,
			  "SELECT " COLUMNS " FROM registry_image i JOIN image x ON x.digest = "
			  "i.image WHERE i.registry = ?1 AND i.tried <> ?2 AND x.scanned_ns = "
			  "0" POINTED_TO " ORDER BY i.repository, i.digest LIMIT 1",
			  SQL_ARGS(SQL_I(registry), SQL_I(run)), &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r <= 0)
		return r;
	r = read_image(rows, a, ret, e);
	return r < 0 ? r : 1;
}

int registry_image_tried(struct store *s, int64_t registry, str image, int64_t run, struct err *e)
{
	int r = sql_do(s->sql,
		       "UPDATE registry_image SET tried = ?3 WHERE registry = ?1 AND image = ?2",
		       SQL_ARGS(SQL_I(registry), SQL_T(image), SQL_I(run)), e);

	return MIN(r, 0);
}

int registry_figures(struct store *s, int64_t registry, struct registry_figures *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(
		s->sql,
		"SELECT COUNT(*), "
		"CAST(COALESCE(SUM(CASE WHEN scanned_ns > 0 THEN 1 ELSE 0 END), 0) AS BIGINT), "
		"CAST(COALESCE(SUM(CASE WHEN scanned_ns = 0 AND scan_error <> '' THEN 1 ELSE 0 "
		"END), 0) AS BIGINT) FROM image WHERE digest IN (SELECT i.image FROM "
		"registry_image i WHERE i.registry = ?1" POINTED_TO ")",
		SQL_ARGS(SQL_I(registry)), &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r <= 0)
		return r;
	*ret = (struct registry_figures){ .images = sql_int(rows, 0),
					  .scanned = sql_int(rows, 1),
					  .failed = sql_int(rows, 2) };
	ret->waiting = ret->images - ret->scanned - ret->failed;
	return 0;
}

int registry_images_of(struct store *s, int64_t registry, str repository, str digest,
		       struct arena *a, struct registry_image **ret, size_t *ret_count,
		       struct err *e)
{
	OWNED_ROWS *rows = NULL;
	struct registry_image *list = NULL;
	size_t count = 0, cap = 0;
	int r = sql_query(s->sql,
			  "SELECT " COLUMNS ", x.scanned_ns, x.scan_error, x.unknown, "
			  "x.negligible, x.low, x.medium, x.high, x.critical FROM registry_image i "
			  "LEFT JOIN image x ON x.digest = i.image WHERE i.registry = ?1 AND "
			  "i.repository = ?2 AND i.digest = ?3 ORDER BY i.platform",
			  SQL_ARGS(SQL_I(registry), SQL_T(repository), SQL_T(digest)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct registry_image *one = ARENA_PUSH(a, list, count, cap);

		r = one ? read_image(rows, a, one, e) : spent(e);
		if (r < 0)
			return r;
		one->scanned_ns = sql_int(rows, 7);
		one->scan_error = sql_text_in(rows, 8, a);
		for (unsigned k = 0; k < SEVERITY_COUNT; k++)
			one->counts[k] = sql_int(rows, 9 + k);
		r = one->scan_error.p ? 0 : spent(e);
	}
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	return 0;
}

/* ---- What images are called ---- */

struct naming {
	str image;
	str references; /* separated by blanks */
	int64_t stages;
	size_t count;
	bool same; /* as the image's row has it */
};

struct namings {
	struct arena arena;
	struct map by_image;
	struct naming *items;
	size_t count, cap;
	/* Images whose names are all gone. */
	str *bare;
	size_t bare_count, bare_cap;
};

static int take_name(struct namings *n, struct sql_rows *rows, struct err *e)
{
	str image = sql_text(rows, 0);
	/* Rows come by image. */
	struct naming *last = n->count ? &n->items[n->count - 1] : NULL;

	if (!last || !str_eq(last->image, image)) {
		last = ARENA_PUSH(&n->arena, n->items, n->count, n->cap);
		if (!last)
			return spent(e);
		*last = (struct naming){ .image = arena_str(&n->arena, image),
					 .references = S("") };
	}
	last->stages |= (int64_t)1 << sql_int(rows, 4);
	if (last->count++ < REFERENCES_MAX)
		last->references =
			arena_printf(&n->arena, "%.*s%s%.*s/%.*s:%.*s", STR_ARG(last->references),
				     last->references.n ? " " : "", STR_ARG(sql_text(rows, 1)),
				     STR_ARG(sql_text(rows, 2)), STR_ARG(sql_text(rows, 3)));
	return last->image.p && last->references.p ? 0 : spent(e);
}

static int read_names(struct store *s, struct namings *n, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(
		s->sql,
		"SELECT i.image, g.address, t.repository, t.tag, t.stage FROM "
		"registry_image i JOIN registry g ON g.id = i.registry JOIN registry_tag t "
		"ON t.registry = i.registry AND t.repository = i.repository AND t.digest = "
		"i.digest WHERE i.image <> '' AND t.gone_ns = 0 ORDER BY i.image, "
		"g.address, t.repository, t.tag",
		SQL_NONE, &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0)
		r = take_name(n, rows, e);
	for (size_t i = 0; r == 0 && i < n->count; i++) {
		void **at = map_at(&n->by_image, n->items[i].image);

		if (!at)
			return spent(e);
		*at = &n->items[i];
	}
	return r;
}

/* Marks what is as it should be, and finds what is named no more. */
static int compare(struct store *s, struct namings *n, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	str *bare;
	int r = sql_query(s->sql,
			  "SELECT digest, registry_refs, stages FROM image WHERE registry_refs <> "
			  "'' OR stages <> 0",
			  SQL_NONE, &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct naming *x = map_find(&n->by_image, sql_text(rows, 0));

		if (x) {
			x->same = x->stages == sql_int(rows, 2) &&
				  str_eq(x->references, sql_text(rows, 1));
			continue;
		}
		bare = ARENA_PUSH(&n->arena, n->bare, n->bare_count, n->bare_cap);
		if (!bare)
			return spent(e);
		*bare = sql_text_in(rows, 0, &n->arena);
		if (!bare->p)
			return spent(e);
	}
	return r;
}

static int write_one(struct store *s, str image, str references, int64_t stages, struct err *e)
{
	return sql_do(s->sql, "UPDATE image SET registry_refs = ?2, stages = ?3 WHERE digest = ?1",
		      SQL_ARGS(SQL_T(image), SQL_T(references), SQL_I(stages)), e);
}

static int write_names(struct store *s, const struct namings *n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n->count; i++)
		if (!n->items[i].same)
			r = write_one(s, n->items[i].image, n->items[i].references,
				      n->items[i].stages, e);
	for (size_t i = 0; r >= 0 && i < n->bare_count; i++)
		r = write_one(s, n->bare[i], S(""), 0, e);
	return MIN(r, 0);
}

int registry_images_settle(struct store *s, struct err *e)
{
	struct namings n = { 0 };
	int r;

	arena_init(&n.arena, SETTLE_BYTES);
	n.by_image = map_in(&n.arena);
	r = read_names(s, &n, e);
	if (r == 0)
		r = compare(s, &n, e);
	if (r == 0)
		r = write_names(s, &n, e);
	arena_done(&n.arena);
	return r < 0 ? r : image_bases_settle(s, e);
}

#include "console/store/image_layers.h"

#include "base/map.h"
#include "codec/digest.h"
#include "console/store/registry_tags.h"

#define SETTLE_BYTES ((size_t)256 << 20)
enum { NAMES_LOOKED_AT = 1000 };

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "base images: memory budget spent");
}

str image_layer_name(const struct inventory_layer *l)
{
	return l->diff_id.n ? l->diff_id : l->digest;
}

/* ---- Layers ---- */

/** The ChainID up to @p layer, from the one below it. Empty where a layer's digest is not known. */
static int next_chain(str layer, size_t no, struct buf *chain)
{
	uint8_t sum[SHA256_BYTES];
	char text[DIGEST_TEXT_BYTES];

	if (layer.n == 0 || (no && chain->n == 0)) {
		buf_reset(chain);
		return 0;
	}
	if (no == 0) {
		buf_add(chain, layer);
		return buf_error(chain);
	}
	buf_printf(chain, " %.*s", STR_ARG(layer));
	if (buf_error(chain))
		return buf_error(chain);
	sha256_of(buf_str(chain), sum);
	digest_render(sum, text);
	buf_reset(chain);
	buf_add(chain, str_from(text));
	return buf_error(chain);
}

static int put_layers(struct store *s, str image, const struct inventory *v, struct buf *chain,
		      struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < v->layer_count; i++) {
		const struct inventory_layer *l = &v->layers[i];

		if (next_chain(l->diff_id, i, chain) < 0)
			return spent(e);
		r = sql_do(s->sql,
			   "INSERT INTO image_layer (image, no, digest, chain) VALUES (?1, ?2, ?3, "
			   "?4)",
			   SQL_ARGS(SQL_T(image), SQL_I(i), SQL_T(image_layer_name(l)),
				    SQL_T(buf_str(chain))),
			   e);
	}
	return MIN(r, 0);
}

int image_layers_has(struct store *s, str image, struct err *e)
{
	int64_t no;

	return sql_get_int(s->sql, "SELECT no FROM image_layer WHERE image = ?1 AND no = 0",
			   SQL_ARGS(SQL_T(image)), &no, e);
}

/* ---- Owners ---- */

int image_layers_own(struct store *s, str image, struct err *e)
{
	static const char layers[] =
		"SELECT CASE WHEN base_layers > 0 THEN base_layers ELSE scan_base END FROM image "
		"WHERE digest = ?1";
	static const char own[] =
		"UPDATE finding SET owner = CASE WHEN ?2 = 0 OR layer = '' THEN ?3 WHEN EXISTS "
		"(SELECT 1 FROM image_layer l WHERE l.image = finding.image AND l.digest = "
		"finding.layer AND l.no < ?2) THEN ?4 ELSE ?5 END WHERE image = ?1";
	int64_t count = 0;
	int r = sql_get_int(s->sql, layers, SQL_ARGS(SQL_T(image)), &count, e);

	if (r > 0)
		r = sql_do(s->sql, own,
			   SQL_ARGS(SQL_T(image), SQL_I(count), SQL_I(OWNER_UNKNOWN),
				    SQL_I(OWNER_BASE), SQL_I(OWNER_APPLICATION)),
			   e);
	return MIN(r, 0);
}

/* ---- Bases ---- */

struct built_on {
	str image;
	str base;       /**< empty: none is known, or it is a base image and built on no other */
	int64_t layers; /**< from the lowest: of a base image all; 0: none */
	bool is_base;
	bool same; /**< as the image's row has it */
};

struct bases {
	struct arena arena;
	struct map by_image;
	struct built_on *items;
	size_t count, cap;
	/* Images that were built on a base image, and are no more. */
	str *free;
	size_t free_count, free_cap;
};

/* Rows come by image, the longest match first. */
static int take_match(struct bases *b, struct sql_rows *rows, struct err *e)
{
	str image = sql_text(rows, 0), base = sql_text(rows, 1);
	int64_t layers = sql_int(rows, 2);
	struct built_on *x = b->count ? &b->items[b->count - 1] : NULL;

	if (!x || !str_eq(x->image, image)) {
		x = ARENA_PUSH(&b->arena, b->items, b->count, b->cap);
		if (!x)
			return spent(e);
		*x = (struct built_on){ .image = arena_str(&b->arena, image),
					.base = S(""),
					.layers = layers,
					.is_base = sql_int(rows, 3) != 0 };
	}
	/* Two base images of the same layers are not built on each other. */
	if (x->base.n == 0 && !str_eq(base, image) && !(x->is_base && layers == x->layers))
		x->base = arena_str(&b->arena, base);
	return x->image.p && x->base.p ? 0 : spent(e);
}

/** @param only the image whose base is wanted; empty: all */
static int read_matches(struct store *s, str only, struct bases *b, struct err *e)
{
	static const char matches[] =
		"WITH base AS (SELECT DISTINCT i.image AS image FROM registry_tag t JOIN "
		"registry_move m ON m.registry = t.registry AND m.repository = t.repository AND "
		"m.tag = t.tag JOIN registry_image i ON i.registry = m.registry AND i.repository = "
		"m.repository AND i.digest = m.after WHERE t.stage = ?2 AND i.image <> '') "
		"SELECT l.image, b.digest, l.no + 1, CASE WHEN own.image IS NULL THEN 0 ELSE 1 END "
		"FROM base JOIN image b ON b.digest = base.image AND b.chain <> '' JOIN "
		"image_layer l ON l.chain = b.chain LEFT JOIN base own ON own.image = l.image "
		"WHERE (?1 = '' OR l.image = ?1) ORDER BY l.image, l.no DESC, b.digest";
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, matches, SQL_ARGS(SQL_T(only), SQL_I(STAGE_BASE)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0)
		r = take_match(b, rows, e);
	for (size_t i = 0; r == 0 && i < b->count; i++) {
		void **at = map_at(&b->by_image, b->items[i].image);

		if (!at)
			return spent(e);
		*at = &b->items[i];
	}
	return r;
}

/* Marks what is as it should be, and finds what is built on no base image any more. */
static int compare(struct store *s, str only, struct bases *b, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql,
			  "SELECT digest, base, base_layers FROM image WHERE base_layers > 0 AND "
			  "(?1 = '' OR digest = ?1)",
			  SQL_ARGS(SQL_T(only)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct built_on *x = map_find(&b->by_image, sql_text(rows, 0));
		str *image;

		if (x) {
			x->same =
				x->layers == sql_int(rows, 2) && str_eq(x->base, sql_text(rows, 1));
			continue;
		}
		image = ARENA_PUSH(&b->arena, b->free, b->free_count, b->free_cap);
		if (!image)
			return spent(e);
		*image = sql_text_in(rows, 0, &b->arena);
		if (!image->p)
			return spent(e);
	}
	return r;
}

static int write_base(struct store *s, str image, str base, int64_t layers, struct err *e)
{
	int r = sql_do(s->sql, "UPDATE image SET base = ?2, base_layers = ?3 WHERE digest = ?1",
		       SQL_ARGS(SQL_T(image), SQL_T(base), SQL_I(layers)), e);

	return r < 0 ? r : image_layers_own(s, image, e);
}

static int write_bases(struct store *s, const struct bases *b, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < b->count; i++)
		if (!b->items[i].same)
			r = write_base(s, b->items[i].image, b->items[i].base, b->items[i].layers,
				       e);
	for (size_t i = 0; r >= 0 && i < b->free_count; i++)
		r = write_base(s, b->free[i], S(""), 0, e);
	return MIN(r, 0);
}

/** @return 1 @p only is a base image, 0, -errno */
static int settle(struct store *s, str only, struct err *e)
{
	struct bases b = { 0 };
	bool is_base;
	int r;

	arena_init(&b.arena, SETTLE_BYTES);
	b.by_image = map_in(&b.arena);
	r = read_matches(s, only, &b, e);
	is_base = b.count && b.items[0].is_base;
	if (r == 0)
		r = compare(s, only, &b, e);
	if (r == 0)
		r = write_bases(s, &b, e);
	arena_done(&b.arena);
	return r < 0 ? r : only.n && is_base;
}

int image_bases_settle(struct store *s, struct err *e)
{
	return sql_no_count(settle(s, S(""), e));
}

int image_layers_put(struct store *s, str image, const struct inventory *v, int64_t scan_base,
		     struct err *e)
{
	OWNED_BUF chain = BUF_INIT;
	int r = sql_do(s->sql, "DELETE FROM image_layer WHERE image = ?1", SQL_ARGS(SQL_T(image)),
		       e);

	r = r < 0 ? r : put_layers(s, image, v, &chain, e);
	if (r == 0)
		r = sql_do(s->sql, "UPDATE image SET chain = ?2, scan_base = ?3 WHERE digest = ?1",
			   SQL_ARGS(SQL_T(image), SQL_T(buf_str(&chain)),
				    SQL_I(MIN(scan_base, (int64_t)v->layer_count))),
			   e);
	r = r < 0 ? r : settle(s, image, e);
	return r > 0 ? image_bases_settle(s, e) : r;
}

/* ---- Names ---- */

int image_base_names(struct store *s, const struct scope *scope, str image, size_t max,
		     struct arena *a, struct base_name **ret, size_t *ret_count, struct err *e)
{
	static const char names[] =
		"SELECT DISTINCT g.address, t.repository, t.tag, CASE WHEN t.digest = i.digest AND "
		"t.gone_ns = 0 THEN 1 ELSE 0 END FROM registry_image i JOIN registry g ON g.id = "
		"i.registry JOIN registry_move m ON m.registry = i.registry AND m.repository = "
		"i.repository AND m.after = i.digest JOIN registry_tag t ON t.registry = "
		"m.registry AND t.repository = m.repository AND t.tag = m.tag WHERE i.image = ?1 "
		"AND t.stage = ?2 ORDER BY 4 DESC, 1, 2, 3 LIMIT ?3";
	struct base_name *list = ARENA_ARRAY(a, max, struct base_name);
	OWNED_ROWS *rows = NULL;
	size_t count = 0;
	int r;

	if (!list)
		return spent(e);
	r = sql_query(s->sql, names,
		      SQL_ARGS(SQL_T(image), SQL_I(STAGE_BASE), SQL_I(NAMES_LOOKED_AT)), &rows, e);
	while (r >= 0 && count < max && (r = sql_next(rows, e)) > 0) {
		struct scope_subject of = { .image = arena_printf(a, "%.*s/%.*s:%.*s",
								  STR_ARG(sql_text(rows, 0)),
								  STR_ARG(sql_text(rows, 1)),
								  STR_ARG(sql_text(rows, 2))) };

		if (!of.image.p)
			return spent(e);
		if (scope_holds(scope, &of))
			list[count++] = (struct base_name){ of.image, sql_int(rows, 3) != 0 };
	}
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	return 0;
}

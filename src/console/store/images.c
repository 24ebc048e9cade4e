#include "codec/json.h"
#include "codec/zstd.h"
#include "console/store/alerts_priv.h"
#include "console/store/findings_priv.h"

enum { LEVEL = 3 };

#define IMAGE_COLUMNS \
	"digest, refs, os, bytes, layers, packages, scanned_ns, scan_error, database_ns, " \
	"unknown, negligible," \
	" low, medium, high, critical, fixable, kev, accepted, gap_count, unjudged, " \
	"registry_refs, stages, base, CASE WHEN base_layers > 0 THEN base_layers ELSE scan_base " \
	"END, failed_ns"

int images_put(struct store *s, const struct stored_image *i, int64_t now_ns, struct err *e)
{
	int r = sql_do(
		s->sql,
		"INSERT INTO image (digest, refs, os, bytes, layers, seen_ns) VALUES (?1, ?2, ?3, "
		"?4, ?5, ?6) "
		"ON CONFLICT (digest) DO UPDATE SET"
		" refs = CASE WHEN excluded.refs = '' THEN image.refs ELSE excluded.refs END,"
		" os = CASE WHEN excluded.os = '' THEN image.os ELSE excluded.os END,"
		" bytes = CASE WHEN excluded.bytes = 0 THEN image.bytes ELSE excluded.bytes END,"
		" layers = CASE WHEN excluded.layers = 0 THEN image.layers ELSE excluded.layers "
		"END,"
		" seen_ns = excluded.seen_ns",
		SQL_ARGS(SQL_T(i->digest), SQL_T(i->references), SQL_T(i->os), SQL_I(i->bytes),
			 SQL_I(i->layers), SQL_I(now_ns)),
		e);

	return MIN(r, 0);
}

static int put_blob(struct store *s, str digest, str inventory, struct err *e)
{
	OWNED_BUF packed = BUF_INIT;
	int r = zstd_compress(inventory, LEVEL, &packed, e);

	r = r < 0 ? r
		  : sql_do(s->sql,
			   "INSERT INTO image_inventory (digest, bytes) VALUES (?1, ?2) "
			   "ON CONFLICT (digest) DO UPDATE SET bytes = excluded.bytes",
			   SQL_ARGS(SQL_T(digest), SQL_B(buf_str(&packed))), e);
	return MIN(r, 0);
}

int images_put_inventory(struct store *s, str digest, str inventory, int64_t packages,
			 int64_t layers, str os, int64_t scanned_ns, struct err *e)
{
	int r;

	if (inventory.n > INVENTORY_MAX)
		return err_set(e, E2BIG, "an inventory of %zu bytes", inventory.n);
	r = sql_do(s->sql,
		   "INSERT INTO image (digest, os, packages, layers, scanned_ns, seen_ns) "
		   "VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (digest) DO UPDATE SET os = "
		   "excluded.os,"
		   " packages = excluded.packages, layers = excluded.layers, scanned_ns = "
		   "excluded.scanned_ns,"
		   " scan_error = '', database_ns = 0",
		   SQL_ARGS(SQL_T(digest), SQL_T(os), SQL_I(packages), SQL_I(layers),
			    SQL_I(scanned_ns)),
		   e);
	return r < 0 ? r : put_blob(s, digest, inventory, e);
}

int images_put_scan_error(struct store *s, str digest, str why, int64_t now_ns, struct err *e)
{
	int r = sql_do(
		s->sql,
		"INSERT INTO image (digest, scan_error, seen_ns, failed_ns) VALUES (?1, ?2, ?3, "
		"?3) ON CONFLICT (digest) DO UPDATE SET scan_error = excluded.scan_error, "
		"failed_ns = excluded.failed_ns",
		SQL_ARGS(SQL_T(digest), SQL_T(why.n ? why : S("not told")), SQL_I(now_ns)), e);

	return MIN(r, 0);
}

int images_inventory(struct store *s, str digest, struct buf *out, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT bytes FROM image_inventory WHERE digest = ?1",
			  SQL_ARGS(SQL_T(digest)), &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r == 0)
		return err_set(e, ENOENT, "image '%.*s' was not scanned", STR_ARG(digest));
	return r < 0 ? r : zstd_decompress(sql_blob(rows, 0), INVENTORY_MAX, out, e);
}

int images_put_gaps(struct store *s, str digest, const struct gap_list *gaps, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int64_t count = (int64_t)gaps->dropped, unjudged = 0;
	struct json_out j;
	int r;

	for (size_t i = 0; i < gaps->count; i++) {
		count += (int64_t)gaps->items[i].count;
		unjudged += gaps->items[i].kind == GAP_NO_DATA;
	}
	json_out_init(&j, &text, false);
	gap_list_render(gaps, &j);
	if (buf_error(&text) < 0)
		return err_set(e, ENOMEM, "no memory for what could not be judged");
	r = sql_do(s->sql,
		   "UPDATE image SET gaps = ?2, gap_count = ?3, unjudged = ?4 WHERE digest = ?1",
		   SQL_ARGS(SQL_T(digest), SQL_T(count ? buf_str(&text) : S("")), SQL_I(count),
			    SQL_I(unjudged)),
		   e);
	return MIN(r, 0);
}

int images_gaps(struct store *s, str digest, struct arena *a, struct gap_list *ret, struct err *e)
{
	struct value doc, *given = NULL;
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT gaps FROM image WHERE digest = ?1",
			  SQL_ARGS(SQL_T(digest)), &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r == 0)
		return err_set(e, ENOENT, "no image '%.*s'", STR_ARG(digest));
	if (r > 0 && sql_text(rows, 0).n) {
		r = json_parse(sql_text(rows, 0), a, &doc, e);
		given = &doc;
	}
	return r < 0 ? r : gap_list_parse(given, a, ret, e);
}

int images_vulnerabilities(struct store *s, str digest, struct arena *a, str **ret,
			   size_t *ret_count, struct err *e)
{
	return sql_get_texts(s->sql,
			     "SELECT vulnerability FROM image_vulnerability WHERE image = ?1",
			     SQL_ARGS(SQL_T(digest)), a, ret, ret_count, e);
}

int images_waiting(struct store *s, int64_t database_ns, bool only_unscanned, size_t max,
		   struct arena *a, str **ret, size_t *ret_count, struct err *e)
{
	return sql_get_texts(
		s->sql,
		only_unscanned
			? "SELECT digest FROM image WHERE scanned_ns = 0 AND scan_error = '' AND "
			  "?1 = ?1 "
			  "ORDER BY digest LIMIT ?2"
			: "SELECT digest FROM image WHERE scanned_ns > 0 AND database_ns <> ?1 "
			  "ORDER BY digest LIMIT ?2",
		SQL_ARGS(SQL_I(database_ns), SQL_I(max)), a, ret, ret_count, e);
}

/* What containers say of an image: how many run it, and whether one of them is shown. */
struct use {
	int64_t running;
	bool shown;
};

static int read_uses(struct store *s, const struct scope *scope, struct arena *a, struct map *uses,
		     struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(
		s->sql,
		scope->everything
			? "SELECT image_id, state, '', '', '', '', '', COUNT(*) FROM asset "
			  "WHERE kind = 1 AND gone_ns = 0 AND image_id <> '' GROUP BY image_id, "
			  "state"
			: "SELECT image_id, state, cluster, namespace, image, host, labels, "
			  "COUNT(*) "
			  "FROM asset WHERE kind = 1 AND gone_ns = 0 AND image_id <> '' "
			  "GROUP BY image_id, state, cluster, namespace, image, host, labels",
		SQL_NONE, &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		const struct scope_subject of = { .cluster = sql_text(rows, 2),
						  .namespace = sql_text(rows, 3),
						  .image = sql_text(rows, 4),
						  .host = sql_text(rows, 5),
						  .labels = sql_text(rows, 6) };
		str id = str_skip(sql_text(rows, 0), strlen("image:"));
		struct use *u = map_find(uses, id);
		str key = u ? id : arena_str(a, id);
		void **at = key.p ? map_at(uses, key) : NULL;

		if (at && !u)
			*at = u = ARENA_NEW(a, struct use);
		if (!at || !u)
			return err_set(e, ENOBUFS, "too many images at once");
		if (!scope_holds(scope, &of))
			continue;
		u->shown = true;
		if (!str_is(sql_text(rows, 1), "exited"))
			u->running += sql_int(rows, 7);
	}
	return r;
}

/* What agents call it, and what registries call it besides. */
static str all_references(struct sql_rows *rows, struct arena *a)
{
	str own = sql_text(rows, 1), rest = sql_text(rows, 20), all = arena_str(a, own);

	while (rest.n && all.p) {
		str one = str_cut(&rest, ' '), seen = own;
		bool there = false;

		while (seen.n && !there)
			there = str_eq(str_cut(&seen, ' '), one);
		if (!there)
			all = arena_printf(a, "%.*s%s%.*s", STR_ARG(all), all.n ? " " : "",
					   STR_ARG(one));
	}
	return all;
}

static int take_image(struct sql_rows *rows, struct arena *a, struct stored_image *x, struct err *e)
{
	*x = (struct stored_image){ .digest = sql_text_in(rows, 0, a),
				    .references = all_references(rows, a),
				    .os = sql_text_in(rows, 2, a),
				    .bytes = sql_int(rows, 3),
				    .layers = sql_int(rows, 4),
				    .packages = sql_int(rows, 5),
				    .scanned_ns = sql_int(rows, 6),
				    .scan_error = sql_text_in(rows, 7, a),
				    .database_ns = sql_int(rows, 8),
				    .fixable = sql_int(rows, 15),
				    .kev = sql_int(rows, 16),
				    .accepted = sql_int(rows, 17),
				    .gap_count = sql_int(rows, 18),
				    .unjudged = sql_int(rows, 19),
				    .stages = (unsigned int)sql_int(rows, 21),
				    .base = sql_text_in(rows, 22, a),
				    .base_layers = sql_int(rows, 23),
				    .failed_ns = sql_int(rows, 24) };
	for (unsigned i = 0; i < SEVERITY_COUNT; i++)
		x->counts[i] = sql_int(rows, 9 + i);
	return x->digest.p && x->references.p && x->os.p && x->scan_error.p && x->base.p
		       ? 0
		       : err_set(e, ENOBUFS, "too many images at once");
}

/* By one of its names, or by a container that runs it. */
static bool is_shown(const struct stored_image *x, const struct use *u, const struct scope *scope)
{
	str rest = x->references;

	if (scope->everything || (u && u->shown))
		return true;
	while (rest.n) {
		const struct scope_subject of = { .image = str_cut(&rest, ' ') };

		if (scope_holds(scope, &of))
			return true;
	}
	return false;
}

int image_set_read(struct store *s, const struct scope *scope, const str *only, struct arena *a,
		   struct image_set *ret, struct err *e)
{
	struct image_set set = { .by_digest = map_in(a) };
	struct map uses = map_in(a);
	OWNED_ROWS *rows = NULL;
	int r = scope ? read_uses(s, scope, a, &uses, e) : 0;

	if (r < 0 || !scope) {
		*ret = set;
		return r;
	}
	r = only ? sql_query(s->sql, "SELECT " IMAGE_COLUMNS " FROM image WHERE digest = ?1",
			     SQL_ARGS(SQL_T(*only)), &rows, e)
		 : sql_query(s->sql, "SELECT " IMAGE_COLUMNS " FROM image", SQL_NONE, &rows, e);
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct stored_image *x = ARENA_PUSH(a, set.items, set.count, set.cap);
		const struct use *u;

		r = x ? take_image(rows, a, x, e) : err_set(e, ENOBUFS, "too many images at once");
		if (r < 0)
			return r;
		u = map_find(&uses, x->digest);
		x->running = u ? u->running : 0;
		set.count -= !is_shown(x, u, scope);
	}
	for (size_t i = 0; r == 0 && i < set.count; i++) {
		void **at = map_at(&set.by_digest, set.items[i].digest);

		if (!at)
			return err_set(e, ENOBUFS, "too many images at once");
		*at = &set.items[i];
	}
	if (r == 0)
		*ret = set;
	return r;
}

bool texts_hold(str words, const str *texts, size_t count)
{
	while (words.n) {
		str word = str_cut(&words, ' ');
		bool found = word.n == 0;

		for (size_t i = 0; !found && i < count; i++)
			found = alert_text_has(texts[i], word);
		if (!found)
			return false;
	}
	return true;
}

static bool image_matches(const struct stored_image *x, const struct image_filter *f)
{
	const str texts[] = { x->references, x->digest, x->os };
	bool severe = f->severities == 0;

	for (unsigned i = 0; i < SEVERITY_COUNT; i++)
		severe = severe || (f->severities & 1U << i && x->counts[i] > 0);
	return severe && (f->stages == 0 || (f->stages & x->stages)) &&
	       (f->running < 0 || (x->running > 0) == (f->running > 0)) &&
	       texts_hold(f->text, texts, ARRAY_LEN(texts)) && (!f->holds || f->holds(f->ctx, x));
}

/* What does not fit counts as the most that does. */
static uint64_t rank_of(int64_t n, unsigned bits)
{
	return (uint64_t)MIN(MAX(n, 0), ((int64_t)1 << bits) - 1);
}

static int64_t number_of(const struct stored_image *x, enum image_sort key)
{
	switch (key) {
	case IMAGE_BY_SIZE:
		return x->bytes;
	case IMAGE_BY_SCANNED:
		return x->scanned_ns;
	case IMAGE_BY_RUNNING:
		return x->running;
	case IMAGE_BY_FIXABLE:
		return x->fixable;
	case IMAGE_BY_NAME:
	case IMAGE_BY_RISK:
		break;
	}
	return 0;
}

/* The worst first: what runs, then by how many there are of the worst severity, of the next. */
static struct list_item item_of(const struct stored_image *x, enum image_sort key)
{
	struct list_item it = { .number = number_of(x, key),
				.text = key == IMAGE_BY_NAME ? x->references : (str){ 0 },
				.ranks = { x->running > 0 },
				.id = x->digest,
				.item = x };

	_Static_assert(SEVERITY_COUNT == 6, "three of 20 bits go into each rank");
	for (unsigned i = 0; i < SEVERITY_COUNT; i++) {
		uint64_t *rank = &it.ranks[i >= 3];

		*rank = *rank << 20 | rank_of(x->counts[SEVERITY_COUNT - 1 - i], 20);
	}
	return it;
}

int images_page(struct store *s, const struct image_filter *f, str cursor, size_t limit,
		struct arena *a, struct image_page *ret, struct err *e)
{
	struct image_page page = { 0 };
	struct list_slice slice = { 0 };
	struct image_set set = { 0 };
	struct list_item *items;
	size_t n = 0;
	int r = image_set_read(s, f->scope, NULL, a, &set, e);

	if (r < 0)
		return r;
	items = ARENA_ARRAY(a, set.count, struct list_item);
	for (size_t i = 0; items && i < set.count; i++)
		if (image_matches(&set.items[i], f))
			items[n++] = item_of(&set.items[i], f->sort);
	r = items ? list_sort_page(items, n, f->descending, cursor, limit, a, &slice, e) : -ENOBUFS;
	page.items = r == 0 ? ARENA_ARRAY(a, slice.count, struct stored_image) : NULL;
	if (!page.items)
		return r < 0 && items ? r : err_set(e, ENOBUFS, "too many images at once");
	for (size_t i = 0; i < slice.count; i++)
		page.items[page.count++] = *(const struct stored_image *)slice.items[i].item;
	page.next = slice.next;
	*ret = page;
	return 0;
}

int images_get(struct store *s, const struct scope *scope, str digest, struct arena *a,
	       struct stored_image *ret, struct err *e)
{
	struct image_set set = { 0 };
	int r = image_set_read(s, scope, &digest, a, &set, e);

	if (r == 0 && set.count == 0)
		r = err_set(e, ENOENT, "there is no image '%.*s'", STR_ARG(digest));
	if (r == 0)
		*ret = set.items[0];
	return r;
}

#include "console/store/packages.h"

#include "console/store/findings_priv.h"
#include "console/store/list_cursor.h"

enum { CHUNK = 256, CHUNKS = 32 };

static int number_of(struct store *s, str digest, int64_t *ret, struct err *e)
{
	int r = sql_do(
		s->sql,
		"INSERT INTO image_number (digest) VALUES (?1) ON CONFLICT (digest) DO NOTHING",
		SQL_ARGS(SQL_T(digest)), e);

	if (r >= 0)
		r = sql_get_int(s->sql, "SELECT no FROM image_number WHERE digest = ?1",
				SQL_ARGS(SQL_T(digest)), ret, e);
	return MIN(r, 0);
}

static int put_one(struct store *s, int64_t image, const struct package *p, struct err *e)
{
	int r = sql_do(s->sql,
		       "INSERT INTO package (name, version, type) VALUES (?1, ?2, ?3) "
		       "ON CONFLICT (name, version, type) DO NOTHING",
		       SQL_ARGS(SQL_T(p->name), SQL_T(p->version), SQL_T(p->type)), e);

	if (r >= 0)
		r = sql_do(
			s->sql,
			"INSERT INTO image_package (package, image) SELECT no, ?4 FROM package "
			"WHERE name = ?1 AND version = ?2 AND type = ?3 "
			"ON CONFLICT (package, image) DO NOTHING",
			SQL_ARGS(SQL_T(p->name), SQL_T(p->version), SQL_T(p->type), SQL_I(image)),
			e);
	return MIN(r, 0);
}

int packages_put(struct store *s, str digest, const struct package *list, size_t count,
		 struct err *e)
{
	int64_t image = 0;
	int r = number_of(s, digest, &image, e);

	if (r == 0)
		r = sql_do(s->sql, "DELETE FROM image_package WHERE image = ?1",
			   SQL_ARGS(SQL_I(image)), e);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = put_one(s, image, &list[i], e);
	return MIN(r, 0);
}

int packages_has(struct store *s, str digest, struct err *e)
{
	int64_t no;

	return sql_get_int(s->sql, "SELECT no FROM image_number WHERE digest = ?1",
			   SQL_ARGS(SQL_T(digest)), &no, e);
}

static int take_package(struct sql_rows *rows, unsigned first, struct arena *a,
			struct stored_package *ret, struct err *e)
{
	*ret = (struct stored_package){ .name = sql_text_in(rows, first, a),
					.version = sql_text_in(rows, first + 1, a),
					.type = sql_text_in(rows, first + 2, a) };
	return ret->name.p && ret->version.p && ret->type.p
		       ? 0
		       : err_set(e, ENOBUFS, "too many packages at once");
}

int packages_of(struct store *s, str digest, struct arena *a, struct stored_package **ret,
		size_t *ret_count, struct err *e)
{
	struct stored_package *list = NULL;
	OWNED_ROWS *rows = NULL;
	size_t n = 0, cap = 0;
	int r = sql_query(s->sql,
			  "SELECT package.name, package.version, package.type FROM image_number "
			  "JOIN image_package ON image_package.image = image_number.no "
			  "JOIN package ON package.no = image_package.package "
			  "WHERE image_number.digest = ?1 ORDER BY 1, 2, 3",
			  SQL_ARGS(SQL_T(digest)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct stored_package *p = ARENA_PUSH(a, list, n, cap);

		r = p ? take_package(rows, 0, a, p, e)
		      : err_set(e, ENOBUFS, "too many packages at once");
		if (r < 0)
			break;
	}
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = n;
	return 0;
}

int packages_images(struct store *s, str name, str version, struct arena *a, str **ret,
		    size_t *ret_count, struct err *e)
{
	return sql_get_texts(s->sql,
			     "SELECT DISTINCT image_number.digest FROM package "
			     "JOIN image_package ON image_package.package = package.no "
			     "JOIN image_number ON image_number.no = image_package.image "
			     "WHERE package.name = ?1 AND (?2 = '' OR package.version = ?2)",
			     SQL_ARGS(SQL_T(name), SQL_T(version)), a, ret, ret_count, e);
}

/* ---- Lists ---- */

struct lister {
	struct store *s;
	const struct package_filter *f;
	struct arena *a;
	struct image_set images;
	struct package_use *items;
	size_t count, limit;
	struct stored_package last; /* behind which it goes on */
	bool begun;
};

/* Those images that are shown. */
static int count_images(struct lister *l, struct package_use *x, int64_t no, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(l->s->sql,
			  "SELECT image_number.digest FROM image_package JOIN image_number ON "
			  "image_number.no = image_package.image WHERE image_package.package = ?1",
			  SQL_ARGS(SQL_I(no)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		const struct stored_image *i = map_find(&l->images.by_digest, sql_text(rows, 0));

		x->images += i != NULL;
		x->containers += i ? i->running : 0;
	}
	return r;
}

struct chunk {
	struct arena *a;
	struct {
		struct stored_package package;
		int64_t no;
	} rows[CHUNK];
	int count;
};

static int take_row(void *ctx, struct sql_rows *rows, struct err *e)
{
	struct chunk *c = ctx;
	int r = take_package(rows, 0, c->a, &c->rows[c->count].package, e);

	c->rows[c->count++].no = sql_int(rows, 3);
	return r < 0 ? r : 1;
}

static int read_chunk(struct lister *l, struct chunk *ret, struct err *e)
{
	const struct package_filter *f = l->f;
	struct sql_where w = { 0 };

	buf_add(&w.text, S("SELECT name, version, type, no FROM package WHERE TRUE"));
	if (l->begun)
		SQL_WHERE(&w, " AND (name, version, type) > (?, ?, ?)", SQL_T(l->last.name),
			  SQL_T(l->last.version), SQL_T(l->last.type));
	if (f->name.n)
		SQL_WHERE(&w, " AND name = ?", SQL_T(f->name));
	if (f->version.n)
		SQL_WHERE(&w, " AND version = ?", SQL_T(f->version));
	if (f->type.n)
		SQL_WHERE(&w, " AND type = ?", SQL_T(f->type));
	sql_where_words(&w, "name version", f->text);
	SQL_WHERE(&w, " ORDER BY name, version, type LIMIT ?", SQL_I(CHUNK));
	return sql_where_each(l->s->sql, &w, take_row, ret, e);
}

/* @return 1 when there may be more rows */
static int list_chunk(struct lister *l, struct err *e)
{
	struct chunk chunk = { .a = l->a };
	int r = read_chunk(l, &chunk, e);

	for (int i = 0; r >= 0 && i < chunk.count && l->count < l->limit; i++) {
		struct package_use *x = &l->items[l->count];

		*x = (struct package_use){ .package = chunk.rows[i].package };
		r = count_images(l, x, chunk.rows[i].no, e);
		l->last = chunk.rows[i].package;
		l->begun = true;
		l->count += r >= 0 && x->images > 0;
	}
	return r < 0 ? r : chunk.count == CHUNK || l->count == l->limit;
}

int packages_page(struct store *s, const struct package_filter *f, str cursor, size_t limit,
		  struct arena *a, struct package_page *ret, struct err *e)
{
	struct lister l = { .s = s, .f = f, .a = a, .limit = limit };
	struct package_page page = { 0 };
	str parts[3];
	int r = 0;

	if (cursor.n) {
		r = list_cursor_read(cursor, ARRAY_LEN(parts), a, parts, e);
		if (r < 0)
			return r;
		l.last = (struct stored_package){ parts[0], parts[1], parts[2] };
		l.begun = true;
	}
	l.items = ARENA_ARRAY(a, limit + 1, struct package_use);
	if (!l.items)
		return err_set(e, ENOBUFS, "too many packages at once");
	r = image_set_read(s, f->scope, NULL, a, &l.images, e);
	if (r == 0)
		r = f->scope ? 1 : 0;
	for (unsigned i = 0; r > 0 && l.count < limit && i < CHUNKS; i++)
		r = list_chunk(&l, e);
	if (r > 0)
		r = list_cursor_make((const str[]){ l.last.name, l.last.version, l.last.type }, 3,
				     a, &page.next, e);
	if (r < 0)
		return r;
	page.items = l.items;
	page.count = l.count;
	*ret = page;
	return 0;
}

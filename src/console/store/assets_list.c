#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "console/store/assets_priv.h"

enum { CHUNK = 256, CHUNKS = 64, LOOK_MAX = 8192 };

#define WORD_COLUMNS "name id image namespace host labels doc"

struct scope_subject asset_subject(const struct asset *a)
{
	return (struct scope_subject){ .cluster = a->cluster,
				       .namespace = a->namespace,
				       .image = a->image,
				       .host = a->host,
				       .labels = a->labels };
}

size_t asset_rows_to_look_at(const struct scope *scope, size_t max)
{
	return scope && scope->everything ? max : MAX(max, LOOK_MAX);
}

bool asset_row_in_scope(struct sql_rows *rows, unsigned first, const struct scope *scope)
{
	const struct asset x = { .host = sql_text(rows, first + 4),
				 .cluster = sql_text(rows, first + 5),
				 .namespace = sql_text(rows, first + 6),
				 .image = sql_text(rows, first + 7),
				 .labels = sql_text(rows, first + 9) };

	return asset_in_scope(&x, scope);
}

int asset_read(struct sql_rows *rows, unsigned first, struct arena *a, struct asset *ret,
	       struct err *e)
{
	const unsigned c = first;
	const struct asset out = { .id = sql_text_in(rows, c, a),
				   .kind = (enum asset_kind)sql_int(rows, c + 1),
				   .agent = sql_text_in(rows, c + 2, a),
				   .name = sql_text_in(rows, c + 3, a),
				   .host = sql_text_in(rows, c + 4, a),
				   .cluster = sql_text_in(rows, c + 5, a),
				   .namespace = sql_text_in(rows, c + 6, a),
				   .image = sql_text_in(rows, c + 7, a),
				   .image_id = sql_text_in(rows, c + 8, a),
				   .labels = sql_text_in(rows, c + 9, a),
				   .state = sql_text_in(rows, c + 10, a),
				   .risk = sql_real(rows, c + 11),
				   .first_ns = sql_int(rows, c + 12),
				   .last_ns = sql_int(rows, c + 13),
				   .gone_ns = sql_int(rows, c + 14),
				   .doc = sql_text_in(rows, c + 15, a) };

	if (!out.id.p || !out.agent.p || !out.name.p || !out.host.p || !out.cluster.p ||
	    !out.namespace.p || !out.image.p || !out.image_id.p || !out.labels.p || !out.state.p ||
	    !out.doc.p)
		return err_set(e, ENOBUFS, "too many assets at once");
	*ret = out;
	return 0;
}

static void say_what(struct sql_where *w, const struct asset_filter *f)
{
	if (f->presence == ASSET_PRESENT)
		buf_add(&w->text, S(" AND gone_ns = 0"));
	else if (f->presence == ASSET_IS_GONE)
		buf_add(&w->text, S(" AND gone_ns > 0"));
	if (f->kinds && (f->kinds & (f->kinds - 1)) == 0)
		SQL_WHERE(w, " AND kind = ?", SQL_I(__builtin_ctz(f->kinds)));
	else if (f->kinds)
		SQL_WHERE(w, " AND ((? >> CAST(kind AS INTEGER)) & 1) = 1", SQL_I(f->kinds));
	if (f->agent.n)
		SQL_WHERE(w, " AND agent = ?", SQL_T(f->agent));
	if (f->image_id.n)
		SQL_WHERE(w, " AND image_id = ?", SQL_T(f->image_id));
	if (f->cluster.n)
		SQL_WHERE(w, " AND cluster = ?", SQL_T(f->cluster));
	if (f->namespace.n)
		SQL_WHERE(w, " AND namespace = ?", SQL_T(f->namespace));
	sql_where_words(w, WORD_COLUMNS, f->text);
}

struct lister {
	struct store *s;
	const struct asset_filter *f;
	size_t limit;
	bool with_doc;
	struct arena *a;
	struct asset *items;
	size_t count;
	bool begun;
	str name, id;   /* behind which it goes on */
	int64_t number; /* the same, when it is sorted by time or kind */
	double risk;    /* or by risk */
};

static int take(void *ctx, struct sql_rows *rows, struct err *e)
{
	struct lister *l = ctx;
	struct asset *x = &l->items[l->count];
	int r = asset_read(rows, 0, l->a, x, e);

	if (r < 0)
		return r;
	l->begun = true;
	l->name = x->name;
	l->id = x->id;
	l->number = l->f->sort == ASSET_BY_FIRST_SEEN ? x->first_ns
		    : l->f->sort == ASSET_BY_KIND     ? (int64_t)x->kind
						      : x->last_ns;
	l->risk = x->risk;
	if (asset_in_scope(x, l->f->scope) && (!l->f->holds || l->f->holds(l->f->ctx, x)))
		l->count++;
	return l->count < l->limit;
}

static const char *const sort_columns[] = { [ASSET_BY_NAME] = "name",
					    [ASSET_BY_FIRST_SEEN] = "first_ns",
					    [ASSET_BY_LAST_SEEN] = "last_ns",
					    [ASSET_BY_RISK] = "risk",
					    [ASSET_BY_KIND] = "kind" };

static void say_where(struct sql_where *w, const struct lister *l)
{
	const bool by_kind = l->f->sort == ASSET_BY_KIND;

	buf_printf(&w->text, " AND (%s, %sid) %c ", sort_columns[l->f->sort],
		   by_kind ? "name, " : "", l->f->descending ? '<' : '>');
	if (by_kind)
		SQL_WHERE(w, "(?, ?, ?)", SQL_I(l->number), SQL_T(l->name), SQL_T(l->id));
	else if (l->f->sort == ASSET_BY_NAME)
		SQL_WHERE(w, "(?, ?)", SQL_T(l->name), SQL_T(l->id));
	else if (l->f->sort == ASSET_BY_RISK)
		SQL_WHERE(w, "(?, ?)", SQL_R(l->risk), SQL_T(l->id));
	else
		SQL_WHERE(w, "(?, ?)", SQL_I(l->number), SQL_T(l->id));
}

/* @return 1 when there may be more rows */
static int list_chunk(struct lister *l, struct err *e)
{
	struct sql_where w = { 0 };
	const char *way = l->f->descending ? " DESC" : "";
	int r;

	buf_printf(&w.text, "SELECT " ASSET_COLUMNS ", %s FROM asset",
		   l->with_doc || l->f->holds ? "doc" : "''");
	buf_add(&w.text, S(" WHERE TRUE"));
	if (l->begun)
		say_where(&w, l);
	say_what(&w, l->f);
	buf_printf(&w.text, " ORDER BY %s%s", sort_columns[l->f->sort], way);
	if (l->f->sort == ASSET_BY_KIND)
		buf_printf(&w.text, ", name%s", way);
	buf_printf(&w.text, ", id%s", way);
	SQL_WHERE(&w, " LIMIT ?", SQL_I(CHUNK));
	r = sql_where_each(l->s->sql, &w, take, l, e);
	return r < 0 ? r : r == CHUNK || l->count == l->limit;
}

static int go_on(struct lister *l, str cursor, struct err *e)
{
	const enum asset_sort by = l->f->sort;
	const size_t count = by == ASSET_BY_KIND ? 3 : 2;
	char number[40], *end = number;
	uint64_t whole = 0;
	str parts[3];
	int r = list_cursor_read(cursor, count, l->a, parts, e);

	if (r < 0)
		return r;
	snprintf(number, sizeof(number), "%.*s", STR_ARG(parts[0]));
	if (by == ASSET_BY_RISK)
		l->risk = strtod(number, &end);
	if (by == ASSET_BY_RISK ? end == number || *end || !isfinite(l->risk)
				: by != ASSET_BY_NAME && str_u64(parts[0], &whole) < 0)
		return err_set(e, EINVAL, "the cursor is not one of this list");
	l->begun = true;
	l->name = parts[count - 2];
	l->number = (int64_t)whole;
	l->id = parts[count - 1];
	return 0;
}

static int remember(const struct lister *l, str *ret, struct err *e)
{
	const enum asset_sort by = l->f->sort;
	str key = by == ASSET_BY_NAME   ? l->name
		  : by == ASSET_BY_RISK ? arena_printf(l->a, "%.17g", l->risk)
					: arena_printf(l->a, "%lld", (long long)l->number);

	if (by != ASSET_BY_NAME && !key.p)
		return err_set(e, ENOBUFS, "too many assets at once");
	if (by == ASSET_BY_KIND)
		return list_cursor_make((const str[]){ key, l->name, l->id }, 3, l->a, ret, e);
	return list_cursor_make((const str[]){ key, l->id }, 2, l->a, ret, e);
}

int assets_page(struct store *s, const struct asset_filter *f, str cursor, size_t limit,
		bool with_doc, struct arena *a, struct asset_page *ret, struct err *e)
{
	struct lister l = { .s = s, .f = f, .limit = limit, .with_doc = with_doc, .a = a };
	struct asset_page page = { 0 };
	int r = 0;

	if (limit == 0 || limit > ASSET_PAGE_MAX)
		return err_set(e, EINVAL, "a page has 1 to %d assets", ASSET_PAGE_MAX);
	if (cursor.n) {
		r = go_on(&l, cursor, e);
		if (r < 0)
			return r;
	}
	l.items = ARENA_ARRAY(a, limit + 1, struct asset);
	if (!l.items)
		return err_set(e, ENOBUFS, "too many assets at once");
	r = f->scope ? 1 : 0;
	for (unsigned i = 0; r > 0 && l.count < limit && i < CHUNKS; i++)
		r = list_chunk(&l, e);
	if (r > 0)
		r = remember(&l, &page.next, e);
	if (r < 0)
		return r;
	page.items = l.items;
	page.count = l.count;
	for (size_t i = 0; i < page.count && !with_doc; i++)
		page.items[i].doc = (str){ NULL, 0 };
	*ret = page;
	return 0;
}

int assets_get(struct store *s, const struct scope *scope, str id, struct arena *a,
	       struct asset *ret, struct err *e)
{
	struct asset x = { 0 };
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT " ASSET_COLUMNS ", doc FROM asset WHERE id = ?1",
			  SQL_ARGS(SQL_T(id)), &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r > 0)
		r = asset_read(rows, 0, a, &x, e);
	if (r < 0)
		return r;
	if (!x.id.n || !asset_in_scope(&x, scope))
		return err_set(e, ENOENT, "there is no asset '%.*s'", STR_ARG(id));
	*ret = x;
	return 0;
}

int assets_count(struct store *s, const struct scope *scope, int64_t ret[ASSET_KIND_COUNT],
		 struct err *e)
{
	const bool all = scope && scope->everything;
	OWNED_ROWS *rows = NULL;
	int r = sql_query(
		s->sql,
		all ? "SELECT kind, COUNT(*), '', '', '', '', '' FROM asset WHERE gone_ns = 0 "
		      "GROUP BY kind"
		    : "SELECT kind, COUNT(*), cluster, namespace, image, host, labels FROM asset "
		      "WHERE gone_ns = 0 GROUP BY kind, cluster, namespace, image, host, labels",
		SQL_NONE, &rows, e);

	memset(ret, 0, ASSET_KIND_COUNT * sizeof(*ret));
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		const int64_t kind = sql_int(rows, 0);
		const struct asset x = { .cluster = sql_text(rows, 2),
					 .namespace = sql_text(rows, 3),
					 .image = sql_text(rows, 4),
					 .host = sql_text(rows, 5),
					 .labels = sql_text(rows, 6) };

		if (kind >= 0 && kind < ASSET_KIND_COUNT && (all || asset_in_scope(&x, scope)))
			ret[kind] += sql_int(rows, 1);
	}
	return r;
}

int assets_changes(struct store *s, const struct scope *scope, unsigned kinds, int64_t since_ns,
		   size_t max, struct arena *a, struct asset **ret, size_t *ret_count,
		   struct err *e)
{
	struct asset *out = ARENA_ARRAY(a, max + 1, struct asset);
	OWNED_ROWS *rows = NULL;
	size_t n = 0;
	int r;

	if (!out)
		return err_set(e, ENOBUFS, "too many assets at once");
	r = sql_query(s->sql,
		      "SELECT " ASSET_COLUMNS
		      ", '' FROM asset WHERE (first_ns >= ?1 OR gone_ns >= ?1) AND"
		      " ((?2 >> CAST(kind AS INTEGER)) & 1) = 1"
		      " ORDER BY {max}(first_ns, gone_ns) DESC, id LIMIT ?3",
		      SQL_ARGS(SQL_I(MAX(since_ns, 1)),
			       SQL_I(kinds ? kinds : (1U << ASSET_KIND_COUNT) - 1),
			       SQL_I(asset_rows_to_look_at(scope, max))),
		      &rows, e);
	while (r >= 0 && n < max && (r = sql_next(rows, e)) > 0)
		if (asset_row_in_scope(rows, 0, scope))
			r = asset_read(rows, 0, a, &out[n++], e);
	if (r < 0)
		return r;
	*ret = out;
	*ret_count = n;
	return 0;
}

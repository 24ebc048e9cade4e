#include <stdio.h>

#include "console/store/assets_priv.h"
#include "console/store/flows_priv.h"

enum { CHUNK = 256, CHUNKS = 16 };

/** Of what flows are told apart by, less the hour: the order of lists. */
#define GROUP "asset, peer, port, server, agent, local, protocol, process"
#define SCOPE_COLUMNS(of) \
	"COALESCE(" of ".name, ''), COALESCE(" of ".cluster, ''), COALESCE(" of \
	".namespace, ''), COALESCE(" of ".image, ''), COALESCE(" of ".host, ''), COALESCE(" of \
	".labels, '')"

struct lister {
	struct store *s;
	const struct flow_filter *f;
	struct arena *a;
	struct flow *items;
	size_t limit, count;
	struct flow last; /* behind which it goes on */
};

/** Appends "(SELECT ... UNION ALL ...)": the rows of each day in between. @return how many days */
static int say_days(struct store *s, int64_t since_ns, int64_t until_ns, struct buf *out,
		    struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int n = 0;
	int r = sql_query(
		s->sql,
		"SELECT day FROM flow_day WHERE day >= ?1 AND day <= ?2 ORDER BY day DESC "
		"LIMIT ?3",
		SQL_ARGS(SQL_I(since_ns / DAY_NS), SQL_I(until_ns / DAY_NS), SQL_I(FLOW_DAYS_MAX)),
		&rows, e);

	buf_byte(out, '(');
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		if (n++)
			buf_add(out, S(" UNION ALL "));
		partition_say(&flow_rows, sql_int(rows, 0), "SELECT * FROM {table}", out);
	}
	buf_byte(out, ')');
	return r < 0 ? r : n;
}

static void say_filter(struct sql_where *w, const struct lister *l)
{
	const struct flow_filter *f = l->f;
	const struct flow *x = &l->last;

	SQL_WHERE(w, " AS days WHERE hour >= ? AND hour <= ?", SQL_I(f->since_ns / HOUR_NS),
		  SQL_I(f->until_ns / HOUR_NS));
	if (f->asset.n)
		SQL_WHERE(w, " AND asset = ?", SQL_T(f->asset));
	if (f->port)
		SQL_WHERE(w, " AND port = ?", SQL_I(f->port));
	if (x->peer.n)
		SQL_WHERE(w, " AND (" GROUP ") > (?, ?, ?, ?, ?, ?, ?, ?)", SQL_T(x->asset),
			  SQL_T(x->peer), SQL_I(x->port), SQL_I(x->server), SQL_T(x->agent),
			  SQL_T(x->local), SQL_T(x->protocol), SQL_T(x->process));
	buf_add(&w->text, S(" GROUP BY " GROUP));
	/* An hour in which the other end was not known yet is the same flow. */
	if (f->peer.n)
		SQL_WHERE(w, " HAVING peer = ? OR MAX(peer_asset) = ?", SQL_T(f->peer),
			  SQL_T(f->peer));
}

static str text(struct lister *l, struct sql_rows *rows, unsigned column, bool *ok)
{
	str s = sql_text_in(rows, column, l->a);

	*ok &= s.p != NULL;
	return s;
}

/** Whether the scope shows what begins at column @p c; a thing nobody told of yet is shown to who sees everything. */
static bool is_shown(const struct lister *l, struct sql_rows *rows, unsigned c)
{
	const struct scope_subject of = { .cluster = sql_text(rows, c + 1),
					  .namespace = sql_text(rows, c + 2),
					  .image = sql_text(rows, c + 3),
					  .host = sql_text(rows, c + 4),
					  .labels = sql_text(rows, c + 5) };

	return l->f->scope && scope_holds(l->f->scope, &of);
}

static int take(void *ctx, struct sql_rows *rows, struct err *e)
{
	enum { OWN = 12, PEER = 18 };
	struct lister *l = ctx;
	bool ok = true;
	struct flow x = { .asset = text(l, rows, 0, &ok),
			  .peer = text(l, rows, 1, &ok),
			  .port = sql_int(rows, 2),
			  .server = sql_int(rows, 3) != 0,
			  .agent = text(l, rows, 4, &ok),
			  .local = text(l, rows, 5, &ok),
			  .protocol = text(l, rows, 6, &ok),
			  .process = text(l, rows, 7, &ok),
			  .connections = sql_int(rows, 9),
			  .first_ns = sql_int(rows, 10),
			  .last_ns = sql_int(rows, 11),
			  .asset_name = text(l, rows, OWN, &ok) };

	if (is_shown(l, rows, PEER)) {
		x.peer_asset = text(l, rows, 8, &ok);
		x.peer_name = text(l, rows, PEER, &ok);
	}
	if (!ok)
		return err_set(e, ENOBUFS, "too many flows at once");
	l->last = x;
	if (is_shown(l, rows, OWN))
		l->items[l->count++] = x;
	return l->count < l->limit;
}

/* @return 1 when there may be more rows */
static int list_chunk(struct lister *l, str days, struct err *e)
{
	struct sql_where w = { 0 };
	int r;

	buf_add(&w.text,
		S("SELECT f.*, " SCOPE_COLUMNS("own") ", " SCOPE_COLUMNS(
			"other") " FROM (SELECT " GROUP
				 ", MAX(peer_asset) AS peer_asset, CAST(SUM(connections) AS "
				 "BIGINT) AS connections, "
				 "MIN(first_ns) AS first_ns, MAX(last_ns) AS last_ns FROM "));
	buf_add(&w.text, days);
	say_filter(&w, l);
	SQL_WHERE(&w, " ORDER BY " GROUP " LIMIT ?) AS f", SQL_I(CHUNK));
	buf_add(&w.text, S(" LEFT JOIN asset own ON own.id = f.asset LEFT JOIN asset other ON "
			   "other.id = f.peer_asset ORDER BY f.asset, f.peer, f.port, f.server, "
			   "f.agent, f.local, f.protocol, f.process"));
	r = sql_where_each(l->s->sql, &w, take, l, e);
	return r < 0 ? r : r == CHUNK || l->count == l->limit;
}

static int make_cursor(const struct lister *l, str *ret, struct err *e)
{
	const struct flow *x = &l->last;
	str rest = arena_printf(l->a, "%lld %d %.*s %.*s %.*s", (long long)x->port, x->server,
				STR_ARG(x->agent), STR_ARG(x->local), STR_ARG(x->protocol));

	if (!rest.p)
		return err_set(e, ENOBUFS, "too many flows at once");
	return list_cursor_make((const str[]){ x->asset, x->peer, rest, x->process }, 4, l->a, ret,
				e);
}

static int read_cursor(struct lister *l, str cursor, struct err *e)
{
	str part[4], rest;
	uint64_t port;
	int r = list_cursor_read(cursor, ARRAY_LEN(part), l->a, part, e);

	if (r < 0)
		return r;
	rest = part[2];
	l->last = (struct flow){ .asset = part[0], .peer = part[1], .process = part[3] };
	if (str_u64(str_cut(&rest, ' '), &port) < 0 || port > 65535 || !l->last.peer.n)
		return err_set(e, EINVAL, "the cursor is not one of this list");
	l->last.port = (int64_t)port;
	l->last.server = str_is(str_cut(&rest, ' '), "1");
	l->last.agent = str_cut(&rest, ' ');
	l->last.local = str_cut(&rest, ' ');
	l->last.protocol = rest;
	return 0;
}

int flows_page(struct store *s, const struct flow_filter *f, str cursor, size_t limit,
	       struct arena *a, struct flow_page *ret, struct err *e)
{
	struct lister l = { .s = s, .f = f, .a = a, .limit = limit };
	struct flow_page page = { 0 };
	OWNED_BUF days = BUF_INIT;
	int r = cursor.n ? read_cursor(&l, cursor, e) : 0;

	if (limit == 0 || limit > FLOW_PAGE_MAX)
		return err_set(e, EINVAL, "a page has 1 to %d flows", FLOW_PAGE_MAX);
	l.items = ARENA_ARRAY(a, limit, struct flow);
	if (!l.items)
		return err_set(e, ENOBUFS, "too many flows at once");
	r = r < 0 ? r : say_days(s, f->since_ns, f->until_ns, &days, e);
	for (unsigned i = 0; r > 0 && l.count < limit && i < CHUNKS; i++)
		r = list_chunk(&l, buf_str(&days), e);
	if (r > 0)
		r = make_cursor(&l, &page.next, e);
	if (r < 0)
		return r;
	page.items = l.items;
	page.count = l.count;
	*ret = page;
	return 0;
}

struct neighbours {
	const struct scope *scope;
	struct arena *a;
	struct asset_neighbour *items;
	size_t count, max; /* one more than is wanted tells that there are more */
};

static int take_neighbour(void *ctx, struct sql_rows *rows, struct err *e)
{
	struct neighbours *n = ctx;
	struct asset_neighbour *x = &n->items[n->count];
	int r = asset_read(rows, 1, n->a, &x->asset, e);

	if (r < 0)
		return r;
	x->kind = S("talks-to");
	x->outgoing = sql_int(rows, 0) == 0;
	n->count += asset_in_scope(&x->asset, n->scope);
	return n->count < n->max;
}

int flows_neighbours(struct store *s, const struct scope *scope, str asset, int64_t since_ns,
		     size_t max, struct arena *a, struct asset_neighbour **ret, size_t *ret_count,
		     bool *ret_cut, struct err *e)
{
	struct neighbours n = { .scope = scope,
				.a = a,
				.items = ARENA_ARRAY(a, max + 1, struct asset_neighbour),
				.max = max + 1 };
	struct sql_where w = { 0 };
	OWNED_BUF days = BUF_INIT;
	int r = n.items ? say_days(s, since_ns, store_now() + DAY_NS, &days, e)
			: err_set(e, ENOBUFS, "too many flows at once");

	if (r > 0) {
		buf_add(&w.text, S("SELECT f.server, " ASSET_COLUMNS ", '' FROM (SELECT DISTINCT "
				   "server, peer_asset FROM "));
		buf_add(&w.text, buf_str(&days));
		SQL_WHERE(&w,
			  " AS days WHERE asset = ? AND hour >= ? AND peer_asset <> '' LIMIT ?) AS "
			  "f JOIN asset ON asset.id = f.peer_asset ORDER BY asset.name, asset.id",
			  SQL_T(asset), SQL_I(since_ns / HOUR_NS), SQL_I(4 * max + 1));
		r = sql_where_each(s->sql, &w, take_neighbour, &n, e);
	}
	if (r < 0)
		return r;
	*ret = n.items;
	*ret_count = MIN(n.count, max);
	*ret_cut = n.count > max;
	return 0;
}

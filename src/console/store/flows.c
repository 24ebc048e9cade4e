#include "console/store/flows_priv.h"

/* How far the clock of an agent, or what waited in its spool, may be from now. */
#define PAST_DAYS 7
enum { OWNERS_MAX = 500 };

static int64_t low_of_day(int64_t day)
{
	return day * 24;
}

#define FLOW_KEY "asset, peer, port, server, agent, local, protocol, process, hour"

const struct partition_table flow_rows = {
	.name = "flow",
	.columns = "asset {text} NOT NULL, peer {text} NOT NULL, port BIGINT NOT NULL, server "
		   "BIGINT NOT NULL, agent {text} NOT NULL, local {text} NOT NULL, protocol {text} "
		   "NOT NULL, process {text} NOT NULL, hour BIGINT NOT NULL, peer_asset {text} NOT "
		   "NULL, connections BIGINT NOT NULL, first_ns BIGINT NOT NULL, last_ns BIGINT "
		   "NOT NULL, PRIMARY KEY (" FLOW_KEY ")",
	.key = "hour",
	.low = low_of_day,
	.indexes = { "CREATE INDEX IF NOT EXISTS {table}_ends ON {table} (local, peer, port)" },
};

static int make_day(struct store *s, int64_t day, struct err *e)
{
	int r = sql_do(s->sql,
		       "INSERT INTO flow_day (day) VALUES (?1) ON CONFLICT (day) DO NOTHING",
		       SQL_ARGS(SQL_I(day)), e);

	return r <= 0 ? r : partition_make(s->sql, &flow_rows, day, e);
}

/* ---- Adding ---- */

struct adding {
	struct store *s;
	str agent;
	int64_t now_ns, day; /* the day made last; negative: none */
	struct arena *a;
};

/** Runs a statement about a day's table. */
static int do_day(const struct adding *w, const char *statement, const struct sql_value *values,
		  size_t count, struct err *e)
{
	OWNED_BUF text = BUF_INIT;

	partition_say(&flow_rows, w->day, statement, &text);
	return buf_error(&text) < 0 ? err_set(e, ENOMEM, "no memory for a statement")
				    : sql_do(w->s->sql, buf_cstr(&text), values, count, e);
}

static int query_day(const struct adding *w, const char *statement, const struct sql_value *values,
		     size_t count, struct sql_rows **ret, struct err *e)
{
	OWNED_BUF text = BUF_INIT;

	partition_say(&flow_rows, w->day, statement, &text);
	return buf_error(&text) < 0 ? err_set(e, ENOMEM, "no memory for a statement")
				    : sql_query(w->s->sql, buf_cstr(&text), values, count, ret, e);
}

static bool is_loopback(str address)
{
	return str_starts(address, S("127.")) || str_is(address, "::1");
}

/** Who told the other end, and tells them of this one. */
static int find_mirror(const struct adding *w, const struct flow_new *f, str *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	str asset, agent;
	int r = query_day(
		w,
		"SELECT asset, agent FROM {table} WHERE local = ?1 AND peer = ?2 AND port = "
		"?3 AND server = ?4 AND asset <> '' ORDER BY CASE WHEN agent = ?5 THEN 0 "
		"ELSE 1 END, first_ns LIMIT 1",
		SQL_ARGS(SQL_T(f->peer), SQL_T(f->local), SQL_I(f->port), SQL_I(!f->server),
			 SQL_T(w->agent)),
		&rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r <= 0)
		return r;
	asset = sql_text_in(rows, 0, w->a);
	agent = sql_text_in(rows, 1, w->a);
	if (!asset.p || !agent.p)
		return err_set(e, ENOBUFS, "too many flows at once");
	*ret = asset;
	if (!f->asset.n)
		return 0;
	return do_day(
		w,
		"UPDATE {table} SET peer_asset = ?6 WHERE local = ?1 AND peer = ?2 AND port = ?3 "
		"AND server = ?4 AND agent = ?5 AND peer_asset <> ?6",
		SQL_ARGS(SQL_T(f->peer), SQL_T(f->local), SQL_I(f->port), SQL_I(!f->server),
			 SQL_T(agent), SQL_T(f->asset)),
		e);
}

/** Who alone has the address: at the same agent, where several do its host; else in the whole fleet. */
static int find_owner(const struct adding *w, str address, str *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	size_t own = 0, all = 0;
	str first = { 0 }, mine = { 0 };
	bool host = false;
	int r = query_day(
		w,
		"SELECT DISTINCT agent, asset FROM (SELECT agent, asset FROM {table} WHERE "
		"local = ?1 AND asset <> '' LIMIT ?2) AS ends",
		SQL_ARGS(SQL_T(address), SQL_I(OWNERS_MAX)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		const bool here = str_eq(sql_text(rows, 0), w->agent);
		const bool is_host = str_starts(sql_text(rows, 1), S("host:"));

		all++;
		own += here;
		if (all == 1 || (here && !host)) {
			first = sql_text_in(rows, 1, w->a);
			mine = here ? first : mine;
		}
		host |= here && is_host;
	}
	if (r < 0)
		return r;
	if (own == 1 || host)
		*ret = mine;
	else if (!own && all == 1)
		*ret = first;
	return 0;
}

static int add_one(struct adding *w, const struct flow_new *f, struct err *e)
{
	const int64_t day = f->last_ns / DAY_NS, today = w->now_ns / DAY_NS;
	const bool dated = day > today - PAST_DAYS && day <= today + 1;
	const int64_t hour = (dated ? f->last_ns : w->now_ns) / HOUR_NS;
	str peer = { "", 0 };
	int r = 0;

	if (hour / 24 != w->day) {
		w->day = hour / 24;
		r = make_day(w->s, w->day, e);
	}
	if (r >= 0 && !is_loopback(f->peer))
		r = find_mirror(w, f, &peer, e);
	if (r >= 0 && !is_loopback(f->peer) && !peer.n)
		r = find_owner(w, f->peer, &peer, e);
	if (r < 0)
		return r;
	return do_day(
		w,
		"INSERT INTO {table} (" FLOW_KEY ", peer_asset, connections, first_ns, last_ns)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
		" ON CONFLICT (" FLOW_KEY ") DO UPDATE SET"
		" connections = {table}.connections + excluded.connections,"
		" first_ns = {min}({table}.first_ns, excluded.first_ns),"
		" last_ns = {max}({table}.last_ns, excluded.last_ns),"
		" peer_asset = CASE WHEN excluded.peer_asset <> '' THEN excluded.peer_asset ELSE"
		" {table}.peer_asset END",
		SQL_ARGS(SQL_T(f->asset), SQL_T(f->peer), SQL_I(f->port), SQL_I(f->server),
			 SQL_T(w->agent), SQL_T(f->local), SQL_T(f->protocol), SQL_T(f->process),
			 SQL_I(hour), SQL_T(peer), SQL_I(f->connections), SQL_I(f->first_ns),
			 SQL_I(f->last_ns)),
		e);
}

int flows_append(struct store *s, str agent, const struct flow_new *flows, size_t count,
		 int64_t now_ns, struct err *e)
{
	struct arena a;
	struct adding w = { .s = s, .agent = agent, .now_ns = now_ns, .day = -1, .a = &a };
	int r = 0;

	/* Ends of one connection come from two agents, perhaps by two replicas: each would wait for the other's rows. */
	if (count)
		r = sql_lock(s->sql, "flows", e);
	arena_init(&a, (size_t)1 << 20);
	for (size_t i = 0; i < count && r >= 0; i++) {
		arena_reset(&a);
		r = add_one(&w, &flows[i], e);
	}
	arena_done(&a);
	return MIN(r, 0);
}

/* ---- Days ---- */

struct keeping {
	int64_t now_ns, before_ns;
};

static int keep(struct store *s, void *ctx, struct err *e)
{
	const struct keeping *k = ctx;
	int64_t day = 0;
	int dropped = 0;
	int r = sql_lock(s->sql, "flows", e);

	r = r < 0 ? r : make_day(s, k->now_ns / DAY_NS, e);
	r = r < 0 ? r : make_day(s, k->now_ns / DAY_NS + 1, e);
	while (r >= 0) {
		r = sql_get_int(s->sql, "SELECT day FROM flow_day ORDER BY day LIMIT 1", SQL_NONE,
				&day, e);
		if (r <= 0 || (day + 1) * DAY_NS > k->before_ns)
			break;
		r = sql_do(s->sql, "DELETE FROM flow_day WHERE day = ?1", SQL_ARGS(SQL_I(day)), e);
		r = r < 0 ? r : partition_drop(s->sql, &flow_rows, day, e);
		dropped++;
	}
	return r < 0 ? r : dropped;
}

int flows_keep(struct store *s, int64_t now_ns, int64_t before_ns, struct err *e)
{
	struct keeping k = { now_ns, before_ns };

	return store_transact(s, keep, &k, e);
}

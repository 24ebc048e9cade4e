#include "base/map.h"
#include "console/store/assets_priv.h"

static int kind_of(str id, struct err *e)
{
	str rest = id;
	int kind = asset_kind_find(str_cut(&rest, ':'));

	return kind >= 0 && rest.n ? kind
				   : err_set(e, EINVAL, "'%.*s' names no asset", STR_ARG(id));
}

/* What comes back had gone: from when to when it was there is kept, of the last times. */
static int keep_period(struct store *s, str id, struct err *e)
{
	int r = sql_do(
		s->sql,
		"INSERT INTO asset_period (asset, from_ns, to_ns) SELECT id, since_ns, gone_ns "
		"FROM asset WHERE id = ?1 ON CONFLICT (asset, from_ns) DO UPDATE SET to_ns = "
		"excluded.to_ns",
		SQL_ARGS(SQL_T(id)), e);

	if (r >= 0)
		r = sql_do(s->sql,
			   "DELETE FROM asset_period WHERE asset = ?1 AND from_ns < (SELECT "
			   "from_ns FROM "
			   "asset_period WHERE asset = ?1 ORDER BY from_ns DESC LIMIT 1 OFFSET ?2)",
			   SQL_ARGS(SQL_T(id), SQL_I(ASSET_PERIODS_MAX - 2)), e);
	return MIN(r, 0);
}

static int put_one(struct store *s, const struct asset *x, int64_t now_ns, struct err *e)
{
	int64_t gone = 0;
	int kind = kind_of(x->id, e), r = kind, there;

	if (r >= 0 && x->doc.n > ASSET_DOC_MAX)
		r = err_set(e, E2BIG, "asset '%.*s' has a document of %zu bytes", STR_ARG(x->id),
			    x->doc.n);
	if (r < 0)
		return r;
	there = sql_get_int(s->sql, "SELECT gone_ns FROM asset WHERE id = ?1",
			    SQL_ARGS(SQL_T(x->id)), &gone, e);
	if (there < 0)
		return there;
	if (gone) {
		r = keep_period(s, x->id, e);
		if (r < 0)
			return r;
	}
	r = sql_do(
		s->sql,
		"INSERT INTO asset (id, kind, agent, name, host, cluster, namespace, image, "
		"image_id, labels,"
		" state, risk, doc, first_ns, last_ns, gone_ns, since_ns) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14, 0, ?14) "
		"ON CONFLICT (id) DO UPDATE SET agent = excluded.agent, name = excluded.name,"
		" host = excluded.host, cluster = excluded.cluster, namespace = excluded.namespace,"
		" image = excluded.image, image_id = excluded.image_id, labels = excluded.labels,"
		" state = excluded.state, doc = excluded.doc, last_ns = excluded.last_ns,"
		" since_ns = CASE WHEN asset.gone_ns > 0 THEN excluded.since_ns ELSE "
		"asset.since_ns END,"
		" gone_ns = 0",
		SQL_ARGS(SQL_T(x->id), SQL_I(kind), SQL_T(x->agent), SQL_T(x->name), SQL_T(x->host),
			 SQL_T(x->cluster), SQL_T(x->namespace), SQL_T(x->image),
			 SQL_T(x->image_id), SQL_T(x->labels), SQL_T(x->state), SQL_R(x->risk),
			 SQL_T(x->doc), SQL_I(now_ns)),
		e);
	return r < 0 ? r : there == 0 || gone != 0;
}

int assets_put(struct store *s, const struct asset *assets, size_t count, int64_t now_ns,
	       struct err *e)
{
	int fresh = 0;

	for (size_t i = 0; i < count; i++) {
		int r = put_one(s, &assets[i], now_ns, e);

		if (r < 0)
			return r;
		fresh += r;
	}
	return fresh;
}

int assets_gone(struct store *s, str id, int64_t now_ns, struct err *e)
{
	int went = sql_do(s->sql, "UPDATE asset SET gone_ns = ?2 WHERE id = ?1 AND gone_ns = 0",
			  SQL_ARGS(SQL_T(id), SQL_I(now_ns)), e);
	int r = went;

	if (r >= 0)
		r = sql_do(s->sql,
			   "UPDATE relation SET gone_ns = ?2 WHERE from_id = ?1 AND gone_ns = 0",
			   SQL_ARGS(SQL_T(id), SQL_I(now_ns)), e);
	if (r >= 0)
		r = sql_do(s->sql,
			   "UPDATE relation SET gone_ns = ?2 WHERE to_id = ?1 AND gone_ns = 0",
			   SQL_ARGS(SQL_T(id), SQL_I(now_ns)), e);
	return r < 0 ? r : went > 0;
}

int assets_set_risk(struct store *s, str id, double risk, struct err *e)
{
	int r = sql_do(s->sql, "UPDATE asset SET risk = ?2 WHERE id = ?1 AND risk <> ?2",
		       SQL_ARGS(SQL_T(id), SQL_R(risk)), e);

	return r < 0 ? r : r > 0;
}

int assets_spread_risk(struct store *s, struct err *e)
{
	/* Rows that stay as they are are not written. */
	int r = sql_do(s->sql,
		       "UPDATE asset SET risk = worst.risk FROM (SELECT a.id AS id, "
		       "COALESCE(MAX(c.risk), -1) AS "
		       "risk FROM asset a LEFT JOIN relation r ON r.to_id = a.id AND r.gone_ns = 0 "
		       "AND r.kind "
		       "IN ('on', 'uses', 'part-of') LEFT JOIN asset c ON c.id = r.from_id AND "
		       "c.kind = ?1 AND "
		       "c.gone_ns = 0 WHERE a.kind IN (?2, ?3, ?4) AND a.gone_ns = 0 GROUP BY "
		       "a.id) AS worst "
		       "WHERE asset.id = worst.id AND asset.risk <> worst.risk",
		       SQL_ARGS(SQL_I(ASSET_CONTAINER), SQL_I(ASSET_HOST), SQL_I(ASSET_IMAGE),
				SQL_I(ASSET_POD)),
		       e);

	return MIN(r, 0);
}

int assets_gone_pods(struct store *s, str agent, int64_t now_ns, struct err *e)
{
	struct arena a;
	str *ids = NULL;
	size_t n = 0;
	int r;

	arena_init(&a, 0);
	r = sql_get_texts(
		s->sql,
		"SELECT id FROM asset WHERE agent = ?1 AND kind = ?2 AND gone_ns = 0 AND NOT "
		"EXISTS (SELECT 1 FROM relation WHERE to_id = asset.id AND kind = 'part-of' AND "
		"gone_ns = 0)",
		SQL_ARGS(SQL_T(agent), SQL_I(ASSET_POD)), &a, &ids, &n, e);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = assets_gone(s, ids[i], now_ns, e);
	arena_done(&a);
	return r < 0 ? r : (int)n;
}

/* Ends those relations that are not among @p to. */
static int end_others(struct store *s, str from, str kind, const struct map *to, int64_t now_ns,
		      struct arena *a, struct err *e)
{
	str *there = NULL;
	size_t n = 0;
	int r = sql_get_texts(s->sql,
			      "SELECT to_id FROM relation WHERE from_id = ?1 AND kind = ?2 AND "
			      "gone_ns = 0",
			      SQL_ARGS(SQL_T(from), SQL_T(kind)), a, &there, &n, e);

	for (size_t i = 0; r >= 0 && i < n; i++)
		if (!map_find(to, there[i]))
			r = sql_do(
				s->sql,
				"UPDATE relation SET gone_ns = ?4 WHERE from_id = ?1 AND kind = ?2 "
				"AND to_id = ?3",
				SQL_ARGS(SQL_T(from), SQL_T(kind), SQL_T(there[i]), SQL_I(now_ns)),
				e);
	return MIN(r, 0);
}

int assets_relate(struct store *s, str from, str kind, const str *to, size_t count, int64_t now_ns,
		  struct err *e)
{
	struct arena a;
	struct map wanted;
	int r = 0;

	arena_init(&a, 0);
	wanted = map_in(&a);
	for (size_t i = 0; r == 0 && i < count; i++) {
		void **at = map_at(&wanted, to[i].p ? to[i] : S(""));

		if (!at)
			r = err_set(e, ENOBUFS, "too many relations at once");
		else
			*at = &wanted;
	}
	r = r < 0 ? r : end_others(s, from, kind, &wanted, now_ns, &a, e);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = sql_do(s->sql,
			   "INSERT INTO relation (from_id, kind, to_id, first_ns, gone_ns) VALUES "
			   "(?1, ?2, ?3, ?4, 0) "
			   "ON CONFLICT (from_id, kind, to_id) DO UPDATE SET gone_ns = 0",
			   SQL_ARGS(SQL_T(from), SQL_T(kind), SQL_T(to[i]), SQL_I(now_ns)), e);
	arena_done(&a);
	return MIN(r, 0);
}

int assets_forget(struct store *s, int64_t before_ns, int max, struct err *e)
{
	int r = sql_do(s->sql,
		       "DELETE FROM asset WHERE id IN (SELECT id FROM asset WHERE gone_ns > 0 AND "
		       "gone_ns < ?1 "
		       "LIMIT ?2)",
		       SQL_ARGS(SQL_I(before_ns), SQL_I(max)), e);
	int more = r < 0 ? 0
			 : sql_do(s->sql, "DELETE FROM relation WHERE gone_ns > 0 AND gone_ns < ?1",
				  SQL_ARGS(SQL_I(before_ns)), e);

	if (r >= 0 && more >= 0)
		more = sql_do(s->sql, "DELETE FROM asset_period WHERE to_ns < ?1",
			      SQL_ARGS(SQL_I(before_ns)), e);
	return more < 0 ? more : r;
}

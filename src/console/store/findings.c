#include "console/store/findings_priv.h"
#include "console/store/image_layers.h"

static int put_fact(struct store *s, const struct stored_vulnerability *v, struct err *e)
{
	int r = sql_do(
		s->sql,
		"INSERT INTO vulnerability (id, title, description, published, refs, aliases, "
		"severity, score,"
		" epss, epss_percentile, kev_added, kev) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO "
		"UPDATE SET"
		" title = excluded.title, description = excluded.description, published = "
		"excluded.published,"
		" refs = excluded.refs, aliases = excluded.aliases, severity = excluded.severity,"
		" score = excluded.score, epss = excluded.epss, epss_percentile = "
		"excluded.epss_percentile,"
		" kev_added = excluded.kev_added, kev = excluded.kev",
		SQL_ARGS(SQL_T(v->id), SQL_T(v->title), SQL_T(v->description), SQL_T(v->published),
			 SQL_T(v->references), SQL_T(v->aliases), SQL_I(v->severity),
			 SQL_R(v->score), SQL_R(v->epss), SQL_R(v->epss_percentile),
			 SQL_T(v->kev_added), SQL_I(v->kev)),
		e);

	return MIN(r, 0);
}

static int put_findings(struct store *s, str digest, const struct stored_finding *f, size_t count,
			struct err *e)
{
	struct sql_bulk *b = NULL;
	int r, ended;

	r = sql_bulk_begin(s->sql, "finding",
			   "image, vulnerability, package, version, type, path, fixed, state, "
			   "severity, score, risk,"
			   " owner, layer, accepted",
			   &b, e);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = sql_bulk_row(b,
				 SQL_ARGS(SQL_T(digest), SQL_T(f[i].vulnerability),
					  SQL_T(f[i].package), SQL_T(f[i].version),
					  SQL_T(f[i].type), SQL_T(f[i].path), SQL_T(f[i].fixed),
					  SQL_I(f[i].state), SQL_I(f[i].severity),
					  SQL_R(f[i].score), SQL_R(f[i].risk), SQL_I(OWNER_UNKNOWN),
					  SQL_T(f[i].layer), SQL_I(0)),
				 e);
	ended = sql_bulk_end(b, r < 0 ? NULL : e);
	return r < 0 ? r : ended;
}

/* One row for a vulnerability in an image, whatever packages have it: what is counted and listed. */
static int put_pairs(struct store *s, str digest, struct err *e)
{
	int r = sql_do(
		s->sql,
		"INSERT INTO image_vulnerability (vulnerability, image, severity, fixable, kev, "
		"accepted) "
		"SELECT f.vulnerability, f.image, MAX(f.severity),"
		" MAX(CASE WHEN f.fixed <> '' THEN 1 ELSE 0 END), COALESCE(MAX(v.kev), 0), 0 "
		"FROM finding f LEFT JOIN vulnerability v ON v.id = f.vulnerability "
		"WHERE f.image = ?1 GROUP BY f.vulnerability, f.image",
		SQL_ARGS(SQL_T(digest)), e);

	return MIN(r, 0);
}

int findings_replace(struct store *s, str digest, const struct stored_finding *findings,
		     size_t count, const struct stored_vulnerability *facts, size_t fact_count,
		     int64_t database_ns, struct err *e)
{
	/* Facts are shared by images: in one order for all who write them. */
	int r = sql_lock(s->sql, "findings", e);

	r = r < 0 ? r
		  : sql_do(s->sql, "DELETE FROM finding WHERE image = ?1", SQL_ARGS(SQL_T(digest)),
			   e);
	r = r < 0 ? r
		  : sql_do(s->sql, "DELETE FROM image_vulnerability WHERE image = ?1",
			   SQL_ARGS(SQL_T(digest)), e);
	for (size_t i = 0; r >= 0 && i < fact_count; i++)
		r = put_fact(s, &facts[i], e);
	r = r < 0 ? r : put_findings(s, digest, findings, count, e);
	r = r < 0 ? r : image_layers_own(s, digest, e);
	r = r < 0 ? r : put_pairs(s, digest, e);
	r = r < 0 ? r
		  : sql_do(s->sql, "UPDATE image SET database_ns = ?2 WHERE digest = ?1",
			   SQL_ARGS(SQL_T(digest), SQL_I(database_ns)), e);
	return r < 0 ? r : acceptances_apply(s, digest, (str){ NULL, 0 }, e);
}

int image_recount(struct store *s, str digest, struct err *e)
{
	int64_t counts[SEVERITY_COUNT] = { 0 }, fixable = 0, kev = 0, accepted = 0;
	int r;

	{
		OWNED_ROWS *rows = NULL;

		r = sql_query(
			s->sql,
			"SELECT severity, accepted, COUNT(*), CAST(SUM(fixable) AS BIGINT), "
			"CAST(SUM(kev) AS BIGINT) "
			"FROM image_vulnerability WHERE image = ?1 GROUP BY severity, accepted",
			SQL_ARGS(SQL_T(digest)), &rows, e);
		while (r >= 0 && (r = sql_next(rows, e)) > 0) {
			int64_t severity = sql_int(rows, 0);

			if (sql_int(rows, 1)) {
				accepted += sql_int(rows, 2);
				continue;
			}
			if (severity >= 0 && severity < SEVERITY_COUNT)
				counts[severity] += sql_int(rows, 2);
			fixable += sql_int(rows, 3);
			kev += sql_int(rows, 4);
		}
	}
	r = r < 0 ? r
		  : sql_do(s->sql,
			   "UPDATE image SET unknown = ?2, negligible = ?3, low = ?4, medium = ?5, "
			   "high = ?6,"
			   " critical = ?7, fixable = ?8, kev = ?9, accepted = ?10 WHERE digest = "
			   "?1",
			   SQL_ARGS(SQL_T(digest), SQL_I(counts[0]), SQL_I(counts[1]),
				    SQL_I(counts[2]), SQL_I(counts[3]), SQL_I(counts[4]),
				    SQL_I(counts[5]), SQL_I(fixable), SQL_I(kev), SQL_I(accepted)),
			   e);
	return MIN(r, 0);
}

int finding_take(struct sql_rows *rows, struct arena *a, struct stored_finding *ret, struct err *e)
{
	*ret = (struct stored_finding){ .vulnerability = sql_text_in(rows, 0, a),
					.package = sql_text_in(rows, 1, a),
					.version = sql_text_in(rows, 2, a),
					.type = sql_text_in(rows, 3, a),
					.path = sql_text_in(rows, 4, a),
					.fixed = sql_text_in(rows, 5, a),
					.state = (enum fix_state)sql_int(rows, 6),
					.severity = (enum severity)sql_int(rows, 7),
					.score = sql_real(rows, 8),
					.risk = sql_real(rows, 9),
					.owner = (enum layer_owner)sql_int(rows, 10),
					.layer = sql_text_in(rows, 11, a),
					.accepted = sql_int(rows, 12) != 0,
					.kev = sql_int(rows, 13) != 0,
					.epss = sql_is_null(rows, 14) ? -1 : sql_real(rows, 14) };
	return ret->vulnerability.p && ret->package.p && ret->version.p && ret->type.p &&
			       ret->path.p && ret->fixed.p && ret->layer.p
		       ? 0
		       : err_set(e, ENOBUFS, "too many findings at once");
}

int findings_worst(struct store *s, str digest, size_t max, struct arena *a,
		   struct stored_finding **ret, size_t *ret_count, struct err *e)
{
	struct stored_finding *out = NULL;
	OWNED_ROWS *rows = NULL;
	size_t n = 0, cap = 0;
	int r = sql_query(s->sql,
			  "SELECT " FINDING_COLUMNS
			  " FROM finding f LEFT JOIN vulnerability v ON v.id = f.vulnerability "
			  "WHERE f.image = ?1 ORDER BY f.accepted, f.severity DESC, "
			  "COALESCE(v.kev, 0) DESC, f.risk DESC, f.vulnerability, f.no LIMIT ?2",
			  SQL_ARGS(SQL_T(digest), SQL_I(MIN(max, (size_t)INT64_MAX))), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct stored_finding *x = ARENA_PUSH(a, out, n, cap);

		r = x ? finding_take(rows, a, x, e)
		      : err_set(e, ENOBUFS, "too many findings at once");
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret = out;
	*ret_count = n;
	return 0;
}

int vulnerabilities_affected(struct store *s, const struct scope *scope, str id, size_t max,
			     struct arena *a, struct affected **ret, size_t *ret_count,
			     struct err *e)
{
	struct affected *out = ARENA_ARRAY(a, max, struct affected);
	struct image_set set = { 0 };
	OWNED_ROWS *rows = NULL;
	size_t n = 0;
	int r;

	if (!out)
		return err_set(e, ENOBUFS, "too many findings at once");
	r = image_set_read(s, scope, NULL, a, &set, e);
	r = r < 0 ? r
		  : sql_query(s->sql,
			      "SELECT " FINDING_COLUMNS ", f.image FROM finding f LEFT JOIN "
			      "vulnerability v ON v.id = f.vulnerability "
			      "WHERE f.vulnerability = ?1 ORDER BY f.image, f.no",
			      SQL_ARGS(SQL_T(id)), &rows, e);
	while (r >= 0 && n < max && (r = sql_next(rows, e)) > 0) {
		const struct stored_image *i = map_find(&set.by_digest, sql_text(rows, 15));

		if (!i)
			continue;
		r = finding_take(rows, a, &out[n].finding, e);
		if (r < 0)
			return r;
		out[n].image = i->digest;
		out[n].references = i->references;
		out[n++].containers = i->running;
	}
	if (r < 0)
		return r;
	*ret = out;
	*ret_count = n;
	return 0;
}

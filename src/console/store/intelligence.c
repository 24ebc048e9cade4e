#include "console/store/intelligence.h"

#define COLUMNS \
	"id, name, kind, source, entries, updated_ns, updated_by, not_understood, first_bad, " \
	"others, over_now, ends_ns, expires_ns, ended"

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "threat intelligence: memory budget spent");
}

static int nobody(struct err *e)
{
	return err_set(e, ENOENT, "there is no such list");
}

static int read_one(struct sql_rows *rows, bool with_body, struct arena *a,
		    struct stored_intelligence *ret, struct err *e)
{
	struct stored_intelligence v = { .id = sql_int(rows, 0),
					 .name = sql_text_in(rows, 1, a),
					 .kind = sql_text_in(rows, 2, a),
					 .source = sql_text_in(rows, 3, a),
					 .entries = sql_int(rows, 4),
					 .updated_ns = sql_int(rows, 5),
					 .updated_by = sql_text_in(rows, 6, a),
					 .not_understood = sql_int(rows, 7),
					 .first = sql_int(rows, 8),
					 .others = sql_int(rows, 9),
					 .over = sql_int(rows, 10),
					 .ends_ns = sql_int(rows, 11),
					 .expires_ns = sql_int(rows, 12),
					 .ended = sql_int(rows, 13) != 0 };

	if (with_body)
		v.body = sql_blob_in(rows, 14, a);
	if (!v.name.p || !v.kind.p || !v.source.p || !v.updated_by.p || (with_body && !v.body.p))
		return spent(e);
	*ret = v;
	return 0;
}

int intelligence_list(struct store *s, bool with_body, struct arena *a,
		      struct stored_intelligence **ret, size_t *ret_count, struct err *e)
{
	struct stored_intelligence *list =
		ARENA_ARRAY(a, INTELLIGENCE_MAX, struct stored_intelligence);
	OWNED_ROWS *rows = NULL;
	size_t count = 0;
	int r;

	if (!list)
		return spent(e);
	r = sql_query(s->sql,
		      with_body ? "SELECT " COLUMNS ", body FROM intelligence ORDER BY id LIMIT ?1"
				: "SELECT " COLUMNS " FROM intelligence ORDER BY id LIMIT ?1",
		      SQL_ARGS(SQL_I(INTELLIGENCE_MAX)), &rows, e);
	while (r >= 0 && (r = sql_next(rows, e)) > 0)
		r = read_one(rows, with_body, a, &list[count++], e);
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	return 0;
}

int intelligence_get(struct store *s, int64_t id, struct arena *a, struct stored_intelligence *ret,
		     struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT " COLUMNS ", body FROM intelligence WHERE id = ?1",
			  SQL_ARGS(SQL_I(id)), &rows, e);

	if (r < 0)
		return r;
	r = sql_next(rows, e);
	if (r == 0)
		return nobody(e);
	return r < 0 ? r : read_one(rows, true, a, ret, e);
}

int intelligence_add(struct store *s, const struct stored_intelligence *v, int64_t *ret_id,
		     struct err *e)
{
	int64_t count = 0;
	int r = sql_lock(s->sql, "intelligence", e);

	if (r == 0)
		r = sql_get_int(s->sql, "SELECT COUNT(*) FROM intelligence", SQL_NONE, &count, e);
	if (r < 0)
		return r;
	if (count >= INTELLIGENCE_MAX)
		return err_set(e, E2BIG, "there are %d lists at most", INTELLIGENCE_MAX);
	r = sql_get_int(s->sql,
			"INSERT INTO intelligence (name, kind, source, entries, body, updated_ns, "
			"updated_by, not_understood, first_bad, others, over_now, ends_ns, "
			"expires_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
			"?13) RETURNING id",
			SQL_ARGS(SQL_T(v->name), SQL_T(v->kind), SQL_T(v->source),
				 SQL_I(v->entries), SQL_B(v->body), SQL_I(v->updated_ns),
				 SQL_T(v->updated_by), SQL_I(v->not_understood), SQL_I(v->first),
				 SQL_I(v->others), SQL_I(v->over), SQL_I(v->ends_ns),
				 SQL_I(v->expires_ns)),
			ret_id, e);
	if (r == -EEXIST)
		return err_set(e, EEXIST, "another list is called '%.*s'", STR_ARG(v->name));
	return MIN(r, 0);
}

int intelligence_put(struct store *s, const struct stored_intelligence *v, struct err *e)
{
	int r = sql_do(s->sql,
		       "UPDATE intelligence SET source = ?2, entries = ?3, body = ?4, "
		       "updated_ns = ?5, updated_by = ?6, not_understood = ?7, first_bad = ?8, "
		       "others = ?9, over_now = ?10, ends_ns = ?11, expires_ns = ?12, ended = 0 "
		       "WHERE id = ?1",
		       SQL_ARGS(SQL_I(v->id), SQL_T(v->source), SQL_I(v->entries), SQL_B(v->body),
				SQL_I(v->updated_ns), SQL_T(v->updated_by),
				SQL_I(v->not_understood), SQL_I(v->first), SQL_I(v->others),
				SQL_I(v->over), SQL_I(v->ends_ns), SQL_I(v->expires_ns)),
		       e);

	return r == 0 ? nobody(e) : MIN(r, 0);
}

int intelligence_expire(struct store *s, int64_t now_ns, struct err *e)
{
	return sql_do(s->sql,
		      "UPDATE intelligence SET ended = 1 WHERE ended = 0 AND expires_ns > 0 AND "
		      "expires_ns <= ?1",
		      SQL_ARGS(SQL_I(now_ns)), e);
}

int intelligence_delete(struct store *s, int64_t id, struct err *e)
{
	int r = sql_do(s->sql, "DELETE FROM intelligence WHERE id = ?1", SQL_ARGS(SQL_I(id)), e);

	return r == 0 ? nobody(e) : MIN(r, 0);
}

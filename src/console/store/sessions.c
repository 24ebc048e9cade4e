#include "console/store/sessions.h"

int sessions_add(struct sql *s, const struct session_row *row, struct err *e)
{
	int r = sql_do(s,
		       "INSERT INTO sessions (hash, user_id, created_ns, seen_ns, expires_ns, "
		       "address, agent) "
		       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		       SQL_ARGS(SQL_T(row->hash), SQL_I(row->user), SQL_I(row->created_ns),
				SQL_I(row->seen_ns), SQL_I(row->expires_ns), SQL_T(row->address),
				SQL_T(row->agent)),
		       e);

	return MIN(r, 0);
}

int sessions_get(struct sql *s, str hash, struct arena *a, struct session_row *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	struct session_row out;
	int r = sql_query(s,
			  "SELECT hash, user_id, created_ns, seen_ns, expires_ns, address, agent "
			  "FROM sessions WHERE hash = ?1",
			  SQL_ARGS(SQL_T(hash)), &rows, e);

	if (r == 0)
		r = sql_next(rows, e);
	if (r <= 0)
		return r < 0 ? r : err_set(e, ENOENT, "there is no such session");
	out = (struct session_row){
		.hash = sql_text_in(rows, 0, a),
		.user = sql_int(rows, 1),
		.created_ns = sql_int(rows, 2),
		.seen_ns = sql_int(rows, 3),
		.expires_ns = sql_int(rows, 4),
		.address = sql_text_in(rows, 5, a),
		.agent = sql_text_in(rows, 6, a),
	};
	if (!out.hash.p || !out.address.p || !out.agent.p)
		return err_set(e, ENOBUFS, "sessions: memory budget spent");
	*ret = out;
	return 0;
}

int sessions_touch(struct sql *s, str hash, int64_t now_ns, struct err *e)
{
	int r = sql_do(s, "UPDATE sessions SET seen_ns = ?2 WHERE hash = ?1 AND seen_ns < ?2",
		       SQL_ARGS(SQL_T(hash), SQL_I(now_ns)), e);

	return MIN(r, 0);
}

int sessions_end(struct sql *s, str hash, struct err *e)
{
	int r = sql_do(s, "DELETE FROM sessions WHERE hash = ?1", SQL_ARGS(SQL_T(hash)), e);

	return MIN(r, 0);
}

int sessions_end_of_user(struct sql *s, int64_t user, str except, struct err *e)
{
	return sql_do(s, "DELETE FROM sessions WHERE user_id = ?1 AND hash <> ?2",
		      SQL_ARGS(SQL_I(user), SQL_T(except)), e);
}

int sessions_sweep(struct sql *s, int64_t now_ns, int64_t idle_ns, struct err *e)
{
	return sql_do(s, "DELETE FROM sessions WHERE expires_ns <= ?1 OR seen_ns <= ?2",
		      SQL_ARGS(SQL_I(now_ns), SQL_I(idle_ns)), e);
}

int tokens_add(struct sql *s, const struct token_row *row, str hash, int64_t *ret, struct err *e)
{
	int r = sql_get_int(s,
			    "INSERT INTO api_tokens (hash, user_id, name, hint, permissions, "
			    "created_ns, expires_ns, "
			    "used_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0) RETURNING id",
			    SQL_ARGS(SQL_T(hash), SQL_I(row->user), SQL_T(row->name),
				     SQL_T(row->hint), SQL_I(row->permissions),
				     SQL_I(row->created_ns), SQL_I(row->expires_ns)),
			    ret, e);

	if (r == -EEXIST)
		return err_set(e, EEXIST, "there is a token '%.*s' already",
			       STR_ARG(str_take(row->name, 64)));
	return MIN(r, 0);
}

#define TOKEN_COLUMNS "id, user_id, name, hint, permissions, created_ns, expires_ns, used_ns"

static int read_token(struct sql_rows *rows, struct arena *a, struct token_row *t, struct err *e)
{
	*t = (struct token_row){
		.id = sql_int(rows, 0),
		.user = sql_int(rows, 1),
		.name = sql_text_in(rows, 2, a),
		.hint = sql_text_in(rows, 3, a),
		.permissions = (uint64_t)sql_int(rows, 4),
		.created_ns = sql_int(rows, 5),
		.expires_ns = sql_int(rows, 6),
		.used_ns = sql_int(rows, 7),
	};
	if (!t->name.p || !t->hint.p)
		return err_set(e, ENOBUFS, "tokens: memory budget spent");
	return 0;
}

static int one_token(struct sql *s, const char *statement, const struct sql_value *values,
		     size_t count, struct arena *a, struct token_row *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	struct token_row out;
	int r = sql_query(s, statement, values, count, &rows, e);

	if (r == 0)
		r = sql_next(rows, e);
	if (r == 0)
		return err_set(e, ENOENT, "there is no such token");
	if (r > 0)
		r = read_token(rows, a, &out, e);
	if (r < 0)
		return r;
	*ret = out;
	return 0;
}

int tokens_find(struct sql *s, str hash, struct arena *a, struct token_row *ret, struct err *e)
{
	return one_token(s, "SELECT " TOKEN_COLUMNS " FROM api_tokens WHERE hash = ?1",
			 SQL_ARGS(SQL_T(hash)), a, ret, e);
}

int tokens_get(struct sql *s, int64_t id, struct arena *a, struct token_row *ret, struct err *e)
{
	return one_token(s, "SELECT " TOKEN_COLUMNS " FROM api_tokens WHERE id = ?1",
			 SQL_ARGS(SQL_I(id)), a, ret, e);
}

int tokens_page(struct sql *s, int64_t user, int64_t after, size_t limit, struct arena *a,
		struct token_row *ret, size_t *ret_count, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	size_t n = 0;
	int r = sql_query(s,
			  "SELECT " TOKEN_COLUMNS
			  " FROM api_tokens WHERE id > ?1 AND (?2 = 0 OR user_id = ?2) "
			  "ORDER BY id LIMIT ?3",
			  SQL_ARGS(SQL_I(after), SQL_I(user), SQL_I(limit)), &rows, e);

	if (r < 0)
		return r;
	while ((r = sql_next(rows, e)) > 0 && n < limit) {
		r = read_token(rows, a, &ret[n++], e);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret_count = n;
	return 0;
}

int tokens_touch(struct sql *s, int64_t id, int64_t now_ns, struct err *e)
{
	int r = sql_do(s, "UPDATE api_tokens SET used_ns = ?2 WHERE id = ?1 AND used_ns < ?2",
		       SQL_ARGS(SQL_I(id), SQL_I(now_ns)), e);

	return MIN(r, 0);
}

int tokens_delete(struct sql *s, int64_t id, struct err *e)
{
	int r = sql_do(s, "DELETE FROM api_tokens WHERE id = ?1", SQL_ARGS(SQL_I(id)), e);

	return r == 0 ? err_set(e, ENOENT, "there is no such token") : MIN(r, 0);
}

int locks_get(struct sql *s, str key, struct lock_row *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s,
			  "SELECT failures, last_ns, until_ns FROM sign_in_locks WHERE name = ?1",
			  SQL_ARGS(SQL_T(key)), &rows, e);

	if (r == 0)
		r = sql_next(rows, e);
	if (r < 0)
		return r;
	*ret = (struct lock_row){ 0 };
	if (r > 0)
		*ret = (struct lock_row){ sql_int(rows, 0), sql_int(rows, 1), sql_int(rows, 2) };
	return 0;
}

int locks_fail(struct sql *s, str key, int64_t now_ns, int64_t forget_ns, int64_t *ret_failures,
	       struct err *e)
{
	int r = sql_get_int(
		s,
		"INSERT INTO sign_in_locks (name, failures, last_ns, until_ns) VALUES (?1, 1, ?2, "
		"0) "
		"ON CONFLICT (name) DO UPDATE SET failures = CASE WHEN sign_in_locks.last_ns < ?3 "
		"THEN 1 ELSE sign_in_locks.failures + 1 END, last_ns = ?2 RETURNING failures",
		SQL_ARGS(SQL_T(key), SQL_I(now_ns), SQL_I(forget_ns)), ret_failures, e);

	return MIN(r, 0);
}

int locks_hold(struct sql *s, str key, int64_t until_ns, struct err *e)
{
	int r = sql_do(s, "UPDATE sign_in_locks SET until_ns = ?2 WHERE name = ?1",
		       SQL_ARGS(SQL_T(key), SQL_I(until_ns)), e);

	return MIN(r, 0);
}

int locks_clear(struct sql *s, str key, struct err *e)
{
	int r = sql_do(s, "DELETE FROM sign_in_locks WHERE name = ?1", SQL_ARGS(SQL_T(key)), e);

	return MIN(r, 0);
}

int locks_sweep(struct sql *s, int64_t before_ns, struct err *e)
{
	return sql_do(s, "DELETE FROM sign_in_locks WHERE last_ns < ?1 AND until_ns < ?1",
		      SQL_ARGS(SQL_I(before_ns)), e);
}

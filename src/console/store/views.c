#include "console/store/views.h"

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "views: memory budget spent");
}

int views_list(struct store *s, int64_t user, struct arena *a, struct view **ret, size_t *ret_count,
	       struct err *e)
{
	struct view *list = NULL;
	OWNED_ROWS *rows = NULL;
	size_t count = 0, cap = 0;
	int r = sql_query(
		s->sql,
		"SELECT id, page, name, query, made_ns FROM saved_view WHERE user_id = ?1 "
		"ORDER BY page, name LIMIT ?2",
		SQL_ARGS(SQL_I(user), SQL_I(VIEWS_MAX)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct view *v = ARENA_PUSH(a, list, count, cap);

		if (!v)
			return spent(e);
		*v = (struct view){ .id = sql_int(rows, 0),
				    .page = sql_text_in(rows, 1, a),
				    .name = sql_text_in(rows, 2, a),
				    .query = sql_text_in(rows, 3, a),
				    .made_ns = sql_int(rows, 4) };
		if (!v->page.p || !v->name.p || !v->query.p)
			return spent(e);
	}
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	return 0;
}

int views_put(struct store *s, int64_t user, const struct view *v, int64_t *ret_id, struct err *e)
{
	int64_t others = 0;
	int r = sql_lock(s->sql, "saved_view", e);

	if (r == 0)
		r = sql_get_int(
			s->sql,
			"SELECT COUNT(*) FROM saved_view WHERE user_id = ?1 AND NOT (page = "
			"?2 AND name = ?3)",
			SQL_ARGS(SQL_I(user), SQL_T(v->page), SQL_T(v->name)), &others, e);
	if (r < 0)
		return r;
	if (others >= VIEWS_MAX)
		return err_set(e, EDQUOT, "a user has at most %d views", VIEWS_MAX);
	r = sql_get_int(
		s->sql,
		"INSERT INTO saved_view (user_id, page, name, query, made_ns) VALUES (?1, ?2, "
		"?3, ?4, ?5) ON CONFLICT (user_id, page, name) DO UPDATE SET query = "
		"excluded.query, made_ns = excluded.made_ns RETURNING id",
		SQL_ARGS(SQL_I(user), SQL_T(v->page), SQL_T(v->name), SQL_T(v->query),
			 SQL_I(v->made_ns)),
		ret_id, e);
	return MIN(r, 0);
}

int views_delete(struct store *s, int64_t user, int64_t id, struct err *e)
{
	int r = sql_do(s->sql, "DELETE FROM saved_view WHERE id = ?1 AND user_id = ?2",
		       SQL_ARGS(SQL_I(id), SQL_I(user)), e);

	return r == 0 ? err_set(e, ENOENT, "there is no such view") : MIN(r, 0);
}

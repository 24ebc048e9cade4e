#include "console/store/rule_files.h"

#define COLUMNS "id, name, text, enabled, updated, updated_by, version, rules"

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "rule files: memory budget spent");
}

static int read_file(struct sql_rows *rows, struct arena *a, struct rule_file *ret, struct err *e)
{
	struct rule_file f = { .id = sql_int(rows, 0),
			       .name = sql_text_in(rows, 1, a),
			       .text = sql_text_in(rows, 2, a),
			       .enabled = sql_int(rows, 3) != 0,
			       .updated_ns = sql_int(rows, 4),
			       .updated_by = sql_text_in(rows, 5, a),
			       .version = sql_int(rows, 6),
			       .rules = sql_int(rows, 7) };

	if (!f.name.p || !f.text.p || !f.updated_by.p)
		return spent(e);
	*ret = f;
	return 0;
}

int rule_files_list(struct store *s, struct arena *a, struct rule_file **ret, size_t *ret_count,
		    struct err *e)
{
	struct rule_file *files = ARENA_ARRAY(a, RULE_FILES_MAX, struct rule_file);
	OWNED_ROWS *rows = NULL;
	size_t count = 0;
	int r;

	if (!files)
		return spent(e);
	r = sql_query(s->sql, "SELECT " COLUMNS " FROM rule_file ORDER BY name LIMIT ?1",
		      SQL_ARGS(SQL_I(RULE_FILES_MAX)), &rows, e);
	if (r < 0)
		return r;
	while ((r = sql_next(rows, e)) > 0) {
		r = read_file(rows, a, &files[count++], e);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret = files;
	*ret_count = count;
	return 0;
}

int rule_files_get(struct store *s, int64_t id, struct arena *a, struct rule_file *ret,
		   struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT " COLUMNS " FROM rule_file WHERE id = ?1",
			  SQL_ARGS(SQL_I(id)), &rows, e);

	if (r < 0)
		return r;
	r = sql_next(rows, e);
	if (r == 0)
		return err_set(e, ENOENT, "there is no such rule file");
	return r < 0 ? r : read_file(rows, a, ret, e);
}

static int named_twice(int r, const struct rule_file *f, struct err *e)
{
	if (r == -EEXIST)
		return err_set(e, EEXIST, "another rule file is called '%.*s'", STR_ARG(f->name));
	return r;
}

int rule_files_add(struct store *s, const struct rule_file *f, int64_t *ret_id, struct err *e)
{
	int64_t count = 0;
	int r = sql_lock(s->sql, "rule_file", e);

	if (r == 0)
		r = sql_get_int(s->sql, "SELECT COUNT(*) FROM rule_file", SQL_NONE, &count, e);
	if (r < 0)
		return r;
	if (count >= RULE_FILES_MAX)
		return err_set(e, E2BIG, "there are %d rule files at most", RULE_FILES_MAX);
	r = sql_get_int(
		s->sql,
		"INSERT INTO rule_file (name, text, enabled, updated, updated_by, version, rules) "
		"VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6) RETURNING id",
		SQL_ARGS(SQL_T(f->name), SQL_T(f->text), SQL_I(f->enabled), SQL_I(f->updated_ns),
			 SQL_T(f->updated_by), SQL_I(f->rules)),
		ret_id, e);
	return r < 0 ? named_twice(r, f, e) : 0;
}

int rule_files_put(struct store *s, const struct rule_file *f, struct err *e)
{
	int r = sql_do(s->sql,
		       "UPDATE rule_file SET name = ?2, text = ?3, enabled = ?4, updated = ?5, "
		       "updated_by = ?6, rules = ?7, version = version + 1 WHERE id = ?1",
		       SQL_ARGS(SQL_I(f->id), SQL_T(f->name), SQL_T(f->text), SQL_I(f->enabled),
				SQL_I(f->updated_ns), SQL_T(f->updated_by), SQL_I(f->rules)),
		       e);

	if (r == 0)
		return err_set(e, ENOENT, "there is no such rule file");
	return r < 0 ? named_twice(r, f, e) : 0;
}

int rule_files_delete(struct store *s, int64_t id, struct err *e)
{
	int r = sql_do(s->sql, "DELETE FROM rule_file WHERE id = ?1", SQL_ARGS(SQL_I(id)), e);

	if (r == 0)
		return err_set(e, ENOENT, "there is no such rule file");
	return r < 0 ? r : 0;
}

int rule_switches(struct store *s, struct arena *a, struct rule_switch **ret, size_t *ret_count,
		  struct err *e)
{
	struct rule_switch *list = NULL;
	OWNED_ROWS *rows = NULL;
	size_t count = 0, cap = 0;
	int r = sql_query(s->sql, "SELECT rule, enabled, priority FROM rule_switch ORDER BY rule",
			  SQL_NONE, &rows, e);

	if (r < 0)
		return r;
	while ((r = sql_next(rows, e)) > 0) {
		struct rule_switch *w = ARENA_PUSH(a, list, count, cap);

		if (!w)
			return spent(e);
		*w = (struct rule_switch){ .rule = sql_text_in(rows, 0, a),
					   .enabled = sql_int(rows, 1) != 0,
					   .priority = sql_text_in(rows, 2, a) };
		if (!w->rule.p || !w->priority.p)
			return spent(e);
	}
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	return 0;
}

int rule_switch_put(struct store *s, const struct rule_switch *w, struct err *e)
{
	int r = sql_do(s->sql,
		       "INSERT INTO rule_switch (rule, enabled, priority) VALUES (?1, ?2, ?3) "
		       "ON CONFLICT (rule) DO UPDATE SET enabled = excluded.enabled, priority = "
		       "excluded.priority",
		       SQL_ARGS(SQL_T(w->rule), SQL_I(w->enabled), SQL_T(w->priority)), e);

	return r < 0 ? r : 0;
}

int rule_text_put(struct store *s, str etag, str text, struct err *e)
{
	int r = sql_do(s->sql,
		       "INSERT INTO rule_text (id, etag, text) VALUES (1, ?1, ?2) "
		       "ON CONFLICT (id) DO UPDATE SET etag = excluded.etag, text = excluded.text",
		       SQL_ARGS(SQL_T(etag), SQL_T(text)), e);

	return MIN(r, 0);
}

int rule_text_get(struct store *s, struct arena *a, str *ret_etag, str *ret_text, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	str etag, text;
	int r = sql_query(s->sql, "SELECT etag, text FROM rule_text WHERE id = 1", SQL_NONE, &rows,
			  e);

	if (r == 0)
		r = sql_next(rows, e);
	if (r == 0)
		return err_set(e, ENOENT, "no rule was changed yet");
	if (r < 0)
		return r;
	etag = sql_text_in(rows, 0, a);
	text = sql_text_in(rows, 1, a);
	if (!etag.p || !text.p)
		return spent(e);
	*ret_etag = etag;
	*ret_text = text;
	return 0;
}

int rule_text_etag(struct store *s, struct arena *a, str *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT etag FROM rule_text WHERE id = 1", SQL_NONE, &rows, e);

	*ret = (str){ 0 };
	if (r == 0)
		r = sql_next(rows, e);
	if (r <= 0)
		return r;
	*ret = sql_text_in(rows, 0, a);
	return ret->p ? 0 : spent(e);
}

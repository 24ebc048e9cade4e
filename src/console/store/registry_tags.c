#include "console/store/registry_tags.h"

#include "console/sql/sql_where.h"

#define RESTAGE_BYTES ((size_t)128 << 20)

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "registries: memory budget spent");
}

static int add_move(struct store *s, const struct registry_tag_found *t, str before, str after,
		    struct err *e)
{
	int r = sql_do(
		s->sql,
		"INSERT INTO registry_move (registry, repository, tag, at_ns, before, after) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		SQL_ARGS(SQL_I(t->registry), SQL_T(t->repository), SQL_T(t->tag), SQL_I(t->now_ns),
			 SQL_T(before), SQL_T(after)),
		e);

	return MIN(r, 0);
}

static int insert(struct store *s, const struct registry_tag_found *t, struct err *e)
{
	int r = sql_do(s->sql,
		       "INSERT INTO registry_tag (registry, repository, tag, digest, stage, run, "
		       "first_ns, seen_ns, changed_ns, gone_ns, why) "
		       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7, 0, ?8)",
		       SQL_ARGS(SQL_I(t->registry), SQL_T(t->repository), SQL_T(t->tag),
				SQL_T(t->digest), SQL_I(t->stage), SQL_I(t->run), SQL_I(t->now_ns),
				SQL_T(t->why)),
		       e);

	return MIN(r, 0);
}

static int update(struct store *s, const struct registry_tag_found *t, bool moved, struct err *e)
{
	int r = sql_do(s->sql,
		       "UPDATE registry_tag SET digest = CASE WHEN ?4 = '' THEN digest ELSE ?4 "
		       "END, stage = ?5, run = ?6, seen_ns = ?7, gone_ns = 0, why = ?8, "
		       "changed_ns = CASE WHEN ?9 = 1 THEN ?7 ELSE changed_ns END "
		       "WHERE registry = ?1 AND repository = ?2 AND tag = ?3",
		       SQL_ARGS(SQL_I(t->registry), SQL_T(t->repository), SQL_T(t->tag),
				SQL_T(t->digest), SQL_I(t->stage), SQL_I(t->run), SQL_I(t->now_ns),
				SQL_T(t->why), SQL_I(moved)),
		       e);

	return MIN(r, 0);
}

int registry_tag_put(struct store *s, const struct registry_tag_found *t, struct err *e)
{
	OWNED_BUF before = BUF_INIT;
	bool known = false, gone = false, moved;
	int r;

	{
		OWNED_ROWS *rows = NULL;

		r = sql_query(s->sql,
			      "SELECT digest, gone_ns FROM registry_tag WHERE registry = ?1 AND "
			      "repository = ?2 AND tag = ?3",
			      SQL_ARGS(SQL_I(t->registry), SQL_T(t->repository), SQL_T(t->tag)),
			      &rows, e);
		r = r < 0 ? r : sql_next(rows, e);
		if (r < 0)
			return r;
		known = r > 0;
		if (known) {
			buf_add(&before, sql_text(rows, 0));
			gone = sql_int(rows, 1) != 0;
		}
	}
	if (gone)
		buf_reset(&before);
	if (buf_error(&before))
		return spent(e);
	moved = t->digest.n && !str_eq(t->digest, buf_str(&before));
	r = known ? update(s, t, moved, e) : insert(s, t, e);
	if (r == 0 && moved)
		r = add_move(s, t, buf_str(&before), t->digest, e);
	return r < 0 ? r : moved;
}

int registry_tags_gone(struct store *s, int64_t registry, int64_t run, str repository,
		       int64_t now_ns, struct err *e)
{
	const struct sql_value values[] = { SQL_I(registry), SQL_I(run), SQL_T(repository),
					    SQL_I(now_ns) };
	int r = sql_do(s->sql,
		       "INSERT INTO registry_move (registry, repository, tag, at_ns, before, "
		       "after) SELECT registry, repository, tag, ?4, digest, '' FROM registry_tag "
		       "WHERE registry = ?1 AND run <> ?2 AND gone_ns = 0 AND digest <> '' AND "
		       "(?3 = '' OR repository = ?3)",
		       values, ARRAY_LEN(values), e);

	return r < 0 ? r
		     : sql_do(s->sql,
			      "UPDATE registry_tag SET gone_ns = ?4 WHERE registry = ?1 AND run "
			      "<> ?2 AND gone_ns = 0 AND (?3 = '' OR repository = ?3)",
			      values, ARRAY_LEN(values), e);
}

struct restaged {
	str repository, tag;
	enum promotion_stage stage;
};

static int write_stages(struct store *s, int64_t registry, const struct restaged *list,
			size_t count, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = sql_do(s->sql,
			   "UPDATE registry_tag SET stage = ?4 WHERE registry = ?1 AND repository "
			   "= ?2 AND tag = ?3",
			   SQL_ARGS(SQL_I(registry), SQL_T(list[i].repository), SQL_T(list[i].tag),
				    SQL_I(list[i].stage)),
			   e);
	return r < 0 ? r : (int)count;
}

int registry_tags_restage(struct store *s, int64_t registry,
			  enum promotion_stage (*stage_of)(const void *ctx, str repository,
							   str tag),
			  const void *ctx, struct err *e)
{
	struct restaged *list = NULL;
	struct sql_rows *rows = NULL;
	size_t count = 0, cap = 0;
	struct arena a;
	int r;

	arena_init(&a, RESTAGE_BYTES);
	r = sql_query(s->sql, "SELECT repository, tag, stage FROM registry_tag WHERE registry = ?1",
		      SQL_ARGS(SQL_I(registry)), &rows, e);
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		enum promotion_stage stage = stage_of(ctx, sql_text(rows, 0), sql_text(rows, 1));
		struct restaged *x;

		if ((int64_t)stage == sql_int(rows, 2))
			continue;
		x = ARENA_PUSH(&a, list, count, cap);
		if (x)
			*x = (struct restaged){ sql_text_in(rows, 0, &a), sql_text_in(rows, 1, &a),
						stage };
		r = x && x->repository.p && x->tag.p ? 0 : spent(e);
	}
	sql_rows_done(rows);
	r = r < 0 ? r : write_stages(s, registry, list, count, e);
	arena_done(&a);
	return r;
}

static int read_tag(struct sql_rows *rows, struct arena *a, struct stored_tag *ret, struct err *e)
{
	*ret = (struct stored_tag){ .repository = sql_text_in(rows, 0, a),
				    .tag = sql_text_in(rows, 1, a),
				    .digest = sql_text_in(rows, 2, a),
				    .why = sql_text_in(rows, 3, a),
				    .stage = (enum promotion_stage)sql_int(rows, 4),
				    .first_ns = sql_int(rows, 5),
				    .seen_ns = sql_int(rows, 6),
				    .changed_ns = sql_int(rows, 7),
				    .gone_ns = sql_int(rows, 8),
				    .moves = sql_int(rows, 9) };
	return ret->repository.p && ret->tag.p && ret->digest.p && ret->why.p ? 0 : spent(e);
}

static void say_which(struct sql_where *w, const struct registry_tag_filter *f)
{
	SQL_WHERE(w, "WHERE registry = ?", SQL_I(f->registry));
	buf_add(&w->text, f->gone ? S(" AND gone_ns <> 0") : S(" AND gone_ns = 0"));
	if (f->stage >= 0)
		SQL_WHERE(w, " AND stage = ?", SQL_I(f->stage));
	if (f->repository.n)
		SQL_WHERE(w, " AND repository = ?", SQL_T(f->repository));
	if (f->tag.n)
		SQL_WHERE(w, " AND tag = ?", SQL_T(f->tag));
	sql_where_words(w, "repository tag digest", f->text);
}

struct tags {
	struct arena *a;
	struct stored_tag *items;
	size_t count;
};

static int take_tag(void *ctx, struct sql_rows *rows, struct err *e)
{
	struct tags *t = ctx;
	int r = read_tag(rows, t->a, &t->items[t->count++], e);

	return r < 0 ? r : 1;
}

static void say_where(struct sql_where *w, const struct registry_tag_filter *f, const char *time)
{
	const char *way = f->descending ? " DESC" : "";
	char than = f->descending ? '<' : '>';

	if (f->after_repository.n && f->by_time) {
		buf_printf(&w->text, " AND (%s, repository, tag) %c ", time, than);
		SQL_WHERE(w, "(?, ?, ?)", SQL_I(f->after_ns), SQL_T(f->after_repository),
			  SQL_T(f->after_tag));
	} else if (f->after_repository.n) {
		buf_printf(&w->text, " AND (repository, tag) %c ", than);
		SQL_WHERE(w, "(?, ?)", SQL_T(f->after_repository), SQL_T(f->after_tag));
	}
	buf_add(&w->text, S(" ORDER BY "));
	if (f->by_time)
		buf_printf(&w->text, "%s%s, ", time, way);
	buf_printf(&w->text, "repository%s, tag%s", way, way);
}

int registry_tags_page(struct store *s, const struct registry_tag_filter *f, size_t max,
		       struct arena *a, struct stored_tag **ret, size_t *ret_count, struct err *e)
{
	struct tags t = { .a = a, .items = ARENA_ARRAY(a, max, struct stored_tag) };
	struct sql_where w = { 0 };
	int r;

	if (!t.items)
		return spent(e);
	buf_add(&w.text,
		S("SELECT repository, tag, digest, why, stage, first_ns, seen_ns, changed_ns, "
		  "gone_ns, (SELECT COUNT(*) FROM registry_move m WHERE m.registry = t.registry "
		  "AND m.repository = t.repository AND m.tag = t.tag AND m.before <> '' AND "
		  "m.after <> '') FROM registry_tag t "));
	say_which(&w, f);
	say_where(&w, f, f->gone ? "gone_ns" : "changed_ns");
	SQL_WHERE(&w, " LIMIT ?", SQL_I(max));
	r = sql_where_each(s->sql, &w, take_tag, &t, e);
	if (r < 0)
		return r;
	*ret = t.items;
	*ret_count = t.count;
	return 0;
}

int registry_moves_page(struct store *s, int64_t registry, str repository, str tag, int64_t below,
			size_t max, struct arena *a, struct stored_move **ret, size_t *ret_count,
			struct err *e)
{
	struct stored_move *list = ARENA_ARRAY(a, max, struct stored_move);
	OWNED_ROWS *rows = NULL;
	size_t count = 0;
	int r;

	if (!list)
		return spent(e);
	r = sql_query(
		s->sql,
		"SELECT id, at_ns, repository, tag, before, after FROM registry_move WHERE "
		"registry = ?1 AND (?2 = '' OR repository = ?2) AND (?3 = '' OR tag = ?3) "
		"AND (?4 = 0 OR id < ?4) ORDER BY id DESC LIMIT ?5",
		SQL_ARGS(SQL_I(registry), SQL_T(repository), SQL_T(tag), SQL_I(below), SQL_I(max)),
		&rows, e);
	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct stored_move *m = &list[count++];

		*m = (struct stored_move){ .id = sql_int(rows, 0),
					   .at_ns = sql_int(rows, 1),
					   .repository = sql_text_in(rows, 2, a),
					   .tag = sql_text_in(rows, 3, a),
					   .before = sql_text_in(rows, 4, a),
					   .after = sql_text_in(rows, 5, a) };
		if (!m->repository.p || !m->tag.p || !m->before.p || !m->after.p)
			return spent(e);
	}
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	return 0;
}

#include "console/store/registries.h"

#include <inttypes.h>
#include <stdio.h>

#include "console/store/registry_images.h"

#define COLUMNS \
	"id, name, kind, address, settings, sealed, enabled, updated_ns, updated_by, version, " \
	"state, run, wanted, cancelling, began_ns, ended_ns, next_ns, repositories, tags, " \
	"digests, skipped, trouble, detail"

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "registries: memory budget spent");
}

static int absent(struct err *e)
{
	return err_set(e, ENOENT, "there is no such registry");
}

void registry_place(int64_t id, char ret[REGISTRY_PLACE_BYTES])
{
	snprintf(ret, REGISTRY_PLACE_BYTES, "registry/%" PRId64, id);
}

static struct registry_run read_run(struct sql_rows *rows, struct arena *a)
{
	return (struct registry_run){ .state = (enum registry_state)sql_int(rows, 10),
				      .run = sql_int(rows, 11),
				      .wanted = sql_int(rows, 12) != 0,
				      .cancelling = sql_int(rows, 13) != 0,
				      .began_ns = sql_int(rows, 14),
				      .ended_ns = sql_int(rows, 15),
				      .next_ns = sql_int(rows, 16),
				      .repositories = sql_int(rows, 17),
				      .tags = sql_int(rows, 18),
				      .digests = sql_int(rows, 19),
				      .skipped = sql_int(rows, 20),
				      .trouble = sql_text_in(rows, 21, a),
				      .detail = sql_text_in(rows, 22, a) };
}

static int read_registry(struct sql_rows *rows, struct arena *a, struct stored_registry *ret,
			 struct err *e)
{
	struct stored_registry r = { .id = sql_int(rows, 0),
				     .name = sql_text_in(rows, 1, a),
				     .kind = sql_text_in(rows, 2, a),
				     .address = sql_text_in(rows, 3, a),
				     .settings = sql_text_in(rows, 4, a),
				     .sealed = sql_blob_in(rows, 5, a),
				     .enabled = sql_int(rows, 6) != 0,
				     .updated_ns = sql_int(rows, 7),
				     .updated_by = sql_text_in(rows, 8, a),
				     .version = sql_int(rows, 9),
				     .run = read_run(rows, a) };

	if (!r.name.p || !r.kind.p || !r.address.p || !r.settings.p || !r.sealed.p ||
	    !r.updated_by.p || !r.run.trouble.p || !r.run.detail.p)
		return spent(e);
	*ret = r;
	return 0;
}

int registries_list(struct store *s, struct arena *a, struct stored_registry **ret,
		    size_t *ret_count, struct err *e)
{
	struct stored_registry *list = ARENA_ARRAY(a, REGISTRIES_MAX, struct stored_registry);
	OWNED_ROWS *rows = NULL;
	size_t count = 0;
	int r;

	if (!list)
		return spent(e);
	r = sql_query(s->sql, "SELECT " COLUMNS " FROM registry ORDER BY id LIMIT ?1",
		      SQL_ARGS(SQL_I(REGISTRIES_MAX)), &rows, e);
	while (r >= 0 && (r = sql_next(rows, e)) > 0)
		r = read_registry(rows, a, &list[count++], e);
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	return 0;
}

int registries_get(struct store *s, int64_t id, struct arena *a, struct stored_registry *ret,
		   struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT " COLUMNS " FROM registry WHERE id = ?1",
			  SQL_ARGS(SQL_I(id)), &rows, e);

	r = r < 0 ? r : sql_next(rows, e);
	if (r == 0)
		return absent(e);
	return r < 0 ? r : read_registry(rows, a, ret, e);
}

static int named_twice(int r, const struct stored_registry *v, struct err *e)
{
	if (r == -EEXIST)
		return err_set(e, EEXIST, "another registry is called '%.*s'", STR_ARG(v->name));
	return r;
}

int registries_add(struct store *s, const struct stored_registry *v, int64_t *ret_id, struct err *e)
{
	static const char insert[] =
		"INSERT INTO registry (name, kind, address, settings, sealed, enabled, updated_ns, "
		"updated_by, version, state, run, wanted, cancelling, began_ns, ended_ns, next_ns, "
		"repositories, tags, digests, skipped, trouble, detail) VALUES (?1, ?2, ?3, ?4, "
		"?5, ?6, ?7, ?8, 1, 0, 0, ?6, 0, 0, 0, 0, 0, 0, 0, 0, '', '') RETURNING id";
	int64_t count = 0;
	int r = sql_lock(s->sql, "registry", e);

	if (r == 0)
		r = sql_get_int(s->sql, "SELECT COUNT(*) FROM registry", SQL_NONE, &count, e);
	if (r < 0)
		return r;
	if (count >= REGISTRIES_MAX)
		return err_set(e, E2BIG, "there are %d registries at most", REGISTRIES_MAX);
	r = sql_get_int(s->sql, insert,
			SQL_ARGS(SQL_T(v->name), SQL_T(v->kind), SQL_T(v->address),
				 SQL_T(v->settings), SQL_B(S("")), SQL_I(v->enabled),
				 SQL_I(v->updated_ns), SQL_T(v->updated_by)),
			ret_id, e);
	return r < 0 ? named_twice(r, v, e) : 0;
}

int registries_seal(struct store *s, int64_t id, str sealed, struct err *e)
{
	int r = sql_do(s->sql, "UPDATE registry SET sealed = ?2 WHERE id = ?1",
		       SQL_ARGS(SQL_I(id), SQL_B(sealed)), e);

	return r == 0 ? absent(e) : MIN(r, 0);
}

int registries_put(struct store *s, const struct stored_registry *v, struct err *e)
{
	int r = sql_do(s->sql,
		       "UPDATE registry SET name = ?2, kind = ?3, address = ?4, settings = ?5, "
		       "enabled = ?6, updated_ns = ?7, updated_by = ?8, version = version + 1, "
		       "wanted = ?6, next_ns = 0 WHERE id = ?1",
		       SQL_ARGS(SQL_I(v->id), SQL_T(v->name), SQL_T(v->kind), SQL_T(v->address),
				SQL_T(v->settings), SQL_I(v->enabled), SQL_I(v->updated_ns),
				SQL_T(v->updated_by)),
		       e);

	return r == 0 ? absent(e) : r < 0 ? named_twice(r, v, e) : 0;
}

int registries_delete(struct store *s, int64_t id, struct err *e)
{
	int r = sql_do(s->sql, "DELETE FROM registry WHERE id = ?1", SQL_ARGS(SQL_I(id)), e);

	if (r == 0)
		return absent(e);
	return r < 0 ? r : registry_images_settle(s, e);
}

int registries_want(struct store *s, int64_t id, struct err *e)
{
	int r = sql_do(s->sql, "UPDATE registry SET wanted = 1, cancelling = 0 WHERE id = ?1",
		       SQL_ARGS(SQL_I(id)), e);

	return r == 0 ? absent(e) : MIN(r, 0);
}

int registries_cancel(struct store *s, int64_t id, struct err *e)
{
	int r = sql_do(s->sql,
		       "UPDATE registry SET wanted = 0, "
		       "cancelling = CASE WHEN state = 0 THEN 0 ELSE 1 END WHERE id = ?1",
		       SQL_ARGS(SQL_I(id)), e);

	return r == 0 ? absent(e) : MIN(r, 0);
}

int registry_run_begin(struct store *s, int64_t id, int64_t now_ns, struct err *e)
{
	int r = sql_do(s->sql,
		       "UPDATE registry SET state = 1, run = run + 1, wanted = 0, cancelling = 0, "
		       "began_ns = ?2, repositories = 0, tags = 0, digests = 0, skipped = 0 "
		       "WHERE id = ?1",
		       SQL_ARGS(SQL_I(id), SQL_I(now_ns)), e);

	return MIN(r, 0);
}

int registry_run_put(struct store *s, int64_t id, const struct registry_run *r, struct err *e)
{
	int n = sql_do(s->sql,
		       "UPDATE registry SET state = ?2, repositories = ?3, tags = ?4, digests = "
		       "?5, skipped = ?6 WHERE id = ?1",
		       SQL_ARGS(SQL_I(id), SQL_I(r->state), SQL_I(r->repositories), SQL_I(r->tags),
				SQL_I(r->digests), SQL_I(r->skipped)),
		       e);

	return MIN(n, 0);
}

int registry_run_end(struct store *s, int64_t id, int64_t now_ns, int64_t next_ns, str trouble,
		     str detail, struct err *e)
{
	int r = sql_do(
		s->sql,
		"UPDATE registry SET state = 0, cancelling = 0, ended_ns = ?2, next_ns = "
		"?3, trouble = ?4, detail = ?5 WHERE id = ?1",
		SQL_ARGS(SQL_I(id), SQL_I(now_ns), SQL_I(next_ns), SQL_T(trouble), SQL_T(detail)),
		e);

	return MIN(r, 0);
}

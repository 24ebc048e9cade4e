#include "console/store/receivers.h"

#include <inttypes.h>
#include <stdio.h>

#define COLUMNS "id, name, kind, filter, enabled, settings, sealed, updated_ns, updated_by, version"

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "notifications: memory budget spent");
}

void receiver_place(int64_t id, char ret[RECEIVER_PLACE_BYTES])
{
	snprintf(ret, RECEIVER_PLACE_BYTES, "receiver/%" PRId64, id);
}

static int read_receiver(struct sql_rows *rows, struct arena *a, struct stored_receiver *ret,
			 struct err *e)
{
	struct stored_receiver r = { .id = sql_int(rows, 0),
				     .name = sql_text_in(rows, 1, a),
				     .kind = sql_text_in(rows, 2, a),
				     .filter = sql_text_in(rows, 3, a),
				     .enabled = sql_int(rows, 4) != 0,
				     .settings = sql_text_in(rows, 5, a),
				     .sealed = sql_blob_in(rows, 6, a),
				     .updated_ns = sql_int(rows, 7),
				     .updated_by = sql_text_in(rows, 8, a),
				     .version = sql_int(rows, 9) };

	if (!r.name.p || !r.kind.p || !r.filter.p || !r.settings.p || !r.sealed.p ||
	    !r.updated_by.p)
		return spent(e);
	*ret = r;
	return 0;
}

int receivers_list(struct store *s, struct arena *a, struct stored_receiver **ret,
		   size_t *ret_count, struct err *e)
{
	struct stored_receiver *list = ARENA_ARRAY(a, RECEIVERS_MAX, struct stored_receiver);
	OWNED_ROWS *rows = NULL;
	size_t count = 0;
	int r;

	if (!list)
		return spent(e);
	r = sql_query(s->sql, "SELECT " COLUMNS " FROM receiver ORDER BY id LIMIT ?1",
		      SQL_ARGS(SQL_I(RECEIVERS_MAX)), &rows, e);
	while (r >= 0 && (r = sql_next(rows, e)) > 0)
		r = read_receiver(rows, a, &list[count++], e);
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	return 0;
}

int receivers_get(struct store *s, int64_t id, struct arena *a, struct stored_receiver *ret,
		  struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT " COLUMNS " FROM receiver WHERE id = ?1",
			  SQL_ARGS(SQL_I(id)), &rows, e);

	if (r == 0)
		r = sql_next(rows, e);
	else
		return r;
	if (r == 0)
		return err_set(e, ENOENT, "there is no such notification");
	return r < 0 ? r : read_receiver(rows, a, ret, e);
}

static int named_twice(int r, const struct stored_receiver *v, struct err *e)
{
	if (r == -EEXIST)
		return err_set(e, EEXIST, "another notification is called '%.*s'",
			       STR_ARG(v->name));
	return r;
}

/* Counted apart: a receiver that is taken away is a change, too. */
static int count_change(struct store *s, struct err *e)
{
	int r = sql_do(s->sql, "UPDATE notify_fact SET version = version + 1 WHERE id = 1",
		       SQL_NONE, e);

	if (r == 0)
		r = sql_do(s->sql, "INSERT INTO notify_fact (id, version) VALUES (1, 1)", SQL_NONE,
			   e);
	return MIN(r, 0);
}

int receivers_add(struct store *s, const struct stored_receiver *v, int64_t *ret_id, struct err *e)
{
	static const char insert[] =
		"INSERT INTO receiver (name, kind, filter, enabled, settings, sealed, updated_ns, "
		"updated_by, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1) RETURNING id";
	int64_t count = 0;
	int r = sql_lock(s->sql, "receiver", e);

	if (r == 0)
		r = sql_get_int(s->sql, "SELECT COUNT(*) FROM receiver", SQL_NONE, &count, e);
	if (r < 0)
		return r;
	if (count >= RECEIVERS_MAX)
		return err_set(e, E2BIG, "there are %d notifications at most", RECEIVERS_MAX);
	r = sql_get_int(s->sql, insert,
			SQL_ARGS(SQL_T(v->name), SQL_T(v->kind), SQL_T(v->filter),
				 SQL_I(v->enabled), SQL_T(v->settings), SQL_B(S("")),
				 SQL_I(v->updated_ns), SQL_T(v->updated_by)),
			ret_id, e);
	return r < 0 ? named_twice(r, v, e) : count_change(s, e);
}

int receivers_seal(struct store *s, int64_t id, str sealed, struct err *e)
{
	int r = sql_do(s->sql, "UPDATE receiver SET sealed = ?2 WHERE id = ?1",
		       SQL_ARGS(SQL_I(id), SQL_B(sealed)), e);

	return r == 0 ? err_set(e, ENOENT, "there is no such notification") : MIN(r, 0);
}

int receivers_put(struct store *s, const struct stored_receiver *v, struct err *e)
{
	int r = sql_do(s->sql,
		       "UPDATE receiver SET name = ?2, kind = ?3, filter = ?4, enabled = ?5, "
		       "settings = ?6, updated_ns = ?7, updated_by = ?8, version = version + 1 "
		       "WHERE id = ?1",
		       SQL_ARGS(SQL_I(v->id), SQL_T(v->name), SQL_T(v->kind), SQL_T(v->filter),
				SQL_I(v->enabled), SQL_T(v->settings), SQL_I(v->updated_ns),
				SQL_T(v->updated_by)),
		       e);

	if (r == 0)
		return err_set(e, ENOENT, "there is no such notification");
	return r < 0 ? named_twice(r, v, e) : count_change(s, e);
}

int receivers_delete(struct store *s, int64_t id, struct err *e)
{
	int r = sql_do(s->sql, "DELETE FROM receiver WHERE id = ?1", SQL_ARGS(SQL_I(id)), e);

	if (r == 0)
		return err_set(e, ENOENT, "there is no such notification");
	return r < 0 ? r : count_change(s, e);
}

int receivers_version(struct store *s, int64_t *ret, struct err *e)
{
	int64_t version = 0;
	int r = sql_get_int(s->sql, "SELECT version FROM notify_fact WHERE id = 1", SQL_NONE,
			    &version, e);

	if (r < 0)
		return r;
	*ret = version;
	return 0;
}

int receiver_states_put(struct store *s, str replica, const struct receiver_state *list,
			size_t count, struct err *e)
{
	static const char upsert[] =
		"INSERT INTO receiver_state (receiver, replica, sent, failed, waiting, dropped, "
		"sent_ns, why) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM receiver WHERE id = ?1 "
		"ON CONFLICT (receiver, replica) DO UPDATE SET sent = excluded.sent, "
		"failed = excluded.failed, waiting = excluded.waiting, dropped = excluded.dropped, "
		"sent_ns = excluded.sent_ns, why = excluded.why";
	int r = sql_begin(s->sql, e);

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = sql_do(s->sql, upsert,
			   SQL_ARGS(SQL_I(list[i].receiver), SQL_T(replica), SQL_I(list[i].sent),
				    SQL_I(list[i].failed), SQL_I(list[i].waiting),
				    SQL_I(list[i].dropped), SQL_I(list[i].sent_ns),
				    SQL_T(list[i].why)),
			   e);
	r = sql_end(s->sql, r, e);
	return MIN(r, 0);
}

int receiver_states(struct store *s, int64_t receiver, struct arena *a, struct receiver_state **ret,
		    size_t *ret_count, struct err *e)
{
	static const char query[] =
		"SELECT receiver, CAST(SUM(sent) AS BIGINT), CAST(SUM(failed) AS BIGINT), "
		"CAST(SUM(waiting) AS BIGINT), CAST(SUM(dropped) AS BIGINT), MAX(sent_ns), "
		"MAX(why) FROM receiver_state WHERE ?1 = 0 OR receiver = ?1 GROUP BY receiver";
	struct receiver_state *list = NULL;
	OWNED_ROWS *rows = NULL;
	size_t count = 0, cap = 0;
	int r = sql_query(s->sql, query, SQL_ARGS(SQL_I(receiver)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		struct receiver_state *t = ARENA_PUSH(a, list, count, cap);

		if (!t)
			return spent(e);
		*t = (struct receiver_state){ .receiver = sql_int(rows, 0),
					      .sent = (uint64_t)sql_int(rows, 1),
					      .failed = (uint64_t)sql_int(rows, 2),
					      .waiting = (uint64_t)sql_int(rows, 3),
					      .dropped = (uint64_t)sql_int(rows, 4),
					      .sent_ns = sql_int(rows, 5),
					      .why = sql_text_in(rows, 6, a) };
		if (!t->why.p)
			return spent(e);
	}
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	return 0;
}

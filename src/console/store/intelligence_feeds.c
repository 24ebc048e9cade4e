#include "console/store/intelligence_feeds.h"

#include <inttypes.h>
#include <stdio.h>

#include "console/store/intelligence.h"

#define COLUMNS \
	"list, url, every_s, authority, sealed, etag, modified, due_ns, tried_ns, fetched_ns, " \
	"why, " \
	"version"

void feed_place(int64_t list, char ret[FEED_PLACE_BYTES])
{
	snprintf(ret, FEED_PLACE_BYTES, "feed/%" PRId64, list);
}

static int read_row(struct sql_rows *rows, struct arena *a, struct stored_feed *ret, struct err *e)
{
	struct stored_feed f = { .list = sql_int(rows, 0),
				 .url = sql_text_in(rows, 1, a),
				 .every_s = sql_int(rows, 2),
				 .authority = sql_text_in(rows, 3, a),
				 .sealed = sql_blob_in(rows, 4, a),
				 .etag = sql_text_in(rows, 5, a),
				 .modified = sql_text_in(rows, 6, a),
				 .due_ns = sql_int(rows, 7),
				 .tried_ns = sql_int(rows, 8),
				 .fetched_ns = sql_int(rows, 9),
				 .why = sql_text_in(rows, 10, a),
				 .version = sql_int(rows, 11) };

	if (!f.url.p || !f.authority.p || !f.sealed.p || !f.etag.p || !f.modified.p || !f.why.p)
		return err_set(e, ENOBUFS, "threat intelligence: memory budget spent");
	*ret = f;
	return 0;
}

int feeds_list(struct store *s, struct arena *a, struct stored_feed **ret, size_t *ret_count,
	       struct err *e)
{
	struct stored_feed *list = ARENA_ARRAY(a, INTELLIGENCE_MAX, struct stored_feed);
	OWNED_ROWS *rows = NULL;
	size_t count = 0;
	int r;

	if (!list)
		return err_set(e, ENOBUFS, "threat intelligence: memory budget spent");
	r = sql_query(s->sql, "SELECT " COLUMNS " FROM intelligence_feed ORDER BY list LIMIT ?1",
		      SQL_ARGS(SQL_I(INTELLIGENCE_MAX)), &rows, e);
	while (r >= 0 && (r = sql_next(rows, e)) > 0)
		r = read_row(rows, a, &list[count++], e);
	if (r < 0)
		return r;
	*ret = list;
	*ret_count = count;
	return 0;
}

static int read_one(struct store *s, const char *statement, int64_t value, struct arena *a,
		    struct stored_feed *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, statement, SQL_ARGS(SQL_I(value)), &rows, e);

	if (r < 0)
		return r;
	r = sql_next(rows, e);
	if (r == 0)
		return err_set(e, ENOENT, "the list is not fetched from anywhere");
	return r < 0 ? r : read_row(rows, a, ret, e);
}

int feeds_get(struct store *s, int64_t list, struct arena *a, struct stored_feed *ret,
	      struct err *e)
{
	return read_one(s, "SELECT " COLUMNS " FROM intelligence_feed WHERE list = ?1", list, a,
			ret, e);
}

int feeds_due(struct store *s, int64_t now_ns, struct arena *a, struct stored_feed *ret,
	      struct err *e)
{
	return read_one(
		s,
		/* One that was tried five minutes hence was so by a clock that has been put right since. */
		"SELECT " COLUMNS " FROM intelligence_feed WHERE "
		"(due_ns <= ?1 OR tried_ns - 300000000000 > ?1) AND list IN (SELECT id FROM "
		"intelligence WHERE ended = 0) ORDER BY due_ns, list LIMIT 1",
		now_ns, a, ret, e);
}

int feeds_put(struct store *s, const struct stored_feed *f, struct err *e)
{
	int r = sql_do(s->sql,
		       "INSERT INTO intelligence_feed (" COLUMNS ") "
		       "VALUES (?1, ?2, ?3, ?4, ?5, '', '', 0, 0, 0, '', 1) "
		       "ON CONFLICT (list) DO UPDATE SET url = ?2, every_s = ?3, authority = ?4, "
		       "sealed = ?5, etag = '', modified = '', due_ns = 0, "
		       "version = intelligence_feed.version + 1",
		       SQL_ARGS(SQL_I(f->list), SQL_T(f->url), SQL_I(f->every_s),
				SQL_T(f->authority), SQL_B(f->sealed)),
		       e);

	return MIN(r, 0);
}

int feeds_hurry(struct store *s, int64_t list, struct err *e)
{
	int r = sql_do(s->sql,
		       "UPDATE intelligence_feed SET etag = '', modified = '', due_ns = 0, "
		       "version = version + 1 WHERE list = ?1",
		       SQL_ARGS(SQL_I(list)), e);

	return r == 0 ? err_set(e, ENOENT, "the list is not fetched from anywhere") : MIN(r, 0);
}

int feeds_delete(struct store *s, int64_t list, struct err *e)
{
	return sql_no_count(sql_do(s->sql, "DELETE FROM intelligence_feed WHERE list = ?1",
				   SQL_ARGS(SQL_I(list)), e));
}

int feeds_tell(struct store *s, const struct stored_feed *f, struct err *e)
{
	int r = sql_do(s->sql,
		       "UPDATE intelligence_feed SET etag = ?3, modified = ?4, due_ns = ?5, "
		       "tried_ns = ?6, fetched_ns = ?7, why = ?8 WHERE list = ?1 AND version = ?2",
		       SQL_ARGS(SQL_I(f->list), SQL_I(f->version), SQL_T(f->etag),
				SQL_T(f->modified), SQL_I(f->due_ns), SQL_I(f->tried_ns),
				SQL_I(f->fetched_ns), SQL_T(f->why)),
		       e);

	return r == 0 ? err_set(e, ESTALE, "the feed was changed meanwhile") : MIN(r, 0);
}

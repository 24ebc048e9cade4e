#include "console/store/notify_queue.h"

/* A row an addition, its ids 8 bytes each, the lowest first. */
enum { ROW_IDS_MAX = 16384 };

static void put_id(struct buf *b, int64_t id)
{
	for (unsigned int i = 0; i < 8; i++)
		buf_byte(b, (char)((uint64_t)id >> 8 * i));
}

int notify_queue_add(struct store *s, const int64_t *ids, size_t count, struct err *e)
{
	while (count) {
		size_t n = MIN(count, (size_t)ROW_IDS_MAX);
		OWNED_BUF b = BUF_INIT;
		int r;

		for (size_t i = 0; i < n; i++)
			put_id(&b, ids[i]);
		if (buf_error(&b))
			return err_set(e, ENOMEM, "no memory for notifications");
		r = sql_do(s->sql, "INSERT INTO notify_queue (ids) VALUES (?1)",
			   SQL_ARGS(SQL_B(buf_str(&b))), e);
		if (r < 0)
			return r;
		ids += n;
		count -= n;
	}
	return 0;
}

static int take_row(struct sql_rows *rows, struct arena *a, struct notify_batch *b, size_t *cap,
		    struct err *e)
{
	str blob = sql_blob(rows, 1);

	b->rows[b->row_count++] = sql_int(rows, 0);
	for (size_t at = 0; at + 8 <= blob.n; at += 8) {
		int64_t *id = ARENA_PUSH(a, b->ids, b->count, *cap);
		uint64_t v = 0;

		if (!id)
			return err_set(e, ENOBUFS, "notifications: memory budget spent");
		for (unsigned int i = 8; i-- > 0;)
			v = v << 8 | (unsigned char)blob.p[at + i];
		*id = (int64_t)v;
	}
	return 0;
}

int notify_queue_read(struct store *s, size_t batches, struct arena *a, struct notify_batch *ret,
		      struct err *e)
{
	OWNED_ROWS *rows = NULL;
	struct notify_batch b = { .rows = ARENA_ARRAY(a, batches, int64_t) };
	size_t cap = 0;
	int r = b.rows ? sql_query(s->sql,
				   "SELECT seq, ids FROM notify_queue ORDER BY seq LIMIT ?1",
				   SQL_ARGS(SQL_I(batches)), &rows, e)
		       : err_set(e, ENOBUFS, "notifications: memory budget spent");

	while (r >= 0 && (r = sql_next(rows, e)) > 0)
		r = take_row(rows, a, &b, &cap, e);
	if (r < 0)
		return r;
	*ret = b;
	return b.row_count != 0;
}

int notify_queue_drop(struct store *s, const struct notify_batch *b, struct err *e)
{
	int r = sql_begin(s->sql, e);

	/* One by one: a row in between may be another's that is not committed yet. */
	for (size_t i = 0; r >= 0 && i < b->row_count; i++)
		r = sql_do(s->sql, "DELETE FROM notify_queue WHERE seq = ?1",
			   SQL_ARGS(SQL_I(b->rows[i])), e);
	r = sql_end(s->sql, r, e);
	return MIN(r, 0);
}

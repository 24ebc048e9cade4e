#include "console/store/partition.h"

#include <inttypes.h>

void partition_say(const struct partition_table *t, int64_t day, const char *statement,
		   struct buf *out)
{
	static const str mark = { "{table}", sizeof("{table}") - 1 };

	for (str rest = str_from(statement); rest.n;) {
		size_t at = str_search(rest, mark);

		buf_add(out, str_take(rest, at));
		if (at < rest.n)
			buf_printf(out, "%s_%" PRId64, t->name, day);
		rest = at < rest.n ? str_skip(rest, at + mark.n) : (str){ NULL, 0 };
	}
}

static int say(struct sql *s, const struct partition_table *t, int64_t day, const char *statement,
	       struct err *e)
{
	OWNED_BUF text = BUF_INIT;

	partition_say(t, day, statement, &text);
	if (buf_error(&text) < 0)
		return err_set(e, ENOMEM, "no memory for a statement");
	return sql_script(s, buf_cstr(&text), e);
}

static int make_on_postgres(struct sql *s, const struct partition_table *t, int64_t day,
			    struct err *e)
{
	OWNED_BUF text = BUF_INIT;

	buf_printf(&text,
		   "CREATE TABLE IF NOT EXISTS %s (%s) PARTITION BY RANGE (%s);\n"
		   "CREATE TABLE IF NOT EXISTS %s_%" PRId64 " PARTITION OF %s"
		   " FOR VALUES FROM (%" PRId64 ") TO (%" PRId64 ")",
		   t->name, t->columns, t->key, t->name, day, t->name, t->low(day),
		   t->low(day + 1));
	if (buf_error(&text) < 0)
		return err_set(e, ENOMEM, "no memory for a statement");
	return sql_script(s, buf_cstr(&text), e);
}

int partition_make(struct sql *s, const struct partition_table *t, int64_t day, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int r;

	/* Two that make the same table at once would get in each other's way, IF NOT EXISTS or not. */
	r = sql_lock(s, "partition", e);
	if (r < 0)
		return r;
	if (sql_is_postgres(s)) {
		r = make_on_postgres(s, t, day, e);
	} else {
		buf_printf(&text, "CREATE TABLE IF NOT EXISTS {table} (%s)", t->columns);
		r = buf_error(&text) < 0 ? err_set(e, ENOMEM, "no memory for a statement")
					 : say(s, t, day, buf_cstr(&text), e);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(t->indexes) && t->indexes[i]; i++)
		r = say(s, t, day, t->indexes[i], e);
	return r;
}

static int add_on_postgres(struct sql *s, const struct partition_table *t, const char *column,
			   struct err *e)
{
	OWNED_BUF text = BUF_INIT;

	buf_printf(&text, "ALTER TABLE IF EXISTS %s ADD COLUMN IF NOT EXISTS %s", t->name, column);
	return buf_error(&text) < 0 ? err_set(e, ENOMEM, "no memory for a statement")
				    : sql_script(s, buf_cstr(&text), e);
}

/* Tables are named first: they do not change while a statement that reads their names goes on. */
static int add_on_sqlite(struct sql *s, const struct partition_table *t, const char *column,
			 struct err *e)
{
	str rest = str_from(column), name = str_cut(&rest, ' ');
	OWNED_ROWS *rows = NULL;
	OWNED_BUF text = BUF_INIT;
	int r = sql_query(s,
			  "SELECT name FROM sqlite_master t WHERE type = 'table' AND "
			  "name GLOB ?1 || '_[0-9]*' AND NOT EXISTS "
			  "(SELECT 1 FROM pragma_table_info(t.name) c WHERE c.name = ?2)",
			  SQL_ARGS(SQL_T(str_from(t->name)), SQL_T(name)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0)
		buf_printf(&text, "ALTER TABLE %.*s ADD COLUMN %s;\n", STR_ARG(sql_text(rows, 0)),
			   column);
	if (r == 0 && buf_error(&text) < 0)
		r = err_set(e, ENOMEM, "no memory for a statement");
	return r < 0 || !text.n ? r : sql_script(s, buf_cstr(&text), e);
}

int partition_add_column(struct sql *s, const struct partition_table *t, const char *column,
			 struct err *e)
{
	return sql_is_postgres(s) ? add_on_postgres(s, t, column, e)
				  : add_on_sqlite(s, t, column, e);
}

int partition_drop(struct sql *s, const struct partition_table *t, int64_t day, struct err *e)
{
	return say(s, t, day, "DROP TABLE IF EXISTS {table}", e);
}

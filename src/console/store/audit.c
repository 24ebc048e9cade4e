#include "console/store/audit.h"

#include "base/text.h"
#include "console/store/partition.h"

#define MAX_TEXT 1024

/* As the store will keep it, so that the hash is over what is read back: well-formed, no NUL, bounded, no secrets. */
static int clean(str in, struct arena *a, str *ret, struct err *e)
{
	OWNED_BUF safe = BUF_INIT, out = BUF_INIT;
	str rest = str_take(in, MAX_TEXT);

	while (rest.n) {
		str before = rest;
		uint32_t c = text_next(&rest);

		if (c == 0 || c == TEXT_ILL_FORMED)
			buf_add(&safe, S("\xEF\xBF\xBD"));
		else
			buf_add(&safe, str_take(before, before.n - rest.n));
	}
	audit_redact_text(buf_str(&safe), &out);
	*ret = arena_str(a, buf_str(&out));
	if (buf_error(&safe) || buf_error(&out) || !ret->p)
		return err_set(e, ENOBUFS, "audit log: memory budget spent");
	return 0;
}

static int redacted(str json, struct arena *a, str *ret, struct err *e)
{
	OWNED_BUF out = BUF_INIT;
	int r = audit_redact(json, a, &out, e);

	if (r < 0)
		return r;
	*ret = arena_str(a, buf_str(&out));
	return ret->p ? 0 : err_set(e, ENOBUFS, "audit log: memory budget spent");
}

static int prepare(const struct audit_entry *entry, struct arena *a, struct audit_entry *x,
		   struct err *e)
{
	const str *in[] = { &entry->name,   &entry->how,    &entry->address,
			    &entry->action, &entry->target, &entry->result };
	str *out[] = { &x->name, &x->how, &x->address, &x->action, &x->target, &x->result };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(in) && r == 0; i++)
		r = clean(*in[i], a, out[i], e);
	if (r == 0)
		r = redacted(entry->before, a, &x->before, e);
	if (r == 0)
		r = redacted(entry->after, a, &x->after, e);
	return r;
}

/* The day is the key: a clock that was set back does not put an entry in front of those written before it. */
static int64_t low_key(int64_t day)
{
	return day;
}

static const struct partition_table days = {
	.name = "audit_log",
	.columns = "id BIGINT NOT NULL, day BIGINT NOT NULL, time_ns BIGINT NOT NULL, user_id "
		   "BIGINT NOT NULL, "
		   "name {text} NOT NULL, how {text} NOT NULL, address {text} NOT NULL, action "
		   "{text} NOT NULL, "
		   "target {text} NOT NULL, result {text} NOT NULL, was {text} NOT NULL, became "
		   "{text} NOT NULL, "
		   "previous {text} NOT NULL, hash {text} NOT NULL",
	.key = "day",
	.low = low_key,
	.indexes = { "CREATE UNIQUE INDEX IF NOT EXISTS {table}_id ON {table} (id)" },
};

int audit_head_get(struct store *s, struct audit_head *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	struct audit_head out = { 0 };
	str hash;
	int r = sql_query(s->sql, "SELECT entry, hash, day FROM audit_head WHERE id = 1", SQL_NONE,
			  &rows, e);

	if (r == 0)
		r = sql_next(rows, e);
	if (r < 0)
		return r;
	memcpy(out.hash, audit_chain_start, sizeof(out.hash));
	if (r > 0) {
		hash = sql_text(rows, 1);
		if (hash.n != SHA256_HEX)
			return err_set(e, EUCLEAN, "audit log: its head is damaged");
		out.id = sql_int(rows, 0);
		out.day = sql_int(rows, 2);
		memcpy(out.hash, hash.p, SHA256_HEX);
	}
	*ret = out;
	return 0;
}

static int statement(const char *text, int64_t day, struct buf *out, struct err *e)
{
	partition_say(&days, day, text, out);
	buf_byte(out, '\0');
	return buf_error(out) ? err_set(e, ENOMEM, "no memory for a statement") : 0;
}

static int insert(struct store *s, const struct audit_entry *x, int64_t day, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int r = statement(
		"INSERT INTO {table} (id, day, time_ns, user_id, name, how, address, action, "
		"target, result, was, became, previous, hash) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
		day, &text, e);

	if (r == 0)
		r = sql_do(s->sql, text.p,
			   SQL_ARGS(SQL_I(x->id), SQL_I(day), SQL_I(x->time_ns), SQL_I(x->user),
				    SQL_T(x->name), SQL_T(x->how), SQL_T(x->address),
				    SQL_T(x->action), SQL_T(x->target), SQL_T(x->result),
				    SQL_T(x->before), SQL_T(x->after), SQL_T(str_from(x->previous)),
				    SQL_T(str_from(x->hash))),
			   e);
	return MIN(r, 0);
}

static int note(struct store *s, const struct audit_entry *x, int64_t day, struct err *e)
{
	int r = sql_do(s->sql,
		       "INSERT INTO audit_day (day, first, last) VALUES (?1, ?2, ?2) "
		       "ON CONFLICT (day) DO UPDATE SET last = ?2",
		       SQL_ARGS(SQL_I(day), SQL_I(x->id)), e);

	if (r >= 0)
		r = sql_do(s->sql,
			   "INSERT INTO audit_head (id, entry, hash, day) VALUES (1, ?1, ?2, ?3) "
			   "ON CONFLICT (id) DO UPDATE SET entry = ?1, hash = ?2, day = ?3",
			   SQL_ARGS(SQL_I(x->id), SQL_T(str_from(x->hash)), SQL_I(day)), e);
	return MIN(r, 0);
}

int audit_append(struct store *s, const struct audit_entry *entry, struct arena *a, struct err *e)
{
	struct audit_entry x = { .time_ns = entry->time_ns, .user = entry->user };
	struct audit_head head;
	int64_t day;
	int r = prepare(entry, a, &x, e);

	if (r == 0)
		r = sql_lock(s->sql, "audit", e);
	if (r == 0)
		r = audit_head_get(s, &head, e);
	if (r < 0)
		return r;
	day = MAX(x.time_ns / DAY_NS, head.day);
	x.id = head.id + 1;
	memcpy(x.previous, head.hash, sizeof(x.previous));
	r = audit_seal(&x, e);
	if (r == 0 && (head.id == 0 || day != head.day))
		r = partition_make(s->sql, &days, day, e);
	if (r == 0)
		r = insert(s, &x, day, e);
	return r < 0 ? r : note(s, &x, day, e);
}

#define COLUMNS \
	"id, time_ns, user_id, name, how, address, action, target, result, was, became, " \
	"previous, hash"

static int read_hash(struct sql_rows *rows, unsigned column, char ret[AUDIT_HASH_TEXT],
		     struct err *e)
{
	str hash = sql_text(rows, column);

	if (hash.n != SHA256_HEX)
		return err_set(e, EUCLEAN, "audit log: a row's hash is damaged");
	memcpy(ret, hash.p, SHA256_HEX);
	ret[SHA256_HEX] = '\0';
	return 0;
}

static int read_row(struct sql_rows *rows, struct arena *a, struct audit_entry *x, struct err *e)
{
	str *texts[] = { &x->name,   &x->how,    &x->address, &x->action,
			 &x->target, &x->result, &x->before,  &x->after };
	int r;

	*x = (struct audit_entry){ .id = sql_int(rows, 0),
				   .time_ns = sql_int(rows, 1),
				   .user = sql_int(rows, 2) };
	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		*texts[i] = sql_text_in(rows, 3 + i, a);
		if (!texts[i]->p)
			return err_set(e, ENOBUFS, "audit log: memory budget spent");
	}
	r = read_hash(rows, 11, x->previous, e);
	return r < 0 ? r : read_hash(rows, 12, x->hash, e);
}

/* Where entries that are asked for may be. */
struct day_list {
	int64_t *days;
	size_t count, cap;
};

static int list_days(struct store *s, const char *text, int64_t bound, int64_t since_day,
		     struct arena *a, struct day_list *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, text, SQL_ARGS(SQL_I(bound), SQL_I(since_day)), &rows, e);

	while (r >= 0 && (r = sql_next(rows, e)) > 0) {
		int64_t *at = ARENA_PUSH(a, ret->days, ret->count, ret->cap);

		if (!at)
			return err_set(e, ENOBUFS, "audit log: memory budget spent");
		*at = sql_int(rows, 0);
	}
	return r;
}

/* A page being gathered from one day after another. */
struct page {
	struct audit_entry *rows;
	size_t count, limit;
};

/* @param values the limit is the last of them, and set here */
static int read_day(struct store *s, const char *text, int64_t day, struct sql_value *values,
		    size_t count, struct arena *a, struct page *p, struct err *e)
{
	OWNED_BUF said = BUF_INIT;
	OWNED_ROWS *rows = NULL;
	int r = statement(text, day, &said, e);

	values[count - 1] = SQL_I(p->limit - p->count);
	if (r == 0)
		r = sql_query(s->sql, said.p, values, count, &rows, e);
	while (r >= 0 && (r = sql_next(rows, e)) > 0 && p->count < p->limit) {
		r = read_row(rows, a, &p->rows[p->count++], e);
		if (r < 0)
			return r;
	}
	return MIN(r, 0);
}

int audit_page(struct store *s, const struct audit_filter *f, int64_t below, size_t limit,
	       struct arena *a, struct audit_entry *ret, size_t *ret_count, struct err *e)
{
	struct sql_value values[] = {
		SQL_I(below ? below : INT64_MAX),
		SQL_I(f->since_ns),
		SQL_I(f->until_ns ? f->until_ns : INT64_MAX),
		SQL_T(f->user),
		SQL_T(f->action),
		SQL_T(f->target),
		SQL_T(f->actions),
		SQL_N,
	};
	struct page p = { .rows = ret, .limit = limit };
	struct day_list list = { 0 };
	int r = list_days(
		s, "SELECT day FROM audit_day WHERE first < ?1 AND day >= ?2 ORDER BY day DESC",
		values[0].integer, f->since_ns / DAY_NS, a, &list, e);

	for (size_t i = 0; r >= 0 && i < list.count && p.count < limit; i++)
		r = read_day(s,
			     "SELECT " COLUMNS
			     " FROM {table} WHERE id < ?1 AND time_ns >= ?2 AND time_ns < ?3 "
			     "AND (?4 = '' OR name = ?4) AND (substr(action, 1, length(?5)) = ?5 "
			     "OR replace(?7, '|' || action || '|', '') <> ?7) "
			     "AND substr(target, 1, length(?6)) = ?6 ORDER BY id DESC LIMIT ?8",
			     list.days[i], values, ARRAY_LEN(values), a, &p, e);
	if (r < 0)
		return r;
	*ret_count = p.count;
	return 0;
}

int audit_walk(struct store *s, int64_t above, size_t limit, struct arena *a,
	       struct audit_entry *ret, size_t *ret_count, struct err *e)
{
	struct sql_value values[] = { SQL_I(above), SQL_N };
	struct page p = { .rows = ret, .limit = limit };
	struct day_list list = { 0 };
	int r = list_days(s, "SELECT day FROM audit_day WHERE last > ?1 AND day >= ?2 ORDER BY day",
			  above, 0, a, &list, e);

	for (size_t i = 0; r >= 0 && i < list.count && p.count < limit; i++)
		r = read_day(s,
			     "SELECT " COLUMNS " FROM {table} WHERE id > ?1 ORDER BY id LIMIT ?2",
			     list.days[i], values, ARRAY_LEN(values), a, &p, e);
	if (r < 0)
		return r;
	*ret_count = p.count;
	return 0;
}

static int drop_oldest(struct store *s, int64_t before_day, struct err *e)
{
	struct audit_head head;
	int64_t day;
	int r = sql_lock(s->sql, "audit", e);

	if (r == 0)
		r = audit_head_get(s, &head, e);
	if (r == 0)
		r = sql_get_int(s->sql,
				"SELECT day FROM audit_day WHERE day < ?1 AND day < ?2 "
				"ORDER BY day LIMIT 1",
				SQL_ARGS(SQL_I(before_day), SQL_I(head.day)), &day, e);
	if (r <= 0)
		return r;
	r = partition_drop(s->sql, &days, day, e);
	if (r == 0)
		r = sql_do(s->sql, "DELETE FROM audit_day WHERE day = ?1", SQL_ARGS(SQL_I(day)), e);
	return r;
}

int audit_drop_days(struct store *s, int64_t before_ns, struct err *e)
{
	int dropped = 0, r;

	do {
		r = sql_begin(s->sql, e);
		if (r < 0)
			return r;
		r = sql_end(s->sql, drop_oldest(s, before_ns / DAY_NS, e), e);
		dropped += r > 0;
	} while (r > 0);
	return r < 0 ? r : dropped;
}

#include "console/store/audit.h"

#include "base/text.h"

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

int audit_head_get(struct sql *s, struct audit_head *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	struct audit_head out = { 0 };
	str hash;
	int r = sql_query(s, "SELECT entry, hash FROM audit_head WHERE id = 1", SQL_NONE, &rows, e);

	if (r == 0)
		r = sql_next(rows, e);
	if (r < 0)
		return r;
	memcpy(out.hash, audit_chain_start, sizeof(out.hash));
	if (r > 0) {
		hash = sql_text(rows, 1);
		if (hash.n != SHA256_HEX)
			return err_set(e, EBADMSG, "audit log: its head is damaged");
		out.id = sql_int(rows, 0);
		memcpy(out.hash, hash.p, SHA256_HEX);
	}
	*ret = out;
	return 0;
}

int audit_append(struct sql *s, const struct audit_entry *entry, struct arena *a, struct err *e)
{
	struct audit_entry x = { .time_ns = entry->time_ns, .user = entry->user };
	struct audit_head head;
	int r = prepare(entry, a, &x, e);

	if (r == 0)
		r = sql_lock(s, "audit", e);
	if (r == 0)
		r = audit_head_get(s, &head, e);
	if (r < 0)
		return r;
	x.id = head.id + 1;
	memcpy(x.previous, head.hash, sizeof(x.previous));
	r = audit_seal(&x, e);
	if (r < 0)
		return r;
	r = sql_do(
		s,
		"INSERT INTO audit_log (id, time_ns, user_id, name, how, address, action, target, "
		"result, was, became, previous, hash) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
		SQL_ARGS(SQL_I(x.id), SQL_I(x.time_ns), SQL_I(x.user), SQL_T(x.name), SQL_T(x.how),
			 SQL_T(x.address), SQL_T(x.action), SQL_T(x.target), SQL_T(x.result),
			 SQL_T(x.before), SQL_T(x.after), SQL_T(str_from(x.previous)),
			 SQL_T(str_from(x.hash))),
		e);
	if (r >= 0)
		r = sql_do(s,
			   "INSERT INTO audit_head (id, entry, hash) VALUES (1, ?1, ?2) "
			   "ON CONFLICT (id) DO UPDATE SET entry = ?1, hash = ?2",
			   SQL_ARGS(SQL_I(x.id), SQL_T(str_from(x.hash))), e);
	return MIN(r, 0);
}

#define COLUMNS \
	"id, time_ns, user_id, name, how, address, action, target, result, was, became, " \
	"previous, hash"

static int read_hash(struct sql_rows *rows, unsigned column, char ret[AUDIT_HASH_TEXT],
		     struct err *e)
{
	str hash = sql_text(rows, column);

	if (hash.n != SHA256_HEX)
		return err_set(e, EBADMSG, "audit log: a row's hash is damaged");
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

static int read_all(struct sql_rows *rows, size_t limit, struct arena *a, struct audit_entry *ret,
		    size_t *ret_count, struct err *e)
{
	size_t n = 0;
	int r;

	while ((r = sql_next(rows, e)) > 0 && n < limit) {
		r = read_row(rows, a, &ret[n++], e);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret_count = n;
	return 0;
}

int audit_page(struct sql *s, const struct audit_filter *f, int64_t below, size_t limit,
	       struct arena *a, struct audit_entry *ret, size_t *ret_count, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s,
			  "SELECT " COLUMNS
			  " FROM audit_log WHERE id < ?1 AND time_ns >= ?2 AND time_ns < ?3 "
			  "AND (?4 = '' OR name = ?4) AND substr(action, 1, length(?5)) = ?5 "
			  "AND substr(target, 1, length(?6)) = ?6 ORDER BY id DESC LIMIT ?7",
			  SQL_ARGS(SQL_I(below ? below : INT64_MAX), SQL_I(f->since_ns),
				   SQL_I(f->until_ns ? f->until_ns : INT64_MAX), SQL_T(f->user),
				   SQL_T(f->action), SQL_T(f->target), SQL_I(limit)),
			  &rows, e);

	return r < 0 ? r : read_all(rows, limit, a, ret, ret_count, e);
}

int audit_walk(struct sql *s, int64_t above, size_t limit, struct arena *a, struct audit_entry *ret,
	       size_t *ret_count, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s, "SELECT " COLUMNS " FROM audit_log WHERE id > ?1 ORDER BY id LIMIT ?2",
			  SQL_ARGS(SQL_I(above), SQL_I(limit)), &rows, e);

	return r < 0 ? r : read_all(rows, limit, a, ret, ret_count, e);
}

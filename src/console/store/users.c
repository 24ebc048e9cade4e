#include "console/store/users.h"

#include "console/sql/sql_where.h"

#define COLUMNS \
	"id, name, display, source, subject, password, former, totp, totp_on, must_change, " \
	"disabled, created_ns, password_ns, signed_in_ns"

static int read_row(struct sql_rows *r, struct arena *a, struct user *u, struct err *e)
{
	*u = (struct user){
		.id = sql_int(r, 0),
		.name = sql_text_in(r, 1, a),
		.display = sql_text_in(r, 2, a),
		.source = sql_text_in(r, 3, a),
		.subject = sql_text_in(r, 4, a),
		.password = sql_text_in(r, 5, a),
		.former = sql_text_in(r, 6, a),
		.totp = sql_blob_in(r, 7, a),
		.totp_on = sql_int(r, 8) != 0,
		.must_change = sql_int(r, 9) != 0,
		.disabled = sql_int(r, 10) != 0,
		.created_ns = sql_int(r, 11),
		.password_ns = sql_int(r, 12),
		.signed_in_ns = sql_int(r, 13),
	};
	if (!u->name.p || !u->display.p || !u->source.p || !u->subject.p || !u->password.p ||
	    !u->former.p || !u->totp.p)
		return err_set(e, ENOBUFS, "users: memory budget spent");
	return 0;
}

static int read_roles(struct sql *s, struct user *u, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s, "SELECT role FROM user_role WHERE user_id = ?1 ORDER BY role",
			  SQL_ARGS(SQL_I(u->id)), &rows, e);

	if (r < 0)
		return r;
	while ((r = sql_next(rows, e)) > 0 && u->role_count < USER_MAX_ROLES)
		u->roles[u->role_count++] = sql_int(rows, 0);
	return MIN(r, 0);
}

static int read_one(struct sql *s, const char *statement, const struct sql_value *values,
		    size_t count, struct arena *a, struct user *ret, struct err *e)
{
	struct user u;
	struct sql_rows *rows;
	int r = sql_query(s, statement, values, count, &rows, e);

	if (r < 0)
		return r;
	r = sql_next(rows, e);
	if (r == 0)
		r = err_set(e, ENOENT, "there is no such user");
	else if (r > 0)
		r = read_row(rows, a, &u, e);
	sql_rows_done(rows);
	if (r == 0)
		r = read_roles(s, &u, e);
	if (r < 0)
		return r;
	*ret = u;
	return 0;
}

int users_get(struct sql *s, int64_t id, struct arena *a, struct user *ret, struct err *e)
{
	return read_one(s, "SELECT " COLUMNS " FROM users WHERE id = ?1", SQL_ARGS(SQL_I(id)), a,
			ret, e);
}

int users_find(struct sql *s, str name, struct arena *a, struct user *ret, struct err *e)
{
	return read_one(s, "SELECT " COLUMNS " FROM users WHERE name = ?1", SQL_ARGS(SQL_T(name)),
			a, ret, e);
}

int users_find_subject(struct sql *s, str source, str subject, struct arena *a, struct user *ret,
		       struct err *e)
{
	return read_one(s, "SELECT " COLUMNS " FROM users WHERE source = ?1 AND subject = ?2",
			SQL_ARGS(SQL_T(source), SQL_T(subject)), a, ret, e);
}

struct page {
	struct arena *arena;
	struct user *users;
	size_t count;
};

static int take_user(void *ctx, struct sql_rows *rows, struct err *e)
{
	struct page *p = ctx;
	int r = read_row(rows, p->arena, &p->users[p->count], e);

	p->count += r == 0;
	return r < 0 ? r : 1;
}

int users_page(struct sql *s, int64_t after, str words, size_t limit, struct arena *a,
	       struct user *ret, size_t *ret_count, struct err *e)
{
	struct page p = { .arena = a, .users = ret };
	struct sql_where w = { 0 };
	int r;

	SQL_WHERE(&w, "SELECT " COLUMNS " FROM users WHERE id > ?", SQL_I(after));
	sql_where_words(&w, "name display", words);
	SQL_WHERE(&w, " ORDER BY id LIMIT ?", SQL_I((int64_t)limit));
	r = sql_where_each(s, &w, take_user, &p, e);
	for (size_t i = 0; i < p.count && r >= 0; i++)
		r = read_roles(s, &ret[i], e);
	if (r < 0)
		return r;
	*ret_count = p.count;
	return 0;
}

int users_count(struct sql *s, int64_t *ret, struct err *e)
{
	int r = sql_get_int(s, "SELECT COUNT(*) FROM users", SQL_NONE, ret, e);

	return MIN(r, 0);
}

int users_add(struct sql *s, const struct user *u, int64_t *ret, struct err *e)
{
	int r = sql_get_int(
		s,
		"INSERT INTO users (name, display, source, subject, password, former, totp, "
		"totp_on, "
		"totp_step, must_change, disabled, created_ns, password_ns, signed_in_ns) "
		"VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, 0, 0, ?7, ?8, ?9, ?10, 0) RETURNING id",
		SQL_ARGS(SQL_T(u->name), SQL_T(u->display), SQL_T(u->source), SQL_T(u->subject),
			 SQL_T(u->password), SQL_B(S("")), SQL_I(u->must_change),
			 SQL_I(u->disabled), SQL_I(u->created_ns), SQL_I(u->password_ns)),
		ret, e);

	if (r == -EEXIST)
		return err_set(e, EEXIST, "there is a user '%.*s' already",
			       STR_ARG(str_take(u->name, USER_NAME_BYTES)));
	return MIN(r, 0);
}

/* A change of one row; none is no such user. */
static int change(struct sql *s, const char *statement, const struct sql_value *values,
		  size_t count, struct err *e)
{
	int r = sql_do(s, statement, values, count, e);

	return r == 0 ? err_set(e, ENOENT, "there is no such user") : MIN(r, 0);
}

int users_set_profile(struct sql *s, int64_t id, str display, bool disabled, struct err *e)
{
	return change(s, "UPDATE users SET display = ?2, disabled = ?3 WHERE id = ?1",
		      SQL_ARGS(SQL_I(id), SQL_T(display), SQL_I(disabled)), e);
}

int users_set_password(struct sql *s, int64_t id, str hash, str former, bool must_change,
		       int64_t now_ns, struct err *e)
{
	return change(
		s,
		"UPDATE users SET password = ?2, former = ?3, must_change = ?4, "
		"password_ns = ?5 WHERE id = ?1",
		SQL_ARGS(SQL_I(id), SQL_T(hash), SQL_T(former), SQL_I(must_change), SQL_I(now_ns)),
		e);
}

int users_rehash(struct sql *s, int64_t id, str hash, struct err *e)
{
	return change(s, "UPDATE users SET password = ?2 WHERE id = ?1",
		      SQL_ARGS(SQL_I(id), SQL_T(hash)), e);
}

int users_set_totp(struct sql *s, int64_t id, str secret, struct err *e)
{
	int r = sql_do(s, "DELETE FROM user_recovery WHERE user_id = ?1", SQL_ARGS(SQL_I(id)), e);

	if (r < 0)
		return r;
	return change(s, "UPDATE users SET totp = ?2, totp_on = 0, totp_step = 0 WHERE id = ?1",
		      SQL_ARGS(SQL_I(id), SQL_B(secret)), e);
}

int users_confirm_totp(struct sql *s, int64_t id, struct err *e)
{
	return change(s, "UPDATE users SET totp_on = 1 WHERE id = ?1", SQL_ARGS(SQL_I(id)), e);
}

int users_find_totp(struct sql *s, size_t n, struct arena *a, struct user *ret, struct err *e)
{
	return read_one(s, "SELECT " COLUMNS " FROM users WHERE length(totp) = ?1 LIMIT 1",
			SQL_ARGS(SQL_I(n)), a, ret, e);
}

int users_rewrite_totp(struct sql *s, int64_t id, str was, str now, struct err *e)
{
	return sql_do(s, "UPDATE users SET totp = ?3 WHERE id = ?1 AND totp = ?2",
		      SQL_ARGS(SQL_I(id), SQL_B(was), SQL_B(now)), e);
}

int users_note_sign_in(struct sql *s, int64_t id, int64_t now_ns, struct err *e)
{
	return change(s, "UPDATE users SET signed_in_ns = ?2 WHERE id = ?1",
		      SQL_ARGS(SQL_I(id), SQL_I(now_ns)), e);
}

int users_delete(struct sql *s, int64_t id, struct err *e)
{
	return change(s, "DELETE FROM users WHERE id = ?1", SQL_ARGS(SQL_I(id)), e);
}

int users_totp_step(struct sql *s, int64_t id, uint64_t *ret, struct err *e)
{
	int64_t step = 0;
	int r = sql_get_int(s, "SELECT totp_step FROM users WHERE id = ?1", SQL_ARGS(SQL_I(id)),
			    &step, e);

	if (r < 0)
		return r;
	*ret = (uint64_t)step;
	return 0;
}

int users_take_totp_step(struct sql *s, int64_t id, uint64_t step, struct err *e)
{
	int r = sql_do(s, "UPDATE users SET totp_step = ?2 WHERE id = ?1 AND totp_step < ?2",
		       SQL_ARGS(SQL_I(id), SQL_I(step)), e);

	return r == 0 ? err_set(e, EACCES, "the code was used before") : MIN(r, 0);
}

int users_set_recovery(struct sql *s, int64_t id, const str *hashes, size_t count, struct err *e)
{
	int r = sql_do(s, "DELETE FROM user_recovery WHERE user_id = ?1", SQL_ARGS(SQL_I(id)), e);

	for (size_t i = 0; i < count && r >= 0; i++)
		r = sql_do(s, "INSERT INTO user_recovery (user_id, hash) VALUES (?1, ?2)",
			   SQL_ARGS(SQL_I(id), SQL_T(hashes[i])), e);
	return MIN(r, 0);
}

int users_take_recovery(struct sql *s, int64_t id, str hash, struct err *e)
{
	int r = sql_do(s, "DELETE FROM user_recovery WHERE user_id = ?1 AND hash = ?2",
		       SQL_ARGS(SQL_I(id), SQL_T(hash)), e);

	return r == 0 ? err_set(e, EACCES, "there is no such code of recovery") : MIN(r, 0);
}

int users_set_roles(struct sql *s, int64_t id, const int64_t *roles, size_t count, struct err *e)
{
	int r = sql_do(s, "DELETE FROM user_role WHERE user_id = ?1", SQL_ARGS(SQL_I(id)), e);

	for (size_t i = 0; i < count && r >= 0; i++)
		r = sql_do(s,
			   "INSERT INTO user_role (user_id, role) VALUES (?1, ?2) "
			   "ON CONFLICT (user_id, role) DO NOTHING",
			   SQL_ARGS(SQL_I(id), SQL_I(roles[i])), e);
	if (r == -ENOENT)
		return err_set(e, ENOENT, "there is no such role or user");
	return MIN(r, 0);
}

int users_able(struct sql *s, uint64_t permissions, uint64_t without, int64_t *ret, struct err *e)
{
	int r = sql_get_int(s,
			    "SELECT COUNT(DISTINCT users.id) FROM users "
			    "JOIN user_role ON user_role.user_id = users.id "
			    "JOIN roles ON roles.id = user_role.role "
			    "WHERE users.disabled = 0 AND roles.scope = '' "
			    "AND (roles.permissions & ?1) = ?1 AND (roles.permissions & ?2) = 0",
			    SQL_ARGS(SQL_I(permissions), SQL_I(without)), ret, e);

	return MIN(r, 0);
}

bool user_name_normal(str typed, char ret[USER_NAME_BYTES + 1])
{
	typed = str_trim(typed);
	if (!typed.n || typed.n > USER_NAME_BYTES)
		return false;
	for (size_t i = 0; i < typed.n; i++) {
		char c = typed.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    !(i && c && strchr("._-@+", c)))
			return false;
		ret[i] = c;
	}
	ret[typed.n] = '\0';
	return true;
}

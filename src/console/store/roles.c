#include "console/store/roles.h"

#define COLUMNS \
	"roles.id, roles.name, roles.description, roles.built_in, roles.permissions, " \
	"roles.scope, " \
	"roles.groups_in"

static int read_row(struct sql_rows *rows, struct arena *a, struct role *r, struct err *e)
{
	*r = (struct role){
		.id = sql_int(rows, 0),
		.name = sql_text_in(rows, 1, a),
		.description = sql_text_in(rows, 2, a),
		.built_in = sql_int(rows, 3) != 0,
		.permissions = (uint64_t)sql_int(rows, 4),
		.scope = sql_text_in(rows, 5, a),
		.groups = sql_text_in(rows, 6, a),
	};
	if (!r->name.p || !r->description.p || !r->scope.p || !r->groups.p)
		return err_set(e, ENOBUFS, "roles: memory budget spent");
	return 0;
}

static int read_all(struct sql *s, const char *statement, const struct sql_value *values,
		    size_t count, struct arena *a, struct role **ret, size_t *ret_count,
		    struct err *e)
{
	struct role *roles = NULL;
	size_t n = 0, cap = 0;
	struct sql_rows *rows;
	int r = sql_query(s, statement, values, count, &rows, e);

	if (r < 0)
		return r;
	while ((r = sql_next(rows, e)) > 0) {
		struct role *at = ARENA_PUSH(a, roles, n, cap);

		r = at ? read_row(rows, a, at, e)
		       : err_set(e, ENOBUFS, "roles: memory budget spent");
		if (r < 0)
			break;
	}
	sql_rows_done(rows);
	if (r < 0)
		return r;
	*ret = roles;
	*ret_count = n;
	return 0;
}

static int read_one(struct sql *s, const char *statement, const struct sql_value *values,
		    size_t count, struct arena *a, struct role *ret, struct err *e)
{
	struct role *roles;
	size_t n;
	int r = read_all(s, statement, values, count, a, &roles, &n, e);

	if (r < 0)
		return r;
	if (n == 0)
		return err_set(e, ENOENT, "there is no such role");
	*ret = roles[0];
	return 0;
}

int roles_get(struct sql *s, int64_t id, struct arena *a, struct role *ret, struct err *e)
{
	return read_one(s, "SELECT " COLUMNS " FROM roles WHERE id = ?1", SQL_ARGS(SQL_I(id)), a,
			ret, e);
}

int roles_find(struct sql *s, str name, struct arena *a, struct role *ret, struct err *e)
{
	return read_one(s, "SELECT " COLUMNS " FROM roles WHERE name = ?1", SQL_ARGS(SQL_T(name)),
			a, ret, e);
}

int roles_list(struct sql *s, struct arena *a, struct role **ret, size_t *ret_count, struct err *e)
{
	return read_all(s, "SELECT " COLUMNS " FROM roles ORDER BY id LIMIT ?1",
			SQL_ARGS(SQL_I(ROLES_MAX)), a, ret, ret_count, e);
}

int roles_of_user(struct sql *s, int64_t user, struct arena *a, struct role **ret,
		  size_t *ret_count, struct err *e)
{
	return read_all(s,
			"SELECT " COLUMNS " FROM user_role JOIN roles ON roles.id = user_role.role "
			"WHERE user_role.user_id = ?1 ORDER BY roles.id",
			SQL_ARGS(SQL_I(user)), a, ret, ret_count, e);
}

static int name_taken(int r, str name, struct err *e)
{
	return r == -EEXIST ? err_set(e, EEXIST, "there is a role '%.*s' already",
				      STR_ARG(str_take(name, ROLE_NAME_BYTES)))
			    : r;
}

int roles_add(struct sql *s, const struct role *r, int64_t *ret, struct err *e)
{
	int n = sql_get_int(
		s,
		"INSERT INTO roles (name, description, built_in, permissions, scope, groups_in) "
		"VALUES (?1, ?2, 0, ?3, ?4, ?5) RETURNING id",
		SQL_ARGS(SQL_T(r->name), SQL_T(r->description), SQL_I(r->permissions),
			 SQL_T(r->scope), SQL_T(r->groups)),
		ret, e);

	return name_taken(MIN(n, 0), r->name, e);
}

int roles_put_built_in(struct sql *s, const struct role *r, struct err *e)
{
	int n = sql_do(
		s,
		"INSERT INTO roles (name, description, built_in, permissions, scope, groups_in) "
		"VALUES (?1, ?2, 1, ?3, '', '') ON CONFLICT (name) DO UPDATE SET "
		"description = ?2, built_in = 1, permissions = ?3, scope = ''",
		SQL_ARGS(SQL_T(r->name), SQL_T(r->description), SQL_I(r->permissions)), e);

	return MIN(n, 0);
}

/* Tells a role that is not there from one that must stay. */
static int why_not(struct sql *s, int64_t id, struct err *e)
{
	int64_t built_in;
	int r = sql_get_int(s, "SELECT built_in FROM roles WHERE id = ?1", SQL_ARGS(SQL_I(id)),
			    &built_in, e);

	if (r < 0)
		return r;
	return r == 0 ? err_set(e, ENOENT, "there is no such role")
		      : err_set(e, EACCES, "a built-in role stays as it is");
}

int roles_change(struct sql *s, const struct role *r, struct err *e)
{
	int n = sql_do(
		s,
		"UPDATE roles SET name = ?2, description = ?3, permissions = ?4, scope = ?5, "
		"groups_in = ?6 WHERE id = ?1 AND built_in = 0",
		SQL_ARGS(SQL_I(r->id), SQL_T(r->name), SQL_T(r->description), SQL_I(r->permissions),
			 SQL_T(r->scope), SQL_T(r->groups)),
		e);

	return n == 0 ? why_not(s, r->id, e) : name_taken(MIN(n, 0), r->name, e);
}

int roles_set_groups(struct sql *s, int64_t id, str groups, struct err *e)
{
	int n = sql_do(s, "UPDATE roles SET groups_in = ?2 WHERE id = ?1",
		       SQL_ARGS(SQL_I(id), SQL_T(groups)), e);

	return n == 0 ? err_set(e, ENOENT, "there is no such role") : MIN(n, 0);
}

int roles_delete(struct sql *s, int64_t id, struct err *e)
{
	int n = sql_do(s, "DELETE FROM roles WHERE id = ?1 AND built_in = 0", SQL_ARGS(SQL_I(id)),
		       e);

	return n == 0 ? why_not(s, id, e) : MIN(n, 0);
}

#include <stdio.h>

#include "codec/mac.h"
#include "console/access/account.h"
#include "console/api/dispatch.h"
#include "console/api/user_json.h"
#include "console/store/sessions.h"
#include "console/store/store.h"

int api_users_list(struct call *c, struct err *e)
{
	struct user *users = ARENA_ARRAY(c->arena, c->limit, struct user);
	struct role_names names;
	int64_t after;
	size_t count;
	int r = users ? cursor_read(c->cursor, &after, e)
		      : err_set(e, ENOBUFS, "the answer does not fit in memory");

	if (r == 0)
		r = role_names_read(c, &names, e);
	if (r == 0)
		r = users_page(c->store->sql, after, call_query(c, "q"), c->limit, c->arena, users,
			       &count, e);
	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < count; i++)
		user_json(&c->json, &users[i], &names);
	return cursor_close(c, count, count ? users[count - 1].id : 0, e);
}

static int read_user(struct call *c, struct user *ret, struct role_names *ret_names, struct err *e)
{
	int64_t id;
	int r = call_number(c->id, &id, e);

	if (r == 0)
		r = users_get(c->store->sql, id, c->arena, ret, e);
	return r < 0 ? r : role_names_read(c, ret_names, e);
}

int api_user_get(struct call *c, struct err *e)
{
	struct role_names names;
	struct user u;
	int r = read_user(c, &u, &names, e);

	if (r == 0)
		user_json(&c->json, &u, &names);
	return r;
}

int api_user_add(struct call *c, struct err *e)
{
	struct account_new n = {
		.name = value_get_str(&c->body, "name"),
		.display = value_get_str(&c->body, "displayName"),
		.password = value_get_str(&c->body, "password"),
	};
	char password[PASSWORD_RANDOM_BYTES];
	struct role_names names;
	struct user u;
	str *roles;
	int r = texts_read(c, value_get(&c->body, "roles"), &roles, &n.role_count, e);

	c->audit_target = n.name;
	n.roles = roles;
	if (r == 0)
		r = account_add(c->api->access, c->store->sql, &c->who, &n, c->now_ns, c->arena, &u,
				password, e);
	if (r == 0)
		r = role_names_read(c, &names, e);
	if (r < 0)
		return r;
	c->audit_after = user_audit(c, &u, &names);
	json_object_open(&c->json);
	json_key(&c->json, "user");
	user_json(&c->json, &u, &names);
	json_opt_str(&c->json, "password", str_from(password));
	json_object_close(&c->json);
	secret_wipe(password, sizeof(password));
	return 0;
}

static int read_change(struct call *c, struct account_change *ret, struct err *e)
{
	const struct value *roles = value_get(&c->body, "roles"),
			   *totp = value_get(&c->body, "totp");
	struct account_change x = {
		.set_display = value_get(&c->body, "displayName") != NULL,
		.set_disabled = value_get(&c->body, "disabled") != NULL,
		.set_roles = roles != NULL,
		.set_password = value_get(&c->body, "password") != NULL,
		.drop_totp = totp != NULL,
		.display = value_get_str(&c->body, "displayName"),
		.disabled = value_is_true(value_get(&c->body, "disabled")),
		.password = value_get_str(&c->body, "password"),
	};
	str *names;
	int r = texts_read(c, roles, &names, &x.role_count, e);

	if (r < 0)
		return r;
	if (totp && value_is_true(totp))
		return err_set(e, EINVAL, "a second factor is begun by the user alone");
	x.roles = names;
	*ret = x;
	return 0;
}

int api_user_change(struct call *c, struct err *e)
{
	struct role_names names;
	struct account_change x;
	struct user before, u;
	int r = read_user(c, &before, &names, e);

	if (r == 0)
		r = read_change(c, &x, e);
	if (r < 0)
		return r;
	c->audit_target = before.name;
	c->audit_before = user_audit(c, &before, &names);
	r = account_alter(c->api->access, c->store->sql, &c->who, before.id, &x, c->now_ns,
			  c->arena, &u, e);
	if (r < 0)
		return r;
	c->audit_after = user_audit(c, &u, &names);
	user_json(&c->json, &u, &names);
	return 0;
}

int api_user_delete(struct call *c, struct err *e)
{
	struct role_names names;
	struct user u;
	int r = read_user(c, &u, &names, e);

	if (r < 0)
		return r;
	c->audit_target = u.name;
	c->audit_before = user_audit(c, &u, &names);
	return account_delete(c->api->access, c->store->sql, &c->who, u.id, c->arena, e);
}

int api_user_sessions_close(struct call *c, struct err *e)
{
	struct role_names names;
	struct user u;
	int r = read_user(c, &u, &names, e);

	if (r < 0)
		return r;
	c->audit_target = u.name;
	if (u.id != c->who.user)
		r = account_check_reach(c->api->access, c->store->sql, &c->who, &u, c->arena, e);
	return r < 0 ? r : sql_no_count(session_end_all(c->store->sql, u.id, &c->who, e));
}

#include <stdio.h>

#include "console/access/account.h"
#include "console/api/dispatch.h"
#include "console/api/user_json.h"
#include "console/store/store.h"

/* Lines of a column as an array. */
static void lines_json(struct json_out *j, const char *key, str lines)
{
	json_key(j, key);
	json_array_open(j);
	while (lines.n) {
		str line = str_trim(str_line(&lines));

		if (line.n)
			json_str(j, line);
	}
	json_array_close(j);
}

static const char *built_in_zh(str role)
{
#define X(role_name, bits, separate, en, zh) { role_name, zh },
	static const struct {
		const char *name, *zh;
	} rows[] = {
#include "console/access/built_in_role.def"
	};
#undef X

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_is(role, rows[i].name))
			return rows[i].zh;
	return "";
}

static void role_json(struct json_out *j, const struct role *r)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)r->id);
	json_object_open(j);
	json_put_cstr(j, "id", id);
	json_put_str(j, "name", r->name);
	json_put_str(j, "description", r->description);
	if (r->built_in)
		json_opt_str(j, "descriptionZh", str_from(built_in_zh(r->name)));
	json_put_bool(j, "builtIn", r->built_in);
	permissions_json(j, "permissions", r->permissions);
	lines_json(j, "scope", r->scope);
	lines_json(j, "groups", r->groups);
	json_object_close(j);
}

static str role_audit(struct call *c, const struct role *r)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, false);
	role_json(&j, r);
	return buf_error(&out) ? (str){ 0 } : arena_str(c->arena, buf_str(&out));
}

/* An array as lines of a column; a line break in a text would make two of it. */
static int lines_read(struct call *c, const char *name, str *ret, struct err *e)
{
	OWNED_BUF out = BUF_INIT;

	VALUE_EACH (item, value_get(&c->body, name)) {
		str line = str_trim(value_str(item));

		if (str_find(line, '\n') != line.n || str_find(line, '\r') != line.n)
			return err_set(e, EINVAL, "%s: a line break", name);
		buf_add(&out, line);
		buf_byte(&out, '\n');
	}
	*ret = arena_str(c->arena, str_trim(buf_str(&out)));
	if (buf_error(&out) || !ret->p)
		return err_set(e, ENOBUFS, "the request does not fit in memory");
	return 0;
}

static int read_body(struct call *c, struct role *r, struct err *e)
{
	int n = permissions_read(value_get(&c->body, "permissions"), &r->permissions, e);

	r->name = str_trim(value_get_str(&c->body, "name"));
	r->description = value_get_str(&c->body, "description");
	if (n == 0)
		n = lines_read(c, "scope", &r->scope, e);
	if (n == 0)
		n = lines_read(c, "groups", &r->groups, e);
	return n < 0 ? n : account_check_role(c->api->access, &c->who, r, c->arena, e);
}

static int read_role(struct call *c, struct role *ret, struct err *e)
{
	int64_t id;
	int r = call_number(c->id, &id, e);

	return r < 0 ? r : roles_get(c->store->sql, id, c->arena, ret, e);
}

int api_roles_list(struct call *c, struct err *e)
{
	struct role_names all;
	int64_t after, last = 0;
	size_t n = 0;
	int r = cursor_read(c->cursor, &after, e);

	if (r == 0)
		r = role_names_read(c, &all, e);
	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < all.count && n < c->limit; i++)
		if (all.roles[i].id > after) {
			role_json(&c->json, &all.roles[i]);
			last = all.roles[i].id;
			n++;
		}
	return cursor_close(c, n, last, e);
}

int api_role_get(struct call *c, struct err *e)
{
	struct role role;
	int r = read_role(c, &role, e);

	if (r == 0)
		role_json(&c->json, &role);
	return r;
}

int api_role_add(struct call *c, struct err *e)
{
	struct role role = { 0 };
	int r = read_body(c, &role, e);

	c->audit_target = role.name;
	if (r == 0)
		r = roles_add(c->store->sql, &role, &role.id, e);
	if (r < 0)
		return r;
	c->audit_after = role_audit(c, &role);
	role_json(&c->json, &role);
	return 0;
}

int api_role_change(struct call *c, struct err *e)
{
	struct role before, role = { 0 };
	int r = read_role(c, &before, e);

	if (r < 0)
		return r;
	c->audit_target = before.name;
	c->audit_before = role_audit(c, &before);
	r = read_body(c, &role, e);
	if (r == 0)
		/* Who may less than a role does not change it either. */
		r = account_may_give(c->api->access, &c->who, &before, e);
	if (r < 0)
		return r;
	role.id = before.id;
	if (before.built_in) {
		before.groups = role.groups;
		role = before;
		r = roles_set_groups(c->store->sql, role.id, role.groups, e);
	} else {
		r = roles_change(c->store->sql, &role, e);
	}
	if (r == 0)
		r = account_check_governed(c->store->sql, e);
	if (r < 0)
		return r;
	c->audit_after = role_audit(c, &role);
	role_json(&c->json, &role);
	return 0;
}

int api_role_delete(struct call *c, struct err *e)
{
	struct role role;
	int r = read_role(c, &role, e);

	if (r < 0)
		return r;
	c->audit_target = role.name;
	c->audit_before = role_audit(c, &role);
	r = account_may_give(c->api->access, &c->who, &role, e);
	if (r == 0)
		r = roles_delete(c->store->sql, role.id, e);
	return r < 0 ? r : account_check_governed(c->store->sql, e);
}

int api_permissions_list(struct call *c, struct err *e)
{
	static const char *const duties[] = { "any", "system", "security", "audit" };
	static const char *const reaches[] = { [REACH_PLACES] = "places", [REACH_FLEET] = "fleet" };

	(void)e;
	call_page_open(c);
	for (enum permission p = 0; p < PERMISSION_COUNT; p++) {
		const struct permission_row *row = permission_row(p);

		json_object_open(&c->json);
		json_put_cstr(&c->json, "name", row->name);
		json_put_cstr(&c->json, "duty", duties[row->duty]);
		json_put_cstr(&c->json, "reach", reaches[row->reach]);
		json_put_cstr(&c->json, "what", row->what.en);
		json_put_cstr(&c->json, "whatZh", row->what.zh);
		json_object_close(&c->json);
	}
	call_page_close(c, (str){ 0 }, PERMISSION_COUNT);
	return 0;
}

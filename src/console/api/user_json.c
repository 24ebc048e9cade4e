#include "console/api/user_json.h"

#include <stdio.h>

#include "console/access/permission.h"
#include "console/store/store.h"

int role_names_read(struct call *c, struct role_names *ret, struct err *e)
{
	return roles_list(c->store->sql, c->arena, &ret->roles, &ret->count, e);
}

static str name_of(const struct role_names *names, int64_t id)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->roles[i].id == id)
			return names->roles[i].name;
	return (str){ 0 };
}

void user_json(struct json_out *j, const struct user *u, const struct role_names *names)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)u->id);
	json_object_open(j);
	json_put_cstr(j, "id", id);
	json_put_str(j, "name", u->name);
	json_put_str(j, "displayName", u->display);
	json_key(j, "roles");
	json_array_open(j);
	for (size_t i = 0; i < u->role_count; i++)
		json_str(j, name_of(names, u->roles[i]));
	json_array_close(j);
	json_put_str(j, "source", u->source);
	json_put_bool(j, "disabled", u->disabled);
	call_put_time(j, "lastSignIn", u->signed_in_ns);
	json_put_bool(j, "totp", u->totp_on);
	json_put_bool(j, "mustChangePassword", u->must_change);
	json_object_close(j);
}

str user_audit(struct call *c, const struct user *u, const struct role_names *names)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, false);
	user_json(&j, u, names);
	return buf_error(&out) ? (str){ 0 } : arena_str(c->arena, buf_str(&out));
}

void permissions_json(struct json_out *j, const char *key, uint64_t permissions)
{
	json_key(j, key);
	json_array_open(j);
	for (enum permission p = 0; p < PERMISSION_COUNT; p++)
		if (permissions & PERMISSION_BIT(p))
			json_cstr(j, permission_row(p)->name);
	json_array_close(j);
}

int texts_read(struct call *c, const struct value *list, str **ret, size_t *ret_count,
	       struct err *e)
{
	size_t n = 0;
	str *texts = ARENA_ARRAY(c->arena, list ? list->count : 0, str);

	if (!texts)
		return err_set(e, ENOBUFS, "the request does not fit in memory");
	VALUE_EACH (item, list)
		texts[n++] = value_str(item);
	*ret = texts;
	*ret_count = n;
	return 0;
}

int permissions_read(const struct value *list, uint64_t *ret, struct err *e)
{
	uint64_t out = 0;

	VALUE_EACH (item, list) {
		enum permission p;
		int r = permission_find(value_str(item), &p, e);

		if (r < 0)
			return err_wrap(e, -EINVAL, "permissions");
		out |= PERMISSION_BIT(p);
	}
	*ret = out;
	return 0;
}

int cursor_read(str cursor, int64_t *ret, struct err *e)
{
	uint64_t n = 0;

	if (cursor.n && (str_u64(cursor, &n) < 0 || n > INT64_MAX))
		return err_set(e, EINVAL, "this is no cursor of this list");
	*ret = (int64_t)n;
	return 0;
}

int cursor_close(struct call *c, size_t count, int64_t last, struct err *e)
{
	str next = { 0 };

	if (count == c->limit) {
		next = arena_printf(c->arena, "%lld", (long long)last);
		if (!next.p)
			return err_set(e, ENOBUFS, "the answer does not fit in memory");
	}
	call_page_close(c, next, -1);
	return 0;
}

#include <stdio.h>

#include "codec/mac.h"
#include "console/access/account.h"
#include "console/api/dispatch.h"
#include "console/api/user_json.h"
#include "console/store/sessions.h"
#include "console/store/store.h"

static void token_json(struct json_out *j, const struct token_row *t, str user)
{
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)t->id);
	json_object_open(j);
	json_put_cstr(j, "id", id);
	json_put_str(j, "name", t->name);
	json_put_str(j, "hint", t->hint);
	json_put_str(j, "user", user);
	permissions_json(j, "permissions", t->permissions);
	call_put_time(j, "created", t->created_ns);
	call_put_time(j, "expires", t->expires_ns);
	call_put_time(j, "lastUsed", t->used_ns);
	json_object_close(j);
}

static str token_audit(struct call *c, const struct token_row *t, str user)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, false);
	token_json(&j, t, user);
	return buf_error(&out) ? (str){ 0 } : arena_str(c->arena, buf_str(&out));
}

static int list_of(struct call *c, int64_t user, str name, struct err *e)
{
	struct token_row *rows = ARENA_ARRAY(c->arena, c->limit, struct token_row);
	int64_t after;
	size_t count;
	int r = rows ? cursor_read(c->cursor, &after, e)
		     : err_set(e, ENOBUFS, "the answer does not fit in memory");

	if (r == 0)
		r = tokens_page(c->store->sql, user, after, c->limit, c->arena, rows, &count, e);
	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < count; i++)
		token_json(&c->json, &rows[i], name);
	return cursor_close(c, count, count ? rows[count - 1].id : 0, e);
}

int api_tokens_list(struct call *c, struct err *e)
{
	return list_of(c, c->who.user, c->who.name, e);
}

int api_user_tokens_list(struct call *c, struct err *e)
{
	struct user u;
	int64_t id;
	int r = call_number(c->id, &id, e);

	if (r == 0)
		r = users_get(c->store->sql, id, c->arena, &u, e);
	return r < 0 ? r : list_of(c, u.id, u.name, e);
}

int api_token_add(struct call *c, struct err *e)
{
	str name = value_get_str(&c->body, "name");
	int64_t expires = call_time(&c->body, "expires", 0);
	struct api_token_new made;
	struct token_row row;
	uint64_t permissions;
	int r = permissions_read(value_get(&c->body, "permissions"), &permissions, e);

	c->audit_target = name;
	if (r == 0)
		r = api_token_begin(c->api->access, c->store->sql, &c->who, name, permissions,
				    expires, c->now_ns, &made, e);
	if (r == 0)
		r = tokens_get(c->store->sql, made.id, c->arena, &row, e);
	if (r < 0)
		return r;
	c->audit_after = token_audit(c, &row, c->who.name);
	json_object_open(&c->json);
	json_key(&c->json, "token");
	token_json(&c->json, &row, c->who.name);
	json_put_cstr(&c->json, "secret", made.text);
	json_object_close(&c->json);
	secret_wipe(made.text, sizeof(made.text));
	return 0;
}

int api_token_delete(struct call *c, struct err *e)
{
	struct token_row row;
	struct user u;
	int64_t id;
	int r = call_number(c->id, &id, e);

	if (r == 0)
		r = tokens_get(c->store->sql, id, c->arena, &row, e);
	/* That another's token exists is nobody's business. */
	if (r == 0 && row.user != c->who.user && !caller_may(&c->who, PERMISSION_USERS_WRITE))
		r = err_set(e, ENOENT, "there is no such token");
	if (r == 0)
		r = users_get(c->store->sql, row.user, c->arena, &u, e);
	if (r < 0)
		return r;
	c->audit_target = row.name;
	c->audit_before = token_audit(c, &row, u.name);
	if (u.id != c->who.user)
		r = account_check_reach(c->api->access, c->store->sql, &c->who, &u, c->arena, e);
	return r < 0 ? r : tokens_delete(c->store->sql, id, e);
}

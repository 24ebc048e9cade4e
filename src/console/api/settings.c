#include "console/store/settings.h"

#include "console/api/call.h"
#include "console/store/store.h"

static void put(const struct settings *s, struct json_out *j)
{
	json_object_open(j);
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = setting_row((enum setting)i);

		if (row->boolean)
			json_put_bool(j, row->name, s->values[i] != 0);
		else
			json_put_int(j, row->name, s->values[i]);
	}
	json_object_close(j);
}

static int as_text(const struct settings *s, struct arena *a, str *ret, struct err *e)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, false);
	put(s, &j);
	*ret = arena_str(a, buf_str(&out));
	return buf_error(&out) || !ret->p ? err_set(e, ENOBUFS, "settings: memory budget spent")
					  : 0;
}

int api_settings_get(struct call *c, struct err *e)
{
	struct settings s;
	int r = settings_get(c->store, &s, e);

	if (r < 0)
		return r;
	put(&s, &c->json);
	return 0;
}

static int change(struct call *c, struct err *e)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = setting_row((enum setting)i);
		const struct value *v = value_get(&c->body, row->name);
		int r;

		if (!v)
			continue;
		r = settings_set(c->store, (enum setting)i,
				 row->boolean ? value_is_true(v) : value_int(v, 0), e);
		if (r < 0)
			return r;
	}
	return 0;
}

int api_settings_patch(struct call *c, struct err *e)
{
	struct settings before, after;
	char etag[CALL_ETAG_BYTES];
	int r = sql_lock(c->store->sql, "setting", e);

	if (r == 0)
		r = settings_get(c->store, &before, e);
	if (r == 0)
		r = as_text(&before, c->arena, &c->audit_before, e);
	if (r < 0)
		return r;
	call_etag(c->audit_before, etag);
	r = call_match(c, str_from(etag), e);
	if (r == 0)
		r = change(c, e);
	if (r == 0)
		r = settings_get(c->store, &after, e);
	if (r == 0)
		r = as_text(&after, c->arena, &c->audit_after, e);
	if (r < 0)
		return r;
	c->topic = "settings";
	put(&after, &c->json);
	return 0;
}

#include <inttypes.h>
#include <stdio.h>

#include "codec/mac.h"
#include "console/api/dispatch.h"
#include "console/api/user_json.h"
#include "console/notify/service.h"
#include "console/store/receivers.h"
#include "console/store/store.h"

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "the answer does not fit in memory");
}

/* Both halves of the settings. The secrets live in the request's arena, which goes with the request. */
static int settings_of(struct call *c, const struct stored_receiver *r, struct value *ret,
		       struct err *e)
{
	OWNED_BUF secret = BUF_INIT;
	int n = notify_service_open(c->api->notify, r->id, r->sealed, &secret, e);

	if (n == 0)
		n = setting_join(r->settings, buf_str(&secret), c->arena, ret, e);
	if (secret.p)
		secret_wipe(secret.p, secret.n);
	return n;
}

static struct setting_tables tables_of(const struct receiver_kind *k)
{
	return (struct setting_tables){ k ? k->settings : NULL, receiver_common_settings };
}

static void put_state(struct call *c, struct json_out *j, const struct receiver_state *s)
{
	json_key(j, "state");
	json_object_open(j);
	json_put_uint(j, "sent", s->sent);
	json_put_uint(j, "failed", s->failed);
	json_put_uint(j, "waiting", s->waiting);
	json_put_uint(j, "dropped", s->dropped);
	json_opt_str(j, "lastError", call_sentence(c, s->why));
	if (s->sent_ns)
		call_put_time(j, "lastSent", s->sent_ns);
	json_object_close(j);
}

/** @param state NULL: for the audit log, which counts nothing */
static int put(struct call *c, struct json_out *j, const struct stored_receiver *r,
	       const struct receiver_state *state, struct err *e)
{
	const struct setting_tables t = tables_of(receiver_kind_find(r->kind));
	struct value settings = { .kind = VALUE_OBJECT };
	char id[24];
	int n = settings_of(c, r, &settings, e);

	/* A key that was lost is no reason to show nothing: what is not secret is there. */
	if (n == -EBADMSG)
		n = setting_join(r->settings, S("{}"), c->arena, &settings, e);
	if (n < 0)
		return n;
	snprintf(id, sizeof(id), "%" PRId64, r->id);
	json_object_open(j);
	json_put_cstr(j, "id", id);
	json_put_str(j, "name", r->name);
	json_put_str(j, "kind", r->kind);
	json_put_bool(j, "enabled", r->enabled);
	json_put_str(j, "filter", r->filter);
	json_key(j, "settings");
	setting_render(&t, &settings, j);
	if (state)
		put_state(c, j, state);
	json_object_close(j);
	return 0;
}

static int audited(struct call *c, const struct stored_receiver *r, str *ret, struct err *e)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;
	int n;

	json_out_init(&j, &out, false);
	n = put(c, &j, r, NULL, e);
	*ret = arena_str(c->arena, buf_str(&out));
	if (n < 0)
		return n;
	return buf_error(&out) || !ret->p ? spent(e) : 0;
}

static int answer(struct call *c, const struct stored_receiver *r, struct err *e)
{
	struct receiver_state none = { .receiver = r->id, .why = S("") };
	struct receiver_state *states;
	size_t count;
	int n = receiver_states(c->store, r->id, c->arena, &states, &count, e);

	return n < 0 ? n : put(c, &c->json, r, count ? &states[0] : &none, e);
}

static int read_one(struct call *c, struct stored_receiver *ret, struct err *e)
{
	int64_t id;
	int n = call_number(c->id, &id, e);

	return n < 0 ? n : receivers_get(c->store, id, c->arena, ret, e);
}

int api_notifications_list(struct call *c, struct err *e)
{
	struct stored_receiver *list;
	struct receiver_state *states, none = { .why = S("") };
	size_t count, state_count, n = 0;
	int64_t after, last = 0;
	int r = cursor_read(c->cursor, &after, e);

	if (r == 0)
		r = receivers_list(c->store, c->arena, &list, &count, e);
	if (r == 0)
		r = receiver_states(c->store, 0, c->arena, &states, &state_count, e);
	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < count && n < c->limit; i++) {
		const struct receiver_state *s = &none;

		if (list[i].id <= after)
			continue;
		for (size_t k = 0; k < state_count; k++)
			if (states[k].receiver == list[i].id)
				s = &states[k];
		r = put(c, &c->json, &list[i], s, e);
		if (r < 0)
			return r;
		last = list[i].id;
		n++;
	}
	return cursor_close(c, n, last, e);
}

int api_notification_get(struct call *c, struct err *e)
{
	struct stored_receiver r;
	int n = read_one(c, &r, e);

	return n < 0 ? n : answer(c, &r, e);
}

/* The kind's word on it all: what goes in is what would work. */
static int check(struct call *c, const struct stored_receiver *r, str secret, struct err *e)
{
	struct receiver receiver;
	int n = notifier_check_filter(r->filter, e);

	if (n < 0)
		return n == -EBADMSG ? err_wrap(e, -EINVAL, "filter") : err_wrap(e, n, "filter");
	return notifier_receiver(&(struct notifier_entry){ .name = r->name,
							   .kind = r->kind,
							   .filter = r->filter,
							   .public_json = r->settings,
							   .secret_json = secret },
				 c->arena, &receiver, e);
}

/** @param was NULL: a new one @param ret_secret the secrets' JSON, in the arena */
static int take_body(struct call *c, const struct stored_receiver *was, struct stored_receiver *ret,
		     str *ret_secret, struct err *e)
{
	struct stored_receiver r = { .name = str_trim(value_get_str(&c->body, "name")),
				     .kind = value_get_str(&c->body, "kind"),
				     .filter = str_trim(value_get_str(&c->body, "filter")),
				     .enabled = !value_get(&c->body, "enabled") ||
						value_is_true(value_get(&c->body, "enabled")),
				     .updated_ns = c->now_ns,
				     .updated_by = c->who.name };
	const struct receiver_kind *k = receiver_kind_find(r.kind);
	const struct setting_tables t = tables_of(k);
	struct value old = { 0 };
	str at;
	int n = 0;

	if (!k)
		return err_set(e, EINVAL, "no kind of notification is called '%.*s'",
			       STR_ARG(r.kind));
	/* Another kind is another receiver: it inherits no secret. */
	if (was && str_eq(was->kind, r.kind))
		n = settings_of(c, was, &old, e);
	if (n == -EBADMSG)
		n = 0;
	if (n == 0)
		n = setting_take(&t, value_get(&c->body, "settings"),
				 old.kind == VALUE_OBJECT ? &old : NULL, c->arena, &r.settings,
				 ret_secret, &at, e);
	if (n == 0)
		n = check(c, &r, *ret_secret, e);
	if (n < 0)
		return n;
	r.id = was ? was->id : 0;
	*ret = r;
	return 0;
}

static int seal_secrets(struct call *c, struct stored_receiver *r, str secret, struct err *e)
{
	OWNED_BUF sealed = BUF_INIT;
	int n = notify_service_seal(c->api->notify, r->id, secret, &sealed, e);

	if (n == 0)
		n = receivers_seal(c->store, r->id, buf_str(&sealed), e);
	if (n == 0)
		r->sealed = arena_str(c->arena, buf_str(&sealed));
	return n < 0 ? n : r->sealed.p ? 0 : spent(e);
}

int api_notification_add(struct call *c, struct err *e)
{
	struct stored_receiver r;
	str secret;
	int n = take_body(c, NULL, &r, &secret, e);

	c->audit_target = value_get_str(&c->body, "name");
	if (n == 0)
		n = receivers_add(c->store, &r, &r.id, e);
	if (n == 0)
		n = seal_secrets(c, &r, secret, e);
	if (n == 0)
		n = audited(c, &r, &c->audit_after, e);
	return n < 0 ? n : answer(c, &r, e);
}

int api_notification_change(struct call *c, struct err *e)
{
	struct stored_receiver was, r;
	str secret;
	int n = read_one(c, &was, e);

	if (n < 0)
		return n;
	c->audit_target = was.name;
	n = audited(c, &was, &c->audit_before, e);
	if (n == 0)
		n = take_body(c, &was, &r, &secret, e);
	if (n == 0)
		n = receivers_put(c->store, &r, e);
	if (n == 0)
		n = seal_secrets(c, &r, secret, e);
	if (n == 0)
		n = audited(c, &r, &c->audit_after, e);
	return n < 0 ? n : answer(c, &r, e);
}

int api_notification_delete(struct call *c, struct err *e)
{
	struct stored_receiver r;
	int n = read_one(c, &r, e);

	if (n < 0)
		return n;
	c->audit_target = r.name;
	n = audited(c, &r, &c->audit_before, e);
	return n < 0 ? n : receivers_delete(c->store, r.id, e);
}

int api_notification_test(struct call *c, struct err *e)
{
	struct stored_receiver r;
	struct outbox_result result;
	OWNED_BUF secret = BUF_INIT;
	struct notifier_entry entry;
	int n = read_one(c, &r, e);

	if (n < 0)
		return n;
	c->audit_target = r.name;
	n = notify_service_open(c->api->notify, r.id, r.sealed, &secret, e);
	entry = (struct notifier_entry){ .id = r.id,
					 .name = r.name,
					 .kind = r.kind,
					 .filter = r.filter,
					 .public_json = r.settings,
					 .secret_json = buf_str(&secret) };
	if (n == 0)
		n = notify_service_try(c->api->notify, &entry, c->arena, &result, e);
	if (secret.p)
		secret_wipe(secret.p, secret.n);
	if (n < 0)
		return n;
	json_object_open(&c->json);
	json_put_bool(&c->json, "ok", result.verdict == OUTBOX_SENT && !result.refused);
	json_put_str(&c->json, "message", call_sentence(c, str_from(result.why)));
	json_object_close(&c->json);
	return 0;
}

static void put_setting(struct json_out *j, const struct setting *s)
{
	static const char *const types[] = {
		[SETTING_TEXT] = "text",      [SETTING_URL] = "url",
		[SETTING_CHOICE] = "choice",  [SETTING_NUMBER] = "number",
		[SETTING_BOOL] = "boolean",   [SETTING_LIST] = "list",
		[SETTING_PEM] = "pem",        [SETTING_SECRET] = "text",
		[SETTING_SECRET_PEM] = "pem", [SETTING_SECRET_URL] = "url",
		[SETTING_SECRET_MAP] = "map",
	};
	str rest = str_from(s->choices);

	json_object_open(j);
	json_put_cstr(j, "name", s->name);
	json_put_cstr(j, "type", types[s->type]);
	json_put_bool(j, "secret", setting_is_secret(s->type));
	json_put_bool(j, "required", s->must);
	json_key(j, "choices");
	json_array_open(j);
	while (rest.n)
		json_str(j, str_cut(&rest, '|'));
	json_array_close(j);
	json_opt_str(j, "preset", str_from(s->preset));
	if (s->type == SETTING_NUMBER) {
		json_put_int(j, "min", s->min);
		json_put_int(j, "max", s->max);
	}
	json_put_cstr(j, "what", s->doc.en);
	json_put_cstr(j, "whatZh", s->doc.zh);
	json_object_close(j);
}

int api_notification_kinds(struct call *c, struct err *e UNUSED)
{
	size_t count;
	const struct receiver_kind *const *kinds = receiver_kinds(&count);

	call_page_open(c);
	for (size_t i = 0; i < count; i++) {
		json_object_open(&c->json);
		json_put_cstr(&c->json, "name", kinds[i]->name);
		json_put_cstr(&c->json, "what", kinds[i]->doc.en);
		json_put_cstr(&c->json, "whatZh", kinds[i]->doc.zh);
		json_key(&c->json, "settings");
		json_array_open(&c->json);
		for (const struct setting *s = kinds[i]->settings; s->name; s++)
			put_setting(&c->json, s);
		for (const struct setting *s = receiver_common_settings; s->name; s++)
			put_setting(&c->json, s);
		json_array_close(&c->json);
		json_object_close(&c->json);
	}
	call_page_close(c, (str){ 0 }, (int64_t)count);
	return 0;
}

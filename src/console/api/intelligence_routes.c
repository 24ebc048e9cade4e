#include <inttypes.h>
#include <stdio.h>

#include "console/api/intelligence_use.h"
#include "console/api/rules_priv.h"
#include "console/api/user_json.h"
#include "console/notify/intel.h"
#include "console/store/intelligence.h"
#include "console/store/store.h"

/** @param use  NULL: not told */
static void put(struct json_out *j, const struct stored_intelligence *v,
		const struct intelligence_use *use)
{
	char id[24];

	snprintf(id, sizeof(id), "%" PRId64, v->id);
	json_object_open(j);
	json_put_cstr(j, "id", id);
	json_put_str(j, "name", v->name);
	json_put_str(j, "kind", v->kind);
	json_put_str(j, "source", v->source);
	json_put_int(j, "entries", v->entries);
	call_put_time(j, "updated", v->updated_ns);
	json_put_str(j, "updatedBy", v->updated_by);
	json_put_int(j, "notUnderstood", v->not_understood);
	json_put_int(j, "firstNotUnderstood", v->first);
	json_put_int(j, "others", v->others);
	json_put_int(j, "over", v->over);
	call_put_time(j, "firstEnds", v->ends_ns);
	call_put_time(j, "expires", v->expires_ns);
	json_put_bool(j, "ended", v->ended);
	if (use)
		json_put_strs(j, "rules", use->rules, use->count);
	json_object_close(j);
}

static str audited(struct call *c, const struct stored_intelligence *v)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, false);
	put(&j, v, NULL);
	return buf_error(&out) ? (str){ 0 } : arena_str(c->arena, buf_str(&out));
}

static int put_page(struct call *c, const struct stored_intelligence *list, size_t count,
		    const struct intelligence_use *uses, struct err *e)
{
	int64_t after, last = 0;
	size_t n = 0;
	int r = cursor_read(c->cursor, &after, e);

	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < count && n < c->limit; i++) {
		if (list[i].id <= after)
			continue;
		put(&c->json, &list[i], &uses[i]);
		last = list[i].id;
		n++;
	}
	return cursor_close(c, n, last, e);
}

int api_intelligence_list(struct call *c, struct err *e)
{
	static const struct rule_book_options all = { 0 };
	struct stored_intelligence *list;
	struct intelligence_use *uses;
	struct rule_book book;
	size_t count;
	int r = intelligence_list(c->store, true, c->arena, &list, &count, e);

	if (r == 0)
		r = rule_book_open(c->store, &all, c->arena, &book, e);
	if (r < 0)
		return r;
	r = intelligence_use_find(&book, list, count, c->arena, &uses, e);
	rule_book_close(&book);
	return r < 0 ? r : put_page(c, list, count, uses, e);
}

/* What the body holds becomes the list's entries. */
static int take_body(struct call *c, struct stored_intelligence *v, struct err *e)
{
	OWNED_BUF body = BUF_INIT;
	struct intel_read read;
	enum intel_kind kind;
	int r;

	if (intel_kind_find(v->kind, &kind) < 0)
		return err_set(e, EINVAL, "no kind of list is called '%.*s'", STR_ARG(v->kind));
	if (call_time(&c->body, "expires", INT64_MAX) <= c->now_ns)
		return err_set(e, EINVAL, "a list expires in the future");
	r = intel_read(value_get_str(&c->body, "text"), kind, c->now_ns / 1000000000, c->arena,
		       &read, e);
	if (r < 0)
		return r == -EBADMSG ? -EINVAL : r;
	if (!read.count)
		return err_set(e, EINVAL, "nothing in it is an entry of this kind");
	for (size_t i = 0; i < read.count; i++) {
		buf_add(&body, read.entries[i]);
		buf_byte(&body, '\n');
	}
	v->body = arena_str(c->arena, buf_str(&body));
	v->entries = (int64_t)read.count;
	v->source = value_get_str(&c->body, "source");
	v->updated_ns = c->now_ns;
	v->updated_by = c->who.name;
	v->not_understood = (int64_t)read.not_understood;
	v->first = (int64_t)read.first;
	v->others = (int64_t)read.others;
	v->over = (int64_t)read.over;
	v->ends_ns = read.ends_s * 1000000000;
	v->expires_ns = call_time(&c->body, "expires", 0);
	v->ended = false;
	return buf_error(&body) || !v->body.p
		       ? err_set(e, ENOBUFS, "threat intelligence: memory budget spent")
		       : 0;
}

/* Stores what the body holds as the list @p v, new or there, and answers with it. */
static int keep(struct call *c, struct stored_intelligence *v, struct err *e)
{
	int r = take_body(c, v, e);

	if (r == 0)
		r = v->id ? intelligence_put(c->store, v, e)
			  : intelligence_add(c->store, v, &v->id, e);
	if (r == 0)
		r = rules_tell_agents(c, e);
	if (r < 0)
		return r;
	c->audit_after = audited(c, v);
	put(&c->json, v, NULL);
	return 0;
}

int api_intelligence_add(struct call *c, struct err *e)
{
	struct stored_intelligence v = { .name = value_get_str(&c->body, "name"),
					 .kind = value_get_str(&c->body, "kind") };

	c->audit_target = v.name;
	if (!intel_is_name(v.name))
		return err_set(e, EINVAL,
			       "a list's name has 1 to 48 letters, digits, '_' and '-', and is not "
			       "ip, domain or hash");
	return keep(c, &v, e);
}

static int read_one(struct call *c, struct stored_intelligence *ret, struct err *e)
{
	int64_t id;
	int r = call_number(c->id, &id, e);

	return r < 0 ? r : intelligence_get(c->store, id, c->arena, ret, e);
}

int api_intelligence_put(struct call *c, struct err *e)
{
	struct stored_intelligence v;
	int r = read_one(c, &v, e);

	if (r < 0)
		return r;
	c->audit_target = v.name;
	c->audit_before = audited(c, &v);
	return keep(c, &v, e);
}

int api_intelligence_delete(struct call *c, struct err *e)
{
	struct stored_intelligence v;
	int r = read_one(c, &v, e);

	if (r < 0)
		return r;
	c->audit_target = v.name;
	c->audit_before = audited(c, &v);
	r = intelligence_delete(c->store, v.id, e);
	return r < 0 ? r : rules_tell_agents(c, e);
}

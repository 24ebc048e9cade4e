#include <inttypes.h>
#include <stdio.h>

#include "codec/seal.h"
#include "console/access/access.h"
#include "console/api/dispatch.h"
#include "console/api/intelligence_priv.h"
#include "console/api/intelligence_use.h"
#include "console/api/rules_priv.h"
#include "console/api/user_json.h"
#include "console/notify/intel_fetch.h"
#include "console/store/intelligence_feeds.h"
#include "console/store/store.h"

/* A secret that is there. */
#define MASK "***"

static void put_feed(struct call *c, struct json_out *j, const struct stored_feed *f)
{
	json_key(j, "feed");
	json_object_open(j);
	json_put_str(j, "url", f->url);
	json_put_int(j, "minutes", f->every_s / 60);
	json_opt_str(j, "ca", f->authority);
	if (f->sealed.n)
		json_put_cstr(j, "authorization", MASK);
	call_put_time(j, "tried", f->tried_ns);
	call_put_time(j, "fetched", f->fetched_ns);
	call_put_time(j, "next", f->due_ns);
	json_opt_str(j, "error", c ? call_sentence(c, f->why) : f->why);
	json_object_close(j);
}

/** @param c NULL: for the audit log, in English @param feed NULL: it has none @param use NULL: not told */
static void put(struct call *c, struct json_out *j, const struct stored_intelligence *v,
		const struct stored_feed *feed, const struct intelligence_use *use)
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
	if (feed)
		put_feed(c, j, feed);
	if (use)
		json_put_strs(j, "rules", use->rules, use->count);
	json_object_close(j);
}

static str audited(struct call *c, const struct stored_intelligence *v,
		   const struct stored_feed *feed)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, false);
	put(NULL, &j, v, feed, NULL);
	return buf_error(&out) ? (str){ 0 } : arena_str(c->arena, buf_str(&out));
}

/* All lists, and what belongs to each. */
struct lists {
	struct stored_intelligence *list;
	struct intelligence_use *uses;
	size_t count;
	struct stored_feed *feeds;
	size_t feed_count;
};

static const struct stored_feed *feed_of(const struct lists *l, int64_t list)
{
	for (size_t i = 0; i < l->feed_count; i++)
		if (l->feeds[i].list == list)
			return &l->feeds[i];
	return NULL;
}

static int put_page(struct call *c, const struct lists *l, struct err *e)
{
	int64_t after, last = 0;
	size_t n = 0;
	int r = cursor_read(c->cursor, &after, e);

	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < l->count && n < c->limit; i++) {
		const struct stored_intelligence *v = &l->list[i];

		if (v->id <= after)
			continue;
		put(c, &c->json, v, feed_of(l, v->id), &l->uses[i]);
		last = v->id;
		n++;
	}
	return cursor_close(c, n, last, e);
}

int api_intelligence_list(struct call *c, struct err *e)
{
	static const struct rule_book_options all = { 0 };
	struct rule_book book;
	struct lists l;
	/* First: what a feed says came is then in its list. */
	int r = feeds_list(c->store, c->arena, &l.feeds, &l.feed_count, e);

	if (r == 0)
		r = intelligence_list(c->store, true, c->arena, &l.list, &l.count, e);
	if (r == 0)
		r = rule_book_open(c->store, &all, c->arena, &book, e);
	if (r < 0)
		return r;
	r = intelligence_use_find(&book, l.list, l.count, c->arena, &l.uses, e);
	rule_book_close(&book);
	return r < 0 ? r : put_page(c, &l, e);
}

int intelligence_take(struct stored_intelligence *v, const struct intel_read *read, struct arena *a,
		      struct err *e)
{
	OWNED_BUF body = BUF_INIT;

	if (!read->count)
		return err_set(e, EINVAL, "nothing in it is an entry of this kind");
	for (size_t i = 0; i < read->count; i++) {
		buf_add(&body, read->entries[i]);
		buf_byte(&body, '\n');
	}
	v->body = arena_str(a, buf_str(&body));
	v->entries = (int64_t)read->count;
	v->not_understood = (int64_t)read->not_understood;
	v->first = (int64_t)read->first;
	v->others = (int64_t)read->others;
	v->over = (int64_t)read->over;
	v->ends_ns = read->ends_s * 1000000000;
	return buf_error(&body) || !v->body.p
		       ? err_set(e, ENOBUFS, "threat intelligence: memory budget spent")
		       : 0;
}

/* What the body holds becomes the list's entries; one that is to be fetched keeps what it has. */
static int take_body(struct call *c, struct stored_intelligence *v, struct err *e)
{
	str text = value_get_str(&c->body, "text");
	struct intel_read read;
	int r, kind = intel_kind_find(v->kind);

	if (kind < 0)
		return err_set(e, EINVAL, "no kind of list is called '%.*s'", STR_ARG(v->kind));
	if (call_time(&c->body, "expires", INT64_MAX) <= c->now_ns)
		return err_set(e, EINVAL, "a list expires in the future");
	if (!text.n == !value_get(&c->body, "feed"))
		return err_set(e, EINVAL, "a list has either a text or a feed");
	v->source = value_get_str(&c->body, "source");
	v->updated_ns = c->now_ns;
	v->updated_by = c->who.name;
	v->expires_ns = call_time(&c->body, "expires", 0);
	v->ended = false;
	if (!text.n)
		return 0;
	r = intel_read(text, (enum intel_kind)kind, c->now_ns / 1000000000, c->arena, &read, e);
	if (r < 0)
		return r == -EBADMSG ? -EINVAL : r;
	return intelligence_take(v, &read, c->arena, e);
}

static int seal_secret(struct call *c, str given, struct stored_feed *f, struct err *e)
{
	const struct access *a = c->api->access;
	OWNED_BUF sealed = BUF_INIT;
	char place[FEED_PLACE_BYTES];
	int r;

	feed_place(f->list, place);
	if (!given.n || str_is(given, MASK))
		return 0;
	for (size_t i = 0; i < given.n; i++)
		if (given.p[i] < 32 || given.p[i] == 127)
			return err_set(e, EINVAL, "a header is visible text on one line");
	if (!a || !a->seals)
		return err_set(e, EINVAL, "secrets cannot be kept without a key");
	r = seal(&a->seal_key, str_from(place), given, &sealed, e);
	f->sealed = arena_str(c->arena, buf_str(&sealed));
	return r < 0 || f->sealed.p
		       ? r
		       : err_set(e, ENOBUFS, "threat intelligence: memory budget spent");
}

/** @param f what there was, where there was one; and what there is then */
static int take_feed(struct call *c, struct stored_feed *f, struct err *e)
{
	const struct value *v = value_get(&c->body, "feed");
	str authorization = value_get_str(v, "authorization");
	bool is_same = str_eq(f->url, value_get_str(v, "url"));
	int r = intel_fetch_check(value_get_str(v, "url"), e);

	/* Whoever may name another address is not told the secret by it. */
	if (r == 0 && str_is(authorization, MASK) && !is_same)
		r = err_set(e, EINVAL, "another address needs its own authorization");
	if (r < 0)
		return r;
	if (!str_is(authorization, MASK))
		f->sealed = S("");
	f->url = value_get_str(v, "url");
	f->authority = value_get_str(v, "ca");
	f->every_s = value_int(value_get(v, "minutes"), 60) * 60;
	f->due_ns = 0;
	r = seal_secret(c, authorization, f, e);
	return r < 0 ? r : feeds_put(c->store, f, e);
}

/* Stores what the body holds as the list @p v, new or there, and answers with it. */
static int keep(struct call *c, struct stored_intelligence *v, struct stored_feed *feed,
		struct err *e)
{
	bool is_fetched = value_get(&c->body, "feed");
	int r = take_body(c, v, e);

	if (r == 0)
		r = v->id ? intelligence_put(c->store, v, e)
			  : intelligence_add(c->store, v, &v->id, e);
	feed->list = v->id;
	if (r == 0)
		r = is_fetched ? take_feed(c, feed, e) : feeds_delete(c->store, v->id, e);
	if (r == 0)
		r = rules_tell_agents(c, e);
	if (r < 0)
		return r;
	c->audit_after = audited(c, v, is_fetched ? feed : NULL);
	put(c, &c->json, v, is_fetched ? feed : NULL, NULL);
	return 0;
}

int api_intelligence_add(struct call *c, struct err *e)
{
	struct stored_intelligence v = { .name = value_get_str(&c->body, "name"),
					 .kind = value_get_str(&c->body, "kind") };
	struct stored_feed feed = { .sealed = S("") };

	c->audit_target = v.name;
	if (!intel_is_name(v.name))
		return err_set(e, EINVAL,
			       "a list's name has 1 to 48 letters, digits, '_' and '-', and is not "
			       "ip, domain or hash");
	return keep(c, &v, &feed, e);
}

/** @param ret_feed url is empty: the list is not fetched */
static int read_one(struct call *c, struct stored_intelligence *ret, struct stored_feed *ret_feed,
		    struct err *e)
{
	struct stored_feed none = { .sealed = S("") };
	int64_t id;
	int r = call_number(c->id, &id, e);

	if (r == 0)
		r = intelligence_get(c->store, id, c->arena, ret, e);
	if (r < 0)
		return r;
	r = feeds_get(c->store, id, c->arena, ret_feed, NULL);
	if (r == -ENOENT)
		*ret_feed = none;
	c->audit_target = ret->name;
	c->audit_before = audited(c, ret, ret_feed->url.n ? ret_feed : NULL);
	return r == -ENOENT ? 0 : r;
}

int api_intelligence_put(struct call *c, struct err *e)
{
	struct stored_intelligence v;
	struct stored_feed feed;
	int r = read_one(c, &v, &feed, e);

	return r < 0 ? r : keep(c, &v, &feed, e);
}

int api_intelligence_fetch(struct call *c, struct err *e)
{
	struct stored_intelligence v;
	struct stored_feed feed;
	int r = read_one(c, &v, &feed, e);

	c->topic = "notifications";
	return r < 0 ? r : feeds_hurry(c->store, v.id, e);
}

int api_intelligence_delete(struct call *c, struct err *e)
{
	struct stored_intelligence v;
	struct stored_feed feed;
	int r = read_one(c, &v, &feed, e);

	if (r == 0)
		r = intelligence_delete(c->store, v.id, e);
	return r < 0 ? r : rules_tell_agents(c, e);
}

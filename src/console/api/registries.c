#include <inttypes.h>
#include <stdio.h>

#include "codec/json.h"
#include "codec/reference.h"
#include "console/api/asset_json.h"
#include "console/api/dispatch.h"
#include "console/api/user_json.h"
#include "console/registry/registry_config.h"
#include "console/registry/registry_service.h"
#include "console/store/list_cursor.h"
#include "console/store/registries.h"
#include "console/store/registry_images.h"

#define PASSWORD_STAYS "***"

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "the answer does not fit in memory");
}

/* ---- A registry ---- */

static void put_progress(struct call *c, struct json_out *j, const struct registry_run *r,
			 const struct registry_figures *f)
{
	static const char *const states[] = { [REGISTRY_IDLE] = "idle",
					      [REGISTRY_LISTING] = "listing",
					      [REGISTRY_SCANNING] = "scanning" };

	json_key(j, "progress");
	json_object_open(j);
	json_put_cstr(j, "state",
		      r->state == REGISTRY_IDLE && r->wanted ? "waiting" : states[r->state]);
	call_put_time(j, "began", r->began_ns);
	call_put_time(j, "ended", r->ended_ns);
	call_put_time(j, "next", r->next_ns);
	json_put_int(j, "repositories", r->repositories);
	json_put_int(j, "tags", r->tags);
	json_put_int(j, "newDigests", r->digests);
	json_put_int(j, "skipped", r->skipped);
	json_put_int(j, "images", f->images);
	json_put_int(j, "scanned", f->scanned);
	json_put_int(j, "failed", f->failed);
	json_put_int(j, "waiting", f->waiting);
	json_opt_str(j, "trouble", r->trouble);
	json_opt_str(j, "detail", call_sentence(c, r->detail));
	json_object_close(j);
}

static int read_config(struct call *c, const struct stored_registry *g, struct registry_config *ret,
		       struct err *e)
{
	const struct registry_kind *kind = registry_kind_find(g->kind);
	struct value v;
	int r = kind ? json_parse(g->settings, c->arena, &v, e)
		     : err_set(e, EINVAL, "no kind of registry is called '%.*s'", STR_ARG(g->kind));

	return r < 0 ? r : registry_config_take(&v, kind, c->arena, ret, e);
}

/** @param with_progress false: for the audit log, which tells what was set */
static int put(struct call *c, struct json_out *j, const struct stored_registry *g,
	       bool with_progress, struct err *e)
{
	struct registry_figures figures = { 0 };
	struct registry_config config;
	char id[24];
	int r = read_config(c, g, &config, e);

	if (r == 0 && with_progress)
		r = registry_figures(c->store, g->id, &figures, e);
	if (r < 0)
		return r;
	snprintf(id, sizeof(id), "%" PRId64, g->id);
	json_object_open(j);
	json_put_cstr(j, "id", id);
	json_put_str(j, "name", g->name);
	json_put_str(j, "kind", g->kind);
	json_put_str(j, "address", g->address);
	json_put_bool(j, "enabled", g->enabled);
	json_put_bool(j, "hasPassword", g->sealed.n > 0);
	registry_config_put(&config, j);
	call_put_time(j, "updated", g->updated_ns);
	json_put_str(j, "updatedBy", g->updated_by);
	if (with_progress)
		put_progress(c, j, &g->run, &figures);
	json_object_close(j);
	return 0;
}

static int audited(struct call *c, const struct stored_registry *g, str *ret, struct err *e)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;
	int r;

	json_out_init(&j, &out, false);
	r = put(c, &j, g, false, e);
	*ret = arena_str(c->arena, buf_str(&out));
	return r < 0 ? r : buf_error(&out) || !ret->p ? spent(e) : 0;
}

static int read_one(struct call *c, struct stored_registry *ret, struct err *e)
{
	int64_t id;
	int r = call_number(c->id, &id, e);

	return r < 0 ? r : registries_get(c->store, id, c->arena, ret, e);
}

enum registry_sort {
	REGISTRY_BY_NAME,
	REGISTRY_BY_TAGS,
	REGISTRY_BY_IMAGES,
	REGISTRY_BY_SCANNED,
	REGISTRY_BY_FAILED,
	REGISTRY_BY_ENDED,
	REGISTRY_BY_NEXT
};

static const char *const sorts[] = {
	[REGISTRY_BY_NAME] = "name",     [REGISTRY_BY_TAGS] = "tags",
	[REGISTRY_BY_IMAGES] = "images", [REGISTRY_BY_SCANNED] = "scanned",
	[REGISTRY_BY_FAILED] = "failed", [REGISTRY_BY_ENDED] = "ended",
	[REGISTRY_BY_NEXT] = "next",
};

static int64_t number_of(const struct stored_registry *g, const struct registry_figures *f,
			 enum registry_sort sort)
{
	switch (sort) {
	case REGISTRY_BY_NAME:
		return 0;
	case REGISTRY_BY_TAGS:
		return g->run.tags;
	case REGISTRY_BY_IMAGES:
		return f->images;
	case REGISTRY_BY_SCANNED:
		return f->scanned;
	case REGISTRY_BY_FAILED:
		return f->failed;
	case REGISTRY_BY_ENDED:
		return g->run.ended_ns;
	case REGISTRY_BY_NEXT:
		return g->run.next_ns;
	}
	return 0;
}

static int collect(struct call *c, enum registry_sort sort, struct list_item **ret,
		   size_t *ret_count, struct err *e)
{
	struct stored_registry *list;
	struct list_item *items;
	size_t count;
	int r = registries_list(c->store, c->arena, &list, &count, e);

	if (r < 0)
		return r;
	items = ARENA_ARRAY(c->arena, count, struct list_item);
	if (!items)
		return spent(e);
	for (size_t i = 0; i < count; i++) {
		struct registry_figures f = { 0 };

		if (sort != REGISTRY_BY_NAME)
			r = registry_figures(c->store, list[i].id, &f, e);
		items[i] =
			(struct list_item){ .number = number_of(&list[i], &f, sort),
					    .text = sort == REGISTRY_BY_NAME ? list[i].name
									     : (str){ 0 },
					    .id = arena_printf(c->arena, "%.*s %" PRId64,
							       STR_ARG(list[i].name), list[i].id),
					    .item = &list[i] };
		if (r < 0 || !items[i].id.p)
			return r < 0 ? r : spent(e);
	}
	*ret = items;
	*ret_count = count;
	return 0;
}

static int put_item(struct call *c, const void *item, const void *ctx UNUSED, struct err *e)
{
	return put(c, &c->json, item, true, e);
}

int api_registries_list(struct call *c, struct err *e)
{
	struct list_item *items;
	bool descending;
	size_t count;
	enum registry_sort sort =
		(enum registry_sort)call_sort(c, sorts, ARRAY_LEN(sorts), &descending);
	int r = collect(c, sort, &items, &count, e);

	return r < 0 ? r : call_sorted_page(c, items, count, descending, put_item, NULL, e);
}

int api_registry_get(struct call *c, struct err *e)
{
	struct stored_registry g;
	int r = read_one(c, &g, e);

	return r < 0 ? r : put(c, &c->json, &g, true, e);
}

int api_registry_kinds_list(struct call *c, struct err *e UNUSED)
{
	size_t count;
	const struct registry_kind *kinds = registry_kinds(&count);

	call_page_open(c);
	for (size_t i = 0; i < count; i++) {
		json_object_open(&c->json);
		json_put_cstr(&c->json, "name", kinds[i].name);
		json_put_bool(&c->json, "lists", registry_kind_lists(&kinds[i]));
		json_put_cstr(&c->json, "example", kinds[i].example);
		json_put_cstr(&c->json, "what", kinds[i].what.en);
		json_put_cstr(&c->json, "whatZh", kinds[i].what.zh);
		json_object_close(&c->json);
	}
	call_page_close(c, (str){ 0 }, (int64_t)count);
	return 0;
}

/* ---- Changes ---- */

static int take_settings(struct call *c, const struct registry_kind *kind, str *ret, struct err *e)
{
	struct registry_config config;
	OWNED_BUF out = BUF_INIT;
	struct json_out j;
	int r = registry_config_take(&c->body, kind, c->arena, &config, e);

	if (r < 0)
		return r;
	json_out_init(&j, &out, false);
	json_object_open(&j);
	registry_config_put(&config, &j);
	json_object_close(&j);
	*ret = arena_str(c->arena, buf_str(&out));
	return buf_error(&out) || !ret->p ? spent(e) : 0;
}

static int take_body(struct call *c, struct stored_registry *ret, struct err *e)
{
	const struct value *enabled = value_get(&c->body, "enabled");
	struct stored_registry g = { .id = ret->id,
				     .name = str_trim(value_get_str(&c->body, "name")),
				     .kind = value_get_str(&c->body, "kind"),
				     .address = str_trim(value_get_str(&c->body, "address")),
				     .sealed = ret->sealed,
				     .enabled = !enabled || value_is_true(enabled),
				     .updated_ns = c->now_ns,
				     .updated_by = c->who.name,
				     .run = ret->run };
	const struct registry_kind *kind = registry_kind_find(g.kind);
	int r;

	if (!kind)
		return err_set(e, EINVAL, "no kind of registry is called '%.*s'", STR_ARG(g.kind));
	if (g.name.n == 0)
		return err_set(e, EINVAL, "the name is empty");
	if (!reference_is_registry(g.address))
		return err_set(e, EINVAL,
			       "address: a host, or host:port, without https:// and path");
	r = take_settings(c, kind, &g.settings, e);
	if (r == 0)
		*ret = g;
	return r;
}

/** @param moved it is for another address now: a password is not carried there unseen */
static int seal_password(struct call *c, struct stored_registry *g, bool moved, struct err *e)
{
	const struct value *given = value_get(&c->body, "password");
	OWNED_BUF sealed = BUF_INIT;
	int r = 0;

	if (!moved && (!given || str_is(value_str(given), PASSWORD_STAYS)))
		return 0;
	if (given && !str_is(value_str(given), PASSWORD_STAYS))
		r = registry_service_seal(c->api->registries, g->id, value_str(given), &sealed, e);
	if (r == 0)
		r = registries_seal(c->store, g->id, buf_str(&sealed), e);
	if (r == 0)
		g->sealed = arena_str(c->arena, buf_str(&sealed));
	return r < 0 ? r : g->sealed.p ? 0 : spent(e);
}

int api_registry_add(struct call *c, struct err *e)
{
	struct stored_registry g = { .sealed = S("") };
	int r = take_body(c, &g, e);

	c->audit_target = value_get_str(&c->body, "name");
	if (r == 0)
		r = registries_add(c->store, &g, &g.id, e);
	if (r == 0)
		r = seal_password(c, &g, false, e);
	if (r == 0)
		r = audited(c, &g, &c->audit_after, e);
	g.run.wanted = g.enabled;
	c->topic = "registries";
	return r < 0 ? r : put(c, &c->json, &g, true, e);
}

static enum promotion_stage stage_of(const void *config, str repository, str tag)
{
	return registry_config_stage(config, repository, tag);
}

/* At once, and of tags that are gone, too: the run that follows may not reach the registry. */
static int restage(struct call *c, const struct stored_registry *g, struct err *e)
{
	struct registry_config config;
	int r = read_config(c, g, &config, e);

	if (r == 0)
		r = registry_tags_restage(c->store, g->id, stage_of, &config, e);
	return r > 0 ? registry_images_settle(c->store, e) : r;
}

int api_registry_change(struct call *c, struct err *e)
{
	struct stored_registry was, g;
	int r = read_one(c, &was, e);

	if (r < 0)
		return r;
	c->audit_target = was.name;
	g = was;
	r = audited(c, &was, &c->audit_before, e);
	if (r == 0)
		r = take_body(c, &g, e);
	if (r == 0)
		r = registries_put(c->store, &g, e);
	if (r == 0)
		r = seal_password(c, &g, !str_eq(was.address, g.address), e);
	if (r == 0)
		r = restage(c, &g, e);
	if (r == 0)
		r = audited(c, &g, &c->audit_after, e);
	if (r == 0)
		r = registries_get(c->store, g.id, c->arena, &g, e);
	c->topic = "registries";
	return r < 0 ? r : put(c, &c->json, &g, true, e);
}

int api_registry_delete(struct call *c, struct err *e)
{
	struct stored_registry g;
	int r = read_one(c, &g, e);

	if (r < 0)
		return r;
	c->audit_target = g.name;
	c->topic = "registries";
	r = audited(c, &g, &c->audit_before, e);
	return r < 0 ? r : registries_delete(c->store, g.id, e);
}

static int order(struct call *c, int (*give)(struct store *s, int64_t id, struct err *e),
		 struct err *e)
{
	struct stored_registry g;
	int r = read_one(c, &g, e);

	if (r < 0)
		return r;
	c->audit_target = g.name;
	if (!c->who.scope.everything)
		return err_set(e, EACCES,
			       "you see a part of the fleet only: others scan registries");
	c->topic = "registries";
	return give(c->store, g.id, e);
}

int api_registry_scan(struct call *c, struct err *e)
{
	return order(c, registries_want, e);
}

int api_registry_cancel(struct call *c, struct err *e)
{
	return order(c, registries_cancel, e);
}

/* ---- Tags ---- */

/** Who may see some images only sees no other's name here, either. */
static bool may_see(const struct call *c, str address, str repository, str tag)
{
	struct scope_subject of = { 0 };

	if (c->who.scope.everything)
		return true;
	of.image = arena_printf(c->arena, "%.*s/%.*s:%.*s", STR_ARG(address), STR_ARG(repository),
				STR_ARG(tag));
	return of.image.p && scope_holds(&c->who.scope, &of);
}

static void put_image(struct call *c, const struct registry_image *i)
{
	struct json_out *j = &c->json;

	json_object_open(j);
	json_put_str(j, "platform", i->platform);
	json_opt_str(j, "image", i->image);
	call_put_time(j, "scanned", i->scanned_ns);
	json_opt_str(j, "error", call_sentence(c, i->why.n ? i->why : i->scan_error));
	if (i->scanned_ns) {
		json_key(j, "counts");
		severity_counts_put(i->counts, j);
	}
	json_object_close(j);
}

static int put_tag(struct call *c, int64_t registry, const struct stored_tag *t, struct err *e)
{
	struct registry_image *images;
	struct json_out *j = &c->json;
	size_t count;
	int r = registry_images_of(c->store, registry, t->repository, t->digest, c->arena, &images,
				   &count, e);

	if (r < 0)
		return r;
	json_object_open(j);
	json_put_str(j, "repository", t->repository);
	json_put_str(j, "tag", t->tag);
	json_put_str(j, "digest", t->digest);
	json_put_cstr(j, "stage", promotion_stage_name(t->stage));
	call_put_time(j, "first", t->first_ns);
	call_put_time(j, "seen", t->seen_ns);
	call_put_time(j, "changed", t->changed_ns);
	call_put_time(j, "gone", t->gone_ns);
	json_put_int(j, "moves", t->moves);
	json_opt_str(j, "error", call_sentence(c, t->why));
	json_key(j, "images");
	json_array_open(j);
	for (size_t i = 0; i < count; i++)
		put_image(c, &images[i]);
	json_array_close(j);
	json_object_close(j);
	return 0;
}

static const char *const tag_sorts[] = { "name", "changed" };

/* A tag's cursor: when it changed or went, as text, and what it is called. */
static int tag_filter(struct call *c, int64_t registry, struct registry_tag_filter *ret,
		      struct err *e)
{
	const struct value *gone = value_get(&c->query, "gone");
	str stage = call_query(c, "stage"), parts[3];
	struct registry_tag_filter f = { .registry = registry,
					 .text = call_query(c, "q"),
					 .repository = call_query(c, "repository"),
					 .gone = gone && gone->boolean,
					 .stage = stage.n ? promotion_stage_find(stage) : -1 };
	int r = 0;

	f.by_time = call_sort(c, tag_sorts, ARRAY_LEN(tag_sorts), &f.descending) == 1;
	if (c->cursor.n) {
		r = list_cursor_read(c->cursor, ARRAY_LEN(parts), c->arena, parts, e);
		if (r == 0 && call_number(parts[0], &f.after_ns, NULL) < 0)
			r = err_set(e, EINVAL, "this cursor is none of ours");
		if (r < 0)
			return r;
		f.after_repository = parts[1];
		f.after_tag = parts[2];
	}
	*ret = f;
	return 0;
}

static int tag_cursor(struct call *c, const struct stored_tag *last, str *ret, struct err *e)
{
	str time = arena_printf(c->arena, "%" PRId64,
				last->gone_ns ? last->gone_ns : last->changed_ns);

	if (!time.p)
		return spent(e);
	return list_cursor_make((const str[]){ time, last->repository, last->tag }, 3, c->arena,
				ret, e);
}

int api_registry_tags(struct call *c, struct err *e)
{
	struct registry_tag_filter f;
	struct stored_registry g;
	struct stored_tag *tags;
	str next = { 0 };
	size_t count;
	int r = read_one(c, &g, e);

	if (r == 0)
		r = tag_filter(c, g.id, &f, e);
	if (r == 0)
		r = registry_tags_page(c->store, &f, c->limit, c->arena, &tags, &count, e);
	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (may_see(c, g.address, tags[i].repository, tags[i].tag))
			r = put_tag(c, g.id, &tags[i], e);
	if (r == 0 && count == c->limit)
		r = tag_cursor(c, &tags[count - 1], &next, e);
	if (r == 0)
		call_page_close(c, next, -1);
	return r;
}

int api_registry_history(struct call *c, struct err *e)
{
	struct stored_registry g;
	struct stored_move *moves;
	int64_t below, last = 0;
	size_t count;
	int r = cursor_read(c->cursor, &below, e);

	if (r == 0)
		r = read_one(c, &g, e);
	if (r == 0)
		r = registry_moves_page(c->store, g.id, call_query(c, "repository"),
					call_query(c, "tag"), below, c->limit, c->arena, &moves,
					&count, e);
	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < count; i++) {
		const struct stored_move *m = &moves[i];

		last = m->id;
		if (!may_see(c, g.address, m->repository, m->tag))
			continue;
		json_object_open(&c->json);
		call_put_time(&c->json, "time", m->at_ns);
		json_put_str(&c->json, "repository", m->repository);
		json_put_str(&c->json, "tag", m->tag);
		json_opt_str(&c->json, "before", m->before);
		json_opt_str(&c->json, "after", m->after);
		json_object_close(&c->json);
	}
	return cursor_close(c, count, last, e);
}

#include "console/store/assets.h"

#include "base/clock.h"
#include "codec/json.h"
#include "console/api/asset_json.h"
#include "console/api/neighbours.h"
#include "console/api/risk.h"
#include "console/api/search_box.h"
#include "console/store/alerts.h"
#include "policy/asset_target.h"

/* More than the largest document takes when it is parsed. */
#define DOCUMENT_BUDGET ((size_t)256 << 20)
#define DAY_BACK_NS ((int64_t)24 * 3600 * (int64_t)SECOND_NS)
#define RELATIONS_MAX 500
#define PAST_MAX 200

static unsigned int kinds_of(const struct value *list)
{
	unsigned int bits = 0;

	VALUE_EACH (v, list)
		bits |= asset_kind_bit(v->string);
	return bits;
}

/* Kinds the condition cannot hold without; 0: it says none. */
static unsigned int kinds_required(const struct search_box *box)
{
	str room[ASSET_KIND_COUNT];
	size_t n = box->filter ? policy_filter_requires(box->filter, "asset.kind", room,
							ARRAY_LEN(room))
			       : 0;
	unsigned int bits = 0;

	for (size_t i = 0; i < n; i++)
		bits |= asset_kind_bit(room[i]);
	return bits;
}

static enum asset_presence presence_of(const struct call *c, const struct search_box *box)
{
	str state = call_query(c, "state");

	if (str_is(state, "gone"))
		return ASSET_IS_GONE;
	return str_is(state, "all") || (!state.n && search_box_asks_presence(box)) ? ASSET_ANY
										   : ASSET_PRESENT;
}

static const char *const sorts[] = { [ASSET_BY_NAME] = "name",
				     [ASSET_BY_FIRST_SEEN] = "firstSeen",
				     [ASSET_BY_LAST_SEEN] = "lastSeen",
				     [ASSET_BY_RISK] = "risk",
				     [ASSET_BY_KIND] = "kind" };

static int filter_of(struct call *c, struct search_box *box, struct asset_filter *ret,
		     struct err *e)
{
	struct asset_filter f = { .scope = &c->who.scope,
				  .kinds = kinds_of(value_get(&c->query, "kind")),
				  .agent = call_query(c, "agent"),
				  .presence = presence_of(c, box),
				  .text = box->text };
	unsigned int required = kinds_required(box);
	str image = call_query(c, "image");

	f.sort = (enum asset_sort)call_sort(c, sorts, ARRAY_LEN(sorts), &f.descending);
	if (image.n)
		f.image_id = arena_printf(c->arena, "image:%.*s", STR_ARG(image));
	if (image.n && !f.image_id.p)
		return err_set(e, ENOBUFS, "assets: memory budget spent");
	if (required && (!f.kinds || (f.kinds & required)))
		f.kinds = f.kinds ? f.kinds & required : required;
	if (box->filter) {
		f.holds = search_box_holds_asset;
		f.ctx = box;
	}
	*ret = f;
	return 0;
}

static int list(struct call *c, struct search_box *box, struct err *e)
{
	struct asset_filter f;
	struct asset_page page;
	struct arena scratch;
	int r = filter_of(c, box, &f, e);

	if (r == 0)
		r = assets_page(c->store, &f, c->cursor, c->limit, true, c->arena, &page, e);
	if (r == 0 && box->error < 0)
		r = err_set(e, -box->error,
			    "assets: what is known of their images could not be read");
	if (r < 0)
		return r;
	arena_init(&scratch, DOCUMENT_BUDGET);
	call_page_open(c);
	for (size_t i = 0; i < page.count; i++)
		asset_put(&page.items[i], &scratch, &c->json);
	call_page_close(c, page.next, -1);
	arena_done(&scratch);
	return 0;
}

int api_asset_list(struct call *c, struct err *e)
{
	OWNED_SEARCH_BOX box = { 0 };
	int r = search_box_open(c, &policy_assets, &box, e);

	return r < 0 ? r : list(c, &box, e);
}

static void put_related(struct call *c, const char *name, const struct asset_neighbour *list,
			size_t count, struct arena *scratch)
{
	json_key(&c->json, name);
	json_array_open(&c->json);
	for (size_t i = 0; i < count; i++) {
		json_object_open(&c->json);
		json_put_str(&c->json, "kind", list[i].kind);
		json_put_cstr(&c->json, "direction", list[i].outgoing ? "from" : "to");
		if (list[i].to_ns) {
			call_put_time(&c->json, "from", list[i].from_ns);
			call_put_time(&c->json, "to", list[i].to_ns);
		}
		json_key(&c->json, "asset");
		asset_put(&list[i].asset, scratch, &c->json);
		json_object_close(&c->json);
	}
	json_array_close(&c->json);
}

static int put_relations(struct call *c, const struct asset *a, struct arena *scratch,
			 struct err *e)
{
	struct asset_neighbour *list;
	size_t count;
	bool cut;
	int r = neighbours_of(c, a->id, 0, RELATIONS_MAX, &list, &count, &cut, e);

	if (r < 0)
		return r;
	put_related(c, "relations", list, count, scratch);
	json_put_bool(&c->json, "cut", cut);
	return 0;
}

/* When it was there, and what it belonged to then. */
static int put_history(struct call *c, const struct asset *a, struct arena *scratch, struct err *e)
{
	struct asset_period *periods;
	struct asset_neighbour *past;
	size_t count, past_count;
	int r = assets_periods(c->store, a->id, c->arena, &periods, &count, e);

	if (r == 0)
		r = assets_past(c->store, &c->who.scope, a->id, PAST_MAX, c->arena, &past,
				&past_count, e);
	if (r < 0)
		return r;
	json_key(&c->json, "periods");
	json_array_open(&c->json);
	for (size_t i = 0; i < count; i++) {
		json_object_open(&c->json);
		call_put_time(&c->json, "from", periods[i].from_ns);
		call_put_time(&c->json, "to", periods[i].to_ns);
		json_object_close(&c->json);
	}
	json_array_close(&c->json);
	put_related(c, "past", past, past_count, scratch);
	return 0;
}

/* Alerts of a day about a host or a container; about other things none are told. */
static int count_alerts(struct call *c, const struct asset *a, int64_t *ret, struct err *e)
{
	str id = str_skip(a->id, str_find(a->id, ':') + 1);
	struct alert_filter f = { .scope = call_scope(c, PERMISSION_ALERTS_READ),
				  .since_ns = c->now_ns - DAY_BACK_NS };
	struct alert_facets facets;
	int r;

	*ret = 0;
	if (a->kind == ASSET_HOST)
		f.agents = (struct alert_values){ &a->agent, 1 };
	else if (a->kind == ASSET_CONTAINER)
		f.containers = (struct alert_values){ &id, 1 };
	else if (a->kind == ASSET_POD)
		f.pods = (struct alert_values){ &a->name, 1 };
	else
		return 0;
	r = alerts_facets(c->store, &f, 1, c->arena, &facets, e);
	if (r == 0)
		*ret = facets.total;
	return r;
}

static int put_findings(struct call *c, const struct asset *a, struct err *e)
{
	str id = a->kind == ASSET_IMAGE ? a->id : a->image_id;
	struct stored_image image;
	int r;

	if (!str_starts(id, S("image:")))
		return 0;
	r = images_get(c->store, call_scope(c, PERMISSION_IMAGES_READ), str_skip(id, 6), c->arena,
		       &image, e);
	if (r == 0 && image.scanned_ns) {
		json_key(&c->json, "findings");
		severity_counts_put(image.counts, &c->json);
	}
	return r == -ENOENT ? 0 : r;
}

static int put_detail(struct call *c, const struct asset *a, struct arena *scratch, struct err *e)
{
	struct value doc;
	int64_t alerts;
	int r;

	json_object_open(&c->json);
	json_key(&c->json, "asset");
	asset_put(a, scratch, &c->json);
	json_key(&c->json, "doc");
	arena_reset(scratch);
	if (json_parse(a->doc, scratch, &doc, NULL) == 0)
		call_put_json(&c->json, a->doc);
	else
		json_null(&c->json);
	r = put_relations(c, a, scratch, e);
	if (r == 0)
		r = put_history(c, a, scratch, e);
	if (r == 0)
		r = count_alerts(c, a, &alerts, e);
	if (r < 0)
		return r;
	json_put_int(&c->json, "alerts24h", alerts);
	r = put_findings(c, a, e);
	if (r == 0 && a->kind == ASSET_CONTAINER) {
		json_key(&c->json, "risk");
		r = risk_put_of(c, a, e);
	}
	json_object_close(&c->json);
	return r;
}

int api_asset_get(struct call *c, struct err *e)
{
	struct arena scratch;
	struct asset a;
	int r = assets_get(c->store, &c->who.scope, c->id, c->arena, &a, e);

	if (r < 0)
		return r;
	arena_init(&scratch, DOCUMENT_BUDGET);
	r = put_detail(c, &a, &scratch, e);
	arena_done(&scratch);
	return r;
}

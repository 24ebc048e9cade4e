#include "base/clock.h"
#include "base/map.h"
#include "codec/json.h"
#include "console/api/alert_json.h"
#include "console/api/asset_json.h"
#include "console/api/risk.h"
#include "console/store/agents.h"
#include "console/store/store_fact.h"

#define DAY_BACK_NS ((int64_t)24 * 3600 * (int64_t)SECOND_NS)
#define SERIES_BUCKETS 24
#define CANDIDATE_IMAGES 12
#define CANDIDATES_OF_IMAGE 3
#define CANDIDATES_MAX 48
#define ALERTS_LOOKED_AT 100
#define WORST_MAX 10
#define SCORED 5
#define CHANGES_MAX 20

/* A container that may be among the worst. */
struct candidate {
	struct asset asset;
	struct risk risk;
};

struct overview {
	struct call *call;
	struct candidate *items;
	size_t count;
	struct map known;
	struct map alerts;   /* open ones by container: int64_t */
	int64_t database_ns; /* age of the newest database an image was matched with */
};

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "overview: memory budget spent");
}

static int add(struct overview *o, const struct asset *a, struct err *e)
{
	struct call *c = o->call;
	struct candidate *at = &o->items[o->count];
	const int64_t *alerts;
	struct risk_facts facts;
	void **known;
	int r;

	if (o->count == CANDIDATES_MAX || a->kind != ASSET_CONTAINER || a->gone_ns ||
	    (a->state.n && !str_is(a->state, "running")) || map_find(&o->known, a->id))
		return 0;
	known = map_at(&o->known, a->id);
	if (!known)
		return spent(e);
	*known = o;
	r = risk_find(c, a, false, &facts, e);
	if (r < 0)
		return r;
	alerts = map_find(&o->alerts, a->id);
	facts.alerts = alerts ? *alerts : 0;
	if (risk_reckon(&facts, c->arena, &at->risk) < 0)
		return spent(e);
	at->asset = *a;
	o->count++;
	return 0;
}

/* Those that run the worst images. */
static int add_by_image(struct overview *o, struct err *e)
{
	struct call *c = o->call;
	struct image_filter f = { .scope = call_scope(c, PERMISSION_IMAGES_READ), .running = 1 };
	struct image_page images;
	int r = images_page(c->store, &f, (str){ 0 }, CANDIDATE_IMAGES, c->arena, &images, e);

	for (size_t i = 0; r == 0 && i < images.count; i++) {
		struct asset_filter of = { .scope = &c->who.scope, .kinds = 1U << ASSET_CONTAINER };
		struct asset_page page;

		o->database_ns = MAX(o->database_ns, images.items[i].database_ns);
		of.image_id = arena_printf(c->arena, "image:%.*s", STR_ARG(images.items[i].digest));
		if (!of.image_id.p)
			return spent(e);
		r = assets_page(c->store, &of, (str){ 0 }, CANDIDATES_OF_IMAGE, true, c->arena,
				&page, e);
		for (size_t k = 0; r == 0 && k < page.count; k++)
			r = add(o, &page.items[k], e);
	}
	return r;
}

static str container_of(struct call *c, const struct stored_alert *a)
{
	struct arena scratch;
	struct value doc;
	str id = { 0 };

	arena_init(&scratch, (size_t)64 << 20);
	if (json_parse(a->doc, &scratch, &doc, NULL) == 0)
		id = value_get_str(value_get(&doc, "container"), "id");
	id = id.n && !str_is(id, "host") ? arena_printf(c->arena, "container:%.*s", STR_ARG(id))
					 : (str){ 0 };
	arena_done(&scratch);
	return id;
}

/* Counts open alerts by container, once for all of them. */
static int count_alerts(struct overview *o, str **ret, size_t *ret_count, struct err *e)
{
	struct call *c = o->call;
	struct alert_filter f = { .scope = call_scope(c, PERMISSION_ALERTS_READ),
				  .states = 1U << ALERT_OPEN,
				  .priorities = (1U << (PRIORITY_ERROR + 1)) - 1,
				  .since_ns = c->now_ns - DAY_BACK_NS };
	str *ids = ARENA_ARRAY(c->arena, ALERTS_LOOKED_AT, str);
	struct alert_page page;
	int r = ids ? alerts_page(c->store, &f, 0, ALERTS_LOOKED_AT, true, c->arena, &page, e)
		    : spent(e);

	*ret_count = 0;
	for (size_t i = 0; r == 0 && i < page.count; i++) {
		str id = container_of(c, &page.items[i]);
		void **at = id.n ? map_at(&o->alerts, id) : NULL;

		if (!id.n)
			continue;
		if (at && !*at) {
			*at = ARENA_NEW(c->arena, int64_t);
			ids[(*ret_count)++] = id;
		}
		if (!at || !*at)
			return spent(e);
		++*(int64_t *)*at;
	}
	*ret = ids;
	return r;
}

/* Those that alerts are about that nobody has looked at. */
static int add_by_alert(struct overview *o, const str *ids, size_t count, struct err *e)
{
	struct call *c = o->call;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct asset a;

		if (map_find(&o->known, ids[i]))
			continue;
		r = assets_get(c->store, &c->who.scope, ids[i], c->arena, &a, e);
		if (r == 0)
			r = add(o, &a, e);
		else if (r == -ENOENT)
			r = 0;
	}
	return r;
}

/* The first by name, so that a small host is seen whole. */
static int add_by_name(struct overview *o, struct err *e)
{
	struct call *c = o->call;
	struct asset_filter f = { .scope = &c->who.scope, .kinds = 1U << ASSET_CONTAINER };
	struct asset_page page;
	int r = assets_page(c->store, &f, (str){ 0 }, CANDIDATES_MAX / 2, true, c->arena, &page, e);

	for (size_t i = 0; r == 0 && i < page.count; i++)
		r = add(o, &page.items[i], e);
	return r;
}

static int by_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->risk.score != y->risk.score)
		return x->risk.score < y->risk.score ? 1 : -1;
	return str_cmp(x->asset.id, y->asset.id);
}

/* The mean of the worst, so that mending the worst one lowers it and none hides behind many that are well. */
static int score_fleet(struct overview *o, struct risk *ret, struct err *e)
{
	size_t n = MIN(o->count, (size_t)SCORED);
	struct risk fleet = { 0 };

	for (size_t f = 0; f < RISK_FACTOR_COUNT; f++) {
		const struct candidate *worst = NULL;
		struct risk_part *p = &fleet.parts[f];

		for (size_t i = 0; i < n; i++) {
			p->points += o->items[i].risk.parts[f].points;
			p->value += o->items[i].risk.parts[f].value;
			if (!worst ||
			    o->items[i].risk.parts[f].points > worst->risk.parts[f].points)
				worst = &o->items[i];
		}
		if (!worst)
			continue;
		p->points /= (double)n;
		p->why = arena_printf(o->call->arena, "%.*s: %.*s", STR_ARG(worst->asset.name),
				      STR_ARG(worst->risk.parts[f].why));
		p->why_zh = arena_printf(o->call->arena, "%.*s：%.*s", STR_ARG(worst->asset.name),
					 STR_ARG(worst->risk.parts[f].why_zh));
		if (!p->why.p || !p->why_zh.p)
			return spent(e);
	}
	risk_add_up(&fleet);
	*ret = fleet;
	return 0;
}

static void put_worst(const struct overview *o, struct json_out *j)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	json_key(j, "worst");
	json_array_open(j);
	for (size_t i = 0; i < o->count && i < WORST_MAX; i++) {
		json_object_open(j);
		json_put_cstr(j, "kind", "container");
		json_put_str(j, "id", o->items[i].asset.id);
		json_put_str(j, "name", o->items[i].asset.name);
		asset_put_place(&o->items[i].asset, &scratch, j);
		json_key(j, "score");
		json_double(j, o->items[i].risk.score, 1);
		json_put_cstr(j, "band", risk_band(o->items[i].risk.score));
		risk_put_factors(&o->items[i].risk, j);
		json_object_close(j);
	}
	json_array_close(j);
	arena_done(&scratch);
}

static int put_risk(struct overview *o, struct err *e)
{
	struct risk fleet;
	size_t count;
	str *ids;
	int r = count_alerts(o, &ids, &count, e);

	if (r == 0)
		r = add_by_image(o, e);
	if (r == 0)
		r = add_by_alert(o, ids, count, e);
	if (r == 0)
		r = add_by_name(o, e);
	if (r < 0)
		return r;
	qsort(o->items, o->count, sizeof(o->items[0]), by_score);
	r = score_fleet(o, &fleet, e);
	if (r < 0)
		return r;
	json_key(&o->call->json, "risk");
	risk_put(&fleet, &o->call->json);
	put_worst(o, &o->call->json);
	return 0;
}

static int put_counts(struct call *c, struct err *e)
{
	const struct scope *agents = call_scope(c, PERMISSION_AGENTS_READ);
	int64_t counts[ASSET_KIND_COUNT], all = 0, silent = 0;
	struct json_out *j = &c->json;
	int r = assets_count(c->store, &c->who.scope, counts, e);

	/* agents are of the whole fleet: who sees a part of it is not told how many there are */
	if (r == 0 && agents && agents->everything)
		r = agent_count(c->store, &all, &silent, e);
	if (r < 0)
		return r;
	json_key(j, "counts");
	json_object_open(j);
	json_put_int(j, "hosts", counts[ASSET_HOST]);
	json_put_int(j, "containers", counts[ASSET_CONTAINER]);
	json_put_int(j, "images", counts[ASSET_IMAGE]);
	json_put_int(j, "pods", counts[ASSET_POD]);
	json_put_int(j, "agents", all);
	json_put_int(j, "agentsSilent", silent);
	json_object_close(j);
	return 0;
}

static int put_alerts(struct call *c, struct err *e)
{
	struct alert_filter f = { .scope = call_scope(c, PERMISSION_ALERTS_READ),
				  .since_ns = c->now_ns - DAY_BACK_NS,
				  .until_ns = c->now_ns };
	int64_t counts[PRIORITY_COUNT] = { 0 }, open = 0;
	struct alert_facets facets;
	struct alert_histogram h;
	int r = alerts_facets(c->store, &f, PRIORITY_COUNT, c->arena, &facets, e);

	if (r == 0)
		r = alerts_histogram(c->store, &f, SERIES_BUCKETS, c->arena, &h, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < facets.count[ALERT_FACET_PRIORITY]; i++) {
		const struct alert_count *n = &facets.values[ALERT_FACET_PRIORITY][i];
		enum alert_priority p;

		if (alert_priority_find(n->value, &p) == 0)
			counts[p] = n->count;
	}
	for (size_t i = 0; i < facets.count[ALERT_FACET_STATE]; i++)
		if (str_is(facets.values[ALERT_FACET_STATE][i].value, "open"))
			open = facets.values[ALERT_FACET_STATE][i].count;
	json_key(&c->json, "alerts24h");
	priority_counts_put(counts, &c->json);
	json_put_int(&c->json, "alertsOpen", open);
	alert_buckets_put("alertSeries", &h, &c->json);
	return 0;
}

static int put_findings(struct call *c, struct err *e)
{
	struct findings_summary s;
	struct json_out *j = &c->json;
	int r = findings_summary(c->store, call_scope(c, PERMISSION_RISKS_READ), &s, e);

	if (r < 0)
		return r;
	json_key(j, "findings");
	json_object_open(j);
	json_key(j, "counts");
	severity_counts_put(s.counts, j);
	json_put_int(j, "kev", s.kev);
	json_put_int(j, "fixable", s.fixable);
	json_put_int(j, "accepted", s.accepted);
	json_put_int(j, "imagesScanned", s.scanned);
	json_put_int(j, "imagesWaiting", s.waiting);
	json_put_int(j, "imagesUnjudged", s.unjudged);
	json_object_close(j);
	return 0;
}

static const char *kind_zh(enum asset_kind k)
{
	return k == ASSET_HOST        ? "主机"
	       : k == ASSET_CONTAINER ? "容器"
	       : k == ASSET_IMAGE     ? "镜像"
				      : asset_kind_name(k);
}

static int put_change(struct call *c, const struct asset *a, struct err *e)
{
	const char *kind = asset_kind_name(a->kind);
	bool gone = a->gone_ns != 0;
	str en = arena_printf(c->arena, gone ? "%s %.*s is gone" : "%s %.*s is new", kind,
			      STR_ARG(a->name));
	str zh = arena_printf(c->arena, gone ? "%s %.*s 已消失" : "新增%s %.*s", kind_zh(a->kind),
			      STR_ARG(a->name));
	struct json_out *j = &c->json;

	if (!en.p || !zh.p)
		return spent(e);
	json_object_open(j);
	call_put_time(j, "time", gone ? a->gone_ns : a->first_ns);
	json_put_cstr(j, "kind", gone ? "asset-gone" : "asset-new");
	json_put_str(j, "what", en);
	json_put_str(j, "whatZh", zh);
	json_put_str(j, "asset", a->id);
	json_object_close(j);
	return 0;
}

static int put_changes(struct call *c, struct err *e)
{
	unsigned int kinds = 1U << ASSET_HOST | 1U << ASSET_CONTAINER | 1U << ASSET_IMAGE;
	struct asset *list;
	size_t count;
	int r = assets_changes(c->store, &c->who.scope, kinds, c->now_ns - DAY_BACK_NS, CHANGES_MAX,
			       c->arena, &list, &count, e);

	if (r < 0)
		return r;
	json_key(&c->json, "changes");
	json_array_open(&c->json);
	for (size_t i = 0; i < count && r == 0; i++)
		r = put_change(c, &list[i], e);
	json_array_close(&c->json);
	return r;
}

static int put_clock(struct call *c, struct err *e)
{
	int64_t days = 0;
	int r = store_clock_ahead(c->store->sql, c->now_ns, &days, e);

	json_key(&c->json, "clockAheadDays");
	if (r > 0)
		json_int(&c->json, days);
	else
		json_null(&c->json);
	return MIN(r, 0);
}

int api_overview_get(struct call *c, struct err *e)
{
	struct overview o = { .call = c, .known = map_in(c->arena), .alerts = map_in(c->arena) };
	int r;

	o.items = ARENA_ARRAY(c->arena, CANDIDATES_MAX + 1, struct candidate);
	if (!o.items)
		return spent(e);
	json_object_open(&c->json);
	r = put_risk(&o, e);
	if (r == 0)
		r = put_counts(c, e);
	if (r == 0)
		r = put_alerts(c, e);
	if (r == 0)
		r = put_findings(c, e);
	if (r == 0)
		r = put_changes(c, e);
	if (r == 0)
		r = put_clock(c, e);
	database_state_put(o.database_ns, c->now_ns, &c->json);
	json_object_close(&c->json);
	return r;
}

#include "codec/json.h"
#include "console/api/asset_json.h"
#include "console/api/search_box.h"
#include "console/store/alerts.h"
#include "policy/alert_target.h"
#include "policy/asset_target.h"

#define HITS 5

static void put_hit(struct json_out *j, const char *kind, str id, str name, str detail)
{
	json_object_open(j);
	json_put_cstr(j, "kind", kind);
	json_put_str(j, "id", id);
	json_put_str(j, "name", name);
	json_opt_str(j, "detail", detail);
	json_object_close(j);
}

/* A condition that is not about this subject finds nothing of it; where it is about none, that is told. */
static int open_box(struct call *c, const struct policy_subject *s, struct search_box *ret,
		    bool *ret_ours, struct err *why)
{
	int r = search_box_open(c, s, ret, why);

	*ret_ours = r == 0;
	return r == -EINVAL ? 0 : r;
}

static int put_assets(struct call *c, struct search_box *box, bool ours, struct err *e)
{
	struct asset_filter f = { .scope = call_scope(c, PERMISSION_ASSETS_READ),
				  .text = box->text };
	struct asset_page page = { 0 };
	int r = 0;

	/* images are told by themselves */
	f.kinds = ((1U << ASSET_KIND_COUNT) - 1) & ~(1U << ASSET_IMAGE);
	if (box->filter) {
		f.holds = search_box_holds_asset;
		f.ctx = box;
		f.presence = ours && search_box_asks_presence(box) ? ASSET_ANY : ASSET_PRESENT;
	}
	if (ours)
		r = assets_page(c->store, &f, (str){ 0 }, HITS, false, c->arena, &page, e);
	if (r < 0)
		return r;
	json_key(&c->json, "assets");
	json_array_open(&c->json);
	for (size_t i = 0; i < page.count; i++)
		put_hit(&c->json, asset_kind_name(page.items[i].kind), page.items[i].id,
			page.items[i].name, page.items[i].host);
	json_array_close(&c->json);
	return 0;
}

static int put_images(struct call *c, const struct search_box *box, bool ours, struct err *e)
{
	struct image_filter f = { .scope = call_scope(c, PERMISSION_IMAGES_READ),
				  .text = box->text,
				  .running = -1 };
	struct image_page page = { 0 };
	int r = 0;

	if (ours && !box->filter)
		r = images_page(c->store, &f, (str){ 0 }, HITS, c->arena, &page, e);
	if (r < 0)
		return r;
	json_key(&c->json, "images");
	json_array_open(&c->json);
	for (size_t i = 0; i < page.count; i++) {
		str rest = page.items[i].references, name = str_cut(&rest, ' ');

		put_hit(&c->json, "image", page.items[i].digest,
			name.n ? name : page.items[i].digest, page.items[i].os);
	}
	json_array_close(&c->json);
	return 0;
}

static int put_vulnerabilities(struct call *c, const struct search_box *box, bool ours,
			       struct err *e)
{
	struct vulnerability_filter f = { .scope = call_scope(c, PERMISSION_RISKS_READ),
					  .text = box->text,
					  .kev = -1,
					  .fixable = -1,
					  .accepted = -1 };
	struct vulnerability_page page = { 0 };
	int r = 0;

	if (ours && !box->filter)
		r = vulnerabilities_page(c->store, &f, (str){ 0 }, HITS, c->arena, &page, e);
	if (r < 0)
		return r;
	json_key(&c->json, "vulnerabilities");
	json_array_open(&c->json);
	for (size_t i = 0; i < page.count; i++)
		put_hit(&c->json, "vulnerability", page.items[i].v.id, page.items[i].v.id,
			page.items[i].v.title);
	json_array_close(&c->json);
	return 0;
}

static int put_alerts(struct call *c, struct search_box *box, bool ours, struct err *e)
{
	struct alert_filter f = { .scope = call_scope(c, PERMISSION_ALERTS_READ),
				  .text = box->text };
	struct alert_page page = { 0 };
	int r = 0;

	if (box->filter) {
		f.holds = search_box_holds_alert;
		f.ctx = box;
	}
	if (ours)
		r = alerts_page(c->store, &f, 0, HITS, false, c->arena, &page, e);
	if (r < 0)
		return r;
	json_key(&c->json, "alerts");
	json_array_open(&c->json);
	for (size_t i = 0; i < page.count; i++) {
		str id = arena_printf(c->arena, "%lld", (long long)page.items[i].id);

		put_hit(&c->json, "alert", id, page.items[i].series->rule,
			page.items[i].series->host);
	}
	json_array_close(&c->json);
	return 0;
}

int api_search(struct call *c, struct err *e)
{
	OWNED_SEARCH_BOX assets = { 0 };
	OWNED_SEARCH_BOX alerts = { 0 };
	struct err why = { .translate = e->translate };
	bool of_assets = false, of_alerts = false;
	int r = open_box(c, &policy_assets, &assets, &of_assets, e);

	if (r == 0)
		r = open_box(c, &policy_alerts, &alerts, &of_alerts, &why);
	if (r == 0 && !of_assets && !of_alerts)
		r = -EINVAL;
	if (r == 0) {
		json_object_open(&c->json);
		r = put_assets(c, &assets, of_assets, e);
	}
	if (r == 0)
		r = put_images(c, &assets, of_assets, e);
	if (r == 0)
		r = put_vulnerabilities(c, &assets, of_assets, e);
	if (r == 0)
		r = put_alerts(c, &alerts, of_alerts, e);
	if (r == 0)
		json_object_close(&c->json);
	return r;
}

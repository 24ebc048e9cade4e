#include "base/map.h"
#include "codec/json.h"
#include "console/api/asset_json.h"
#include "console/api/dispatch.h"
#include "console/registry/registry_config.h"
#include "console/api/search_box.h"
#include "console/store/agents.h"
#include "console/store/image_layers.h"
#include "model/inventory.h"
#include "policy/asset_target.h"

/* More than the largest inventory takes when it is parsed. */
#define INVENTORY_BUDGET ((size_t)512 << 20)
#define DIFF_MAX 1000
#define LOOK_MAX 20000 /* findings of an image that are compared */
#define CONTAINERS_MAX 100
#define BASE_NAMES_MAX 20

static unsigned int severities_of(const struct call *c)
{
	unsigned int bits = 0;

	VALUE_EACH (v, value_get(&c->query, "severity"))
		for (unsigned int i = 0; i < SEVERITY_COUNT; i++)
			if (str_is(v->string, severity_name((enum severity)i)))
				bits |= 1U << i;
	return bits;
}

static unsigned int owners_of(const struct call *c)
{
	str name = call_query(c, "owner");
	unsigned int bits = 0;

	for (unsigned int i = OWNER_UNKNOWN; i <= OWNER_APPLICATION; i++)
		if (str_is(name, layer_owner_name((enum layer_owner)i)))
			bits |= 1U << i;
	return bits;
}

static unsigned int stages_of(const struct call *c)
{
	unsigned int bits = 0;

	VALUE_EACH (v, value_get(&c->query, "stage"))
		bits |= 1U << promotion_stage_find(v->string);
	return bits;
}

/* 1, 0, or -1 when the query does not say. */
static int choice(const struct call *c, const char *name)
{
	const struct value *v = value_get(&c->query, name);

	return v ? v->boolean : -1;
}

static const char *const sorts[] = {
	[IMAGE_BY_RISK] = "risk",       [IMAGE_BY_NAME] = "name",
	[IMAGE_BY_SIZE] = "size",       [IMAGE_BY_SCANNED] = "scanned",
	[IMAGE_BY_RUNNING] = "running", [IMAGE_BY_FIXABLE] = "fixable",
};

static int list(struct call *c, struct search_box *box, struct err *e)
{
	struct image_filter f = { .scope = &c->who.scope,
				  .text = box->text,
				  .severities = severities_of(c),
				  .running = choice(c, "running"),
				  .stages = stages_of(c),
				  .holds = box->filter ? search_box_holds_image : NULL,
				  .ctx = box };
	struct image_page page;
	int r;

	f.sort = (enum image_sort)call_sort(c, sorts, ARRAY_LEN(sorts), &f.descending);
	r = images_page(c->store, &f, c->cursor, c->limit, c->arena, &page, e);
	if (r == 0 && box->error < 0)
		r = err_set(e, -box->error, "images: what is in them could not be read");
	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t k = 0; k < page.count; k++)
		image_put(c, &page.items[k]);
	call_page_close(c, page.next, -1);
	return 0;
}

int api_image_list(struct call *c, struct err *e)
{
	OWNED_SEARCH_BOX box = { 0 };
	int r = search_box_open(c, &policy_assets, &box, e);

	return r < 0 ? r : list(c, &box, e);
}

struct stored_inventory {
	struct inventory inventory;
	int64_t base_layers; /* 0: not known */
	bool there, damaged;
	struct arena arena;
};

/** What cannot be made sense of hides nothing else: it is a gap, which the next scan closes. */
static bool is_damage(int r)
{
	return r == -EBADMSG || r == -E2BIG;
}

static int read_inventory(struct call *c, const struct stored_image *image,
			  struct stored_inventory *ret, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	struct value doc;
	int r = images_inventory(c->store, image->digest, &text, e);

	*ret = (struct stored_inventory){ .base_layers = image->base_layers };
	arena_init(&ret->arena, INVENTORY_BUDGET);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = json_parse(buf_str(&text), &ret->arena, &doc, e);
	if (r == 0)
		r = inventory_parse(&doc, &ret->arena, &ret->inventory, e);
	ret->there = r == 0;
	ret->damaged = is_damage(r);
	return ret->damaged ? 0 : r;
}

static void close_inventory(struct stored_inventory *v)
{
	arena_done(&v->arena);
}

static const char *owner_of(const struct stored_inventory *v, size_t layer)
{
	if (v->base_layers == 0)
		return "unknown";
	return (int64_t)layer < v->base_layers ? "base" : "application";
}

static void put_layers(const struct stored_inventory *v, struct json_out *j)
{
	json_key(j, "layerList");
	json_array_open(j);
	for (size_t i = 0; v->there && i < v->inventory.layer_count; i++) {
		const struct inventory_layer *l = &v->inventory.layers[i];

		json_object_open(j);
		json_put_uint(j, "index", i);
		json_put_str(j, "digest", l->diff_id.n ? l->diff_id : l->digest);
		json_opt_str(j, "command", l->created_by);
		json_put_uint(j, "size", l->tar_bytes);
		json_put_cstr(j, "owner", owner_of(v, i));
		json_object_close(j);
	}
	json_array_close(j);
}

static int put_base(struct call *c, const struct stored_image *image, struct err *e)
{
	struct json_out *j = &c->json;
	struct stored_image base;
	struct base_name *names;
	size_t count;
	int r = images_get(c->store, &scope_everything, image->base, c->arena, &base, e);

	if (r == 0)
		r = image_base_names(c->store, &c->who.scope, image->base, BASE_NAMES_MAX, c->arena,
				     &names, &count, e);
	if (r < 0)
		return r;
	json_key(j, "baseImage");
	json_object_open(j);
	json_put_str(j, "digest", base.digest);
	json_put_int(j, "layers", base.layers);
	json_key(j, "names");
	json_array_open(j);
	for (size_t i = 0; i < count; i++) {
		json_object_open(j);
		json_put_str(j, "reference", names[i].reference);
		json_put_bool(j, "current", names[i].current);
		json_object_close(j);
	}
	json_array_close(j);
	json_object_close(j);
	return 0;
}

static void put_gap_list(struct call *c, const struct gap_list *l)
{
	struct json_out *j = &c->json;

	for (size_t i = 0; i < l->count; i++) {
		const struct gap *g = &l->items[i];

		json_object_open(j);
		json_put_cstr(j, "kind", gap_kind_name(g->kind));
		json_put_str(j, "place", call_words(c, g->place));
		json_opt_str(j, "detail", call_sentence(c, g->what));
		json_put_uint(j, "count", g->count);
		json_object_close(j);
	}
}

/** What the scan could not read, then what the match could not judge. */
static int put_gaps(struct call *c, str digest, const struct stored_inventory *v, struct err *e)
{
	struct gap_list unjudged;
	int r = images_gaps(c->store, digest, c->arena, &unjudged, e);

	if (is_damage(r))
		unjudged = (struct gap_list){ 0 };
	else if (r < 0)
		return r;
	if (is_damage(r))
		gap_add(&unjudged, c->arena, GAP_MALFORMED, S("what could not be judged"),
			"what could not be judged is kept no more, what was stored of it is "
			"damaged: scan the image again");
	if (v->damaged)
		gap_add(&unjudged, c->arena, GAP_MALFORMED, S("layers and packages"),
			"layers and packages are not shown, what was stored of them is damaged: "
			"scan the image again");
	json_key(&c->json, "gaps");
	json_array_open(&c->json);
	if (v->there)
		put_gap_list(c, &v->inventory.gaps);
	put_gap_list(c, &unjudged);
	json_array_close(&c->json);
	return 0;
}

static int put_containers(struct call *c, str digest, struct err *e)
{
	struct asset_filter f = { .scope = call_scope(c, PERMISSION_ASSETS_READ),
				  .kinds = 1U << ASSET_CONTAINER,
				  .image_id =
					  arena_printf(c->arena, "image:%.*s", STR_ARG(digest)) };
	struct asset_page page;
	struct arena scratch;
	int r;

	if (!f.image_id.p)
		return err_set(e, ENOBUFS, "image: memory budget spent");
	r = assets_page(c->store, &f, (str){ 0 }, CONTAINERS_MAX, true, c->arena, &page, e);
	if (r < 0)
		return r;
	arena_init(&scratch, 0);
	json_key(&c->json, "containers");
	json_array_open(&c->json);
	for (size_t i = 0; i < page.count; i++)
		asset_put(&page.items[i], &scratch, &c->json);
	json_array_close(&c->json);
	arena_done(&scratch);
	return 0;
}

int api_image_get(struct call *c, struct err *e)
{
	CLEANUP(close_inventory) struct stored_inventory v = { 0 };
	struct stored_image image;
	int r = images_get(c->store, &c->who.scope, c->id, c->arena, &image, e);

	if (r == 0)
		r = read_inventory(c, &image, &v, e);
	if (r < 0)
		return r;
	json_object_open(&c->json);
	json_key(&c->json, "image");
	image_put(c, &image);
	put_layers(&v, &c->json);
	if (image.base.n)
		r = put_base(c, &image, e);
	if (r == 0)
		r = put_gaps(c, image.digest, &v, e);
	database_state_put(image.database_ns, c->now_ns, &c->json);
	if (r == 0)
		r = put_containers(c, image.digest, e);
	json_object_close(&c->json);
	return r;
}

static void put_number(struct json_out *j, const char *key, double n, int decimals)
{
	if (n < 0)
		return;
	json_key(j, key);
	json_double(j, n, decimals);
}

static void put_finding(const struct stored_finding *f, struct json_out *j)
{
	json_object_open(j);
	json_put_str(j, "vulnerability", f->vulnerability);
	json_put_str(j, "package", f->package);
	json_put_str(j, "version", f->version);
	json_opt_str(j, "type", f->type);
	json_opt_str(j, "path", f->path);
	json_opt_str(j, "fixed", f->fixed);
	json_put_cstr(j, "severity", severity_name(f->severity));
	put_number(j, "score", f->score, 1);
	put_number(j, "epss", f->epss, 5);
	json_put_bool(j, "kev", f->kev);
	json_put_cstr(j, "owner", layer_owner_name(f->owner));
	json_opt_str(j, "layer", f->layer);
	put_number(j, "risk", f->risk, 1);
	json_put_bool(j, "accepted", f->accepted);
	json_object_close(j);
}

static const char *const finding_sorts[] = { [FINDING_BY_RISK] = "risk",
					     [FINDING_BY_SEVERITY] = "severity",
					     [FINDING_BY_VULNERABILITY] = "vulnerability",
					     [FINDING_BY_PACKAGE] = "package",
					     [FINDING_BY_EPSS] = "epss" };

int api_image_findings(struct call *c, struct err *e)
{
	struct finding_filter f = { .text = call_query(c, "q"),
				    .severities = severities_of(c),
				    .owners = owners_of(c),
				    .kev = choice(c, "kev"),
				    .fixable = choice(c, "fixable") };
	struct finding_page page;
	struct stored_image image;
	int r = images_get(c->store, &c->who.scope, c->id, c->arena, &image, e);

	f.sort = (enum finding_sort)call_sort(c, finding_sorts, ARRAY_LEN(finding_sorts),
					      &f.descending);
	if (r == 0)
		r = findings_page(c->store, image.digest, &f, c->cursor, c->limit, c->arena, &page,
				  e);
	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < page.count; i++)
		put_finding(&page.items[i], &c->json);
	call_page_close(c, page.next, -1);
	return 0;
}

static int put_package(struct call *c, const void *item, const void *ctx, struct err *e)
{
	const struct stored_inventory *v = ctx;
	const struct package *p = item;
	struct json_out *j = &c->json;

	(void)e;
	json_object_open(j);
	json_put_str(j, "name", p->name);
	json_put_str(j, "version", p->version);
	json_put_str(j, "kind", p->type);
	json_put_uint(j, "layer", p->layer);
	json_put_cstr(j, "owner", owner_of(v, p->layer));
	json_opt_str(j, "path", p->db_path);
	json_opt_str(j, "license", p->license);
	json_object_close(j);
	return 0;
}

/* By name and version. A scan may put in another inventory between two pages: a package's number in it says nothing. */
static struct list_item package_item(struct call *c, const struct package *p)
{
	str layer = arena_printf(c->arena, "%u", p->layer);
	const str names[] = {
		p->version, p->type, p->namespace, p->name, p->arch, layer, p->db_path
	};

	return (struct list_item){ .text = p->name,
				   .id = list_sort_id(names, ARRAY_LEN(names), c->arena),
				   .item = p };
}

static int put_packages(struct call *c, const struct stored_inventory *v, struct err *e)
{
	const struct package_list *all = &v->inventory.packages;
	str q = call_query(c, "q");
	struct list_item *items = ARENA_ARRAY(c->arena, all->count, struct list_item);
	size_t n = 0;

	for (size_t i = 0; items && i < all->count; i++) {
		if (q.n && !str_holds_nocase(all->items[i].name, q))
			continue;
		items[n] = package_item(c, &all->items[i]);
		if (!items[n++].id.p)
			items = NULL;
	}
	return items ? call_sorted_page(c, items, n, false, put_package, v, e)
		     : err_set(e, ENOBUFS, "too many packages at once");
}

int api_image_packages(struct call *c, struct err *e)
{
	CLEANUP(close_inventory) struct stored_inventory v = { 0 };
	struct stored_image image;
	int r = images_get(c->store, &c->who.scope, c->id, c->arena, &image, e);

	if (r == 0)
		r = read_inventory(c, &image, &v, e);
	if (r == 0 && v.damaged)
		r = err_set(e, EBUSY,
			    "the stored packages of this image are damaged: scan it again");
	return r < 0 ? r : put_packages(c, &v, e);
}

/* All findings of an image, by vulnerability and package. */
struct finding_set {
	struct map map;
	struct stored_finding *items;
	size_t count;
	bool cut;
};

static str key_of(struct arena *a, const struct stored_finding *f)
{
	return arena_printf(a, "%.*s %.*s %.*s", STR_ARG(f->vulnerability), STR_ARG(f->type),
			    STR_ARG(f->package));
}

static int read_set(struct call *c, str digest, struct finding_set *ret, struct err *e)
{
	int r = findings_worst(c->store, digest, LOOK_MAX + 1, c->arena, &ret->items, &ret->count,
			       e);

	ret->map = map_in(c->arena);
	ret->cut = ret->count > LOOK_MAX;
	ret->count = MIN(ret->count, LOOK_MAX);
	for (size_t i = 0; r == 0 && i < ret->count; i++) {
		str key = key_of(c->arena, &ret->items[i]);
		void **at = key.p ? map_at(&ret->map, key) : NULL;

		if (!at)
			return err_set(e, ENOBUFS, "findings: memory budget spent");
		*at = ret;
	}
	return r;
}

/* Those of @p a that @p b has not got. @return how many both have */
static int64_t put_difference(struct call *c, const char *key, const struct finding_set *a,
			      const struct finding_set *b, bool *cut)
{
	size_t shown = 0;
	int64_t same = 0;

	json_key(&c->json, key);
	json_array_open(&c->json);
	for (size_t i = 0; i < a->count; i++) {
		str k = key_of(c->arena, &a->items[i]);

		if (k.p && map_find(&b->map, k))
			same++;
		else if (shown++ < DIFF_MAX)
			put_finding(&a->items[i], &c->json);
	}
	json_array_close(&c->json);
	*cut |= shown > DIFF_MAX || a->cut;
	return same;
}

int api_image_diff(struct call *c, struct err *e)
{
	struct finding_set here = { 0 }, there = { 0 };
	struct stored_image one, other;
	bool cut = false;
	int64_t same;
	int r = images_get(c->store, &c->who.scope, c->id, c->arena, &one, e);

	if (r == 0)
		r = images_get(c->store, &c->who.scope, call_query(c, "to"), c->arena, &other, e);
	if (r == 0)
		r = read_set(c, one.digest, &here, e);
	if (r == 0)
		r = read_set(c, other.digest, &there, e);
	if (r < 0)
		return r;
	json_object_open(&c->json);
	put_difference(c, "added", &there, &here, &cut);
	same = put_difference(c, "removed", &here, &there, &cut);
	json_put_int(&c->json, "same", same);
	json_put_bool(&c->json, "cut", cut);
	json_object_close(&c->json);
	return 0;
}

#define ASKED_MAX 3

/* The agents of hosts that run it read it; one would do, three are sure that one has it still. */
int api_image_scan(struct call *c, struct err *e)
{
	struct asset_filter f = { .scope = &c->who.scope, .kinds = 1U << ASSET_CONTAINER };
	struct stored_image image;
	struct asset_page page;
	str members, asked[ASKED_MAX];
	size_t count = 0;
	int r = images_get(c->store, &c->who.scope, c->id, c->arena, &image, e);

	if (r < 0)
		return r;
	f.image_id = arena_printf(c->arena, "image:%.*s", STR_ARG(image.digest));
	members = arena_printf(c->arena, "\"image\":\"%.*s\"", STR_ARG(image.digest));
	if (!f.image_id.p || !members.p)
		return err_set(e, ENOBUFS, "image: memory budget spent");
	r = assets_page(c->store, &f, (str){ 0 }, ASSET_PAGE_MAX, false, c->arena, &page, e);
	for (size_t i = 0; r >= 0 && i < page.count && count < ASKED_MAX; i++) {
		bool again = false;
		int64_t id;

		for (size_t k = 0; k < count; k++)
			again |= str_eq(asked[k], page.items[i].agent);
		if (again)
			continue;
		asked[count++] = page.items[i].agent;
		r = agent_command_add(c->store, page.items[i].agent, "scan", members, &id, e);
	}
	if (r < 0)
		return r;
	if (!count) {
		c->code = "not-running";
		return err_set(e, EBUSY, "no host runs this image now, so no agent can read it");
	}
	return 0;
}

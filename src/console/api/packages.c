#include "console/store/packages.h"

#include "console/api/asset_json.h"
#include "console/store/assets.h"

#define IMAGES_MAX 200
#define CONTAINERS_MAX 500

int api_package_list(struct call *c, struct err *e)
{
	const struct package_filter f = { .scope = &c->who.scope,
					  .text = call_query(c, "q"),
					  .name = call_query(c, "name"),
					  .version = call_query(c, "version"),
					  .type = call_query(c, "kind") };
	struct package_page page;
	int r = packages_page(c->store, &f, c->cursor, c->limit, c->arena, &page, e);

	if (r < 0)
		return r;
	call_page_open(c);
	for (size_t i = 0; i < page.count; i++) {
		const struct package_use *x = &page.items[i];

		json_object_open(&c->json);
		json_put_str(&c->json, "name", x->package.name);
		json_put_str(&c->json, "version", x->package.version);
		json_put_str(&c->json, "kind", x->package.type);
		json_put_int(&c->json, "images", x->images);
		json_put_int(&c->json, "containers", x->containers);
		json_object_close(&c->json);
	}
	call_page_close(c, page.next, -1);
	return 0;
}

/* Containers that run one of the images, and the hosts these are on. */
struct places {
	struct asset *items;
	size_t count, cap;
	bool cut;
};

static int add_containers(struct call *c, const struct scope *scope, str digest, struct places *p,
			  struct err *e)
{
	struct asset_filter f = { .scope = scope,
				  .kinds = 1U << ASSET_CONTAINER,
				  .image_id =
					  arena_printf(c->arena, "image:%.*s", STR_ARG(digest)) };
	struct asset_page page;
	int r = f.image_id.p ? assets_page(c->store, &f, (str){ 0 }, CONTAINERS_MAX, true, c->arena,
					   &page, e)
			     : err_set(e, ENOBUFS, "packages: memory budget spent");

	for (size_t i = 0; r == 0 && i < page.count; i++) {
		struct asset *to = p->count < CONTAINERS_MAX
					   ? ARENA_PUSH(c->arena, p->items, p->count, p->cap)
					   : NULL;

		if (to)
			*to = page.items[i];
		p->cut |= !to;
	}
	return r;
}

static int put_images(struct call *c, const str *digests, size_t count, struct places *p,
		      struct err *e)
{
	const struct scope *scope = call_scope(c, PERMISSION_ASSETS_READ);
	size_t shown = 0;
	int r = 0;

	json_key(&c->json, "images");
	json_array_open(&c->json);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct stored_image image;

		r = images_get(c->store, &c->who.scope, digests[i], c->arena, &image, e);
		if (r == -ENOENT) {
			r = 0;
			continue;
		}
		if (r < 0 || ++shown > IMAGES_MAX) {
			p->cut |= r == 0;
			break;
		}
		image_put(c, &image);
		r = add_containers(c, scope, digests[i], p, e);
	}
	json_array_close(&c->json);
	return r;
}

static void put_places(struct call *c, const struct places *p)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	json_key(&c->json, "containers");
	json_array_open(&c->json);
	for (size_t i = 0; i < p->count; i++)
		asset_put(&p->items[i], &scratch, &c->json);
	json_array_close(&c->json);
	json_key(&c->json, "hosts");
	json_array_open(&c->json);
	for (size_t i = 0; i < p->count; i++) {
		bool told = !p->items[i].host.n;

		for (size_t k = 0; k < i && !told; k++)
			told = str_eq(p->items[k].host, p->items[i].host);
		if (!told)
			json_str(&c->json, p->items[i].host);
	}
	json_array_close(&c->json);
	arena_done(&scratch);
}

int api_package_where(struct call *c, struct err *e)
{
	struct places p = { 0 };
	str *digests;
	size_t count;
	int r = packages_images(c->store, call_query(c, "name"), call_query(c, "version"), c->arena,
				&digests, &count, e);

	if (r < 0)
		return r;
	json_object_open(&c->json);
	r = put_images(c, digests, count, &p, e);
	put_places(c, &p);
	json_put_bool(&c->json, "cut", p.cut);
	json_object_close(&c->json);
	return r;
}

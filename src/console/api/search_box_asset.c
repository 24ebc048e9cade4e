#include "codec/json.h"
#include "console/api/search_box.h"
#include "console/store/assets.h"
#include "console/store/packages.h"
#include "policy/asset_target.h"

enum { NAMES_MAX = 16 };

/* ---- What is known of an image ---- */

static int take_packages(struct search_box *b, str digest, struct arena *a,
			 struct asset_image_facts *x)
{
	struct stored_package *list;
	size_t count;
	str *names, *ids;
	int r = packages_of(b->call->store, digest, a, &list, &count, NULL);

	if (r < 0)
		return r;
	names = ARENA_ARRAY(a, count, str);
	ids = ARENA_ARRAY(a, count, str);
	if (!names || !ids)
		return -ENOBUFS;
	for (size_t i = 0; i < count; i++) {
		names[i] = list[i].name;
		ids[i] = arena_printf(a, "%.*s@%.*s", STR_ARG(list[i].name),
				      STR_ARG(list[i].version));
		if (!ids[i].p)
			return -ENOBUFS;
	}
	x->packages = names;
	x->package_ids = ids;
	x->package_count = x->package_id_count = (uint32_t)count;
	return 0;
}

static int take_vulnerabilities(struct search_box *b, str digest, struct arena *a,
				struct asset_image_facts *x)
{
	str *list;
	size_t count;
	int r = images_vulnerabilities(b->call->store, digest, a, &list, &count, NULL);

	if (r < 0)
		return r;
	x->vulnerabilities = list;
	x->vulnerability_count = (uint32_t)count;
	return 0;
}

static int facts_of(struct search_box *b, const struct stored_image *i, struct arena *a,
		    struct asset_image_facts *x)
{
	int r = 0;

	*x = (struct asset_image_facts){ .references = i->references,
					 .digest = i->digest,
					 .bytes = (uint64_t)i->bytes,
					 .running = (uint64_t)i->running,
					 .scanned = i->scanned_ns != 0,
					 .fixable = (uint64_t)i->fixable,
					 .kev = (uint64_t)i->kev };
	for (unsigned int s = 0; s < SEVERITY_COUNT; s++)
		x->counts[s] = (uint64_t)i->counts[s];
	if (b->wants_packages && x->scanned)
		r = take_packages(b, i->digest, a, x);
	if (r == 0 && b->wants_vulnerabilities && x->scanned)
		r = take_vulnerabilities(b, i->digest, a, x);
	return r;
}

/* Each image is asked about once; it is remembered, too, when it is not there. */
static const struct asset_image_facts *image_of(struct search_box *b, str digest)
{
	struct asset_image_facts *have = map_find(&b->images, digest);
	struct stored_image image;
	void **at;
	int r;

	if (have)
		return have->digest.n ? have : NULL;
	digest = arena_str(b->call->arena, digest);
	have = ARENA_NEW(b->call->arena, struct asset_image_facts);
	at = digest.p && have ? map_at(&b->images, digest) : NULL;
	if (!at) {
		b->error = -ENOBUFS;
		return NULL;
	}
	r = images_get(b->call->store, call_scope(b->call, PERMISSION_IMAGES_READ), digest,
		       b->call->arena, &image, NULL);
	if (r == 0)
		r = facts_of(b, &image, b->call->arena, have);
	else
		*have = (struct asset_image_facts){ 0 };
	if (r < 0 && r != -ENOENT)
		b->error = r;
	*at = have;
	return r == 0 ? have : NULL;
}

/* ---- Before anything is judged ---- */

static int add_candidates(struct search_box *b, str name, str version, struct err *e)
{
	struct arena *a = b->call->arena;
	str *digests;
	size_t count;
	int r = packages_images(b->call->store, name, version, a, &digests, &count, e);

	for (size_t i = 0; r == 0 && i < count; i++) {
		void **at = map_at(b->candidates, digests[i]);

		if (!at)
			return err_set(e, ENOBUFS, "packages: memory budget spent");
		*at = b;
	}
	return r;
}

bool search_box_asks_presence(const struct search_box *b)
{
	return b->filter && policy_filter_uses(b->filter, ASSET_FIELD_ASSET_PRESENT);
}

int search_box_narrow(struct search_box *b, struct err *e)
{
	str names[NAMES_MAX];
	size_t count = policy_filter_requires(b->filter, "package.id", names, NAMES_MAX);
	const bool ids = count > 0;
	int r = 0;

	if (!ids)
		count = policy_filter_requires(b->filter, "package.name", names, NAMES_MAX);
	if (!count)
		return 0;
	b->candidates = ARENA_NEW(b->call->arena, struct map);
	if (!b->candidates)
		return err_set(e, ENOBUFS, "packages: memory budget spent");
	*b->candidates = map_in(b->call->arena);
	for (size_t i = 0; r == 0 && i < count; i++) {
		size_t at = ids ? str_find_last(names[i], '@') : names[i].n;

		r = add_candidates(b, str_take(names[i], at), str_skip(names[i], at + ids), e);
	}
	return r;
}

/* ---- Judging ---- */

bool search_box_holds_asset(void *ctx, const struct asset *a)
{
	struct search_box *b = ctx;
	str image = a->kind == ASSET_IMAGE ? a->id : a->image_id;
	struct asset_facts facts = { .kind = a->kind,
				     .id = a->id,
				     .name = a->name,
				     .agent = a->agent,
				     .host = a->host,
				     .gone = a->gone_ns != 0,
				     .first_ns = a->first_ns,
				     .last_ns = a->last_ns };
	struct asset_target t = { 0 };
	struct value doc;

	if (a->kind >= ASSET_KIND_COUNT)
		return false;
	image = str_starts(image, S("image:")) ? str_skip(image, 6) : (str){ 0 };
	if (b->candidates && !(image.n && map_find(b->candidates, image)))
		return false;
	arena_reset(&b->arena);
	if (b->wants_images && image.n)
		facts.image = image_of(b, image);
	asset_target_init(&t, json_parse(a->doc, &b->arena, &doc, NULL) == 0 ? &doc : NULL, &facts);
	return policy_filter_judge(b->filter, &t.target) == POLICY_TRUE;
}

bool search_box_holds_image(void *ctx, const struct stored_image *i)
{
	struct search_box *b = ctx;
	struct asset_image_facts image;
	struct asset_facts facts = { .kind = ASSET_IMAGE,
				     .id = i->digest,
				     .name = str_take(i->references, str_find(i->references, ' ')),
				     .image = &image };
	struct asset_target t = { 0 };
	int r;

	if (b->candidates && !map_find(b->candidates, i->digest))
		return false;
	arena_reset(&b->arena);
	r = facts_of(b, i, &b->arena, &image);
	if (r < 0) {
		b->error = r;
		return false;
	}
	asset_target_init(&t, NULL, &facts);
	return policy_filter_judge(b->filter, &t.target) == POLICY_TRUE;
}

#include "codec/json.h"
#include "console/api/search_box.h"
#include "console/store/assets.h"
#include "console/store/findings.h"
#include "policy/asset_target.h"

/* Each image is asked about once; it is remembered, too, when it is not there. */
static const struct stored_image *image_of(struct search_box *b, str digest)
{
	struct stored_image *have = map_find(&b->images, digest);
	void **at;
	int r;

	if (have)
		return have->scanned_ns ? have : NULL;
	digest = arena_str(b->call->arena, digest);
	have = ARENA_NEW(b->call->arena, struct stored_image);
	at = digest.p && have ? map_at(&b->images, digest) : NULL;
	if (!at) {
		b->error = -ENOBUFS;
		return NULL;
	}
	r = images_get(b->call->store, call_scope(b->call, PERMISSION_IMAGES_READ), digest,
		       b->call->arena, have, NULL);
	if (r < 0 && r != -ENOENT)
		b->error = r;
	*at = have;
	return r == 0 && have->scanned_ns ? have : NULL;
}

static void add_image(struct search_box *b, const struct asset *a, struct asset_facts *f)
{
	str id = a->kind == ASSET_IMAGE ? a->id : a->image_id;
	const struct stored_image *i = NULL;

	if (str_starts(id, S("image:")))
		i = image_of(b, str_skip(id, 6));
	if (!i)
		return;
	f->scanned = true;
	f->kev = (uint64_t)i->kev;
	for (unsigned int s = 0; s < SEVERITY_COUNT; s++) {
		f->vulnerabilities += (uint64_t)i->counts[s];
		if (i->counts[s])
			f->severity = s;
	}
}

bool search_box_holds_asset(void *ctx, const struct asset *a)
{
	struct search_box *b = ctx;
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
	arena_reset(&b->arena);
	if (b->wants_images)
		add_image(b, a, &facts);
	asset_target_init(&t, json_parse(a->doc, &b->arena, &doc, NULL) == 0 ? &doc : NULL, &facts);
	return policy_filter_judge(b->filter, &t.target) == POLICY_TRUE;
}

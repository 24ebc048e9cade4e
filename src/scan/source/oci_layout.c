/* OCI image-spec 1.1, image-layout.md: index.json names manifests, everything else is blobs/ALGORITHM/HEX. */
#include "codec/digest.h"
#include "scan/source/image_store.h"
#include "scan/source/manifest.h"

/* Indexes inside indexes; two are common, more are somebody's joke. */
enum { MAX_INDEXES = 8 };

struct oci {
	const struct image_store *store;
	const struct scan_options *o;
	struct arena *arena;
	struct inventory *v;
	struct err *e;
};

static str blob_path(struct oci *c, str digest)
{
	return arena_printf(c->arena, "blobs/sha256/%.*s", STR_ARG(str_skip(digest, 7)));
}

static int read_blob(struct oci *c, str digest, str *ret)
{
	int r = c->store->text(c->store->ctx, blob_path(c, digest), c->arena, ret, c->e);

	return r < 0 ? r : manifest_check_digest(*ret, digest, c->e);
}

static bool is_called(const struct manifest_descriptor *d, str ref)
{
	size_t colon = str_find_last(d->ref_name, ':');

	/* containerd writes whole references, others the bare tag. */
	return str_eq(d->digest, ref) || str_eq(d->ref_name, ref) ||
	       (colon < d->ref_name.n && str_eq(str_skip(d->ref_name, colon + 1), ref));
}

static int choose_by_ref(struct oci *c, const struct manifest *index, str ref,
			 const struct manifest_descriptor **ret)
{
	for (size_t i = 0; i < index->count; i++)
		if (is_called(&index->descriptors[i], ref)) {
			*ret = &index->descriptors[i];
			return 0;
		}
	return err_set(c->e, ENOENT, "the layout holds no image called '%.*s'", STR_ARG(ref));
}

/* The top index lists images, not platforms, when its entries name none. */
static int choose(struct oci *c, const struct manifest *index, str ref,
		  const struct manifest_descriptor **ret)
{
	bool has_platforms = false;

	if (ref.n)
		return choose_by_ref(c, index, ref, ret);
	if (!index->count)
		return err_set(c->e, EBADMSG, "the index names no image");
	for (size_t i = 0; i < index->count; i++)
		has_platforms |= index->descriptors[i].architecture.n > 0;
	if (has_platforms)
		return manifest_choose(index, c->o->platform, ret, c->e);
	if (index->count > 1)
		gap_add(&c->v->gaps, c->arena, GAP_UNSUPPORTED, S("index.json"),
			"the layout holds %zu images; only the first was read", index->count);
	*ret = &index->descriptors[0];
	return 0;
}

static int find_manifest(struct oci *c, str ref, struct manifest *ret)
{
	const struct manifest_descriptor target = { .digest = ref }, *d = NULL;
	uint8_t sum[SHA256_BYTES];
	struct manifest m;
	str text;
	int r = c->store->text(c->store->ctx, S("index.json"), c->arena, &text, c->e);

	/* An engine's content store has no index: its database says which digest is meant. */
	if (r == -ENOENT && digest_parse(ref, sum, NULL) == 0) {
		d = &target;
		r = read_blob(c, ref, &text);
	}

	for (int i = 0; r == 0 && i < MAX_INDEXES; i++) {
		r = manifest_parse(text, d ? d->media_type : S(""), &c->o->limits, c->arena, &m,
				   c->e);
		if (r < 0)
			return r;
		if (m.kind == MANIFEST_SCHEMA1)
			return err_set(
				c->e, EBADMSG,
				"the image uses manifest schema 1, which carries no "
				"verifiable configuration; push it again with a current tool");
		if (m.kind == MANIFEST_IMAGE) {
			if (d)
				c->v->manifest_digest = arena_str(c->arena, d->digest);
			*ret = m;
			return 0;
		}
		r = choose(c, &m, d ? S("") : ref, &d);
		if (r == 0)
			r = read_blob(c, d->digest, &text);
	}
	return r < 0 ? r
		     : err_set(c->e, E2BIG, "indexes are nested more than %d deep", MAX_INDEXES);
}

static int plan_layers(struct oci *c, const struct manifest *m, const struct image_config *config,
		       struct image_plan *p)
{
	p->jobs = ARENA_ARRAY(c->arena, m->count, struct layer_job);
	if (!p->jobs)
		return err_set(c->e, ENOBUFS, "manifest: memory budget spent");
	for (size_t i = 0; i < m->count; i++) {
		const struct manifest_descriptor *d = &m->descriptors[i];
		struct layer_job *j = &p->jobs[i];
		str path = blob_path(c, d->digest);
		struct err why = { 0 };

		*j = (struct layer_job){ .digest = d->digest, .fd = -1, .bytes = UINT64_MAX };
		if (i < config->count) {
			j->diff_id = config->diff_ids[i];
			j->created_by = config->created_by[i];
		}
		if (c->store->layer(c->store->ctx, path, j, &why) < 0)
			image_plan_missing(p, c->arena, j, path, why.text);
	}
	p->count = m->count;
	return 0;
}

int oci_layout_plan(const struct image_store *s, str ref, const struct scan_options *o,
		    struct arena *a, struct inventory *v, struct image_plan *ret, struct err *e)
{
	struct oci c = { s, o, a, v, e };
	struct image_config config;
	struct manifest m = { 0 };
	str text;
	int r = find_manifest(&c, ref, &m);

	if (r == 0)
		r = read_blob(&c, m.config.digest, &text);
	if (r < 0)
		return r;
	r = image_config_parse(text, &o->limits, a, &config, e);
	if (r < 0)
		return r;
	if (config.count != m.count)
		return err_set(e, EBADMSG,
			       "the manifest names %zu layers, the image configuration %zu",
			       m.count, config.count);
	v->image_id = m.config.digest;
	v->platform_os = config.os;
	v->architecture = image_config_architecture(&config, a);
	v->created = config.created;
	return plan_layers(&c, &m, &config, ret);
}

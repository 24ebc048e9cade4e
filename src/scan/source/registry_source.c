#include "base/file.h"
#include "codec/reference.h"
#include "scan/source/manifest.h"
#include "scan/source/source_kinds.h"
#include "wire/registry.h"

/* An index may point to an index; nobody nests them deeper. */
#define INDEX_DEPTH 3

struct pull {
	struct registry *registry;
	struct reference ref;
	const struct scan_options *o;
	struct arena *arena;
};

/* What the feeder of one layer needs; it runs in a process of its own. */
struct layer_pull {
	struct registry *registry;
	const struct manifest_descriptor *layer;
	uint64_t max_bytes;
};

static bool is_insecure(const struct scan_options *o, str registry)
{
	for (const char *const *r = o->insecure_registries; r && *r; r++)
		if (str_is(str_from(*r), "*") || str_eq_nocase(str_from(*r), registry))
			return true;
	return false;
}

static int write_to_pipe(void *ctx, str bytes, struct err *e)
{
	return file_write_all(*(int *)ctx, bytes, e);
}

/* Layers that licences forbid to upload are marked as foreign and live elsewhere. */
static bool is_foreign(str media_type)
{
	return str_search(media_type, S("nondistributable")) < media_type.n ||
	       str_search(media_type, S("foreign")) < media_type.n;
}

static int feed_layer(void *ctx, int fd, struct err *e)
{
	struct layer_pull *p = ctx;
	int r = registry_blob_stream(p->registry, p->layer->digest, p->max_bytes, write_to_pipe,
				     &fd, e);

	if (r == -ENOENT && is_foreign(p->layer->media_type))
		return err_set(e, ENOENT,
			       "a foreign layer (%.*s), which the registry does not hold",
			       STR_ARG(p->layer->media_type));
	return r;
}

/* Follows the index to the one image of the platform. */
static int find_manifest(const struct pull *p, struct registry_document *d, struct manifest *ret,
			 struct err *e)
{
	str name = p->ref.digest.n ? p->ref.digest : p->ref.tag;

	for (int depth = 0; depth < INDEX_DEPTH; depth++) {
		const struct manifest_descriptor *chosen;
		int r = registry_manifest(p->registry, name, p->arena, d, e);

		if (r == 0)
			r = manifest_parse(d->bytes, d->media_type, &p->o->limits, p->arena, ret,
					   e);
		if (r < 0)
			return r;
		if (ret->kind == MANIFEST_IMAGE)
			return 0;
		if (ret->kind == MANIFEST_SCHEMA1)
			return err_set(e, EBADMSG,
				       "an image manifest of schema 1, which registries gave up in "
				       "2019 and Skep "
				       "does not read: push the image again with a current client");
		if (ret->kind != MANIFEST_INDEX)
			return err_set(e, EBADMSG, "not an image: the manifest is '%.*s'",
				       STR_ARG(d->media_type));
		r = manifest_choose(ret, p->o->platform, &chosen, e);
		if (r < 0)
			return r;
		name = chosen->digest;
	}
	return err_set(e, EBADMSG, "an index of indexes, more than %d deep", INDEX_DEPTH);
}

static int make_jobs(const struct pull *p, const struct manifest *m, const struct image_config *c,
		     struct layer_job **ret, struct err *e)
{
	struct layer_job *jobs = ARENA_ARRAY(p->arena, m->count, struct layer_job);
	struct layer_pull *pulls = ARENA_ARRAY(p->arena, m->count, struct layer_pull);

	if (!jobs || !pulls)
		return err_set(e, ENOBUFS, "memory budget spent");
	if (c->count != m->count)
		return err_set(e, EBADMSG, "the manifest has %zu layers, the configuration %zu",
			       m->count, c->count);
	for (size_t i = 0; i < m->count; i++) {
		pulls[i] = (struct layer_pull){ .registry = p->registry,
						.layer = &m->descriptors[i],
						.max_bytes = m->descriptors[i].bytes };
		jobs[i] = (struct layer_job){ .digest = m->descriptors[i].digest,
					      .diff_id = c->diff_ids[i],
					      .created_by = c->created_by[i],
					      .fd = -1,
					      .bytes = m->descriptors[i].bytes,
					      .feed = feed_layer,
					      .feed_ctx = &pulls[i] };
	}
	*ret = jobs;
	return 0;
}

static int read_image(const struct pull *p, struct inventory *v, struct err *e)
{
	struct registry_document d;
	struct layer_result *results;
	struct layer_job *jobs = NULL;
	struct image_config c;
	struct manifest m;
	str config;
	int r = find_manifest(p, &d, &m, e);

	if (r == 0)
		r = registry_blob(p->registry, m.config.digest, p->arena, &config, e);
	if (r == 0)
		r = image_config_parse(config, &p->o->limits, p->arena, &c, e);
	if (r == 0)
		r = make_jobs(p, &m, &c, &jobs, e);
	if (r < 0)
		return r;
	v->image_id = m.config.digest;
	v->manifest_digest = d.digest;
	v->platform_os = c.os;
	v->created = c.created;
	v->architecture = image_config_architecture(&c, p->arena);
	if (p->ref.tag.n) {
		v->repo_tags = ARENA_ARRAY(p->arena, 1, str);
		if (!v->repo_tags)
			return err_set(e, ENOBUFS, "memory budget spent");
		v->repo_tags[0] = arena_printf(p->arena, "%.*s/%.*s:%.*s", STR_ARG(p->ref.registry),
					       STR_ARG(p->ref.repository), STR_ARG(p->ref.tag));
		v->repo_tag_count = 1;
	}
	registry_disconnect(p->registry);
	r = layer_jobs_run(jobs, m.count, p->o, p->arena, &results, e);
	if (r == 0)
		r = layer_jobs_merge(results, m.count, p->arena, v, e);
	return r;
}

int registry_source_read(const char *reference, const struct scan_options *o, struct arena *a,
			 struct inventory *ret, struct err *e)
{
	struct pull p = { .o = o, .arena = a };
	struct registry_options ro = { .ca_file = o->ca_file,
				       .docker_config = o->docker_config,
				       .credential = o->credential,
				       .reach = o->registry_reach,
				       .stall_s = o->timeout_s };
	struct inventory v = { .kind = TARGET_IMAGE,
			       .name = str_from(reference),
			       .source = S("registry") };
	int r = reference_parse(str_from(reference), a, &p.ref, e);

	if (r < 0)
		return r;
	ro.insecure = is_insecure(o, p.ref.registry);
	r = registry_new(&ro, &p.ref, &p.registry, e);
	if (r < 0)
		return r;
	r = read_image(&p, &v, e);
	registry_free(p.registry);
	if (r < 0)
		return r;
	*ret = v;
	return 0;
}

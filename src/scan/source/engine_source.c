#include "base/file.h"
#include "scan/layer/layer_cache.h"
#include "scan/source/source_kinds.h"
#include "scan/source/source_options.h"
#include "wire/engine.h"

struct export
{
	struct engine *engine;
	str id;
};

static int write_to_pipe(void *ctx, str bytes, struct err *e)
{
	return file_write_all(*(int *)ctx, bytes, e);
}

static int feed_archive(void *ctx, int fd, struct err *e)
{
	struct export *x = ctx;

	return engine_export(x->engine, x->id, write_to_pipe, &fd, e);
}

/* @return a job for each layer, or NULL when one is not in the cache */
static struct layer_job *cached_jobs(const struct engine_image *m, const struct scan_options *o,
				     struct arena *a)
{
	struct layer_options lo = source_layer_options(o);
	struct layer_job *jobs = ARENA_ARRAY(a, m->count, struct layer_job);
	struct layer *layers = ARENA_ARRAY(a, m->count, struct layer);

	if (!jobs || !layers || !o->cache_dir)
		return NULL;
	for (size_t i = 0; i < m->count; i++) {
		if (layer_cache_load(o->cache_dir, m->diff_ids[i], &lo, a, &layers[i], NULL) < 0)
			return NULL;
		layers[i].from_cache = true;
		jobs[i] = (struct layer_job){ .diff_id = m->diff_ids[i],
					      .fd = -1,
					      .given = &layers[i] };
	}
	return jobs;
}

/* Nothing but descriptions cross the socket when every layer was read before. */
static int read_cached(struct engine *g, const struct engine_image *m, struct layer_job *jobs,
		       const struct scan_options *o, struct arena *a, struct inventory *v,
		       struct err *e)
{
	struct layer_result *results;
	str *commands;
	int r = engine_history(g, m, a, &commands, e);

	for (size_t i = 0; r == 0 && i < m->count; i++)
		jobs[i].created_by = commands[i];
	engine_disconnect(g);
	if (r == 0)
		r = layer_jobs_run(jobs, m->count, o, a, &results, e);
	if (r == 0)
		r = layer_jobs_merge(results, m->count, a, v, e);
	return r;
}

static int read_image(struct engine *g, const char *reference, const struct scan_options *o,
		      struct arena *a, struct inventory *v, struct err *e)
{
	struct export x = { .engine = g };
	struct layer_job *jobs;
	struct engine_image m;
	int r = engine_inspect(g, str_from(reference), a, &m, e);

	if (r < 0)
		return r;
	jobs = cached_jobs(&m, o, a);
	/* By id, so that a tag that moves meanwhile changes nothing. */
	x.id = m.id;
	engine_disconnect(g);
	r = jobs ? read_cached(g, &m, jobs, o, a, v, e)
		 : archive_source_read_feed(feed_archive, &x, reference, o, a, v, e);
	if (r < 0)
		return r;
	v->image_id = m.id;
	v->repo_tags = m.repo_tags;
	v->repo_tag_count = m.repo_tag_count;
	v->manifest_digest = m.manifest_digest;
	v->architecture = m.architecture;
	v->platform_os = m.os;
	v->created = m.created;
	return 0;
}

int engine_source_read(const char *reference, enum source_scheme scheme,
		       const struct scan_options *o, struct arena *a, struct inventory *ret,
		       struct err *e)
{
	bool is_docker = scheme != SOURCE_PODMAN;
	struct inventory v = { .kind = TARGET_IMAGE };
	struct engine *g;
	int r = engine_new(is_docker ? ENGINE_DOCKER : ENGINE_PODMAN,
			   is_docker ? o->docker_host : o->podman_host, o->timeout_s, &g, e);

	if (r < 0)
		return r;
	r = read_image(g, reference, o, a, &v, e);
	engine_free(g);
	if (r < 0)
		return r;
	v.name = str_from(reference);
	v.source = is_docker ? S("docker") : S("podman");
	*ret = v;
	return 0;
}

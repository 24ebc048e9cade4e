#include "scan/source/image_store.h"

#include <fcntl.h>
#include <limits.h>

#include "codec/digest.h"
#include "scan/source/tree_feed.h"

void image_plan_missing(struct image_plan *p, struct arena *a, struct layer_job *job, str path,
			const char *why)
{
	static const struct layer none;

	gap_add(&p->missing, a, GAP_UNREADABLE, path, "the layer is missing: %s", why);
	job->fd = -1;
	job->feed = NULL;
	job->given = &none;
	job->given_damaged = true;
}

int image_plan_unpacked(const struct scan_options *o, struct arena *a,
			const struct unpacked_layer *layer, struct layer_job *job, struct err *e)
{
	struct tree_feed *feed = ARENA_NEW(a, struct tree_feed);

	if (!feed)
		return err_set(e, ENOBUFS, "manifest: memory budget spent");
	*feed = (struct tree_feed){ .root = layer->folder,
				    .limits = &o->limits,
				    .is_layer = true,
				    .is_above = layer->is_above,
				    .tar_split = layer->tar_split };
	job->fd = -1;
	job->bytes = UINT64_MAX;
	job->feed = tree_feed_run;
	job->feed_ctx = feed;
	job->is_unpacked = true;
	return 0;
}

int image_store_target(const char *target, int *ret_folder, str *ret_digest, struct err *e)
{
	str t = str_from(target);
	size_t at = str_find_last(t, '@');
	uint8_t sum[SHA256_BYTES];
	char path[PATH_MAX];
	int fd;

	if (at == t.n || at >= sizeof(path) || digest_parse(str_skip(t, at + 1), sum, NULL) < 0)
		return err_set(e, EINVAL, "'%s': FOLDER@sha256:... is expected", target);
	memcpy(path, target, at);
	path[at] = '\0';
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	*ret_folder = fd;
	*ret_digest = str_skip(t, at + 1);
	return 0;
}

int image_plan_run(const struct image_plan *p, const struct scan_options *o, struct arena *a,
		   struct inventory *v, struct err *e)
{
	struct layer_result *results;
	int r = layer_jobs_run(p->jobs, p->count, o, a, &results, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < p->count; i++)
		if (p->jobs[i].given && !p->jobs[i].given->media.n)
			results[i].missing = true;
	gap_add_all(&v->gaps, a, &p->missing);
	return layer_jobs_merge(results, p->count, a, v, e);
}

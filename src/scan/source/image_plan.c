#include "scan/source/image_store.h"

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

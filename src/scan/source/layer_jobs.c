#include "scan/source/layer_jobs.h"

#include <poll.h>
#include <stdio.h>

#include "scan/layer/layer_cache.h"
#include "scan/layer/layer_merge.h"
#include "scan/layer/layer_worker.h"
#include "scan/source/feeder.h"
#include "scan/source/source_options.h"

enum { JOBS_MAX = 32 };

/** A layer being read. */
struct running {
	bool used;
	size_t job;
	struct layer_worker worker;
	struct feeder feeder;
};

struct run {
	const struct layer_job *jobs;
	size_t count, next;
	const struct scan_options *o;
	struct layer_options options, tree_options, unpacked_options;
	size_t *same_as; /**< index of an earlier job for the same bytes, else its own */
	struct arena *arena;
	struct layer_result *results;
	struct running running[JOBS_MAX];
	unsigned int width;
	uint64_t total_bytes, done_bytes, tar_bytes;
	struct err *e;
};

static str place_of(const struct layer_job *j)
{
	return j->digest.n ? j->digest : j->diff_id;
}

static void fail(struct run *r, size_t i, enum gap_kind kind, const char *text)
{
	const struct layer_job *j = &r->jobs[i];
	struct layer_result *out = &r->results[i];
	struct gap_list gaps = out->layer.gaps;

	out->missing = true;
	out->layer = (struct layer){ .digest = j->digest,
				     .diff_id = j->diff_id,
				     .created_by = j->created_by,
				     .gaps = gaps };
	gap_add(&out->layer.gaps, r->arena, kind, place_of(j), "%s", text);
}

/* What the image says of itself must agree with what was read, or somebody has changed one of the two. */
static bool is_trusted(struct run *r, size_t i, const struct layer *l)
{
	const struct layer_job *j = &r->jobs[i];
	struct err why = { 0 };

	if (j->digest.n && l->digest.n && !l->from_cache && !str_eq(j->digest, l->digest))
		err_set(&why, EBADMSG,
			"the layer is not trusted: its bytes have the digest %.*s instead",
			STR_ARG(l->digest));
	else if (j->diff_id.n && l->diff_id.n && !str_eq(j->diff_id, l->diff_id))
		err_set(&why, EBADMSG,
			"the layer is not trusted: decompressed it has the digest %.*s, the "
			"configuration says %.*s",
			STR_ARG(l->diff_id), STR_ARG(j->diff_id));
	else
		return true;
	fail(r, i, GAP_UNREADABLE, why.text);
	return false;
}

static void keep(struct run *r, size_t i, struct layer *l)
{
	const struct layer_job *j = &r->jobs[i];

	/* Found by its diff_id, a layer may have been stored with another compression. */
	if (j->digest.n)
		l->digest = j->digest;
	l->created_by = j->created_by;
	r->tar_bytes += l->tar_bytes;
	r->results[i].layer = *l;
}

static const struct layer_options *options_of(const struct run *r, const struct layer_job *j)
{
	return j->is_tree ? &r->tree_options : j->is_unpacked ? &r->unpacked_options : &r->options;
}

/* A cache that cannot be written costs time later, not correctness now. */
static void store(struct run *r, const struct layer_job *j, const struct layer *l)
{
	if (r->o->cache_dir && !j->no_cache)
		(void)!layer_cache_store(r->o->cache_dir, l, options_of(r, j), NULL);
}

/* Judges a result by the digests the image names, and keeps or drops it. */
static void accept(struct run *r, size_t i, struct layer *l, bool damaged)
{
	const struct layer_job *j = &r->jobs[i];
	bool verified = j->digest.n && str_eq(j->digest, l->digest);

	/* Damage explains a wrong digest; what was read before it is still worth telling. */
	if (damaged && !verified) {
		l->diff_id = j->diff_id;
		keep(r, i, l);
		return;
	}
	if (j->is_unpacked && !l->from_cache) {
		l->diff_id = j->diff_id;
		keep(r, i, l);
		return;
	}
	if (!is_trusted(r, i, l))
		return;
	if (!l->from_cache)
		store(r, j, l);
	keep(r, i, l);
}

static bool load(struct run *r, const struct layer_job *j, struct layer *ret)
{
	const struct layer_options *o = options_of(r, j);
	const char *dir = r->o->cache_dir;

	if (!dir || j->no_cache)
		return false;
	return (j->digest.n && layer_cache_load(dir, j->digest, o, r->arena, ret, NULL) == 0) ||
	       (j->diff_id.n && layer_cache_load(dir, j->diff_id, o, r->arena, ret, NULL) == 0);
}

static bool take_cached(struct run *r, size_t i)
{
	const struct layer_job *j = &r->jobs[i];
	struct layer l;

	if (j->given) {
		l = *j->given;
		accept(r, i, &l, j->given_damaged);
		return true;
	}
	if (r->same_as[i] != i)
		return true;
	if (!load(r, j, &l))
		return false;
	l.from_cache = true;
	accept(r, i, &l, false);
	return true;
}

static int start(struct run *r, struct running *to, size_t i)
{
	const struct layer_job *j = &r->jobs[i];
	struct layer_task task = { .run = layer_worker_read_layer,
				   .options = options_of(r, j),
				   .no_sandbox = r->o->no_sandbox };
	struct layer_input in = { j->fd, j->is_seekable, j->offset, j->bytes };
	char text[FEEDER_TEXT_BYTES + 1];
	int error;

	*to = (struct running){ .job = i, .feeder = FEEDER_NONE, .worker.answer = -1 };
	if (j->fd < 0) {
		error = feeder_start(j->feed, j->feed_ctx, &to->feeder, r->e);
		if (error < 0)
			return error;
		in = (struct layer_input){ .fd = to->feeder.data, .bytes = UINT64_MAX };
	}
	error = layer_worker_start(&task, &in, &to->worker, r->e);
	fd_close(&to->feeder.data);
	if (error < 0) {
		(void)feeder_finish(&to->feeder, false, text);
		return error;
	}
	to->used = true;
	return 0;
}

static void take_answer(struct run *r, struct running *x, enum feeder_end fed,
			const char *feeder_text)
{
	const struct layer_job *j = &r->jobs[x->job];
	struct layer l;
	struct err e = { 0 };
	bool damaged;

	if (layer_worker_parse(buf_str(&x->worker.result), r->arena, &l, &damaged, &e) < 0) {
		fail(r, x->job, GAP_CRASHED, e.text);
		return;
	}
	if (fed != FEEDER_WHOLE && feeder_text[0])
		gap_add(&l.gaps, r->arena, GAP_UNREADABLE, place_of(j), "%s", feeder_text);
	else if (fed != FEEDER_WHOLE)
		gap_add(&l.gaps, r->arena, GAP_UNREADABLE, place_of(j), "the transfer ended early");
	accept(r, x->job, &l, damaged || fed == FEEDER_FAILED);
}

static void finish(struct run *r, struct running *x)
{
	char text[FEEDER_TEXT_BYTES + 1];
	struct err e = { 0 };
	bool lives = layer_worker_finish(&x->worker, &e) == 0;
	enum feeder_end fed = feeder_finish(&x->feeder, lives, text);

	if (lives)
		take_answer(r, x, fed, text);
	else
		fail(r, x->job, GAP_CRASHED, e.text);
	if (r->jobs[x->job].bytes != UINT64_MAX)
		r->done_bytes += r->jobs[x->job].bytes;
	layer_worker_done(&x->worker);
	x->used = false;
}

static int fill(struct run *r)
{
	for (unsigned int k = 0; k < r->width; k++) {
		while (!r->running[k].used && r->next < r->count) {
			size_t i = r->next++;
			int error;

			if (take_cached(r, i))
				continue;
			if (r->tar_bytes > r->o->limits.image_bytes) {
				struct err why = { 0 };

				err_set(&why, E2BIG,
					"the layers before it already exceed the limit of bytes "
					"for one image");
				fail(r, i, GAP_LIMIT, why.text);
				continue;
			}
			error = start(r, &r->running[k], i);
			if (error < 0)
				return error;
		}
	}
	return 0;
}

static void tell_progress(struct run *r)
{
	uint64_t done = r->done_bytes;

	if (!r->o->progress.update)
		return;
	for (unsigned int k = 0; k < r->width; k++)
		if (r->running[k].used)
			done += r->running[k].worker.done_bytes;
	r->o->progress.update(r->o->progress.ctx, "layers", done, r->total_bytes);
}

/* @return whether anything is still running */
static bool wait_for_one(struct run *r)
{
	struct pollfd fds[JOBS_MAX];
	struct running *who[JOBS_MAX];
	nfds_t n = 0;

	for (unsigned int k = 0; k < r->width; k++)
		if (r->running[k].used) {
			who[n] = &r->running[k];
			fds[n] = (struct pollfd){ .fd = who[n]->worker.answer, .events = POLLIN };
			n++;
		}
	if (n == 0)
		return false;
	if (poll(fds, n, -1) < 0)
		return true;
	for (nfds_t k = 0; k < n; k++)
		if (fds[k].revents && layer_worker_pump(&who[k]->worker, &r->options.limits))
			finish(r, who[k]);
	tell_progress(r);
	return true;
}

static void stop_all(struct run *r)
{
	char text[FEEDER_TEXT_BYTES + 1];

	for (unsigned int k = 0; k < r->width; k++)
		if (r->running[k].used) {
			(void)feeder_finish(&r->running[k].feeder, false, text);
			layer_worker_done(&r->running[k].worker);
		}
}

static unsigned int width_of(const struct scan_options *o)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int n = o->jobs ? o->jobs : processors > 0 ? (unsigned int)processors : 1;

	return MIN(n, (unsigned int)JOBS_MAX);
}

/* Old images hold the same empty layer many times over; once is enough. */
static int find_same(struct run *r)
{
	r->same_as = ARENA_ARRAY(r->arena, r->count, size_t);
	if (!r->same_as)
		return err_set(r->e, ENOBUFS, "reading layers: memory budget spent");
	for (size_t i = 0; i < r->count; i++) {
		const struct layer_job *j = &r->jobs[i];

		r->same_as[i] = i;
		for (size_t k = 0; k < i && !j->given && !j->is_tree && r->same_as[i] == i; k++)
			if ((j->diff_id.n && str_eq(j->diff_id, r->jobs[k].diff_id)) ||
			    (j->digest.n && str_eq(j->digest, r->jobs[k].digest)))
				r->same_as[i] = r->same_as[k];
	}
	return 0;
}

static void copy_same(struct run *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->same_as[i] != i) {
			r->results[i] = r->results[r->same_as[i]];
			r->results[i].layer.created_by = r->jobs[i].created_by;
		}
}

int layer_jobs_run(const struct layer_job *jobs, size_t count, const struct scan_options *o,
		   struct arena *a, struct layer_result **ret, struct err *e)
{
	struct run r = { .jobs = jobs,
			 .count = count,
			 .o = o,
			 .options = source_layer_options(o),
			 .tree_options = source_layer_options(o),
			 .unpacked_options = source_layer_options(o),
			 .arena = a,
			 .width = width_of(o),
			 .e = e };
	int error;

	r.results = ARENA_ARRAY(a, count, struct layer_result);
	if (!r.results)
		return err_set(e, ENOBUFS, "reading layers: memory budget spent");
	r.tree_options.plain_tree = true;
	r.unpacked_options.unpacked = true;
	error = find_same(&r);
	if (error < 0)
		return error;
	for (size_t i = 0; i < count; i++)
		r.total_bytes += jobs[i].bytes == UINT64_MAX || jobs[i].given ? 0 : jobs[i].bytes;
	do {
		error = fill(&r);
		if (error < 0) {
			stop_all(&r);
			return error;
		}
	} while (wait_for_one(&r));
	copy_same(&r);
	*ret = r.results;
	return 0;
}

int layer_jobs_merge(const struct layer_result *results, size_t count, struct arena *a,
		     struct inventory *v, struct err *e)
{
	const struct layer **layers = ARENA_ARRAY(a, count, const struct layer *);

	v->layers = ARENA_ARRAY(a, count, struct inventory_layer);
	if (!layers || !v->layers)
		return err_set(e, ENOBUFS, "merging layers: memory budget spent");
	v->layer_count = count;
	for (size_t i = 0; i < count; i++) {
		const struct layer *l = &results[i].layer;

		layers[i] = l;
		v->layers[i] = (struct inventory_layer){ .digest = l->digest,
							 .diff_id = l->diff_id,
							 .created_by = l->created_by,
							 .stored_bytes = l->stored_bytes,
							 .tar_bytes = l->tar_bytes,
							 .entries = l->entries,
							 .files_analysed = l->files_analysed,
							 .from_cache = l->from_cache,
							 .missing = results[i].missing };
	}
	return layer_merge(layers, count, a, v, e);
}

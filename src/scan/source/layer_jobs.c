#include "scan/source/layer_jobs.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

#include "base/file.h"
#include "base/process.h"
#include "scan/layer/layer_cache.h"
#include "scan/layer/layer_merge.h"
#include "scan/layer/layer_worker.h"
#include "scan/source/source_options.h"

enum { JOBS_MAX = 32, FEED_TEXT_BYTES = 512 };

/** A layer being read. */
struct running {
	bool used;
	size_t job;
	struct layer_worker worker;
	pid_t feeder;    /**< 0: none */
	int feeder_says; /**< read end of the pipe for its error; -1: none */
};

struct run {
	const struct layer_job *jobs;
	size_t count, next;
	const struct scan_options *o;
	struct layer_options options;
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
	char text[ERR_TEXT_BYTES];

	if (j->digest.n && l->digest.n && !l->from_cache && !str_eq(j->digest, l->digest))
		snprintf(text, sizeof(text),
			 "the layer is not trusted: its bytes have the digest %.*s instead",
			 STR_ARG(l->digest));
	else if (j->diff_id.n && l->diff_id.n && !str_eq(j->diff_id, l->diff_id))
		snprintf(text, sizeof(text),
			 "the layer is not trusted: decompressed it has the digest %.*s, the "
			 "configuration says %.*s",
			 STR_ARG(l->diff_id), STR_ARG(j->diff_id));
	else
		return true;
	fail(r, i, GAP_UNREADABLE, text);
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

static bool take_cached(struct run *r, size_t i)
{
	const struct layer_job *j = &r->jobs[i];
	struct layer l;

	if (j->given) {
		l = *j->given;
	} else if (!r->o->cache_dir ||
		   ((!j->digest.n || layer_cache_load(r->o->cache_dir, j->digest, &r->options,
						      r->arena, &l, NULL) < 0) &&
		    (!j->diff_id.n || layer_cache_load(r->o->cache_dir, j->diff_id, &r->options,
						       r->arena, &l, NULL) < 0))) {
		return false;
	} else {
		l.from_cache = true;
	}
	if (is_trusted(r, i, &l))
		keep(r, i, &l);
	return true;
}

struct feeder {
	layer_feed feed;
	void *ctx;
	int out, says;
};

static int feeder_main(void *ctx)
{
	struct feeder *f = ctx;
	struct err e = { 0 };

	if (f->feed(f->ctx, f->out, &e) == 0)
		return 0;
	(void)!file_write_all(f->says, str_take(str_from(e.text), FEED_TEXT_BYTES), NULL);
	return 1;
}

/* @return the read end of the pipe the feeder fills, or -errno */
static int start_feeder(struct run *r, const struct layer_job *j, struct running *to)
{
	struct feeder f = { .feed = j->feed, .ctx = j->feed_ctx };
	int data[2], says[2], error;

	if (pipe2(data, O_CLOEXEC) < 0)
		return err_sys(r->e, errno, "cannot make a pipe");
	if (pipe2(says, O_CLOEXEC) < 0) {
		error = errno;
		close(data[0]);
		close(data[1]);
		return err_sys(r->e, error, "cannot make a pipe");
	}
	fcntl(data[1], F_SETPIPE_SZ, 1024 * 1024);
	f.out = data[1];
	f.says = says[1];
	const int ends[] = { data[1], says[1] };
	error = process_start(feeder_main, &f, ends, ARRAY_LEN(ends), &to->feeder, r->e);
	close(data[1]);
	close(says[1]);
	if (error < 0) {
		close(data[0]);
		close(says[0]);
		return error;
	}
	to->feeder_says = says[0];
	return data[0];
}

static int start(struct run *r, struct running *to, size_t i)
{
	const struct layer_job *j = &r->jobs[i];
	struct layer_task task = { .run = layer_worker_read_layer,
				   .options = &r->options,
				   .no_sandbox = r->o->no_sandbox };
	struct layer_input in = { j->fd, j->is_seekable, j->offset, j->bytes };
	int fed = -1, error;

	*to = (struct running){ .job = i, .feeder_says = -1, .worker.answer = -1 };
	if (j->fd < 0) {
		fed = start_feeder(r, j, to);
		if (fed < 0)
			return fed;
		in = (struct layer_input){ .fd = fed, .bytes = UINT64_MAX };
	}
	error = layer_worker_start(&task, &in, &to->worker, r->e);
	if (fed >= 0)
		close(fed);
	if (error < 0) {
		if (to->feeder)
			process_kill(to->feeder);
		if (to->feeder_says >= 0)
			close(to->feeder_says);
		return error;
	}
	to->used = true;
	return 0;
}

/* @return whether the feeder did its work; its words otherwise */
static bool end_feeder(struct running *x, bool worker_lives, char ret[FEED_TEXT_BYTES + 1])
{
	struct process_end end = { 0 };
	ssize_t n;

	ret[0] = '\0';
	if (!x->feeder)
		return true;
	/* Without a worker nobody empties the pipe. */
	if (!worker_lives)
		process_kill(x->feeder);
	else if (process_wait(x->feeder, &end, NULL) < 0)
		end.exit_status = 1;
	n = worker_lives ? read(x->feeder_says, ret, FEED_TEXT_BYTES) : 0;
	ret[n > 0 ? n : 0] = '\0';
	close(x->feeder_says);
	return !worker_lives || (end.exit_status == 0 && end.signal == 0);
}

static void take_answer(struct run *r, struct running *x, bool fed, const char *feeder_text)
{
	const struct layer_job *j = &r->jobs[x->job];
	struct layer l;
	struct err e = { 0 };
	bool damaged, verified;

	if (layer_worker_parse(buf_str(&x->worker.result), r->arena, &l, &damaged, &e) < 0) {
		fail(r, x->job, GAP_CRASHED, e.text);
		return;
	}
	if (!fed) {
		damaged = true;
		gap_add(&l.gaps, r->arena, GAP_UNREADABLE, place_of(j), "%s",
			feeder_text[0] ? feeder_text : "the transfer ended early");
	}
	verified = j->digest.n && str_eq(j->digest, l.digest);
	/* Damage explains a wrong digest; what was read before it is still worth telling. */
	if (damaged && !verified) {
		l.diff_id = j->diff_id;
		keep(r, x->job, &l);
		return;
	}
	if (!is_trusted(r, x->job, &l))
		return;
	/* A cache that cannot be written costs time later, not correctness now. */
	if (r->o->cache_dir)
		(void)!layer_cache_store(r->o->cache_dir, &l, &r->options, NULL);
	keep(r, x->job, &l);
}

static void finish(struct run *r, struct running *x)
{
	char text[FEED_TEXT_BYTES + 1];
	struct err e = { 0 };
	bool lives = layer_worker_finish(&x->worker, &e) == 0;
	bool fed = end_feeder(x, lives, text);

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
				fail(r, i, GAP_LIMIT,
				     "the layers before it already exceed the limit of bytes for "
				     "one "
				     "image");
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
	for (unsigned int k = 0; k < r->width; k++)
		if (r->running[k].used) {
			if (r->running[k].feeder)
				process_kill(r->running[k].feeder);
			if (r->running[k].feeder_says >= 0)
				close(r->running[k].feeder_says);
			layer_worker_done(&r->running[k].worker);
		}
}

static unsigned int width_of(const struct scan_options *o)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned int n = o->jobs ? o->jobs : processors > 0 ? (unsigned int)processors : 1;

	return MIN(n, (unsigned int)JOBS_MAX);
}

int layer_jobs_run(const struct layer_job *jobs, size_t count, const struct scan_options *o,
		   struct arena *a, struct layer_result **ret, struct err *e)
{
	struct run r = { .jobs = jobs,
			 .count = count,
			 .o = o,
			 .options = source_layer_options(o),
			 .arena = a,
			 .width = width_of(o),
			 .e = e };
	int error;

	r.results = ARENA_ARRAY(a, count, struct layer_result);
	if (!r.results)
		return err_set(e, ENOBUFS, "reading layers: memory budget spent");
	for (size_t i = 0; i < count; i++)
		r.total_bytes += jobs[i].bytes == UINT64_MAX || jobs[i].given ? 0 : jobs[i].bytes;
	do {
		error = fill(&r);
		if (error < 0) {
			stop_all(&r);
			return error;
		}
	} while (wait_for_one(&r));
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

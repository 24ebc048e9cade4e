#include <fcntl.h>
#include <sys/stat.h>

#include "scan/layer/layer_cache.h"
#include "scan/source/archive_index.h"
#include "scan/source/feeder.h"
#include "scan/source/file_identity.h"
#include "scan/source/image_store.h"
#include "scan/source/manifest.h"
#include "scan/source/source_kinds.h"
#include "scan/source/source_options.h"

struct archive {
	struct archive_index index;
	int fd; /**< of an uncompressed file, for layers by place; else -1 */
	bool cached;
};

static int archive_text(void *ctx, str path, struct arena *a, str *ret, struct err *e)
{
	struct archive *x = ctx;
	const struct archive_member *m = archive_index_find(&x->index, path, a);

	if (m && m->has_text) {
		*ret = m->text;
		return 0;
	}
	if (x->index.damage.n)
		return err_set(e, EBADMSG,
			       "'%.*s' was not found before the archive broke off: %.*s",
			       STR_ARG(str_take(path, 200)), STR_ARG(x->index.damage));
	return err_set(e, ENOENT, "the archive holds no document '%.*s'",
		       STR_ARG(str_take(path, 200)));
}

static int archive_layer(void *ctx, str path, struct layer_job *job, struct err *e)
{
	struct archive *x = ctx;
	struct arena scratch;
	const struct archive_member *m;

	arena_init(&scratch, 1 << 20);
	m = archive_index_find(&x->index, path, &scratch);
	arena_done(&scratch);
	if (!m || (!m->layer && x->fd < 0))
		return err_set(e, ENOENT, "the archive does not hold it%s%.*s",
			       x->index.damage.n ? "; it broke off: " : "",
			       STR_ARG(x->index.damage));
	job->given = m->layer;
	job->given_damaged = m->layer_damaged;
	job->fd = m->layer ? -1 : x->fd;
	job->is_seekable = true;
	job->offset = m->offset;
	job->bytes = m->bytes;
	return 0;
}

/* Runs the worker that walks the archive; its answer is appended to @p ret. */
static int walk(const struct layer_input *in, layer_feed feed, void *feed_ctx,
		const struct scan_options *o, struct buf *ret, struct err *e)
{
	struct layer_options options = source_layer_options(o);
	struct layer_task task = { .run = archive_index_task,
				   .options = &options,
				   .no_sandbox = o->no_sandbox };
	struct feeder f = FEEDER_NONE;
	struct layer_input from = *in;
	struct layer_worker w;
	char text[FEEDER_TEXT_BYTES + 1];
	enum feeder_end fed;
	int r;

	if (feed) {
		r = feeder_start(feed, feed_ctx, &f, e);
		if (r < 0)
			return r;
		from = (struct layer_input){ .fd = f.data, .bytes = UINT64_MAX };
	}
	r = layer_worker_start(&task, &from, &w, e);
	fd_close(&f.data);
	if (r < 0) {
		(void)feeder_finish(&f, false, text);
		return r;
	}
	while (!layer_worker_pump(&w, &options.limits))
		if (o->progress.update)
			o->progress.update(o->progress.ctx, "archive", w.done_bytes,
					   in->bytes == UINT64_MAX ? 0 : in->bytes);
	r = layer_worker_finish(&w, e);
	fed = feeder_finish(&f, r == 0, text);
	if (r == 0 && fed == FEEDER_FAILED)
		r = err_set(e, EPROTO, "%s", text[0] ? text : "the transfer ended early");
	if (r == 0) {
		buf_add(ret, buf_str(&w.result));
		r = buf_error(ret) ? err_set(e, ENOMEM, "no memory for the archive's index") : 0;
	}
	layer_worker_done(&w);
	return r;
}

static void cache_key(const struct file_identity *f, const struct scan_options *o, struct buf *ret)
{
	struct layer_options options = source_layer_options(o);

	buf_add(ret, S("archive 1\n"));
	file_identity_render(f, ret);
	layer_cache_key(S(""), &options, ret);
}

static void count_as_cached(struct archive_index *x, struct arena *a)
{
	for (size_t i = 0; i < x->count; i++) {
		struct layer *l = x->members[i].layer ? ARENA_NEW(a, struct layer) : NULL;

		if (!l)
			continue;
		*l = *x->members[i].layer;
		l->from_cache = true;
		x->members[i].layer = l;
	}
}

static int open_index(int fd, const struct scan_options *o, struct arena *a, struct archive *ret,
		      struct err *e)
{
	struct file_identity id = file_identity_of(fd);
	struct layer_input in = { .fd = fd,
				  .is_seekable = id.is_file,
				  .bytes = id.is_file ? id.bytes : UINT64_MAX };
	OWNED_BUF key = BUF_INIT;
	OWNED_BUF answer = BUF_INIT;
	bool can_cache = o->cache_dir && id.is_file;
	int r;

	cache_key(&id, o, &key);
	if (can_cache && layer_cache_get(o->cache_dir, buf_str(&key), &answer, NULL) == 0) {
		ret->cached = true;
	} else {
		r = walk(&in, NULL, NULL, o, &answer, e);
		if (r < 0)
			return r;
	}
	r = archive_index_parse(buf_str(&answer), a, &ret->index, e);
	if (r < 0)
		return r;
	if (ret->cached)
		count_as_cached(&ret->index, a);
	else if (can_cache && !ret->index.damage.n && file_identity_is_settled(&id, fd))
		(void)!layer_cache_put(o->cache_dir, buf_str(&key), buf_str(&answer), NULL);
	return 0;
}

/* Without JSON documents or tar headers there was nothing that looked like an image. */
static int refuse(const struct archive *x, struct err *e)
{
	if (x->index.damage.n && !x->index.count)
		return err_set(e, EBADMSG, "not an image archive: %.*s", STR_ARG(x->index.damage));
	if (x->index.damage.n)
		return err_set(e, EBADMSG, "the archive breaks off before its manifest: %.*s",
			       STR_ARG(x->index.damage));
	return err_set(
		e, EBADMSG,
		"not an image archive: it holds neither manifest.json nor index.json; for the "
		"tar of a root file system use 'skep rootfs'");
}

static int read_image(struct archive *x, str ref, enum source_scheme scheme,
		      const struct scan_options *o, struct arena *a, struct inventory *v,
		      struct err *e)
{
	struct image_store store = { x, archive_text, archive_layer };
	struct image_plan plan = { 0 };
	bool is_docker = archive_index_find(&x->index, S("manifest.json"), a) != NULL;
	bool is_oci = archive_index_find(&x->index, S("index.json"), a) != NULL;
	int r;

	if (!is_docker && !is_oci)
		return refuse(x, e);
	if (scheme == SOURCE_OCI_ARCHIVE && is_oci)
		is_docker = false;
	if (x->index.damage.n)
		gap_add(&v->gaps, a, GAP_MALFORMED, S(""),
			"%.*s; the archive was not read to its end", STR_ARG(x->index.damage));
	v->kind = TARGET_IMAGE;
	if (is_docker) {
		v->source = S("docker-archive");
		r = docker_save_plan(&store, o, a, v, &plan, e);
	} else {
		v->source = S("oci-archive");
		r = oci_layout_plan(&store, ref, o, a, v, &plan, e);
	}
	return r < 0 ? r : image_plan_run(&plan, o, a, v, e);
}

static int open_archive(const char *path, int *ret, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int r;

	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		r = err_set(e, EBADMSG, "'%s' is a folder, not an archive", path);
		close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

int archive_source_read(const char *path, enum source_scheme scheme, const struct scan_options *o,
			struct arena *a, struct inventory *ret, struct err *e)
{
	struct inventory v = { .name = arena_str(a, str_from(path)) };
	struct archive x = { .fd = -1 };
	OWNED_FD fd = -1;
	int r = open_archive(path, &fd, e);

	if (r < 0)
		return r;
	r = open_index(fd, o, a, &x, e);
	x.fd = fd;
	if (r == 0)
		r = read_image(&x, S(""), scheme, o, a, &v, e);
	if (r < 0)
		return err_wrap(e, r, "'%s'", path);
	*ret = v;
	return 0;
}

int archive_source_read_feed(layer_feed feed, void *feed_ctx, const char *name,
			     const struct scan_options *o, struct arena *a, struct inventory *ret,
			     struct err *e)
{
	const struct layer_input in = { .fd = -1, .bytes = UINT64_MAX };
	struct inventory v = { .name = arena_str(a, str_from(name)) };
	struct archive x = { .fd = -1 };
	OWNED_BUF answer = BUF_INIT;
	int r = walk(&in, feed, feed_ctx, o, &answer, e);

	if (r == 0)
		r = archive_index_parse(buf_str(&answer), a, &x.index, e);
	if (r == 0)
		r = read_image(&x, S(""), SOURCE_AUTO, o, a, &v, e);
	if (r < 0)
		return err_wrap(e, r, "'%s'", name);
	*ret = v;
	return 0;
}

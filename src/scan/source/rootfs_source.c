#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "scan/layer/layer_cache.h"
#include "scan/source/file_identity.h"
#include "scan/source/source_kinds.h"
#include "scan/source/source_options.h"
#include "scan/source/tree_feed.h"

static int read_and_merge(const struct layer_job *job, const struct scan_options *o,
			  struct arena *a, struct inventory *v, struct layer_result **ret,
			  struct err *e)
{
	int r = layer_jobs_run(job, 1, o, a, ret, e);

	return r < 0 ? r : layer_jobs_merge(*ret, 1, a, v, e);
}

static int read_folder(int root, const struct scan_options *o, struct arena *a, struct inventory *v,
		       struct err *e)
{
	struct tree_feed feed = { root, &o->limits };
	struct layer_job job = { .fd = -1,
				 .bytes = UINT64_MAX,
				 .feed = tree_feed_run,
				 .feed_ctx = &feed,
				 .is_tree = true,
				 .no_cache = true };
	struct layer_result *result;
	int r;

	v->source = v->kind == TARGET_ROOTFS ? S("rootfs") : S("dir");
	r = read_and_merge(&job, o, a, v, &result, e);
	if (r < 0)
		return r;
	/* The stream was ours: its digest would name nothing the user has. */
	v->layers[0].digest = v->layers[0].diff_id = (str){ NULL, 0 };
	return 0;
}

static void identity_key(const struct file_identity *f, struct buf *ret)
{
	buf_add(ret, S("rootfs 1\n"));
	file_identity_render(f, ret);
}

/* A tar that was read before is found by what the file system says of it. */
static void find_digest(const struct file_identity *id, const struct scan_options *o,
			struct buf *ret)
{
	OWNED_BUF key = BUF_INIT;

	identity_key(id, &key);
	if (o->cache_dir && id->is_file &&
	    layer_cache_get(o->cache_dir, buf_str(&key), ret, NULL) < 0)
		buf_reset(ret);
}

static void remember_digest(const struct file_identity *id, int fd, const struct scan_options *o,
			    const struct layer_result *result)
{
	OWNED_BUF key = BUF_INIT;

	if (!o->cache_dir || result->missing || !file_identity_is_settled(id, fd))
		return;
	identity_key(id, &key);
	(void)!layer_cache_put(o->cache_dir, buf_str(&key), result->layer.digest, NULL);
}

static int read_tar(int fd, const struct scan_options *o, struct arena *a, struct inventory *v,
		    struct err *e)
{
	struct file_identity id = file_identity_of(fd);
	struct layer_result *result;
	OWNED_BUF digest = BUF_INIT;
	struct layer_job job = { .fd = fd,
				 .is_seekable = id.is_file,
				 .bytes = id.is_file ? id.bytes : UINT64_MAX,
				 .is_tree = true };
	int r;

	v->source = S("rootfs");
	find_digest(&id, o, &digest);
	job.digest = buf_str(&digest);
	r = read_and_merge(&job, o, a, v, &result, e);
	if (r < 0)
		return r;
	if (!result->missing && result->layer.gaps.count && !result->layer.entries)
		return err_set(e, EBADMSG, "not a tar archive: %.*s",
			       STR_ARG(result->layer.gaps.items[0].what));
	if (!result->layer.from_cache)
		remember_digest(&id, fd, o, result);
	/* `digest` goes out of scope here. */
	result->layer.digest = v->layers[0].digest = arena_str(a, result->layer.digest);
	return 0;
}

int rootfs_source_read(const char *path, enum target_kind kind, const struct scan_options *o,
		       struct arena *a, struct inventory *ret, struct err *e)
{
	struct inventory v = { .kind = kind, .name = arena_str(a, str_from(path)) };
	OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	if (S_ISDIR(st.st_mode))
		r = read_folder(fd, o, a, &v, e);
	else if (kind == TARGET_ROOTFS)
		r = read_tar(fd, o, a, &v, e);
	else
		r = err_set(e, EBADMSG, "not a folder");
	if (r < 0)
		return err_wrap(e, r, "'%s'", path);
	*ret = v;
	return 0;
}

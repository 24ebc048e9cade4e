#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "scan/source/image_store.h"
#include "scan/source/manifest.h"
#include "scan/source/source_kinds.h"

struct folder {
	int root;
	int *fds; /**< of layers, closed at the end */
	size_t fd_count, fd_cap;
	struct arena *arena;
};

static int open_blob(struct folder *f, str path, struct err *e)
{
	char name[PATH_MAX];
	int fd;

	if (path.n >= sizeof(name))
		return err_set(e, ENAMETOOLONG, "path too long");
	memcpy(name, path.p, path.n);
	name[path.n] = '\0';
	fd = file_open_in_root(f->root, name, O_RDONLY | O_NOCTTY | O_NONBLOCK, e);
	return fd;
}

static int folder_text(void *ctx, str path, struct arena *a, str *ret, struct err *e)
{
	OWNED_FD fd = open_blob(ctx, path, e);
	OWNED_BUF text = BUF_INIT;
	int r;

	if (fd < 0)
		return fd;
	r = file_read_fd(fd, MANIFEST_MAX_BYTES, &text, e);
	if (r < 0)
		return err_wrap(e, r, "'%.*s'", STR_ARG(str_take(path, 200)));
	*ret = arena_str(a, buf_str(&text));
	return ret->p ? 0 : err_set(e, ENOBUFS, "manifest: memory budget spent");
}

static int folder_layer(void *ctx, str path, struct layer_job *job, struct err *e)
{
	struct folder *f = ctx;
	int fd = open_blob(f, path, e);
	struct stat st;
	int *slot;

	if (fd < 0)
		return fd;
	slot = ARENA_PUSH(f->arena, f->fds, f->fd_count, f->fd_cap);
	if (!slot || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		if (slot)
			f->fd_count--;
		close(fd);
		return err_set(e, EINVAL, "not a regular file");
	}
	*slot = fd;
	job->fd = fd;
	job->is_seekable = true;
	job->offset = 0;
	job->bytes = (uint64_t)st.st_size;
	return 0;
}

/* "DIR:tag": the part behind the last colon is a tag when the whole is no folder. */
static int open_layout(const char *target, str *ret_ref, struct err *e)
{
	str t = str_from(target);
	size_t colon = str_find_last(t, ':');
	char path[PATH_MAX];
	int fd = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret_ref = (str){ NULL, 0 };
	if (fd >= 0)
		return fd;
	if (colon == t.n || colon >= sizeof(path))
		return err_sys(e, errno, "cannot open '%s'", target);
	memcpy(path, target, colon);
	path[colon] = '\0';
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", path);
	*ret_ref = str_skip(t, colon + 1);
	return fd;
}

int oci_dir_source_read(const char *target, const struct scan_options *o, struct arena *a,
			struct inventory *ret, struct err *e)
{
	struct inventory v = { .kind = TARGET_IMAGE,
			       .name = arena_str(a, str_from(target)),
			       .source = S("oci-dir") };
	struct folder f = { .arena = a };
	struct image_store store = { &f, folder_text, folder_layer };
	struct image_plan plan = { 0 };
	str ref;
	int r;
	OWNED_FD root = open_layout(target, &ref, e);

	if (root < 0)
		return root;
	f.root = root;
	r = oci_layout_plan(&store, ref, o, a, &v, &plan, e);
	if (r == 0)
		r = image_plan_run(&plan, o, a, &v, e);
	for (size_t i = 0; i < f.fd_count; i++)
		close(f.fds[i]);
	if (r < 0)
		return err_wrap(e, r, "'%s'", target);
	*ret = v;
	return 0;
}

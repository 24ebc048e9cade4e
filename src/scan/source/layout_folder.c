#include "scan/source/layout_folder_priv.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/file.h"
#include "scan/source/manifest.h"

static int open_blob(struct layout_folder *f, str path, struct err *e)
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

int layout_folder_text(void *ctx, str path, struct arena *a, str *ret, struct err *e)
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

int layout_folder_layer(void *ctx, str path, struct layer_job *job, struct err *e)
{
	struct layout_folder *f = ctx;
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

void layout_folder_done(struct layout_folder *f)
{
	for (size_t i = 0; i < f->fd_count; i++)
		close(f->fds[i]);
	f->fd_count = 0;
}

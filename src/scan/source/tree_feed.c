#include "scan/source/tree_feed.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/privilege.h"
#include "codec/tar.h"
#include "scan/layer/layer_evidence.h"
#include "scan/layer/layer_read.h"
#include "scan/package/package_db.h"

/* FIRST_BYTES: of a path in a message, which holds FEEDER_TEXT_BYTES with all else. */
enum { COPY_BYTES = 128 * 1024, MAX_FOLDERS = 100000, FIRST_BYTES = 200 };

struct feed {
	const struct tree_feed *t;
	int out;
	struct arena arena;
	str *folders; /**< still to be looked into */
	size_t folder_count, folder_cap, folders_seen;
	uint64_t left_out;
	str first_left_out;
	const char *first_reason;
	bool may_replace; /**< nobody could tell of a folder whether it replaces those below */
};

static void leave_out(struct feed *f, str path, const char *reason)
{
	if (f->left_out++ == 0) {
		f->first_left_out = arena_str(&f->arena, path);
		f->first_reason = reason;
	}
}

/* Exactly @p bytes, whatever the file does meanwhile: the header has promised them. */
static int copy(int from, int to, uint64_t bytes, struct err *e)
{
	static const char zeros[TAR_BLOCK];
	OWNED char *piece = malloc(COPY_BYTES);
	uint64_t left = bytes;
	int r = 0;

	if (!piece)
		return err_set(e, ENOMEM, "no memory to copy a file");
	while (r == 0 && left) {
		ssize_t n = read(from, piece, (size_t)MIN(left, (uint64_t)COPY_BYTES));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			memset(piece, 0, COPY_BYTES);
			n = (ssize_t)MIN(left, (uint64_t)COPY_BYTES);
		}
		r = file_write_all(to, (str){ piece, (size_t)n }, e);
		left -= (uint64_t)n;
	}
	if (r == 0 && bytes % TAR_BLOCK)
		r = file_write_all(to, (str){ zeros, TAR_BLOCK - bytes % TAR_BLOCK }, e);
	return r;
}

static int send_file(struct feed *f, int fd, str path, uint64_t bytes, struct err *e)
{
	OWNED_BUF header = BUF_INIT;
	int r;

	tar_render_header(TAR_FILE, path, S(""), bytes, &header);
	if (buf_error(&header))
		return err_set(e, ENOMEM, "no memory for a header");
	r = file_write_all(f->out, buf_str(&header), e);
	return r < 0 ? r : copy(fd, f->out, bytes, e);
}

static int send(struct feed *f, str path, struct err *e)
{
	OWNED_FD fd = file_open_in_root(f->t->root, path.p, O_RDONLY | O_NOCTTY | O_NONBLOCK, NULL);
	struct stat st;

	if (fd < 0) {
		if (fd != -ENOENT)
			leave_out(f, path, strerror(-fd));
		return 0;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if ((uint64_t)st.st_size > f->t->limits->file_bytes) {
		leave_out(f, path, "over the limit for one file");
		return 0;
	}
	return send_file(f, fd, path, (uint64_t)st.st_size, e);
}

static void push_folder(struct feed *f, str path)
{
	str *slot = f->folders_seen < MAX_FOLDERS
			    ? ARENA_PUSH(&f->arena, f->folders, f->folder_count, f->folder_cap)
			    : NULL;

	f->folders_seen++;
	if (slot)
		*slot = path;
	else
		leave_out(f, path, "too many folders");
}

static int send_mark(struct feed *f, enum tar_kind kind, str path, str target, struct err *e)
{
	OWNED_BUF header = BUF_INIT;

	tar_render_header(kind, path, target, 0, &header);
	return buf_error(&header) ? err_set(e, ENOMEM, "no memory for a header")
				  : file_write_all(f->out, buf_str(&header), e);
}

/**
 * What only a layer has: links, which lead into the merged tree, and whiteouts (a character device 0/0, overlayfs.rst; of
 * fuse-overlayfs also files named as in a tar).
 * @return 1 that was it, 0 it is something else, -errno
 */
static int take_mark(struct feed *f, int folder_fd, str folder, const char *name, str path,
		     struct err *e)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;
	int r;

	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0) {
		path = arena_printf(&f->arena, "%.*s%s.wh.%s", STR_ARG(folder), folder.n ? "/" : "",
				    name);
		r = path.p ? send_mark(f, TAR_FILE, path, S(""), e) : -ENOMEM;
		return r < 0 ? r : 1;
	}
	if (!S_ISLNK(st.st_mode))
		return 0;
	n = readlinkat(folder_fd, name, target, sizeof(target));
	if (n <= 0 || (size_t)n == sizeof(target)) {
		leave_out(f, path, "its link cannot be read");
		return 1;
	}
	r = send_mark(f, TAR_SYMLINK, path, (str){ target, (size_t)n }, e);
	return r < 0 ? r : 1;
}

static int take(struct feed *f, int folder_fd, str folder, const char *name, struct err *e)
{
	str path = folder.n ? arena_printf(&f->arena, "%.*s/%s", STR_ARG(folder), name)
			    : arena_str(&f->arena, str_from(name));
	enum evidence_kind kind;
	bool wanted, on_the_way;
	int r = 0;

	if (!path.p)
		return err_set(e, ENOMEM, "no memory to walk a folder");
	wanted = layer_evidence_wants(path, &kind, &f->arena);
	on_the_way = !wanted && package_db_is_on_the_way(path);
	/* What the engine kept is ours to say, not the layer's. */
	if (f->t->is_layer && str_is(path, LAYER_TAR_SPLIT))
		return 0;
	if (f->t->is_layer && str_starts(str_from(name), S(".wh.")))
		return send_mark(f, TAR_FILE, path, S(""), e);
	if (f->t->is_layer && (wanted || on_the_way))
		r = take_mark(f, folder_fd, folder, name, path, e);
	if (r)
		return MIN(r, 0);
	if (wanted)
		return send(f, path, e);
	if (on_the_way)
		push_folder(f, path);
	return 0;
}

/*
 * Whether a folder replaces what is below it (overlayfs.rst). Images may carry attributes of users themselves, by which one could hide
 * what the kernel shows: user.overlay.opaque is not asked for.
 */
static bool is_opaque(int fd)
{
	char value;

	return fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static int take_opaque(struct feed *f, int fd, str folder, struct err *e)
{
	str path;

	if (!f->t->is_above || f->t->tar_split >= 0 || !folder.n)
		return 0;
	if (!is_opaque(fd)) {
		f->may_replace |= !privilege_has(CAP_SYS_ADMIN);
		return 0;
	}
	path = arena_printf(&f->arena, "%.*s/.wh..wh..opq", STR_ARG(folder));
	return path.p ? send_mark(f, TAR_FILE, path, S(""), e)
		      : err_set(e, ENOMEM, "no memory to walk a folder");
}

static int walk_folder(struct feed *f, str folder, struct err *e)
{
	int fd = file_open_in_root(f->t->root, folder.n ? folder.p : ".",
				   O_RDONLY | O_DIRECTORY | O_NONBLOCK, NULL);
	DIR *d = file_open_folder(fd);
	struct dirent *entry;
	int r = 0;

	if (!d) {
		if (fd != -ENOENT && fd != -ENOTDIR)
			leave_out(f, folder, fd < 0 ? strerror(-fd) : "no memory");
		return 0;
	}
	r = take_opaque(f, dirfd(d), folder, e);
	while (r == 0 && (errno = 0, entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = take(f, dirfd(d), folder, entry->d_name, e);
	if (r == 0 && errno)
		leave_out(f, folder, strerror(errno));
	closedir(d);
	return r;
}

static int send_tar_split(struct feed *f, struct err *e)
{
	struct stat st;

	if (!f->t->is_layer || f->t->tar_split < 0)
		return 0;
	if (fstat(f->t->tar_split, &st) < 0)
		return err_sys(e, errno, "cannot look at a layer's record");
	return send_file(f, f->t->tar_split, S(LAYER_TAR_SPLIT), (uint64_t)st.st_size, e);
}

/* All that could not be told, in one message. @return 1, or 0 when there is nothing */
static int say_gaps(const struct feed *f, struct err *e)
{
	str first = str_take(f->first_left_out, FIRST_BYTES);

	if (f->may_replace)
		(void)!err_set(e, EPERM,
			       "whether the layer replaced whole folders may not be seen "
			       "(CAP_SYS_ADMIN): what lay in such a folder before is still told");
	if (f->left_out)
		(void)!err_wrap(e, -EACCES,
				"%llu files or folders could not be read, the first is '%.*s': %s",
				(unsigned long long)f->left_out, STR_ARG(first), f->first_reason);
	return f->left_out || f->may_replace;
}

int tree_feed_run(void *ctx, int fd, struct err *e)
{
	static const char end[2 * TAR_BLOCK];
	struct feed f = { .t = ctx, .out = fd };
	int r;

	arena_init(&f.arena, 64 << 20);
	push_folder(&f, S(""));
	r = send_tar_split(&f, e);
	while (r == 0 && f.folder_count)
		r = walk_folder(&f, f.folders[--f.folder_count], e);
	if (r == 0)
		r = file_write_all(fd, (str){ end, sizeof(end) }, e);
	r = r < 0 ? r : say_gaps(&f, e);
	arena_done(&f.arena);
	return r;
}

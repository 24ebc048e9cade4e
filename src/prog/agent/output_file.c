#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "prog/agent/output.h"

/* FILE grows to its bound, then becomes FILE.1, FILE.1 becomes FILE.2, and the oldest goes. All names are relative to the
 * folder's descriptor, so that it is reached also when the way to it is closed. */
struct file {
	struct output head;
	const char *path, *name; /* name: within the folder */
	char *folder;
	uint64_t size_max, size;
	unsigned int keep;
	int dir, fd;
};

static int reopen(struct file *f, struct err *e)
{
	struct stat st;
	int fd = openat(f->dir, f->name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			0640);

	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", f->path);
	fd_close(&f->fd);
	f->fd = fd;
	f->size = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	return 0;
}

static int rotate(struct file *f, struct err *e)
{
	OWNED_BUF from = BUF_INIT;
	OWNED_BUF to = BUF_INIT;

	for (unsigned int n = f->keep; n > 0; n--) {
		buf_reset(&from);
		buf_reset(&to);
		if (n > 1)
			buf_printf(&from, "%s.%u", f->name, n - 1);
		else
			buf_add(&from, str_from(f->name));
		buf_printf(&to, "%s.%u", f->name, n);
		if (buf_error(&from) || buf_error(&to))
			return err_sys(e, ENOMEM, "cannot rotate '%s'", f->path);
		if (renameat(f->dir, buf_cstr(&from), f->dir, buf_cstr(&to)) < 0 && errno != ENOENT)
			return err_sys(e, errno, "cannot rotate '%s'", f->path);
	}
	if (f->keep == 0 && unlinkat(f->dir, f->name, 0) < 0 && errno != ENOENT)
		return err_sys(e, errno, "cannot rotate '%s'", f->path);
	return reopen(f, e);
}

static int open_folder(struct file *f, struct err *e)
{
	const char *slash = strrchr(f->path, '/');

	f->name = slash ? slash + 1 : f->path;
	f->folder = slash ? strndup(f->path, MAX((size_t)(slash - f->path), 1)) : strdup(".");
	if (!f->folder)
		return err_sys(e, ENOMEM, "'%s'", f->path);
	f->dir = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f->dir < 0 ? err_sys(e, errno, "cannot open '%s'", f->path) : 0;
}

static void file_free(struct file *f)
{
	fd_close(&f->fd);
	fd_close(&f->dir);
	free(f->folder);
	free(f);
}

static void close_file(struct output *o)
{
	file_free((struct file *)o);
}

static int open_file(struct output **list, const struct option_set *o, struct err *e)
{
	const char *path = option_text(o, "alert-file");
	struct file *f;
	int r;

	if (!path)
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f)
		return err_sys(e, ENOMEM, "'%s'", path);
	f->path = path;
	f->fd = f->dir = -1;
	f->size_max = option_number(o, "alert-file-size", 0);
	f->keep = (unsigned int)MIN(option_number(o, "alert-file-keep", 5), 1000);
	r = open_folder(f, e);
	if (r == 0)
		r = reopen(f, e);
	if (r < 0) {
		file_free(f);
		return r;
	}
	output_add(list, &f->head, &output_file, path);
	return 0;
}

static int tell(struct output *o, const struct output_alert *a, struct err *e)
{
	struct file *f = (struct file *)o;
	OWNED_BUF line = BUF_INIT;
	struct stat before;
	int r = 0;

	buf_add(&line, a->json);
	buf_byte(&line, '\n');
	if (buf_error(&line))
		return buf_error(&line);
	if (f->size_max && f->size && f->size + line.n > f->size_max)
		r = rotate(f, e);
	if (r < 0)
		return r;
	before.st_size = -1;
	(void)!fstat(f->fd, &before);
	r = file_write_all(f->fd, buf_str(&line), e);
	/* On a full disk half a line would spoil the next one. */
	if (r < 0 && before.st_size >= 0)
		(void)!ftruncate(f->fd, before.st_size);
	if (r == 0)
		f->size += line.n;
	return r < 0 ? r : 1;
}

/** logrotate and its like move the file away: what is told next goes to a new one. */
static void tick(struct output *o, uint64_t now_ns)
{
	struct file *f = (struct file *)o;
	struct stat there, ours;

	(void)now_ns;
	if (fstat(f->fd, &ours) == 0 &&
	    (fstatat(f->dir, f->name, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
	     there.st_ino != ours.st_ino || there.st_dev != ours.st_dev))
		(void)!reopen(f, NULL);
}

static void places(const struct output *o, struct output_places *p)
{
	output_place(p, ((const struct file *)o)->folder, true);
}

const struct output_kind output_file = {
	.name = "file",
	.open = open_file,
	.tell = tell,
	.tick = tick,
	.places = places,
	.close = close_file,
};

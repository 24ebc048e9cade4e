#include "asset/figures.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

#define MOUNT "sys/fs/cgroup"
enum { FILE_BYTES_MAX = 4096 };

struct figures_source {
	int cpu_fd;     /* folder of the hierarchy that counts processor time */
	int threads_fd; /* and of v1's pids hierarchy; -1 on v2, or where none is mounted */
	bool unified;
};

static int open_first(int root_fd, const char *const *paths)
{
	int fd = -1;

	for (; *paths && fd < 0; paths++)
		fd = file_open_in_root(root_fd, *paths, O_RDONLY | O_DIRECTORY, NULL);
	return MAX(fd, -1);
}

static void close_all(struct figures_source *s)
{
	fd_close(&s->cpu_fd);
	fd_close(&s->threads_fd);
}

static void open_folders(int root_fd, struct figures_source *ret)
{
	static const char *const unified[] = { MOUNT, NULL },
				 *const cpu[] = { MOUNT "/cpuacct", MOUNT "/cpu,cpuacct", NULL },
				 *const threads[] = { MOUNT "/pids", NULL };
	struct figures_source s = { open_first(root_fd, unified), -1, false };

	s.unified = s.cpu_fd >= 0 && faccessat(s.cpu_fd, "cgroup.controllers", F_OK, 0) == 0;
	if (!s.unified) {
		close_all(&s);
		s.cpu_fd = open_first(root_fd, cpu);
		s.threads_fd = open_first(root_fd, threads);
	}
	*ret = s;
}

int figures_new(const char *root, struct figures_source **ret, struct err *e)
{
	int fd = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct figures_source found, *s;

	if (fd < 0)
		return err_sys(e, errno, "cannot open '%s'", root ? root : "/");
	open_folders(fd, &found);
	close(fd);
	s = found.cpu_fd >= 0 ? malloc(sizeof(*s)) : NULL;
	if (!s) {
		close_all(&found);
		return found.cpu_fd < 0 ? err_set(e, ENOENT,
						  "nothing under /%s counts processor time", MOUNT)
					: err_sys(e, ENOMEM, "cannot count processor time");
	}
	*s = found;
	*ret = s;
	return 0;
}

void figures_free(struct figures_source *s)
{
	if (!s)
		return;
	close_all(s);
	free(s);
}

/* The number @p file begins with, after @p key and a blank where there is one. */
static int read_number(int fd, str cgroup, const char *file, str key, uint64_t *ret)
{
	OWNED_BUF path = BUF_INIT;
	OWNED_BUF text = BUF_INIT;
	str line;
	int r;

	cgroup = str_skip_slashes(cgroup);
	buf_add(&path, cgroup.n ? cgroup : S("."));
	buf_add(&path, S("/"));
	buf_add(&path, str_from(file));
	if (buf_error(&path))
		return -ENOMEM;
	r = file_read(fd, buf_cstr(&path), FILE_BYTES_MAX, &text, NULL);
	if (r < 0)
		return r;
	line = buf_str(&text);
	line = str_line(&line);
	if (key.n && !str_eq(str_cut(&line, ' '), key))
		return -EBADMSG;
	return str_u64(str_trim(line), ret) < 0 ? -EBADMSG : 0;
}

int figures_read(const struct figures_source *s, str cgroup, struct figures *ret)
{
	struct figures out = { 0 };
	uint64_t threads = 0;
	int r;

	r = s->unified ? read_number(s->cpu_fd, cgroup, "cpu.stat", S("usage_usec"), &out.cpu_ns)
		       : read_number(s->cpu_fd, cgroup, "cpuacct.usage", S(""), &out.cpu_ns);
	if (r < 0)
		return r;
	if (s->unified)
		out.cpu_ns *= 1000;
	/* The pids controller may be off for this group: not knowing the threads is no reason to tell no figures. */
	if (read_number(s->unified ? s->cpu_fd : s->threads_fd, cgroup, "pids.current", S(""),
			&threads) == 0)
		out.threads = (uint32_t)MIN(threads, (uint64_t)UINT32_MAX);
	*ret = out;
	return 0;
}

#include "prog/agent/users_reader.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/sandbox.h"

enum kind { OPENING = 1, READING, USER, END, ALL };
enum { PARTS = 3, PIECE_BYTES = 64 << 10, CPU_S = 20 };
#define MEMORY_BYTES ((uint64_t)64 << 20)

/* Both ends are the same program: no form but the machine's own. */
struct frame {
	uint32_t kind, root;
	uint32_t a, b;         /* USER: its numbers; END: the gap, how many are left out */
	uint32_t bytes[PARTS]; /* USER: of name, home, shell, which follow */
};

/* ---- The child ---- */

struct child {
	int root_fd, answer;
	const struct users_root *roots;
	size_t count;
};

struct file {
	int fd;
	enum users_gap gap;
};

static bool tell(const struct child *c, const struct frame *f)
{
	return file_write_all(c->answer, (str){ (const char *)f, sizeof(*f) }, NULL) == 0;
}

static enum users_gap gap_of(int r)
{
	switch (r) {
	case -ENOENT:
	case -ENOTDIR:
		return USERS_NO_FILE;
	case -E2BIG:
		return USERS_TOO_LARGE;
	default:
		return USERS_UNREADABLE;
	}
}

static struct file open_file(int root_fd, const struct users_root *of)
{
	OWNED_FD root = openat(root_fd, of->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int fd = root < 0 ? -EACCES
			  : file_open_in_root(root, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY,
					      NULL);

	if (fd < 0)
		return (struct file){ -1, gap_of(fd) };
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return (struct file){ fd, USERS_NONE };
	close(fd);
	return (struct file){ -1, USERS_UNREADABLE };
}

static struct file *open_all(const struct child *c)
{
	struct file *files = calloc(c->count + 1, sizeof(*files));
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
	for (size_t i = 0; files && i < c->count; i++) {
		if (!tell(c, &(struct frame){ .kind = OPENING, .root = (uint32_t)i }))
			return NULL;
		files[i] = open_file(c->root_fd, &c->roots[i]);
	}
	return files;
}

static bool tell_user(const struct child *c, size_t root, const struct account *x)
{
	const str parts[PARTS] = { x->name, str_take(x->home, USERS_READER_TEXT_MAX),
				   str_take(x->shell, USERS_READER_TEXT_MAX) };
	struct frame f = { .kind = USER, .root = (uint32_t)root, .a = x->user, .b = x->group };
	OWNED_BUF b = BUF_INIT;

	for (size_t i = 0; i < PARTS; i++)
		f.bytes[i] = (uint32_t)parts[i].n;
	buf_add(&b, (str){ (const char *)&f, sizeof(f) });
	for (size_t i = 0; i < PARTS; i++)
		buf_add(&b, parts[i]);
	return !buf_error(&b) && file_write_all(c->answer, buf_str(&b), NULL) == 0;
}

static bool tell_file(const struct child *c, size_t root, const struct file *of)
{
	struct frame end = { .kind = END, .root = (uint32_t)root, .a = of->gap };
	OWNED_BUF text = BUF_INIT;
	struct account x;
	uint32_t told = 0;
	int r;

	if (!tell(c, &(struct frame){ .kind = READING, .root = (uint32_t)root }))
		return false;
	if (of->fd < 0)
		return tell(c, &end);
	r = file_read_fd(of->fd, c->roots[root].max_bytes, &text, NULL);
	if (r < 0)
		end.a = gap_of(r);
	for (str rest = r < 0 ? S("") : buf_str(&text); accounts_next(&rest, &x);) {
		if (told == USERS_READER_MOST || x.name.n > USERS_READER_TEXT_MAX)
			end.b++;
		else if (!tell_user(c, root, &x))
			return false;
		else
			told++;
	}
	return tell(c, &end);
}

static int child(void *ctx)
{
	const struct child *c = ctx;
	const struct sandbox_limits l = { .memory_bytes = MEMORY_BYTES, .cpu_s = CPU_S };
	struct file *files = open_all(c);

	if (!files || sandbox_enter(&l, NULL) < 0)
		return 1;
	for (size_t i = 0; i < c->count; i++)
		if (!tell_file(c, i, &files[i]))
			return 1;
	return !tell(c, &(struct frame){ .kind = ALL });
}

/* ---- The parent ---- */

int users_reader_start(struct users_reader *r, int root_fd, const struct users_root *roots,
		       size_t count, struct err *e)
{
	struct child c = { .root_fd = root_fd, .roots = roots, .count = count };
	struct users_reader new = { .count = count, .heard_ns = clock_ns(CLOCK_MONOTONIC) };
	int ends[2], s;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot make a pipe");
	c.answer = ends[1];
	s = fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0
		    ? err_sys(e, errno, "cannot make a pipe")
		    : process_start(child, &c, (const int[]){ root_fd, ends[1] }, 2, &new.pid, e);
	close(ends[1]);
	if (s < 0) {
		close(ends[0]);
		return s;
	}
	new.answer = ends[0];
	*r = new;
	return 0;
}

static bool take_user(struct users_reader *r, const struct frame *f, str text,
		      const struct users_calls *calls)
{
	struct account x = { .user = f->a, .group = f->b };

	x.name = str_take(text, f->bytes[0]);
	text = str_skip(text, f->bytes[0]);
	x.home = str_take(text, f->bytes[1]);
	x.shell = str_skip(text, f->bytes[1]);
	if (!r->reading || !x.name.n || r->users++ == USERS_READER_MOST)
		return false;
	calls->on_user(calls->ctx, r->at, &x);
	return true;
}

/* @return whether it may be said now */
static bool take(struct users_reader *r, const struct frame *f, str text,
		 const struct users_calls *calls)
{
	if (r->complete || f->root >= r->count + (f->kind == ALL) ||
	    ((f->kind == USER || f->kind == END) && f->root != r->at))
		return false;
	switch (f->kind) {
	case OPENING:
	case READING:
		if (r->reading)
			return false;
		r->at = f->root;
		r->users = 0;
		r->reading = f->kind == READING;
		return true;
	case USER:
		return take_user(r, f, text, calls);
	case END:
		if (!r->reading || f->a > USERS_TOO_LARGE)
			return false;
		r->reading = false;
		calls->on_end(calls->ctx, r->at, (enum users_gap)f->a, f->b);
		return true;
	case ALL:
		r->complete = !r->reading;
		return r->complete;
	default:
		return false;
	}
}

static void take_all(struct users_reader *r, const struct users_calls *calls)
{
	str rest = buf_str(&r->frame);
	struct frame f;

	while (!r->broken && rest.n >= sizeof(f)) {
		size_t n = 0;

		memcpy(&f, rest.p, sizeof(f));
		for (size_t i = 0; i < PARTS; i++) {
			r->broken |= f.bytes[i] > (f.kind == USER ? USERS_READER_TEXT_MAX : 0);
			n += f.bytes[i];
		}
		if (r->broken || rest.n - sizeof(f) < n)
			break;
		rest = str_skip(rest, sizeof(f));
		r->broken = !take(r, &f, str_take(rest, n), calls);
		rest = str_skip(rest, n);
	}
	if (rest.n)
		memmove(r->frame.p, rest.p, rest.n);
	r->frame.n = rest.n;
}

int users_reader_work(struct users_reader *r, uint64_t now_ns, const struct users_calls *calls)
{
	ssize_t n;

	do {
		char *at = buf_reserve(&r->frame, PIECE_BYTES);

		n = at ? read(r->answer, at, PIECE_BYTES) : 0;
		if (n <= 0)
			break;
		r->frame.n += (size_t)n;
		r->heard_ns = now_ns;
		take_all(r, calls);
	} while (!r->broken && !r->complete);
	if (r->complete)
		return 1;
	if (r->broken || (n <= 0 && !(n < 0 && (errno == EAGAIN || errno == EINTR))))
		return -ECHILD;
	return now_ns >= r->heard_ns + USERS_READER_SILENT_S * SECOND_NS ? -ETIMEDOUT : 0;
}

pid_t users_reader_leave(struct users_reader *r)
{
	pid_t pid = r->pid;

	kill(pid, SIGKILL);
	close(r->answer);
	buf_done(&r->frame);
	*r = (struct users_reader){ .answer = -1 };
	return pid;
}

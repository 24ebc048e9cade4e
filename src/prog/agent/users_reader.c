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
	uint32_t kind, file;
	uint32_t a, b;                  /* USER: its numbers; END: the gap, how many are left out */
	uint32_t bytes[PARTS], zero;    /* USER: of name, home, shell, which follow */
	struct account_version version; /* END */
};

/* ---- The child ---- */

struct child {
	const struct account_source *files;
	size_t count;
	uint32_t most;
	int answer;
};

struct file {
	int fd;
	enum users_gap gap;
	struct account_version version;
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

static bool is_same(const struct account_version *a, const struct account_version *b)
{
	return a->inode == b->inode && a->bytes == b->bytes && a->changed_ns == b->changed_ns &&
	       a->owner == b->owner;
}

static struct file open_file(const struct account_source *of)
{
	static const char *const names[ACCOUNT_FILES] = { "etc/passwd", "etc/group" };
	OWNED_FD root = openat(of->fd, of->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct file f = { .gap = errno == ENOENT || errno == ESRCH ? USERS_NO_ROOT
								   : USERS_UNREADABLE };
	struct stat st;

	f.fd = root < 0 ? -1
			: file_open_in_root(root, names[of->file % ACCOUNT_FILES],
					    O_RDONLY | O_NONBLOCK | O_NOCTTY, NULL);
	if (f.fd < 0) {
		f.gap = root < 0 ? f.gap : gap_of(f.fd);
		return f;
	}
	f.gap = USERS_UNREADABLE;
	if (fstat(f.fd, &st) == 0 && S_ISREG(st.st_mode)) {
		f.version = (struct account_version){
			.inode = st.st_ino,
			.bytes = (uint64_t)st.st_size,
			.changed_ns = (uint64_t)st.st_ctim.tv_sec * SECOND_NS +
				      (uint64_t)st.st_ctim.tv_nsec,
			.owner = st.st_uid,
		};
		f.gap = is_same(&f.version, &of->seen) ? USERS_SAME : USERS_NONE;
	}
	if (f.gap != USERS_NONE) {
		fd_close(&f.fd);
	}
	return f;
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
		if (!tell(c, &(struct frame){ .kind = OPENING, .file = (uint32_t)i }))
			return NULL;
		files[i] = open_file(&c->files[i]);
	}
	return files;
}

static bool tell_user(const struct child *c, size_t file, const struct account *x)
{
	const str parts[PARTS] = { x->name, str_take(x->home, ACCOUNTS_TEXT_MAX),
				   str_take(x->shell, ACCOUNTS_TEXT_MAX) };
	struct frame f = { .kind = USER, .file = (uint32_t)file, .a = x->user, .b = x->group };
	OWNED_BUF b = BUF_INIT;

	for (size_t i = 0; i < PARTS; i++)
		f.bytes[i] = (uint32_t)parts[i].n;
	buf_add(&b, (str){ (const char *)&f, sizeof(f) });
	for (size_t i = 0; i < PARTS; i++)
		buf_add(&b, parts[i]);
	return !buf_error(&b) && file_write_all(c->answer, buf_str(&b), NULL) == 0;
}

static bool tell_file(const struct child *c, size_t n, const struct file *of)
{
	const struct account_source *source = &c->files[n];
	struct frame end = {
		.kind = END, .file = (uint32_t)n, .a = of->gap, .version = of->version
	};
	OWNED_BUF text = BUF_INIT;
	struct account x;
	uint32_t told = 0;
	int r;

	if (!tell(c, &(struct frame){ .kind = READING, .file = (uint32_t)n }))
		return false;
	if (of->fd < 0)
		return tell(c, &end);
	r = file_read_fd(of->fd, source->max_bytes, &text, NULL);
	if (r < 0)
		end.a = gap_of(r);
	for (str rest = r < 0 ? S("") : buf_str(&text);
	     accounts_next((enum account_file)source->file, &rest, &x);) {
		if (told == c->most || x.name.n > ACCOUNTS_TEXT_MAX)
			end.b++;
		else if (!tell_user(c, n, &x))
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

int users_reader_run(const struct account_source *files, size_t count, uint32_t most, int answer)
{
	return child(&(struct child){ files, count, most, answer });
}

/* ---- The parent ---- */

int users_reader_listen(struct users_reader *r, size_t count, uint32_t most, uint32_t silent_s,
			int *ret_end, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot make a pipe");
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
		close(ends[0]);
		close(ends[1]);
		return err_sys(e, errno, "cannot make a pipe");
	}
	*r = (struct users_reader){ .answer = ends[0],
				    .count = count,
				    .most = most,
				    .silent_ns = silent_s * SECOND_NS,
				    .heard_ns = clock_ns(CLOCK_MONOTONIC) };
	*ret_end = ends[1];
	return 0;
}

int users_reader_start(struct users_reader *r, const struct account_source *files, size_t count,
		       uint32_t most, uint32_t silent_s, struct err *e)
{
	struct child c = { .files = files, .count = count, .most = most };
	struct users_reader new;
	int s = users_reader_listen(&new, count, most, silent_s, &c.answer, e);

	if (s < 0)
		return s;
	s = process_start(child, &c, (const int[]){ count ? files[0].fd : c.answer, c.answer }, 2,
			  &new.pid, e);
	close(c.answer);
	if (s < 0) {
		close(new.answer);
		return s;
	}
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
	if (!r->reading || !x.name.n || r->told++ == r->most)
		return false;
	calls->on_user(calls->ctx, r->at, &x);
	return true;
}

/* @return whether it may be said now */
static bool take(struct users_reader *r, const struct frame *f, str text,
		 const struct users_calls *calls)
{
	const struct users_end end = { (enum users_gap)f->a, f->b, f->version };

	if (r->complete || f->file >= r->count + (f->kind == ALL) ||
	    ((f->kind == USER || f->kind == END) && f->file != r->at))
		return false;
	switch (f->kind) {
	case OPENING:
	case READING:
		if (r->reading)
			return false;
		r->at = f->file;
		r->told = 0;
		r->begun = true;
		r->reading = f->kind == READING;
		return true;
	case USER:
		return take_user(r, f, text, calls);
	case END:
		if (!r->reading || f->a > USERS_TOO_LARGE)
			return false;
		r->reading = false;
		calls->on_end(calls->ctx, r->at, &end);
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
			r->broken |= f.bytes[i] > (f.kind == USER ? ACCOUNTS_TEXT_MAX : 0);
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
	return now_ns >= r->heard_ns + r->silent_ns ? -ETIMEDOUT : 0;
}

pid_t users_reader_leave(struct users_reader *r)
{
	pid_t pid = r->pid;

	if (pid)
		kill(pid, SIGKILL);
	close(r->answer);
	buf_done(&r->frame);
	*r = (struct users_reader){ .answer = -1 };
	return pid;
}

#include "prog/agent/users_broker.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "prog/agent/message.h"
#include "prog/agent/users_reader.h"

enum {
	READERS_MOST = 16, /* that hang; then no more are started until one ends */
	SILENT_S =
		2, /* so long nobody's name is known that was to be read behind a file that hangs */
	LIFE_S = 10,
	ROUND_MS = 500,
};

/* ---- The broker ---- */

struct desk {
	int socket;
	struct {
		pid_t pid;
		uint64_t until_ns;
	} readers[READERS_MOST];
	char room[MESSAGE_MAX_BYTES];
};

/* A question: files in the text, in the order of its descriptors, before which the pipe's end comes. */
struct question {
	const struct desk *desk;
	struct account_source files[ACCOUNTS_BATCH];
	size_t count;
	int answer;
};

static int reader(void *ctx)
{
	struct question *q = ctx;

	close(q->desk->socket);
	return users_reader_run(q->files, q->count, ACCOUNTS_MAX_ENTRIES, q->answer);
}

static bool understand(const struct message *m, struct question *q)
{
	q->count = m->text.n / sizeof(q->files[0]);
	if (m->kind != MESSAGE_READ_USERS || !q->count || q->count > ACCOUNTS_BATCH ||
	    m->text.n % sizeof(q->files[0]) || m->fd_count != q->count + 1)
		return false;
	memcpy(q->files, m->text.p, m->text.n);
	q->answer = m->fds[0];
	for (size_t i = 0; i < q->count; i++) {
		q->files[i].fd = m->fds[i + 1];
		if (q->files[i].path[sizeof(q->files[i].path) - 1])
			return false;
	}
	return true;
}

/* What is not answered is seen by whoever asked: its pipe ends. */
static void answer(struct desk *d, const struct message *m)
{
	struct question q = { .desk = d };

	if (!understand(m, &q))
		return;
	for (size_t i = 0; i < READERS_MOST; i++) {
		if (d->readers[i].pid)
			continue;
		d->readers[i].until_ns = clock_ns(CLOCK_MONOTONIC) + LIFE_S * SECOND_NS;
		if (process_start_open(reader, &q, &d->readers[i].pid, NULL) < 0)
			d->readers[i].pid = 0;
		return;
	}
}

static bool look_after(struct desk *d)
{
	const uint64_t now = clock_ns(CLOCK_MONOTONIC);
	bool any = false;

	for (size_t i = 0; i < READERS_MOST; i++) {
		if (!d->readers[i].pid)
			continue;
		if (now >= d->readers[i].until_ns)
			kill(d->readers[i].pid, SIGKILL);
		if (waitpid(d->readers[i].pid, NULL, WNOHANG) != 0)
			d->readers[i].pid = 0;
		any |= d->readers[i].pid != 0;
	}
	return any;
}

static int broker(void *ctx)
{
	static struct desk d; /* of this process alone */
	const uint64_t needed = PRIVILEGE(CAP_SYS_PTRACE) | PRIVILEGE(CAP_DAC_READ_SEARCH);

	d.socket = *(const int *)ctx;
	/* It ends with the sensor, whomever else a terminal or a service manager tells to end. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (privilege_keep(needed, NULL) < 0 || sandbox_forbid_power(false, NULL) < 0)
		return 1;
	for (;;) {
		struct pollfd p = { .fd = d.socket, .events = POLLIN };
		struct message m;
		int r;

		(void)poll(&p, 1, look_after(&d) ? ROUND_MS : -1);
		while ((r = message_receive(d.socket, d.room, &m)) > 0) {
			(void)look_after(&d);
			answer(&d, &m);
			message_done(&m);
		}
		if (r == -EPIPE)
			return 0;
	}
}

/* ---- Who asks it ---- */

struct users_broker {
	int socket, ready; /* ready: epoll of the socket and the reader's answer */
	pid_t pid;
	struct users_reader reader; /* answer -1: none works */
};

static int wait_for(struct users_broker *b, int fd, struct err *e)
{
	struct epoll_event v = { .events = EPOLLIN };

	return epoll_ctl(b->ready, EPOLL_CTL_ADD, fd, &v)
		       ? err_sys(e, errno, "cannot wait for users' names")
		       : 0;
}

int users_broker_start(struct users_broker **ret, struct err *e)
{
	struct users_broker *b = calloc(1, sizeof(*b));
	int ends[2], r = b ? message_pair(ends, e) : err_sys(e, ENOMEM, "cannot read users' names");

	if (r < 0) {
		free(b);
		return r;
	}
	b->socket = ends[0];
	b->reader.answer = -1;
	b->ready = epoll_create1(EPOLL_CLOEXEC);
	r = b->ready < 0 ? err_sys(e, errno, "cannot wait for users' names")
			 : wait_for(b, b->socket, e);
	if (r == 0)
		r = process_start(broker, &ends[1], &ends[1], 1, &b->pid, e);
	close(ends[1]);
	if (r < 0) {
		fd_close(&b->ready);
		close(ends[0]);
		free(b);
		return r;
	}
	*ret = b;
	return 0;
}

void users_broker_stop(struct users_broker *b)
{
	if (!b)
		return;
	if (b->reader.answer >= 0)
		(void)users_reader_leave(&b->reader);
	close(b->ready);
	close(b->socket);
	process_kill(b->pid);
	free(b);
}

int users_broker_fd(const struct users_broker *b)
{
	return b ? b->ready : -1;
}

static void on_user(void *ctx, size_t file, const struct account *x)
{
	accounts_take(ctx, file, x);
}

static void on_end(void *ctx, size_t file, const struct users_end *end)
{
	static const enum account_found found[USERS_GAP_COUNT] = {
		[USERS_NONE] = ACCOUNT_READ,         [USERS_NO_FILE] = ACCOUNT_NONE,
		[USERS_NO_ROOT] = ACCOUNT_GONE,      [USERS_SAME] = ACCOUNT_SAME,
		[USERS_UNREADABLE] = ACCOUNT_CLOSED, [USERS_TOO_LARGE] = ACCOUNT_CLOSED,
	};

	accounts_end(ctx, file, found[end->gap], &end->version, end->left_out);
}

static int ask(struct users_broker *b, const struct account_source *files, size_t count,
	       struct err *e)
{
	struct message m = { .kind = MESSAGE_READ_USERS,
			     .text = { (const char *)files, count * sizeof(*files) },
			     .fd_count = count + 1 };
	int r = users_reader_listen(&b->reader, count, ACCOUNTS_MAX_ENTRIES, SILENT_S, &m.fds[0],
				    e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		m.fds[i + 1] = files[i].fd;
	/* It is waited for no more when it is closed. */
	r = wait_for(b, b->reader.answer, e);
	if (r == 0) {
		r = message_send(b->socket, &m);
		if (r < 0)
			err_sys(e, -r, "what reads users' names is gone");
	}
	close(m.fds[0]);
	return r;
}

int users_broker_turn(struct users_broker *b, bool ready, struct accounts *a,
		      const struct account_calls *calls, struct err *e)
{
	const struct users_calls heard = { on_user, on_end, a };
	struct account_source files[ACCOUNTS_BATCH];
	size_t count;
	int r;

	if (b->reader.answer >= 0) {
		r = users_reader_work(&b->reader, clock_ns(CLOCK_MONOTONIC), &heard);
		if (r == 0)
			return 0;
		accounts_over(a, r < 0 && b->reader.begun ? b->reader.at : SIZE_MAX, calls);
		(void)users_reader_leave(&b->reader);
	} else if (ready) {
		/* It never speaks on its socket. */
		return err_set(e, EPIPE, "what reads users' names is gone");
	}
	count = accounts_ask(a, files);
	if (!count)
		return 0;
	r = ask(b, files, count, e);
	if (r == -EPIPE)
		return r;
	/* No descriptors to be had, or too much waits there: as if nobody had answered. */
	if (r < 0 && b->reader.answer >= 0)
		(void)users_reader_leave(&b->reader);
	if (r < 0)
		accounts_over(a, SIZE_MAX, calls);
	return 0;
}

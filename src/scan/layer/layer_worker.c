#include "scan/layer/layer_worker.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "codec/digest.h"

enum {
	HEAD_BYTES = 5,
	PIECE_BYTES = 256 * 1024,
	PIPE_BYTES = 1024 * 1024,
	PROGRESS_MS = 100,
	/* The slowest honest stream (xz of zeros) takes a second of processor time for a megabyte; a parser in an endless
	 * loop is ended by this. */
	CPU_S = 60,
	CPU_S_MAX = 1800,
	EXIT_NO_SANDBOX = 3,
};

/* Beside the results: buffers, and the window of a decompressor. */
#define WORKER_OVERHEAD_BYTES (512 * MIB)

static int send_frame(int fd, char type, str body)
{
	unsigned char head[HEAD_BYTES] = { (unsigned char)type };
	int r;

	for (int i = 0; i < 4; i++)
		head[1 + i] = (unsigned char)(body.n >> 8 * i);
	r = file_write_all(fd, (str){ (const char *)head, sizeof(head) }, NULL);
	return r < 0 ? r : file_write_all(fd, body, NULL);
}

void layer_task_progress(const struct layer_task *t, uint64_t done_bytes)
{
	unsigned char body[8];

	for (int i = 0; i < 8; i++)
		body[i] = (unsigned char)(done_bytes >> 8 * i);
	(void)!send_frame(t->answer, 'P', (str){ (const char *)body, sizeof(body) });
}

int layer_input_read(const struct layer_task *t, const struct layer_input *in,
		     void (*push)(void *ctx, str bytes), void *ctx, struct err *e)
{
	OWNED char *piece = malloc(PIECE_BYTES);
	uint64_t done = 0;
	uint64_t told = clock_ms(CLOCK_MONOTONIC);

	if (!piece)
		return err_set(e, ENOMEM, "no memory to read");
	while (done < in->bytes) {
		size_t want = (size_t)MIN(in->bytes - done, (uint64_t)PIECE_BYTES);
		ssize_t n = in->is_seekable ? pread(in->fd, piece, want, (off_t)(in->offset + done))
					    : read(in->fd, piece, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "read failed");
		if (n == 0)
			break;
		push(ctx, (str){ piece, (size_t)n });
		done += (size_t)n;
		if (clock_ms(CLOCK_MONOTONIC) - told >= PROGRESS_MS) {
			layer_task_progress(t, done);
			told = clock_ms(CLOCK_MONOTONIC);
		}
	}
	return 0;
}

struct child {
	struct layer_task task;
	const struct layer_input *in;
};

static uint64_t cpu_limit(const struct layer_input *in)
{
	return in->bytes / MIB > CPU_S_MAX ? CPU_S_MAX : CPU_S + in->bytes / MIB;
}

static int child_main(void *ctx)
{
	struct child *c = ctx;
	OWNED_BUF answer = BUF_INIT;
	struct sandbox_limits limits = { .memory_bytes = 2 * c->task.options->limits.memory_bytes +
							 WORKER_OVERHEAD_BYTES,
					 .cpu_s = cpu_limit(c->in) };
	struct err e = { 0 };
	str rest;

	if (!c->task.no_sandbox && sandbox_enter(&limits, &e) < 0) {
		(void)!send_frame(c->task.answer, 'E', str_from(e.text));
		return EXIT_NO_SANDBOX;
	}
	c->task.run(&c->task, c->in, &answer);
	if (buf_error(&answer))
		return 1;
	rest = buf_str(&answer);
	while (rest.n) {
		str piece = str_take(rest, PIPE_BYTES);

		if (send_frame(c->task.answer, 'R', piece) < 0)
			return 1;
		rest = str_skip(rest, piece.n);
	}
	return send_frame(c->task.answer, 'D', (str){ NULL, 0 }) < 0;
}

static int compare_bytes(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/* OpenSSL and the C library set themselves up on first use, with calls the sandbox forbids: qsort() asks for the size of
 * the machine's memory once it has more than a kilobyte to sort. */
static void warm_up(void)
{
	uint8_t sum[SHA256_BYTES];
	char many[2048] = { 0 };

	sha256_of(S(""), sum);
	qsort(many, sizeof(many), 1, compare_bytes);
}

int layer_worker_start(const struct layer_task *task, const struct layer_input *in,
		       struct layer_worker *ret, struct err *e)
{
	struct layer_worker w = { .answer = -1 };
	struct child c = { *task, in };
	int ends[2], r;

	warm_up();
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "cannot make a pipe");
	c.task.answer = ends[1];
	const int keep[] = { ends[1], in->fd };
	r = process_start(child_main, &c, keep, in->fd >= 0 ? 2 : 1, &w.pid, e);
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		return r;
	}
	w.answer = ends[0];
	*ret = w;
	return 0;
}

static void give_up(struct layer_worker *w)
{
	w->broken = true;
	kill(w->pid, SIGKILL);
}

static void take_frame(struct layer_worker *w, char type, str body, const struct limits *l)
{
	uint64_t done = 0;

	switch (type) {
	case 'P':
		for (size_t i = 0; i < body.n && i < 8; i++)
			done |= (uint64_t)(unsigned char)body.p[i] << 8 * i;
		w->done_bytes = done;
		break;
	case 'E':
	case 'R':
		if (w->result.n + body.n > 2 * l->memory_bytes)
			give_up(w);
		else
			buf_add(&w->result, body);
		break;
	case 'D':
		w->complete = true;
		break;
	default:
		give_up(w);
	}
}

static void take_frames(struct layer_worker *w, const struct limits *l)
{
	str rest = buf_str(&w->frame);

	while (rest.n >= HEAD_BYTES && !w->broken) {
		size_t n = 0;

		for (int i = 0; i < 4; i++)
			n |= (size_t)(unsigned char)rest.p[1 + i] << 8 * i;
		if (n > PIPE_BYTES) {
			give_up(w);
			break;
		}
		if (rest.n < HEAD_BYTES + n)
			break;
		take_frame(w, rest.p[0], str_take(str_skip(rest, HEAD_BYTES), n), l);
		rest = str_skip(rest, HEAD_BYTES + n);
	}
	if (rest.n)
		memmove(w->frame.p, rest.p, rest.n);
	w->frame.n = rest.n;
}

bool layer_worker_pump(struct layer_worker *w, const struct limits *l)
{
	char *at = buf_reserve(&w->frame, 64 * 1024);
	ssize_t n = at ? read(w->answer, at, 64 * 1024) : 0;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n <= 0)
		return true;
	w->frame.n += (size_t)n;
	if (!w->broken)
		take_frames(w, l);
	else
		w->frame.n = 0;
	return false;
}

int layer_worker_finish(struct layer_worker *w, struct err *e)
{
	struct process_end end;
	int r = process_wait(w->pid, &end, e);

	w->pid = 0;
	if (r < 0)
		return r;
	if (w->broken || buf_error(&w->result))
		return err_set(e, ECHILD, "the worker gave an impossible answer");
	if (end.exit_status == EXIT_NO_SANDBOX)
		return err_set(e, ECHILD, "the worker could not give up its privileges: %.*s",
			       STR_ARG(str_take(buf_str(&w->result), 300)));
	if (end.signal == SIGXCPU || end.signal == SIGKILL)
		return err_set(e, ECHILD, "the worker was killed (%s)",
			       end.signal == SIGXCPU
				       ? "too much processor time"
				       : "by the system or for too much processor time");
	if (end.signal)
		return err_set(e, ECHILD, "the worker died of signal %d (%s)", end.signal,
			       strsignal(end.signal));
	if (end.exit_status != 0 || !w->complete)
		return err_set(e, ECHILD, "the worker ended without an answer");
	return 0;
}

void layer_worker_done(struct layer_worker *w)
{
	if (w->pid > 0)
		process_kill(w->pid);
	w->pid = 0;
	fd_close(&w->answer);
	buf_done(&w->frame);
	buf_done(&w->result);
}

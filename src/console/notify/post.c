#include "console/notify/post.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"

enum { ARENA_BYTES = 64 << 20, BATCH_BYTES = 512 << 10, POLL_MS = 50 };

struct post {
	const struct receiver *receiver;
	struct sender *sender;
	struct outbox *box;
	struct pace *pace;
	struct arena arena; /* of the batch under way */
	size_t damaged;     /* of it */
	uint64_t lost;
};

static struct pace_clock now(void)
{
	return (struct pace_clock){ clock_ns(CLOCK_REALTIME), clock_ns(CLOCK_MONOTONIC) };
}

static void on_done(void *ctx, const struct outbox_result *r)
{
	struct post *p = ctx;
	struct outbox_result all = *r;

	all.refused += p->damaged;
	outbox_done(p->box, &all);
}

static int send_lines(void *ctx, const str *lines, size_t count, struct err *e)
{
	struct post *p = ctx;
	struct notice *list;
	size_t n = 0;

	arena_reset(&p->arena);
	p->damaged = 0;
	list = ARENA_ARRAY(&p->arena, count, struct notice);
	if (!list)
		return err_set(e, ENOBUFS, "notice: memory budget spent");
	for (size_t i = 0; i < count; i++) {
		int r = notice_parse(lines[i], &p->arena, &list[n], e);

		if (r == -EBADMSG)
			p->damaged++;
		else if (r < 0)
			return r;
		else
			n++;
	}
	if (!n) {
		on_done(p, &(struct outbox_result){ .verdict = OUTBOX_SENT });
		return 0;
	}
	return p->sender->ops->send(p->sender, list, n, e);
}

static int keep(void *ctx, str line, struct err *e)
{
	return outbox_add(((struct post *)ctx)->box, line, e);
}

static size_t batch_of(const struct receiver *r)
{
	return r->kind->batch ? r->kind->batch : (size_t)receiver_number(r, "batch");
}

static int open_all(struct post *p, const struct sender_host *host, const struct post_options *o,
		    struct err *e)
{
	const struct receiver *r = p->receiver;
	char name[48], held[PATH_MAX];
	int result = file_make_dirs(o->spool, 0700, e);

	snprintf(name, sizeof(name), "receiver-%" PRId64, r->id);
	snprintf(held, sizeof(held), "%s/%s.held", o->spool, name);
	if (result == 0)
		result = pace_new(r, held, now(), keep, p, &p->pace, e);
	if (result == 0)
		result = sender_open(r, host, on_done, p, &p->sender, e);
	if (result == 0)
		result = outbox_open(&(struct outbox_options){ .dir = o->spool,
							       .name = name,
							       .max_bytes = o->max_bytes,
							       .batch_lines = batch_of(r),
							       .batch_bytes = BATCH_BYTES,
							       .send = send_lines,
							       .ctx = p },
				     &p->box, e);
	return result;
}

int post_open(const struct receiver *r, const struct sender_host *host,
	      const struct post_options *o, struct post **ret, struct err *e)
{
	struct post *p = calloc(1, sizeof(*p));
	int result;

	if (!p)
		return err_sys(e, ENOMEM, "notification");
	p->receiver = r;
	arena_init(&p->arena, ARENA_BYTES);
	result = open_all(p, host, o, e);
	if (result < 0) {
		post_close(p);
		return result;
	}
	*ret = p;
	return 0;
}

void post_close(struct post *p)
{
	if (!p)
		return;
	if (p->pace && p->box)
		post_sync(p);
	pace_free(p->pace);
	sender_close(p->sender);
	outbox_close(p->box);
	arena_done(&p->arena);
	free(p);
}

int post_take(struct post *p, const struct notice *n, struct pace_clock at, struct err *e)
{
	int r = pace_take(p->pace, n, at, e);

	p->lost += r < 0;
	return r;
}

/* The spool first: who dies in between tells again, and forgets nothing. */
void post_sync(struct post *p)
{
	outbox_sync(p->box);
	(void)!pace_sync(p->pace, now(), NULL); /* it is held in memory still */
}

void post_work(struct post *p, struct pace_clock at)
{
	if (pace_work(p->pace, at, NULL) < 0)
		p->lost++;
	(void)!pace_sync(p->pace, at, NULL);
	outbox_work(p->box, at.mono_ns);
	if (p->sender->ops->work)
		p->sender->ops->work(p->sender, at.mono_ns);
}

int post_fd(const struct post *p, short *ret_events)
{
	return p->sender->ops->fd ? p->sender->ops->fd(p->sender, ret_events) : -1;
}

struct outbox_figures post_figures(const struct post *p)
{
	struct outbox_figures f = outbox_figures(p->box);

	f.lost += p->lost + pace_damaged(p->pace);
	f.waiting += pace_held(p->pace);
	/* A library may try for half a minute before it gives up. */
	if (outbox_is_busy(p->box) && !f.why[0])
		f.why = sender_trouble(p->sender);
	return f;
}

/* A trial's end. */
struct trial {
	struct outbox_result *result;
	bool done;
};

static void trial_done(void *ctx, const struct outbox_result *r)
{
	struct trial *t = ctx;

	*t->result = *r;
	t->done = true;
}

static void wait_for(struct sender *s, const struct sender_host *host)
{
	struct pollfd fds[2] = { { .fd = http_flows_fd(host->flows), .events = POLLIN },
				 { .fd = -1 } };

	if (s->ops->fd)
		fds[1].fd = s->ops->fd(s, &fds[1].events);
	(void)!poll(fds, ARRAY_LEN(fds), POLL_MS);
	http_flows_work(host->flows);
	if (s->ops->work)
		s->ops->work(s, clock_ns(CLOCK_MONOTONIC));
}

int post_try(const struct receiver *r, const struct sender_host *host, const struct notice *n,
	     unsigned int timeout_s, struct outbox_result *ret, struct err *e)
{
	struct outbox_result result = { 0 };
	struct trial t = { .result = &result };
	struct sender *s;
	uint64_t end = clock_ns(CLOCK_MONOTONIC) + timeout_s * SECOND_NS;
	int code = sender_open(r, host, trial_done, &t, &s, e);

	if (code < 0)
		return code;
	code = s->ops->send(s, n, 1, e);
	while (code == 0 && !t.done && clock_ns(CLOCK_MONOTONIC) < end)
		wait_for(s, host);
	if (code == 0 && !t.done)
		outbox_result_set(&result, OUTBOX_AGAIN, "%s",
				  sender_trouble(s)[0] ? sender_trouble(s) : "it does not answer");
	sender_close(s);
	if (code < 0)
		return code;
	*ret = result;
	return 0;
}

#include "wire/outbox.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "wire/spool.h"

#define PAUSE_MOST_NS (60 * SECOND_NS)
#define ASKED_MOST_S 3600
#define BATCH_BYTES ((size_t)1 << 20)

struct outbox {
	struct outbox_options o;
	struct spool *spool;
	struct buf bytes; /* of the batch, one line behind the other */
	size_t *ends;
	str *lines;
	size_t count;   /* of the batch */
	size_t careful; /* so many are told one by one: together they were refused */
	bool busy;
	uint64_t pause_ns, next_ns, synced_ns, now_ns;
	struct outbox_figures figures;
	char why[OUTBOX_WHY_BYTES];
};

void outbox_result_set(struct outbox_result *r, enum outbox_verdict v, const char *fmt, ...)
{
	va_list args;

	r->verdict = v;
	va_start(args, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, args);
	va_end(args);
}

int outbox_open(const struct outbox_options *o, struct outbox **ret, struct err *e)
{
	struct outbox *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return err_sys(e, ENOMEM, "outbox");
	b->o = *o;
	b->o.batch_lines = MAX(o->batch_lines, 1);
	b->o.batch_bytes = o->batch_bytes ? o->batch_bytes : BATCH_BYTES;
	b->ends = calloc(b->o.batch_lines, sizeof(*b->ends));
	b->lines = calloc(b->o.batch_lines, sizeof(*b->lines));
	r = b->ends && b->lines ? spool_open(o->dir, o->name, o->max_bytes, &b->spool, e)
				: err_sys(e, ENOMEM, "outbox");
	if (r < 0) {
		outbox_close(b);
		return r;
	}
	*ret = b;
	return 0;
}

void outbox_close(struct outbox *b)
{
	if (!b)
		return;
	spool_close(b->spool);
	buf_done(&b->bytes);
	free(b->ends);
	free(b->lines);
	free(b);
}

int outbox_add(struct outbox *b, str line, struct err *e)
{
	return spool_add(b->spool, line, e);
}

void outbox_sync(struct outbox *b)
{
	spool_sync(b->spool);
}

/* Takes a batch. @return how many lines, or -errno */
static int fill(struct outbox *b, struct err *e)
{
	size_t most = b->careful ? 1 : b->o.batch_lines, from = 0;
	int r = 0;

	buf_reset(&b->bytes);
	b->count = 0;
	while (b->count < most && b->bytes.n < b->o.batch_bytes) {
		str line = { 0 };

		r = spool_next(b->spool, &line, e);
		if (r <= 0)
			break;
		buf_add(&b->bytes, line);
		b->ends[b->count++] = b->bytes.n;
	}
	if (r == 0)
		r = buf_error(&b->bytes);
	if (r < 0)
		return r;
	for (size_t i = 0; i < b->count; i++) {
		b->lines[i] = (str){ b->bytes.p + from, b->ends[i] - from };
		from = b->ends[i];
	}
	return (int)b->count;
}

static void again(struct outbox *b, unsigned int asked_s)
{
	spool_back(b->spool);
	b->figures.failures++;
	b->pause_ns = b->pause_ns ? MIN(2 * b->pause_ns, PAUSE_MOST_NS) : SECOND_NS;
	b->next_ns = b->now_ns + MAX(b->pause_ns, MIN(asked_s, ASKED_MOST_S) * SECOND_NS);
}

static void refused(struct outbox *b)
{
	b->figures.failures++;
	if (b->count > 1) {
		b->careful = b->count;
		spool_back(b->spool);
		return;
	}
	b->figures.refused++;
	b->careful -= b->careful > 0;
	(void)spool_ack(b->spool, NULL);
}

static void arrived(struct outbox *b, const struct outbox_result *r)
{
	size_t lost = MIN(r->refused, b->count);

	(void)spool_ack(b->spool, NULL);
	b->figures.sent += b->count - lost;
	b->figures.refused += lost;
	b->figures.failures += lost > 0;
	b->figures.last_sent_ns = clock_ns(CLOCK_REALTIME);
	b->careful -= MIN(b->careful, b->count);
	b->pause_ns = 0;
}

void outbox_done(struct outbox *b, const struct outbox_result *r)
{
	assert(b->busy);
	b->busy = false;
	memcpy(b->why, r->why, sizeof(b->why));
	switch (r->verdict) {
	case OUTBOX_SENT:
		arrived(b, r);
		break;
	case OUTBOX_AGAIN:
		again(b, r->retry_after_s);
		break;
	case OUTBOX_REFUSED:
		refused(b);
		break;
	}
}

void outbox_work(struct outbox *b, uint64_t now_ns)
{
	b->now_ns = now_ns;
	if (now_ns - b->synced_ns > SECOND_NS) {
		b->synced_ns = now_ns;
		spool_sync(b->spool);
	}
	if (b->busy || now_ns < b->next_ns)
		return;

	struct err e = { 0 };
	int r = fill(b, &e);

	if (r == 0)
		return;
	b->busy = true;
	if (r > 0)
		r = b->o.send(b->o.ctx, b->lines, b->count, &e);
	if (r < 0) {
		struct outbox_result failed = { 0 };

		outbox_result_set(&failed, OUTBOX_AGAIN, "%s", e.text[0] ? e.text : strerror(-r));
		outbox_done(b, &failed);
	}
}

bool outbox_is_busy(const struct outbox *b)
{
	return b->busy;
}

struct outbox_figures outbox_figures(const struct outbox *b)
{
	struct outbox_figures f = b->figures;

	f.waiting = spool_waiting(b->spool);
	f.lost = spool_lost(b->spool);
	f.why = b->why;
	return f;
}

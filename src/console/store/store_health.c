#include "console/store/store_health.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "console/store/store_fact.h"

#define TRIAL "trial"

enum { TRY_AGAIN_MS = 1000, TRIAL_BYTES = 1 << 20 };

struct store_health {
	struct sql_watch watch;
	void (*say)(void *ctx, const char *line);
	void *ctx;
	atomic_int fault;
	pthread_mutex_t lock; /* of a trial */
	uint64_t tried_ms;
};

static void tell(struct store_health *h, const char *what, const char *why, const char *then)
{
	char line[ERR_TEXT_BYTES];

	snprintf(line, sizeof(line), "%s%s%s", what, why, then);
	if (h->say)
		h->say(h->ctx, line);
}

/* Which fault is told where there are two. Damage is worse than what can be mended while we run, and a full disk is no news of a file
 * that is not there. @return 0: it is none of the store's */
static int weight(int fault)
{
	switch (fault) {
	case EUCLEAN:
		return 3;
	case EBADFD:
		return 2;
	case ENOSPC:
	case EROFS:
	case EIO:
		return 1;
	default:
		return 0;
	}
}

static void failed(void *ctx, int code, const char *text)
{
	struct store_health *h = ctx;
	int known = atomic_load(&h->fault);

	/* Of two alike the first stands. */
	do
		if (weight(code) <= weight(known))
			return;
	while (!atomic_compare_exchange_weak(&h->fault, &known, code));
	if (code == EUCLEAN)
		tell(h, "the store is damaged: ", text,
		     ". Nothing is mended behind your back: end the console, and put a copy in the "
		     "store's place ('skep console restore', or PostgreSQL's own tools)");
	else if (code == EBADFD)
		tell(h, "the store was taken away: ", text,
		     ". Nothing is acknowledged until that very file is back in its place: put it "
		     "back while the console runs. If it is gone for good, end the console. Of a "
		     "-wal file nothing is lost: start the console again. Else what only it still "
		     "holds is lost: put a copy in its place ('skep console restore')");
	else
		tell(h, "the store cannot be written: ", text,
		     ". Until it can, agents keep what they have to tell");
}

int store_health_new(void (*say)(void *ctx, const char *line), void *ctx, struct store_health **ret,
		     struct err *e)
{
	struct store_health *h = calloc(1, sizeof(*h));

	if (!h)
		return err_set(e, ENOMEM, "no memory for the store");
	h->watch = (struct sql_watch){ failed, h };
	h->say = say;
	h->ctx = ctx;
	pthread_mutex_init(&h->lock, NULL);
	*ret = h;
	return 0;
}

void store_health_free(struct store_health *h)
{
	if (!h)
		return;
	pthread_mutex_destroy(&h->lock);
	free(h);
}

const struct sql_watch *store_health_watch(const struct store_health *h)
{
	return &h->watch;
}

int store_health_fault(const struct store_health *h)
{
	return h ? atomic_load(&h->fault) : 0;
}

/* Text that no engine packs into less. */
static void fill(struct buf *out)
{
	uint64_t x = 88172645463325252;

	while (out->n < TRIAL_BYTES && !buf_error(out)) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		buf_byte(out, (char)('0' + (x >> 32) % 64));
	}
}

/* In two transactions: what one wrote and took away again would never reach the disk. */
static int write_trial(struct sql *s)
{
	OWNED_BUF text = BUF_INIT;
	int r;

	fill(&text);
	r = buf_error(&text);
	r = r < 0 ? r : store_fact_put(s, TRIAL, buf_str(&text), NULL);
	return r < 0 ? r
		     : sql_do(s, "DELETE FROM store_fact WHERE name = ?1",
			      SQL_ARGS(SQL_T(S(TRIAL))), NULL);
}

int store_health_look(struct store_health *h, struct sql *s)
{
	int fault = atomic_load(&h->fault);

	if (!fault || fault == EUCLEAN || pthread_mutex_trylock(&h->lock) != 0)
		return fault;
	if (clock_ms(CLOCK_MONOTONIC) - h->tried_ms >= TRY_AGAIN_MS) {
		if (write_trial(s) >= 0 && atomic_compare_exchange_strong(&h->fault, &fault, 0))
			tell(h, "the store can be written again", "", "");
		h->tried_ms = clock_ms(CLOCK_MONOTONIC);
	}
	pthread_mutex_unlock(&h->lock);
	return atomic_load(&h->fault);
}

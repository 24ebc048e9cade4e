#include "console/api/limiter.h"

#include <pthread.h>

#include "base/clock.h"

/* Sets of WAYS buckets: a name lives in one set, so that a look-up is a few words. */
enum { LIMITER_SETS = 1024, LIMITER_WAYS = 4 };

struct bucket {
	uint64_t name;    /* its hash; 0: free */
	uint64_t used_ns; /* when it was last asked */
	uint64_t credit;  /* in nanoseconds of waiting: a request costs `cost` */
};

struct limiter {
	pthread_mutex_t lock;
	uint64_t cost, most;
	struct bucket sets[LIMITER_SETS][LIMITER_WAYS];
};

int limiter_new(unsigned int per_second, unsigned int burst, struct limiter **ret, struct err *e)
{
	struct limiter *l = calloc(1, sizeof(*l));

	if (!l)
		return err_set(e, ENOMEM, "out of memory");
	pthread_mutex_init(&l->lock, NULL);
	l->cost = SECOND_NS / per_second;
	l->most = l->cost * burst;
	*ret = l;
	return 0;
}

void limiter_free(struct limiter *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static struct bucket *bucket_of(struct limiter *l, uint64_t name, uint64_t now_ns)
{
	struct bucket *set = l->sets[name % LIMITER_SETS], *oldest = set;

	for (struct bucket *b = set; b < set + LIMITER_WAYS; b++) {
		if (b->name == name)
			return b;
		if (b->used_ns < oldest->used_ns)
			oldest = b;
	}
	*oldest = (struct bucket){ .name = name, .used_ns = now_ns, .credit = l->most };
	return oldest;
}

unsigned int limiter_take(struct limiter *l, str name, uint64_t now_ns)
{
	uint64_t hash = str_hash(name) | 1;
	unsigned int wait_s = 0;
	struct bucket *b;

	pthread_mutex_lock(&l->lock);
	b = bucket_of(l, hash, now_ns);
	if (now_ns > b->used_ns)
		b->credit = MIN(l->most, b->credit + MIN(now_ns - b->used_ns, l->most));
	b->used_ns = MAX(now_ns, b->used_ns);
	if (b->credit >= l->cost)
		b->credit -= l->cost;
	else
		wait_s = (unsigned int)((l->cost - b->credit + SECOND_NS - 1) / SECOND_NS);
	pthread_mutex_unlock(&l->lock);
	return wait_s;
}

str limiter_address(str address)
{
	size_t groups = 0;

	if (str_find(address, ':') == address.n || str_search(address, S(".")) < address.n)
		return address;
	for (size_t i = 0; i < address.n; i++) {
		/* "::" stands for groups of zeros: what comes before it is the prefix as far as it goes */
		if (address.p[i] == ':' &&
		    (++groups == 4 || (i + 1 < address.n && address.p[i + 1] == ':')))
			return str_take(address, i);
	}
	return address;
}

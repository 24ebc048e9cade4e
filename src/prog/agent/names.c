#include "prog/agent/names.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { FIRST_PAUSE_S = 10, LAST_PAUSE_S = 320, MOST_ADDRESSES = 32, NAME_BYTES = 256 };

struct table {
	struct policy_addresses *of; /* one a name; owned, with what they point at */
	struct policy_ip (*ips)[MOST_ADDRESSES];
};

struct names {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopped;        /* under the lock */
	struct table *ready; /* under the lock; owned until it is taken */
	struct table *used;  /* the session's */
	size_t count;
	char (*name)[NAME_BYTES]; /* owned */
};

static void table_free(struct table *t)
{
	if (!t)
		return;
	free(t->of);
	free(t->ips);
	free(t);
}

static struct table *table_new(size_t count)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t) {
		t->of = calloc(count, sizeof(*t->of));
		t->ips = calloc(count, sizeof(*t->ips));
	}
	if (t && t->of && t->ips)
		return t;
	table_free(t);
	return NULL;
}

static void free_all(struct names *n)
{
	table_free(n->ready);
	table_free(n->used);
	free(n->name);
	pthread_cond_destroy(&n->wake);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

static size_t resolve(const char *name, struct policy_ip *ret)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	size_t count = 0;

	if (getaddrinfo(name, NULL, &hints, &found) != 0)
		return 0;
	for (const struct addrinfo *a = found; a && count < MOST_ADDRESSES; a = a->ai_next) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)a->ai_addr;
		const struct sockaddr_in6 *v6 =
			(const struct sockaddr_in6 *)(const void *)a->ai_addr;

		ret[count] = (struct policy_ip){ .family = a->ai_family == AF_INET ? 4 : 6 };
		if (a->ai_family == AF_INET)
			memcpy(ret[count++].bytes, &v4->sin_addr, 4);
		else if (a->ai_family == AF_INET6)
			memcpy(ret[count++].bytes, &v6->sin6_addr, 16);
	}
	freeaddrinfo(found);
	return count;
}

static bool is_stopped(struct names *n)
{
	bool stopped;

	pthread_mutex_lock(&n->lock);
	stopped = n->stopped;
	pthread_mutex_unlock(&n->lock);
	return stopped;
}

static struct table *resolve_all(struct names *n)
{
	struct table *t = table_new(n->count);

	for (size_t i = 0; t && i < n->count && !is_stopped(n); i++) {
		size_t count = resolve(n->name[i], t->ips[i]);

		/* One that does not resolve has no address anybody can connect to by it; it is asked again. */
		t->of[i] = (struct policy_addresses){ t->ips[i], count, count != 0 };
	}
	return t;
}

/* Waits, or is told to stop. @return whether it was */
static bool pause_or_stop(struct names *n, int seconds)
{
	struct timespec until;
	bool stopped;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&n->lock);
	if (!n->stopped)
		pthread_cond_clockwait(&n->wake, &n->lock, CLOCK_MONOTONIC, &until);
	stopped = n->stopped;
	pthread_mutex_unlock(&n->lock);
	return stopped;
}

static void *run(void *ctx)
{
	struct names *n = ctx;

	for (int pause = FIRST_PAUSE_S;; pause = MIN(2 * pause, (int)LAST_PAUSE_S)) {
		struct table *t = resolve_all(n);

		pthread_mutex_lock(&n->lock);
		if (t) {
			table_free(n->ready);
			n->ready = t;
		}
		pthread_mutex_unlock(&n->lock);
		if (pause_or_stop(n, pause))
			break;
	}
	/* Whoever stopped us has gone: the state is ours. */
	free_all(n);
	return NULL;
}

int names_start(const struct policy_program *p, struct names **ret, struct err *e)
{
	size_t count;
	const str *name = policy_names(p, &count);
	struct names *n = count ? calloc(1, sizeof(*n)) : NULL;
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	*ret = NULL;
	if (!count)
		return 0;
	if (n)
		n->name = calloc(count, sizeof(*n->name));
	if (!n || !n->name) {
		free(n);
		return err_set(e, ENOMEM, "names in rules: no memory");
	}
	n->count = count;
	for (size_t i = 0; i < count; i++)
		snprintf(n->name[i], NAME_BYTES, "%.*s", STR_ARG(name[i]));
	pthread_mutex_init(&n->lock, NULL);
	pthread_cond_init(&n->wake, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &attr, run, n);
	pthread_attr_destroy(&attr);
	if (r) {
		free_all(n);
		return err_sys(e, r, "names in rules: no thread to resolve them");
	}
	*ret = n;
	return 0;
}

void names_take(struct names *n, struct policy_run *run_of)
{
	struct table *fresh;

	if (!n)
		return;
	pthread_mutex_lock(&n->lock);
	fresh = TAKE(&n->ready);
	pthread_mutex_unlock(&n->lock);
	if (!fresh)
		return;
	policy_run_set_names(run_of, fresh->of);
	table_free(n->used);
	n->used = fresh;
}

void names_stop(struct names *n)
{
	if (!n)
		return;
	pthread_mutex_lock(&n->lock);
	n->stopped = true;
	pthread_cond_signal(&n->wake);
	pthread_mutex_unlock(&n->lock);
}

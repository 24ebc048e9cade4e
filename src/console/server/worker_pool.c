#include "console/server/worker_pool.h"

#include <pthread.h>

#include "console/store/store.h"

struct job {
	struct job *next;
	void *what;
};

struct line {
	struct job *first, **last;
	size_t waiting, busy;
	uint64_t done;
};

struct thread {
	struct worker_pool *pool;
	struct worker worker;
	pthread_t id;
};

struct worker_pool {
	struct worker_pool_options o;
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct line lines[WORKER_LINES];
	uint64_t refused;
	bool ending;
	size_t running;
	struct thread threads[];
};

static struct job *take(struct line *l)
{
	struct job *j = l->first;

	l->first = j->next;
	if (!l->first)
		l->last = &l->first;
	l->waiting--;
	l->busy++;
	return j;
}

/** The line to serve next; NULL: none. Agents that all send at once leave one thread for people. */
static struct line *choose(struct worker_pool *p)
{
	struct line *people = &p->lines[WORKER_PEOPLE], *agents = &p->lines[WORKER_AGENTS];

	if (people->first)
		return people;
	return agents->first && agents->busy + 1 < p->o.threads ? agents : NULL;
}

static void *run(void *arg)
{
	struct thread *t = arg;
	struct worker_pool *p = t->pool;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		struct line *l = choose(p);
		struct job *j;

		if (!l && p->ending && !p->lines[WORKER_AGENTS].first)
			break;
		if (!l) {
			pthread_cond_wait(&p->some, &p->lock);
			continue;
		}
		j = take(l);
		pthread_mutex_unlock(&p->lock);
		p->o.work(p->o.ctx, &t->worker, j->what);
		arena_reset(&t->worker.arena);
		store_rest(t->worker.store);
		free(j);
		pthread_mutex_lock(&p->lock);
		l->busy--;
		l->done++;
		/* An agents' job may have waited for this thread to be free. */
		if (p->lines[WORKER_AGENTS].first || p->ending)
			pthread_cond_broadcast(&p->some);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static int start(struct worker_pool *p, struct thread *t, struct err *e)
{
	const struct sql_options o = { .watch = p->o.watch };
	int r = p->o.where ? store_open(p->o.where, &o, &t->worker.store, e) : 0;

	if (r < 0)
		return r;
	if (t->worker.store)
		store_share(t->worker.store, p->o.series);
	t->pool = p;
	arena_init(&t->worker.arena, p->o.arena_bytes);
	r = pthread_create(&t->id, NULL, run, t);
	if (r != 0) {
		store_close(t->worker.store);
		return err_sys(e, r, "cannot start a thread");
	}
	p->running++;
	return 0;
}

int worker_pool_new(const struct worker_pool_options *o, struct worker_pool **ret, struct err *e)
{
	struct worker_pool *p = calloc(1, sizeof(*p) + o->threads * sizeof(p->threads[0]));
	int r = 0;

	assert(o->threads >= 2);
	if (!p)
		return err_set(e, ENOMEM, "no memory for threads");
	p->o = *o;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->some, NULL);
	for (int i = 0; i < WORKER_LINES; i++)
		p->lines[i].last = &p->lines[i].first;
	while (r == 0 && p->running < o->threads)
		r = start(p, &p->threads[p->running], e);
	if (r < 0) {
		worker_pool_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

int worker_pool_give(struct worker_pool *p, enum worker_line line, void *what)
{
	struct line *l = &p->lines[line];
	struct job *j = malloc(sizeof(*j));
	int r = 0;

	if (j)
		*j = (struct job){ .what = what };
	pthread_mutex_lock(&p->lock);
	if (j && l->waiting < p->o.max_waiting && !p->ending) {
		*l->last = j;
		l->last = &j->next;
		l->waiting++;
		pthread_cond_signal(&p->some);
	} else {
		p->refused++;
		r = -EAGAIN;
	}
	pthread_mutex_unlock(&p->lock);
	if (r < 0)
		free(j);
	return r;
}

void worker_pool_read(struct worker_pool *p, struct worker_figures *ret)
{
	pthread_mutex_lock(&p->lock);
	*ret = (struct worker_figures){ .threads = p->running, .refused = p->refused };
	for (int i = 0; i < WORKER_LINES; i++) {
		ret->waiting[i] = p->lines[i].waiting;
		ret->done[i] = p->lines[i].done;
		ret->busy += p->lines[i].busy;
	}
	pthread_mutex_unlock(&p->lock);
}

void worker_pool_free(struct worker_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->some);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->running; i++) {
		pthread_join(p->threads[i].id, NULL);
		store_close(p->threads[i].worker.store);
		arena_done(&p->threads[i].worker.arena);
	}
	pthread_cond_destroy(&p->some);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

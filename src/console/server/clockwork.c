#include "console/server/clockwork.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "base/steady_clock.h"
#include "console/store/partition.h"
#include "console/store/store.h"
#include "console/store/store_fact.h"

enum { JOBS_MAX = 16, TURN_MS = 1000, SAID_AGAIN_S = 600 };

struct job {
	struct clockwork_job what;
	uint64_t due_ms, said_ms;
};

struct clockwork {
	struct clockwork_options o;
	struct job jobs[JOBS_MAX];
	struct store *store;
	struct arena arena;
	struct steady_clock past;
	pthread_t id;
	pthread_mutex_t lock;
	pthread_cond_t end;
	bool leads, ending, hurried;
};

/** Once in a while: a database that is away for an hour is not told of 3,600 times. */
static void complain(struct clockwork *c, struct job *j, const struct err *e, uint64_t now_ms)
{
	char line[ERR_TEXT_BYTES + 64];

	if (j->said_ms && now_ms - j->said_ms < (uint64_t)SAID_AGAIN_S * 1000)
		return;
	j->said_ms = now_ms;
	snprintf(line, sizeof(line), "%s: %s", j->what.name, e->text[0] ? e->text : "failed");
	c->o.say(c->o.ctx, line);
}

static void run_job(struct clockwork *c, struct job *j, uint64_t now_ms, int64_t past_ns)
{
	struct err e = { 0 };
	int r = j->what.fn(j->what.ctx, c->store, &c->arena, past_ns, &e);

	arena_reset(&c->arena);
	sql_rollback(c->store->sql);
	if (r < 0)
		complain(c, j, &e, now_ms);
	else
		j->said_ms = 0;
	j->due_ms = r > 0 ? now_ms : now_ms + (uint64_t)j->what.every_s * 1000;
}

static void look_at_clock(struct clockwork *c)
{
	int64_t set_ns;
	char line[160];

	(void)steady_clock_now(&c->past, clock_ns(CLOCK_MONOTONIC),
			       (int64_t)clock_ns(CLOCK_REALTIME), &set_ns);

	if (set_ns && c->o.keeps_time) {
		snprintf(line, sizeof(line),
			 "the clock was set by %+" PRId64
			 " s: what is old is thrown away by the old one for a day",
			 set_ns / (int64_t)SECOND_NS);
		c->o.say(c->o.ctx, line);
	}
	if (set_ns && c->o.on_set)
		c->o.on_set(c->o.ctx);
}

/** Whose clock was wrong when it began, or was set while another led, goes on from where that one was. @return 0, -errno */
static int resume_time(struct clockwork *c)
{
	int64_t known_ns = 0;
	char line[200];
	int r = store_known_time(c->store->sql, &known_ns, NULL);

	if (r <= 0 || !steady_clock_resume(&c->past, known_ns))
		return MIN(r, 0);
	snprintf(line, sizeof(line),
		 "the clock is %" PRId64
		 " days ahead of when a console last ran: what is old is thrown away by the old "
		 "one for an hour, or until the clock is set right",
		 (c->past.wall_ns - known_ns) / DAY_NS);
	c->o.say(c->o.ctx, line);
	return 0;
}

static bool leads(struct clockwork *c)
{
	const bool led = c->leads;

	c->leads = sql_lead(c->store->sql, c->o.name, NULL) == 1;
	if (c->leads && !led && c->o.keeps_time)
		c->leads = resume_time(c) == 0;
	return c->leads;
}

/** @return milliseconds until the next turn */
static uint64_t turn(struct clockwork *c)
{
	uint64_t now_ms = clock_ms(CLOCK_MONOTONIC), next_ms = now_ms + TURN_MS;

	look_at_clock(c);
	if (!leads(c))
		return TURN_MS;
	for (size_t i = 0; i < c->o.count; i++) {
		if (c->jobs[i].due_ms <= now_ms)
			run_job(c, &c->jobs[i], now_ms, c->past.steady_ns);
		next_ms = MIN(next_ms, MAX(c->jobs[i].due_ms, now_ms + 1));
	}
	store_rest(c->store);
	return next_ms - now_ms;
}

static void *run(void *arg)
{
	struct clockwork *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->ending) {
		struct timespec until;
		uint64_t at_ns;

		for (size_t i = 0; c->hurried && i < c->o.count; i++)
			c->jobs[i].due_ms = 0;
		c->hurried = false;
		pthread_mutex_unlock(&c->lock);
		at_ns = turn(c) * MS_NS + clock_ns(CLOCK_MONOTONIC);
		until = (struct timespec){ .tv_sec = (time_t)(at_ns / SECOND_NS),
					   .tv_nsec = (long)(at_ns % SECOND_NS) };
		pthread_mutex_lock(&c->lock);
		if (!c->ending && !c->hurried)
			(void)pthread_cond_timedwait(&c->end, &c->lock, &until);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

int clockwork_new(const struct clockwork_options *o, struct clockwork **ret, struct err *e)
{
	struct clockwork *c = calloc(1, sizeof(*c));
	const struct sql_options so = { .watch = o->watch };
	pthread_condattr_t a;
	int r = c ? store_open(o->where, &so, &c->store, e)
		  : err_set(e, ENOMEM, "no memory for threads");

	assert(o->count <= JOBS_MAX);
	if (r < 0) {
		free(c);
		return r;
	}
	c->o = *o;
	store_share(c->store, o->series);
	for (size_t i = 0; i < o->count; i++)
		c->jobs[i].what = o->jobs[i];
	arena_init(&c->arena, o->arena_bytes);
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&c->end, &a);
	pthread_condattr_destroy(&a);
	r = pthread_create(&c->id, NULL, run, c);
	if (r != 0) {
		store_close(c->store);
		free(c);
		return err_sys(e, r, "cannot start a thread");
	}
	*ret = c;
	return 0;
}

void clockwork_hurry(struct clockwork *c)
{
	pthread_mutex_lock(&c->lock);
	c->hurried = true;
	pthread_cond_signal(&c->end);
	pthread_mutex_unlock(&c->lock);
}

void clockwork_free(struct clockwork *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->ending = true;
	pthread_cond_signal(&c->end);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->id, NULL);
	store_close(c->store);
	arena_done(&c->arena);
	pthread_cond_destroy(&c->end);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/*
 * Loading takes the kernel a quarter of a second of one processor, nearly all of it following what programs may do: several
 * threads share it. One makes the programs ready first (hook_prepare.c). That takes as long as reading the rules does, so it
 * may begin before anybody knows which of them are wanted: hooks_prepare().
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include "kern/hook_prepare.h"

enum { LOADERS = 4, LOG_BYTES = 64 * 1024 };

struct hooks_loading {
	struct hooks *hooks;
	size_t count;
	struct hook_program program[HOOK_ROWS]; /* each once */
	struct bpf_object *object;
	int error; /* those that are not ready cannot be made so */
	pthread_t thread[LOADERS];
	size_t threads;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool wanted[HOOK_ROWS], ready[HOOK_ROWS], taken[HOOK_ROWS]; /* of each program */
	bool prepared;                                              /* no more will be ready */
	bool asked;                                                 /* no more will be wanted */
};

/* The verifier's last words before its statistics. */
static void last_line(const char *log, char *ret, size_t n)
{
	str rest = str_from(log), best = { NULL, 0 };

	while (rest.n) {
		str line = str_trim(str_line(&rest));

		if (line.n && !str_starts(line, S("processed ")))
			best = line;
	}
	if (best.n)
		snprintf(ret, n, "%.*s", STR_ARG(best));
}

static void note_refused(struct hooks *h, const char *program, int r, const char *log)
{
	for (size_t i = 0; i < hook_count; i++) {
		if (strcmp(hook_table[i].program, program) != 0 || h->rows[i].program >= 0)
			continue;
		snprintf(h->rows[i].why, HOOKS_WHY_BYTES, "%s: %s", hook_table[i].target,
			 strerror(-r));
		last_line(log, h->rows[i].why, HOOKS_WHY_BYTES);
	}
}

static void keep_program(struct hooks *h, const char *program, int fd)
{
	for (size_t i = 0; i < hook_count; i++) {
		if (strcmp(hook_table[i].program, program) != 0 || h->rows[i].program >= 0)
			continue;
		h->rows[i].program = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		h->rows[i].why[0] = '\0';
	}
}

/* Rows of different programs are different rows: what loaders write there needs no lock. */
static void load_program(struct hooks *h, struct hook_program *p, char *log)
{
	int fd;

	log[0] = '\0';
	p->how.log_buf = log;
	p->how.log_size = LOG_BYTES;
	fd = bpf_prog_load(p->type, p->name, "Dual BSD/GPL", p->code, p->count, &p->how);
	if (fd < 0) {
		note_refused(h, p->name, -errno, log);
		return;
	}
	keep_program(h, p->name, fd);
	close(fd);
}

/* The longest first: nobody is to begin with one when the others are done. @return one that is ready and wanted, or their count */
static size_t take_program(struct hooks_loading *l)
{
	size_t best = l->count;

	for (size_t i = 0; i < l->count; i++)
		if (l->ready[i] && l->wanted[i] && !l->taken[i] &&
		    (best == l->count || l->program[i].count > l->program[best].count))
			best = i;
	if (best < l->count)
		l->taken[best] = true;
	return best;
}

/* Until all that will ever be wanted is taken. */
static void load_wanted(struct hooks_loading *l)
{
	OWNED char *log = malloc(LOG_BYTES);

	pthread_mutex_lock(&l->lock);
	while (log) {
		size_t i = take_program(l);

		if (i == l->count && l->prepared && l->asked)
			break;
		if (i == l->count) {
			pthread_cond_wait(&l->changed, &l->lock);
			continue;
		}
		pthread_mutex_unlock(&l->lock);
		load_program(l->hooks, &l->program[i], log);
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
}

static void *loader(void *loading)
{
	load_wanted(loading);
	return NULL;
}

static void on_ready(void *loading, struct hook_program *p)
{
	struct hooks_loading *l = loading;

	pthread_mutex_lock(&l->lock);
	l->ready[p - l->program] = true;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

static void prepare(struct hooks_loading *l)
{
	int r = hook_prepare(l->hooks, l->program, l->count, on_ready, l, &l->object);

	pthread_mutex_lock(&l->lock);
	l->error = r;
	l->prepared = true;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

static void *preparer(void *loading)
{
	prepare(loading);
	load_wanted(loading);
	return NULL;
}

/* Signals are for the thread that was there before. */
static bool start(struct hooks_loading *l, void *(*run)(void *loading))
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&l->thread[l->threads], NULL, run, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	l->threads += r == 0;
	return r == 0;
}

static bool is_of(const struct hooks_loading *l, size_t i, size_t row)
{
	return strcmp(l->program[i].name, hook_table[row].program) == 0;
}

static struct hooks_loading *begin(struct hooks *h, const bool *row)
{
	struct hooks_loading *l = calloc(1, sizeof(*l));

	for (size_t i = 0; l && i < hook_count; i++) {
		bool listed = !row[i];

		for (size_t k = 0; k < l->count && !listed; k++)
			listed = is_of(l, k, i);
		if (!listed)
			l->program[l->count++].name = hook_table[i].program;
	}
	if (l && l->count) {
		l->hooks = h;
		pthread_mutex_init(&l->lock, NULL);
		pthread_cond_init(&l->changed, NULL);
		return l;
	}
	free(l);
	return NULL;
}

static void want(struct hooks_loading *l, const bool *row)
{
	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < hook_count; i++)
		for (size_t k = 0; row[i] && k < l->count; k++)
			l->wanted[k] |= is_of(l, k, i);
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

static size_t loaders(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return MIN((size_t)CPU_COUNT(&set), (size_t)LOADERS);
}

/* One less than there are processors: the thread that comes here is to have one, and is a loader, too, in the end. */
static void add_loaders(struct hooks_loading *l)
{
	while (l->threads + 1 < loaders() && start(l, loader))
		;
}

/* Loads what is wanted, notes what could not be loaded, and frees all. */
static void finish(struct hooks_loading *l)
{
	if (!l->threads)
		prepare(l);
	pthread_mutex_lock(&l->lock);
	l->asked = true;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
	add_loaders(l);
	load_wanted(l);
	while (l->threads)
		pthread_join(l->thread[--l->threads], NULL);
	for (size_t i = 0; i < l->count; i++) {
		struct hook_program *p = &l->program[i];

		if (l->wanted[i] && !l->taken[i])
			note_refused(l->hooks, p->name,
				     p->error   ? p->error
				     : l->error ? l->error
						: -ENOMEM,
				     "");
		free(p->code);
	}
	bpf_object__close(l->object);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void hooks_begin_loading(struct hooks *h, const bool *row, const bool *now)
{
	struct hooks_loading *l = begin(h, row);

	if (!l)
		return;
	want(l, now);
	(void)start(l, preparer);
	h->loading = l;
}

void hooks_expect(struct hooks *h, const bool *row)
{
	if (!h->loading)
		return;
	want(h->loading, row);
	/* Without the one that makes programs ready there is nothing for others to do. */
	if (h->loading->threads)
		add_loaders(h->loading);
}

void hooks_load_programs(struct hooks *h, const bool *row)
{
	struct hooks_loading *l = h->loading ? h->loading : begin(h, row);

	h->loading = NULL;
	if (!l)
		return;
	want(l, row);
	if (!l->threads)
		(void)start(l, preparer);
	finish(l);
}

void hooks_stop_loading(struct hooks *h)
{
	static const bool none[HOOK_ROWS] = { false };

	hooks_load_programs(h, none);
}

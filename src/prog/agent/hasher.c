#include "prog/agent/hasher.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "prog/agent/program_file.h"

enum {
	QUEUE = 256,
	CHUNK_BYTES = 256 * 1024,
	STUCK_MOST = 4, /* threads that hang, beside the one that works */
	NICE = 5,
};

#define STUCK_NS (10 * SECOND_NS)
#define SETTLED_NS \
	SECOND_NS /* since its last change: longer than any clock of a file system takes for a tick */

struct task {
	struct program_file of;
	uint32_t kinds;
	int fd; /* -1: not opened yet */
	struct stat before;
	struct digests *digests;
	uint64_t left; /* bytes to read */
};

/* What a thread works by. Both sides hold it; who leaves last frees it. */
struct worker {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* under the lock */
	struct task *tasks[QUEUE]; /* owned, the current one included */
	uint32_t count;
	struct task *current,
		*orphan; /* orphan: one that was answered in the thread's place; owned */
	struct hash_answer answers[QUEUE]; /* a ring */
	uint32_t answer_first, answer_count;
	bool stopped, ended;
	/* without */
	_Atomic uint64_t alive_ns;
	_Atomic bool left; /* nobody wants its answers */
	int root, ready;   /* owned */
	uint64_t paid_ns;  /* when all work so far is paid for */
	char chunk[CHUNK_BYTES];
};

struct hasher {
	int root, ready;       /* owned */
	struct worker *worker; /* NULL: nobody asked yet, or no thread could be made */
	struct worker *stuck[STUCK_MOST];
};

int hasher_new(const char *root, struct hasher **ret, struct err *e)
{
	struct hasher *h = calloc(1, sizeof(*h));
	int why = ENOMEM;

	if (h) {
		h->root = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		h->ready = h->root < 0 ? -1 : eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		why = errno;
	}
	if (!h || h->ready < 0) {
		if (h)
			fd_close(&h->root);
		free(h);
		return err_sys(e, why, "hashes of files");
	}
	*ret = h;
	return 0;
}

/* ---- The thread ---- */

static void free_task(struct task *t)
{
	fd_close(&t->fd);
	digests_free(t->digests);
	free(t);
}

static void free_worker(struct worker *w)
{
	for (uint32_t i = 0; i < w->count; i++)
		free_task(w->tasks[i]);
	if (w->orphan)
		free_task(w->orphan);
	close(w->root);
	close(w->ready);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static void nap(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / SECOND_NS), (long)(ns % SECOND_NS) };

	(void)nanosleep(&t, NULL);
}

/* Work is paid for with pauses, some of it in advance. */
static void pay(struct worker *w, uint64_t worked_ns)
{
	const uint64_t burst = HASHER_BURST_NS * HASHER_SHARE;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	w->paid_ns = MAX(w->paid_ns, now) + worked_ns * HASHER_SHARE;
	while (w->paid_ns > now + burst && !w->left) {
		w->alive_ns = now;
		nap(MIN(w->paid_ns - now - burst, 100 * MS_NS));
		now = clock_ns(CLOCK_MONOTONIC);
	}
}

static bool is_settled(const struct stat *st, const struct hash_file *f)
{
	uint64_t changed = timespec_ns(st->st_ctim);

	return changed == f->ctime_ns && clock_ns(CLOCK_REALTIME) > changed + SETTLED_NS;
}

/* @return whether there is an answer already */
static bool begin(struct worker *w, struct task *t, struct hash_answer *ret)
{
	int fd = program_file_open(w->root, &t->of, &t->before, &ret->gap);

	if (fd < 0)
		return true;
	t->fd = fd;
	t->left = (uint64_t)t->before.st_size;
	ret->gap = HASH_UNREADABLE;
	return digests_new(t->kinds, &t->digests, NULL) < 0;
}

/* Some bytes more. @return whether there is an answer */
static bool go_on(struct worker *w, struct task *t, struct hash_answer *ret)
{
	struct stat after;
	ssize_t n = read(t->fd, w->chunk, sizeof(w->chunk));

	ret->gap = n < 0 ? HASH_UNREADABLE : HASH_CHANGED;
	if (n < 0 || (uint64_t)n > t->left)
		return true;
	digests_update(t->digests, (str){ w->chunk, (size_t)n });
	t->left -= (uint64_t)n;
	if (n > 0)
		return false;
	ret->settled = is_settled(&t->before, &t->of.file);
	ret->known = t->left == 0 && fstat(t->fd, &after) == 0 &&
		     program_file_unchanged(w->root, &t->of, &t->before, &after);
	digests_final(t->digests, &ret->sums);
	return true;
}

/*
 * What is to be done next: files are opened at once, before they go, and then the one is read that is done soonest, so that a small
 * one never waits behind large ones.
 */
static struct task *next_task(const struct worker *w)
{
	struct task *best = NULL;

	for (uint32_t i = 0; i < w->count; i++) {
		if (w->tasks[i]->fd < 0)
			return w->tasks[i];
		if (!best || w->tasks[i]->left < best->left)
			best = w->tasks[i];
	}
	return best;
}

static void remove_task(struct worker *w, const struct task *t)
{
	uint32_t i = 0;

	while (w->tasks[i] != t)
		i++;
	w->tasks[i] = w->tasks[--w->count];
}

/* One step of the next task. Locked before and after, not meanwhile. */
static void step(struct worker *w, struct task *t)
{
	const uint64_t one = 1;
	struct hash_answer a = { .file = t->of.file };
	uint64_t began;
	bool done;

	w->current = t;
	w->alive_ns = clock_ns(CLOCK_MONOTONIC);
	pthread_mutex_unlock(&w->lock);
	began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	done = t->fd < 0 ? begin(w, t, &a) : go_on(w, t, &a);
	pay(w, clock_ns(CLOCK_THREAD_CPUTIME_ID) - began);
	pthread_mutex_lock(&w->lock);
	w->current = NULL;
	if (!done || w->orphan)
		return;
	remove_task(w, t);
	free_task(t);
	/* There is room for an answer to each question that was taken. */
	w->answers[(w->answer_first + w->answer_count++) % QUEUE] = a;
	(void)!write(w->ready, &one, sizeof(one));
}

static void *run(void *ctx)
{
	struct worker *w = ctx;
	bool last;

	/* Of this thread alone, as Linux has it. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	pthread_mutex_lock(&w->lock);
	while (!w->stopped) {
		struct task *t = next_task(w);

		if (t)
			step(w, t);
		else
			pthread_cond_wait(&w->wake, &w->lock);
	}
	last = w->ended;
	w->ended = true;
	pthread_mutex_unlock(&w->lock);
	if (last)
		free_worker(w);
	return NULL;
}

/* ---- The session's side ---- */

static struct worker *start(struct hasher *h)
{
	struct worker *w = calloc(1, sizeof(*w));
	pthread_attr_t attr;
	pthread_t thread;
	int r = -1;

	if (!w)
		return NULL;
	w->root = fcntl(h->root, F_DUPFD_CLOEXEC, 3);
	w->ready = fcntl(h->ready, F_DUPFD_CLOEXEC, 3);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	if (w->root >= 0 && w->ready >= 0) {
		pthread_attr_init(&attr);
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
		r = pthread_create(&thread, &attr, run, w);
		pthread_attr_destroy(&attr);
	}
	if (r) {
		free_worker(w);
		return NULL;
	}
	return w;
}

/* Lets go of a worker, which ends by itself. @return whether it had ended already: it is freed */
static void leave(struct worker *w)
{
	bool last;

	pthread_mutex_lock(&w->lock);
	w->stopped = true;
	w->left = true;
	last = w->ended;
	w->ended = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	if (last)
		free_worker(w);
}

void hasher_free(struct hasher *h)
{
	if (!h)
		return;
	if (h->worker)
		leave(h->worker);
	for (size_t i = 0; i < STUCK_MOST; i++)
		if (h->stuck[i])
			leave(h->stuck[i]);
	close(h->ready);
	close(h->root);
	free(h);
}

static struct task *make_task(const struct hash_question *q)
{
	struct task *t = q->path.n < sizeof(t->of.path) ? calloc(1, sizeof(*t)) : NULL;

	if (!t)
		return NULL;
	t->fd = -1;
	t->kinds = q->kinds;
	t->of.file = q->file;
	t->of.pid = q->pid;
	t->of.host = q->host;
	memcpy(t->of.roots, q->roots, sizeof(q->roots));
	memcpy(t->of.path, q->path.p, q->path.n);
	return t;
}

bool hasher_ask(void *hasher, const struct hash_question *q)
{
	struct hasher *h = hasher;
	struct worker *w = h->worker ? h->worker : start(h);
	bool taken = false;
	struct task *t;

	h->worker = w;
	t = w ? make_task(q) : NULL;
	if (!t)
		return false;
	pthread_mutex_lock(&w->lock);
	if (w->count + w->answer_count < QUEUE) {
		w->tasks[w->count++] = t;
		taken = true;
	}
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	if (!taken)
		free(t);
	return taken;
}

int hasher_fd(const struct hasher *h)
{
	return h ? h->ready : -1;
}

static bool next_answer(struct worker *w, struct hash_answer *ret)
{
	bool is = false;

	pthread_mutex_lock(&w->lock);
	if (w->answer_count) {
		*ret = w->answers[w->answer_first];
		w->answer_first = (w->answer_first + 1) % QUEUE;
		w->answer_count--;
		is = true;
	}
	pthread_mutex_unlock(&w->lock);
	return is;
}

/* Threads that hung and came back in the end. */
static size_t count_stuck(struct hasher *h)
{
	size_t n = 0;

	for (size_t i = 0; i < STUCK_MOST; i++) {
		bool ended;

		if (!h->stuck[i])
			continue;
		pthread_mutex_lock(&h->stuck[i]->lock);
		ended = h->stuck[i]->ended;
		pthread_mutex_unlock(&h->stuck[i]->lock);
		if (ended)
			free_worker(TAKE(&h->stuck[i]));
		else
			n++;
	}
	return n;
}

/* Everything but what it is at. @param from is locked */
static void hand_down(struct worker *from, struct worker *to)
{
	from->orphan = from->current;
	remove_task(from, from->orphan);
	pthread_mutex_lock(&to->lock);
	memcpy(to->tasks, from->tasks, sizeof(from->tasks));
	to->count = from->count;
	from->count = 0;
	pthread_cond_signal(&to->wake);
	pthread_mutex_unlock(&to->lock);
}

/* @param w is locked: before it begins something it says, under the lock, that it is alive */
static bool is_stuck(const struct worker *w)
{
	return w->current && !w->answer_count &&
	       clock_ns(CLOCK_MONOTONIC) >= w->alive_ns + STUCK_NS;
}

/* What it is at is answered in its place, and what waits behind that given to another. @return whether it was stuck */
static bool replace_stuck(struct hasher *h, struct hash_answer *ret)
{
	struct worker *w = h->worker, *fresh = NULL;

	if (count_stuck(h) == STUCK_MOST)
		return false;
	pthread_mutex_lock(&w->lock);
	if (is_stuck(w))
		fresh = start(h);
	if (fresh) {
		*ret = (struct hash_answer){ .file = w->current->of.file, .gap = HASH_UNREADABLE };
		w->stopped = true;
		w->left = true;
		hand_down(w, fresh);
	}
	pthread_mutex_unlock(&w->lock);
	if (!fresh)
		return false;
	for (size_t i = 0; i < STUCK_MOST; i++)
		if (!h->stuck[i]) {
			h->stuck[i] = w;
			break;
		}
	h->worker = fresh;
	return true;
}

void hasher_take(struct hasher *h, void (*fn)(void *ctx, const struct hash_answer *a), void *ctx)
{
	struct hash_answer a;
	uint64_t n;

	if (!h || !h->worker)
		return;
	(void)!read(h->ready, &n, sizeof(n));
	while (next_answer(h->worker, &a))
		fn(ctx, &a);
	if (replace_stuck(h, &a))
		fn(ctx, &a);
}

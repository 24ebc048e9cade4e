#include "console/registry/steward.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/privilege.h"
#include "base/process.h"
#include "codec/json.h"
#include "codec/mac.h"
#include "console/registry/lister.h"
#include "console/registry/steward_priv.h"
#include "console/store/registry_images.h"

enum {
	TURN_MS = 300,
	IDLE_MS = 1000, /* between looks whether a run is due, while none is under way */
	REST_MS = 3000,
	LISTING_MAX = 4,
	READ_BYTES = 64 << 10,
	WAIT_FALLBACK_S = 300
};
#define TURN_ARENA ((size_t)128 << 20)
#define JOB_ARENA ((size_t)256 << 20)
#define TELL_NS SECOND_NS

static void PRINTF_LIKE(2, 3) say(const struct steward *s, const char *fmt, ...)
{
	char line[ERR_TEXT_BYTES + 64];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (s->o->say)
		s->o->say(s->o->ctx, line);
}

void steward_tell(struct steward *s, char what)
{
	(void)!write(s->o->told, &what, 1);
}

/* The child's copies are its own. */
int steward_confine(const struct steward *s, const struct steward_job *mine, bool is_scanner,
		    struct err *e)
{
	struct privilege_place places[] = {
		{ .path = "/etc" },
		{ .path = "/usr" },
		{ .path = "/lib" },
		{ .path = "/lib64" },
		{ .path = "/run" },
		{ .path = "/proc" },
		{ .path = "/dev" },
		{ .path = mine->ca_file[0] ? mine->ca_file : "/etc" },
		{ .path = s->scans, .writable = true, .folders = true },
		{ .path = s->layers, .writable = true, .folders = true },
	};

	secret_wipe((void *)(uintptr_t)s->o->key, sizeof(*s->o->key));
	for (const struct steward_job *j = s->jobs; j; j = j->next)
		if (j != mine && j->credential.password.n)
			secret_wipe((void *)(uintptr_t)j->credential.password.p,
				    j->credential.password.n);
	return privilege_confine(places, ARRAY_LEN(places) - (is_scanner ? 0 : 2), e);
}

/* ---- A run ---- */

static void close_job(struct steward *s, struct steward_job *j)
{
	struct steward_job **at = &s->jobs;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	/* It is read again in this run or the next. */
	if (s->scanning == j->id)
		scan_reader_stop(&s->reader);
	if (j->lister)
		process_kill(j->lister);
	if (j->in >= 0) {
		close(j->in);
		s->listing--;
	}
	if (j->ca_file[0])
		unlink(j->ca_file);
	if (j->credential.password.n)
		secret_wipe((char *)(uintptr_t)j->credential.password.p, j->credential.password.n);
	buf_done(&j->line);
	arena_done(&j->arena);
	free(j);
}

static int open_password(struct steward *s, struct steward_job *j, const struct stored_registry *g,
			 struct err *e)
{
	char place[REGISTRY_PLACE_BYTES];
	OWNED_BUF secret = BUF_INIT;
	int r = 0;

	registry_place(g->id, place);
	if (g->sealed.n)
		r = seal_open(s->o->key, str_from(place), g->sealed, &secret, e);
	j->credential = (struct docker_credential){
		.user = arena_str(&j->arena, j->config.user),
		.password = arena_str(&j->arena, buf_str(&secret)),
	};
	if (secret.p)
		secret_wipe(secret.p, secret.n);
	return r < 0 ? r : j->credential.password.p ? 0 : -ENOBUFS;
}

static int write_ca(struct steward *s, struct steward_job *j, struct err *e)
{
	if (j->config.ca.n == 0)
		return 0;
	snprintf(j->ca_file, sizeof(j->ca_file), "%s/ca-%lld.pem", s->o->state, (long long)j->id);
	return file_write_atomic(AT_FDCWD, j->ca_file, j->config.ca, 0600, e);
}

static int read_known(struct steward *s, struct steward_job *j, struct err *e)
{
	size_t count;
	str *known;
	int r = registry_images_known(s->store, j->id, j->config.platforms.items,
				      j->config.platforms.count, &j->arena, &known, &count, e);

	j->known = map_in(&j->arena);
	for (size_t i = 0; r == 0 && i < count; i++) {
		void **at = map_at(&j->known, known[i]);

		if (!at)
			return err_set(e, ENOBUFS, "registries: memory budget spent");
		*at = j;
	}
	return r;
}

struct listing {
	const struct steward *s;
	struct steward_job *job;
	int out;
};

static int list(void *ctx)
{
	const struct listing *l = ctx;

	if (steward_confine(l->s, l->job, false, NULL) < 0)
		return 1;
	return lister_run(&(struct lister_task){
		.address = l->job->address,
		.config = &l->job->config,
		.credential = &l->job->credential,
		.ca_file = l->job->ca_file[0] ? l->job->ca_file : NULL,
		.reach = l->s->o->reach,
		.known = &l->job->known,
		.out = l->out,
	});
}

static int start_lister(struct steward *s, struct steward_job *j, struct err *e)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	r = process_start(list, &(struct listing){ s, j, ends[1] }, &ends[1], 1, &j->lister, e);
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		j->lister = 0;
		return r;
	}
	j->in = ends[0];
	s->listing++;
	return 0;
}

static int prepare(struct steward *s, struct steward_job *j, const struct stored_registry *g,
		   struct err *e)
{
	const struct registry_kind *kind = registry_kind_find(g->kind);
	str settings = arena_str(&j->arena, g->settings);
	struct value v;
	int r = kind && settings.p ? json_parse(settings, &j->arena, &v, e)
				   : err_set(e, EINVAL, "no kind of registry is called '%.*s'",
					     STR_ARG(g->kind));

	if (r == 0)
		r = registry_config_take(&v, kind, &j->arena, &j->config, e);
	j->address = arena_str(&j->arena, g->address);
	if (r == 0)
		r = open_password(s, j, g, e);
	if (r == 0)
		r = write_ca(s, j, e);
	if (r == 0)
		r = read_known(s, j, e);
	return r < 0 ? r : start_lister(s, j, e);
}

static const char *word_of(int code)
{
	switch (code) {
	case 0:
		return "";
	case EACCES:
	case EPERM:
		return "denied";
	case ENOENT:
		return "not-found";
	case EHOSTUNREACH:
	case ECONNREFUSED:
		return "unreachable";
	case ETIMEDOUT:
		return "timed-out";
	case EPROTO:
	case EBADMSG:
		return "bad-answer";
	case E2BIG:
		return "too-much";
	case ECANCELED:
		return "cancelled";
	default:
		return "failed";
	}
}

/** The next time, by the interval; sooner when the registry only asked for patience. */
static int64_t next_of(const struct steward_job *j, int64_t now)
{
	int64_t interval_s = j->config.interval_s;

	if (j->trouble && j->wait_s)
		interval_s = (int64_t)MAX(j->wait_s, (uint64_t)WAIT_FALLBACK_S);
	else if (interval_s && (j->trouble == EHOSTUNREACH || j->trouble == ETIMEDOUT))
		interval_s = MIN(interval_s, (int64_t)WAIT_FALLBACK_S * 2);
	return interval_s ? now + interval_s * (int64_t)SECOND_NS : 0;
}

static int end_run(struct steward *s, struct steward_job *j, struct err *e)
{
	const int64_t now = store_now();
	const char *word = j->trouble && j->wait_s ? "too-many-requests" : word_of(j->trouble);
	int r;

	if (!j->trouble && j->figures.skipped)
		word = "partly";
	r = registry_run_end(s->store, j->id, now, next_of(j, now), str_from(word),
			     str_from(word[0] ? j->detail : ""), e);
	s->changed = true;
	close_job(s, j);
	return r;
}

static int start_run(struct steward *s, const struct stored_registry *g, struct err *e)
{
	struct steward_job *j = calloc(1, sizeof(*j));
	struct err why = { 0 };
	int r = 0;

	if (!j)
		return err_set(e, ENOMEM, "no memory for registries");
	/* What a console that is gone had begun is gone through anew, as the same run. */
	if (g->run.state == REGISTRY_IDLE)
		r = registry_run_begin(s->store, g->id, store_now(), e);
	j->id = g->id;
	j->version = g->version;
	j->run = g->run.run + (g->run.state == REGISTRY_IDLE);
	j->in = -1;
	j->figures.state = REGISTRY_LISTING;
	arena_init(&j->arena, JOB_ARENA);
	j->next = s->jobs;
	s->jobs = j;
	s->changed = true;
	if (r < 0) {
		close_job(s, j);
		return r;
	}
	r = prepare(s, j, g, &why);
	if (r == 0)
		return 0;
	j->trouble = -r;
	snprintf(j->detail, sizeof(j->detail), "%s", why.text);
	return end_run(s, j, e);
}

static struct steward_job *job_of(const struct steward *s, int64_t id)
{
	struct steward_job *j = s->jobs;

	while (j && j->id != id)
		j = j->next;
	return j;
}

static bool is_due(const struct stored_registry *g, int64_t now)
{
	const struct registry_run *r = &g->run;

	if (r->state != REGISTRY_IDLE || r->wanted)
		return true;
	/* One that ended later than now did so by a clock that has been put right since: so is the time of the next. */
	return g->enabled && r->next_ns &&
	       (r->next_ns <= now || r->ended_ns - now > CLOCKS_APART_NS);
}

/* ---- What listers say ---- */

/** @return 1 more may come, 0 it has ended, -errno of the store */
static int read_lister(struct steward *s, struct steward_job *j, struct err *e)
{
	char bytes[READ_BYTES];
	ssize_t n = read(j->in, bytes, sizeof(bytes));
	size_t whole;
	int r = 0;

	if (n < 0)
		return errno == EINTR ? 1 : 0;
	buf_add(&j->line, (str){ bytes, (size_t)n });
	whole = n ? str_find_last(buf_str(&j->line), '\n') : j->line.n;
	if (buf_error(&j->line))
		return err_set(e, ENOMEM, "no memory for registries");
	if (n && whole == j->line.n)
		return j->line.n > REGISTRY_LINE_MAX ? 0 : 1;
	if (whole) {
		str rest = str_skip(buf_str(&j->line), MIN(whole + 1, j->line.n));
		OWNED_BUF kept = BUF_INIT;

		buf_add(&kept, rest);
		r = steward_found(s, j, str_take(buf_str(&j->line), whole), e);
		buf_reset(&j->line);
		buf_add(&j->line, buf_str(&kept));
	}
	return r < 0 ? r : n > 0;
}

static int end_listing(struct steward *s, struct steward_job *j, struct err *e)
{
	fd_close(&j->in);
	s->listing--;
	process_kill(j->lister);
	j->lister = 0;
	if (!j->done && !j->trouble) {
		j->trouble = EIO;
		snprintf(j->detail, sizeof(j->detail), "the process that listed it died");
	}
	return steward_listed(s, j, e);
}

static void take_orders(struct steward *s)
{
	char bytes[64];

	while (read(s->o->orders, bytes, sizeof(bytes)) > 0)
		;
}

/** Waits for what listers say, the image being read to end, or somebody to want something. */
static int listen_to(struct steward *s, int timeout_ms, struct err *e)
{
	struct pollfd fds[LISTING_MAX + 2];
	struct steward_job *of[LISTING_MAX];
	nfds_t count = 0;
	int r = 0;

	for (struct steward_job *j = s->jobs; j && count < LISTING_MAX; j = j->next)
		if (j->in >= 0) {
			of[count] = j;
			fds[count++] = (struct pollfd){ .fd = j->in, .events = POLLIN };
		}
	fds[count] = (struct pollfd){ .fd = scan_reader_fd(&s->reader), .events = POLLIN };
	fds[count + 1] = (struct pollfd){ .fd = s->o->orders, .events = POLLIN };
	if (poll(fds, count + 2, timeout_ms) <= 0)
		return 0;
	if (fds[count + 1].revents)
		take_orders(s);
	for (nfds_t i = 0; r >= 0 && i < count; i++) {
		if (!fds[i].revents)
			continue;
		r = read_lister(s, of[i], e);
		if (r == 0)
			r = end_listing(s, of[i], e);
	}
	return MIN(r, 0);
}

/* ---- Turns ---- */

static int look_at(struct steward *s, const struct stored_registry *g, struct err *e)
{
	struct steward_job *j = job_of(s, g->id);

	if (!j)
		return is_due(g, store_now()) && s->listing < LISTING_MAX ? start_run(s, g, e) : 0;
	if (g->run.cancelling) {
		j->trouble = ECANCELED;
		snprintf(j->detail, sizeof(j->detail), "somebody ended it");
		return end_run(s, j, e);
	}
	/* What it was told to do changed: what is wanted now comes next. */
	return g->version != j->version ? end_run(s, j, e) : 0;
}

static int look_at_all(struct steward *s, struct err *e)
{
	struct stored_registry *list_;
	size_t count;
	int r = registries_list(s->store, &s->arena, &list_, &count, e);

	for (struct steward_job *j = s->jobs, *next; r == 0 && j; j = next) {
		bool there = false;

		next = j->next;
		for (size_t i = 0; i < count; i++)
			there = there || list_[i].id == j->id;
		if (!there)
			close_job(s, j);
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		r = look_at(s, &list_[i], e);
	return r;
}

static int scan_some(struct steward *s, struct err *e)
{
	int r = steward_scan_tend(s, e);

	for (struct steward_job *j = s->jobs, *next; r == 0 && j; j = next) {
		bool busy = s->reader.pid != 0;

		next = j->next;
		if (!busy)
			r = steward_scan_begin(s, j, e);
		/* Its list is complete, and none waits. */
		if (r == 0 && !busy && j->in < 0)
			r = end_run(s, j, e);
	}
	return MIN(r, 0);
}

static int turn(struct steward *s, struct err *e)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	int r = look_at_all(s, e);

	if (r == 0)
		r = scan_some(s, e);
	arena_reset(&s->arena);
	if (s->changed && now - s->told_ns > TELL_NS) {
		steward_tell(s, STEWARD_REGISTRIES);
		s->changed = false;
		s->told_ns = now;
	}
	return r < 0 ? r : listen_to(s, s->jobs ? TURN_MS : IDLE_MS, e);
}

/* Another may lead now, or nobody knows what was stored: what is under way is begun anew from what the store says. */
static void drop_all(struct steward *s)
{
	scan_reader_stop(&s->reader);
	while (s->jobs)
		close_job(s, s->jobs);
	sql_rollback(s->store->sql);
	arena_reset(&s->arena);
}

int steward_run(const struct steward_options *o)
{
	struct steward s = { .o = o };
	struct err e = { 0 };
	bool failing = false;
	int r;

	arena_init(&s.arena, TURN_ARENA);
	snprintf(s.scans, sizeof(s.scans), "%s/registry", o->state);
	snprintf(s.layers, sizeof(s.layers), "%s/layers", o->state);
	r = file_make_dirs(s.scans, 0700, &e);
	if (r == 0)
		r = file_make_dirs(s.layers, 0700, &e);
	if (r == 0)
		r = store_open(o->where, NULL, &s.store, &e);
	if (r < 0) {
		say(&s, "registries: %s", e.text);
		return 1;
	}
	for (;;) {
		r = sql_lead(s.store->sql, "registries", &e);
		if (r == 1)
			r = turn(&s, &e);
		else
			drop_all(&s), poll(NULL, 0, REST_MS);
		if (r < 0) {
			if (!failing)
				say(&s, "registries: %s", e.text);
			drop_all(&s);
			poll(NULL, 0, REST_MS);
		}
		failing = r < 0;
	}
}

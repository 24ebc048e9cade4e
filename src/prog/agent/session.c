#include "prog/agent/session.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "asset/host_namespace.h"
#include "base/clock.h"
#include "base/memory.h"
#include "wire/engine.h"

#define RING_MAX_BYTES ((uint64_t)1 << 30)

enum { TICK_NS = 50000000, EVENTS_A_TURN = 65536 };

/** The kernel passes over a host's events where rules ask for containers only: it must be told which is which. */
static void mark_cgroup(struct session *s, uint64_t cgroup_id)
{
	const struct container *c = asset_find(s->asset, cgroup_id);

	if (c && sensor_set_cgroup(s->sensor, cgroup_id,
				   c->runtime == CONTAINER_HOST ? SENSOR_CGROUP_HOST
								: SENSOR_CGROUP_CONTAINER,
				   NULL) == 0)
		s->marked[cgroup_id % SESSION_MARKED] = cgroup_id;
}

static void PRINTF_LIKE(2, 3) session_say(const struct session *s, const char *fmt, ...)
{
	char line[ERR_TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->config.say(s->config.ctx, line);
}

static void on_event(void *ctx, const struct event *v)
{
	struct session *s = ctx;

	if (v->type == EVENT_CGROUP_MKDIR)
		(void)asset_cgroup_made(s->asset, v->cgroup_id, v->path);
	watch_event(s->watch, v);
	/* Also one that stood empty when we began: nothing else tells of it. */
	if (v->cgroup_id && s->marked[v->cgroup_id % SESSION_MARKED] != v->cgroup_id)
		mark_cgroup(s, v->cgroup_id);
	if (v->type == EVENT_CGROUP_RMDIR) {
		losses_tell_cgroup(s->sensor, s->asset, v->cgroup_id, s->config.on_alert,
				   s->config.ctx);
		asset_cgroup_gone(s->asset, v->cgroup_id);
	}
	s->losses |= v->type == EVENT_LOSS;
	if (v->type == EVENT_LOSS && v->arg[1] == EVENT_LOSS_RING_STATE)
		s->state_lost += (uint64_t)v->arg[0];
}

static void on_container(void *ctx, const struct container *c, bool started, bool stopped)
{
	struct session *s = ctx;

	watch_container(s->watch, c, started, stopped);
	if (c->cgroup_id)
		mark_cgroup(s, c->cgroup_id);
}

static int derive(const struct rules *rules, struct arena *a, struct kernel_filter *ret,
		  struct err *e)
{
	int r;

	arena_init(a, (size_t)16 << 20);
	r = kernel_filter_derive(rules->program, a, ret, e);
	if (r < 0)
		arena_done(a);
	return r;
}

static int read_usage(void *session, const struct container *c, struct usage_figures *ret)
{
	struct session *s = session;
	struct figures f;
	int r = figures_read(s->figures, c->cgroup_path, &f);

	if (r == 0)
		*ret = (struct usage_figures){ f.cpu_ns, f.threads };
	return r;
}

/** Not knowing what containers use is no reason not to watch them. */
static void open_figures(struct session *s)
{
	struct err e = { 0 };

	if (figures_new(option_text(s->config.options, "host-root"), &s->figures, &e) < 0)
		s->config.say(s->config.ctx, e.text);
	s->config.watch.usage = s->figures ? read_usage : NULL;
	s->config.watch.usage_ctx = s;
}

/** Without it rules that ask for hashes of files stay in doubt: no reason not to watch. */
static void open_hasher(struct session *s)
{
	struct err e = { 0 };

	if (hasher_new(option_text(s->config.options, "host-root"), &s->hasher, &e) < 0)
		s->config.say(s->config.ctx, e.text);
	s->config.watch.hash = s->hasher ? hasher_ask : NULL;
	s->config.watch.hash_ctx = s->hasher;
}

static void on_hash(void *ctx, const struct hash_answer *a)
{
	watch_hashed(((struct session *)ctx)->watch, a);
}

static int open_asset(struct session *s, struct err *e)
{
	const struct option_set *o = s->config.options;
	struct asset_config c = { .root = option_text(o, "host-root"),
				  .docker_host = option_flag(o, "no-engines")
							 ? ""
							 : option_text(o, "engine"),
				  .data_roots = option_list(o, "engine-data", NULL),
				  .users = true };
	int r = asset_new(&c, &s->asset, e);

	if (r == 0)
		r = asset_scan(s->asset, e);
	return MIN(r, 0);
}

/** As the kernel takes them (BPF_MAP_TYPE_RINGBUF), which refuses others without a word of why. */
static int check_ring_size(uint64_t bytes, struct err *e)
{
	if (bytes & (bytes - 1) || bytes < (uint64_t)sysconf(_SC_PAGESIZE) ||
	    bytes > RING_MAX_BYTES)
		return err_set(e, EINVAL, "give a power of two from 4KiB to 1GiB");
	return 0;
}

int session_check(const struct option_set *o, struct err *e)
{
	const char *host = option_text(o, "engine");
	struct engine *engine = NULL;
	int r;

	if (check_ring_size(option_number(o, "ring-size", 0), e) < 0)
		return option_blame(o, "ring-size", e);
	if (!host || !host[0] || option_flag(o, "no-engines"))
		return 0;
	r = engine_new(ENGINE_DOCKER, host, 0, &engine, e);
	engine_free(engine);
	return r == -EINVAL ? option_blame(o, "engine", e) : r;
}

int session_prepare(struct session *s, const struct session_config *config, struct err *e)
{
	const struct option_set *o = config->options;
	struct sensor_config c = { .backend = sensor_backend_named(
					   str_from(option_text(o, "backend"))),
				   .bulk_ring_bytes = (size_t)option_number(o, "ring-size", 0),
				   .rate_per_s = (uint32_t)option_number(o, "event-rate", 0),
				   .burst = 2 * (uint32_t)option_number(o, "event-rate", 0),
				   .self_pid = (uint32_t)getpid(),
				   .flows = config->flows,
				   .kept = config->kept,
				   .kept_count = config->kept_count };
	int r;

	*s = (struct session){ .config = *config, .ready = -1 };
	/* Before there is a thread, and before there is anything that a reader must not have. */
	r = users_broker_start(&s->users, e);
	if (r == 0)
		r = sensor_new(&c, true, &s->sensor, e);
	if (r < 0)
		users_broker_stop(s->users);
	return r;
}

/** Without it comparisons with names stay unknown: no reason not to watch. */
static void start_names(struct session *s)
{
	struct err e = { 0 };

	if (names_start(s->rules.program, &s->names, &e) < 0)
		s->config.say(s->config.ctx, e.text);
}

/** Processes are told by the host's numbers; a /proc of other numbers would name the wrong ones. */
static void tell_numbers(const struct session *s)
{
	const char *root = option_text(s->config.options, "host-root");
	OWNED_FD fd = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (!host_namespace_has_proc(fd))
		session_say(s, "/proc does not show the host's processes, so names and files of "
			       "processes may be unknown: start the agent with the host's "
			       "(hostPID: true, --pid=host), or name its root by --host-root");
}

/** Alerts say who it was: the host's names and those of containers that run are read while hooks are loaded. */
static int ask_for_users(struct session *s, struct err *e)
{
	const struct asset_account root = { .container = asset_host(s->asset) };
	uint64_t pending;
	str name;

	(void)asset_account(s->asset, &root, &name, &pending);
	return users_broker_turn(s->users, false, asset_accounts(s->asset), NULL, e);
}

/** Why, without the name of what it is about, which is told already. */
static const char *reason_of(const struct sensor_gap *g)
{
	const char *name = event_type_name(g->type);
	size_t n = strlen(name);

	return strncmp(g->why, name, n) == 0 && g->why[n] == ':' && g->why[n + 1] == ' '
		       ? g->why + n + 2
		       : g->why;
}

/** One line for the first of these and all that have its reason, each once. @param told  of each whether it was told */
static void tell_alike(const struct session *s, const struct sensor_gap *gaps, size_t n, bool *told)
{
	const char *reason = reason_of(&gaps[0]);
	bool named[EVENT_TYPE_COUNT] = { false };
	OWNED_BUF names = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(reason_of(&gaps[i]), reason) != 0)
			continue;
		if (!named[gaps[i].type])
			buf_printf(&names, "%s%s", i ? ", " : "", event_type_name(gaps[i].type));
		told[i] = named[gaps[i].type] = true;
	}
	session_say(s, "this kernel does not tell of %s: %s; see `skep agent doctor`",
		    buf_cstr(&names), reason);
}

/** What is asked for and this kernel does not tell: never in silence. */
static void tell_gaps(const struct session *s)
{
	struct sensor_gap gaps[EVENT_TYPE_COUNT];
	size_t n = MIN(sensor_gaps(s->sensor, gaps, ARRAY_LEN(gaps)), ARRAY_LEN(gaps));
	const char *why = sensor_flows_why(s->sensor);
	bool told[EVENT_TYPE_COUNT] = { false };

	if (why[0])
		session_say(s, "this kernel does not count connections: %s", why);
	for (size_t i = 0; i < n; i++)
		if (!told[i])
			tell_alike(s, gaps + i, n - i, told + i);
}

/* What ends a wait, by its bit. */
enum {
	READY_SENSOR = 1,
	READY_CONTAINERS = 2,
	READY_HASHES = 4,
	READY_USERS = 8,
	READY_ALSO = 16,
};

/** @param edge  of a descriptor that stays readable until its own epoll is asked */
static int wait_for(struct session *s, int fd, uint32_t bit, uint32_t edge)
{
	struct epoll_event v = { .events = EPOLLIN | edge, .data.u32 = bit };

	return fd < 0 || epoll_ctl(s->ready, EPOLL_CTL_ADD, fd, &v) == 0 ? 0 : -errno;
}

static int open_ready(struct session *s, struct err *e)
{
	int r;

	s->ready = epoll_create1(EPOLL_CLOEXEC);
	r = s->ready < 0 ? -errno : wait_for(s, sensor_fd(s->sensor), READY_SENSOR, EPOLLET);
	if (r == 0)
		r = wait_for(s, asset_fd(s->asset), READY_CONTAINERS, 0);
	if (r == 0)
		r = wait_for(s, hasher_fd(s->hasher), READY_HASHES, 0);
	if (r == 0)
		r = wait_for(s, users_broker_fd(s->users), READY_USERS, 0);
	if (r == 0)
		r = wait_for(s, s->config.also, READY_ALSO, 0);
	return r < 0 ? err_sys(e, -r, "cannot wait for events") : 0;
}

int session_open(struct session *s, struct rules *rules, struct err *e)
{
	const struct session_config *c = &s->config;
	int r;

	s->rules = *rules;
	r = derive(&s->rules, &s->filter_arena, &s->filter, e);
	if (r == 0)
		sensor_expect(s->sensor, &s->filter);
	open_figures(s);
	open_hasher(s);
	if (r == 0)
		r = open_asset(s, e);
	if (r == 0)
		r = ask_for_users(s, e);
	if (r == 0)
		r = open_ready(s, e);
	if (r == 0)
		r = sensor_start(s->sensor, &s->filter, e);
	if (r == 0)
		tell_numbers(s);
	if (r == 0)
		tell_gaps(s);
	if (r == 0)
		r = watch_new(&s->config.watch, s->asset, s->rules.program, c->on_alert, c->ctx,
			      &s->watch, e);
	if (r == 0)
		start_names(s);
	/* What runs already, before anything that happens from now on: events wait in the rings meanwhile. */
	if (r == 0)
		r = sensor_snapshot(s->sensor, on_event, s, e);
	if (r < 0)
		session_close(s);
	/* Loading programs needs the kernel's type descriptions, some 10 MB, once. */
	memory_give_back();
	return r;
}

void session_close(struct session *s)
{
	watch_free(s->watch);
	names_stop(s->names);
	hasher_free(s->hasher);
	users_broker_stop(s->users);
	sensor_close(s->sensor);
	asset_free(s->asset);
	figures_free(s->figures);
	rules_done(&s->rules);
	arena_done(&s->filter_arena);
	fd_close(&s->ready);
	*s = (struct session){ .ready = -1 };
}

/** After a loss of process events what we believe about processes may be wrong: the kernel is asked again. */
static void repair(struct session *s)
{
	if (!s->state_lost)
		return;
	session_say(s, "%llu process events were lost; reading the processes again",
		    (unsigned long long)s->state_lost);
	s->state_lost = 0;
	(void)!asset_scan(s->asset, NULL);
	watch_snapshot_begin(s->watch);
	(void)!sensor_snapshot(s->sensor, on_event, s, NULL);
	watch_snapshot_end(s->watch);
}

/* At once for the first, then not more often than somebody wants to read. */
static void tell_losses(struct session *s, uint64_t now)
{
	if (!s->losses || (s->losses_told_ns && now - s->losses_told_ns < LOSSES_EVERY_NS))
		return;
	s->losses = false;
	s->losses_told_ns = now;
	losses_tell(s->sensor, s->asset, s->config.on_alert, s->config.ctx);
}

static void tell_unhashed(struct session *s, uint64_t now)
{
	struct watch_stats stats;

	watch_stats(s->watch, &stats);
	unhashed_tell(&s->unhashed, &stats, now, s->config.on_alert, s->config.ctx);
}

/* Until the sensor wants to be looked at, or the next tick. */
static int wait_ms(const struct session *s)
{
	uint64_t past = clock_ns(CLOCK_MONOTONIC) - s->ticked_ns;
	int tick = past >= TICK_NS ? 0 : (int)((TICK_NS - past + MS_NS - 1) / MS_NS);
	int sensor = sensor_wait_ms(s->sensor);

	return sensor < 0 ? tick : MIN(sensor, tick);
}

static void on_names(void *ctx, uint64_t pending)
{
	watch_named(((struct session *)ctx)->watch, pending);
}

static void on_silent_users(void *ctx, str id)
{
	session_say(ctx,
		    "users of '%.*s' are not known by their names: the file system of its files "
		    "does not "
		    "answer",
		    STR_ARG(id));
}

/** @return the bits of what is ready */
static uint32_t wait_a_while(struct session *s)
{
	struct epoll_event ready[8];
	int n = epoll_wait(s->ready, ready, (int)ARRAY_LEN(ready), wait_ms(s));
	uint32_t bits = 0;

	for (int i = 0; i < n; i++)
		bits |= ready[i].data.u32;
	return bits;
}

int session_turn(struct session *s, struct err *e)
{
	uint32_t ready = wait_a_while(s);
	uint64_t now;
	int n;

	n = sensor_drain(s->sensor, EVENTS_A_TURN, on_event, s, e);
	if (n < 0 && n != -EBADMSG)
		return n;
	now = clock_ns(CLOCK_MONOTONIC);
	if (ready & READY_CONTAINERS || now - s->ticked_ns >= TICK_NS)
		(void)!asset_poll(s->asset, on_container, s, NULL);
	if (ready & READY_HASHES || now - s->ticked_ns >= TICK_NS)
		hasher_take(s->hasher, on_hash, s);
	if (now - s->ticked_ns >= TICK_NS) {
		s->ticked_ns = now;
		names_take(s->names, watch_run(s->watch));
		watch_tick(s->watch, clock_ns(CLOCK_REALTIME));
		repair(s);
		tell_losses(s, now);
		tell_unhashed(s, now);
	}
	n = users_broker_turn(s->users, ready & READY_USERS, asset_accounts(s->asset),
			      &(struct account_calls){ on_names, on_silent_users, s }, e);
	return n < 0 ? n : ready & READY_ALSO ? 1 : 0;
}

int session_set_rules(struct session *s, struct rules *rules, struct err *e)
{
	struct rules old = s->rules;
	struct arena arena, old_arena = s->filter_arena;
	struct kernel_filter filter;
	int r = derive(rules, &arena, &filter, e);

	if (r < 0) {
		rules_done(rules);
		return r;
	}
	r = sensor_set_filter(s->sensor, &filter, e);
	if (r == 0)
		r = watch_set_program(s->watch, rules->program, e);
	if (r < 0) {
		(void)!sensor_set_filter(s->sensor, &s->filter, NULL);
		rules_done(rules);
		arena_done(&arena);
		return r;
	}
	s->rules = *rules;
	names_stop(s->names);
	start_names(s);
	s->filter = filter;
	s->filter_arena = arena;
	rules_done(&old);
	arena_done(&old_arena);
	tell_gaps(s);
	return 0;
}

void session_flush(struct session *s)
{
	watch_tick(s->watch, UINT64_MAX);
	losses_tell(s->sensor, s->asset, s->config.on_alert, s->config.ctx);
}

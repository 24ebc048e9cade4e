#include "kern/sensor.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/word.h"
#include "kern/filter_load.h"
#include "kern/hook_probe.h"
#include "kern/sensor_priv.h"

#define STATE_RING_BYTES (4u << 20)
#define BULK_RING_BYTES (8u << 20)
#define RATE_PER_S 20000u
#define BURST 40000u

static const char *const backend_names[] = {
	[SENSOR_AUTO] = "auto", [SENSOR_OBJECT] = "object", [SENSOR_TRACEPOINT] = "tracepoint"
};

const char *sensor_backend_name(enum sensor_backend b)
{
	return WORD_NAME(backend_names, b);
}

enum sensor_backend sensor_backend_named(str name)
{
	int b = WORD_FIND(backend_names, name);

	return b < 0 ? SENSOR_AUTO : (enum sensor_backend)b;
}

enum sensor_backend sensor_backend_of(const struct sensor *s)
{
	return s->backend;
}

_Static_assert((int)KERNEL_WANT_CWD == CONTROL_WANT_CWD &&
		       (int)KERNEL_WANT_STDIO == CONTROL_WANT_STDIO &&
		       EVENT_TYPE_COUNT <= CONTROL_TYPES,
	       "policy's numbers are those of the programs");

int sensor_kernel_error(int r, struct err *e)
{
	return r == -EINVAL ? err_wrap(e, -EOPNOTSUPP,
				       "this kernel lacks what the sensor needs (see `skep agent "
				       "doctor`)")
			    : r;
}

static int map_control(struct sensor *s, struct err *e)
{
	int fd = hooks_map(s->hooks, "control");
	void *p = fd < 0 ? MAP_FAILED
			 : mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
				MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return err_sys(e, errno, "sensor: cannot map its control page");
	s->control = p;
	return 0;
}

static void set_wants(struct control *c, const struct kernel_filter *filter)
{
	c->env = filter->environment;
	c->failed_opens = filter->failed_opens;
	c->connected_sends = filter->connected_sends;
	c->received = filter->received;
	memcpy(c->wants, filter->wants, sizeof(filter->wants));
}

static void set_control(struct sensor *s, const struct kernel_filter *filter)
{
	const struct sensor_config *c = &s->config;
	uint32_t rate = c->rate_per_s ? c->rate_per_s : RATE_PER_S;
	uint32_t burst = c->burst ? c->burst : BURST;

	sensor_find_hierarchy(&s->control->hierarchy, &s->control->hierarchy_id);
	s->control->layout = RECORD_LAYOUT;
	s->control->self_pid = c->self_pid;
	s->control->rate_ns = SECOND_NS / rate;
	s->control->burst_ns = s->control->rate_ns * burst;
	set_wants(s->control, filter);
}

static int open_waiting(struct sensor *s, struct err *e)
{
	struct epoll_event edge = { .events = EPOLLIN | EPOLLET };

	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0 ||
	    epoll_ctl(s->epoll, EPOLL_CTL_ADD, hooks_map(s->hooks, "state_ring"), &edge) ||
	    epoll_ctl(s->epoll, EPOLL_CTL_ADD, hooks_map(s->hooks, "bulk_ring"), &edge))
		return err_sys(e, errno, "sensor: cannot wait for events");
	return 0;
}

/** Where losses are counted of which the control group is not found. */
static int make_nobodys_group(struct sensor *s, struct err *e)
{
	struct control_cgroup none = { 0 };
	uint64_t zero = 0;
	int r = map_get(s->cgroups, &zero, &none);

	r = r == -ENOENT ? map_set(s->cgroups, &zero, &none) : r;
	return r ? map_refused(r, "cgroups", e) : 0;
}

static int open_maps(struct sensor *s, size_t state_bytes, size_t bulk_bytes,
		     const struct kernel_filter *filter, struct err *e)
{
	int r;

	s->cgroups = hooks_map(s->hooks, "cgroups");
	s->passed_over = hooks_map(s->hooks, "passed_over");
	r = map_control(s, e);
	if (!r)
		r = ring_open(hooks_map(s->hooks, "state_ring"), state_bytes, &s->state, e);
	if (!r)
		r = ring_open(hooks_map(s->hooks, "bulk_ring"), bulk_bytes, &s->bulk, e);
	if (!r)
		r = make_nobodys_group(s, e);
	if (r)
		return r;
	set_control(s, filter);
	return open_waiting(s, e);
}

static bool is_wanted(const struct sensor *s, const struct hook *h,
		      const struct kernel_filter *filter)
{
	switch (h->want) {
	case HOOK_ALWAYS:
	case HOOK_NAMES:
		return true;
	case HOOK_FLOWS:
		return s->config.flows;
	case HOOK_WANTED:
		break;
	}
	return filter->clause_count[h->type] > 0;
}

/* Rows of the back-end that the filter wants. */
static void choose_rows(const struct sensor *s, const struct kernel_filter *filter, bool *row)
{
	for (size_t i = 0; i < hook_count; i++)
		row[i] = hook_table[i].backends & 1u << s->backend &&
			 is_wanted(s, &hook_table[i], filter);
}

static int need_processes(const struct sensor *s, struct err *e)
{
	for (size_t i = 0; i < hook_count; i++)
		if (strcmp(hook_table[i].program, "on_exec") == 0 && hooks_why(s->hooks, i)[0])
			return err_set(
				e, geteuid() ? EPERM : EOPNOTSUPP,
				"this kernel refuses to tell of processes (%s): it needs BTF, BPF "
				"ring buffers and CAP_BPF with CAP_PERFMON, or CAP_SYS_ADMIN",
				hooks_why(s->hooks, i));
	return 0;
}

int sensor_set_filter(struct sensor *s, const struct kernel_filter *filter, struct err *e)
{
	bool row[EVENT_TYPE_COUNT * 4] = { false };
	int r;

	assert(hook_count <= ARRAY_LEN(row));
	choose_rows(s, filter, row);
	hooks_load(s->hooks, row);
	if (s->control) {
		set_wants(s->control, filter);
		/* A wider filter before the programs that need it, or what they see first is dropped. */
		r = filter_load(s->hooks, s->control, filter, e);
		if (r)
			return r;
		hooks_attach(s->hooks, row);
	}
	return need_processes(s, e);
}

size_t sensor_gaps(const struct sensor *s, struct sensor_gap *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < hook_count; i++) {
		if (!(hook_table[i].backends & 1u << s->backend) || !hooks_why(s->hooks, i)[0] ||
		    hook_table[i].want == HOOK_FLOWS || hook_table[i].want == HOOK_NAMES)
			continue;
		if (n < max)
			ret[n] = (struct sensor_gap){ hook_table[i].type, hooks_why(s->hooks, i) };
		n++;
	}
	return n;
}

enum sensor_backend sensor_best_backend(void)
{
	char why[16];

	return hook_probe(HOOK_PROBE_WHOLE, why, sizeof(why)) &&
			       hook_probe(HOOK_PROBE_FENTRY, why, sizeof(why))
		       ? SENSOR_OBJECT
		       : SENSOR_TRACEPOINT;
}

static bool names_are_followed(const struct sensor *s)
{
	bool all = true;

	for (size_t i = 0; i < hook_count; i++)
		all &= hook_table[i].want != HOOK_NAMES || hooks_attached(s->hooks, i);
	return all;
}

/* Whatever the filter is, these are needed. */
static void choose_first(const struct sensor *s, bool *all, bool *first)
{
	for (size_t i = 0; i < hook_count; i++) {
		const struct hook *h = &hook_table[i];

		all[i] = h->backends & 1u << s->backend &&
			 (h->want != HOOK_FLOWS || s->config.flows);
		first[i] = all[i] && h->want != HOOK_WANTED;
	}
}

int sensor_new(const struct sensor_config *c, bool ahead, struct sensor **ret, struct err *e)
{
	struct hooks_config h = {
		.state_ring_bytes = c->state_ring_bytes ? c->state_ring_bytes : STATE_RING_BYTES,
		.bulk_ring_bytes = c->bulk_ring_bytes ? c->bulk_ring_bytes : BULK_RING_BYTES,
		.kept = c->kept,
		.kept_count = c->kept_count,
	};
	bool all[EVENT_TYPE_COUNT * 4], first[EVENT_TYPE_COUNT * 4];
	struct sensor *s = calloc(1, sizeof(*s));
	int r;

	assert(hook_count <= ARRAY_LEN(all));
	if (!s)
		return err_set(e, ENOMEM, "sensor: out of memory");
	s->epoll = -1;
	s->boot_ns = clock_boot_offset_ns();
	s->config = *c;
	s->config.kept = NULL;
	s->config.kept_count = 0;
	r = hooks_new(&h, &s->hooks, e);
	if (r) {
		sensor_close(s);
		return r;
	}
	s->backend = c->backend == SENSOR_AUTO ? sensor_best_backend() : c->backend;
	choose_first(s, all, first);
	if (ahead)
		hooks_prepare(s->hooks, all, first);
	*ret = s;
	return 0;
}

void sensor_expect(struct sensor *s, const struct kernel_filter *filter)
{
	bool row[EVENT_TYPE_COUNT * 4] = { false };

	choose_rows(s, filter, row);
	hooks_expect(s->hooks, row);
}

int sensor_start(struct sensor *s, const struct kernel_filter *filter, struct err *e)
{
	size_t state_bytes, bulk_bytes;
	/* Programs are loaded, then the maps they made are filled, and only then do they run. */
	int r = sensor_set_filter(s, filter, e);

	hooks_ring_bytes(s->hooks, &state_bytes, &bulk_bytes);
	if (!r)
		r = open_maps(s, state_bytes, bulk_bytes, filter, e);
	if (!r)
		r = sensor_set_filter(s, filter, e);
	if (r)
		return sensor_kernel_error(r, e);
	s->control->names = names_are_followed(s);
	sensor_flows_open(s);
	__atomic_store_n(&s->control->asleep, 1, __ATOMIC_SEQ_CST);
	return 0;
}

int sensor_open(const struct sensor_config *c, const struct kernel_filter *filter,
		struct sensor **ret, struct err *e)
{
	struct sensor *s = NULL;
	int r = sensor_new(c, false, &s, e);

	if (!r)
		r = sensor_start(s, filter, e);
	if (r)
		sensor_close(s);
	else
		*ret = s;
	return r;
}

void sensor_close(struct sensor *s)
{
	if (!s)
		return;
	ring_close(&s->state);
	ring_close(&s->bulk);
	if (s->control)
		munmap(s->control, (size_t)sysconf(_SC_PAGESIZE));
	hooks_free(s->hooks);
	fd_close(&s->epoll);
	free(s->before);
	free(s);
}

void sensor_set_tap(struct sensor *s, void (*tap)(void *ctx, str record), void *ctx)
{
	s->tap = tap;
	s->tap_ctx = ctx;
}

int sensor_fd(const struct sensor *s)
{
	return s->epoll;
}

int sensor_wait_ms(const struct sensor *s)
{
	return s->quiet > SENSOR_QUIET ? -1 : SENSOR_PERIOD_MS;
}

size_t sensor_keep(const struct sensor *s, int *ret, size_t max)
{
	return hooks_keep(s->hooks, ret, max);
}

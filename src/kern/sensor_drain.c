#include <sys/epoll.h>

#include "base/clock.h"
#include "kern/sensor_priv.h"

#define TELL_LOSSES_NS 100000000ull /* at most this often: the sum is over every cgroup */
/* Longer than between two of sensor_stats(), which reads it anyway. */
#define TELL_SKIPPED_NS (3 * SECOND_NS / 2)

static uint64_t record_time(str record)
{
	uint64_t t;

	if (record.n < sizeof(struct record_head))
		return 0;
	memcpy(&t, record.p + offsetof(struct record_head, time_ns), sizeof(t));
	return t;
}

void sensor_follow_clock(struct sensor *s)
{
	s->boot_ns = clock_boot_offset_again_ns(s->boot_ns);
}

int sensor_deliver(struct sensor *s, str record, sensor_handler on_event, void *ctx, struct err *e)
{
	struct event_exec exec = { 0 };
	struct event v;
	int r = record_parse(record, s->boot_ns, &v, &exec, e);

	if (s->tap)
		s->tap(s->tap_ctx, record);
	if (r) {
		s->lost[CONTROL_LOST_READ]++;
		__atomic_fetch_add(&s->control->losses, 1, __ATOMIC_RELAXED);
		return r;
	}
	if (!record_complete(&v, &s->room))
		return 0;
	v.number = ++s->number;
	s->delivered[v.type]++;
	on_event(ctx, &v);
	if (v.type == EVENT_CGROUP_RMDIR)
		sensor_forget_cgroup(s, v.cgroup_id);
	return 0;
}

/* @param now  lost since the beginning by this cause. @return events told: 0 or 1 */
static size_t tell_loss(struct sensor *s, enum event_loss cause, uint64_t now,
			sensor_handler on_event, void *ctx)
{
	struct event v = { .type = EVENT_LOSS, .fd.number = -1 };

	if (now <= s->told[cause])
		return 0;
	v.arg[0] = (int64_t)(now - s->told[cause]);
	v.arg[1] = cause;
	v.time_ns = clock_ns(CLOCK_REALTIME);
	v.number = ++s->number;
	s->told[cause] = now;
	s->delivered[EVENT_LOSS]++;
	on_event(ctx, &v);
	return 1;
}

/* What was lost since the last time is told as events, so that nobody has to ask. */
static size_t tell_losses(struct sensor *s, sensor_handler on_event, void *ctx)
{
	uint64_t losses = __atomic_load_n(&s->control->losses, __ATOMIC_ACQUIRE);
	uint64_t now[CONTROL_LOSSES], time_ns = clock_ns(CLOCK_MONOTONIC);
	size_t told = 0;

	if (time_ns - s->skipped_ns >= TELL_SKIPPED_NS)
		(void)sensor_skipped(s);
	told += tell_loss(s, EVENT_LOSS_SKIPPED, s->skipped, on_event, ctx);
	if (losses == s->losses_told || time_ns - s->losses_told_ns < TELL_LOSSES_NS)
		return told;
	s->losses_told = losses;
	s->losses_told_ns = time_ns;
	sensor_loss_sum(s, now);
	/* enum control_loss and enum event_loss begin alike */
	for (unsigned int i = 0; i < CONTROL_LOSSES; i++)
		told += tell_loss(s, i, now[i], on_event, ctx);
	return told;
}

/*
 * While events come the caller looks at the rings by the clock and the kernel wakes nobody; after a quiet while the kernel
 * is asked to wake us once. There is one more look by the clock then: a program that was at work when we asked may not
 * have seen it.
 */
static void plan_wake(struct sensor *s, size_t delivered)
{
	if (delivered)
		s->quiet = 0;
	else if (s->quiet <= SENSOR_QUIET)
		s->quiet++;
	if (s->quiet >= SENSOR_QUIET)
		__atomic_store_n(&s->control->asleep, 1, __ATOMIC_SEQ_CST);
}

/* Takes the rings' edges, so that the next poll() is ready only for a new one. */
static void clear_waiting(struct sensor *s)
{
	struct epoll_event seen[2];

	if (s->quiet >= SENSOR_QUIET)
		(void)!epoll_wait(s->epoll, seen, (int)ARRAY_LEN(seen), 0);
}

int sensor_drain(struct sensor *s, size_t max, sensor_handler on_event, void *ctx, struct err *e)
{
	size_t n = 0;
	int bad = 0;

	sensor_follow_clock(s);
	clear_waiting(s);
	while (!max || n < max) {
		bool state, bulk;
		str a, b;

		/* Bulk first: what a bulk event builds on was in the ring of state before it. */
		bulk = ring_peek(&s->bulk, &b);
		state = ring_peek(&s->state, &a);
		if (!bulk && !state)
			break;
		state = state && (!bulk || record_time(a) <= record_time(b));
		if (sensor_deliver(s, state ? a : b, on_event, ctx, e))
			bad = -EBADMSG;
		else
			n++;
		ring_pop(state ? &s->state : &s->bulk);
		if (n % 64 == 0) {
			ring_commit(&s->state);
			ring_commit(&s->bulk);
		}
	}
	ring_commit(&s->state);
	ring_commit(&s->bulk);
	n += tell_losses(s, on_event, ctx);
	plan_wake(s, n);
	return bad ? bad : (int)MIN(n, (size_t)INT32_MAX);
}

#include <malloc.h>
#include <signal.h>

#include "base/clock.h"
#include "base/privilege.h"
#include "base/sandbox.h"
#include "prog/agent/alert_queue.h"
#include "prog/agent/flows.h"
#include "prog/agent/part.h"
#include "prog/agent/sensor_stats.h"
#include "prog/agent/session.h"

enum { STATS_NS = 1000000000, QUEUE_BYTES = 4 << 20, POOL_BYTES = 64 * 1024 };

struct sensor_work {
	const struct part_context *part;
	struct session session;
	struct alert_queue *queue;
	struct flows *flows; /* NULL: nobody wants them */
	char *room;
	bool stopping, reload;
	uint64_t stats_ns, alive_ns;
};

static void say(void *ctx, const char *line)
{
	part_say(((struct sensor_work *)ctx)->part, "%s", line);
}

static void on_alert(void *ctx, const struct alert *a)
{
	alert_queue_put(((struct sensor_work *)ctx)->queue, a);
}

static void hand_on(struct sensor_work *w)
{
	struct message keep = { .kind = MESSAGE_KEEP };

	keep.fd_count = sensor_keep(w->session.sensor, keep.fds, MESSAGE_MAX_FDS);
	if (keep.fd_count && message_send(w->part->supervisor, &keep) < 0)
		part_say(w->part,
			 "what the kernel holds could not be handed on; a successor begins anew");
}

static int begin(struct sensor_work *w, struct err *e)
{
	const struct option_set *o = w->part->options;
	const uint64_t flows_s = option_number(o, "flow-interval", 0);
	const char *console = option_text(o, "console");
	struct session_config c = {
		.options = o,
		.flows = flows_s && console && console[0],
		.watch = { .all_rules = option_flag(o, "all-rules"),
			   .no_folding = option_flag(o, "no-folding"),
			   .usage_interval_ms =
				   (uint32_t)option_number(o, "usage-interval", 10) * 1000 },
		.also = w->part->supervisor,
		.kept = w->part->kept,
		.kept_count = w->part->kept_count,
		.on_alert = on_alert,
		.say = say,
		.ctx = w
	};
	struct rules rules;
	int r = siphash_key_draw(&c.watch.key, e);

	if (r == 0)
		r = session_prepare(&w->session, &c, e);
	if (r < 0)
		return r;
	r = rules_load(o, say, w, &rules, e);
	w->room = malloc(MESSAGE_MAX_BYTES);
	if (r == 0 && !w->room)
		r = err_sys(e, ENOMEM, "cannot begin");
	if (r == 0)
		r = alert_queue_new(w->part->data, QUEUE_BYTES, &w->queue, e);
	if (r == 0 && c.flows)
		r = flows_new(w->part->data, flows_s * SECOND_NS, &w->flows, e);
	if (r == 0)
		return session_open(&w->session, &rules, e);
	session_close(&w->session);
	return r;
}

/** What the work itself needs: hooks for other rules, other processes' files and names. */
static int give_up(struct err *e)
{
	int r = privilege_keep(PRIVILEGE(CAP_BPF) | PRIVILEGE(CAP_PERFMON) |
				       PRIVILEGE(CAP_SYS_PTRACE) | PRIVILEGE(CAP_DAC_READ_SEARCH),
			       e);

	return r < 0 ? r : sandbox_forbid_power(true, e);
}

static void reload(struct sensor_work *w)
{
	struct rules rules;
	struct err e = { 0 };
	int r = rules_load(w->part->options, say, w, &rules, &e);

	w->reload = false;
	if (r == 0)
		r = session_set_rules(&w->session, &rules, &e);
	if (r < 0)
		part_say(w->part, "rules not loaded again, the old ones stay: %s", e.text);
	else
		part_say(w->part, "rules loaded again");
	if (r == 0)
		hand_on(w);
}

static void take_orders(struct sensor_work *w)
{
	struct message m;

	while (message_receive(w->part->supervisor, w->room, &m) > 0) {
		w->stopping |= m.kind == MESSAGE_STOP;
		w->reload |= m.kind == MESSAGE_RELOAD;
		message_done(&m);
	}
}

static bool is_asked_for_costs(const struct sensor_work *w)
{
	struct message m;
	bool asked = false;

	while (message_receive(w->part->data, w->room, &m) > 0) {
		asked |= m.kind == MESSAGE_ASK;
		message_done(&m);
	}
	return asked;
}

static int work(struct sensor_work *w, struct err *e)
{
	while (!w->stopping) {
		uint64_t now;
		int r = session_turn(&w->session, e);

		if (r < 0)
			return r;
		if (r > 0)
			take_orders(w);
		if (w->reload)
			reload(w);
		alert_queue_flush(w->queue);
		now = clock_ns(CLOCK_MONOTONIC);
		if (w->flows)
			flows_turn(w->flows, w->session.sensor, w->session.asset, now);
		if (now - w->stats_ns >= STATS_NS) {
			w->stats_ns = now;
			sensor_stats_send(w->part->data, &w->session, alert_queue_lost(w->queue),
					  is_asked_for_costs(w));
		}
		part_alive(w->part, now, &w->alive_ns);
	}
	session_flush(&w->session);
	alert_queue_flush(w->queue);
	if (w->flows)
		flows_flush(w->flows, w->session.sensor, w->session.asset);
	return 0;
}

static void tell_beginning(const struct sensor_work *w)
{
	struct asset_stats a;
	size_t rules;

	(void)policy_rules(w->session.rules.program, &rules);
	asset_stats(w->session.asset, &a);
	part_say(w->part, "watching by %zu rules with the %s back-end; %zu containers run", rules,
		 sensor_backend_name(sensor_backend_of(w->session.sensor)), a.containers);
}

/*
 * Pools are made large and used as far as needed: from the system they cost what is used. By itself the C library would
 * take them from its own heap, written all over, once large blocks were given back there; and it keeps a heap for each
 * thread there ever was.
 */
static void use_system_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, POOL_BYTES);
	(void)mallopt(M_ARENA_MAX, 1);
}

int sensor_part(void *part_context)
{
	struct sensor_work w = { .part = part_context };
	struct err e = { .translate = ((const struct part_context *)part_context)->translate };
	int r;

	use_system_memory();
	/* The supervisor decides when to end; a terminal's Ctrl-C reaches every process. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	r = begin(&w, &e);
	r = r < 0 ? r : give_up(&e);
	if (r < 0)
		return part_fail(w.part, r, &e);
	hand_on(&w);
	tell_beginning(&w);
	(void)!message_send(w.part->supervisor, &(struct message){ .kind = MESSAGE_READY });
	r = work(&w, &e);
	if (r < 0)
		part_say(w.part, "%s", e.text);
	session_close(&w.session);
	alert_queue_free(w.queue);
	flows_free(w.flows);
	free(w.room);
	return -MIN(r, 0);
}

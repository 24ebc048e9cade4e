#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/privilege.h"
#include "base/sandbox.h"
#include "prog/agent/output.h"
#include "prog/agent/uplink_stats.h"

enum { TURN_MS = 250, BUSY_TURN_MS = 5, MESSAGES_A_TURN = 256, FDS_MAX = 64 };
#define FIGURES_NS (5 * SECOND_NS)

struct uplink {
	const struct part_context *part;
	struct output *outputs;
	struct uplink_stats *stats;
	char *room;
	bool stopping, busy; /* busy: somebody asks, look again soon */
	uint64_t figures_ns;
};

/** What the sensor, the census and the scanner may say; a part that was taken over says what it likes. */
static void take_record(struct uplink *u, const struct message *m)
{
	char kind[24];

	if (m->kind == MESSAGE_SCANNED) {
		outputs_record(u->outputs,
			       &(struct output_record){ .kind = "inventory", .file = m->text });
		return;
	}
	if (m->kind != MESSAGE_RECORD || m->text.n >= sizeof(kind) ||
	    str_find(m->json, '\n') < m->json.n)
		return;
	for (size_t i = 0; i < m->text.n; i++)
		if (m->text.p[i] < 'a' || m->text.p[i] > 'z')
			return;
	snprintf(kind, sizeof(kind), "%.*s", STR_ARG(m->text));
	outputs_record(u->outputs, &(struct output_record){ .kind = kind, .doc = m->json });
}

static void take_message(struct uplink *u, const struct message *m)
{
	if (m->kind == MESSAGE_ALERT && m->number < PRIORITY_COUNT)
		outputs_tell(u->outputs,
			     &(struct output_alert){ .priority = (enum alert_priority)m->number,
						     .text = m->text,
						     .json = m->json });
	else if (m->kind == MESSAGE_STATS)
		uplink_stats_take(u->stats, m->json, m->number != 0);
	else
		take_record(u, m);
}

/** @return how many messages were there */
static unsigned int take_from(struct uplink *u, int fd,
			      void (*take)(struct uplink *u, const struct message *m))
{
	struct message m;
	unsigned int n = 0;
	int r;

	/* A message leaves the socket when the outputs have it: should we die before, our successor finds it there. */
	for (; fd >= 0 && n < MESSAGES_A_TURN && (r = message_peek(fd, u->room, &m)) != 0; n++) {
		if (r < 0 && r != -EBADMSG)
			break;
		if (r > 0)
			take(u, &m);
		message_drop(fd);
	}
	return n;
}

/** The whole document of figures, for those who ask for none. */
static void tell_figures(struct uplink *u, uint64_t now_ns)
{
	str doc;

	if (now_ns - u->figures_ns < FIGURES_NS || !uplink_stats_is_whole(u->stats))
		return;
	u->figures_ns = now_ns;
	doc = str_trim(uplink_stats_document(u->stats));
	if (doc.n)
		outputs_record(u->outputs, &(struct output_record){
						   .kind = "stats", .doc = doc, .passing = true });
}

static void take_orders(struct uplink *u)
{
	struct message m;

	while (message_receive(u->part->supervisor, u->room, &m) > 0) {
		u->stopping |= m.kind == MESSAGE_STOP;
		if (m.kind == MESSAGE_PARTS)
			uplink_stats_take_parts(u->stats, m.json);
		message_done(&m);
	}
}

static void wait_for_work(const struct uplink *u)
{
	struct pollfd fds[FDS_MAX] = { { .fd = u->part->data, .events = POLLIN },
				       { .fd = u->part->supervisor, .events = POLLIN },
				       { .fd = u->part->census, .events = POLLIN },
				       { .fd = u->part->scans, .events = POLLIN } };
	nfds_t n = 4;

	for (const struct output *o = u->outputs; o && n < FDS_MAX; o = o->next)
		if (o->kind->fd) {
			fds[n].fd = o->kind->fd(o, &fds[n].events);
			n++;
		}
	if (n + 2 <= FDS_MAX)
		n += uplink_stats_fds(u->stats, fds + n);
	(void)poll(fds, n, u->busy ? BUSY_TURN_MS : TURN_MS);
}

static void work(struct uplink *u)
{
	uint64_t alive = 0;
	unsigned int taken = 0;

	while (!u->stopping || taken) {
		wait_for_work(u);
		taken = take_from(u, u->part->data, take_message);
		taken += take_from(u, u->part->census, take_record);
		taken += take_from(u, u->part->scans, take_record);
		take_orders(u);
		tell_figures(u, clock_ns(CLOCK_MONOTONIC));
		outputs_tick(u->outputs, clock_ns(CLOCK_MONOTONIC));
		u->busy = uplink_stats_work(u->stats);
		part_alive(u->part, clock_ns(CLOCK_MONOTONIC), &alive);
	}
}

/** Files and sockets are open: no capability is needed from here on, nor much of the file system. */
static int give_up(struct uplink *u, struct err *e)
{
	const struct privilege_place control = uplink_stats_place(u->stats);
	int r = privilege_keep(0, e);

	if (r == 0)
		r = outputs_confine(u->outputs, &control, e);
	return r < 0 ? r : sandbox_forbid_power(false, e);
}

int uplink_part(void *part_context)
{
	struct uplink u = { .part = part_context, .room = malloc(MESSAGE_MAX_BYTES) };
	struct err e = { .translate = ((const struct part_context *)part_context)->translate };
	int r = u.room ? 0 : err_sys(&e, ENOMEM, "cannot start");

	/* The supervisor decides when to end; a terminal's Ctrl-C reaches every process. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	r = r < 0 ? r : outputs_open(&u.outputs, u.part, &e);
	r = r < 0 ? r : uplink_stats_new(u.part, u.outputs, &u.stats, &e);
	r = r < 0 ? r : give_up(&u, &e);
	if (r < 0)
		return part_fail(u.part, r, &e);
	(void)!message_send(u.part->supervisor, &(struct message){ .kind = MESSAGE_READY });
	work(&u);
	uplink_stats_free(u.stats);
	outputs_close(u.outputs);
	free(u.room);
	return 0;
}

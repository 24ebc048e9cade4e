#include <poll.h>
#include <signal.h>
#include <time.h>

#include "prog/agent/output.h"

enum { TURN_MS = 250, MESSAGES_A_TURN = 256 };

struct uplink {
	const struct part_context *part;
	struct output *outputs;
	char *room;
	bool stopping;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/** @return how many messages were there */
static unsigned int take_alerts(struct uplink *u)
{
	struct message m;
	unsigned int n = 0;

	for (; n < MESSAGES_A_TURN && message_receive(u->part->data, u->room, &m) > 0; n++) {
		struct output_alert a = { .text = m.text, .json = m.json };

		if (m.kind != MESSAGE_ALERT || m.number >= PRIORITY_COUNT)
			continue;
		a.priority = (enum alert_priority)m.number;
		outputs_tell(u->outputs, &a, u->part);
	}
	return n;
}

static void take_orders(struct uplink *u)
{
	struct message m;

	while (message_receive(u->part->supervisor, u->room, &m) > 0)
		if (m.kind == MESSAGE_STOP)
			u->stopping = true;
}

static void work(struct uplink *u)
{
	uint64_t alive = 0;
	unsigned int taken = 0;

	while (!u->stopping || taken) {
		struct pollfd fds[] = { { .fd = u->part->data, .events = POLLIN },
					{ .fd = u->part->supervisor, .events = POLLIN } };

		(void)poll(fds, ARRAY_LEN(fds), TURN_MS);
		taken = take_alerts(u);
		take_orders(u);
		outputs_tick(u->outputs, now());
		part_alive(u->part, now(), &alive);
	}
}

int uplink_part(void *part_context)
{
	struct uplink u = { .part = part_context, .room = malloc(MESSAGE_MAX_BYTES) };
	struct err e = { 0 };

	/* The supervisor decides when to end; a terminal's Ctrl-C reaches every process. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (!u.room || outputs_open(&u.outputs, u.part->options, &e) < 0) {
		part_say(u.part, "%s", u.room ? e.text : "out of memory");
		return 1;
	}
	(void)!message_send(u.part->supervisor, &(struct message){ .kind = MESSAGE_READY });
	work(&u);
	outputs_close(u.outputs);
	free(u.room);
	return 0;
}

#include "prog/agent/alert_queue.h"

#include "watch/alert_line.h"
#include "watch/alert_short.h"

struct kept {
	struct kept *next;
	enum alert_priority priority;
	size_t text_n, json_n;
	char bytes[];
};

struct alert_queue {
	int fd;
	size_t bytes, max_bytes, count;
	struct kept *first, **end; /* where the next one goes */
	uint64_t lost;
	struct buf text, json;
};

int alert_queue_new(int fd, size_t max_bytes, struct alert_queue **ret, struct err *e)
{
	struct alert_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return err_sys(e, ENOMEM, "alert queue");
	q->fd = fd;
	q->max_bytes = max_bytes;
	q->end = &q->first;
	q->json.max = q->text.max = MESSAGE_MAX_BYTES / 2;
	*ret = q;
	return 0;
}

static void drop(struct alert_queue *q, struct kept **at)
{
	struct kept *k = *at;

	*at = k->next;
	if (!k->next)
		q->end = at;
	q->bytes -= sizeof(*k) + k->text_n + k->json_n;
	q->count--;
	free(k);
}

void alert_queue_free(struct alert_queue *q)
{
	if (!q)
		return;
	while (q->first)
		drop(q, &q->first);
	buf_done(&q->text);
	buf_done(&q->json);
	free(q);
}

size_t alert_queue_flush(struct alert_queue *q)
{
	while (q->first) {
		const struct kept *k = q->first;
		struct message m = { .kind = MESSAGE_ALERT,
				     .number = k->priority,
				     .text = { k->bytes, k->text_n },
				     .json = { k->bytes + k->text_n, k->json_n } };

		if (message_send(q->fd, &m) < 0)
			break;
		drop(q, &q->first);
	}
	return q->count;
}

/** Makes room by dropping the oldest of the least urgent. @return whether there is some */
static bool make_room(struct alert_queue *q, size_t bytes, enum alert_priority priority)
{
	while (q->bytes + bytes > q->max_bytes) {
		struct kept **worst = NULL;

		for (struct kept **at = &q->first; *at; at = &(*at)->next)
			if (!worst || (*at)->priority > (*worst)->priority)
				worst = at;
		if (!worst || (*worst)->priority < priority)
			return false;
		drop(q, worst);
		q->lost++;
	}
	return true;
}

static void keep(struct alert_queue *q, const struct message *m)
{
	size_t bytes = sizeof(struct kept) + m->text.n + m->json.n;
	enum alert_priority priority = (enum alert_priority)m->number;
	struct kept *k = make_room(q, bytes, priority) ? malloc(bytes) : NULL;

	if (!k) {
		q->lost++;
		return;
	}
	*k = (struct kept){ .priority = priority, .text_n = m->text.n, .json_n = m->json.n };
	memcpy(k->bytes, m->text.p, m->text.n);
	memcpy(k->bytes + m->text.n, m->json.p, m->json.n);
	*q->end = k;
	q->end = &k->next;
	q->bytes += bytes;
	q->count++;
}

/** @return whether it fits */
static bool render(struct alert_queue *q, const struct alert *a)
{
	struct json_out j;

	buf_reset(&q->text);
	buf_reset(&q->json);
	json_out_init(&j, &q->json, false);
	alert_render(a, &j);
	alert_line(a, &q->text);
	return !buf_error(&q->json) && !buf_error(&q->text);
}

/** Each time shorter: of the last length there is no text so odd that its escapes would not fit. */
static bool render_short(struct alert_queue *q, const struct alert *a)
{
	static const size_t lengths[] = { 2048, 512, 48 };
	struct alert_short room;

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		alert_shorten(a, lengths[i], &room);
		if (render(q, &room.alert))
			return true;
	}
	return false;
}

void alert_queue_put(struct alert_queue *q, const struct alert *a)
{
	struct message m = { .kind = MESSAGE_ALERT, .number = a->priority };

	if (!render(q, a) && !render_short(q, a)) {
		q->lost++;
		return;
	}
	m.text = buf_str(&q->text);
	m.json = buf_str(&q->json);
	if (alert_queue_flush(q) > 0 || message_send(q->fd, &m) < 0)
		keep(q, &m);
}

uint64_t alert_queue_lost(const struct alert_queue *q)
{
	return q->lost;
}

#include "console/server/agent_door.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "console/server/server.h"
#include "console/store/store.h"

#define LOOK_NS (5 * SECOND_NS) /* for commands that another replica took */
#define PULSE_NS (15 * SECOND_NS)
enum { WORK_MS = 250, STREAMS_MAX = 20000 };

/* An agent's stream of commands. */
struct stream {
	struct agent_door *door;
	struct stream *next;
	struct http_server_exchange *x; /* NULL: gone; it goes when its errand is back */
	char agent[FLEET_AGENT_BYTES];
	int64_t after;
	uint64_t looked_ns, sent_ns;
	bool busy, hurry;
};

/* What a worker does for us, and brings back. */
struct errand {
	struct agent_door *door;
	struct stream *stream;
	char agent[FLEET_AGENT_BYTES];
	int64_t after;
	struct buf lines;
	int result;
};

/* Names of agents that have commands waiting, from any thread. */
struct waiting {
	struct waiting *next;
	char agent[FLEET_AGENT_BYTES];
};

struct agent_door {
	struct server *server;
	struct fleet *fleet;
	struct stream *streams;
	size_t count;
	pthread_mutex_t lock;
	struct waiting *waiting;
};

static void publish(void *ctx, const char *topic)
{
	server_publish(((struct agent_door *)ctx)->server, str_from(topic));
}

static void say(void *ctx, const char *line)
{
	server_say(((struct agent_door *)ctx)->server, "%s", line);
}

void agent_door_hurry(struct agent_door *d, str agent)
{
	struct waiting *w = agent.n < FLEET_AGENT_BYTES ? calloc(1, sizeof(*w)) : NULL;

	/* Without memory it is found at the next look. */
	if (!w)
		return;
	memcpy(w->agent, agent.p, agent.n);
	pthread_mutex_lock(&d->lock);
	w->next = d->waiting;
	d->waiting = w;
	pthread_mutex_unlock(&d->lock);
}

static void on_command(void *ctx, const char *agent)
{
	struct agent_door *d = ctx;

	agent_door_hurry(d, str_from(agent));
	server_tell_command(d->server, agent);
}

int agent_door_new(struct server *s, struct agent_door **ret, struct err *e)
{
	struct agent_door *d = calloc(1, sizeof(*d));
	struct fleet_options o = { .vulnerability_database = s->o->vulnerability_database,
				   .publish = publish,
				   .say = say,
				   .health = s->health,
				   .on_command = on_command,
				   .ctx = d };
	int r;

	if (!d)
		return err_set(e, ENOMEM, "no memory for the console");
	d->server = s;
	pthread_mutex_init(&d->lock, NULL);
	r = fleet_new(&o, &d->fleet, e);
	if (r < 0) {
		agent_door_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

void agent_door_free(struct agent_door *d)
{
	if (!d)
		return;
	for (struct stream *s = d->streams, *next; s; s = next) {
		next = s->next;
		free(s);
	}
	for (struct waiting *w = d->waiting, *next; w; w = next) {
		next = w->next;
		free(w);
	}
	fleet_free(d->fleet);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

struct fleet *agent_door_fleet(const struct agent_door *d)
{
	return d->fleet;
}

/* ---- On a worker's thread ---- */

void agent_door_answer(struct agent_door *d, struct worker *w, const struct http_server_request *q,
		       int64_t came_ns, struct fleet_reply *ret)
{
	const struct fleet_request r = { .method = q->head.method,
					 .path = q->head.path,
					 .query = q->head.query,
					 .body = q->body,
					 .encoding = http_head_field(&q->head, "content-encoding"),
					 .life = http_head_field(&q->head, "skep-spool"),
					 .time = http_head_field(&q->head, "skep-time"),
					 .came_ns = came_ns,
					 .protocol =
						 http_head_field(&q->head, "skep-agent-protocol"),
					 .peer = str_from(q->peer),
					 .client = q->client };

	if (w->store)
		fleet_answer(d->fleet, w->store, &w->arena, &r, ret);
	else
		*ret = (struct fleet_reply){ .status = 503, .retry_after_s = 2 };
}

static void bring_back(void *arg);

void agent_door_do(struct agent_door *d, struct worker *w, void *arg)
{
	struct errand *r = arg;
	struct err e = { 0 };
	str lines = { 0 };

	if (!w->store) {
		r->result = -EHOSTUNREACH;
	} else {
		r->result = fleet_commands(d->fleet, w->store, &w->arena, r->agent, &r->after,
					   &lines, &e);
		buf_add(&r->lines, lines);
	}
	while (http_server_post(d->server->http, bring_back, r) < 0)
		usleep(1000);
}

/* ---- On the loop's thread ---- */

static void forget(struct agent_door *d, struct stream *s)
{
	for (struct stream **at = &d->streams; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			d->count--;
			free(s);
			return;
		}
}

static void on_gone(void *ctx)
{
	struct stream *s = ctx;

	s->x = NULL;
	if (!s->busy)
		forget(s->door, s);
}

static void end_stream(struct stream *s)
{
	struct http_server_exchange *x = s->x;

	s->x = NULL;
	if (x)
		http_server_end(x);
	if (!s->busy)
		forget(s->door, s);
}

/** @return false: it is gone */
static bool send(struct stream *s, str lines)
{
	s->sent_ns = clock_ns(CLOCK_MONOTONIC);
	s->busy = true; /* so that it stays while it is hung up on */
	http_server_send(s->x, lines);
	s->busy = false;
	if (s->x)
		return true;
	forget(s->door, s);
	return false;
}

static void bring_back(void *arg)
{
	struct errand *r = arg;
	struct stream *s = r->stream;

	s->busy = false;
	if (!s->x) {
		forget(r->door, s);
	} else if (r->result == -EACCES) {
		end_stream(s);
	} else if (r->result == 0) {
		s->after = r->after;
		if (r->lines.n)
			(void)send(s, buf_str(&r->lines));
	}
	buf_done(&r->lines);
	free(r);
}

/** @return whether a worker took it */
static bool give(struct agent_door *d, struct stream *s)
{
	struct errand *r = calloc(1, sizeof(*r));

	if (!r)
		return false;
	r->door = d;
	r->stream = s;
	memcpy(r->agent, s->agent, sizeof(r->agent));
	r->after = s->after;
	if (server_give_errand(d->server, r) == 0)
		return true;
	free(r);
	return false;
}

void agent_door_open(struct agent_door *d, struct http_server_exchange *x,
		     const struct http_server_reply *r, const char *agent, int64_t after)
{
	struct stream *s = calloc(1, sizeof(*s));

	for (struct stream *old = d->streams, *next; old; old = next) {
		next = old->next;
		if (old->x && strcmp(old->agent, agent) == 0)
			end_stream(old);
	}
	if (!s || d->count >= STREAMS_MAX) {
		free(s);
		http_server_answer(x, &(struct http_server_reply){ .status = 503 });
		return;
	}
	*s = (struct stream){
		.door = d, .next = d->streams, .x = x, .after = after, .hurry = true
	};
	snprintf(s->agent, sizeof(s->agent), "%s", agent);
	s->sent_ns = clock_ns(CLOCK_MONOTONIC);
	d->streams = s;
	d->count++;
	http_server_stream(x, r, on_gone, s);
}

static void take_waiting(struct agent_door *d)
{
	struct waiting *list, *next;

	pthread_mutex_lock(&d->lock);
	list = TAKE(&d->waiting);
	pthread_mutex_unlock(&d->lock);
	for (; list; list = next) {
		next = list->next;
		for (struct stream *s = d->streams; s; s = s->next)
			s->hurry |= strcmp(s->agent, list->agent) == 0;
		free(list);
	}
}

int agent_door_work(struct agent_door *d)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	take_waiting(d);
	for (struct stream *s = d->streams, *next; s; s = next) {
		next = s->next;
		if (s->busy || !s->x)
			continue;
		if (now - s->sent_ns > PULSE_NS && !send(s, S("\n")))
			continue;
		if (s->hurry || now - s->looked_ns > LOOK_NS) {
			s->busy = give(d, s);
			s->looked_ns = now;
			s->hurry = false;
		}
	}
	return WORK_MS;
}

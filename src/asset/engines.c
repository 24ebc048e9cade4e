#include "asset/engines.h"

#include <stdio.h>

#include "asset/record.h"
#include "wire/engine_watch.h"

#define MAX_ENGINES 8
#define SCRATCH_BYTES (4u << 20)

struct one {
	struct engine_watch *watch;
	enum engine_kind kind;
};

struct engines {
	struct http_flows *flows;
	struct engines_calls calls;
	char root[ENGINE_SOCKET_PATH_MAX];
	bool fixed; /* the configuration names the engine: no other is followed */
	struct engine_sockets sockets;
	struct one list[MAX_ENGINES];
	size_t count;
};

static void on_container(void *ctx, enum engine_kind kind, const struct value *inspect)
{
	struct engines *g = ctx;
	struct container c;
	struct arena a;

	arena_init(&a, SCRATCH_BYTES);
	if (record_docker(inspect, NULL, &a, &c, NULL) == 0) {
		if (kind == ENGINE_PODMAN)
			c.runtime = CONTAINER_PODMAN;
		g->calls.on_container(g->calls.ctx, &c);
	}
	arena_done(&a);
}

static void on_event(void *ctx, enum engine_kind kind, str action, str id)
{
	struct engines *g = ctx;

	if (str_is(action, "die") || str_is(action, "destroy"))
		g->calls.on_stopped(g->calls.ctx,
				    kind == ENGINE_PODMAN ? CONTAINER_PODMAN : CONTAINER_DOCKER,
				    id);
}

static int follow(struct engines *g, enum engine_kind kind, const char *host, struct err *e)
{
	struct engine_watch_calls calls = { on_container, on_event, g };
	struct one *o = &g->list[g->count];
	int r;

	if (g->count == MAX_ENGINES)
		return 0;
	r = engine_watch_new(kind, host, g->flows, &calls, &o->watch, e);
	if (r < 0)
		return r;
	o->kind = kind;
	g->count++;
	return 0;
}

static int follow_sockets(struct engines *g, size_t from, struct err *e)
{
	int r = 0;

	for (size_t i = from; r == 0 && i < g->sockets.count; i++) {
		const struct engine_socket *s = &g->sockets.list[i];
		char host[ENGINE_SOCKET_PATH_MAX + 8];

		snprintf(host, sizeof(host), "unix://%s", s->path);
		r = follow(g, s->kind, host, e);
	}
	return r;
}

int engines_new(const char *root, const char *host, const struct engines_calls *calls,
		struct engines **ret, struct err *e)
{
	struct engines *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return err_set(e, ENOMEM, "no memory for an engine client");
	snprintf(g->root, sizeof(g->root), "%s", root ? root : "");
	g->calls = *calls;
	g->fixed = host != NULL;
	engine_sockets_usual(g->root, host, &g->sockets);
	r = http_flows_new(&g->flows, e);
	if (r == 0 && host && *host)
		r = follow(g, strstr(host, "podman") ? ENGINE_PODMAN : ENGINE_DOCKER, host, e);
	else if (r == 0 && !host)
		r = follow_sockets(g, 0, e);
	if (r < 0) {
		engines_free(g);
		return r;
	}
	*ret = g;
	return 0;
}

void engines_free(struct engines *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->count; i++)
		engine_watch_free(g->list[i].watch);
	http_flows_free(g->flows);
	free(g);
}

void engines_add(struct engines *g, const struct places *p)
{
	size_t known = g->sockets.count;

	if (g->fixed)
		return;
	engine_sockets_add_places(&g->sockets, g->root, p);
	/* Not to follow one more engine is no failure: its files are read all the same. */
	(void)!follow_sockets(g, known, NULL);
}

const struct engine_sockets *engines_sockets(const struct engines *g)
{
	return &g->sockets;
}

int engines_fd(const struct engines *g)
{
	return http_flows_fd(g->flows);
}

void engines_work(struct engines *g, uint64_t now_ns)
{
	http_flows_work(g->flows);
	for (size_t i = 0; i < g->count; i++)
		engine_watch_tick(g->list[i].watch, now_ns);
}

void engines_ask(struct engines *g, enum container_runtime r, str id)
{
	for (size_t i = 0; i < g->count; i++) {
		bool podman = g->list[i].kind == ENGINE_PODMAN;

		if (r == CONTAINER_OTHER || podman == (r == CONTAINER_PODMAN))
			engine_watch_ask(g->list[i].watch, id);
	}
}

void engines_stats(const struct engines *g, struct engines_stats *ret)
{
	*ret = (struct engines_stats){ .settled = true };
	for (size_t i = 0; i < g->count; i++) {
		struct engine_watch_state s;

		engine_watch_state(g->list[i].watch, &s);
		ret->up += s.is_up;
		ret->settled &= s.is_settled;
		ret->errors += s.errors;
	}
}

#include "asset/engines.h"

#include <stdio.h>
#include <sys/stat.h>

#include "asset/record.h"
#include "wire/engine_watch.h"

#define MAX_ENGINES 8
#define SOCKET_MAX 320
#define SCRATCH_BYTES (4u << 20)

struct one {
	struct engine_watch *watch;
	enum engine_kind kind;
	char socket[SOCKET_MAX]; /* empty for a host that is none */
};

struct engines {
	struct http_flows *flows;
	struct engines_calls calls;
	char root[SOCKET_MAX]; /* without the last '/' */
	bool fixed;            /* the configuration names the engine: no other is followed */
	struct one list[MAX_ENGINES];
	size_t count;
};

static const char *const docker_sockets[] = { "/run/docker.sock", "/var/run/docker.sock" };
static const char *const podman_sockets[] = { "/run/podman/podman.sock" };

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

static int follow(struct engines *g, enum engine_kind kind, const char *host, const char *socket,
		  struct err *e)
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
	snprintf(o->socket, sizeof(o->socket), "%s", socket);
	g->count++;
	return 0;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return strcmp(a, b) == 0 || (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_ino == y.st_ino &&
				     x.st_dev == y.st_dev);
}

static int follow_socket(struct engines *g, enum engine_kind kind, const char *socket,
			 struct err *e)
{
	char path[SOCKET_MAX], host[SOCKET_MAX + 8];
	int n = snprintf(path, sizeof(path), "%s%s", g->root, socket);

	if (n < 0 || (size_t)n >= sizeof(path))
		return 0;
	for (size_t i = 0; i < g->count; i++)
		if (is_same_file(path, g->list[i].socket))
			return 0;
	snprintf(host, sizeof(host), "unix://%s", path);
	return follow(g, kind, host, path, e);
}

static int follow_usual(struct engines *g, struct err *e)
{
	int r = 0;

	/* /var/run is a link to /run nearly everywhere: one of the two is enough where neither is there yet. */
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(docker_sockets); i++)
		if (i == 0 || access(docker_sockets[i], F_OK) == 0)
			r = follow_socket(g, ENGINE_DOCKER, docker_sockets[i], e);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(podman_sockets); i++)
		r = follow_socket(g, ENGINE_PODMAN, podman_sockets[i], e);
	return r;
}

int engines_new(const char *root, const char *host, const struct engines_calls *calls,
		struct engines **ret, struct err *e)
{
	struct engines *g = calloc(1, sizeof(*g));
	size_t n;
	int r;

	if (!g)
		return err_set(e, ENOMEM, "no memory for an engine client");
	n = root ? strlen(root) : 0;
	while (n && root[n - 1] == '/')
		n--;
	snprintf(g->root, sizeof(g->root), "%.*s", (int)MIN(n, sizeof(g->root)), n ? root : "");
	g->calls = *calls;
	g->fixed = host != NULL;
	r = http_flows_new(&g->flows, e);
	if (r == 0 && host && *host)
		r = follow(g, strstr(host, "podman") ? ENGINE_PODMAN : ENGINE_DOCKER, host, "", e);
	else if (r == 0 && !host)
		r = follow_usual(g, e);
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

void engines_add(struct engines *g, const char *socket)
{
	/* Not to follow one more engine is no failure: its files are read all the same. */
	if (!g->fixed && follow_socket(g, ENGINE_DOCKER, socket, NULL) < 0)
		return;
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

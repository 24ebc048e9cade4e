#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "asset/id_map.h"
#include "base/clock.h"
#include "base/privilege.h"
#include "base/sandbox.h"
#include "prog/agent/census_collect.h"
#include "prog/agent/census_lone.h"
#include "prog/agent/part.h"

/* What there is on this node besides events, in a process of its own: a look at all processes takes longer than the sensor
 * may be away from its rings. */
#define CONTAINERS_NS SECOND_NS
#define SCAN_NS (10 * SECOND_NS)
#define SOON_NS SECOND_NS
#define PROCESSES_NS (10 * SECOND_NS)
#define PORTS_NS (15 * SECOND_NS)
#define USERS_NS (10 * SECOND_NS)
#define HOST_NS (60 * SECOND_NS)
#define RENEW_NS (900 * SECOND_NS)
enum { TURN_MS = 250, ROOT_BYTES = 320, SEND_TRIES = 20, SEND_MS = 100, NICE = 5 };

struct work {
	const struct part_context *part;
	struct census *census;
	struct census_users *users;
	struct census_engine *engine;
	struct asset *asset;
	struct census_lone lone;
	char root[ROOT_BYTES];
	int proc_fd;
	char *room;
	bool stopping;
	uint64_t alive_ns, containers_ns, scan_ns, processes_ns, ports_ns, users_ns, host_ns,
		renew_ns, lone_ns;
	bool lone_young; /* a container was too young to be told: the next look is soon */
};

/** Uplink may be slow for a moment; what it does not take is told with the next look. */
static int tell(void *ctx, const char *kind, str doc)
{
	struct work *w = ctx;
	const struct message m = { .kind = MESSAGE_RECORD, .text = str_from(kind), .json = doc };
	int r = message_send(w->part->data, &m);

	for (int i = 0; r == -EAGAIN && i < SEND_TRIES; i++) {
		struct pollfd p = { .fd = w->part->data, .events = POLLOUT };

		(void)poll(&p, 1, SEND_MS);
		part_alive(w->part, clock_ns(CLOCK_MONOTONIC), &w->alive_ns);
		r = message_send(w->part->data, &m);
	}
	return r;
}

/* As whom its root acts on the host: another than 0 where an engine is a user's own (rootless) or maps users. */
static void put_root(const struct work *w, const struct container *c, struct buf *out)
{
	const uint32_t pid = asset_process_of(w->asset, c);
	struct id_map map;
	uint32_t user;
	char path[24];

	snprintf(path, sizeof(path), "%u/uid_map", pid);
	if (pid && id_map_read(w->proc_fd, path, &map, NULL) == 0 && id_map_outside(&map, 0, &user))
		buf_printf(out, ",\"rootHostUid\":%u", user);
}

static bool render_container(const struct work *w, const struct container *c, bool running,
			     struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out, false);
	container_render(c, &j);
	if (buf_error(out) || out->n < 2)
		return false;
	out->n--;
	buf_printf(out, ",\"state\":\"%s\"", running ? "running" : "exited");
	if (running)
		put_root(w, c, out);
	else
		buf_printf(out, ",\"finishedNs\":%llu",
			   (unsigned long long)clock_ns(CLOCK_REALTIME));
	buf_byte(out, '}');
	return !buf_error(out);
}

/** containerd keeps an image's digest with a container; its id, by which all else knows it, stands in the manifest. */
static struct container with_image_id(const struct work *w, const struct container *c)
{
	struct container whole = *c;

	if (!whole.image_id.n)
		whole.image_id = census_engine_image_id(w->engine, c->image_digest);
	return whole;
}

static void put_container(void *ctx, const struct container *c)
{
	struct work *w = ctx;
	const struct container whole = with_image_id(w, c);
	OWNED_BUF doc = BUF_INIT;

	if (c->runtime != CONTAINER_HOST && render_container(w, &whole, true, &doc))
		census_put(w->census, CENSUS_CONTAINER, c->id, buf_str(&doc));
}

static void on_container(void *ctx, const struct container *c, bool started UNUSED, bool stopped)
{
	struct work *w = ctx;
	const struct container whole = with_image_id(w, c);
	OWNED_BUF doc = BUF_INIT;

	if (c->runtime == CONTAINER_HOST)
		return;
	census_engine_hurry(w->engine);
	if (!stopped)
		put_container(w, c);
	else if (render_container(w, &whole, false, &doc))
		census_drop(w->census, CENSUS_CONTAINER, c->id, buf_str(&doc));
}

static bool is_due(uint64_t now, uint64_t *at, uint64_t every)
{
	if (*at && now - *at < every)
		return false;
	*at = now;
	return true;
}

static void say_missing(void *ctx, const struct users_missing *m)
{
	const struct work *w = ctx;

	part_say(w->part, "users of '%.*s' are not told, or not all: %s", STR_ARG(m->container),
		 m->why);
}

static void say_lone(void *ctx, const struct lone_container *l)
{
	const struct work *w = ctx;

	part_say(w->part,
		 "container %.12s of user %u (conmon is process %u) has no control group of its "
		 "own: what it does is told as the host's",
		 l->id, l->user, l->pid);
}

static void say_cut(const struct work *w)
{
	if (census_cut_began(w->census))
		part_say(w->part,
			 "the console is not told of all that is on this node: the census holds %d "
			 "things, and ids of %d bytes",
			 CENSUS_MAX, CENSUS_ID_MAX);
}

static void look(struct work *w, uint64_t now)
{
	if (!w->renew_ns)
		w->renew_ns = now;
	else if (is_due(now, &w->renew_ns, RENEW_NS))
		census_renew(w->census);
	/* Nobody tells this part of control groups: they are read again, soon where an engine tells of a container. */
	if (is_due(now, &w->scan_ns, asset_has_missed(w->asset) ? SOON_NS : SCAN_NS))
		(void)!asset_scan(w->asset, NULL);
	(void)!asset_poll(w->asset, on_container, w, NULL);
	if (is_due(now, &w->containers_ns, CONTAINERS_NS)) {
		census_begin(w->census, CENSUS_CONTAINER);
		asset_each(w->asset, put_container, w);
		census_end(w->census, CENSUS_CONTAINER);
	}
	census_engine_work(w->engine, now);
	if (is_due(now, &w->users_ns, USERS_NS))
		census_users_look(w->users, now);
	census_users_work(w->users, now);
	/* Processes that are there for long are looked at closely once, by then with their users' names. */
	if (census_users_known(w->users) && is_due(now, &w->processes_ns, PROCESSES_NS))
		census_processes_look(w->census, w->proc_fd, w->asset, w->users);
	if (census_users_known(w->users) && is_due(now, &w->ports_ns, PORTS_NS))
		census_ports_look(w->census, w->proc_fd, w->asset, w->users);
	if (is_due(now, &w->host_ns, HOST_NS)) {
		census_host_look(w->census, w->root, census_engine_render(w->engine));
		say_cut(w);
	}
	if (is_due(now, &w->lone_ns, w->lone_young ? CENSUS_LONE_YOUNG_NS : HOST_NS))
		w->lone_young = census_lone_look(&w->lone, w->proc_fd, w->census, say_lone, w);
}

static void take_orders(struct work *w)
{
	struct message m;

	while (message_receive(w->part->supervisor, w->room, &m) > 0) {
		w->stopping |= m.kind == MESSAGE_STOP;
		message_done(&m);
	}
	while (message_receive(w->part->data, w->room, &m) > 0) {
		if (m.kind == MESSAGE_SNAPSHOT) {
			census_renew(w->census);
			w->host_ns = w->processes_ns = w->ports_ns = w->users_ns = 0;
			census_engine_hurry(w->engine);
		}
		message_done(&m);
	}
}

static int open_asset(struct work *w, struct err *e)
{
	const struct option_set *o = w->part->options;
	struct asset_config c = { .root = option_text(o, "host-root"),
				  .docker_host = option_flag(o, "no-engines")
							 ? ""
							 : option_text(o, "engine"),
				  .data_roots = option_list(o, "engine-data", NULL) };
	int r = asset_new(&c, &w->asset, e);

	if (r == 0)
		r = census_users_new(w->census, w->asset, w->root, say_missing, w, &w->users, e);
	return r < 0 ? r
		     : census_engine_new(w->census, w->asset, w->root, c.data_roots, &w->engine, e);
}

static int begin(struct work *w, struct err *e)
{
	const char *root = option_text(w->part->options, "host-root");
	size_t n = root ? strlen(root) : 0;
	char path[ROOT_BYTES + 8];
	int r;

	while (n && root[n - 1] == '/')
		n--;
	snprintf(w->root, sizeof(w->root), "%.*s", (int)n, root ? root : "");
	snprintf(path, sizeof(path), "%s/proc", w->root);
	w->proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	w->room = malloc(MESSAGE_MAX_BYTES);
	if (w->proc_fd < 0 || !w->room)
		return err_sys(e, errno, "'%s'", path);
	r = census_new(tell, w, &w->census, e);
	if (r == 0)
		r = open_asset(w, e);
	/* Names of other users' files and descriptors; nothing else. */
	if (r == 0)
		r = privilege_keep(PRIVILEGE(CAP_SYS_PTRACE) | PRIVILEGE(CAP_DAC_READ_SEARCH), e);
	return r < 0 ? r : sandbox_forbid_power(false, e);
}

int census_part(void *part_context)
{
	struct work w = { .part = part_context, .proc_fd = -1 };
	struct err e = { .translate = ((const struct part_context *)part_context)->translate };
	int r;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	r = begin(&w, &e);
	if (r < 0)
		return part_fail(w.part, r, &e);
	(void)!message_send(w.part->supervisor, &(struct message){ .kind = MESSAGE_READY });
	while (!w.stopping) {
		struct pollfd fds[] = { { .fd = asset_fd(w.asset), .events = POLLIN },
					{ .fd = census_engine_fd(w.engine), .events = POLLIN },
					{ .fd = w.part->supervisor, .events = POLLIN },
					{ .fd = w.part->data, .events = POLLIN } };

		(void)poll(fds, ARRAY_LEN(fds), TURN_MS);
		take_orders(&w);
		look(&w, clock_ns(CLOCK_MONOTONIC));
		part_alive(w.part, clock_ns(CLOCK_MONOTONIC), &w.alive_ns);
	}
	census_engine_free(w.engine);
	census_users_free(w.users);
	asset_free(w.asset);
	census_free(w.census);
	free(w.room);
	return 0;
}

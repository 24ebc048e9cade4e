#include "console/registry/registry_service.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/process.h"
#include "codec/mac.h"
#include "console/registry/steward.h"
#include "console/store/registries.h"
#include "console/store/secret_key.h"

enum { REST_S = 3, END_MS = 2000 };

struct registry_service {
	struct registry_service_options o;
	struct seal_key key;
	struct networks reach;
	int told[2];   /* what changed, from the steward */
	int orders[2]; /* to it: look now */
	pid_t keeper;
};

static int steward(void *ctx)
{
	const struct registry_service *g = ctx;

	return steward_run(&(struct steward_options){ .where = g->o.where,
						      .state = g->o.state,
						      .key = &g->key,
						      .reach = &g->reach,
						      .told = g->told[1],
						      .orders = g->orders[0],
						      .say = g->o.say,
						      .ctx = g->o.ctx });
}

static int keep(void *ctx)
{
	struct registry_service *g = ctx;
	const int ends[] = { g->told[1], g->orders[0] };

	for (;;) {
		struct process_end end = { 0 };
		struct err e = { 0 };
		char line[160];
		pid_t pid;

		if (process_start(steward, g, ends, ARRAY_LEN(ends), &pid, &e) == 0)
			(void)!process_wait(pid, &end, &e);
		snprintf(line, sizeof(line),
			 "registries: the process that watches them ended (status %d, signal %d) "
			 "and is "
			 "started anew",
			 end.exit_status, end.signal);
		if (g->o.say)
			g->o.say(g->o.ctx, line);
		nanosleep(&(struct timespec){ .tv_sec = REST_S }, NULL);
	}
	return 0;
}

static int set_reach(struct registry_service *g, struct err *e)
{
	int r = networks_add(&g->reach, S("127.0.0.0/8"), e);

	if (r == 0)
		r = networks_add(&g->reach, S("::1"), e);
	for (const char *const *n = g->o.networks; r == 0 && n && *n; n++)
		r = networks_add(&g->reach, str_from(*n), e);
	return r < 0 ? err_wrap(e, r, "--notify-allow") : 0;
}

int registry_service_new(const struct registry_service_options *o, struct registry_service **ret,
			 struct err *e)
{
	struct registry_service *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return err_set(e, ENOMEM, "no memory for registries");
	g->o = *o;
	g->told[0] = g->told[1] = g->orders[0] = g->orders[1] = -1;
	r = set_reach(g, e);
	if (r == 0)
		r = secret_key_get(o->state, &g->key, e);
	if (r == 0 && (pipe2(g->told, O_CLOEXEC | O_NONBLOCK) < 0 ||
		       pipe2(g->orders, O_CLOEXEC | O_NONBLOCK) < 0))
		r = err_sys(e, errno, "pipe");
	if (r == 0)
		r = process_start(keep, g, (int[]){ g->told[1], g->orders[0] }, 2, &g->keeper, e);
	if (r < 0) {
		registry_service_free(g);
		return r;
	}
	fd_close(&g->told[1]);
	fd_close(&g->orders[0]);
	*ret = g;
	return 0;
}

/* The steward dies with its keeper, a moment later; it holds the other end. */
static void await_steward(struct registry_service *g)
{
	struct pollfd gone = { .fd = g->told[0], .events = POLLIN };
	const uint64_t until_ms = clock_ms(CLOCK_MONOTONIC) + END_MS;
	uint64_t now_ms;
	char bytes[64];

	/* Who saw its end closed this one. */
	while (g->told[0] >= 0 && (now_ms = clock_ms(CLOCK_MONOTONIC)) < until_ms) {
		ssize_t n = read(g->told[0], bytes, sizeof(bytes));

		if (n == 0)
			break;
		if (n < 0 && poll(&gone, 1, (int)(until_ms - now_ms)) < 0)
			break;
	}
}

void registry_service_free(struct registry_service *g)
{
	if (!g)
		return;
	if (g->keeper) {
		process_kill(g->keeper);
		await_steward(g);
	}
	for (size_t i = 0; i < ARRAY_LEN(g->told); i++) {
		fd_close(&g->told[i]);
		fd_close(&g->orders[i]);
	}
	secret_wipe(&g->key, sizeof(g->key));
	free(g);
}

int registry_service_fd(const struct registry_service *g)
{
	return g->told[0];
}

void registry_service_hurry(const struct registry_service *g)
{
	/* What does not fit is said by what is in it already. */
	(void)!write(g->orders[1], "!", 1);
}

struct registry_changes registry_service_changed(struct registry_service *g)
{
	struct registry_changes c = { 0 };
	char bytes[64];
	ssize_t n;

	while ((n = read(g->told[0], bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			c.registries = c.registries || bytes[i] == STEWARD_REGISTRIES;
			c.findings = c.findings || bytes[i] == STEWARD_FINDINGS;
		}
	if (n == 0) {
		fd_close(&g->told[0]);
		c.ended = true;
	}
	return c;
}

int registry_service_seal(const struct registry_service *g, int64_t id, str password,
			  struct buf *out, struct err *e)
{
	char place[REGISTRY_PLACE_BYTES];

	registry_place(id, place);
	return password.n ? seal(&g->key, str_from(place), password, out, e) : 0;
}

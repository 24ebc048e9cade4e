/*
 * Follows who runs here and prints a line of JSON for each change, so that tests can play engines against it:
 *
 *   asset_probe SECONDS [DOCKER_HOST]
 *
 * It ends after so long, or before when its standard input ends. The last line holds the statistics and the longest time a
 * call took. Cgroups are found by looking every 20 ms, as no sensor tells of them here.
 */
#include <stdio.h>

#include <poll.h>
#include <unistd.h>

#include "asset/asset.h"
#include "base/clock.h"

static uint64_t longest_us;

static void print(void *ctx, const struct container *c, bool started, bool stopped)
{
	OWNED_BUF b = BUF_INIT;
	struct json_out j;

	(void)ctx;
	json_out_init(&j, &b, false);
	json_object_open(&j);
	json_put_bool(&j, "started", started);
	json_put_bool(&j, "stopped", stopped);
	json_key(&j, "container");
	container_render(c, &j);
	json_object_close(&j);
	printf("%s\n", buf_cstr(&b));
	fflush(stdout);
}

static int poll_once(struct asset *a, struct err *e)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC);
	int r = asset_poll(a, print, NULL, e);

	longest_us = MAX(longest_us, (clock_ns(CLOCK_MONOTONIC) - begin) / 1000);
	return r;
}

int main(int argc, char **argv)
{
	struct asset_config c = { .docker_host = argc > 2 ? argv[2] : NULL };
	uint64_t end = clock_ns(CLOCK_MONOTONIC) +
		       (argc > 1 ? strtoull(argv[1], NULL, 10) : 1) * SECOND_NS;
	struct asset_stats s;
	struct asset *a;
	struct err e = { 0 };
	int r = asset_new(&c, &a, &e);

	if (r < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	while (r >= 0 && clock_ns(CLOCK_MONOTONIC) < end) {
		struct pollfd p[] = { { .fd = asset_fd(a), .events = POLLIN },
				      { .fd = STDIN_FILENO, .events = POLLIN } };

		r = asset_scan(a, &e);
		if (r >= 0)
			r = poll_once(a, &e);
		if (poll(p, ARRAY_LEN(p), 20) < 0 || p[1].revents)
			break;
	}
	asset_stats(a, &s);
	printf("{\"containers\":%zu,\"engines\":%u,\"errors\":%llu,\"unknown\":%zu,\"longestUs\":%"
	       "llu}\n",
	       s.containers, s.engines, (unsigned long long)s.engine_errors, s.unknown,
	       (unsigned long long)longest_us);
	asset_free(a);
	return r < 0;
}

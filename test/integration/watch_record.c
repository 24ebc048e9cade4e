/*
 * Records what containers do as events in JSON, one a line, and as the kernel wrote them:
 * watch_record SECONDS HOST-SOCKET DATA-ROOT RECORDS RULES... >EVENTS (make_recording.py drives it)
 *
 * The kernel is asked for what the rules need. Host's events are left out, and every container's control group is
 * written as 2, so that a recording says nothing of the machine it was made on and replays on the stage of the unit tests.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "../unit/recording.h"
#include "asset/asset.h"
#include "base/file.h"
#include "kern/sensor.h"
#include "model/event_json.h"

enum { RECORDED_GROUP = 2 };

struct recorder {
	struct asset *asset;
	struct sensor *sensor;
	FILE *records;
	str raw; /* of the event at hand */
};

static void die(const struct err *e)
{
	fprintf(stderr, "watch_record: %s\n", e->text);
	exit(1);
}

static void see_record(void *ctx, str record)
{
	((struct recorder *)ctx)->raw = record;
}

static void record(void *ctx, const struct event *v)
{
	struct recorder *r = ctx;
	const struct container *c;
	struct event copy = *v;
	OWNED_BUF line = BUF_INIT;
	struct json_out j;

	if (v->type == EVENT_CGROUP_MKDIR)
		(void)asset_cgroup_made(r->asset, v->cgroup_id, v->path);
	c = asset_find(r->asset, v->cgroup_id);
	if (c)
		(void)!sensor_set_cgroup(r->sensor, v->cgroup_id,
					 c->runtime == CONTAINER_HOST ? SENSOR_CGROUP_HOST
								      : SENSOR_CGROUP_CONTAINER,
					 NULL);
	if ((c && c->runtime == CONTAINER_HOST) || !v->task.pid ||
	    event_type_family(v->type) == EVENT_FAMILY_CGROUP)
		return;
	copy.cgroup_id = RECORDED_GROUP;
	json_out_init(&j, &line, false);
	event_render(&copy, &j);
	puts(buf_cstr(&line));
	/* Losses are told by events that are no record. */
	if (v->type != EVENT_LOSS)
		recording_put(r->records, r->raw, RECORDED_GROUP);
}

static struct rule_set *read_rules(char **files, int count)
{
	struct rule_set *set;
	struct err e = { 0 };

	if (rule_set_new(&set, &e) < 0)
		die(&e);
	for (int i = 0; i < count; i++) {
		OWNED_BUF text = BUF_INIT;

		if (file_read(AT_FDCWD, files[i], 1 << 24, &text, &e) < 0 ||
		    rule_set_add(set, str_from(files[i]), buf_str(&text), &e) < 0)
			die(&e);
	}
	if (rule_set_finish(set, &e) < 0)
		die(&e);
	return set;
}

static void ignore(void *ctx, const struct container *c, bool started, bool stopped)
{
	(void)ctx, (void)c, (void)started, (void)stopped;
}

int main(int argc, char **argv)
{
	const char *roots[] = { argc > 3 ? argv[3] : NULL, NULL };
	struct asset_config ac = { .docker_host = argc > 2 ? argv[2] : NULL, .data_roots = roots };
	struct sensor_config sc = { .backend = SENSOR_TRACEPOINT, .self_pid = (uint32_t)getpid() };
	struct policy_program *program;
	struct kernel_filter filter;
	struct recorder r = { 0 };
	struct rule_set *rules;
	struct arena arena;
	struct err e = { 0 };
	uint32_t seconds;
	time_t end;

	if (argc < 6 || str_u32(str_from(argv[1]), &seconds) < 0 ||
	    !(r.records = fopen(argv[4], "w"))) {
		fprintf(stderr,
			"usage: watch_record SECONDS HOST-SOCKET DATA-ROOT RECORDS RULES...\n");
		return 2;
	}
	recording_begin(r.records);
	rules = read_rules(argv + 5, argc - 5);
	arena_init(&arena, (size_t)64 << 20);
	if (policy_compile(rules, &policy_events, &program, &e) < 0 ||
	    kernel_filter_derive(program, &arena, &filter, &e) < 0 ||
	    asset_new(&ac, &r.asset, &e) < 0 || asset_scan(r.asset, &e) < 0 ||
	    sensor_open(&sc, &filter, &r.sensor, &e) < 0)
		die(&e);
	sensor_set_tap(r.sensor, see_record, &r);
	if (sensor_snapshot(r.sensor, record, &r, &e) < 0)
		die(&e);
	fprintf(stderr, "recording\n");
	end = time(NULL) + seconds;
	while (time(NULL) < end) {
		struct pollfd p = { .fd = sensor_fd(r.sensor), .events = POLLIN };

		(void)poll(&p, 1, 2);
		if (sensor_drain(r.sensor, 0, record, &r, &e) < 0)
			die(&e);
		(void)!asset_poll(r.asset, ignore, NULL, NULL);
	}
	if (fclose(r.records) || fflush(stdout)) {
		perror("watch_record");
		return 1;
	}
	sensor_close(r.sensor);
	asset_free(r.asset);
	policy_free(program);
	rule_set_free(rules);
	arena_done(&arena);
	return 0;
}

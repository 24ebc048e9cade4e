#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/privilege.h"
#include "base/sandbox.h"
#include "base/time.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "prog/agent/disk_images.h"
#include "prog/agent/engine_base.h"
#include "prog/agent/part.h"
#include "prog/agent/scan_cgroup.h"
#include "scan/source/scan_image.h"
#include "scan/source/scan_reader.h"
#include "wire/http_flow.h"

/* Each image that runs here is read once, by its digest: what it holds lies in the folder of scans, and the console is told. The
 * reading itself is a child's: it may take minutes, be attacked, or grow; only one at a time. */
#define LOOK_NS (5 * SECOND_NS)
#define AGAIN_S 3600 /* after a failure */
#define CGROUPS_MAX ((uint64_t)64 << 10)
#define FIND_MEMORY ((size_t)256 << 20)
#define ANSWER_MAX ((size_t)16 << 20)
enum {
	TURN_MS = 250,
	QUEUE_MAX = 512,
	NICE = 19,
	ANSWER_S = 10,
	PATH_BYTES = 512,
	KEEP_MAX = 2000
};

struct scanner {
	const struct part_context *part;
	char folder[PATH_BYTES], cache[PATH_BYTES], socket[PATH_BYTES];
	char queue[QUEUE_MAX][DIGEST_TEXT_BYTES];
	size_t waiting;
	struct scan_reader reader;
	struct http_flows *flows;
	struct http_flow *flow;
	struct buf body;
	char *room;
	struct scan_cgroup cgroup;
	bool stopping, full;
	uint64_t alive_ns, look_ns;
};

static bool is_image(str id)
{
	uint8_t sum[SHA256_BYTES];

	return id.n == DIGEST_TEXT_BYTES - 1 && digest_parse(id, sum, NULL) == 0;
}

/** "sha256-..." */
static void file_of(const char *image, char ret[DIGEST_TEXT_BYTES + 8])
{
	snprintf(ret, DIGEST_TEXT_BYTES + 8, "sha256-%s.json", image + sizeof("sha256:") - 1);
}

static void path_of(const struct scanner *s, const char *image, char ret[2 * PATH_BYTES])
{
	char file[DIGEST_TEXT_BYTES + 8];

	file_of(image, file);
	snprintf(ret, (size_t)2 * PATH_BYTES, "%s/%s", s->folder, file);
}

/** Whether it was read; a failure counts for an hour. */
static bool is_known(const struct scanner *s, const char *image)
{
	char path[2 * PATH_BYTES], head[32] = { 0 };
	struct stat st;
	OWNED_FD fd = -1;

	path_of(s, image, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	return read(fd, head, sizeof(head) - 1) > 0 &&
	       (strncmp(head, SCAN_IMAGE_FAILED, sizeof(SCAN_IMAGE_FAILED) - 1) != 0 ||
		time(NULL) - st.st_mtime < AGAIN_S);
}

static void tell_done(const struct scanner *s, const char *image)
{
	char file[DIGEST_TEXT_BYTES + 8];

	file_of(image, file);
	if (message_send(s->part->data,
			 &(struct message){ .kind = MESSAGE_SCANNED, .text = str_from(file) }) < 0)
		part_say(s->part, "could not tell of the scan of %s", image);
}

static void tell_progress(const struct scanner *s, const char *image, const char *state)
{
	char doc[256], time_text[TIME_TEXT_BYTES];

	time_render((int64_t)time(NULL), time_text);
	snprintf(doc, sizeof(doc),
		 "{\"time\":\"%s\",\"image\":\"%s\",\"state\":\"%s\",\"waiting\":%zu}", time_text,
		 image, state, s->waiting);
	(void)!message_send(s->part->data, &(struct message){ .kind = MESSAGE_RECORD,
							      .text = S("scan"),
							      .json = str_from(doc) });
}

static void put_in_line(struct scanner *s, str id, bool again)
{
	char image[DIGEST_TEXT_BYTES];

	if (!is_image(id))
		return;
	snprintf(image, sizeof(image), "%.*s", STR_ARG(id));
	if (is_known(s, image)) {
		/* Somebody asks for what is known: it is told again. */
		if (again)
			tell_done(s, image);
		return;
	}
	if (s->reader.pid && strcmp(image, s->reader.image) == 0)
		return;
	for (size_t i = 0; i < s->waiting; i++)
		if (strcmp(s->queue[i], image) == 0)
			return;
	if (s->waiting == QUEUE_MAX) {
		if (!s->full)
			part_say(s->part, "more than %d images wait to be scanned", QUEUE_MAX);
		s->full = true;
		return;
	}
	memcpy(s->queue[s->waiting++], image, sizeof(image));
	tell_progress(s, image, "queued");
}

/* ---- The child ---- */

/** Where the engine of this image keeps it; an image that no folder has is asked of Docker. */
static void find_target(const struct scanner *s, char *ret, size_t size)
{
	const char *root = option_text(s->part->options, "host-root");
	const struct disk_image *d = NULL;
	struct disk_images list;
	struct arena a;

	arena_init(&a, FIND_MEMORY);
	if (disk_images_find(root ? root : "", option_list(s->part->options, "engine-data", NULL),
			     &a, &list, NULL) == 0)
		d = disk_images_by_id(&list, str_from(s->reader.image));
	if (d)
		snprintf(ret, size, "%.*s", STR_ARG(d->target));
	else
		snprintf(ret, size, "docker:%s", s->reader.image);
	arena_done(&a);
}

static int child(void *ctx)
{
	struct scanner *s = ctx;
	char host[PATH_BYTES + 8], target[4 * PATH_BYTES];
	const struct scan_options o = {
		.limits = limits_default(), .cache_dir = s->cache, .docker_host = host, .jobs = 1
	};
	const struct scan_image_task task = { .image = s->reader.image,
					      .target = target,
					      .file = s->reader.file,
					      .options = &o,
					      .base_layers = engine_base_layers,
					      .ctx = s->socket,
					      .nice = NICE };

	(void)!scan_cgroup_enter(&s->cgroup);
	snprintf(host, sizeof(host), "unix://%s", s->socket);
	find_target(s, target, sizeof(target));
	return scan_image(&task) < 0 ? 1 : 0;
}

static void start(struct scanner *s)
{
	char image[DIGEST_TEXT_BYTES], path[2 * PATH_BYTES];
	struct err e = { 0 };

	memcpy(image, s->queue[0], sizeof(image));
	memmove(s->queue[0], s->queue[1], --s->waiting * sizeof(s->queue[0]));
	s->full = false;
	tell_progress(s, image, "running");
	path_of(s, image, path);
	if (scan_reader_start(&s->reader, image, path, child, s, s->cgroup.procs, s->cgroup.count,
			      &e) < 0)
		part_say(s->part, "%s", e.text);
}

static void tend(struct scanner *s)
{
	if (scan_reader_ended(&s->reader)) {
		tell_progress(s, s->reader.image, "done");
		tell_done(s, s->reader.image);
	}
	if (!s->reader.pid && s->waiting)
		start(s);
}

/* ---- What runs ---- */

static int collect(void *ctx, str bytes)
{
	struct scanner *s = ctx;

	buf_add(&s->body, bytes);
	return buf_error(&s->body);
}

static void on_list(void *ctx, int result, int status)
{
	struct scanner *s = ctx;
	struct arena a;
	struct value v;

	s->flow = NULL;
	if (result < 0 || status != 200)
		return;
	arena_init(&a, (size_t)64 << 20);
	if (json_parse(buf_str(&s->body), &a, &v, NULL) == 0)
		VALUE_EACH (c, &v)
			put_in_line(s, value_get_str(c, "ImageID"), false);
	arena_done(&a);
}

static void ask_list(struct scanner *s)
{
	const struct http_options http = { .unix_socket = s->socket };
	const struct http_flow_request q = { .url = "http://localhost/containers/json",
					     .max_body = ANSWER_MAX,
					     .total_s = ANSWER_S,
					     .on_body = collect,
					     .on_end = on_list,
					     .ctx = s };

	buf_reset(&s->body);
	(void)!http_flow_start(s->flows, &http, &q, &s->flow, NULL);
}

static void take_orders(struct scanner *s)
{
	struct message m;

	while (message_receive(s->part->supervisor, s->room, &m) > 0) {
		s->stopping |= m.kind == MESSAGE_STOP;
		message_done(&m);
	}
	while (message_receive(s->part->data, s->room, &m) > 0) {
		if (m.kind == MESSAGE_SCAN)
			put_in_line(s, m.text, true);
		message_done(&m);
	}
}

/** Where no group may be made, nice and the limits of each reader must do. */
static void make_cgroup(struct scanner *s)
{
	OWNED_BUF own = BUF_INIT;
	struct err e = { 0 };
	int r = file_read(AT_FDCWD, "/proc/self/cgroup", CGROUPS_MAX, &own, &e);

	if (r == 0)
		r = scan_cgroup_make("/sys/fs/cgroup", buf_cstr(&own), getppid(), &s->cgroup, &e);
	if (r < 0)
		part_say(s->part, "images are read by nice alone, without a control group: %s",
			 e.text);
}

static int begin(struct scanner *s, struct err *e)
{
	const struct option_set *o = s->part->options;
	const char *state = option_text(o, "state"), *engine = option_text(o, "engine");
	const char *root = option_text(o, "host-root");
	int r;

	snprintf(s->folder, sizeof(s->folder), "%s/" PART_SCANS, state);
	snprintf(s->cache, sizeof(s->cache), "%s/layers", state);
	if (engine && strncmp(engine, "unix://", 7) == 0)
		snprintf(s->socket, sizeof(s->socket), "%s", engine + 7);
	else
		snprintf(s->socket, sizeof(s->socket), "%s/run/docker.sock", root ? root : "");
	s->body.max = ANSWER_MAX;
	s->room = malloc(MESSAGE_MAX_BYTES);
	if (!s->room)
		return err_sys(e, ENOMEM, "scanner");
	r = file_make_dirs(s->folder, 0700, e);
	if (r == 0)
		r = file_make_dirs(s->cache, 0700, e);
	if (r == 0)
		r = http_flows_new(&s->flows, e);
	if (r == 0)
		make_cgroup(s);
	if (r == 0)
		r = privilege_keep(0, e);
	return r < 0 ? r : sandbox_forbid_power(false, e);
}

int scanner_part(void *part_context)
{
	struct scanner *s = calloc(1, sizeof(*s));
	struct err e = { 0 };

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (!s)
		return 1;
	s->part = part_context;
	if (begin(s, &e) < 0) {
		part_say(s->part, "%s", e.text);
		return 1;
	}
	(void)!message_send(s->part->supervisor, &(struct message){ .kind = MESSAGE_READY });
	while (!s->stopping) {
		struct pollfd fds[] = { { .fd = http_flows_fd(s->flows), .events = POLLIN },
					{ .fd = s->part->supervisor, .events = POLLIN },
					{ .fd = s->part->data, .events = POLLIN } };
		uint64_t now;

		(void)poll(fds, ARRAY_LEN(fds), TURN_MS);
		take_orders(s);
		http_flows_work(s->flows);
		now = clock_ns(CLOCK_MONOTONIC);
		if (!s->flow && (!s->look_ns || now - s->look_ns > LOOK_NS)) {
			s->look_ns = now;
			ask_list(s);
		}
		tend(s);
		part_alive(s->part, now, &s->alive_ns);
	}
	scan_reader_stop(&s->reader);
	http_flow_stop(s->flow);
	http_flows_free(s->flows);
	buf_done(&s->body);
	free(s->room);
	free(s);
	return 0;
}

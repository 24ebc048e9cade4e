#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "asset/engine_sockets.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/privilege.h"
#include "base/sandbox.h"
#include "base/time.h"
#include "codec/digest.h"
#include "prog/agent/disk_images.h"
#include "prog/agent/engine_base.h"
#include "prog/agent/part.h"
#include "prog/agent/scan_cgroup.h"
#include "scan/source/scan_image.h"
#include "scan/source/scan_reader.h"

/* Each image the console asks for is read once, by its digest: what it holds lies in the folder of scans, and the console is told. The
 * reading itself is a child's: it may take minutes, be attacked, or grow; only one at a time. It keeps power over nothing, but for the images
 * of a user's own engine, which lie in folders that only their owner and CAP_DAC_READ_SEARCH may enter. */
#define AGAIN_S 3600 /* after a failure */
#define FIND_MEMORY ((size_t)256 << 20)
enum { TURN_MS = 250, QUEUE_MAX = 512, NICE = 19, STALL_S = 30, PATH_BYTES = 512 };

struct scanner {
	const struct part_context *part;
	char folder[PATH_BYTES], cache[PATH_BYTES];
	char queue[QUEUE_MAX][DIGEST_TEXT_BYTES];
	size_t waiting;
	struct scan_reader reader;
	char *room;
	bool stopping, full;
	uint64_t alive_ns;
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

/* An image, and the socket of the engine that has it; empty: it was found on disk. */
struct found {
	char target[4 * PATH_BYTES], socket[ENGINE_SOCKET_PATH_MAX];
	bool of_user; /* disk_image */
};

static bool engine_has(const struct engine_socket *s, const char *image)
{
	char host[ENGINE_SOCKET_PATH_MAX + 8];
	struct engine_image known;
	struct engine *g = NULL;
	struct arena a;
	bool has;

	arena_init(&a, FIND_MEMORY);
	snprintf(host, sizeof(host), "unix://%s", s->path);
	has = engine_new(s->kind, host, STALL_S, &g, NULL) == 0 &&
	      engine_inspect(g, str_from(image), &a, &known, NULL) == 0;
	engine_free(g);
	arena_done(&a);
	return has;
}

/** One that nobody has is asked of the first, whose error is told. @return whether somebody has it */
static bool ask_engines(const struct scanner *s, const char *root, const char *const *data_roots,
			struct found *ret)
{
	const struct option_set *o = s->part->options;
	const char *host = option_flag(o, "no-engines") ? "" : option_text(o, "engine");
	OWNED_FD root_fd = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct engine_sockets sockets;
	const struct engine_socket *at = NULL;
	struct places places;
	bool has;

	engine_sockets_usual(root, host, &sockets);
	if (!host && root_fd >= 0) {
		places_find(root_fd, data_roots, &places);
		engine_sockets_add_places(&sockets, root, &places);
	}
	for (size_t i = 0; i < sockets.count && !at; i++)
		if (engine_has(&sockets.list[i], s->reader.image))
			at = &sockets.list[i];
	has = at;
	if (!at && sockets.count)
		at = &sockets.list[0];
	if (!at)
		return false;
	snprintf(ret->socket, sizeof(ret->socket), "%s", at->path);
	snprintf(ret->target, sizeof(ret->target), "%s:%s",
		 at->kind == ENGINE_PODMAN ? "podman" : "docker", s->reader.image);
	return has;
}

/** Where the engine of this image keeps it; one that no folder of root's has is asked of engines that answer. */
static void find(const struct scanner *s, struct found *ret)
{
	const char *root = option_text(s->part->options, "host-root");
	const char *const *data_roots = option_list(s->part->options, "engine-data", NULL);
	const struct disk_image *d = NULL;
	struct disk_images list;
	struct arena a;
	bool asked;

	*ret = (struct found){ 0 };
	root = root ? root : "";
	arena_init(&a, FIND_MEMORY);
	if (disk_images_find(root, data_roots, &a, &list, NULL) == 0)
		d = disk_images_by_id(&list, str_from(s->reader.image));
	asked = !(d && !d->of_user) && ask_engines(s, root, data_roots, ret);
	if (d && !asked) {
		*ret = (struct found){ .of_user = d->of_user };
		snprintf(ret->target, sizeof(ret->target), "%.*s", STR_ARG(d->target));
	}
	arena_done(&a);
}

static int child(void *ctx)
{
	struct scanner *s = ctx;
	char host[ENGINE_SOCKET_PATH_MAX + 8];
	struct found found;
	struct scan_options o = {
		.limits = limits_default(), .docker_host = host, .podman_host = host, .jobs = 1
	};
	struct scan_image_task task = { .image = s->reader.image,
					.target = found.target,
					.file = s->reader.file,
					.options = &o,
					.nice = NICE };
	struct err e = { 0 };

	(void)!scan_cgroup_enter(s->part->readers);
	find(s, &found);
	if (!found.target[0])
		return scan_image_failed(task.image, "no engine here has it", task.file) < 0;
	/* What a user may have changed is not to be another image's layer. */
	o.cache_dir = found.of_user ? NULL : s->cache;
	if (!found.of_user && privilege_keep(0, &e) < 0)
		return scan_image_failed(task.image, e.text, task.file) < 0;
	snprintf(host, sizeof(host), "unix://%s", found.socket);
	if (found.socket[0]) {
		task.base_layers = engine_base_layers;
		task.ctx = found.socket;
	}
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
	if (scan_reader_start(&s->reader, image, path, child, s, s->part->readers->procs,
			      s->part->readers->count, &e) < 0)
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

static int begin(struct scanner *s, struct err *e)
{
	const struct option_set *o = s->part->options;
	const char *state = option_text(o, "state");
	int r;

	snprintf(s->folder, sizeof(s->folder), "%s/" PART_SCANS, state);
	snprintf(s->cache, sizeof(s->cache), "%s/layers", state);
	s->room = malloc(MESSAGE_MAX_BYTES);
	if (!s->room)
		return err_sys(e, ENOMEM, "scanner");
	r = file_make_dirs(s->folder, 0700, e);
	if (r == 0)
		r = file_make_dirs(s->cache, 0700, e);
	if (r == 0)
		r = privilege_keep(PRIVILEGE(CAP_DAC_READ_SEARCH), e);
	return r < 0 ? r : sandbox_forbid_power(false, e);
}

int scanner_part(void *part_context)
{
	struct scanner *s = calloc(1, sizeof(*s));
	struct err e = { .translate = ((const struct part_context *)part_context)->translate };
	int r;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (!s)
		return ENOMEM;
	s->part = part_context;
	r = begin(s, &e);
	if (r < 0)
		return part_fail(s->part, r, &e);
	(void)!message_send(s->part->supervisor, &(struct message){ .kind = MESSAGE_READY });
	while (!s->stopping) {
		struct pollfd fds[] = { { .fd = s->part->supervisor, .events = POLLIN },
					{ .fd = s->part->data, .events = POLLIN },
					{ .fd = scan_reader_fd(&s->reader), .events = POLLIN } };

		(void)poll(fds, ARRAY_LEN(fds), TURN_MS);
		take_orders(s);
		tend(s);
		part_alive(s->part, clock_ns(CLOCK_MONOTONIC), &s->alive_ns);
	}
	scan_reader_stop(&s->reader);
	free(s->room);
	free(s);
	return 0;
}

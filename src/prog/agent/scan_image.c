#include "prog/agent/scan_image.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/time.h"
#include "codec/json.h"
#include "scan/source/source.h"
#include "wire/http.h"

#define MEMORY_MOST ((rlim_t)2 << 30)
#define PROCESSOR_MOST_S 1800
#define RESULT_MOST ((size_t)14 << 20)
#define LIST_MAX ((uint64_t)16 << 20)
enum { IMAGES_MAX = 200, URL_BYTES = 160 };

static str now_text(char ret[TIME_TEXT_BYTES])
{
	time_render((int64_t)time(NULL), ret);
	return str_from(ret);
}

int scan_image_failed(const char *image, const char *why, const char *file)
{
	OWNED_BUF out = BUF_INIT;
	char text[TIME_TEXT_BYTES];
	struct json_out j;

	json_out_init(&j, &out, false);
	json_object_open(&j);
	json_put_cstr(&j, "error", why);
	json_put_cstr(&j, "image", image);
	json_put_str(&j, "scanned", now_text(text));
	json_object_close(&j);
	return buf_error(&out) ? buf_error(&out)
			       : file_write_atomic(AT_FDCWD, file, buf_str(&out), 0600, NULL);
}

/* ---- Whose layers ---- */

static bool get(struct http_client *c, const char *path, struct arena *a, struct value *ret)
{
	char url[URL_BYTES];
	struct http_request q = { .url = url, .max_body = LIST_MAX };
	struct http_response r = { 0 };
	bool ok;

	snprintf(url, sizeof(url), "http://localhost%s", path);
	ok = http_exchange(c, &q, &r, NULL) == 0 && r.status == 200 &&
	     json_parse(buf_str(&r.body), a, ret, NULL) == 0;
	http_response_done(&r);
	return ok;
}

/** How many of the image's layers are all the layers of this other one, from the lowest; 0: not all, or all of ours. */
static size_t shared(const struct inventory *v, const struct value *layers)
{
	if (!layers || layers->kind != VALUE_ARRAY || layers->count >= v->layer_count)
		return 0;
	for (size_t i = 0; i < layers->count; i++)
		if (!str_eq(value_str(value_at(layers, i)), v->layers[i].diff_id))
			return 0;
	return layers->count;
}

/** The lowest layer of an image is nearly always a distribution's files, and then the first instruction says so. */
static size_t first_is_base(const struct inventory *v)
{
	str by = v->layer_count ? v->layers[0].created_by : (str){ 0 };

	return str_search(by, S("ADD file:")) < by.n || str_search(by, S("ADD rootfs")) < by.n ||
			       str_search(by, S("ADD alpine")) < by.n ||
			       str_search(by, S("debuerreotype")) < by.n ||
			       str_search(by, S("bazel build")) < by.n
		       ? 1
		       : 0;
}

/**
 * How many of the lowest layers belong to a base image: another of this engine that is all of them, the largest; else what the
 * first instruction tells. 0: not known.
 */
static size_t base_layers(const struct inventory *v, const char *engine)
{
	struct http_options o = { .unix_socket = engine };
	struct http_client *c;
	size_t most = first_is_base(v), asked = 0;
	struct value list;
	struct arena a;

	if (http_client_new(&o, &c, NULL) < 0)
		return most;
	arena_init(&a, (size_t)64 << 20);
	if (get(c, "/images/json", &a, &list))
		VALUE_EACH (i, &list) {
			char path[URL_BYTES - 32];
			struct value one;
			struct arena b;

			if (++asked > IMAGES_MAX)
				break;
			snprintf(path, sizeof(path), "/images/%.*s/json",
				 STR_ARG(str_take(value_get_str(i, "Id"), 80)));
			arena_init(&b, (size_t)8 << 20);
			if (get(c, path, &b, &one))
				most = MAX(most, shared(v, value_path(&one, "RootFS.Layers")));
			arena_done(&b);
		}
	arena_done(&a);
	http_client_free(c);
	return most;
}

/* ---- The image ---- */

static int write_inventory(const struct scan_image_task *t, const struct inventory *v,
			   uint64_t took_ms)
{
	OWNED_BUF out = { .max = RESULT_MOST };
	char text[TIME_TEXT_BYTES];
	size_t base = base_layers(v, t->engine);
	struct json_out j;

	json_out_init(&j, &out, false);
	json_object_open(&j);
	json_put_cstr(&j, "image", t->image);
	json_put_str(&j, "scanned", now_text(text));
	json_put_uint(&j, "milliseconds", took_ms);
	if (base)
		json_put_uint(&j, "baseLayers", base);
	json_key(&j, "inventory");
	inventory_render(v, &j);
	json_object_close(&j);
	if (buf_error(&out))
		return scan_image_failed(t->image, "it holds more than can be told", t->file);
	return file_write_atomic(AT_FDCWD, t->file, buf_str(&out), 0600, NULL);
}

int scan_image(const struct scan_image_task *t)
{
	const struct rlimit memory = { MEMORY_MOST, MEMORY_MOST };
	const struct rlimit processor = { PROCESSOR_MOST_S, PROCESSOR_MOST_S };
	uint64_t start = clock_ms(CLOCK_MONOTONIC);
	struct scan_options o = { .limits = limits_default(), .cache_dir = t->cache, .jobs = 1 };
	char host[600], target[160];
	struct inventory v;
	struct err e = { 0 };
	struct arena a;
	int r;

	(void)setrlimit(RLIMIT_DATA, &memory);
	(void)setrlimit(RLIMIT_CPU, &processor);
	snprintf(host, sizeof(host), "unix://%s", t->engine);
	snprintf(target, sizeof(target), "docker:%s", t->image);
	o.docker_host = host;
	arena_init(&a, (size_t)1 << 30);
	r = source_read_image(target, &o, &a, &v, &e);
	r = r < 0 ? scan_image_failed(t->image, e.text, t->file)
		  : write_inventory(t, &v, clock_ms(CLOCK_MONOTONIC) - start);
	arena_done(&a);
	return r;
}

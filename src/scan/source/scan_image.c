#include "scan/source/scan_image.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/time.h"
#include "codec/json.h"
#include "scan/layer/layer_cache.h"

#define MEMORY_MOST ((rlim_t)2 << 30)
#define PROCESSOR_MOST_S 1800
#define RESULT_MOST ((size_t)14 << 20)

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

static int write_inventory(const struct scan_image_task *t, const struct inventory *v,
			   uint64_t took_ms)
{
	OWNED_BUF out = { .max = RESULT_MOST };
	char text[TIME_TEXT_BYTES];
	size_t base = first_is_base(v);
	struct json_out j;

	if (t->base_layers)
		base = MAX(base, t->base_layers(t->ctx, v));
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

/* A cache that is full for a while harms nobody: the next scan tries again. */
static void prune(const char *cache)
{
	const int64_t now_ns = (int64_t)clock_ns(CLOCK_REALTIME);

	if (cache)
		(void)!layer_cache_prune(cache, LAYER_CACHE_KEEP_BYTES,
					 now_ns - LAYER_CACHE_KEEP_NS, NULL);
}

int scan_image(const struct scan_image_task *t)
{
	const struct rlimit memory = { MEMORY_MOST, MEMORY_MOST };
	const struct rlimit processor = { PROCESSOR_MOST_S, PROCESSOR_MOST_S };
	const struct sched_param none = { 0 };
	uint64_t start = clock_ms(CLOCK_MONOTONIC);
	struct inventory v;
	struct err e = { 0 };
	struct arena a;
	int r;

	(void)setrlimit(RLIMIT_DATA, &memory);
	(void)setrlimit(RLIMIT_CPU, &processor);
	(void)setpriority(PRIO_PROCESS, 0, t->nice);
	(void)sched_setscheduler(0, SCHED_BATCH, &none);
	arena_init(&a, (size_t)1 << 30);
	r = source_read_image(t->target, t->options, &a, &v, &e);
	r = r < 0 ? scan_image_failed(t->image, e.text, t->file)
		  : write_inventory(t, &v, clock_ms(CLOCK_MONOTONIC) - start);
	arena_done(&a);
	prune(t->options->cache_dir);
	return r;
}

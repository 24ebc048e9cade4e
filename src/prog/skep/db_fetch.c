#include "prog/skep/db_fetch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <time.h>

#include "base/file.h"
#include "base/time.h"
#include "prog/skep/log.h"
#include "prog/skep/progress.h"
#include "scan/feed/feed.h"
#include "scan/feed/upstream.h"
#include "wire/fetch.h"

#define FEED_LIST_MAX (4u << 20)

const struct option_def db_fetch_options[] = {
	{ .name = "insecure",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_SOURCE,
	  .help = { "allow plain HTTP and unverified TLS", "允许 HTTP 与不校验的 TLS" } },
	{ 0 },
};

struct download {
	const struct invocation *v;
	const char *what;
};

static void show(void *ctx, uint64_t done, uint64_t total)
{
	const struct download *d = ctx;

	if (d->v->progress)
		progress_update(d->what, done, total);
}

int db_fetch(struct invocation *v, const char *url, const char *path)
{
	struct download d = { v, "download" };
	struct fetch_options o = {
		.ca_file = option_text(&v->options, "ca-file"),
		.docker_config = option_text(&v->options, "docker-config"),
		.insecure = option_flag(&v->options, "insecure"),
		.stall_s = (unsigned int)MIN(option_number(&v->options, "timeout", 30),
					     (uint64_t)86400),
		.progress = show,
		.progress_ctx = &d,
	};
	int r = fetch_file(url, path, &o, &v->err);

	progress_done();
	return r;
}

static int feed_list(struct invocation *v, struct feed_upstream_list *ret)
{
	const char *path = option_text(&v->options, "feeds-list");
	OWNED_BUF text = BUF_INIT;
	int r;

	if (!path) {
		size_t n = 0;

		while (feed_upstreams[n].file)
			n++;
		ret->items = arena_array(v->arena, n, sizeof(*ret->items));
		if (!ret->items)
			return err_set(&v->err, ENOBUFS, "memory budget spent");
		memcpy(ret->items, feed_upstreams, n * sizeof(*ret->items));
		ret->count = n;
		return 0;
	}
	r = file_read(AT_FDCWD, path, FEED_LIST_MAX, &text, &v->err);
	if (r == 0)
		r = feed_upstream_parse(buf_str(&text), v->arena, ret, &v->err);
	return r < 0 ? err_wrap(&v->err, r, "%s", path) : 0;
}

static str feeds_dir(struct invocation *v)
{
	const char *given = option_text(&v->options, "feeds-dir");
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (given)
		return str_from(given);
	if (base && *base == '/')
		return arena_printf(v->arena, "%s/skep/feeds", base);
	return arena_printf(v->arena, "%s/.cache/skep/feeds", home ? home : "");
}

static int make_folder_of(struct invocation *v, str path)
{
	str folder = arena_str(v->arena, str_take(path, str_find_last(path, '/')));

	if (!folder.p)
		return err_set(&v->err, ENOBUFS, "memory budget spent");
	return file_make_dirs(folder.p, 0755, &v->err);
}

/* @return 0 fresh, 1 only an older copy is there, 2 nothing is there, or an error */
static int fetch_feed(struct invocation *v, const struct feed_upstream *u, str path)
{
	int r = make_folder_of(v, path);

	if (r < 0)
		return r;
	if (db_fetch(v, u->url, path.p) == 0)
		return 0;
	if (access(path.p, R_OK) == 0) {
		log_warning("%s: %s; the older copy is used", u->file, v->err.text);
		return 1;
	}
	log_warning("%s: %s", u->file, v->err.text);
	return 2;
}

static int import_feeds(struct invocation *v, const struct feed_upstream_list *l, const str *paths,
			struct vulndb_builder *b)
{
	struct feed_sink sink = vulndb_builder_sink(b);

	for (size_t i = 0; i < l->count; i++) {
		struct feed_stats s = { 0 };
		int r;

		if (!paths[i].n)
			continue;
		if (v->progress)
			progress_update("import", 0, 0);
		r = feed_import(paths[i].p, &sink, &s, &v->err);
		progress_done();
		if (r < 0)
			return err_wrap(&v->err, r, "cannot import '%s'", paths[i].p);
		if (!s.files)
			log_warning("no importer recognises '%s'", paths[i].p);
	}
	return 0;
}

static str now(struct arena *a)
{
	char text[TIME_TEXT_BYTES];

	time_render((int64_t)time(NULL), text);
	return arena_str(a, str_from(text));
}

static int build(struct invocation *v, const struct feed_upstream_list *l, const str *paths,
		 const char *path)
{
	struct vulndb_build_options o = { .built = now(v->arena) };
	struct vulndb_build_stats stats;
	struct vulndb_builder *b;
	int r = vulndb_builder_new(&b, &v->err);

	if (r < 0)
		return r;
	r = import_feeds(v, l, paths, b);
	if (r == 0)
		r = vulndb_builder_write(b, path, &o, &stats, &v->err);
	if (r == 0 && stats.claims == 0)
		r = err_set(&v->err, EBADMSG, "the feeds hold no advisory that could be read");
	if (r == 0 && (stats.unreadable || stats.bad_versions))
		log_warning("%" PRIu64 " records could not be used; `skep db build` names them",
			    stats.unreadable + stats.bad_versions);
	vulndb_builder_free(b);
	return r;
}

int db_fetch_feeds(struct invocation *v, const char *path, size_t *ret_lost)
{
	struct feed_upstream_list l = { 0 };
	size_t old = 0, missing = 0;
	str dir = feeds_dir(v);
	str *paths;
	int r = feed_list(v, &l);

	if (r < 0)
		return r;
	paths = arena_array(v->arena, l.count, sizeof(*paths));
	if (!paths || !dir.p)
		return err_set(&v->err, ENOBUFS, "memory budget spent");
	for (size_t i = 0; i < l.count; i++) {
		str at = arena_printf(v->arena, "%s/%s", dir.p, l.items[i].file);

		if (!at.p)
			return err_set(&v->err, ENOBUFS, "memory budget spent");
		r = fetch_feed(v, &l.items[i], at);
		if (r < 0)
			return r;
		old += r == 1;
		missing += r == 2;
		paths[i] = r == 2 ? (str){ NULL, 0 } : at;
	}
	if (missing && !option_flag(&v->options, "allow-missing"))
		return err_set(&v->err, EHOSTUNREACH,
			       "%zu of %zu feeds could not be fetched: the database stays as it is "
			       "(--allow-missing builds one without them)",
			       missing, l.count);
	r = build(v, &l, paths, path);
	if (r == 0)
		*ret_lost = old + missing;
	return r;
}

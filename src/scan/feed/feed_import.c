#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/time.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "codec/archive.h"
#include "scan/feed/feed_set.h"
#include "scan/feed/formats.h"

#define MAX_NESTING 4
#define MAX_FOLDER_DEPTH 32
#define MAX_ENTRIES 5000000
#define MAX_FILE_BYTES (1 * GIB)
#define MAX_TOTAL_BYTES (64 * GIB)
#define PARSE_BUDGET_BYTES (2 * GIB)
#define HEAD_BYTES 16384
#define READ_BYTES 65536

struct import {
	const struct feed_sink *outer;
	struct feed_sink sink; /* counts and remembers whether an error was the sink's */
	struct feed_stats stats;
	struct err *e;
	uint64_t total_bytes;
	int sink_error;
	int64_t mtime;   /* of the archive's entry being read; 0: none */
	char origin[64]; /* of the claims of the file being read, while no date was told */
	bool dated;
	struct feed_set set;
};

static int on_claim(void *ctx, const struct claim *c, struct err *e)
{
	struct import *im = ctx;
	int r = im->outer->claim(im->outer->ctx, c, e);

	im->stats.records++;
	if (!im->dated)
		(void)snprintf(im->origin, sizeof(im->origin), "%.*s", STR_ARG(c->origin));
	if (r < 0)
		im->sink_error = r;
	return r;
}

static int on_fact(void *ctx, const struct vulnerability *v, struct err *e)
{
	struct import *im = ctx;
	int r = im->outer->fact(im->outer->ctx, v, e);

	im->stats.records++;
	if (r < 0)
		im->sink_error = r;
	return r;
}

static void on_unreadable(void *ctx, str place, const char *why)
{
	struct import *im = ctx;

	im->outer->unreadable(im->outer->ctx, place, why);
}

static void on_as_of(void *ctx, str origin, str date)
{
	struct import *im = ctx;

	im->dated = true;
	if (im->outer->as_of)
		im->outer->as_of(im->outer->ctx, origin, date);
}

/* A format that tells no date of its own is as old as its entry in the archive: published archives are packed with the
 * time of the last change. The time of a plain file only says when it was copied. */
static void date_by_entry(struct import *im)
{
	char text[TIME_TEXT_BYTES];

	if (im->dated || !im->origin[0] || im->mtime <= 0)
		return;
	time_render_day(im->mtime, text);
	on_as_of(im, str_from(im->origin), str_from(text));
}

static void unreadable(struct import *im, str place, const struct err *why)
{
	on_unreadable(im, place, why->text);
}

static void ignore(struct import *im, str path)
{
	if (im->stats.ignored_files < FEED_IGNORED_NAMED)
		(void)snprintf(im->stats.ignored[im->stats.ignored_files],
			       sizeof(im->stats.ignored[0]), "%.*s", STR_ARG(path));
	im->stats.ignored_files++;
}

static int import_files(struct import *im, const struct feed_format *f,
			const struct feed_file *files, size_t count)
{
	struct err why = { 0 };
	struct arena a;
	int r;

	im->dated = false;
	im->origin[0] = '\0';
	arena_init(&a, PARSE_BUDGET_BYTES);
	r = f->set_of && count > 1 ? f->import_set(files, count, &a, &im->sink, &why)
				   : f->import(files->path, files->text, &a, &im->sink, &why);
	arena_done(&a);
	if (im->sink_error)
		return err_set(im->e, -im->sink_error, "%s", why.text);
	if (r < 0)
		unreadable(im, files->path, &why);
	date_by_entry(im);
	return 0;
}

/* Imports the set that was kept, if one was. */
static int import_kept(struct import *im)
{
	int64_t mtime = im->mtime;
	int r = 0;

	if (im->set.format) {
		im->mtime = im->set.mtime;
		r = import_files(im, im->set.format, im->set.files, im->set.count);
		im->mtime = mtime;
	}
	feed_set_reset(&im->set);
	return r;
}

static int keep(struct import *im, const struct feed_format *f, str key,
		const struct feed_file *file)
{
	int r = 0;

	if (!feed_set_takes(&im->set, f, key, file->text.n)) {
		if (str_eq(im->set.key, key))
			on_unreadable(im, key, "too many files to understand together");
		r = import_kept(im);
	}
	if (r == 0)
		r = feed_set_add(&im->set, f, key, file, im->mtime, im->e);
	if (r < 0)
		im->sink_error = r;
	return r;
}

/* One whole file in memory, offered to the importers. */
static int offer(struct import *im, str path, str text)
{
	const struct feed_file file = { path, text };
	str head = str_take(text, HEAD_BYTES);

	for (size_t i = 0; feed_formats[i]; i++) {
		str key = { 0 };

		if (!feed_formats[i]->wants(path, head))
			continue;
		im->stats.files++;
		if (feed_formats[i]->set_of)
			key = feed_formats[i]->set_of(path);
		return key.n ? keep(im, feed_formats[i], key, &file)
			     : import_files(im, feed_formats[i], &file, 1);
	}
	ignore(im, path);
	return 0;
}

struct memory {
	str rest;
};

static ssize_t pull_memory(void *ctx, const void **ret, struct err *e UNUSED)
{
	struct memory *m = ctx;
	str all = m->rest;

	m->rest = (str){ 0 };
	*ret = all.p;
	return (ssize_t)all.n;
}

static bool is_packed(str path, str head)
{
	static const struct {
		const char *magic;
		size_t n;
	} magics[] = { { "\x1f\x8b", 2 },
		       { "\x28\xb5\x2f\xfd", 4 },
		       { "\xfd"
			 "7zXZ",
			 5 },
		       { "BZh", 3 },
		       { "PK\x03\x04", 4 } };

	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (str_starts(head, (str){ magics[i].magic, magics[i].n }))
			return true;
	return str_ends(path, S(".tar")) ||
	       (head.n > 262 && str_starts(str_skip(head, 257), S("ustar")));
}

/* "kev.json.zst" holds "kev.json". */
static str without_packing(str path)
{
	static const char *const ends[] = { ".gz", ".zst", ".xz", ".bz2" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (str_ends(path, str_from(ends[i])))
			return str_take(path, path.n - strlen(ends[i]));
	return path;
}

static int read_entry(struct import *im, struct archive_stream *s, struct buf *b, struct err *why)
{
	uint64_t at;
	str block;
	int r;

	while ((r = archive_stream_block(s, &block, &at, why)) > 0) {
		buf_add(b, block);
		im->total_bytes += block.n;
		if (im->total_bytes > MAX_TOTAL_BYTES)
			return err_set(why, E2BIG, "more than %llu bytes after unpacking",
				       (unsigned long long)MAX_TOTAL_BYTES);
		if (buf_error(b))
			return err_set(why, -buf_error(b), "a file over %llu bytes",
				       (unsigned long long)MAX_FILE_BYTES);
	}
	return r;
}

static int import_packed(struct import *im, str path, struct archive_source source,
			 unsigned int depth);

static int import_bytes(struct import *im, str path, str bytes, unsigned int depth)
{
	struct memory m = { bytes };

	if (!is_packed(path, str_take(bytes, 512)))
		return offer(im, path, bytes);
	if (depth == MAX_NESTING) {
		on_unreadable(im, path, "archives nested too deep");
		return 0;
	}
	return import_packed(im, path, (struct archive_source){ &m, pull_memory }, depth + 1);
}

static int import_entry(struct import *im, str outer, const struct archive_item *item,
			struct archive_stream *s, unsigned int depth, struct err *why)
{
	OWNED_BUF content = { .max = MAX_FILE_BYTES };
	OWNED_BUF name = BUF_INIT;
	int r;

	if (item->type != ARCHIVE_ITEM_FILE && !item->raw)
		return 0;
	if (item->raw)
		buf_add(&name, without_packing(outer));
	else
		buf_printf(&name, "%.*s/%.*s", STR_ARG(outer), STR_ARG(item->path));
	r = read_entry(im, s, &content, why);
	if (r < 0)
		return r;
	if (buf_error(&name))
		return err_set(why, -buf_error(&name), "out of memory");
	im->mtime = item->raw ? im->mtime : item->mtime;
	r = import_bytes(im, buf_str(&name), buf_str(&content), depth);
	im->mtime = 0;
	if (r < 0)
		im->sink_error = im->sink_error ? im->sink_error : r;
	return r;
}

/* A damaged archive is reported and left; what came before the damage counts. */
static int import_packed(struct import *im, str path, struct archive_source source,
			 unsigned int depth)
{
	struct archive_stream *s;
	struct archive_item item;
	struct err why = { 0 };
	uint64_t entries = 0;
	int r = archive_stream_open(source,
				    ARCHIVE_ACCEPT_TAR | ARCHIVE_ACCEPT_ZIP | ARCHIVE_ACCEPT_ANY |
					    ARCHIVE_ACCEPT_COMPRESSED,
				    &s, &why);

	if (r < 0) {
		unreadable(im, path, &why);
		return 0;
	}
	while ((r = archive_stream_next(s, &item, &why)) > 0) {
		if (++entries > MAX_ENTRIES)
			r = err_set(&why, E2BIG, "more than %d entries", MAX_ENTRIES);
		else
			r = import_entry(im, path, &item, s, depth, &why);
		if (r < 0)
			break;
	}
	archive_stream_close(s);
	if (im->sink_error)
		return im->sink_error;
	if (r < 0)
		unreadable(im, path, &why);
	return 0;
}

struct file_source {
	int fd;
	char bytes[READ_BYTES];
};

static ssize_t pull_file(void *ctx, const void **ret, struct err *e)
{
	struct file_source *f = ctx;
	ssize_t n;

	do {
		n = read(f->fd, f->bytes, sizeof(f->bytes));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "read");
	*ret = f->bytes;
	return n;
}

static int import_file(struct import *im, int fd, str path)
{
	OWNED struct file_source *f = malloc(sizeof(*f));
	OWNED_BUF b = BUF_INIT;
	struct err why = { 0 };
	char head[512];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (!f)
		return err_set(im->e, ENOMEM, "out of memory");
	if (n < 0) {
		err_sys(&why, errno, "read");
		unreadable(im, path, &why);
		return 0;
	}
	f->fd = fd;
	if (is_packed(path, (str){ head, (size_t)n }))
		return import_packed(im, path, (struct archive_source){ f, pull_file }, 0);
	if (file_read_fd(fd, MAX_FILE_BYTES, &b, &why) < 0) {
		unreadable(im, path, &why);
		return 0;
	}
	return offer(im, path, buf_str(&b));
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int import_path(struct import *im, const char *path, unsigned int depth);

/* In the order of names, so that reports are the same from run to run. */
static int import_folder(struct import *im, const char *path, unsigned int depth)
{
	struct dirent **names;
	int r = 0, n = scandir(path, &names, NULL, by_name);

	if (n < 0)
		return err_sys(im->e, errno, "%s", path);
	for (int i = 0; i < n; i++) {
		OWNED_BUF child = BUF_INIT;

		if (r == 0 && names[i]->d_name[0] != '.') {
			buf_printf(&child, "%s/%s", path, names[i]->d_name);
			r = import_path(im, buf_cstr(&child), depth + 1);
		}
		free(names[i]);
	}
	free(names);
	return r;
}

/* Recursion is bounded by MAX_FOLDER_DEPTH. */
static int import_path(struct import *im, const char *path, unsigned int depth)
{
	OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		struct err why = { 0 };
		int r = err_sys(depth ? &why : im->e, errno, "%s", path);

		if (depth == 0)
			return r;
		unreadable(im, str_from(path), &why);
		return 0;
	}
	if (S_ISDIR(st.st_mode) && depth < MAX_FOLDER_DEPTH)
		return import_folder(im, path, depth);
	if (S_ISREG(st.st_mode))
		return import_file(im, fd, str_from(path));
	on_unreadable(im, str_from(path),
		      "neither a file nor a folder, or folders nested too deep");
	return 0;
}

int feed_import(const char *path, const struct feed_sink *sink, struct feed_stats *ret,
		struct err *e)
{
	struct import im = { .outer = sink, .e = e };
	int r;

	im.sink = (struct feed_sink){ .ctx = &im,
				      .claim = on_claim,
				      .fact = on_fact,
				      .unreadable = on_unreadable,
				      .as_of = on_as_of };
	r = import_path(&im, path, 0);
	if (r == 0)
		r = import_kept(&im);
	feed_set_reset(&im.set);
	if (r == 0)
		*ret = im.stats;
	return r;
}

#include "scan/layer/layer_cache.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "codec/digest.h"

#define FIRST_WORD "skep-cache-1 "
enum { FIRST_LINE_BYTES = sizeof(FIRST_WORD) - 1 + SHA256_HEX + 1 };

struct place {
	char folder[PATH_MAX];
	char path[PATH_MAX];
};

static int place_of(const char *dir, str key, struct place *ret, struct err *e)
{
	uint8_t sum[SHA256_BYTES];
	char hex[SHA256_HEX + 1];
	int n, m;

	sha256_of(key, sum);
	hex_render(sum, sizeof(sum), hex);
	n = snprintf(ret->folder, sizeof(ret->folder), "%s/%.2s", dir, hex);
	m = snprintf(ret->path, sizeof(ret->path), "%s/%.2s/%s", dir, hex, hex + 2);
	if (n < 0 || m < 0 || (size_t)m >= sizeof(ret->path))
		return err_set(e, ENAMETOOLONG, "cache folder '%s': path too long", dir);
	return 0;
}

static void first_line(str text, char ret[FIRST_LINE_BYTES + 1])
{
	uint8_t sum[SHA256_BYTES];
	char hex[SHA256_HEX + 1];

	sha256_of(text, sum);
	hex_render(sum, sizeof(sum), hex);
	snprintf(ret, FIRST_LINE_BYTES + 1, FIRST_WORD "%s\n", hex);
}

int layer_cache_get(const char *dir, str key, struct buf *ret, struct err *e)
{
	struct place p;
	OWNED_BUF file = BUF_INIT;
	char want[FIRST_LINE_BYTES + 1];
	str text;
	int r = place_of(dir, key, &p, e);

	if (r == 0)
		r = file_read(AT_FDCWD, p.path, LAYER_CACHE_MAX, &file, e);
	if (r < 0)
		return r;
	text = str_skip(buf_str(&file), FIRST_LINE_BYTES);
	first_line(text, want);
	if (!str_starts(buf_str(&file), str_from(want)))
		return err_set(e, ENOENT, "cache file '%s' is damaged", p.path);
	/* What is used stays (layer_cache_prune()). */
	(void)utimensat(AT_FDCWD, p.path, NULL, AT_SYMLINK_NOFOLLOW);
	buf_add(ret, text);
	return buf_error(ret) ? err_set(e, ENOMEM, "no memory for a cached result") : 0;
}

static int write_file(const char *tmp, str line, str text, struct err *e)
{
	OWNED_FD fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return err_sys(e, errno, "cannot create '%s'", tmp);
	r = file_write_all(fd, line, e);
	return r < 0 ? r : file_write_all(fd, text, e);
}

int layer_cache_put(const char *dir, str key, str text, struct err *e)
{
	static _Atomic unsigned int serial;
	struct place p;
	char tmp[PATH_MAX], line[FIRST_LINE_BYTES + 1];
	int n, r = place_of(dir, key, &p, e);

	if (r < 0)
		return r;
	n = snprintf(tmp, sizeof(tmp), "%s/tmp-%ld-%u", p.folder, (long)getpid(), serial++);
	if (n < 0 || (size_t)n >= sizeof(tmp))
		return err_set(e, ENAMETOOLONG, "cache folder '%s': path too long", dir);
	r = file_make_dirs(p.folder, 0700, e);
	if (r < 0)
		return r;
	first_line(text, line);
	/* No fsync: the first line tells a whole file from one that a crash cut off. */
	r = write_file(tmp, (str){ line, FIRST_LINE_BYTES }, text, e);
	if (r == 0 && rename(tmp, p.path) < 0)
		r = err_sys(e, errno, "cannot rename into the cache");
	if (r < 0)
		unlink(tmp);
	return r;
}

static void add_globs(const char *name, const char *const *globs, struct buf *ret)
{
	for (; globs && *globs; globs++) {
		buf_printf(ret, "%s ", name);
		buf_add(ret, str_from(*globs));
		buf_byte(ret, '\0');
	}
}

void layer_cache_key(str digest, const struct layer_options *o, struct buf *ret)
{
	buf_printf(ret, "layer %d %.*s plain %d\n", LAYER_FORMAT, STR_ARG(digest), o->plain_tree);
#define ADD_LIMIT(name, value, en, zh) \
	buf_printf(ret, "%s %llu\n", #name, (unsigned long long)o->limits.name);
	LIMITS(ADD_LIMIT)
#undef ADD_LIMIT
	add_globs("skip-dir", o->skip_dirs, ret);
	add_globs("skip-file", o->skip_files, ret);
}

int layer_cache_load(const char *dir, str digest, const struct layer_options *o, struct arena *a,
		     struct layer *ret, struct err *e)
{
	OWNED_BUF key = BUF_INIT;
	OWNED_BUF text = BUF_INIT;
	int r;

	layer_cache_key(digest, o, &key);
	if (buf_error(&key))
		return err_set(e, ENOMEM, "no memory for a cache key");
	r = layer_cache_get(dir, buf_str(&key), &text, e);
	return r < 0 ? r : layer_parse(buf_str(&text), a, ret, e);
}

static int store(const char *dir, str digest, str text, const struct layer_options *o,
		 struct err *e)
{
	OWNED_BUF key = BUF_INIT;

	layer_cache_key(digest, o, &key);
	if (buf_error(&key))
		return err_set(e, ENOMEM, "no memory for a cache key");
	return layer_cache_put(dir, buf_str(&key), text, e);
}

int layer_cache_store(const char *dir, const struct layer *l, const struct layer_options *o,
		      struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	struct json_out j;
	int r = 0;

	json_out_init(&j, &text, false);
	layer_render(l, &j);
	if (buf_error(&text))
		return err_set(e, ENOMEM, "no memory to store a layer");
	if (l->digest.n)
		r = store(dir, l->digest, buf_str(&text), o, e);
	if (r == 0 && l->diff_id.n && !str_eq(l->diff_id, l->digest))
		r = store(dir, l->diff_id, buf_str(&text), o, e);
	return r;
}

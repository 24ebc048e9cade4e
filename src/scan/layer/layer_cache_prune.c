#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "scan/layer/layer_cache.h"

enum { FOLDERS = 256, NAME_BYTES = 72, FILES_MAX = 1 << 20 };

struct kept {
	int64_t used_ns;
	uint64_t bytes;
	char path[NAME_BYTES]; /* below the cache's folder */
};

struct list {
	struct kept *items;
	size_t count, cap;
	uint64_t bytes;
	int removed;
};

static int note(struct list *l, const char *path, const struct stat *st, struct err *e)
{
	struct kept *k;

	if (l->count == l->cap) {
		size_t cap = MAX(2 * l->cap, (size_t)256);

		k = cap > FILES_MAX ? NULL : reallocarray(l->items, cap, sizeof(*k));
		if (!k)
			return err_set(e, ENOMEM, "no memory to look through a cache");
		l->items = k;
		l->cap = cap;
	}
	k = &l->items[l->count++];
	k->used_ns = (int64_t)timespec_ns(st->st_mtim);
	k->bytes = (uint64_t)st->st_blocks * 512;
	snprintf(k->path, sizeof(k->path), "%s", path);
	l->bytes += k->bytes;
	return 0;
}

static int look_at_folder(int dir, const char *name, struct list *l, struct err *e)
{
	DIR *d = file_open_folder(
		openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
	const struct dirent *x;
	struct stat st;
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, errno, "cache folder '%s'", name);
	while (r == 0 && (x = readdir(d))) {
		char path[NAME_BYTES];

		/* Names of ours are shorter; what others put here is theirs. */
		if (snprintf(path, sizeof(path), "%s/%s", name, x->d_name) < (int)sizeof(path) &&
		    fstatat(dirfd(d), x->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			r = note(l, path, &st, e);
	}
	closedir(d);
	return r;
}

static int longest_ago_first(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return (x->used_ns > y->used_ns) - (x->used_ns < y->used_ns);
}

static void remove_some(int dir, struct list *l, uint64_t bytes, int64_t before_ns)
{
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), longest_ago_first);
	for (size_t i = 0; i < l->count; i++) {
		const struct kept *k = &l->items[i];

		if (k->used_ns >= before_ns && l->bytes <= bytes)
			return;
		l->bytes -= k->bytes;
		l->removed += unlinkat(dir, k->path, 0) == 0;
	}
}

int layer_cache_prune(const char *dir, uint64_t bytes, int64_t before_ns, struct err *e)
{
	OWNED_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct list l = { 0 };
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, errno, "cache folder '%s'", dir);
	for (unsigned i = 0; r == 0 && i < FOLDERS; i++) {
		char name[4];

		snprintf(name, sizeof(name), "%02x", i);
		r = look_at_folder(fd, name, &l, e);
	}
	if (r == 0)
		remove_some(fd, &l, bytes, before_ns);
	free(l.items);
	return r < 0 ? r : l.removed;
}

#include "scan/vuln/db_store.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/shipped.h"
#include "codec/zstd.h"
#include "scan/vuln/vulndb_tables.h"

#define SYSTEM_PATH "/var/lib/skep/vulndb.skdb"

enum { BUNDLE_LEVEL = 19 };

static bool exists(str path)
{
	return path.n && access(path.p, R_OK) == 0;
}

/* $NAME/rest, or ~/fallback/rest when it is unset or relative, as the XDG specification wants; empty without HOME. */
static str xdg_path(struct arena *a, const char *name, const char *fallback, const char *rest)
{
	const char *dir = getenv(name), *home = getenv("HOME");

	if (dir && dir[0] == '/')
		return arena_printf(a, "%s/%s", dir, rest);
	if (home && home[0] == '/')
		return arena_printf(a, "%s/%s/%s", home, fallback, rest);
	return (str){ 0 };
}

int db_user_path(struct arena *a, str *ret, struct err *e)
{
	str path = xdg_path(a, "XDG_DATA_HOME", ".local/share", "skep/vulndb.skdb");

	if (path.n == 0)
		return err_set(e, ENOENT,
			       "neither XDG_DATA_HOME nor HOME is set: say where with --db");
	*ret = path;
	return 0;
}

int db_locate(const char *given, struct arena *a, str *ret_path, enum db_place *ret_place,
	      struct err *e)
{
	str path;

	if (given) {
		path = arena_str(a, str_from(given));
		if (!path.p)
			return err_set(e, ENOBUFS, "memory budget spent");
		*ret_path = path;
		*ret_place = DB_PLACE_GIVEN;
		return 0;
	}
	if (db_user_path(a, &path, NULL) == 0 && exists(path)) {
		*ret_path = path;
		*ret_place = DB_PLACE_USER;
		return 0;
	}
	if (access(SYSTEM_PATH, R_OK) == 0) {
		*ret_path = S(SYSTEM_PATH);
		*ret_place = DB_PLACE_SYSTEM;
		return 0;
	}
	path = shipped_path("vulndb/vulndb.skdb", a);
	if (path.n == 0)
		path = shipped_path("vulndb/vulndb.skdb.zst", a);
	if (path.n == 0)
		return err_set(
			e, ENODATA,
			"no vulnerability database: run `skep db update`, or `skep db import "
			"FILE` where there is no network");
	*ret_path = path;
	*ret_place = DB_PLACE_SHIPPED;
	return 0;
}

static bool is_bundle(str bytes)
{
	return str_starts(bytes, S("\x28\xb5\x2f\xfd"));
}

/* The database's bytes out of a file that holds it plain or packed. */
static int read_any(const char *path, struct buf *ret, struct err *e)
{
	OWNED_BUF stored = BUF_INIT;
	int r = file_read(AT_FDCWD, path, DB_MAX_BYTES, &stored, e);

	if (r < 0)
		return r;
	if (is_bundle(buf_str(&stored))) {
		r = zstd_decompress(buf_str(&stored), DB_MAX_BYTES, ret, e);
		return r < 0 ? err_wrap(e, r, "'%s'", path) : 0;
	}
	*ret = stored;
	stored = (struct buf)BUF_INIT;
	return 0;
}

static int make_folder_of(const char *path, mode_t mode, struct err *e)
{
	char folder[PATH_MAX];
	size_t n = str_find_last(str_from(path), '/');

	if (path[n] == '\0' || n == 0)
		return 0;
	if (n >= sizeof(folder))
		return err_set(e, ENAMETOOLONG, "path '%s' is too long", path);
	memcpy(folder, path, n);
	folder[n] = '\0';
	return file_make_dirs(folder, mode, e);
}

/*
 * The unpacked copy carries the bundle's modification time: that is how a later run knows it for the same one, without
 * reading either. Losing the race for the time stamp only means that the next run unpacks again.
 */
static bool is_copy_of(const char *copy, const struct stat *bundle)
{
	struct stat st;

	return stat(copy, &st) == 0 && st.st_mtim.tv_sec == bundle->st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == bundle->st_mtim.tv_nsec;
}

static int write_copy(const char *copy, str bytes, const struct stat *bundle)
{
	const struct timespec times[2] = { bundle->st_mtim, bundle->st_mtim };
	int r = make_folder_of(copy, 0700, NULL);

	if (r == 0)
		r = file_write_atomic(AT_FDCWD, copy, bytes, 0644, NULL);
	if (r == 0 && utimensat(AT_FDCWD, copy, times, 0) < 0)
		r = -errno;
	return r;
}

static int open_in_memory(str bytes, struct vulndb **ret, struct err *e)
{
	OWNED_FD fd = memfd_create("vulndb", MFD_CLOEXEC);
	char path[64];
	int r;

	if (fd < 0)
		return err_sys(e, errno, "cannot unpack the vulnerability database");
	r = file_write_all(fd, bytes, e);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return vulndb_open(path, NULL, 0, ret, e);
}

static int open_bundle(str path, struct arena *a, struct vulndb **ret, struct err *e)
{
	OWNED_BUF bytes = BUF_INIT;
	char name[64];
	struct stat st;
	str copy;
	int r;

	if (stat(path.p, &st) < 0)
		return err_sys(e, errno, "cannot examine '%s'", path.p);
	snprintf(name, sizeof(name), "skep/vulndb-%016llx.skdb",
		 (unsigned long long)str_hash(path));
	copy = xdg_path(a, "XDG_CACHE_HOME", ".cache", name);
	if (copy.n && is_copy_of(copy.p, &st) && vulndb_open(copy.p, NULL, 0, ret, NULL) == 0)
		return 0;
	r = read_any(path.p, &bytes, e);
	if (r < 0)
		return r;
	if (copy.n && write_copy(copy.p, buf_str(&bytes), &st) == 0)
		return vulndb_open(copy.p, NULL, 0, ret, e);
	return open_in_memory(buf_str(&bytes), ret, e);
}

static int first_bytes(const char *path, char ret[4], struct err *e)
{
	OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0) {
		int r = err_sys(e, errno, "cannot open the vulnerability database '%s'", path);

		return r == -ENOENT ? -ENODATA : r;
	}
	memset(ret, 0, 4);
	return read(fd, ret, 4) < 0 ? err_sys(e, errno, "cannot read '%s'", path) : 0;
}

int db_open(const char *given, struct arena *a, struct vulndb **ret, struct err *e)
{
	enum db_place place;
	char head[4];
	str path;
	int r = db_locate(given, a, &path, &place, e);

	if (r == 0)
		r = first_bytes(path.p, head, e);
	if (r < 0)
		return r;
	return is_bundle((str){ head, sizeof(head) }) ? open_bundle(path, a, ret, e)
						      : vulndb_open(path.p, NULL, 0, ret, e);
}

static int verify_packages(struct vulndb *db, const struct vulndb_namespace *n, struct err *e)
{
	for (uint32_t i = 0; i < n->packages; i++) {
		struct vulndb_claim *claims = NULL;
		struct vulndb_package p;
		struct arena a;
		int r = vulndb_package_at(db, n->first_package + i, &p, e);

		if (r < 0)
			return r;
		arena_init(&a, 0);
		r = vulndb_package_claims(db, &p, &a, &claims, e);
		arena_done(&a);
		if (r < 0)
			return err_wrap(e, r, "%.*s %.*s", STR_ARG(n->name), STR_ARG(p.name));
	}
	return 0;
}

int db_verify(struct vulndb *db, struct err *e)
{
	int r = vulndb_verify(db, e);

	for (uint32_t i = 0; r >= 0 && i < vulndb_origin_count(db); i++) {
		struct vulndb_origin o;

		r = vulndb_origin_at(db, i, &o, e);
	}
	for (uint32_t i = 0; r >= 0 && i < vulndb_namespace_count(db); i++) {
		struct vulndb_namespace n;

		r = vulndb_namespace_at(db, i, &n, e);
		if (r == 0)
			r = verify_packages(db, &n, e);
	}
	for (uint32_t i = 0; r >= 0 && i < vulndb_vulnerability_count(db); i++) {
		struct vulnerability v;
		struct arena a;

		arena_init(&a, 0);
		r = vulndb_vulnerability(db, i, &a, &v, e);
		arena_done(&a);
	}
	return r < 0 ? r : 0;
}

static int check(str bytes, const struct db_keys *keys, struct err *e)
{
	struct vulndb *db = NULL;
	int r = vulndb_open_memory(bytes, &db, e);

	if (r == 0 && keys && keys->count)
		r = vulndb_check_signature(db, keys->keys, keys->count, e);
	if (r == 0)
		r = db_verify(db, e);
	vulndb_close(db);
	return r;
}

int db_import(const char *from, const char *to, const struct db_keys *keys, struct err *e)
{
	OWNED_BUF bytes = BUF_INIT;
	int r = read_any(from, &bytes, e);

	if (r < 0)
		return r;
	r = check(buf_str(&bytes), keys, e);
	if (r < 0)
		return err_wrap(e, r, "'%s' was not installed", from);
	r = make_folder_of(to, 0755, e);
	return r < 0 ? r : file_write_atomic(AT_FDCWD, to, buf_str(&bytes), 0644, e);
}

int db_export(const char *from, const char *to, struct err *e)
{
	OWNED_BUF bytes = BUF_INIT;
	OWNED_BUF bundle = BUF_INIT;
	int r = read_any(from, &bytes, e);

	if (r == 0)
		r = check(buf_str(&bytes), NULL, e);
	if (r < 0)
		return err_wrap(e, r, "'%s' was not packed", from);
	r = zstd_compress(buf_str(&bytes), BUNDLE_LEVEL, &bundle, e);
	return r < 0 ? r : file_write_atomic(AT_FDCWD, to, buf_str(&bundle), 0644, e);
}

#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "codec/digest.h"
#include "codec/zstd.h"
#include "scan/vuln/db_diff.h"
#include "scan/vuln/db_search.h"
#include "scan/vuln/db_store.h"
#include "scan/vuln/vulndb_build.h"

static const uint8_t seed[32] = { 7 };

struct fixture {
	char folder[64];
	struct arena a;
};

static char *in(struct fixture *f, const char *name)
{
	str s = arena_printf(&f->a, "%s/%s", f->folder, name);

	return (char *)(uintptr_t)s.p;
}

/* A database of claims "namespace package id fixed", one a line. */
static void build(const char *path, const char *lines, float epss)
{
	struct vulndb_builder *b = NULL;
	struct vulndb_build_stats stats;
	const struct vulndb_build_options o = { .built = S("2026-11-20"), .private_seed = seed };
	const struct vulnerability v = { .id = S("CVE-1"), .aliases = S("GHSA-1"), .epss = epss };
	str rest = str_from(lines);

	assert_int_equal(vulndb_builder_new(&b, NULL), 0);
	struct feed_sink sink = vulndb_builder_sink(b);
	while (rest.n) {
		str line = str_line(&rest);
		struct claim c = { .origin = S("test"), .state = FIX_FIXED };

		c.namespace = str_cut(&line, ' ');
		c.package = str_cut(&line, ' ');
		c.vulnerability = str_cut(&line, ' ');
		c.fixed = line;
		assert_int_equal(sink.claim(sink.ctx, &c, NULL), 0);
	}
	assert_int_equal(sink.fact(sink.ctx, &v, NULL), 0);
	assert_int_equal(vulndb_builder_write(b, path, &o, &stats, NULL), 0);
	vulndb_builder_free(b);
}

static const char old_lines[] = "debian:11 a CVE-1 1\n"
				"debian:11 a CVE-2 1\n"
				"debian:11 gone CVE-1 1\n"
				"npm b CVE-3 1.0.0\n";
static const char new_lines[] = "debian:11 a CVE-1 1\n"
				"debian:11 a CVE-2 2\n"
				"debian:11 a CVE-4 1\n"
				"npm b CVE-3 1.0.0\n"
				"pypi c CVE-1 3\n";

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .folder = "/tmp/skep-store-XXXXXX" };
	arena_init(&f.a, 0);
	assert_non_null(mkdtemp(f.folder));
	setenv("XDG_DATA_HOME", in(&f, "data"), 1);
	setenv("XDG_CACHE_HOME", in(&f, "cache"), 1);
	build(in(&f, "old.skdb"), old_lines, 0.1f);
	build(in(&f, "new.skdb"), new_lines, 0.2f);
	*state = &f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st UNUSED, int kind UNUSED,
		      struct FTW *at UNUSED)
{
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	arena_done(&f->a);
	return 0;
}

static uint64_t claims_of(struct fixture *f, const char *given)
{
	struct vulndb *db = NULL;
	struct database_info info;
	struct err e = { 0 };

	if (db_open(given, &f->a, &db, &e) < 0)
		fail_msg("%s", e.text);
	vulndb_info(db, &f->a, &info);
	vulndb_close(db);
	return info.claims;
}

static void installs_and_finds(void **state)
{
	struct fixture *f = *state;
	enum db_place place;
	struct err e = { 0 };
	str path, user;

	assert_int_equal(db_user_path(&f->a, &user, &e), 0);
	assert_int_equal(db_import(in(f, "old.skdb"), user.p, NULL, &e), 0);
	assert_int_equal(db_locate(NULL, &f->a, &path, &place, &e), 0);
	assert_int_equal(place, DB_PLACE_USER);
	assert_str(path, user.p);
	assert_int_equal(claims_of(f, NULL), 4);
	assert_int_equal(db_import(in(f, "new.skdb"), user.p, NULL, &e), 0);
	assert_int_equal(claims_of(f, NULL), 5);
	assert_int_equal(claims_of(f, in(f, "old.skdb")), 4);
}

static void says_when_there_is_none(void **state)
{
	struct fixture *f = *state;
	struct vulndb *db = NULL;
	struct err e = { 0 };

	assert_int_equal(db_open(in(f, "absent"), &f->a, &db, &e), -ENODATA);
	assert_non_null(strstr(e.text, "absent"));
}

static void packs_and_unpacks(void **state)
{
	struct fixture *f = *state;
	const char *bundle = in(f, "old.skdb.zst");
	struct stat before, after;
	struct err e = { 0 };

	assert_int_equal(db_export(in(f, "old.skdb"), bundle, &e), 0);
	assert_int_equal(claims_of(f, bundle), 4);
	/* The copy is used from now on: a bundle of the same time stamp is not read again. */
	assert_int_equal(stat(bundle, &before), 0);
	assert_int_equal(truncate(bundle, 10), 0);
	const struct timespec times[2] = { before.st_mtim, before.st_mtim };
	assert_int_equal(utimensat(AT_FDCWD, bundle, times, 0), 0);
	assert_int_equal(claims_of(f, bundle), 4);
	assert_int_equal(stat(bundle, &after), 0);
	assert_int_equal(after.st_size, 10);
	/* Without a cache it is unpacked into memory. */
	assert_int_equal(db_export(in(f, "new.skdb"), bundle, &e), 0);
	setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
	assert_int_equal(claims_of(f, bundle), 5);
	setenv("XDG_CACHE_HOME", in(f, "cache"), 1);
}

static void a_damaged_import_changes_nothing(void **state)
{
	struct fixture *f = *state;
	OWNED_BUF bytes = BUF_INIT;
	struct err e = { 0 };
	str user;

	assert_int_equal(db_user_path(&f->a, &user, &e), 0);
	assert_int_equal(db_import(in(f, "old.skdb"), user.p, NULL, &e), 0);
	assert_int_equal(file_read(AT_FDCWD, in(f, "new.skdb"), 1u << 20, &bytes, &e), 0);
	assert_true(bytes.n > 4200);
	bytes.p[4200] ^= 1;
	assert_int_equal(file_write_atomic(AT_FDCWD, in(f, "bad"), buf_str(&bytes), 0644, &e), 0);
	assert_int_equal(db_import(in(f, "bad"), user.p, NULL, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "not installed"));
	assert_int_equal(file_write_atomic(AT_FDCWD, in(f, "bad"), S("hello"), 0644, &e), 0);
	assert_int_equal(db_import(in(f, "bad"), user.p, NULL, &e), -EBADMSG);
	assert_int_equal(claims_of(f, NULL), 4);
}

static void insists_on_its_keys(void **state)
{
	struct fixture *f = *state;
	uint8_t key[1][32], other[1][32] = { { 1 } };
	const struct db_keys good = { (const uint8_t(*)[32])key, 1 };
	const struct db_keys bad = { (const uint8_t(*)[32])other, 1 };
	struct err e = { 0 };
	str user;

	assert_int_equal(ed25519_public(seed, key[0], &e), 0);
	assert_int_equal(db_user_path(&f->a, &user, &e), 0);
	assert_int_equal(db_import(in(f, "old.skdb"), user.p, &good, &e), 0);
	assert_int_equal(db_import(in(f, "new.skdb"), user.p, &bad, &e), -EACCES);
	assert_int_equal(claims_of(f, NULL), 4);
}

static void searches(void **state)
{
	struct fixture *f = *state;
	struct db_search s = { 0 };
	struct vulndb *db = NULL;
	struct err e = { 0 };

	assert_int_equal(db_open(in(f, "old.skdb"), &f->a, &db, &e), 0);
	assert_int_equal(db_search(db, S("GHSA-1"), &f->a, &s, &e), 0);
	assert_true(s.is_vulnerability);
	assert_str(s.vuln.id, "CVE-1");
	assert_int_equal(s.count, 2);
	assert_int_equal(db_search(db, S("a"), &f->a, &s, &e), 0);
	assert_false(s.is_vulnerability);
	assert_int_equal(s.count, 2);
	assert_str(s.items[1].vulnerability, "CVE-2");
	assert_int_equal(db_search(db, S("npm/b"), &f->a, &s, &e), 0);
	assert_int_equal(s.count, 1);
	assert_str(s.items[0].namespace, "npm");
	assert_int_equal(db_search(db, S("nothing"), &f->a, &s, &e), -ENOENT);
	vulndb_close(db);
}

static int collect(void *ctx, const struct db_difference *d, struct err *e UNUSED)
{
	buf_printf(ctx, "%s %.*s/%.*s %.*s\n", db_change_name(d->change), STR_ARG(d->namespace),
		   STR_ARG(d->package), STR_ARG(d->vulnerability));
	return 0;
}

static void compares(void **state)
{
	struct fixture *f = *state;
	struct vulndb *from = NULL, *to = NULL;
	OWNED_BUF seen = BUF_INIT;
	struct db_diff d;
	struct err e = { 0 };

	assert_int_equal(db_open(in(f, "old.skdb"), &f->a, &from, &e), 0);
	assert_int_equal(db_open(in(f, "new.skdb"), &f->a, &to, &e), 0);
	assert_int_equal(db_diff(from, to, collect, &seen, &d, &e), 0);
	assert_true(str_search(buf_str(&seen), S("changed debian:11/a CVE-2\n")) < seen.n);
	assert_true(str_search(buf_str(&seen), S("added debian:11/a CVE-4\n")) < seen.n);
	assert_true(str_search(buf_str(&seen), S("removed debian:11/gone CVE-1\n")) < seen.n);
	assert_true(str_search(buf_str(&seen), S("added pypi/c CVE-1\n")) < seen.n);
	assert_true(str_search(buf_str(&seen), S("added / CVE-4\n")) < seen.n);
	assert_int_equal(d.claims[DB_CHANGE_ADDED], 2);
	assert_int_equal(d.claims[DB_CHANGE_REMOVED], 1);
	assert_int_equal(d.claims[DB_CHANGE_CHANGED], 1);
	assert_int_equal(d.vulnerabilities[DB_CHANGE_ADDED], 1);
	assert_int_equal(d.vulnerabilities[DB_CHANGE_CHANGED], 0);
	assert_int_equal(d.rescored, 1);
	buf_reset(&seen);
	assert_int_equal(db_diff(to, to, collect, &seen, &d, &e), 0);
	assert_int_equal(seen.n, 0);
	vulndb_close(from);
	vulndb_close(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(installs_and_finds),
		cmocka_unit_test(says_when_there_is_none),
		cmocka_unit_test(packs_and_unpacks),
		cmocka_unit_test(a_damaged_import_changes_nothing),
		cmocka_unit_test(insists_on_its_keys),
		cmocka_unit_test(searches),
		cmocka_unit_test(compares),
	};

	return cmocka_run_group_tests_name("db_store", tests, set_up, tear_down);
}

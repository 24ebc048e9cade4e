#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "scan/layer/layer_cache.h"

#define A16 "aaaaaaaaaaaaaaaa"
#define B16 "bbbbbbbbbbbbbbbb"

static char dir[] = "/tmp/skep-test-cache-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static int remove_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void keeps_and_finds(void **state)
{
	OWNED_BUF got = BUF_INIT;

	(void)state;
	assert_int_equal(layer_cache_get(dir, S("absent"), &got, NULL), -ENOENT);
	assert_int_equal(layer_cache_put(dir, S("key"), S("text"), NULL), 0);
	assert_int_equal(layer_cache_put(dir, S("key"), S("text"), NULL), 0);
	assert_int_equal(layer_cache_get(dir, S("key"), &got, NULL), 0);
	assert_str(buf_str(&got), "text");
}

static int damage(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)f;
	return flag == FTW_F ? truncate(path, st->st_size - 1) : 0;
}

static void a_damaged_file_is_no_hit(void **state)
{
	OWNED_BUF got = BUF_INIT;

	(void)state;
	assert_int_equal(layer_cache_put(dir, S("key"), S("text"), NULL), 0);
	assert_int_equal(nftw(dir, damage, 16, FTW_PHYS), 0);
	assert_int_equal(layer_cache_get(dir, S("key"), &got, NULL), -ENOENT);
	assert_int_equal(layer_cache_put(dir, S("key"), S("text"), NULL), 0);
	assert_int_equal(layer_cache_get(dir, S("key"), &got, NULL), 0);
}

static void a_layer_is_found_by_both_digests_and_only_under_its_options(void **state)
{
	const struct layer l = { .digest = S("sha256:" A16 A16 A16 A16),
				 .diff_id = S("sha256:" B16 B16 B16 B16),
				 .media = S("tar+gzip"),
				 .entries = 7 };
	const char *const globs[] = { "usr/**", NULL };
	struct layer_options o = { .limits = limits_default() };
	struct layer got;
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	struct err e = { 0 };
	int r = layer_cache_store(dir, &l, &o, &e);
	if (r < 0)
		fail_msg("%s", e.text);
	assert_int_equal(layer_cache_load(dir, l.digest, &o, &a, &got, NULL), 0);
	assert_int_equal(got.entries, 7);
	assert_int_equal(layer_cache_load(dir, l.diff_id, &o, &a, &got, NULL), 0);
	o.limits.layer_entries--;
	assert_int_equal(layer_cache_load(dir, l.digest, &o, &a, &got, NULL), -ENOENT);
	o.limits.layer_entries++;
	o.skip_dirs = globs;
	assert_int_equal(layer_cache_load(dir, l.digest, &o, &a, &got, NULL), -ENOENT);
	o.skip_dirs = NULL;
	o.plain_tree = true;
	assert_int_equal(layer_cache_load(dir, l.digest, &o, &a, &got, NULL), -ENOENT);
	arena_done(&a);
}

/* Many writers and readers of one key: a reader sees nothing or the whole text. */
static int hammer(void)
{
	static char text[300000];

	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 30; i++) {
		OWNED_BUF got = BUF_INIT;
		int r = layer_cache_get(dir, S("shared"), &got, NULL);

		if (r != -ENOENT && (r < 0 || got.n != sizeof(text)))
			return 1;
		if (layer_cache_put(dir, S("shared"), (str){ text, sizeof(text) }, NULL) < 0)
			return 2;
	}
	return 0;
}

static void eight_processes_share_it(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++)
		if (fork() == 0)
			_exit(hammer());
	for (int i = 0; i < 8; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
}

static bool holds(const char *where, const char *key)
{
	OWNED_BUF got = BUF_INIT;

	return layer_cache_get(where, str_from(key), &got, NULL) == 0;
}

/* As if all that is there had been used last so many days ago. */
static int64_t days_ago;

static int age(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	const struct timespec t = { .tv_sec = time(NULL) - days_ago * 86400 };
	const struct timespec both[] = { t, t };

	(void)st, (void)f;
	return flag == FTW_F ? utimensat(AT_FDCWD, path, both, 0) : 0;
}

static void what_is_unused_or_too_much_goes(void **state UNUSED)
{
	static char text[1 << 20], where[64];
	const str big = { text, sizeof(text) };
	const int64_t month_ago_ns = ((int64_t)time(NULL) - 30 * 86400) * 1000000000;

	snprintf(where, sizeof(where), "%s/prune", dir);
	assert_int_equal(layer_cache_prune(where, 0, 0, NULL), 0);
	assert_int_equal(layer_cache_put(where, S("old"), big, NULL), 0);
	assert_int_equal(layer_cache_put(where, S("old but used"), big, NULL), 0);
	days_ago = 40;
	assert_int_equal(nftw(where, age, 16, FTW_PHYS), 0);
	assert_true(holds(where, "old but used"));
	assert_int_equal(layer_cache_put(where, S("new"), big, NULL), 0);
	/* By age: what was read is as if it were new. */
	assert_int_equal(layer_cache_prune(where, UINT64_MAX, month_ago_ns, NULL), 1);
	assert_true(!holds(where, "old") && holds(where, "old but used") && holds(where, "new"));
	/* By size: what was used longest ago first. */
	days_ago = 2;
	assert_int_equal(nftw(where, age, 16, FTW_PHYS), 0);
	assert_true(holds(where, "new"));
	assert_int_equal(layer_cache_prune(where, 3 << 19, month_ago_ns, NULL), 1);
	assert_true(!holds(where, "old but used") && holds(where, "new"));
	assert_int_equal(layer_cache_prune(where, 3 << 19, month_ago_ns, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_and_finds),
		cmocka_unit_test(a_damaged_file_is_no_hit),
		cmocka_unit_test(a_layer_is_found_by_both_digests_and_only_under_its_options),
		cmocka_unit_test(eight_processes_share_it),
		cmocka_unit_test(what_is_unused_or_too_much_goes),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

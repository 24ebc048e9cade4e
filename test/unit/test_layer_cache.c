#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/wait.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_and_finds),
		cmocka_unit_test(a_damaged_file_is_no_hit),
		cmocka_unit_test(a_layer_is_found_by_both_digests_and_only_under_its_options),
		cmocka_unit_test(eight_processes_share_it),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

/* Lines come out in the order they went in, once, and after a restart those not acknowledged come again; what gives way is
 * counted. */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "prog/agent/spool.h"

#define SMALL ((uint64_t)64 << 10)

static char folder[64];

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/spool-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	DIR *d = opendir(folder);
	struct dirent *f;

	(void)state;
	while (d && (f = readdir(d)))
		unlinkat(dirfd(d), f->d_name, 0);
	if (d)
		closedir(d);
	return rmdir(folder);
}

static struct spool *reopen(struct spool *s)
{
	struct spool *out = NULL;

	spool_close(s);
	assert_int_equal(spool_open(folder, "t", SMALL, &out, NULL), 0);
	return out;
}

static void add(struct spool *s, unsigned int n)
{
	char line[200];

	snprintf(line, sizeof(line), "%u %0150u", n, n);
	assert_int_equal(spool_add(s, str_from(line), NULL), 0);
}

static unsigned int next(struct spool *s)
{
	unsigned int a, b;
	str line;

	assert_int_equal(spool_next(s, &line, NULL), 1);
	assert_int_equal(sscanf(line.p, "%u %u", &a, &b), 2);
	assert_int_equal(a, b);
	return a;
}

static bool is_empty(struct spool *s)
{
	str line;

	return spool_next(s, &line, NULL) == 0;
}

static void test_in_order_and_once(void **state)
{
	struct spool *s = reopen(NULL);

	(void)state;
	for (unsigned int i = 0; i < 200; i++)
		add(s, i);
	for (unsigned int i = 0; i < 200; i++)
		assert_int_equal(next(s), i);
	assert_true(is_empty(s));
	assert_int_equal(spool_waiting(s), 200);
	assert_int_equal(spool_ack(s, NULL), 0);
	assert_int_equal(spool_waiting(s), 0);
	add(s, 200);
	assert_int_equal(next(s), 200);
	spool_close(s);
}

static void test_what_is_not_acknowledged_comes_again(void **state)
{
	struct spool *s = reopen(NULL);

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		add(s, i);
	for (unsigned int i = 0; i < 60; i++)
		(void)next(s);
	assert_int_equal(spool_ack(s, NULL), 0);
	assert_int_equal(next(s), 60);
	spool_back(s);
	assert_int_equal(next(s), 60);
	assert_int_equal(next(s), 61);
	s = reopen(s);
	assert_int_equal(spool_waiting(s), 40);
	for (unsigned int i = 60; i < 100; i++)
		assert_int_equal(next(s), i);
	assert_true(is_empty(s));
	spool_close(s);
}

static void test_the_oldest_give_way_and_are_counted(void **state)
{
	struct spool *s = reopen(NULL);
	unsigned int first;

	(void)state;
	for (unsigned int i = 0; i < 30; i++)
		add(s, i);
	for (unsigned int i = 0; i < 10; i++)
		(void)next(s);
	assert_int_equal(spool_ack(s, NULL), 0);
	(void)next(s); /* in hand while its segment goes */
	for (unsigned int i = 30; i < 5000; i++)
		add(s, i);
	assert_int_equal(spool_lost(s) + spool_waiting(s), 4990);
	assert_true(spool_lost(s) > 0 && spool_waiting(s) > SMALL / 160 / 2);
	first = next(s);
	assert_int_equal(first, 5000 - spool_waiting(s));
	for (unsigned int i = first + 1; i < 5000; i++)
		assert_int_equal(next(s), i);
	assert_true(is_empty(s));
	assert_int_equal(spool_ack(s, NULL), 0);
	assert_int_equal(spool_waiting(s), 0);
	spool_close(s);
}

static void test_a_cut_line_is_mended(void **state)
{
	struct spool *s = reopen(NULL);
	char path[128];
	int fd;

	(void)state;
	add(s, 1);
	spool_close(s);
	snprintf(path, sizeof(path), "%s/t.0000000000000001", folder);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_true(fd >= 0 && write(fd, "2 0", 3) == 3);
	close(fd);
	s = reopen(NULL);
	assert_int_equal(spool_waiting(s), 1);
	add(s, 3);
	assert_int_equal(next(s), 1);
	assert_int_equal(next(s), 3);
	assert_true(is_empty(s));
	spool_close(s);
}

static void test_an_impossible_place_means_all_again(void **state)
{
	static const char *const places[] = { "ffffffffffffffff 0 0", "1 ffffffff 1", "x",
					      "1 1 ffff" };
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/t.ack", folder);
	spool_close(({
		struct spool *s = reopen(NULL);
		add(s, 1);
		add(s, 2);
		s;
	}));
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		FILE *f = fopen(path, "w");
		struct spool *s;

		assert_non_null(f);
		fputs(places[i], f);
		fclose(f);
		s = reopen(NULL);
		assert_int_equal(next(s), 1);
		assert_int_equal(next(s), 2);
		assert_true(is_empty(s));
		spool_close(s);
	}
}

static void test_two_agents_do_not_share_one(void **state)
{
	struct spool *s = reopen(NULL), *other;
	struct err e;

	(void)state;
	assert_int_equal(spool_open(folder, "t", SMALL, &other, &e), -EBUSY);
	spool_close(s);
}

static void test_a_line_too_long_is_refused(void **state)
{
	struct spool *s = reopen(NULL);
	char *line = calloc(1, SPOOL_MAX_LINE);

	(void)state;
	assert_non_null(line);
	memset(line, 'x', SPOOL_MAX_LINE);
	assert_int_equal(spool_add(s, (str){ line, SPOOL_MAX_LINE }, NULL), -E2BIG);
	assert_int_equal(spool_add(s, (str){ line, SPOOL_MAX_LINE - 1 }, NULL), 0);
	add(s, 2);
	spool_close(s);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_order_and_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_not_acknowledged_comes_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_the_oldest_give_way_and_are_counted, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_cut_line_is_mended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_impossible_place_means_all_again, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_two_agents_do_not_share_one, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_line_too_long_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Lines come out in the order they went in, once, and after a restart those not acknowledged come again; what gives way is
 * counted. */
#include "broken_listing.h"
#include "spool_folder.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "wire/spool.h"

#define SMALL ((uint64_t)64 << 10)

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
	assert_int_equal(spool_lost(s), 1);
	add(s, 3);
	assert_int_equal(next(s), 1);
	assert_int_equal(next(s), 3);
	assert_true(is_empty(s));
	spool_close(s);
}

static void test_an_impossible_place_means_all_again(void **state)
{
	static const char *const places[] = { "ffffffffffffffff 0", "1 ffffffff", "x", "1 1",
					      "0 0" };
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

/* Power failed: the place was written, the third line before it was not. Another that takes its place is not acknowledged. */
static void test_a_place_beyond_the_end_is_not_remembered(void **state)
{
	const unsigned int of_a_line = 170;
	struct spool *s = reopen(NULL);
	char path[128];
	FILE *f;

	(void)state;
	add(s, 1);
	add(s, 2);
	spool_close(s);
	snprintf(path, sizeof(path), "%s/t.ack", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "1 %x", 3 * of_a_line);
	fclose(f);
	s = reopen(NULL);
	add(s, 4);
	s = reopen(s);
	assert_int_equal(next(s), 1);
	assert_int_equal(next(s), 2);
	assert_int_equal(next(s), 4);
	assert_true(is_empty(s));
	spool_close(s);
}

/* Bytes of the first segment, and a way to write others there. */
static size_t segment_bytes(char *to, size_t room)
{
	char path[128];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/t.0000000000000001", folder);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(to, 1, room, f);
	fclose(f);
	return n;
}

static void set_segment(const char *bytes, size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/t.0000000000000001", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void test_a_damaged_line_is_lost_and_no_other(void **state)
{
	struct spool *s = reopen(NULL);
	char bytes[4096];
	size_t n;

	(void)state;
	for (unsigned int i = 0; i < 10; i++)
		add(s, i);
	for (unsigned int i = 0; i < 2; i++)
		(void)next(s);
	assert_int_equal(spool_ack(s, NULL), 0);
	spool_close(s);
	n = segment_bytes(bytes, sizeof(bytes));
	bytes[n / 10 * 0 + 30] ^= 1; /* told already */
	bytes[n / 10 * 4 + 30] ^= 1;
	memset(bytes + n / 10 * 6, 0, 100); /* as a disk gives back what was never written */
	bytes[n / 10 * 9 - 1] = ' ';        /* two lines become one */
	set_segment(bytes, n);
	s = reopen(NULL);
	assert_int_equal(spool_lost(s), 3);
	assert_int_equal(spool_waiting(s), 4);
	for (unsigned int i = 0; i < 2; i++) {
		spool_back(s);
		assert_int_equal(next(s), 2);
		assert_int_equal(next(s), 3);
		assert_int_equal(next(s), 5);
		assert_int_equal(next(s), 7);
		assert_true(is_empty(s));
	}
	assert_int_equal(spool_ack(s, NULL), 0);
	assert_int_equal(spool_waiting(s), 0);
	s = reopen(s);
	assert_int_equal(spool_lost(s), 0);
	add(s, 10);
	assert_int_equal(next(s), 10);
	spool_close(s);
}

static void test_a_line_too_long_to_be_ours_is_passed_over(void **state)
{
	struct spool *s = reopen(NULL);
	size_t n, huge = (size_t)3 << 20;
	char *bytes = calloc(1, huge + 4096);

	(void)state;
	assert_non_null(bytes);
	add(s, 1);
	spool_close(s);
	n = segment_bytes(bytes + huge + 1, 2048);
	memset(bytes, 'x', huge);
	bytes[huge] = '\n';
	set_segment(bytes, huge + 1 + n);
	s = reopen(NULL);
	assert_int_equal(spool_lost(s), 1);
	assert_int_equal(next(s), 1);
	assert_true(is_empty(s));
	spool_close(s);
	free(bytes);
}

static void test_other_files_are_left_alone(void **state)
{
	static const char *const names[] = { "t.0x00000000000007", "t.000000000000000A", "t.7",
					     "t.ffffffffffffffff", "t.0000000000000000" };
	char path[128];
	struct spool *s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		close(open(path, O_WRONLY | O_CREAT, 0600));
	}
	snprintf(path, sizeof(path), "%s/t.0000000000000005", folder);
	assert_int_equal(symlink("/dev/zero", path), 0);
	s = reopen(NULL);
	add(s, 1);
	assert_int_equal(next(s), 1);
	s = reopen(s);
	assert_int_equal(next(s), 1);
	spool_close(s);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		assert_int_equal(access(path, F_OK), 0);
	}
}

static void test_two_agents_do_not_share_one(void **state)
{
	struct spool *s = reopen(NULL), *other;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(spool_open(folder, "t", SMALL, &other, &e), -EBUSY);
	spool_close(s);
}

/* A segment that is not listed is not taken for one that is not there. */
static void test_a_listing_that_breaks_off_loses_nothing(void **state)
{
	struct spool *s = reopen(NULL), *other;

	(void)state;
	add(s, 1);
	spool_close(s);
	/* ".", "..", the lock and the segment, and the end */
	for (unsigned int there = 0; there <= 4; there++) {
		struct err e = { 0 };

		listing_calls_left = there;
		assert_int_equal(spool_open(folder, "t", SMALL, &other, &e), -EIO);
		assert_non_null(strstr(e.text, "cannot read the spool 't'"));
	}
	listing_calls_left = UINT_MAX;
	s = reopen(NULL);
	assert_int_equal(next(s), 1);
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
		cmocka_unit_test_setup_teardown(test_a_place_beyond_the_end_is_not_remembered,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_damaged_line_is_lost_and_no_other, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_line_too_long_to_be_ours_is_passed_over,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_files_are_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_agents_do_not_share_one, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_listing_that_breaks_off_loses_nothing,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_line_too_long_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

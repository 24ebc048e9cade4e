#include <stdlib.h>

#include "console/store/alert_cells.h"
#include "unit.h"

enum { MANY = 5000 };

/* @return how many cells, or -errno */
static int read_all(str bytes, struct alert_cell *ret, size_t most)
{
	struct alert_cells c;
	struct alert_cell x;
	int n = 0, r = alert_cells_open(bytes, &c, NULL);

	while (r >= 0 && (r = alert_cells_next(&c, &x, NULL)) > 0) {
		assert_true((size_t)n < most);
		ret[n++] = x;
	}
	return r < 0 ? r : n;
}

static void folding_adds_up(void **state)
{
	struct alert_cell x[] = {
		{ 7, 3, 1, 5 }, { 7, 3, 0, 1 },  { 6, 9, 0, 2 }, { 7, 3, 1, -5 },
		{ 8, 1, 2, 4 }, { 6, 9, 0, 40 }, { 9, 1, 0, 1 }, { 9, 1, 0, -1 }
	};
	const struct alert_cell want[] = { { 6, 9, 0, 42 }, { 7, 3, 0, 1 }, { 8, 1, 2, 4 } };

	(void)state;
	assert_int_equal(alert_cells_fold(x, ARRAY_LEN(x)), ARRAY_LEN(want));
	assert_memory_equal(x, want, sizeof(want));
	assert_int_equal(alert_cells_fold(NULL, 0), 0);
}

static void what_is_packed_is_read(void **state)
{
	static struct alert_cell x[MANY], got[MANY];
	OWNED_BUF b = BUF_INIT;
	size_t n;

	(void)state;
	srand(1);
	for (size_t i = 0; i < MANY; i++)
		x[i] = (struct alert_cell){ 498000 + rand() % 30, rand() % 3000, rand() % 4,
					    rand() % 100000 - 5000 };
	x[0] = (struct alert_cell){ 0, 0, 0, (int64_t)1 << 48 };
	x[1] = (struct alert_cell){ INT64_MAX / 8, INT64_MAX / 8, 3, -((int64_t)1 << 48) };
	n = alert_cells_fold(x, MANY);
	alert_cells_render(x, n, &b);
	assert_true(b.n < n * 6);
	assert_int_equal(read_all(buf_str(&b), got, MANY), n);
	assert_memory_equal(x, got, n * sizeof(*x));
	/* Torn anywhere it is shorter or refused, never longer. */
	for (size_t cut = 0; cut < b.n; cut += cut < 100 ? 1 : 97) {
		int r = read_all(str_take(buf_str(&b), cut), got, MANY);

		assert_true(r == -EUCLEAN || (cut > 0 && r < (int)n));
	}
}

static void what_is_written_in_decimal_is_read(void **state)
{
	const struct alert_cell want[] = { { 20778, 5, 0, 12 }, { 3, 70000, 2, -1 } };
	struct alert_cell got[4];

	(void)state;
	assert_int_equal(read_all(S("20778 5 0 12 3 70000 2 -1"), got, 4), 2);
	assert_memory_equal(got, want, sizeof(want));
}

static void what_is_damaged_is_refused(void **state)
{
	static const str bad[] = {
		{ "", 0 },
		{ "x", 1 },
		{ "1 2", 3 },
		{ "1 2 3 4 5", 9 },
		{ "1 -2 3 4", 8 },
		{ "1 2 3 99999999999999999999", 26 },
		{ "1 2 4 1", 7 },
		{ "1 2 0 281474976710657", 21 },
		/* An hour without cells, a number without an end, one of more than 63 bits. */
		{ "\1\5\0", 3 },
		{ "\1\5\1\200", 4 },
		{ "\1\377\377\377\377\377\377\377\377\377\1\1\1\1", 14 },
	};
	struct alert_cell got[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(read_all(bad[i], got, 4), -EUCLEAN);
	assert_int_equal(read_all(S("\1"), got, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folding_adds_up),
		cmocka_unit_test(what_is_packed_is_read),
		cmocka_unit_test(what_is_written_in_decimal_is_read),
		cmocka_unit_test(what_is_damaged_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

static long resident_kib(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	long n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		(void)sscanf(line, "Rss: %ld", &n);
	(void)fclose(f);
	return n;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* What is given back comes again when it is needed, and what was written is not lost. */
static void gives_back_and_goes_on(void **state)
{
	static int numbers[] = { 3, 1, 2 };
	char *kept = strdup("kept");
	long before = resident_kib();

	(void)state;
	memory_give_back();
	assert_true(resident_kib() < before);
	qsort(numbers, ARRAY_LEN(numbers), sizeof(*numbers), compare);
	assert_int_equal(numbers[0], 1);
	assert_string_equal(kept, "kept");
	free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_and_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

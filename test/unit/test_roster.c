/* Containers by key, whoever chose the keys. */
#include "unit.h"

#include "asset/roster.h"
#include "base/clock.h"

enum { KEYS = 4000, KEY_BYTES = 8, TIMES = 200000 };

/* The next of the keys that a hash nobody needs a key for puts into one of 4,096 places. */
static str next_key(uint32_t *at, char room[KEY_BYTES])
{
	str key = { room, KEY_BYTES };

	do {
		for (unsigned int i = 0; i < KEY_BYTES; i++)
			room[i] = (char)('a' + (*at >> 4 * i & 15));
		++*at;
	} while (str_hash(key) % 4096);
	return key;
}

/* A container that makes control groups below its own names them as it likes. */
static void finds_keys_that_were_chosen_to_meet(void **state UNUSED)
{
	char room[KEY_BYTES];
	struct roster *r;
	uint32_t at = 0;
	uint64_t end;
	int n = 0;

	assert_int_equal(roster_new(4096, &r, NULL), 0);
	for (int i = 0; i < KEYS; i++) {
		const str key = next_key(&at, room);
		const struct roster_entry *made = roster_at(r, key, S(""));

		assert_non_null(made);
		assert_ptr_equal(roster_find(r, key), made);
	}
	next_key(&at, room);
	end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + 2 * SECOND_NS;
	while (n < TIMES && clock_ns(CLOCK_THREAD_CPUTIME_ID) < end) {
		assert_null(roster_find(r, (str){ room, KEY_BYTES }));
		n++;
	}
	assert_int_equal(n, TIMES);
	roster_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_keys_that_were_chosen_to_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

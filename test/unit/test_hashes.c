/* What is known of files' hashes: asked once, kept while there is room, forgotten where it would not hold. */
#include "unit.h"

#include "watch/hashes.h"

enum { NONE = -1 };

static const struct siphash_key key = { { 1, 2 } };

struct asker {
	bool refuses;
	size_t asked;
	struct hash_question last;
};

static bool ask(void *ctx, const struct hash_question *q)
{
	struct asker *a = ctx;

	a->asked++;
	a->last = *q;
	return !a->refuses;
}

static struct hashes *open_hashes(struct asker *a)
{
	struct hashes *h;

	*a = (struct asker){ 0 };
	assert_int_equal(hashes_new(1u << DIGEST_SHA256, &key, ask, a, &h, NULL), 0);
	return h;
}

static struct program file(uint64_t inode)
{
	return (struct program){ .exe_inode = inode, .exe_ctime_ns = 5, .exe_device = 7 };
}

static uint64_t want(struct hashes *h, const struct program *g)
{
	struct hash_question q = { .pid = 1 };
	const uint8_t *sum;

	hashes_begin(h);
	assert_false(hashes_get(h, g, DIGEST_SHA256, &sum));
	return hashes_wanted(h) ? hashes_ask(h, g, &q) : 0;
}

static uint64_t answer(struct hashes *h, const struct program *g, int gap, bool settled)
{
	struct hash_answer a = { .file = { g->exe_inode, g->exe_ctime_ns, g->exe_mtime_ns,
					   g->exe_device },
				 .known = gap == NONE,
				 .gap = gap == NONE ? 0 : (enum hash_gap)gap,
				 .settled = settled,
				 .sums = { .kinds = 1u << DIGEST_SHA256 } };

	a.sums.sum[DIGEST_SHA256][0] = (uint8_t)g->exe_inode;
	return hashes_answer(h, &a);
}

static bool is_known(struct hashes *h, const struct program *g)
{
	const uint8_t *sum;

	hashes_begin(h);
	return hashes_get(h, g, DIGEST_SHA256, &sum) && sum[0] == (uint8_t)g->exe_inode;
}

static void asks_once(void **state UNUSED)
{
	struct asker a;
	struct hashes *h = open_hashes(&a);
	const struct program g = file(3), other = file(4);
	uint64_t number = want(h, &g);

	assert_true(number);
	assert_int_equal(a.last.file.inode, 3);
	assert_int_equal(a.last.kinds, 1u << DIGEST_SHA256);
	assert_int_equal(want(h, &g), number);
	assert_int_not_equal(want(h, &other), number);
	assert_int_equal(a.asked, 2);
	assert_int_equal(answer(h, &g, NONE, true), number);
	/* Nobody asked for it any more. */
	assert_int_equal(answer(h, &g, NONE, true), 0);
	hashes_answered(h, number);
	assert_true(is_known(h, &g));
	hashes_free(h);
}

static void forgets_what_would_not_hold(void **state UNUSED)
{
	struct asker a;
	struct hashes *h = open_hashes(&a);
	const struct program g = file(3), large = file(4), none = file(0);
	enum hash_gap gap;
	uint64_t number = want(h, &g);

	assert_int_equal(answer(h, &g, NONE, false), number);
	assert_true(is_known(h, &g));
	hashes_answered(h, number);
	/* Whoever wrote it in the same instant would not be noticed: asked again. */
	number = want(h, &g);
	assert_int_equal(a.asked, 2);
	assert_int_equal(answer(h, &g, HASH_GONE, true), number);
	assert_false(is_known(h, &g));
	assert_true(hashes_missed(h, &gap) && gap == HASH_GONE && !hashes_wanted(h));
	hashes_answered(h, number);
	assert_true(want(h, &g));
	assert_int_equal(a.asked, 3);
	/* Large files stay so. */
	number = want(h, &large);
	assert_int_equal(answer(h, &large, HASH_TOO_LARGE, true), number);
	hashes_answered(h, number);
	assert_int_equal(want(h, &large), 0);
	assert_true(hashes_missed(h, &gap) && gap == HASH_TOO_LARGE);
	assert_int_equal(want(h, &none), 0);
	assert_int_equal(a.asked, 4);
	/* Refused: asked again when it is wanted again. */
	a.refuses = true;
	const struct program busy = file(5);

	assert_int_equal(want(h, &busy), 0);
	a.refuses = false;
	assert_true(want(h, &busy));
	hashes_free(h);
}

static void has_bounds(void **state UNUSED)
{
	struct asker a;
	struct hashes *h = open_hashes(&a);
	const struct program first = file(1), last = file(20000);

	for (uint64_t i = 1; i <= 20000; i++) {
		const struct program g = file(i);
		uint64_t number = want(h, &g);

		assert_int_equal(answer(h, &g, NONE, true), number);
		hashes_answered(h, number);
		assert_true(is_known(h, &g));
		/* What is used stays. */
		assert_true(i > 1000 || is_known(h, &first));
	}
	assert_true(is_known(h, &last));
	assert_false(is_known(h, &first));
	hashes_free(h);
}

static void keeps_what_is_asked(void **state UNUSED)
{
	struct asker a;
	struct hashes *h = open_hashes(&a);
	size_t refused = 0;

	for (uint64_t i = 1; i <= 20000; i++) {
		const struct program g = file(i);

		refused += !want(h, &g);
	}
	/* No place is taken from a question that waits for its answer. */
	assert_true(refused >= 20000 - 4096 && refused < 20000);
	hashes_free(h);
}

/* Who numbers files so that they would meet in a table keeps nobody's from being asked for. */
static void has_room_whatever_files_are_numbered(void **state UNUSED)
{
	struct asker a;
	struct hashes *h = open_hashes(&a);

	for (uint64_t inode = 1; a.asked < 64; inode++) {
		const struct program g = file(inode);
		const uint64_t n = (inode ^ g.exe_ctime_ns) * 0x9e3779b97f4a7c15u + g.exe_device;

		if ((n ^ n >> 32) % 1024 == 0)
			assert_true(want(h, &g) > 0);
	}
	hashes_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_once),
		cmocka_unit_test(forgets_what_would_not_hold),
		cmocka_unit_test(has_bounds),
		cmocka_unit_test(keeps_what_is_asked),
		cmocka_unit_test(has_room_whatever_files_are_numbered),
	};

	return cmocka_run_group_tests_name("hashes", tests, NULL, NULL);
}

/* Texts that come and go stay what they are, in memory that follows what is kept. */
#include "unit.h"

#include "watch/text_pool.h"

enum { POOL_BYTES = 8 << 20, KEPT = 1000, TEXTS = 200000, MOST = 400 };

static uint32_t size_of(uint32_t number)
{
	return number * 2654435761u % MOST;
}

static uint32_t add(struct text_pool *p, uint32_t number)
{
	char *bytes;
	uint32_t n = size_of(number), handle = text_pool_add(p, n, &bytes);

	assert_int_not_equal(handle, TEXT_POOL_NONE);
	memset(bytes, (int)(number & 255), n);
	return handle;
}

static void check(const struct text_pool *p, uint32_t handle, uint32_t number)
{
	const char *bytes = text_pool_at(p, handle);

	for (uint32_t i = 0; i < size_of(number); i++)
		assert_int_equal((unsigned char)bytes[i], number & 255);
}

/* Texts come and go for ever: they stay what they are, and what is touched follows what is kept. */
static void rolling(void **state)
{
	static uint32_t handles[KEPT];
	struct text_pool p;
	uint32_t highest = 0;

	(void)state;
	assert_int_equal(text_pool_init(&p, POOL_BYTES, KEPT + 1, NULL), 0);
	for (uint32_t i = 0; i < TEXTS; i++) {
		if (i >= KEPT) {
			check(&p, handles[i % KEPT], i - KEPT);
			text_pool_remove(&p, handles[i % KEPT]);
		}
		handles[i % KEPT] = add(&p, i);
		highest = MAX(highest, p.top);
	}
	assert_true(p.slides > 1);
	assert_in_range(highest, KEPT * MOST / 4, 1 << 20);
	text_pool_done(&p);
}

/* Full is full, and room comes back. */
static void bounds(void **state)
{
	struct text_pool p;
	uint32_t handles[64];
	size_t n = 0;
	char *bytes;

	(void)state;
	assert_int_equal(text_pool_init(&p, 4096, 64, NULL), 0);
	while ((handles[n] = text_pool_add(&p, 200, &bytes)) != TEXT_POOL_NONE)
		n++;
	assert_in_range(n, 15, 20);
	for (size_t i = 0; i < n; i += 2)
		text_pool_remove(&p, handles[i]);
	assert_int_not_equal(text_pool_add(&p, 1000, &bytes), TEXT_POOL_NONE);
	text_pool_done(&p);
}

/* A text stays until the last who holds it lets go; another in its place is not taken for it. */
static void held(void **state)
{
	struct text_pool p;
	uint32_t handle, other;
	char *bytes;

	(void)state;
	assert_int_equal(text_pool_init(&p, 4096, 4, NULL), 0);
	for (uint32_t i = 0; i < 6; i++)
		assert_false(text_pool_begins(&p, i, S("")));
	handle = text_pool_add(&p, 5, &bytes);
	memcpy(bytes, "hello", 5);
	text_pool_hold(&p, handle);
	text_pool_remove(&p, handle);
	assert_true(text_pool_begins(&p, handle, S("hello")));
	assert_true(text_pool_begins(&p, handle, S("hel")));
	assert_false(text_pool_begins(&p, handle, S("help")));
	assert_false(text_pool_begins(&p, handle, S("hello, who is longer")));
	text_pool_remove(&p, handle);
	assert_false(text_pool_begins(&p, handle, S("hello")));
	other = text_pool_add(&p, 5, &bytes);
	memcpy(bytes, "other", 5);
	assert_int_equal(other, handle);
	assert_false(text_pool_begins(&p, handle, S("hello")));
	text_pool_done(&p);
}

/* What was added last and is not wanted leaves no trace. */
static void taken_back(void **state)
{
	struct text_pool p;
	uint32_t kept, handle;

	(void)state;
	assert_int_equal(text_pool_init(&p, POOL_BYTES, 16, NULL), 0);
	kept = add(&p, 7);
	for (uint32_t i = 0, top = p.top; i < 100; i++) {
		handle = add(&p, i);
		check(&p, handle, i);
		text_pool_remove(&p, handle);
		assert_int_equal(p.top, top);
		assert_int_equal(p.dead, 0);
	}
	check(&p, kept, 7);
	text_pool_remove(&p, kept);
	assert_int_equal(p.top, 0);
	text_pool_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(rolling), cmocka_unit_test(bounds),
					    cmocka_unit_test(taken_back), cmocka_unit_test(held) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

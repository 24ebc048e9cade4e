/* The first alert is told at once, what follows is counted and told; no alert is ever lost between the two. */
#include "unit.h"

#include <stdio.h>

#include "watch/alert_copy.h"
#include "watch/fold.h"

#define SECOND ((uint64_t)1000000000)

struct told {
	int calls;
	uint64_t count, first_ns, last_ns, sum;
	char message[64];
};

static void tell(void *ctx, const struct alert *a)
{
	struct told *t = ctx;

	t->calls++;
	t->count = a->count;
	t->first_ns = a->first_ns;
	t->last_ns = a->last_ns;
	snprintf(t->message, sizeof(t->message), "%.*s", STR_ARG(a->message));
}

static const struct container host = { .runtime = CONTAINER_HOST, .id = { "host", 4 } };

static struct alert alert_at(uint64_t ns, const char *message)
{
	return (struct alert){ .rule = S("r"),
			       .message = str_from(message),
			       .time_ns = ns,
			       .first_ns = ns,
			       .last_ns = ns,
			       .count = 1,
			       .container = &host };
}

static bool add(struct fold *f, const char *key, uint64_t ns)
{
	uint8_t sum[FOLD_KEY_BYTES];
	str parts[] = { str_from(key) };
	char message[] = "it happened";
	struct alert a = alert_at(ns, message);

	fold_key(f, parts, 1, sum);
	if (fold_count(f, sum, ns))
		return true;
	fold_add(f, sum, &a);
	/* The fold must have its own copy. */
	memset(message, '#', sizeof(message) - 1);
	return false;
}

static void test_counts(void **state)
{
	struct told t = { 0 };
	struct fold *f = NULL;

	(void)state;
	assert_int_equal(fold_new(60 * SECOND, tell, &t, &f, NULL), 0);
	assert_false(add(f, "a", SECOND));
	assert_int_equal(t.calls, 1);
	for (uint64_t i = 2; i <= 40; i++)
		assert_true(add(f, "a", i * SECOND));
	/* Told at 16 and at 32. */
	assert_int_equal(t.calls, 3);
	assert_int_equal(t.count, 32);
	assert_string_equal(t.message, "it happened");
	fold_tick(f, 60 * SECOND);
	assert_int_equal(t.calls, 3);
	fold_tick(f, 61 * SECOND);
	assert_int_equal(t.calls, 4);
	assert_int_equal(t.count, 40);
	assert_int_equal(t.first_ns, SECOND);
	assert_int_equal(t.last_ns, 40 * SECOND);
	assert_false(add(f, "a", 62 * SECOND));
	fold_free(f);
	assert_int_equal(t.calls, 5);
}

/* The first of each key is told, each second one at the end or when its place is needed: the counts add up. */
static void sum(void *ctx, const struct alert *a)
{
	struct told *t = ctx;

	t->calls++;
	t->sum += a->count == 1 ? 1 : a->count - 1;
}

static void test_many_keys(void **state)
{
	enum { KEYS = 5000 };
	struct told t = { 0 };
	struct fold *f = NULL;

	(void)state;
	assert_int_equal(fold_new(60 * SECOND, sum, &t, &f, NULL), 0);
	for (int i = 0; i < KEYS; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		assert_false(add(f, key, SECOND + (unsigned int)i));
		assert_true(add(f, key, SECOND + (unsigned int)i));
	}
	fold_free(f);
	assert_int_equal(t.calls, 2 * KEYS);
	assert_int_equal(t.sum, 2 * KEYS);
}

static void test_keys(void **state)
{
	uint8_t a[FOLD_KEY_BYTES], b[FOLD_KEY_BYTES];
	struct fold *f = NULL;

	(void)state;
	assert_int_equal(fold_new(SECOND, tell, NULL, &f, NULL), 0);
	fold_key(f, (str[]){ S("ab"), S("c") }, 2, a);
	fold_key(f, (str[]){ S("a"), S("bc") }, 2, b);
	assert_memory_not_equal(a, b, sizeof(a));
	fold_key(f, (str[]){ S("ab"), S("c") }, 2, b);
	assert_memory_equal(a, b, sizeof(a));
	fold_free(f);
}

static void test_normalise(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "/tmp/x1234/y", "/tmp/x0/y" },
		{ "/tmp/deadbeef01/y", "/tmp/x/y" },
		{ "10.0.0.1:40000->1.2.3.4:80", "0.0.0.0:0->0.0.0.0:0" },
		{ "face", "face" },
		{ "", "" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = fold_normalise(str_from(cases[i].text), out, sizeof(out));

		assert_str(((str){ out, n }), cases[i].want);
	}
	assert_int_equal(fold_normalise(S("abcdefgh zzz"), out, 3), 3);
}

static void test_too_large_is_told(void **state)
{
	static char message[ALERT_COPY_MAX + 1];
	struct told t = { 0 };
	struct fold *f = NULL;
	uint8_t key[FOLD_KEY_BYTES] = { 0 };
	struct alert a = alert_at(SECOND, "");

	(void)state;
	memset(message, 'm', sizeof(message));
	a.rule = (str){ message, sizeof(message) };
	assert_null(alert_copy(&a));
	assert_int_equal(fold_new(60 * SECOND, tell, &t, &f, NULL), 0);
	fold_add(f, key, &a);
	assert_false(fold_count(f, key, SECOND));
	fold_add(f, key, &a);
	assert_int_equal(t.calls, 2);
	fold_free(f);
}

/* Padding his arguments gets nobody out of the count. */
static void test_long_texts_are_kept_shorter(void **state)
{
	static char message[ALERT_COPY_MAX + 1];
	struct alert a = alert_at(SECOND, "");
	struct alert *copy;

	(void)state;
	memset(message, 'm', sizeof(message));
	a.message = (str){ message, sizeof(message) };
	copy = alert_copy(&a);
	assert_non_null(copy);
	assert_int_equal(copy->message.n, 256);
	assert_true(copy->cut && !a.cut);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_too_large_is_told),
		cmocka_unit_test(test_long_texts_are_kept_shorter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

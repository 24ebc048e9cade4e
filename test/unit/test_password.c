#include "unit.h"

#include "console/access/password.h"
#include "console/access/password_policy.h"

/* Cheap, so that the test is quick; what is checked does not depend on the cost. */
static const struct password_cost cheap = { .memory_kib = 64, .passes = 1 };

static void checks_its_own_hashes(void **state)
{
	struct password_kitchen k;
	char hash[PASSWORD_HASH_BYTES], other[PASSWORD_HASH_BYTES];
	bool stale = true;

	(void)state;
	password_kitchen_init(&k, cheap, 1);
	assert_int_equal(password_hash(&k, S("correct horse"), hash, NULL), 0);
	assert_int_equal(password_hash(&k, S("correct horse"), other, NULL), 0);
	assert_string_not_equal(hash, other);
	assert_ptr_equal(strstr(hash, "$argon2id$v=19$m=64,t=1,p=1$"), hash);
	assert_int_equal(password_check(&k, str_from(hash), S("correct horse"), &stale, NULL), 0);
	assert_false(stale);
	assert_int_equal(password_check(&k, str_from(hash), S("correct hors"), NULL, NULL),
			 -EACCES);
	assert_int_equal(password_check(&k, str_from(hash), S(""), NULL, NULL), -EACCES);
	password_kitchen_done(&k);
}

static void knows_a_hash_of_another_cost(void **state)
{
	struct password_kitchen weak, strong;
	char hash[PASSWORD_HASH_BYTES];
	bool stale = false;

	(void)state;
	password_kitchen_init(&weak, cheap, 1);
	password_kitchen_init(&strong, (struct password_cost){ .memory_kib = 128, .passes = 1 }, 1);
	assert_int_equal(password_hash(&weak, S("x"), hash, NULL), 0);
	assert_int_equal(password_check(&strong, str_from(hash), S("x"), &stale, NULL), 0);
	assert_true(stale);
	password_kitchen_done(&weak);
	password_kitchen_done(&strong);
}

static void nobody_has_no_password(void **state)
{
	struct password_kitchen k;

	(void)state;
	password_kitchen_init(&k, cheap, 1);
	assert_int_equal(password_check(&k, S(""), S(""), NULL, NULL), -EACCES);
	assert_int_equal(password_check(&k, S("plain"), S("plain"), NULL, NULL), -EIO);
	assert_int_equal(password_check(&k, S("$argon2id$v=19$m=64,t=1,p=1$"), S("x"), NULL, NULL),
			 -EIO);
	password_kitchen_done(&k);
}

static void sends_away_when_there_is_no_room(void **state)
{
	struct password_kitchen k;
	char hash[PASSWORD_HASH_BYTES];

	(void)state;
	password_kitchen_init(&k, cheap, 1);
	k.wait_s = 0;
	sem_wait(&k.room);
	assert_int_equal(password_hash(&k, S("x"), hash, NULL), -EAGAIN);
	assert_int_equal(password_check(&k, S(""), S("x"), NULL, NULL), -EAGAIN);
	sem_post(&k.room);
	assert_int_equal(password_hash(&k, S("x"), hash, NULL), 0);
	password_kitchen_done(&k);
}

static void random_ones_satisfy_the_policy(void **state)
{
	struct password_policy p = { 0 };

	(void)state;
	for (int i = 0; i < 200; i++) {
		char one[PASSWORD_RANDOM_BYTES];

		assert_int_equal(password_random(one, NULL), 0);
		assert_int_equal(strlen(one), PASSWORD_RANDOM_BYTES - 1);
		assert_int_equal(password_policy_check(&p, S("admin"), str_from(one), NULL), 0);
	}
}

static void the_policy_refuses_what_is_guessed(void **state)
{
	struct password_policy p = { 0 };
	static const char *const good[] = { "Blue-kettle-42", "correct horse battery staple",
					    "\u8702\u7a9d\u5b89\u5168 Abc12345" };
	static const char *const bad[] = { "Short-1",
					   "alllowercase12",
					   "Password2026!!",
					   "xAlice2026xyz!",
					   "aaaaAAAA1111",
					   "12121212121212121212",
					   "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct err e = { 0 };

		if (password_policy_check(&p, S("alice"), str_from(good[i]), &e) != 0)
			fail_msg("%s: %s", good[i], e.text);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = { 0 };
		int r = password_policy_check(&p, S("alice"), str_from(bad[i]), &e);

		if (r != -EINVAL)
			fail_msg("'%s' gives %d", bad[i], r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_its_own_hashes),
		cmocka_unit_test(knows_a_hash_of_another_cost),
		cmocka_unit_test(nobody_has_no_password),
		cmocka_unit_test(sends_away_when_there_is_no_room),
		cmocka_unit_test(random_ones_satisfy_the_policy),
		cmocka_unit_test(the_policy_refuses_what_is_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "console/api/risk.h"

static struct risk_part privilege_of(const struct risk_facts *f, struct arena *a)
{
	struct risk r;

	assert_int_equal(risk_reckon(f, a, &r), 0);
	return r.parts[RISK_PRIVILEGE];
}

static void root_is_whom_it_is_on_the_host(void **state UNUSED)
{
	struct risk_facts f = { .known = true, .scanned = true, .root = true };
	struct risk_part p;
	struct arena a;

	arena_init(&a, 0);
	p = privilege_of(&f, &a);
	assert_true(p.points > 3.9 && p.points < 4.1);
	assert_str(p.why, "it runs as root");
	f.root_user = -1; /* not known: the worst is taken */
	assert_str(privilege_of(&f, &a).why, "it runs as root");
	assert_true(privilege_of(&f, &a).points > 3.9);
	f.root_user = 100000;
	p = privilege_of(&f, &a);
	assert_true(p.points > 0.9 && p.points < 1.1);
	assert_str(p.why, "it runs as root; on the host its root is user 100000");
	assert_str(p.why_zh, "以 root 运行；其 root 在主机上是普通用户 100000");
	f.root = false;
	assert_true(privilege_of(&f, &a).points < 0.1);
	assert_str(privilege_of(&f, &a).why, "");
	arena_done(&a);
}

static void no_power_weighs_more_for_a_plain_user(void **state UNUSED)
{
	struct arena a;

	arena_init(&a, 0);
	for (unsigned bits = 1; bits < 128; bits++) {
		struct risk_facts f = { .known = true,
					.privileged = bits & 1,
					.host_pid = bits & 2,
					.host_network = bits & 4,
					.root = bits & 8,
					.engine_socket = bits & 16,
					.host_files = bits & 32,
					.administers = bits & 64 };
		const double as_root = privilege_of(&f, &a).points;
		double as_user;

		f.root_user = 1000;
		as_user = privilege_of(&f, &a).points;
		assert_true(as_user > 0 && as_user <= as_root && as_root <= 20);
		/* The network alone is as dangerous for whoever has it. */
		if ((bits & ~4U) && as_root < 20)
			assert_true(as_user < as_root);
	}
	arena_done(&a);
}

/* As it is shown, 20.0 is in the band it begins, whatever sums of tenths come to. */
static void what_is_shown_is_in_its_band(void **state UNUSED)
{
	struct risk r = { .parts = { { .points = 2.2 }, { .points = 16.4 }, { .points = 1.4 } } };

	risk_add_up(&r);
	assert_string_equal(risk_band(r.score), "fair");
	r.parts[0].points = 1.8400001;
	risk_add_up(&r);
	assert_string_equal(risk_band(r.score), "good");
	assert_true(r.score > 19.59 && r.score < 19.61 && r.parts[0].points < 1.81);
	for (int a = 0; a <= 250; a++)
		for (int b = 0; b <= 250; b++) {
			const int sum = a + b + 7;

			r = (struct risk){ .parts = { { .points = a / 10.0 },
						      { .points = b / 10.0 },
						      { .points = 0.7 } } };
			risk_add_up(&r);
			assert_string_equal(risk_band(r.score), sum < 200   ? "good"
								: sum < 400 ? "fair"
								: sum < 700 ? "poor"
									    : "critical");
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_is_whom_it_is_on_the_host),
		cmocka_unit_test(no_power_weighs_more_for_a_plain_user),
		cmocka_unit_test(what_is_shown_is_in_its_band),
	};

	return cmocka_run_group_tests_name("api_risk", tests, NULL, NULL);
}

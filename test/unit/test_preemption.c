/* Which kernels interrupt tasks at work in them, by what they say of themselves. */
#include "unit.h"

#include "kern/preemption.h"

static void kernels(void **state)
{
	static const struct {
		const char *mode, *cmdline, *version, *want;
	} cases[] = {
		{ "none (voluntary) full\n", "ro quiet", "#1 SMP PREEMPT_DYNAMIC Debian", NULL },
		{ "none voluntary (full)\n", "ro quiet", "#1 SMP PREEMPT_DYNAMIC Debian", "full" },
		{ "none voluntary full (lazy)\n", "", "#1 SMP PREEMPT_DYNAMIC", "lazy" },
		/* What is in force outdoes what was asked for. */
		{ "(none) voluntary full\n", "preempt=full", "#1 SMP PREEMPT_DYNAMIC", NULL },
		{ "", "ro preempt=full quiet\n", "#1 SMP PREEMPT_DYNAMIC", "full" },
		{ "", "preempt=full preempt=none\n", "#1 SMP PREEMPT_DYNAMIC", NULL },
		{ "", "preempt=none preempt=lazy\n", "#1 SMP PREEMPT_DYNAMIC", "lazy" },
		{ "", "preempt=nonsense", "#1 SMP PREEMPT_DYNAMIC", NULL },
		{ "", "nopreempt=full", "#1 SMP PREEMPT_DYNAMIC", NULL },
		{ "", "ro", "#1 SMP PREEMPT_RT Debian 6.1", "rt" },
		{ "", "ro", "#1 SMP PREEMPT Thu", "full" },
		{ "(", "", "#1 SMP", NULL },
		{ "", "", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got =
			preemption_judge(str_from(cases[i].mode), str_from(cases[i].cmdline),
					 str_from(cases[i].version));

		if (cases[i].want)
			assert_string_equal(got, cases[i].want);
		else
			assert_null(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(kernels) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "scan/layer/layer_worker.h"

static const struct layer_options options = { .limits = { .memory_bytes = 1 << 20,
							  .file_bytes = 1 << 20 } };

/* Runs a task to its end. @return what layer_worker_finish() says; the answer in @p answer */
static int run(void (*task)(const struct layer_task *, const struct layer_input *, struct buf *),
	       struct buf *answer, struct err *e)
{
	const struct layer_task t = { .run = task, .options = &options };
	const struct layer_input in = { .fd = -1, .bytes = UINT64_MAX };
	struct layer_worker w;
	int r;

	assert_int_equal(layer_worker_start(&t, &in, &w, NULL), 0);
	while (!layer_worker_pump(&w, &options.limits))
		;
	r = layer_worker_finish(&w, e);
	buf_add(answer, buf_str(&w.result));
	layer_worker_done(&w);
	return r;
}

static void answers(const struct layer_task *t, const struct layer_input *in, struct buf *ret)
{
	(void)in;
	layer_task_progress(t, 7);
	for (int i = 0; i < 1 << 20; i++)
		buf_byte(ret, (char)('a' + i % 26));
}

static void crashes(const struct layer_task *t, const struct layer_input *in, struct buf *ret)
{
	(void)t;
	(void)in;
	(void)ret;
	raise(SIGSEGV);
	__builtin_trap();
}

static void opens_a_file(const struct layer_task *t, const struct layer_input *in, struct buf *ret)
{
	(void)t;
	(void)in;
	buf_printf(ret, "%d", open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static void talks_nonsense(const struct layer_task *t, const struct layer_input *in,
			   struct buf *ret)
{
	static const char frame[] = "X\1\0\0\0!";

	(void)in;
	(void)ret;
	(void)!write(t->answer, frame, sizeof(frame) - 1);
	poll(NULL, 0, 10000);
}

static void announces_too_much(const struct layer_task *t, const struct layer_input *in,
			       struct buf *ret)
{
	static const char frame[] = "R\xff\xff\xff\x7f";

	(void)in;
	(void)ret;
	(void)!write(t->answer, frame, sizeof(frame) - 1);
	poll(NULL, 0, 10000);
}

static void answers_without_end(const struct layer_task *t, const struct layer_input *in,
				struct buf *ret)
{
	(void)t;
	(void)in;
	for (int i = 0; i < 3 << 20; i++)
		buf_byte(ret, 'x');
}

static void leaves(const struct layer_task *t, const struct layer_input *in, struct buf *ret)
{
	(void)t;
	(void)in;
	(void)ret;
	_exit(0);
}

static void an_answer_arrives_whole(void **state)
{
	OWNED_BUF answer = BUF_INIT;

	(void)state;
	assert_int_equal(run(answers, &answer, NULL), 0);
	assert_int_equal(answer.n, 1 << 20);
	assert_int_equal(answer.p[27], 'b');
}

static void bad_children_cost_only_themselves(void **state)
{
	static const struct {
		void (*task)(const struct layer_task *, const struct layer_input *, struct buf *);
		const char *says;
	} cases[] = {
		{ crashes, "signal" },
		{ opens_a_file, "signal" },
		{ talks_nonsense, "impossible answer" },
		{ announces_too_much, "impossible answer" },
		{ answers_without_end, "impossible answer" },
		{ leaves, "without an answer" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		OWNED_BUF answer = BUF_INIT;
		struct err e = { 0 };

		assert_int_equal(run(cases[i].task, &answer, &e), -ECHILD);
		if (!strstr(e.text, cases[i].says))
			fail_msg("case %zu: '%s' does not say '%s'", i, e.text, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_arrives_whole),
		cmocka_unit_test(bad_children_cost_only_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

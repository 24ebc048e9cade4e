/* The tree keeps lineage whatever exits, gives numbers out again, and stays inside its memory. */
#include "unit.h"

#include "watch/process_tree.h"

static struct process_tree *new_tree(uint32_t max, uint32_t text_bytes)
{
	struct process_tree_config c = { max, text_bytes, 60 };
	struct process_tree *t = NULL;

	assert_int_equal(process_tree_new(&c, &t, NULL), 0);
	return t;
}

static struct process_key key(uint32_t pid)
{
	return (struct process_key){ pid, (uint64_t)pid * 1000 };
}

static void forked(struct process_tree *t, uint32_t parent, uint32_t pid)
{
	struct event_exec x = { .parent = key(parent) };
	struct event v = { .type = EVENT_CLONE, .task = key(pid), .time_ns = pid, .exec = &x };

	process_tree_event(t, &v);
}

static void runs(struct process_tree *t, uint32_t parent, uint32_t pid, const char *comm, str argv)
{
	struct event_exec x = { .parent = key(parent),
				.comm = str_from(comm),
				.args = argv,
				.exe_path = S("/bin/x"),
				.cwd = S("/root"),
				.pid_ns = 1 };
	struct event v = { .type = EVENT_EXECVE, .task = key(pid), .time_ns = pid, .exec = &x };

	process_tree_event(t, &v);
}

static void exits(struct process_tree *t, uint32_t pid, uint64_t at)
{
	struct event v = { .type = EVENT_PROCEXIT, .task = key(pid), .time_ns = at };

	process_tree_event(t, &v);
}

static str comm_of(const struct process_tree *t, const struct process *p)
{
	const struct program *g = p ? process_tree_program(t, p) : NULL;

	return g ? program_comm(process_tree_programs(t), g) : S("?");
}

static str comm(const struct process_tree *t, uint32_t pid)
{
	return comm_of(t, process_tree_find(t, key(pid)));
}

static str parent_comm(const struct process_tree *t, uint32_t pid)
{
	return comm_of(t, process_tree_parent(t, process_tree_find(t, key(pid))));
}

static void test_strings(void **state)
{
	struct process_tree *t = new_tree(16, 1 << 16);
	const struct program *g;
	const struct program_table *s = process_tree_programs(t);

	(void)state;
	runs(t, 1, 10, "bash", S("-bash\0-c\0id; ls\0"));
	g = process_tree_program(t, process_tree_find(t, key(10)));
	assert_str(program_comm(s, g), "bash");
	assert_str(program_exe(s, g), "-bash");
	assert_str(program_args(s, g), "-c id; ls");
	assert_str(program_cmdline(s, g), "bash -c id; ls");
	assert_str(program_path(s, g), "/bin/x");
	assert_str(program_cwd(s, g), "/root/");
	assert_int_equal(g->arg_count, 2);
	runs(t, 1, 11, "true", S("true\0"));
	g = process_tree_program(t, process_tree_find(t, key(11)));
	assert_str(program_cmdline(s, g), "true");
	assert_str(program_args(s, g), "");
	runs(t, 1, 12, "sh", S("sh\0\0"));
	g = process_tree_program(t, process_tree_find(t, key(12)));
	assert_str(program_cmdline(s, g), "sh ");
	assert_int_equal(g->arg_count, 1);
	runs(t, 1, 13, "none", S(""));
	g = process_tree_program(t, process_tree_find(t, key(13)));
	assert_str(program_cmdline(s, g), "none");
	assert_str(program_exe(s, g), "");
	process_tree_free(t);
}

static void test_lineage(void **state)
{
	struct process_tree *t = new_tree(16, 1 << 16);

	(void)state;
	runs(t, 1, 10, "nginx", S("nginx\0"));
	forked(t, 10, 11);
	assert_str(comm(t, 11), "nginx");
	runs(t, 10, 11, "sh", S("sh\0"));
	forked(t, 11, 12);
	exits(t, 11, 100);
	/* The kernel now says 1 is its parent; it still comes from the shell. */
	runs(t, 1, 12, "id", S("id\0"));
	assert_str(parent_comm(t, 12), "sh");
	assert_str(parent_comm(t, 11), "nginx");
	/* A thread is no process. */
	struct event thread = { .type = EVENT_CLONE, .task = key(10), .tid = 99, .flags = 0x10000 };
	process_tree_event(t, &thread);
	assert_null(process_tree_living(t, 99));
	process_tree_free(t);
}

/* CLONE_PARENT makes a sibling: its parent is the caller's, and what it runs is the caller's. */
static void test_forked_as_a_sibling(void **state)
{
	struct process_tree *t = new_tree(16, 1 << 16);
	struct event_exec x = { .parent = key(10), .comm = S("evil"), .user = 7, .pid_ns = 1 };
	struct event v = { .type = EVENT_CLONE,
			   .task = key(12),
			   .time_ns = 12,
			   .flags = 0x8000,
			   .arg = { 11, (int64_t)key(11).start_ns },
			   .exec = &x };
	const struct program *g;

	(void)state;
	runs(t, 1, 10, "trusted", S("trusted\0"));
	runs(t, 10, 11, "evil", S("evil\0-x\0"));
	process_tree_event(t, &v);
	g = process_tree_program(t, process_tree_find(t, key(12)));
	assert_str(program_cmdline(process_tree_programs(t), g), "evil -x");
	assert_str(parent_comm(t, 12), "trusted");
	/* Of one that was never seen no more is known than its name. */
	v.task = key(13);
	v.arg[0] = 99;
	process_tree_event(t, &v);
	g = process_tree_program(t, process_tree_find(t, key(13)));
	assert_str(program_comm(process_tree_programs(t), g), "evil");
	assert_true(g->partial);
	process_tree_free(t);
}

static const struct program *program_of(const struct process_tree *t, uint32_t pid)
{
	return process_tree_program(t, process_tree_find(t, key(pid)));
}

static size_t text_bytes(const struct process_tree *t)
{
	struct process_tree_stats s;

	process_tree_stats(t, &s);
	return s.text_bytes;
}

/* A program that many run is there once; whatever differs, though no string of its own does, makes another one. */
static void test_same_program_is_there_once(void **state)
{
	const struct event_exec first = { .comm = S("sh"),
					  .args = S("sh\0-c\0id\0"),
					  .exe_path = S("/bin/sh"),
					  .cwd = S("/root"),
					  .env = S("A=1\0"),
					  .pid_ns = 1 };
	struct process_tree *t = new_tree(256, 1 << 16);
	struct event_exec x[8];
	size_t one = 0, each;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(x); i++)
		x[i] = first;
	x[1].cwd = S("/tmp");
	x[2].exe_inode = 7;
	x[3].exe_ctime_ns = 7;
	x[4].exe_mtime_ns = 7;
	x[5].exe_device = 7;
	x[6].exe_flags = 7;
	x[7].env = S("A=2\0");
	for (uint32_t pid = 10; pid < 100; pid++) {
		struct event v = {
			.type = EVENT_EXECVE, .task = key(pid), .time_ns = pid, .exec = &x[0]
		};

		process_tree_event(t, &v);
		if (pid == 10)
			one = text_bytes(t);
		else
			assert_ptr_equal(program_of(t, pid), program_of(t, 10));
	}
	assert_int_equal(text_bytes(t), one);
	for (uint32_t i = 1; i < ARRAY_LEN(x); i++) {
		struct event v = { .type = EVENT_EXECVE, .task = key(200 + i), .exec = &x[i] };

		each = text_bytes(t);
		process_tree_event(t, &v);
		assert_in_range(text_bytes(t), each + 1, each + one);
	}
	assert_str(program_cwd(process_tree_programs(t), program_of(t, 201)), "/tmp/");
	/* By turns, as in containers of one image. */
	for (uint32_t pid = 210; pid < 250; pid++) {
		struct event v = { .type = EVENT_EXECVE, .task = key(pid), .exec = &x[pid % 6] };

		if (pid == 216)
			each = text_bytes(t);
		process_tree_event(t, &v);
	}
	assert_int_equal(text_bytes(t), each);
	assert_str(program_cwd(process_tree_programs(t), program_of(t, 10)), "/root/");
	/* It stays while one of those that run it does. */
	for (uint32_t pid = 10; pid < 99; pid++)
		runs(t, 1, pid, "other", S("other\0"));
	assert_str(program_cmdline(process_tree_programs(t), program_of(t, 99)), "sh -c id");
	process_tree_free(t);
}

/* Different programs of one environment: it is there once, as long as one of them is. */
static void test_environment_is_there_once(void **state)
{
	enum { ENV_BYTES = 1000, PROGRAMS = 20 };
	struct process_tree *t = new_tree(64, 1 << 16);
	char env[ENV_BYTES], args[] = "sh\0-a";
	struct event_exec x = { .comm = S("sh"),
				.args = { args, sizeof(args) },
				.env = { env, sizeof(env) },
				.pid_ns = 1 };
	const struct program_table *s = process_tree_programs(t);

	(void)state;
	memset(env, 'e', sizeof(env));
	for (uint32_t pid = 10; pid < 10 + PROGRAMS; pid++) {
		struct event v = {
			.type = EVENT_EXECVE, .task = key(pid), .time_ns = pid, .exec = &x
		};

		args[4]++;
		process_tree_event(t, &v);
	}
	assert_in_range(text_bytes(t), ENV_BYTES, 2 * ENV_BYTES);
	for (uint32_t pid = 10; pid < 9 + PROGRAMS; pid++)
		runs(t, 1, pid, "other", S("other\0"));
	assert_true(str_eq(program_env(s, program_of(t, 9 + PROGRAMS)), x.env));
	/* Another of the same length is not taken for it, nor one that it begins with. */
	env[ENV_BYTES - 1] = 'f';
	for (size_t cut = 0; cut < 2; cut++) {
		struct event v = {
			.type = EVENT_EXECVE, .task = key(10), .time_ns = 99, .exec = &x
		};

		x.env.n -= cut;
		process_tree_event(t, &v);
		assert_true(str_eq(program_env(s, program_of(t, 10)), x.env));
	}
	runs(t, 1, 10, "other", S("other\0"));
	runs(t, 1, 9 + PROGRAMS, "other", S("other\0"));
	assert_in_range(text_bytes(t), 1, 100);
	process_tree_free(t);
}

/* Of one whose exec was not seen less is known, though all strings are the same. */
static void test_partial_is_no_other(void **state)
{
	struct process_tree *t = new_tree(16, 1 << 16);
	struct event_exec x = { .parent = key(98), .comm = S("sh"), .pid_ns = 1 };
	struct event exec = { .type = EVENT_EXECVE, .task = key(10), .time_ns = 10, .exec = &x };
	struct event fork = { .type = EVENT_CLONE, .task = key(11), .time_ns = 11, .exec = &x };

	(void)state;
	process_tree_event(t, &exec);
	process_tree_event(t, &fork);
	assert_false(program_of(t, 10)->partial);
	assert_true(program_of(t, 11)->partial);
	process_tree_free(t);
}

static void test_number_reused(void **state)
{
	struct process_tree *t = new_tree(16, 1 << 16);
	struct event_exec x = { .parent = key(1), .comm = S("new"), .args = S("new\0") };
	struct event v = {
		.type = EVENT_EXECVE, .task = { 10, 77000 }, .time_ns = 500, .exec = &x
	};
	struct process_tree_stats s;

	(void)state;
	runs(t, 1, 10, "old", S("old\0"));
	process_tree_event(t, &v);
	assert_str(comm(t, 10), "old");
	assert_str(comm_of(t, process_tree_living(t, 10)), "new");
	assert_int_equal(process_tree_find(t, key(10))->exit_ns, 500);
	process_tree_stats(t, &s);
	assert_int_equal(s.processes, 1);
	assert_int_equal(s.exited, 1);
	process_tree_free(t);
}

/* What an older holder of the number did may be told after the new one began: it waited for its container, or in the ring for a snapshot. */
static void test_older_holder_told_late(void **state)
{
	struct process_tree *t = new_tree(16, 1 << 16);
	struct event_exec x = { .parent = key(1), .comm = S("old"), .args = S("old\0") };
	struct event v = { .type = EVENT_EXECVE, .task = { 10, 77 }, .time_ns = 20, .exec = &x };
	struct event end = { .type = EVENT_PROCEXIT, .task = { 10, 77 }, .time_ns = 30 };
	struct process_tree_stats s;

	(void)state;
	runs(t, 1, 10, "new", S("new\0"));
	process_tree_event(t, &v);
	assert_str(comm_of(t, process_tree_living(t, 10)), "new");
	assert_str(comm_of(t, process_tree_find(t, v.task)), "old");
	process_tree_event(t, &end);
	assert_int_equal(process_tree_find(t, key(10))->exit_ns, 0);
	process_tree_stats(t, &s);
	assert_int_equal(s.processes, 1);
	assert_int_equal(s.exited, 1);
	process_tree_free(t);
}

static void test_eviction(void **state)
{
	struct process_tree *t = new_tree(4, 1 << 16);
	struct process_tree_stats s;

	(void)state;
	runs(t, 1, 10, "a", S("a\0"));
	forked(t, 10, 11);
	exits(t, 10, 20);
	runs(t, 1, 12, "b", S("b\0"));
	exits(t, 12, 30);
	runs(t, 1, 13, "c", S("c\0"));
	exits(t, 13, 40);
	/* Full: b exited longer ago than c; a too, but it has a child. */
	runs(t, 1, 14, "d", S("d\0"));
	assert_str(comm(t, 12), "?");
	assert_str(comm(t, 13), "c");
	assert_str(parent_comm(t, 11), "a");
	runs(t, 1, 15, "e", S("e\0"));
	runs(t, 1, 16, "f", S("f\0"));
	/* Only ancestors were left to forget: the child is an orphan, not confused. */
	assert_null(process_tree_parent(t, process_tree_find(t, key(11))));
	assert_str(comm(t, 11), "a");
	runs(t, 1, 17, "g", S("g\0"));
	process_tree_stats(t, &s);
	assert_int_equal(s.evicted, 3);
	assert_int_equal(s.refused, 1);
	assert_int_equal(s.processes, 4);
	assert_str(comm(t, 17), "?");
	process_tree_free(t);
}

static void test_expiry(void **state)
{
	struct process_tree *t = new_tree(16, 1 << 16);
	uint64_t second = 1000000000;

	(void)state;
	runs(t, 1, 10, "a", S("a\0"));
	forked(t, 10, 11);
	exits(t, 10, second);
	exits(t, 11, 2 * second);
	process_tree_expire(t, 61 * second);
	assert_non_null(process_tree_find(t, key(10)));
	process_tree_expire(t, 62 * second);
	assert_null(process_tree_find(t, key(11)));
	/* With its last child gone the ancestor goes too. */
	assert_null(process_tree_find(t, key(10)));
	process_tree_free(t);
}

/* Who exited before the clock was set back keeps nobody remembered until that time comes again. */
static void test_expiry_of_times_to_come(void **state)
{
	struct process_tree *t = new_tree(16, 1 << 16);
	uint64_t second = 1000000000;

	(void)state;
	runs(t, 1, 10, "a", S("a\0"));
	runs(t, 1, 11, "b", S("b\0"));
	exits(t, 10, 4000 * second);
	exits(t, 11, 401 * second);
	process_tree_expire(t, 400 * second);
	assert_null(process_tree_find(t, key(10)));
	assert_non_null(process_tree_find(t, key(11)));
	process_tree_free(t);
}

static void test_snapshot_repairs(void **state)
{
	struct process_tree *t = new_tree(16, 1 << 16);
	struct event_exec x = { .parent = key(1), .comm = S("kept"), .args = S("kept\0") };
	struct event v = { .type = EVENT_EXECVE,
			   .marks = EVENT_REPLAYED,
			   .task = key(10),
			   .time_ns = 50,
			   .exec = &x };

	(void)state;
	runs(t, 1, 10, "stale", S("stale\0"));
	runs(t, 1, 11, "gone", S("gone\0"));
	process_tree_snapshot_begin(t);
	process_tree_event(t, &v);
	runs(t, 1, 12, "fresh", S("fresh\0"));
	process_tree_snapshot_end(t, 60);
	assert_str(comm(t, 10), "kept");
	assert_non_null(process_tree_living(t, 10));
	assert_non_null(process_tree_living(t, 12));
	assert_null(process_tree_living(t, 11));
	process_tree_free(t);
}

/* 100,000 processes through a small tree: long arguments are cut, memory is not exceeded, the newest are always there. */
static void test_storm(void **state)
{
	enum { TEXT = 1 << 18 };
	struct process_tree *t = new_tree(256, TEXT);
	static char argv[100000];
	struct process_tree_stats s;

	(void)state;
	memset(argv, 'a', sizeof(argv));
	for (uint32_t pid = 10; pid < 100000; pid++) {
		uint32_t n = pid % 50 ? pid % 400 : (uint32_t)sizeof(argv);

		runs(t, pid - 1, pid, "storm", (str){ argv, n });
		assert_str(comm(t, pid), "storm");
		if (pid >= 20)
			exits(t, pid - 10, pid);
		process_tree_stats(t, &s);
		assert_true(s.processes + s.exited <= 256);
		assert_true(s.text_bytes <= TEXT);
	}
	assert_int_equal(s.processes, 10);
	assert_int_equal(s.refused, 0);
	process_tree_free(t);
}

static uint64_t alike_when_run(struct process_tree *t, uint32_t pid, uint32_t exe_flags)
{
	struct event_exec x = {
		.parent = key(1), .comm = S("sleep"), .args = S("sleep"), .exe_flags = exe_flags
	};
	struct event v = { .type = EVENT_EXECVE, .task = key(pid), .time_ns = pid, .exec = &x };

	process_tree_event(t, &v);
	return program_alike(process_tree_program(t, process_tree_find(t, key(pid))));
}

/* What is run on the host and in a container by turns is the same each time: what rules make of it is not found out anew. */
static void test_alike_by_turns(void **state)
{
	struct process_tree *t = new_tree(64, 1 << 16);
	uint64_t host, container;

	(void)state;
	host = alike_when_run(t, 10, 0);
	container = alike_when_run(t, 11, EVENT_EXE_LOWER);
	assert_true(host != container);
	for (uint32_t pid = 20; pid < 40; pid += 2) {
		assert_int_equal(alike_when_run(t, pid, 0), host);
		assert_int_equal(alike_when_run(t, pid + 1, EVENT_EXE_LOWER), container);
	}
	process_tree_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_lineage),
		cmocka_unit_test(test_forked_as_a_sibling),
		cmocka_unit_test(test_same_program_is_there_once),
		cmocka_unit_test(test_environment_is_there_once),
		cmocka_unit_test(test_partial_is_no_other),
		cmocka_unit_test(test_number_reused),
		cmocka_unit_test(test_older_holder_told_late),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_expiry_of_times_to_come),
		cmocka_unit_test(test_snapshot_repairs),
		cmocka_unit_test(test_storm),
		cmocka_unit_test(test_alike_by_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

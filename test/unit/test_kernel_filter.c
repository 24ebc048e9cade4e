/*
 * Random choices of the rules that ship, and of Falco's where they are at hand, over random events: the compiled rules
 * come out as their plain reading does, and what a rule holds for or is in doubt about, the kernel filter lets through.
 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "policy/rule_path.h"
#include "policy_lottery.h"

static void load(struct rule_set *s, const char *root, const char *below)
{
	struct arena a;
	char path[512];
	const char *names[1] = { path };
	const char **files;
	size_t count;

	arena_init(&a, 0);
	snprintf(path, sizeof(path), "%s/%s", root ? root : ".", below);
	if (rule_path_collect(names, 1, &a, &files, &count, NULL) == 0)
		for (size_t i = 0; i < count; i++) {
			OWNED_BUF text = BUF_INIT;

			if (file_read(AT_FDCWD, files[i], 16 << 20, &text, NULL) == 0)
				assert_int_equal(
					rule_set_add(s, str_from(files[i]), buf_str(&text), NULL),
					0);
		}
	arena_done(&a);
}

static void play(const char *root_variable, const char *below)
{
	struct rule_set *s;
	struct lottery l;
	struct arena a;
	size_t count, held = 0;
	const struct rule *all;
	const struct rule **some;

	assert_int_equal(rule_set_new(&s, NULL), 0);
	load(s, getenv(root_variable), below);
	assert_int_equal(rule_set_finish(s, NULL), 0);
	all = rule_set_rules(s, &count);
	if (!count) {
		rule_set_free(s);
		SKIP_BECAUSE("shared data is not beside the source tree: %s", below);
	}
	arena_init(&a, 0);
	some = ARENA_ARRAY(&a, count, const struct rule *);
	lottery_open(&l, &a, 1);
	for (size_t i = 0; i < count; i++)
		if (all[i].condition)
			lottery_learn(&l, all[i].condition);
	for (int round = 0; round < 60; round++) {
		struct policy_program *p;
		size_t n = 0;

		for (size_t i = 0; i < count; i++)
			if (lottery_next(&l) % 8 < (round < 40 ? 1 : 8))
				some[n++] = &all[i];
		assert_int_equal(
			policy_compile_rules(some, n, &policy_events, NULL, NULL, &p, NULL), 0);
		held += lottery_check(&l, p, 300);
		policy_free(p);
	}
	assert_true(held > 20);
	lottery_close(&l);
	arena_done(&a);
	rule_set_free(s);
}

static void our_rules(void **state UNUSED)
{
	play("SKEP_SOURCE_DIR", "content/rules");
}

static void falcos_rules(void **state UNUSED)
{
	play("SKEP_SHARED_DIR", "data/falco-rules");
}

static const struct rule *rule_of(str condition, struct arena *a)
{
	struct rule *r = ARENA_NEW(a, struct rule);
	struct err e = { 0 };

	r->name = condition;
	r->source = S("syscall");
	r->enabled = true;
	if (condition_parse(r->name, 0, a, &r->condition, NULL, &e) < 0)
		fail_msg("%.*s: %s", STR_ARG(condition), e.text);
	return r;
}

/* Few words, so that names drawn from them are asked for often; @p depth bounds it. */
static str random_condition(struct lottery *l, struct arena *a, int depth)
{
	static const char *const checks[] = {
		"proc.name = ta",          "proc.name in (tar, sh)",
		"proc.name != sh",         "proc.name startswith ta",
		"proc.name endswith ar",   "proc.name contains a",
		"proc.name glob t?r",      "proc.name pmatch (tar)",
		"proc.name icontains TA",  "proc.name intersects (sh, ta)",
		"proc.name exists",        "container.id != host",
		"evt.is_open_read = true", "fd.name startswith /ta",
		"fd.sport = 443",          "fd.connected = false",
		"fd.connected != true",    "fd.name_changed = true",
		"fd.connected = true",     "fd.name_changed = false",
	};
	str x, y;

	if (depth == 0 || lottery_next(l) % 3 == 0)
		return str_from(checks[lottery_next(l) % ARRAY_LEN(checks)]);
	x = random_condition(l, a, depth - 1);
	y = random_condition(l, a, depth - 1);
	if (lottery_next(l) % 4 == 0)
		return arena_printf(a, "not (%.*s)", STR_ARG(x));
	return arena_printf(a, "(%.*s %s %.*s)", STR_ARG(x), lottery_next(l) % 2 ? "and" : "or",
			    STR_ARG(y));
}

static void conditions_on_names(void **state UNUSED)
{
	for (uint64_t round = 0; round < 300; round++) {
		const struct rule *rules[3];
		struct policy_program *p;
		struct lottery l;
		struct arena a;

		arena_init(&a, 0);
		lottery_open(&l, &a, round);
		for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
			str c = random_condition(&l, &a, 3);

			c = arena_printf(
				&a, "evt.type in (openat, connect, dns, kill, sendto) and %.*s",
				STR_ARG(c));
			rules[i] = rule_of(c, &a);
			lottery_learn(&l, rules[i]->condition);
		}
		assert_int_equal(policy_compile_rules(rules, ARRAY_LEN(rules), &policy_events, NULL,
						      NULL, &p, NULL),
				 0);
		lottery_check(&l, p, 100);
		policy_free(p);
		lottery_close(&l);
		arena_done(&a);
	}
}

/* The filter must be of use, too. */
static struct kernel_filter *filter_of(const char *condition, struct arena *a)
{
	struct kernel_filter *f = ARENA_NEW(a, struct kernel_filter);
	const struct rule *r = rule_of(str_from(condition), a);
	struct policy_program *p;

	assert_int_equal(policy_compile_rules(&r, 1, &policy_events, NULL, NULL, &p, NULL), 0);
	assert_int_equal(kernel_filter_derive(p, a, f, NULL), 0);
	policy_free(p);
	return f;
}

static void what_no_rule_wants_is_dropped(void **state UNUSED)
{
#define OPENED "evt.type in (open, openat) and evt.is_open_read = true and fd.num >= 0 and "
	static const struct {
		const char *condition;
		const char *path, *other; /* passes; does not */
	} rows[] = {
		{ OPENED "fd.name = /etc/shadow", "/etc/shadow", "/etc/shadow2" },
		{ OPENED "fd.name in (/a, /b)", "/b", "/c" },
		{ OPENED "fd.name startswith /etc", "/etcetera", "/tmp/x" },
		{ OPENED "fd.name endswith .so", "/x.so", "/tmp/x" },
		{ OPENED "fd.name contains kube", "/a/kubelet", "/tmp/x" },
		{ OPENED "fd.name pmatch (/etc/ssh/)", "/etc/ssh/x", "/etc/sshx" },
		{ OPENED "fd.name glob /home/*/.ssh/*", "/home/a/.ssh/b", "/root/.ssh/b" },
		{ OPENED "fd.filename in (id_rsa, id_dsa)", "/x/id_dsa", "/x/id_dsax" },
		{ OPENED "fd.directory = /etc/pam.d", "/etc/pam.d/x", "/etc/x" },
		{ OPENED "(fd.name = /a or proc.name = b and fd.name = /b)", "/b", "/c" },
		{ OPENED "not (fd.name != /a)", "/c", NULL },
		{ OPENED "fd.directory = /", "/x", "/x/y" },
		{ OPENED "(fd.directory = / or fd.name startswith /root/)", "/root/a", "/x/y" },
		{ OPENED "fd.name startswith /etc/ and fd.nameraw contains ../", "/etc/..x",
		  "/etc/x" },
		{ OPENED "fd.name != /a and container.id != host", "/c", NULL },
	};
	struct event v = { .type = EVENT_OPENAT, .res = 3 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena a;
		const struct kernel_filter *f;

		arena_init(&a, 0);
		f = filter_of(rows[i].condition, &a);
		v.path = str_from(rows[i].path);
		if (!kernel_filter_passes(f, &v, S(""), true))
			fail_msg("%s drops %s", rows[i].condition, rows[i].path);
		v.path = str_from(rows[i].other);
		if (rows[i].other && kernel_filter_passes(f, &v, S(""), true))
			fail_msg("%s lets %s pass", rows[i].condition, rows[i].other);
		assert_int_equal(f->clause_count[EVENT_CONNECT], 0);
		assert_false(f->failed_opens);
		arena_done(&a);
	}
}

/* One field for whichever way a file comes to be at a path; of opens those for writing alone are wanted. */
static void where_files_are_written_is_kept(void **state UNUSED)
{
	static const struct {
		struct event v;
		bool passes;
	} rows[] = {
		{ { .type = EVENT_OPENAT, .path = S("/etc/cron.d/x"), .flags = O_WRONLY }, true },
		{ { .type = EVENT_OPENAT, .path = S("/etc/cron.d/x"), .flags = O_RDWR }, true },
		{ { .type = EVENT_OPENAT, .path = S("/etc/cron.d/x"), .flags = O_RDONLY }, false },
		{ { .type = EVENT_OPENAT, .path = S("/etc/x"), .flags = O_WRONLY }, false },
		{ { .type = EVENT_OPENAT, .flags = O_WRONLY }, true },
		{ { .type = EVENT_CREAT, .path = S("/etc/cron.d/x") }, true },
		{ { .type = EVENT_RENAME, .path = S("/a"), .path2 = S("/etc/cron.d/x") }, true },
		{ { .type = EVENT_RENAME, .path = S("/a"), .path2 = S("/b") }, false },
		{ { .type = EVENT_LINKAT, .path = S("/a"), .path2 = S("/etc/cron.d/x") }, true },
		{ { .type = EVENT_SYMLINKAT, .raw = S("a"), .path2 = S("/etc/cron.d/x") }, true },
		{ { .type = EVENT_SYMLINKAT, .raw = S("a"), .path2 = S("/b") }, false },
		{ { .type = EVENT_TRUNCATE, .path = S("/etc/cron.d/x") }, true },
		{ { .type = EVENT_TRUNCATE, .path = S("/etc/x") }, false },
	};
	const struct kernel_filter *f;
	struct arena a;

	arena_init(&a, 0);
	f = filter_of("evt.type in (openat, creat, rename, linkat, symlinkat, truncate) and "
		      "evt.rawres >= 0 and fs.path.written pmatch (/etc/cron.d)",
		      &a);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (kernel_filter_passes(f, &rows[i].v, S(""), true) != rows[i].passes)
			fail_msg("row %zu", i);
	arena_done(&a);
}

static void facts_are_kept(void **state UNUSED)
{
	struct event open = { .type = EVENT_OPENAT, .res = 3, .path = S("/x") };
	struct event connect = { .type = EVENT_CONNECT,
				 .fd = { .kind = EVENT_FD_IPV4, .remote = { .port = 443 } } };
	const struct kernel_filter *f;
	struct arena a;

	arena_init(&a, 0);
	f = filter_of("evt.type = openat and evt.is_open_write = true and container.id != host",
		      &a);
	open.flags = O_RDONLY;
	assert_false(kernel_filter_passes(f, &open, S(""), true));
	open.flags = O_WRONLY;
	assert_true(kernel_filter_passes(f, &open, S(""), true));
	assert_false(kernel_filter_passes(f, &open, S(""), false));
	f = filter_of("evt.type = openat and evt.res = EACCES", &a);
	assert_false(kernel_filter_passes(f, &open, S(""), false));
	assert_true(f->failed_opens);
	open.res = -13;
	assert_true(kernel_filter_passes(f, &open, S(""), false));
	f = filter_of("evt.type = connect and fd.sport in (443, 8443)", &a);
	assert_true(kernel_filter_passes(f, &connect, S(""), false));
	connect.fd.remote.port = 80;
	assert_false(kernel_filter_passes(f, &connect, S(""), false));
	f = filter_of("evt.type = connect and fd.typechar = 4 and not container.id = host", &a);
	assert_true(kernel_filter_passes(f, &connect, S(""), true));
	assert_false(kernel_filter_passes(f, &connect, S(""), false));
	connect.fd.kind = EVENT_FD_UNIX;
	assert_false(kernel_filter_passes(f, &connect, S(""), true));
	f = filter_of("evt.type = connect and fd.name in (/run/docker.sock)", &a);
	assert_true(kernel_filter_passes(f, &connect, S(""), false));
	connect.fd.kind = EVENT_FD_IPV6;
	assert_false(kernel_filter_passes(f, &connect, S(""), false));
	arena_done(&a);
}

/* Names are compared for whatever a process does itself; of a packet that leaves, who is at work then says nothing. */
static void names_are_kept(void **state UNUSED)
{
	static const enum event_type of_process[] = { EVENT_OPENAT, EVENT_CONNECT, EVENT_PTRACE };
	struct event dns = { .type = EVENT_DNS };
	const struct kernel_filter *f;
	struct arena a;

	arena_init(&a, 0);
	f = filter_of(
		"evt.type in (openat, connect, ptrace, dns) and (proc.name = tar or proc.name in "
		"(sh, bash)) and container.id != host",
		&a);
	for (size_t i = 0; i < ARRAY_LEN(of_process); i++) {
		struct event v = { .type = of_process[i], .res = 3, .path = S("/x") };

		assert_true(kernel_filter_passes(f, &v, S("tar"), true));
		assert_true(kernel_filter_passes(f, &v, S("bash"), true));
		assert_true(kernel_filter_passes(f, &v, S(""), true));
		assert_false(kernel_filter_passes(f, &v, S("tar"), false));
		assert_false(kernel_filter_passes(f, &v, S("find"), true));
	}
	assert_true(kernel_filter_passes(f, &dns, S("find"), true));
	f = filter_of("evt.type = openat and not proc.name in (tar) and proc.name startswith t",
		      &a);
	assert_true(kernel_filter_passes(f, &(struct event){ .type = EVENT_OPENAT }, S("x"), true));
	arena_done(&a);
}

/* What a figure counts must come out of the kernel though no rule asks for the event itself. */
static void what_figures_count_passes(void **state)
{
	struct event renamed = { .type = EVENT_RENAMEAT2 },
		     opened = { .type = EVENT_OPENAT, .flags = O_WRONLY };
	const struct kernel_filter *f;
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	f = filter_of("evt.type = usage and usage.renames > 9 and container.id != host", &a);
	assert_true(kernel_filter_passes(f, &renamed, S(""), true));
	assert_false(kernel_filter_passes(f, &renamed, S(""), false));
	assert_false(kernel_filter_passes(f, &opened, S(""), true));
	f = filter_of("evt.type = usage and usage.opens_write > 9", &a);
	assert_false(kernel_filter_passes(f, &renamed, S(""), true));
	assert_true(kernel_filter_passes(f, &opened, S(""), true));
	opened.flags = O_RDONLY;
	assert_false(kernel_filter_passes(f, &opened, S(""), true));
	arena_done(&a);
}

/* What must be read of the caller is read for the types whose rules ask for it alone. */
static void what_rules_ask_of_the_caller(void **state UNUSED)
{
	const struct kernel_filter *f;
	struct arena a;

	arena_init(&a, 0);
	f = filter_of(
		"evt.type in (openat, execve) and (proc.cwd startswith /tmp or proc.name = x)", &a);
	assert_int_equal(f->wants[EVENT_OPENAT], KERNEL_WANT_CWD);
	assert_int_equal(f->wants[EVENT_EXECVE], 0);
	assert_int_equal(f->wants[EVENT_OPEN], 0);
	f = filter_of("evt.type = connect and toupper(proc.stdin.type) = IPV4 or "
		      "evt.type = open and proc.stdout.name = val(proc.cwd)",
		      &a);
	assert_int_equal(f->wants[EVENT_CONNECT], KERNEL_WANT_STDIO);
	assert_int_equal(f->wants[EVENT_OPEN], KERNEL_WANT_STDIO | KERNEL_WANT_CWD);
	assert_int_equal(f->wants[EVENT_OPENAT], 0);
	arena_done(&a);
}

/* Most of a machine's connections are with itself, and most rules on connections leave these out. */
static void loopback_is_dropped(void **state UNUSED)
{
#define CONNECTED "evt.type in (connect, accept4) and (fd.typechar = 4 or fd.typechar = 6) and "
	struct event v = { .type = EVENT_CONNECT, .fd.kind = EVENT_FD_IPV4 };
	const struct kernel_filter *beyond, *any;
	struct arena a;

	arena_init(&a, 0);
	beyond = filter_of(CONNECTED "fd.ip != 0.0.0.0 and fd.net != \"127.0.0.0/8\"", &a);
	any = filter_of(CONNECTED "fd.net != \"10.0.0.0/8\"", &a);
	v.fd.local.ip[0] = 127;
	v.fd.remote.ip[0] = 127;
	assert_false(kernel_filter_passes(beyond, &v, S(""), true));
	assert_true(kernel_filter_passes(any, &v, S(""), true));
	v.fd.remote.ip[0] = 10;
	assert_true(kernel_filter_passes(beyond, &v, S(""), true));
	v.fd.kind = EVENT_FD_IPV6;
	assert_true(kernel_filter_passes(beyond, &v, S(""), true));
	arena_done(&a);
}

/* Nearly all sends are of connected sockets, and rules on sends ask for the others. */
static void sends_of_connected_sockets_are_dropped(void **state UNUSED)
{
#define SENT "evt.type in (sendto, recvfrom) and fd.typechar = 4 and "
	static const struct {
		const char *condition;
		bool connected; /* sends of connected sockets pass */
	} rows[] = {
		{ SENT "fd.connected = false", false },
		{ SENT "fd.name_changed = true", false },
		{ SENT "fd.name_changed != false", false },
		{ SENT "(fd.connected = false or fd.name_changed = true)", false },
		{ SENT "evt.res = EPIPE and (fd.connected = false or fd.sport = 53)", false },
		{ SENT "(fd.connected = false or fd.sport = 53)", true },
		{ SENT "fd.connected = true", true },
		{ SENT "fd.name_changed = false", true },
		{ SENT "fd.connected in (true, false)", true },
		{ SENT "fd.l4proto = udp", true },
	};
	struct event v = { .type = EVENT_SENDTO,
			   .res = 1,
			   .fd = { .kind = EVENT_FD_IPV4, .remote.port = 53 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct kernel_filter *f;
		struct arena a;

		arena_init(&a, 0);
		f = filter_of(rows[i].condition, &a);
		v.fd.connected = true;
		if (f->connected_sends != rows[i].connected ||
		    kernel_filter_passes(f, &v, S(""), true) != rows[i].connected)
			fail_msg("%s", rows[i].condition);
		v.type = EVENT_RECVFROM;
		v.res = strstr(rows[i].condition, "EPIPE") ? -EPIPE : 1;
		assert_true(kernel_filter_passes(f, &v, S(""), true));
		v.type = EVENT_SENDTO;
		v.fd.connected = false;
		assert_true(kernel_filter_passes(f, &v, S(""), true));
		v.res = 1;
		arena_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_rules),
		cmocka_unit_test(falcos_rules),
		cmocka_unit_test(conditions_on_names),
		cmocka_unit_test(what_no_rule_wants_is_dropped),
		cmocka_unit_test(where_files_are_written_is_kept),
		cmocka_unit_test(facts_are_kept),
		cmocka_unit_test(names_are_kept),
		cmocka_unit_test(loopback_is_dropped),
		cmocka_unit_test(sends_of_connected_sockets_are_dropped),
		cmocka_unit_test(what_figures_count_passes),
		cmocka_unit_test(what_rules_ask_of_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

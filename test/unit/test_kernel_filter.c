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

/* The filter must be of use, too. */
static struct kernel_filter *filter_of(const char *condition, struct arena *a)
{
	struct rule *r = ARENA_NEW(a, struct rule);
	struct kernel_filter *f = ARENA_NEW(a, struct kernel_filter);
	struct policy_program *p;
	struct err e = { 0 };

	r->name = str_from(condition);
	r->source = S("syscall");
	r->enabled = true;
	if (condition_parse(r->name, 0, a, &r->condition, NULL, &e) < 0)
		fail_msg("%s: %s", condition, e.text);
	assert_int_equal(policy_compile_rules((const struct rule *const *)&r, 1, &policy_events,
					      NULL, NULL, &p, NULL),
			 0);
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
		if (!kernel_filter_passes(f, &v, true))
			fail_msg("%s drops %s", rows[i].condition, rows[i].path);
		v.path = str_from(rows[i].other);
		if (rows[i].other && kernel_filter_passes(f, &v, true))
			fail_msg("%s lets %s pass", rows[i].condition, rows[i].other);
		assert_int_equal(f->clause_count[EVENT_CONNECT], 0);
		assert_false(f->failed_opens);
		arena_done(&a);
	}
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
	assert_false(kernel_filter_passes(f, &open, true));
	open.flags = O_WRONLY;
	assert_true(kernel_filter_passes(f, &open, true));
	assert_false(kernel_filter_passes(f, &open, false));
	f = filter_of("evt.type = openat and evt.res = EACCES", &a);
	assert_false(kernel_filter_passes(f, &open, false));
	assert_true(f->failed_opens);
	open.res = -13;
	assert_true(kernel_filter_passes(f, &open, false));
	f = filter_of("evt.type = connect and fd.sport in (443, 8443)", &a);
	assert_true(kernel_filter_passes(f, &connect, false));
	connect.fd.remote.port = 80;
	assert_false(kernel_filter_passes(f, &connect, false));
	f = filter_of("evt.type = connect and fd.typechar = 4 and not container.id = host", &a);
	assert_true(kernel_filter_passes(f, &connect, true));
	assert_false(kernel_filter_passes(f, &connect, false));
	connect.fd.kind = EVENT_FD_UNIX;
	assert_false(kernel_filter_passes(f, &connect, true));
	f = filter_of("evt.type = connect and fd.name in (/run/docker.sock)", &a);
	assert_true(kernel_filter_passes(f, &connect, false));
	connect.fd.kind = EVENT_FD_IPV6;
	assert_false(kernel_filter_passes(f, &connect, false));
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
	assert_true(kernel_filter_passes(f, &renamed, true));
	assert_false(kernel_filter_passes(f, &renamed, false));
	assert_false(kernel_filter_passes(f, &opened, true));
	f = filter_of("evt.type = usage and usage.opens_write > 9", &a);
	assert_false(kernel_filter_passes(f, &renamed, true));
	assert_true(kernel_filter_passes(f, &opened, true));
	opened.flags = O_RDONLY;
	assert_false(kernel_filter_passes(f, &opened, true));
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
	assert_false(kernel_filter_passes(beyond, &v, true));
	assert_true(kernel_filter_passes(any, &v, true));
	v.fd.remote.ip[0] = 10;
	assert_true(kernel_filter_passes(beyond, &v, true));
	v.fd.kind = EVENT_FD_IPV6;
	assert_true(kernel_filter_passes(beyond, &v, true));
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_rules),
		cmocka_unit_test(falcos_rules),
		cmocka_unit_test(what_no_rule_wants_is_dropped),
		cmocka_unit_test(facts_are_kept),
		cmocka_unit_test(loopback_is_dropped),
		cmocka_unit_test(what_figures_count_passes),
		cmocka_unit_test(what_rules_ask_of_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

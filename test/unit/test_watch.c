/* From events to alerts: what is held, in which order it is judged, what is told and how it is counted. */
#include "unit.h"

#include <stdio.h>

#include "stage.h"

#define MS ((uint64_t)1000000)
#define SECOND (1000 * MS)

static const char rules[] =
	"- rule: shell\n"
	"  desc: d\n"
	"  condition: evt.type in (execve, execveat) and container.id != host and proc.name = sh\n"
	"  output: shell %proc.cmdline by %proc.pname in %container.name (%container.image.tag)\n"
	"  priority: WARNING\n"
	"  tags: [a, b]\n"
	"- rule: any exec\n"
	"  desc: d\n"
	"  condition: evt.type = execve\n"
	"  output: exec %proc.exepath %container.name\n"
	"  priority: NOTICE\n"
	"- rule: not shop\n"
	"  desc: d\n"
	"  condition: evt.type = openat and not container.image.repository = example/shop\n"
	"  output: opened %fd.name\n"
	"  priority: NOTICE\n"
	"- rule: busy\n"
	"  desc: d\n"
	"  condition: evt.type = usage and usage.execs > 2\n"
	"  output: execs=%usage.execs in %container.name\n"
	"  priority: NOTICE\n";

static struct stage *open_stage(const struct watch_config *c)
{
	static struct stage s;

	stage_open(&s, &(str){ rules, sizeof(rules) - 1 }, 1, c);
	return &s;
}

#define EXEC(cgroup, pid, time) \
	"{'type':'execve','cgroup':" cgroup ",'time':" time ",'task':{'pid':" pid ",'start':" pid \
	"},'exec':{'parent':{'pid':9,'start':9},'comm':'sh','args':['sh','-c','id'],'exePath':'/" \
	"bin/sh','vpid':1}}"
#define NGINX(cgroup) \
	"{'type':'execve','cgroup':" cgroup \
	",'time':1,'marks':8,'task':{'pid':9,'start':9},'exec':{'comm':'nginx','args':['nginx']," \
	"'exePath':'/usr/sbin/nginx'}}"

static void test_alert(void **state)
{
	struct watch_config c = { .no_folding = true };
	struct stage *s = open_stage(&c);
	struct watch_stats stats;

	(void)state;
	stage_event(s, NGINX("2"));
	/* What was there at the start is known and not judged. */
	assert_int_equal(s->alerts, 0);
	stage_event(s, EXEC("2", "10", "5"));
	assert_int_equal(s->alerts, 1);
	assert_string_equal(s->alert[0].rule, "shell");
	assert_string_equal(s->alert[0].message, "shell sh -c id by nginx in shop (<NA>)");
	assert_string_equal(s->alert[0].container, "shop");
	/* Its output does not name it. */
	assert_string_equal(s->alert[0].type, "execve");
	assert_false(s->alert[0].unknown);
	stage_event(s, EXEC("1", "11", "6"));
	assert_string_equal(s->alert[1].rule, "any exec");
	assert_string_equal(s->alert[1].message, "exec /bin/sh host");
	watch_stats(s->watch, &stats);
	assert_int_equal(stats.events, 3);
	assert_int_equal(stats.alerts, 2);
	assert_int_equal(stats.processes, 3);
	assert_int_equal(stats.replayed, 1);
	stage_close(s);
}

static void test_all_rules(void **state)
{
	struct watch_config c = { .no_folding = true, .all_rules = true };
	struct stage *s = open_stage(&c);

	(void)state;
	stage_event(s, EXEC("2", "10", "5"));
	assert_int_equal(s->alerts, 2);
	stage_close(s);
}

static void test_unknown_is_not_false(void **state)
{
	struct watch_config c = { .no_folding = true };
	struct stage *s = open_stage(&c);
	struct watch_stats stats;

	(void)state;
	stage_event(s,
		    "{'type':'openat','cgroup':3,'task':{'pid':5,'start':5},'path':'/x','res':3}");
	assert_int_equal(s->alerts, 1);
	stage_event(s,
		    "{'type':'openat','cgroup':2,'task':{'pid':5,'start':5},'path':'/x','res':3}");
	assert_int_equal(s->alerts, 1);
	/* The image is not known: it may be the shop. */
	stage_event(s,
		    "{'type':'openat','cgroup':5,'task':{'pid':5,'start':5},'path':'/x','res':3}");
	assert_int_equal(s->alerts, 1);
	watch_stats(s->watch, &stats);
	assert_int_equal(stats.unknown_verdicts, 1);
	stage_close(s);
}

static void test_held_until_known(void **state)
{
	struct watch_config c = { .no_folding = true };
	struct stage *s = open_stage(&c);
	struct watch_stats stats;

	(void)state;
	stage_event(s, EXEC("6", "10", "1000000"));
	stage_event(s, "{'type':'openat','cgroup':6,'time':1000001,'task':{'pid':10,'start':10},'"
		       "path':'/first','res':3}");
	stage_event(s, "{'type':'openat','cgroup':6,'time':1000002,'task':{'pid':10,'start':10},'"
		       "path':'/second','res':3}");
	/* Others are not kept waiting. */
	stage_event(s, EXEC("2", "20", "1000003"));
	assert_int_equal(s->alerts, 1);
	watch_tick(s->watch, 10 * MS);
	assert_int_equal(s->alerts, 1);
	s->late_known = true;
	/* The next event of the group brings those before it along, in their order. */
	stage_event(s, "{'type':'openat','cgroup':6,'time':20000000,'task':{'pid':10,'start':10},'"
		       "path':'/third','res':3}");
	assert_int_equal(s->alerts, 5);
	assert_string_equal(s->alert[1].rule, "shell");
	assert_string_equal(s->alert[1].container, "late");
	assert_string_equal(s->alert[2].message, "opened /first");
	assert_string_equal(s->alert[3].message, "opened /second");
	assert_string_equal(s->alert[4].message, "opened /third");
	watch_stats(s->watch, &stats);
	assert_int_equal(stats.held, 3);
	assert_int_equal(stats.held_timeout, 0);
	assert_int_equal(stats.unknown_verdicts, 0);
	stage_close(s);
}

static void test_released_by_tick_and_by_time(void **state)
{
	struct watch_config c = { .no_folding = true };
	struct stage *s = open_stage(&c);
	struct watch_stats stats;

	(void)state;
	stage_event(s, EXEC("6", "10", "1000000"));
	s->late_known = true;
	watch_tick(s->watch, 2 * MS);
	assert_int_equal(s->alerts, 1);
	stage_forget(s);
	s->late_known = false;
	stage_event(s, EXEC("6", "11", "3000000"));
	watch_tick(s->watch, 150 * MS);
	stage_event(s, EXEC("6", "12", "150000000"));
	watch_tick(s->watch, 201 * MS);
	assert_int_equal(s->alerts, 0);
	watch_tick(s->watch, 202 * MS);
	/* Both: order is kept, and the group is given up. Only the rule that asks nothing of the container holds. */
	assert_int_equal(s->alerts, 2);
	assert_string_equal(s->alert[0].rule, "any exec");
	assert_string_equal(s->alert[0].message, "exec /bin/sh <unknown>");
	assert_true(s->alert[0].unknown);
	stage_event(s, EXEC("6", "13", "300000000"));
	assert_int_equal(s->alerts, 3);
	watch_stats(s->watch, &stats);
	assert_int_equal(stats.held_timeout, 2);
	stage_close(s);
}

/* A clock that is set back must not make anything wait for it to catch up. */
static void test_clock_set_back(void **state)
{
	struct watch_config c = { .no_folding = true };
	struct stage *s = open_stage(&c);

	(void)state;
	watch_tick(s->watch, 100 * SECOND);
	stage_event(s, EXEC("6", "10", "100000000000"));
	watch_tick(s->watch, 50 * SECOND);
	assert_int_equal(s->alerts, 1);
	stage_close(s);
}

static void test_too_many_held(void **state)
{
	struct watch_config c = { .no_folding = true, .max_held = 8 };
	struct stage *s = open_stage(&c);
	struct watch_stats stats;

	(void)state;
	for (int i = 0; i < 9; i++)
		stage_event(s, EXEC("6", "10", "1000000"));
	/* Nothing is lost: all are judged with what is known. */
	assert_int_equal(s->alerts, 8);
	watch_tick(s->watch, 500 * MS);
	assert_int_equal(s->alerts, 9);
	watch_stats(s->watch, &stats);
	assert_int_equal(stats.held_early, 1);
	stage_close(s);
}

static void test_folding(void **state)
{
	struct watch_config c = { .fold_s = 10, .usage_interval_ms = 1000000 };
	struct stage *s = open_stage(&c);
	struct watch_stats stats;

	(void)state;
	for (int i = 0; i < 5; i++)
		stage_event(s, EXEC("2", "10", "1000000000"));
	assert_int_equal(s->alerts, 1);
	assert_int_equal(s->alert[0].count, 1);
	/* Another container of another image is another alert. */
	stage_event(s, EXEC("3", "11", "1000000000"));
	assert_int_equal(s->alerts, 2);
	watch_tick(s->watch, 12 * SECOND);
	assert_int_equal(s->alerts, 3);
	assert_int_equal(s->alert[2].count, 5);
	assert_string_equal(s->alert[2].container, "shop");
	assert_string_equal(s->alert[2].message, "shell sh -c id by <unknown> in shop (<NA>)");
	watch_stats(s->watch, &stats);
	assert_int_equal(stats.folded, 4);
	stage_close(s);
}

static void test_usage(void **state)
{
	struct watch_config c = { .no_folding = true, .usage_interval_ms = 1000 };
	struct stage *s = open_stage(&c);

	(void)state;
	watch_tick(s->watch, SECOND);
	for (int i = 0; i < 3; i++)
		stage_event(s, EXEC("2", "10", "1000000001"));
	stage_event(s, EXEC("3", "11", "1000000001"));
	stage_forget(s);
	watch_tick(s->watch, 2 * SECOND);
	assert_int_equal(s->alerts, 1);
	assert_string_equal(s->alert[0].message, "execs=3 in shop");
	watch_tick(s->watch, 3 * SECOND);
	assert_int_equal(s->alerts, 1);
	/* Nobody did it whose name could be waited for. */
	for (int i = 0; i < 4; i++)
		stage_event(s, EXEC("2", "10", "1000000001"));
	s->names_pending = 7;
	watch_tick(s->watch, 4 * SECOND);
	assert_string_equal(s->alert[s->alerts - 1].message, "execs=4 in shop");
	stage_close(s);
}

static void count_tap(void *ctx, const struct policy_target *t, const struct event *v)
{
	int *n = ctx;

	(void)v;
	*n += t->type == EVENT_SETNS;
}

static void test_tap_and_new_rules(void **state)
{
	struct watch_config c = { .no_folding = true };
	struct stage *s = open_stage(&c), other;
	int seen = 0;

	(void)state;
	watch_set_tap(s->watch, count_tap, &seen);
	/* A type that no rule wants still passes the tap. */
	stage_event(s, "{'type':'setns','cgroup':2,'task':{'pid':5,'start':5}}");
	assert_int_equal(seen, 1);
	stage_open(&other,
		   &S("- rule: only\n  desc: d\n  condition: evt.type = setns\n  output: o\n  "
		      "priority: INFO\n"),
		   1, &c);
	assert_int_equal(watch_set_program(s->watch, other.program, NULL), 0);
	stage_event(s, "{'type':'setns','cgroup':2,'task':{'pid':5,'start':5}}");
	assert_int_equal(s->alerts, 1);
	assert_string_equal(s->alert[0].rule, "only");
	watch_free(s->watch);
	s->watch = NULL;
	stage_close(&other);
	stage_close(s);
}

/* ---- Hashes of files ---- */

static const char hash_rules[] =
	"- rule: any shell\n"
	"  desc: d\n"
	"  condition: evt.type = execve and proc.name = sh and proc.args contains now\n"
	"  output: shell\n"
	"  priority: NOTICE\n"
	"- rule: listed\n"
	"  desc: d\n"
	"  condition: evt.type = execve and proc.name startswith b and proc.sha256 startswith aa\n"
	"  output: listed %proc.cmdline %proc.sha256\n"
	"  priority: CRITICAL\n"
	"- rule: not allowed\n"
	"  desc: d\n"
	"  condition: evt.type = execve and proc.name startswith b and not proc.sha256 startswith "
	"cc\n"
	"  output: not allowed %proc.name\n"
	"  priority: NOTICE\n"
	"- rule: shows\n"
	"  desc: d\n"
	"  condition: evt.type = execve and proc.name = shows\n"
	"  output: shows %proc.sha256\n"
	"  priority: NOTICE\n";

struct asker {
	size_t asked;
	struct hash_question last;
	char path[64];
};

static bool ask(void *ctx, const struct hash_question *q)
{
	struct asker *a = ctx;

	a->asked++;
	a->last = *q;
	snprintf(a->path, sizeof(a->path), "%.*s", STR_ARG(q->path));
	return true;
}

static struct stage *open_hash_stage(struct asker *a)
{
	struct watch_config c = { .no_folding = true, .hash = ask, .hash_ctx = a };
	static struct stage s;

	*a = (struct asker){ 0 };
	stage_open(&s, &(str){ hash_rules, sizeof(hash_rules) - 1 }, 1, &c);
	watch_tick(s.watch, SECOND);
	return &s;
}

static void run_file(struct stage *s, const char *name, int pid, int parent, int inode)
{
	char json[400];

	snprintf(json, sizeof(json),
		 "{'type':'execve','cgroup':2,'time':%d,'task':{'pid':%d,'start':%d},'exec':{'"
		 "parent':"
		 "{'pid':%d,'start':%d},'comm':'%s','args':['%s','x'],'exePath':'/bin/%s','vpid':1,"
		 "'exeInode':%d,'exeCtime':7,'exeMtime':6,'exeDevice':3}}",
		 pid, pid, pid, parent, parent, name, name, name, inode);
	stage_event(s, json);
}

static void run(struct stage *s, const char *name, int pid, int inode)
{
	run_file(s, name, pid, 9, inode);
}

static void run_under(struct stage *s, const char *name, int pid, int parent)
{
	run_file(s, name, pid, parent, 0);
}

static void exits(struct stage *s, int pid)
{
	char json[100];

	snprintf(json, sizeof(json),
		 "{'type':'procexit','cgroup':2,'time':%d,'task':{'pid':%d,'start':%d}}", pid + 1,
		 pid, pid);
	stage_event(s, json);
}

static void answer(struct stage *s, const struct asker *a, int first, enum hash_gap gap)
{
	struct hash_answer h = { .file = a->last.file,
				 .known = first >= 0,
				 .gap = gap,
				 .settled = true,
				 .sums = { .kinds = 1u << DIGEST_SHA256 } };

	h.sums.sum[DIGEST_SHA256][0] = (uint8_t)first;
	watch_hashed(s->watch, &h);
}

static void test_judged_when_the_hash_is_there(void **state UNUSED)
{
	struct asker a;
	struct stage *s = open_hash_stage(&a);
	struct watch_stats stats;

	/* The rest of the conditions says no. */
	run(s, "cat", 5, 100);
	assert_int_equal(a.asked, 0);
	run(s, "bad", 10, 101);
	assert_int_equal(a.asked, 1);
	assert_int_equal(a.last.file.inode, 101);
	assert_int_equal(a.last.kinds, 1u << DIGEST_SHA256);
	assert_int_equal(a.last.pid, 10);
	assert_string_equal(a.path, "/bin/bad");
	assert_false(a.last.host);
	/* It runs something else by now; and another runs the same file. */
	run(s, "cat", 10, 100);
	run(s, "bad", 11, 101);
	assert_int_equal(a.asked, 1);
	assert_int_equal(s->alerts, 0);
	answer(s, &a, 0xaa, 0);
	assert_int_equal(s->alerts, 2);
	assert_string_equal(s->alert[0].rule, "listed");
	assert_int_equal(strncmp(s->alert[0].message, "listed bad x aa000000", 21), 0);
	assert_false(s->alert[0].unknown);
	/* Known from now on. */
	run(s, "bad", 12, 101);
	assert_int_equal(s->alerts, 3);
	run(s, "good", 13, 101);
	run(s, "best", 14, 102);
	answer(s, &a, 0xcc, 0);
	assert_int_equal(a.asked, 2);
	assert_int_equal(s->alerts, 3);
	run(s, "other", 15, 103);
	run(s, "b", 16, 104);
	answer(s, &a, 0xdd, 0);
	assert_string_equal(s->alert[3].rule, "not allowed");
	watch_stats(s->watch, &stats);
	assert_int_equal(stats.awaited, 4);
	assert_int_equal(stats.unknown_verdicts, 0);
	stage_close(s);
}

static void test_output_asks_for_the_hash(void **state UNUSED)
{
	struct asker a;
	struct stage *s = open_hash_stage(&a);

	run(s, "shows", 10, 101);
	assert_int_equal(s->alerts, 0);
	answer(s, &a, 0x12, 0);
	assert_int_equal(s->alerts, 1);
	assert_int_equal(strncmp(s->alert[0].message, "shows 1200", 10), 0);
	stage_close(s);
}

static void test_no_hash_is_no_verdict(void **state UNUSED)
{
	struct asker a;
	struct stage *s = open_hash_stage(&a);
	struct watch_stats stats;

	run(s, "bad", 10, 101);
	answer(s, &a, -1, HASH_GONE);
	run(s, "big", 11, 102);
	answer(s, &a, -1, HASH_TOO_LARGE);
	run(s, "big", 12, 102);
	assert_int_equal(a.asked, 2);
	/* Waiting has an end, and what comes late counts for the next. */
	run(s, "bad", 13, 103);
	watch_tick(s->watch, 2 * SECOND);
	watch_stats(s->watch, &stats);
	assert_int_equal(stats.unhashed[HASH_LATE], 0);
	watch_tick(s->watch, 7 * SECOND);
	assert_int_equal(s->alerts, 0);
	watch_stats(s->watch, &stats);
	assert_int_equal(stats.unhashed[HASH_GONE], 1);
	assert_int_equal(stats.unhashed[HASH_TOO_LARGE], 2);
	assert_int_equal(stats.unhashed[HASH_LATE], 1);
	assert_int_equal(stats.unknown_verdicts, 8);
	assert_str(stats.unhashed_path, "/bin/bad");
	answer(s, &a, 0xaa, 0);
	assert_int_equal(s->alerts, 0);
	run(s, "bad", 14, 103);
	assert_int_equal(s->alerts, 1);
	stage_close(s);
}

/* More than can wait: they are judged at once, and counted. */
static void test_too_many_wait(void **state UNUSED)
{
	struct asker a;
	struct stage *s = open_hash_stage(&a);
	struct watch_stats stats;

	for (int i = 0; i < 3000; i++)
		run(s, "bad", 10 + i, 101);
	watch_stats(s->watch, &stats);
	assert_in_range(stats.unhashed[HASH_BUSY], 3000 - 1024, 2500);
	answer(s, &a, 0xaa, 0);
	assert_int_equal(s->alerts, 3000 - stats.unhashed[HASH_BUSY]);
	stage_close(s);
}

static void test_new_rules_while_hashes_are_awaited(void **state UNUSED)
{
	struct asker a;
	struct stage *s = open_hash_stage(&a), plain;
	struct watch_config c = { .no_folding = true };
	struct watch_stats stats;

	run(s, "bad", 10, 101);
	stage_open(&plain, &(str){ rules, sizeof(rules) - 1 }, 1, &c);
	assert_int_equal(watch_set_program(s->watch, plain.program, NULL), 0);
	watch_stats(s->watch, &stats);
	assert_int_equal(stats.unhashed[HASH_LATE], 1);
	answer(s, &a, 0xaa, 0);
	assert_int_equal(s->alerts, 0);
	run(s, "bad", 11, 102);
	assert_int_equal(a.asked, 1);
	assert_int_equal(s->alerts, 1);
	/* And back, by rules that ask. */
	assert_int_equal(watch_set_program(s->watch, s->program, NULL), 0);
	run(s, "bad", 12, 101);
	assert_int_equal(a.asked, 2);
	answer(s, &a, 0xaa, 0);
	assert_int_equal(s->alerts, 2);
	watch_free(s->watch);
	s->watch = NULL;
	stage_close(&plain);
	stage_close(s);
}

/* ---- Names of users ---- */

static const char name_rules[] = "- rule: by a person\n"
				 "  desc: d\n"
				 "  condition: evt.type = execve and user.name = root\n"
				 "  output: person %proc.name\n"
				 "  priority: NOTICE\n"
				 "- rule: shown\n"
				 "  desc: d\n"
				 "  condition: evt.type = execve and proc.name = shows\n"
				 "  output: shown %user.name\n"
				 "  priority: NOTICE\n";

static struct stage *open_name_stage(void)
{
	struct watch_config c = { .no_folding = true };
	static struct stage s;

	stage_open(&s, &(str){ name_rules, sizeof(name_rules) - 1 }, 1, &c);
	watch_tick(s.watch, SECOND);
	return &s;
}

static void test_judged_when_the_name_is_there(void **state UNUSED)
{
	struct stage *s = open_name_stage();

	s->names_pending = 7;
	run(s, "bad", 20, 0);
	run(s, "shows", 21, 0);
	/* What it runs then is kept: it may run something else by the time there is an answer. */
	assert_int_equal(s->alerts, 0);
	watch_named(s->watch, 8);
	assert_int_equal(s->alerts, 0);
	s->names_pending = 0;
	run(s, "other", 20, 0);
	assert_int_equal(s->alerts, 1);
	stage_forget(s);
	watch_named(s->watch, 7);
	assert_int_equal(s->alerts, 2);
	assert_string_equal(s->alert[0].message, "person bad");
	assert_true(stage_fired(s, "by a person"));
	stage_close(s);
}

/* A shell that starts something and then becomes another program started it all the same. */
static void test_ancestors_are_those_of_then(void **state UNUSED)
{
	static const char under_rules[] = "- rule: by a person from a shell\n"
					  "  desc: d\n"
					  "  condition: evt.type = execve and user.name = root and "
					  "proc.pname = sh and proc.aname[2] = web\n"
					  "  output: under %proc.pcmdline under %proc.aname[2]\n"
					  "  priority: NOTICE\n";
	struct watch_config c = { .no_folding = true };
	static struct stage s;

	stage_open(&s, &(str){ under_rules, sizeof(under_rules) - 1 }, 1, &c);
	watch_tick(s.watch, SECOND);
	run_under(&s, "web", 20, 9);
	run_under(&s, "sh", 21, 20);
	s.names_pending = 7;
	run_under(&s, "id", 22, 21);
	s.names_pending = 0;
	run_under(&s, "sleep", 21, 20);
	run_under(&s, "cat", 20, 9);
	watch_named(s.watch, 7);
	assert_int_equal(s.alerts, 1);
	assert_string_equal(s.alert[0].message, "under sh x under web");
	/* And it is another program from now on. */
	run_under(&s, "id", 23, 21);
	assert_int_equal(s.alerts, 1);
	stage_close(&s);
}

/* It may have exited and be forgotten by the time its user's name is known, and its hash is still asked for. */
static void test_forgotten_while_it_waits(void **state UNUSED)
{
	struct asker a = { 0 };
	struct watch_config c = {
		.no_folding = true, .hash = ask, .hash_ctx = &a, .max_processes = 64
	};
	static struct stage s;

	stage_open(&s, &(str){ hash_rules, sizeof(hash_rules) - 1 }, 1, &c);
	watch_tick(s.watch, SECOND);
	s.names_pending = 7;
	run(&s, "shows", 20, 101);
	for (int pid = 20; pid < 100; pid++) {
		if (pid > 20)
			run(&s, "other", pid, 0);
		exits(&s, pid);
	}
	s.names_pending = 0;
	watch_named(s.watch, 7);
	assert_int_equal(a.asked, 1);
	assert_string_equal(a.path, "/bin/shows");
	answer(&s, &a, 0x12, 0);
	assert_int_equal(s.alerts, 1);
	assert_int_equal(strncmp(s.alert[0].message, "shows 1200", 10), 0);
	stage_close(&s);
}

/* What a container's start says of its first process is by its number alone, which nobody may have any more. */
static void test_first_process_gone_while_its_start_waits(void **state UNUSED)
{
	static const char start_rules[] = "- rule: begun\n"
					  "  desc: d\n"
					  "  condition: evt.type = container_start\n"
					  "  output: begun %proc.name %proc.sha256\n"
					  "  priority: NOTICE\n";
	const struct container k = { .runtime = CONTAINER_DOCKER,
				     .known = CONTAINER_IDENTITY | CONTAINER_METADATA,
				     .id = S("abc"),
				     .cgroup_id = STAGE_APP,
				     .init_pid = 20 };
	struct asker a = { 0 };
	struct watch_config c = { .no_folding = true, .hash = ask, .hash_ctx = &a };
	static struct stage s;

	stage_open(&s, &(str){ start_rules, sizeof(start_rules) - 1 }, 1, &c);
	watch_tick(s.watch, SECOND);
	run(&s, "init", 20, 101);
	s.names_pending = 7;
	watch_container(s.watch, &k, true, false);
	exits(&s, 20);
	s.names_pending = 0;
	watch_named(s.watch, 7);
	answer(&s, &a, 0x12, 0);
	assert_int_equal(s.alerts, 1);
	assert_int_equal(strncmp(s.alert[0].message, "begun init 1200", 15), 0);
	stage_close(&s);
}

/* Many with long paths wait for a name, then for a hash: each keeps its own path. */
static void test_waits_twice_as_it_was(void **state UNUSED)
{
	enum { OPENS = STAGE_ALERTS, PATH = 4000, SHOWN = 400 };
	static const char open_rules[] = "- rule: opened\n"
					 "  desc: d\n"
					 "  condition: evt.type = openat and user.name = root and "
					 "proc.sha256 startswith aa\n"
					 "  output: \"%evt.arg.name\"\n"
					 "  priority: NOTICE\n";
	struct asker a = { 0 };
	struct watch_config c = { .no_folding = true, .hash = ask, .hash_ctx = &a };
	static struct stage s;
	char path[PATH + 1] = { 0 }, json[PATH + 200];

	stage_open(&s, &(str){ open_rules, sizeof(open_rules) - 1 }, 1, &c);
	watch_tick(s.watch, SECOND);
	run(&s, "bad", 20, 101);
	s.names_pending = 7;
	for (int i = 0; i < OPENS; i++) {
		memset(path, 'A' + i % 50, PATH);
		snprintf(json, sizeof(json),
			 "{'type':'openat','cgroup':2,'time':100,'task':{'pid':20,'start':20},"
			 "'tid':20,'res':3,'path':'%s'}",
			 path);
		stage_event(&s, json);
	}
	s.names_pending = 0;
	watch_named(s.watch, 7);
	assert_int_equal(s.alerts, 0);
	answer(&s, &a, 0xaa, 0);
	assert_int_equal(s.alerts, OPENS);
	for (int i = 0; i < OPENS; i++) {
		memset(path, 'A' + i % 50, SHOWN);
		assert_memory_equal(s.alert[i].message, path, SHOWN);
	}
	stage_close(&s);
}

static void test_no_name_is_no_verdict(void **state UNUSED)
{
	struct stage *s = open_name_stage();

	s->names_pending = 7;
	run(s, "bad", 20, 0);
	run(s, "shows", 21, 0);
	watch_tick(s->watch, SECOND + 4999 * MS);
	assert_int_equal(s->alerts, 0);
	/* Nobody waits for ever, and nobody is taken for root or for another. */
	watch_tick(s->watch, SECOND + 5000 * MS);
	assert_int_equal(s->alerts, 1);
	assert_string_equal(s->alert[0].rule, "shown");
	assert_true(s->alert[0].unknown);
	stage_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alert),
		cmocka_unit_test(test_judged_when_the_hash_is_there),
		cmocka_unit_test(test_output_asks_for_the_hash),
		cmocka_unit_test(test_no_hash_is_no_verdict),
		cmocka_unit_test(test_judged_when_the_name_is_there),
		cmocka_unit_test(test_ancestors_are_those_of_then),
		cmocka_unit_test(test_forgotten_while_it_waits),
		cmocka_unit_test(test_first_process_gone_while_its_start_waits),
		cmocka_unit_test(test_waits_twice_as_it_was),
		cmocka_unit_test(test_no_name_is_no_verdict),
		cmocka_unit_test(test_too_many_wait),
		cmocka_unit_test(test_new_rules_while_hashes_are_awaited),
		cmocka_unit_test(test_all_rules),
		cmocka_unit_test(test_unknown_is_not_false),
		cmocka_unit_test(test_held_until_known),
		cmocka_unit_test(test_released_by_tick_and_by_time),
		cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_too_many_held),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_tap_and_new_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

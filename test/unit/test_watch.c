/* From events to alerts: what is held, in which order it is judged, what is told and how it is counted. */
#include "unit.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alert),
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

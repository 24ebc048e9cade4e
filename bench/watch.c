/*
 * Measures user space per delivered event by 25, 93 and 250 rules: bench/watch [--count KIND N] RULES.yaml...
 *
 * The rules are those of bench/judge: the first of the files in their order, copies where there are too few. The events are records in a
 * ring, benign ones (feed.h): those that the kernel's filter lets pass by 250 rules, the same for each number of rules. What comes
 * again and again is remembered by the time that is measured, as in an agent that runs for a minute; one program in eight is new. A
 * record is read from the ring, decoded, completed and given to the watch, which finds its process and container and judges it, as in
 * the agent. Not in it: waking up, and the table of control groups (one look-up in a hash table), which is played by the stage.
 * Times are of the processor, the median of slices, in which the three take turns with the same records.
 *
 * With a kind a set number of its events is delivered by N rules and nothing else, for a tool that counts instructions:
 *
 *   valgrind --tool=callgrind --toggle-collect='deliver*' bench/watch --count opens 250 RULES.yaml...
 */
#include <stdio.h>

#include "base/clock.h"
#include "kern/record_complete.h"
#include "feed.h"
#include "rules.h"
#include "stage.h"

enum { SLICES = 81, SLICE = 1024, WARM_UP = 128, COUNTED = 16 };

static const char *const names[FEED_KINDS] = {
	[FEED_PROGRAMS] = "programs", [FEED_OPENS] = "opens", [FEED_CONNECTIONS] = "connections",
	[FEED_CHANGES] = "changes",   [FEED_MIX] = "mix",
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "bench/watch: %s%s\n", what, why);
	exit(1);
}

/* As sensor_drain() does. */
static void drain(struct ring r, struct stage *s)
{
	static struct record_room room;
	static uint64_t number;
	str record;

	while (ring_peek(&r, &record)) {
		struct event_exec exec = { 0 };
		struct event v;

		if (record_parse(record, 0, &v, &exec, NULL) < 0)
			die("a record is malformed", "");
		if (record_complete(&v, &room)) {
			v.number = ++number;
			watch_event(s->watch, &v);
		}
		ring_pop(&r);
	}
	ring_commit(&r);
}

/* By its name a tool knows what to count. */
static __attribute__((noinline)) void deliver(struct ring r, struct stage *s)
{
	drain(r, s);
}

static struct policy_program *compile(const struct bench_rules *b, size_t count)
{
	struct policy_program *p;
	struct err e = { 0 };

	if (policy_compile_rules(b->rules, count, &policy_events, NULL, NULL, &p, &e) < 0)
		die("compile: ", e.text);
	return p;
}

static void open_stage(struct stage *s, const struct bench_rules *b, size_t count)
{
	struct watch_config c = { 0 };
	struct policy_program *p = compile(b, count);
	struct err e = { 0 };

	if (policy_own_rules(p, &e) < 0)
		die("rules: ", e.text);
	stage_open_program(s, p, &c);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static uint64_t alerts_of(struct stage *s)
{
	struct watch_stats stats;

	watch_stats(s->watch, &stats);
	return stats.alerts + stats.folded;
}

enum { STAGES = ARRAY_LEN(bench_rule_counts) };

static void measure(struct stage *stages, struct feed *f, enum feed_kind k)
{
	static double ns[STAGES][SLICES];
	uint64_t before[STAGES];
	double first;

	for (size_t s = 0; s < STAGES; s++)
		before[s] = alerts_of(&stages[s]);
	for (size_t i = 0; i < WARM_UP + SLICES; i++) {
		size_t n = feed_fill(f, k, SLICE);

		for (size_t turn = 0; turn < STAGES; turn++) {
			size_t s = (turn + i) % STAGES;
			uint64_t begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID), took;

			deliver(feed_ring(f), &stages[s]);
			took = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin;
			if (i >= WARM_UP)
				ns[s][i - WARM_UP] = (double)took / (double)n;
			watch_tick(stages[s].watch, f->serial * 1000);
		}
	}
	printf("%-12s", names[k]);
	for (size_t s = 0; s < STAGES; s++) {
		qsort(ns[s], SLICES, sizeof(ns[s][0]), ascending);
		printf(" %5.0f ns by %3zu rules (%llu alerts),", ns[s][SLICES / 2],
		       bench_rule_counts[s],
		       (unsigned long long)(alerts_of(&stages[s]) - before[s]));
	}
	first = ns[0][SLICES / 2];
	printf(" %.2f x that of 25%s\n", ns[STAGES - 1][SLICES / 2] / first,
	       ns[STAGES - 1][SLICES / 2] > 1000 ? "  <-- over 1000 ns" : "");
}

static void count(struct stage *s, struct feed *f, enum feed_kind k)
{
	size_t n = 0;

	for (int i = 0; i < WARM_UP; i++) {
		(void)feed_fill(f, k, SLICE);
		drain(feed_ring(f), s);
		watch_tick(s->watch, f->serial * 1000);
	}
	for (int i = 0; i < COUNTED; i++) {
		n += feed_fill(f, k, SLICE);
		deliver(feed_ring(f), s);
		watch_tick(s->watch, f->serial * 1000);
	}
	printf("%zu events\n", n);
}

static enum feed_kind kind_named(const char *name)
{
	enum feed_kind k = 0;

	while (k < FEED_KINDS && strcmp(names[k], name) != 0)
		k++;
	if (k == FEED_KINDS)
		die("no such kind of events: ", name);
	return k;
}

static size_t stage_of(const char *rules)
{
	size_t s = 0;

	while (s < STAGES && bench_rule_counts[s] != strtoul(rules, NULL, 10))
		s++;
	if (s == STAGES)
		die("not one of the numbers of rules: ", rules);
	return s;
}

/* By how many rules the kernel's filter lets events pass. */
static void derive(const struct bench_rules *b, struct arena *a, struct kernel_filter *ret)
{
	struct policy_program *p = compile(b, BENCH_RULES);
	struct err e = { 0 };

	if (kernel_filter_derive(p, a, ret, &e) < 0)
		die("filter: ", e.text);
	policy_free(p);
}

int main(int argc, char **argv)
{
	static struct stage stages[STAGES];
	static struct bench_rules b;
	struct kernel_filter filter;
	struct feed f;
	const bool counts = argc > 4 && strcmp(argv[1], "--count") == 0;
	const int from = counts ? 4 : 1;
	const size_t first = counts ? stage_of(argv[3]) : 0, end = counts ? first + 1 : STAGES;

	if (argc <= from)
		die("usage: bench/watch [--count KIND N] RULES.yaml...", "");
	bench_rules_open(&b, argv + from, (size_t)(argc - from), NULL);
	derive(&b, &b.arena, &filter);
	feed_open(&f, &filter);
	feed_processes(&f);
	for (size_t s = first; s < end; s++) {
		open_stage(&stages[s], &b, bench_rule_counts[s]);
		drain(feed_ring(&f), &stages[s]);
	}
	if (counts)
		count(&stages[first], &f, kind_named(argv[2]));
	for (size_t k = 0; !counts && k < FEED_KINDS; k++)
		measure(stages, &f, k);
	printf("of 100 files and connections drawn the kernel would deliver %.0f\n",
	       100.0 * (double)f.delivered / (double)f.drawn);
	for (size_t i = 0; i < MIN(stages[end - 1].alerts, (size_t)8); i++)
		printf("told: %s\n", stages[end - 1].alert[i].rule);
	for (size_t s = first; s < end; s++)
		stage_close(&stages[s]);
	feed_close(&f);
	bench_rules_close(&b);
	return 0;
}

/*
 * Measures judging events by 25, 93 and 250 rules: bench/judge [--quiet N | --noisy N | --unmet N] RULES.yaml...
 *
 * The rules are the first of the files, in their order; where there are fewer than 250, copies that ask for one more name make up the
 * rest. Times are of the processor. Every field is at hand, so that only judging is measured. Of ten events four are opens, others
 * programs run, connections, files removed and renamed. Mixes of them are drawn once: files,
 * connections, programs and parents, each with the fields that are made of it, and what else there is each for itself:
 *
 *   quiet  what a host does all day: servers and compilers at their files and ports. One event in fourteen makes a rule of 250 hold all the
 *          same, for whose child a program is is drawn too.
 *   noisy  shells, tools, secrets and foreign ports as often as anything else: one event in four makes a rule hold, which is
 *          far from any host, and is what it costs when much must be looked at closely.
 *   unmet  the quiet ones as if no value had ever been met before: what it costs when somebody makes new ones all the time.
 *
 * The baseline is a plain walk of each rule's tree on the same events: fields and values resolved ahead, `and` and `or` cut short, nothing
 * shared. Both must find the same hits.
 *
 * With the name of a mix a set number of its events is judged by so many rules and nothing else, for a tool that counts
 * instructions, which no other program's load changes:
 *
 *   valgrind --tool=callgrind --toggle-collect=policy_judge bench/judge --quiet 250 RULES.yaml...
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/map.h"
#include "model/event.h"
#include "policy/ip_set.h"
#include "policy/program.h"
#include "plain_compare.h"
#include "rules.h"

enum { EVENTS = 2048, SLICES = 9, SLICE_MS = 60, COUNTED_ROUNDS = 50 };

/* Few values make all events, which therefore stay in the processor's cache: it is judging that is measured. */
static struct policy_value values[UINT16_MAX];
static uint16_t value_count;

struct sample {
	struct policy_target target;  /* first */
	uint16_t values[FIELD_COUNT]; /* numbers; 0: absent */
	str ancestors[4];
	struct policy_origin origins[ORIGIN_ENDS + 1];
};

static uint64_t seed = 42;

static uint64_t draw(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench/judge: %s\n", what);
	exit(1);
}

static void get(const struct policy_target *t, const struct policy_ref *ref,
		struct policy_value *ret)
{
	const struct sample *s = (const struct sample *)(const void *)t;

	if (!ref->has_index || ref->field != FIELD_PROC_ANAME) {
		*ret = values[s->values[ref->field]];
		return;
	}
	*ret = (struct policy_value){ .state = POLICY_ABSENT };
	if (ref->index && ref->index <= ARRAY_LEN(s->ancestors))
		*ret = (struct policy_value){ .state = POLICY_KNOWN,
					      .count = 1,
					      .string = s->ancestors[ref->index - 1] };
}

static bool tell_origin(const struct policy_target *t, unsigned int number,
			struct policy_origin *ret)
{
	*ret = ((const struct sample *)(const void *)t)->origins[number];
	return ret->text.n || ret->number;
}

static const char *const names[] = { "nginx",        "node",    "java",    "python3", "postgres",
				     "redis-server", "cron",    "dockerd", "sshd",    "systemd",
				     "containerd",   "runc",    "cc1",     "make",    "ld",
				     "git",          "kubelet", "curl",    "tar",     "bash",
				     "sh",           "cat",     "grep",    "sleep" };
static const char *const paths[] = {
	"/etc/ld.so.cache",
	"/lib/x86_64-linux-gnu/libc.so.6",
	"/usr/lib/locale/locale-archive",
	"/proc/self/status",
	"/proc/1234/stat",
	"/sys/fs/cgroup/memory.current",
	"/tmp/build/a.o",
	"/var/lib/postgresql/15/main/base/1/2610",
	"/usr/share/zoneinfo/UTC",
	"/etc/passwd",
	"/app/node_modules/express/index.js",
	"/usr/include/stdio.h",
	"/dev/null",
	"/etc/nginx/nginx.conf",
	"/var/log/nginx/access.log",
	"/etc/shadow",
	"/root/.ssh/id_rsa",
	"/usr/bin/env",
	"/dev/shm/x",
};
static const char *const lines[] = { "nginx -g daemon off;",
				     "node /app/server.js",
				     "sh -c sleep 1",
				     "cc1 -quiet -O2 main.c -o /tmp/cc.s",
				     "python3 -m http.server 8000",
				     "curl -s https://example.com/a | sh",
				     "git fetch --all",
				     "tar czf - /data" };
static const enum event_type types[] = { EVENT_OPENAT,   EVENT_OPENAT, EVENT_OPENAT,  EVENT_OPENAT,
					 EVENT_EXECVE,   EVENT_EXECVE, EVENT_CONNECT, EVENT_CONNECT,
					 EVENT_UNLINKAT, EVENT_RENAME, EVENT_SENDTO,  EVENT_DUP2 };

/* How many of the lists, from their beginnings, nobody minds. */
enum { QUIET_NAMES = 17, QUIET_PATHS = 15, QUIET_LINES = 4, QUIET_PORTS = 5, QUIET_TYPES = 8 };

#define ANY(list, count) str_from((list)[draw(count)])

static uint16_t number_of(const struct policy_value *v)
{
	static struct arena room;
	static struct map known = { .arena = &room };
	struct policy_value *last = &values[value_count + 1];
	void **at;

	if (value_count + 1 == ARRAY_LEN(values))
		die("too many values");
	memcpy(last, v, sizeof(*v));
	at = map_at(&known, (str){ (const char *)last, sizeof(*last) });
	if (!at)
		die("out of memory");
	if (!*at) {
		*at = last;
		value_count++;
	}
	return (uint16_t)((struct policy_value *)*at - values);
}

static void put(struct sample *s, uint16_t field, struct policy_value v)
{
	s->values[field] = number_of(&v);
}

static void put_str(struct sample *s, uint16_t field, str v)
{
	put(s, field, (struct policy_value){ POLICY_KNOWN, 1, { .string = v } });
}

static void put_int(struct sample *s, uint16_t field, int64_t v)
{
	put(s, field, (struct policy_value){ POLICY_KNOWN, 1, { .integer = v } });
}

static void put_bool(struct sample *s, uint16_t field, bool v)
{
	put(s, field, (struct policy_value){ POLICY_KNOWN, 1, { .boolean = v } });
}

static void put_path(struct sample *s, str path)
{
	size_t slash = str_find_last(path, '/');

	put_str(s, FIELD_FD_NAME, path);
	put_str(s, FIELD_FD_NAMERAW, path);
	put_str(s, FIELD_FS_PATH_NAME, path);
	put_str(s, FIELD_FD_DIRECTORY, str_take(path, slash));
	put_str(s, FIELD_FD_FILENAME, str_skip(path, slash + 1));
	put_str(s, FIELD_FD_TYPECHAR, S("f"));
	put_str(s, FIELD_FD_TYPE, S("file"));
	s->origins[ORIGIN_FILE] = (struct policy_origin){ path, 'f' };
}

static void put_ends(struct sample *s, bool quiet)
{
	struct policy_value v = { .state = POLICY_KNOWN, .count = 2 };
	uint16_t port =
		(uint16_t[]){ 443, 80, 5432, 6379, 53, 8443 }[draw(quiet ? QUIET_PORTS : 6)];

	v.ip[0] = (struct policy_ip){ { 10, 1, 2, (uint8_t)draw(250) }, 4 };
	v.ip[1] = (struct policy_ip){ { (uint8_t)draw(220), 7, 8, 9 }, 4 };
	put(s, FIELD_FD_IP, v);
	put(s, FIELD_FD_NET, v);
	v.count = 1;
	put(s, FIELD_FD_CIP, v);
	put(s, FIELD_FD_CNET, v);
	v.ip[0] = v.ip[1];
	put(s, FIELD_FD_SIP, v);
	put(s, FIELD_FD_SNET, v);
	put(s, FIELD_FD_RNET, v);
	put(s, FIELD_FD_SPORT, (struct policy_value){ POLICY_KNOWN, 1, { .port = { port } } });
	put(s, FIELD_FD_PORT,
	    (struct policy_value){ POLICY_KNOWN, 2, { .port = { 40000, port } } });
	put_str(s, FIELD_FD_TYPECHAR, S("4"));
	put_str(s, FIELD_FD_TYPE, S("ipv4"));
	put_str(s, FIELD_FD_L4PROTO, S("tcp"));
	put_str(s, FIELD_FD_NAME, S("10.1.2.3:40000->93.7.8.9:443"));
}

/* A number that programs which are alike have in common, as the table of programs tells it. */
static uint64_t alike(str name, str line, bool upper)
{
	static struct arena room;
	static struct map known = { .arena = &room };
	static uint64_t last;
	str text =
		arena_printf(&room, "%.*s %.*s%s", STR_ARG(name), STR_ARG(line), upper ? "+" : "");
	void **at = map_at(&known, text);

	if (!at)
		die("out of memory");
	if (!*at)
		*at = (void *)(uintptr_t)++last;
	return (uintptr_t)*at;
}

/* What it runs, and its parent: each one of a few programs. */
static void put_programs(struct sample *s, bool quiet)
{
	size_t some_names = quiet ? QUIET_NAMES : ARRAY_LEN(names);
	size_t some_lines = quiet ? QUIET_LINES : ARRAY_LEN(lines);
	str name = ANY(names, some_names), line = ANY(lines, some_lines);
	bool upper = draw(50) == 0 && !quiet;

	put_str(s, FIELD_PROC_NAME, name);
	put_str(s, FIELD_PROC_EXE, name);
	put_str(s, FIELD_PROC_EXEPATH, S("/usr/bin/node"));
	put_str(s, FIELD_PROC_CMDLINE, line);
	put_str(s, FIELD_PROC_ARGS, line);
	put_bool(s, FIELD_PROC_IS_EXE_UPPER_LAYER, upper);
	put_bool(s, FIELD_PROC_IS_EXE_FROM_MEMFD, false);
	s->origins[ORIGIN_PROGRAM].number = alike(name, line, upper);
	name = ANY(names, some_names);
	line = ANY(lines, some_lines);
	put_str(s, FIELD_PROC_PNAME, name);
	put_str(s, FIELD_PROC_PCMDLINE, line);
	s->origins[ORIGIN_PARENT].number = alike(name, line, false);
}

static void put_process(struct sample *s, bool quiet)
{
	size_t some_names = quiet ? QUIET_NAMES : ARRAY_LEN(names);

	put_programs(s, quiet);
	put_str(s, FIELD_PROC_CWD, S("/app/"));
	put_str(s, FIELD_USER_NAME, draw(2) ? S("root") : S("app"));
	put_int(s, FIELD_USER_LOGINUID, -1);
	put_int(s, FIELD_PROC_VPID, (int64_t)draw(1000) + 1);
	put_int(s, FIELD_PROC_DURATION, (int64_t)draw(1u << 30));
	put(s, FIELD_USER_UID, (struct policy_value){ POLICY_KNOWN, 1, { .number = 0 } });
	put(s, FIELD_PROC_TTY, (struct policy_value){ POLICY_KNOWN, 1, { .number = 0 } });
	for (size_t i = 0; i < ARRAY_LEN(s->ancestors); i++)
		s->ancestors[i] = ANY(names, some_names);
	put(s, FIELD_PROC_ANAME,
	    (struct policy_value){
		    POLICY_KNOWN, ARRAY_LEN(s->ancestors), { .strings = s->ancestors } });
}

/* Where anybody writes. */
static bool is_own(str path)
{
	return str_starts(path, S("/tmp/")) || str_starts(path, S("/var/lib/")) ||
	       str_is(path, "/dev/null");
}

static void make_event(struct sample *s, bool quiet)
{
	enum event_type t = types[draw(quiet ? QUIET_TYPES : ARRAY_LEN(types))];
	bool container = draw(2), write = draw(4) == 0;
	str path;

	memset(s, 0, sizeof(*s));
	s->target =
		(struct policy_target){ .type = (uint16_t)t, .get = get, .origin = tell_origin };
	put_str(s, FIELD_EVT_TYPE, str_from(event_type_name(t)));
	put(s, FIELD_EVT_NUM, (struct policy_value){ POLICY_KNOWN, 1, { .number = 7 } });
	put_process(s, quiet);
	if (t == EVENT_CONNECT || t == EVENT_SENDTO || t == EVENT_DUP2) {
		put_ends(s, quiet);
	} else if (t != EVENT_EXECVE) {
		path = ANY(paths, quiet ? QUIET_PATHS : ARRAY_LEN(paths));
		write &= !quiet || is_own(path);
		put_path(s, path);
	}
	s->origins[ORIGIN_CALL].number =
		(uint64_t)t << 1 | write; /* and a result, which all have */
	put_bool(s, FIELD_EVT_IS_OPEN_READ, t == EVENT_OPENAT && !write);
	put_bool(s, FIELD_EVT_IS_OPEN_WRITE, t == EVENT_OPENAT && write);
	put_int(s, FIELD_FD_NUM, 5);
	put_int(s, FIELD_EVT_RAWRES, 0);
	put_str(s, FIELD_EVT_RES, S("SUCCESS"));
	put_str(s, FIELD_EVT_ARG, S("EXE_LOWER_LAYER"));
	put_str(s, FIELD_CONTAINER_ID, container ? S("3ad7b26ded6d") : S("host"));
	s->origins[ORIGIN_CONTAINER].number = 1 + container;
	if (!container)
		return;
	put_str(s, FIELD_CONTAINER_IMAGE_REPOSITORY, S("docker.io/library/node"));
	put_bool(s, FIELD_CONTAINER_PRIVILEGED, false);
}

/* The baseline's tree: one node for each part of the condition. */
struct plain {
	const struct condition *from;
	struct plain **kids;
	struct policy_ref ref;
	const struct policy_field *field;
	int64_t *numbers;
	struct ip_set *nets;
};

static struct plain *resolve(const struct condition *c, struct arena *a)
{
	struct plain *p = ARENA_NEW(a, struct plain);
	str *texts = ARENA_ARRAY(a, c->right_count + 1, str);

	if (!p || !texts)
		die("out of memory");
	p->from = c;
	p->kids = ARENA_ARRAY(a, c->child_count, struct plain *);
	for (size_t i = 0; i < c->child_count; i++)
		p->kids[i] = resolve(c->children[i], a);
	if (c->kind != CONDITION_CHECK)
		return p;
	if (policy_field_find(&policy_events, c->left.text, &p->ref, NULL) < 0)
		die("a field of the rules is not known");
	p->field = &policy_events.fields[p->ref.field];
	p->numbers = ARENA_ARRAY(a, c->right_count, int64_t);
	for (size_t i = 0; i < c->right_count; i++) {
		char copy[64];

		texts[i] = c->right[i].text;
		snprintf(copy, sizeof(copy), "%.*s", STR_ARG(texts[i]));
		p->numbers[i] = str_is(texts[i], "true") ? 1 : strtoll(copy, NULL, 0);
	}
	if ((p->field->type == POLICY_IP || p->field->type == POLICY_NET) &&
	    ip_set_new(texts, c->right_count, a, &p->nets, NULL, NULL) < 0)
		die("a network of the rules is not known");
	return p;
}

static bool one_value(const struct plain *p, const struct policy_value *v, bool many, uint32_t i,
		      size_t k)
{
	switch (p->field->type) {
	case POLICY_STRING:
	case POLICY_BYTES:
		return plain_compare_text(p->from->op, many ? v->strings[i] : v->string,
					  p->from->right[k].text);
	case POLICY_IP:
	case POLICY_NET:
		return ip_set_has(p->nets, &v->ip[i]);
	case POLICY_PORT:
		return plain_compare_number(p->from->op, v->port[i], p->numbers[k]);
	case POLICY_BOOL:
		return plain_compare_number(p->from->op, v->boolean, p->numbers[k]);
	case POLICY_UINT:
		return plain_compare_number(p->from->op, (int64_t)v->number, p->numbers[k]);
	case POLICY_NAME:
		return false;
	default:
		return plain_compare_number(p->from->op, v->integer, p->numbers[k]);
	}
}

static bool check(const struct plain *p, const struct policy_target *t)
{
	bool several = p->field->kind != POLICY_ONE && !p->ref.has_index;
	bool any = false, all = true;
	struct policy_value v;

	t->get(t, &p->ref, &v);
	if (v.state != POLICY_KNOWN || p->from->op == CONDITION_EXISTS)
		return v.state == POLICY_KNOWN;
	for (uint32_t i = 0; i < (several ? v.count : 1); i++) {
		bool one = false;

		for (size_t k = 0; k < p->from->right_count && !one; k++)
			one = one_value(p, &v, several && p->field->kind == POLICY_ANY, i, k);
		any |= one;
		all &= one;
	}
	if (p->from->op == CONDITION_NE)
		return several && p->field->kind == POLICY_ANY ? !all : !any;
	return any;
}

static bool walk(const struct plain *p, const struct policy_target *t)
{
	switch (p->from->kind) {
	case CONDITION_CHECK:
		return check(p, t);
	case CONDITION_NOT:
		return !walk(p->kids[0], t);
	case CONDITION_AND:
		for (size_t i = 0; i < p->from->child_count; i++)
			if (!walk(p->kids[i], t))
				return false;
		return true;
	default:
		for (size_t i = 0; i < p->from->child_count; i++)
			if (walk(p->kids[i], t))
				return true;
		return false;
	}
}

struct mix {
	const char *name;
	bool quiet, unmet;
	struct sample events[EVENTS];
};

struct measure {
	double ns;
	size_t hits; /* of one round over the events */
};

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* What judges one event by all rules and says how many held. */
typedef size_t (*judge)(const void *by, size_t count, const struct policy_target *t);

static size_t by_program(const void *by, size_t count, const struct policy_target *t)
{
	const uint32_t *hits;
	size_t unknown;

	(void)count;
	return policy_judge(*(struct policy_run *const *)by, t, &hits, &unknown);
}

static size_t by_walk(const void *by, size_t count, const struct policy_target *t)
{
	struct plain *const *trees = by;
	size_t n = 0;

	for (size_t r = 0; r < count; r++)
		n += walk(trees[r], t);
	return n;
}

/* The median of slices: other programs' turns on the processor's caches fall into few of them. */
static struct measure timed(judge how, const void *by, size_t count, const struct sample *events)
{
	struct measure m = { 0 };
	double ns[SLICES];

	for (int s = 0; s < SLICES; s++) {
		uint64_t begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID), took;
		size_t rounds = 0;

		do {
			m.hits = 0;
			for (size_t i = 0; i < EVENTS; i++)
				m.hits += how(by, count, &events[i].target);
			rounds++;
			took = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin;
		} while (took < SLICE_MS * MS_NS);
		ns[s] = (double)took / (double)(rounds * EVENTS);
	}
	qsort(ns, SLICES, sizeof(*ns), ascending);
	m.ns = ns[SLICES / 2];
	return m;
}

/* Whether the baseline can read it: no transformers, quantifiers or regular expressions. */
static bool is_plain(const struct condition *c)
{
	if (c->kind == CONDITION_CHECK &&
	    (c->left.kind != TERM_FIELD || c->quantifier || c->op == CONDITION_REGEX ||
	     c->op == CONDITION_BCONTAINS || c->op == CONDITION_IGLOB ||
	     c->op == CONDITION_BSTARTSWITH))
		return false;
	for (size_t i = 0; i < c->right_count; i++)
		if (c->right[i].kind != TERM_TEXT)
			return false;
	for (size_t i = 0; i < c->child_count; i++)
		if (!is_plain(c->children[i]))
			return false;
	return true;
}

/* Rules that the baseline can judge, as it does. */
static bool fit_for_baseline(struct rule *r)
{
	r->falco_compatible = true;
	return is_plain(r->condition);
}

static void count_only(const struct rule *const *rules, size_t count, const struct mix *mix,
		       struct arena *a)
{
	struct policy_program *p;
	struct policy_run *run;
	struct policy_cost *costs;
	struct err e = { 0 };
	size_t hits = 0, checks = 0;
	uint64_t evaluated = 0;

	if (policy_compile_rules(rules, count, &policy_events, NULL, NULL, &p, &e) < 0 ||
	    policy_run_new(p, &run, &e) < 0)
		die(e.text);
	policy_run_remember(run, !mix->unmet);
	for (size_t i = 0; i < COUNTED_ROUNDS * EVENTS; i++)
		hits += by_program(&run, count, &mix->events[i % EVENTS].target);
	if (policy_costs(run, a, &costs, &checks, &e) < 0)
		die(e.text);
	for (size_t i = 0; i < checks; i++)
		evaluated += costs[i].evaluated;
	printf("%d %s events judged by %3zu rules: %.2f rules held, %.2f checks of %zu evaluated "
	       "for each\n",
	       COUNTED_ROUNDS * EVENTS, mix->name, count, (double)hits / (COUNTED_ROUNDS * EVENTS),
	       (double)evaluated / (COUNTED_ROUNDS * EVENTS), checks);
	policy_run_free(run);
	policy_free(p);
}

static void measure(const struct rule *const *rules, size_t count, const struct mix *mix,
		    struct arena *a, double *first)
{
	struct plain **trees = ARENA_ARRAY(a, count, struct plain *);
	struct policy_program *p;
	struct policy_run *run;
	struct measure ours, base;
	struct err e = { 0 };
	uint64_t begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	double compile_ms;
	size_t kept;

	if (policy_compile_rules(rules, count, &policy_events, NULL, NULL, &p, &e) < 0 ||
	    policy_run_new(p, &run, &e) < 0)
		die(e.text);
	compile_ms = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin) / 1e6;
	policy_rules(p, &kept);
	for (size_t i = 0; i < count; i++)
		trees[i] = resolve(rules[i]->condition, a);
	policy_run_remember(run, !mix->unmet);
	ours = timed(by_program, &run, count, mix->events);
	base = timed(by_walk, trees, count, mix->events);
	*first = *first > 0 ? *first : ours.ns;
	printf("judging %s events by %3zu rules %10s %8.0f ns    %5.2f x that of 25; %.2f rules "
	       "held; plain "
	       "walk %8.0f ns (%.0f x), compiled in %.0f ms%s%s\n",
	       mix->name, kept, "", ours.ns, ours.ns / *first, (double)ours.hits / EVENTS, base.ns,
	       base.ns / ours.ns, compile_ms,
	       ours.hits == base.hits ? "" : "  <-- other hits than the plain walk",
	       ours.ns > 1000 ? "  <-- over" : "");
	policy_run_free(run);
	policy_free(p);
}

int main(int argc, char **argv)
{
	static struct mix mixes[] = { { .name = "quiet", .quiet = true },
				      { .name = "noisy" },
				      { .name = "unmet", .quiet = true, .unmet = true } };
	static struct bench_rules b;
	struct mix *alone = NULL;
	size_t only = 0;

	for (size_t i = 0; i < ARRAY_LEN(mixes) && argc > 2; i++)
		if (str_is(str_skip(str_from(argv[1]), 2), mixes[i].name)) {
			alone = &mixes[i];
			only = MIN((size_t)strtoul(argv[2], NULL, 10), (size_t)BENCH_RULES);
			argv += 2;
			argc -= 2;
		}
	if (argc < 2)
		die("usage: bench/judge RULES.yaml...");
	bench_rules_open(&b, argv + 1, (size_t)argc - 1, fit_for_baseline);
	for (struct mix *m = mixes; m < mixes + ARRAY_LEN(mixes); m++) {
		double first = 0;

		if (alone && alone != m)
			continue;
		for (size_t i = 0; i < EVENTS; i++)
			make_event(&m->events[i], m->quiet);
		if (only)
			count_only(b.rules, only, m, &b.arena);
		for (size_t i = 0; !only && i < ARRAY_LEN(bench_rule_counts); i++)
			measure(b.rules, bench_rule_counts[i], m, &b.arena, &first);
	}
	bench_rules_close(&b);
	return 0;
}

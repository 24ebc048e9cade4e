/*
 * Measures user space per delivered event: bench/watch RULES...
 *
 * Rule files are loaded together, every rule enabled; events are made up: programs that start and end, files opened, connections
 * made, of 64 processes in two containers, benign ones mostly. Reading the rings is not in it. Each figure is processor time, the
 * median of its rounds; with each kind stands what the same events cost with one rule, so that what the number of rules costs can be seen.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "stage.h"

enum { ROUNDS = 21, EVENTS = 20000, PROCESSES = 64, FILES = 16 };

struct figure {
	double ns;
	uint64_t alerts;
};

static const char one_rule[] = "- rule: none\n  desc: d\n  condition: evt.type in (execve, openat, "
			       "connect, clone, procexit) and "
			       "proc.name = nobody\n  output: o\n  priority: INFO\n";

static const char *const files[FILES] = {
	"/etc/ld.so.cache",
	"/lib/x86_64-linux-gnu/libc.so.6",
	"/usr/lib/locale/locale-archive",
	"/srv/app/config.json",
	"/srv/app/node_modules/left-pad/index.js",
	"/tmp/session-1234/data",
	"/var/lib/postgresql/base/16384/2601",
	"/proc/self/status",
	"/dev/null",
	"/etc/passwd",
	"/usr/share/zoneinfo/UTC",
	"/var/log/app/current",
	"/home/app/.cache/x",
	"/etc/ssl/certs/ca-certificates.crt",
	"/run/app.pid",
	"/srv/app/uploads/photo.jpg",
};

static struct process_key key(uint64_t n)
{
	return (struct process_key){ (uint32_t)(1000 + n), 1000 + n };
}

static void run_program(struct stage *s, uint64_t n, uint64_t serial)
{
	struct event_exec x = { .parent = { 1, 1 },
				.comm = S("node"),
				.exe_path = S("/usr/bin/node"),
				.args = S("node\0/srv/app/server.js\0--port\0"
					  "8080\0"),
				.cwd = S("/srv/app"),
				.vpid = 7,
				.vppid = 1,
				.pid_ns = 1 };
	struct event v = { .type = EVENT_CLONE,
			   .time_ns = serial,
			   .number = serial,
			   .task = key(n),
			   .cgroup_id = n % 2 ? STAGE_APP : STAGE_PRIVILEGED,
			   .exec = &x };

	watch_event(s->watch, &v);
	v.type = EVENT_EXECVE;
	watch_event(s->watch, &v);
}

static void execs(struct stage *s, uint64_t from)
{
	for (uint64_t i = 0; i < EVENTS / 4; i++) {
		struct event v = { .type = EVENT_PROCEXIT, .time_ns = from + i };

		run_program(s, PROCESSES + (from + i) % 30000, from + i);
		v.task = key(PROCESSES + (from + i) % 30000);
		v.cgroup_id = STAGE_APP;
		watch_event(s->watch, &v);
		watch_event(s->watch, &v);
	}
}

static void opens(struct stage *s, uint64_t from)
{
	for (uint64_t i = 0; i < EVENTS; i++) {
		struct event v = { .type = EVENT_OPENAT,
				   .time_ns = from + i,
				   .number = from + i,
				   .task = key(i % PROCESSES),
				   .cgroup_id = i % 2 ? STAGE_APP : STAGE_PRIVILEGED,
				   .res = 3,
				   .flags = i % 8 ? 0 : O_WRONLY | O_CREAT,
				   .path = str_from(files[i % FILES]) };

		v.raw = v.path;
		v.fd = (struct event_fd){ .number = 3, .kind = EVENT_FD_FILE, .path = v.path };
		watch_event(s->watch, &v);
	}
}

static void connects(struct stage *s, uint64_t from)
{
	for (uint64_t i = 0; i < EVENTS; i++) {
		struct event v = { .type = EVENT_CONNECT,
				   .time_ns = from + i,
				   .number = from + i,
				   .task = key(i % PROCESSES),
				   .cgroup_id = i % 2 ? STAGE_APP : STAGE_PRIVILEGED };

		v.fd = (struct event_fd){ .number = 5,
					  .kind = EVENT_FD_IPV4,
					  .protocol = 6,
					  .role = 'c',
					  .local = { .ip = { 172, 17, 0, 2 }, .port = 40000 },
					  .remote = { .ip = { 10, 0, 0, (uint8_t)i },
						      .port = 5432 } };
		watch_event(s->watch, &v);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct figure measure(struct stage *s, void (*kind)(struct stage *, uint64_t))
{
	double ns[ROUNDS];
	struct watch_stats before, after;

	watch_stats(s->watch, &before);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

		kind(s, (uint64_t)(i + 1) * EVENTS);
		ns[i] = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin) / EVENTS;
		watch_tick(s->watch, (uint64_t)(i + 1) * EVENTS);
	}
	watch_stats(s->watch, &after);
	qsort(ns, ROUNDS, sizeof(*ns), compare);
	return (struct figure){ ns[ROUNDS / 2], after.alerts - before.alerts };
}

static size_t resident_bytes(void)
{
	unsigned long whole = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%lu %lu", &whole, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void open_stage(struct stage *s, const str *yaml, size_t count)
{
	struct watch_config c = { 0 };

	stage_open(s, yaml, count, &c);
	for (uint64_t n = 0; n < PROCESSES; n++)
		run_program(s, n, n + 1);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*kind)(struct stage *, uint64_t);
	} kinds[] = { { "exec (fork, exec, exit)", execs },
		      { "open", opens },
		      { "connect", connects } };
	static struct stage one, all;
	str yaml[64];
	size_t count = 0, rules;

	for (int i = 1; i < argc && count < ARRAY_LEN(yaml); i++) {
		struct buf b = BUF_INIT;
		struct err e = { 0 };

		if (file_read(AT_FDCWD, argv[i], 1 << 24, &b, &e) < 0) {
			fprintf(stderr, "bench/watch: %s\n", e.text);
			return 1;
		}
		yaml[count++] = buf_str(&b);
	}
	if (!count) {
		fprintf(stderr, "usage: bench/watch RULES...\n");
		return 2;
	}
	size_t bare = resident_bytes();
	open_stage(&all, yaml, count);
	(void)policy_rules(all.program, &rules);
	printf("%-28s %9.1f MiB for %zu rules, compiled\n", "memory",
	       (double)(resident_bytes() - bare) / 1048576, rules);
	open_stage(&one, &(str){ one_rule, sizeof(one_rule) - 1 }, 1);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct figure few = measure(&one, kinds[i].kind),
			      many = measure(&all, kinds[i].kind);

		printf("%-28s %9.0f ns an event    (promised: 1000 ns)   1 rule %.0f ns; %llu "
		       "alerts told%s\n",
		       kinds[i].name, many.ns, few.ns, (unsigned long long)many.alerts,
		       many.ns > 1000 ? "  <-- over" : "");
	}
	for (size_t i = 0; i < MIN(all.alerts, (size_t)4); i++)
		printf("told: %s\n", all.alert[i].rule);
	printf("%-28s %9.1f MiB after all of it\n", "memory",
	       (double)(resident_bytes() - bare) / 1048576);
	stage_close(&one);
	stage_close(&all);
	return 0;
}

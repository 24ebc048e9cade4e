/* Prints events as text while it runs: sensor_dump [SECONDS] [TYPE...]; no types: those always told. For debugging and
 * measuring: SENSOR_QUIET=1 prints none, SENSOR_DIR=/etc wants files below /etc alone, SENSOR_SNAPSHOT=1 what runs. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "kern/sensor.h"

static void span(const char *name, str s)
{
	if (!s.n)
		return;
	printf(" %s=", name);
	for (size_t i = 0; i < s.n && i < 300; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == 0)
			putchar(' ');
		else if (c < 32 || c > 126)
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

static void end(const char *name, const struct event_end *x, uint16_t kind)
{
	printf(" %s=", name);
	for (int i = 0; i < (kind == EVENT_FD_IPV4 ? 4 : 16); i++)
		printf(kind == EVENT_FD_IPV4 ? "%s%u" : "%s%02x",
		       i && kind == EVENT_FD_IPV4 ? "." : "", x->ip[i]);
	printf(":%u", x->port);
}

static void print(void *ctx, const struct event *v)
{
	const struct event_exec *x = v->exec;

	(void)ctx;
	if (getenv("SENSOR_QUIET"))
		return;
	printf("%s pid=%u tid=%u user=%u cgroup=%" PRIu64 " res=%" PRId64 " flags=%" PRIx64
	       " mode=%o marks=%x arg=%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64,
	       event_type_name(v->type), v->task.pid, v->tid, v->user, v->cgroup_id, v->res,
	       v->flags, v->mode, v->marks, v->arg[0], v->arg[1], v->arg[2], v->arg[3]);
	span("path", v->path);
	span("path2", v->path2);
	span("raw", v->raw);
	span("raw2", v->raw2);
	span("text", v->text);
	if (v->fd.kind || v->fd.number >= 0) {
		printf(" fd=%d kind=%c dom=%u proto=%u role=%c ino=%" PRIu64, v->fd.number,
		       v->fd.kind ? v->fd.kind : '-', v->fd.domain, v->fd.protocol,
		       v->fd.role ? v->fd.role : '-', v->fd.inode);
		if (v->fd.kind == EVENT_FD_IPV4 || v->fd.kind == EVENT_FD_IPV6) {
			end("local", &v->fd.local, v->fd.kind);
			end("remote", &v->fd.remote, v->fd.kind);
		}
		span("fdpath", v->fd.path);
	}
	if (x) {
		printf(" parent=%u exeflags=%x vpid=%u vppid=%u pgid=%u sid=%u tty=%x login=%d "
		       "caps=%" PRIx64 " ns=%" PRIu64 "/%" PRIu64 "/%" PRIu64 " ino=%" PRIu64
		       " ctime=%" PRIu64,
		       x->parent.pid, x->exe_flags, x->vpid, x->vppid, x->pgid, x->sid, x->tty,
		       (int)x->login_user, x->caps.effective, x->pid_ns, x->mnt_ns, x->net_ns,
		       x->exe_inode, x->exe_ctime_ns);
		span("comm", x->comm);
		span("exe", x->exe_path);
		span("cwd", x->cwd);
		span("args", x->args);
		span("env", x->env);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	static struct kernel_clause all;
	struct kernel_filter filter = { .failed_opens = true, .connected_sends = true };
	struct sensor_config config = { .self_pid = (uint32_t)getpid() };
	const char *dir = getenv("SENSOR_DIR");
	struct kernel_path path = { KERNEL_PATH_DIR, str_from(dir) };
	const struct kernel_path *paths[] = { &path };
	time_t until;
	const char *backend = getenv("SENSOR_BACKEND");
	struct sensor_gap gaps[64];
	struct sensor_stats stats;
	size_t n;
	struct sensor *s;
	struct err e = { 0 };

	if (dir) {
		all.paths_any = true;
		all.paths = paths;
		all.path_count = 1;
	}
	if (backend)
		config.backend = sensor_backend_named(str_from(backend));
	for (int i = 2; i < argc; i++) {
		enum event_type t = event_type_find(str_from(argv[i]));

		if (t == EVENT_TYPE_COUNT)
			return fprintf(stderr, "no event is called %s\n", argv[i]), 2;
		filter.clauses[t] = &all;
		filter.clause_count[t] = 1;
	}
	if (sensor_open(&config, &filter, &s, &e))
		return fprintf(stderr, "sensor_dump: %s\n", e.text), 1;
	n = sensor_gaps(s, gaps, 64);
	for (size_t i = 0; i < n && i < 64; i++)
		fprintf(stderr, "gap: %s: %s\n", event_type_name(gaps[i].type), gaps[i].why);
	if (getenv("SENSOR_SNAPSHOT") && sensor_snapshot(s, print, NULL, &e))
		fprintf(stderr, "snapshot: %s\n", e.text);
	until = time(NULL) + (argc > 1 ? strtol(argv[1], NULL, 10) : 5);
	fprintf(stderr, "ready\n");
	while (time(NULL) < until) {
		struct pollfd p = { .fd = sensor_fd(s), .events = POLLIN };

		/* Drained whatever poll says: while events come nobody is woken. */
		(void)poll(&p, 1, 20);
		if (sensor_drain(s, 0, print, NULL, &e) < 0)
			fprintf(stderr, "drain: %s\n", e.text);
	}
	sensor_stats(s, &stats);
	for (size_t i = 0; i < EVENT_TYPE_COUNT; i++)
		if (stats.delivered[i] || stats.passed_over[i])
			fprintf(stderr, "%s %" PRIu64 ", passed over %" PRIu64 "\n",
				event_type_name((enum event_type)i), stats.delivered[i],
				stats.passed_over[i]);
	for (size_t i = 0; i < EVENT_LOSS_COUNT; i++)
		fprintf(stderr, "lost %zu: %" PRIu64 "\n", i, stats.lost[i]);
	fprintf(stderr, "hooks: %" PRIu64 " runs, %" PRIu64 " ns each\n", stats.hook_runs,
		stats.hook_runs ? stats.hook_ns / stats.hook_runs : 0);
	sensor_close(s);
	return 0;
}

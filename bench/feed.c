#include "feed.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdio.h>

#include "kern/record_complete.h"
#include "stage.h"

enum { RING_BYTES = 1 << 20, PROCESSES = 64, PIDS = 30000 };

struct made {
	const char *comm, *path, *args, *cwd; /* arguments with a tab between them */
};

static const struct made inits[STAGE_GROUPS] = {
	[STAGE_HOST] = { "systemd", "/usr/lib/systemd/systemd", "/sbin/init", "/" },
	[STAGE_APP] = { "tini", "/usr/bin/tini", "tini\t--\t/srv/start", "/srv" },
	[STAGE_PRIVILEGED] = { "tini", "/usr/bin/tini", "tini\t--\t/srv/start", "/srv" },
	[STAGE_MOUNTS] = { "tini", "/usr/bin/tini", "tini\t--\t/srv/start", "/srv" },
};

/* The last three start others. */
static const struct made servers[] = {
	{ "nginx", "/usr/sbin/nginx", "nginx: worker process", "/" },
	{ "node", "/usr/local/bin/node", "node\t/srv/app/server.js\t--port\t8080", "/srv/app" },
	{ "redis-server", "/usr/bin/redis-server", "redis-server\t*:6379", "/data" },
	{ "java", "/opt/java/bin/java", "java\t-jar\t/srv/shop.jar", "/srv" },
	{ "postgres", "/usr/lib/postgresql/15/bin/postgres", "postgres", "/var/lib/postgresql" },
	{ "python3", "/usr/bin/python3.11", "python3\t/srv/jobs/worker.py", "/srv/jobs" },
	{ "make", "/usr/bin/make", "make\t-j2", "/srv/src" },
	{ "cron", "/usr/sbin/cron", "cron\t-f", "/" },
};
enum { STARTERS = 3 };

/* The first has arguments that no other had. */
static const struct made started[] = {
	{ "cc1", "/usr/libexec/gcc/cc1", "cc1\t-quiet\t-O2\t-o\t/tmp/cc.s", "/srv/src" },
	{ "as", "/usr/bin/as", "as\t--64\t-o\tmain.o\t/tmp/cc.s", "/srv/src" },
	{ "ld", "/usr/bin/ld", "ld\t-o\tmain\tmain.o\t-lc", "/srv/src" },
	{ "gzip", "/usr/bin/gzip", "gzip\t-9\treport.txt", "/srv/jobs" },
	{ "date", "/usr/bin/date", "date\t-u", "/" },
	{ "sort", "/usr/bin/sort", "sort\t-n\tlist.txt", "/srv/jobs" },
	{ "sleep", "/usr/bin/sleep", "sleep\t5", "/" },
	{ "logrotate", "/usr/sbin/logrotate", "logrotate\t/etc/logrotate.conf", "/" },
};

static const char *const read_paths[] = {
	"/etc/ld.so.cache",
	"/lib/x86_64-linux-gnu/libc.so.6",
	"/usr/lib/locale/locale-archive",
	"/srv/app/config.json",
	"/srv/app/node_modules/left-pad/index.js",
	"/proc/self/status",
	"/etc/passwd",
	"/etc/group",
	"/etc/hosts",
	"/etc/resolv.conf",
	"/etc/nsswitch.conf",
	"/usr/share/zoneinfo/UTC",
	"/etc/ssl/certs/ca-certificates.crt",
	"/sys/fs/cgroup/memory.current",
};
static const char *const written_paths[] = {
	"/tmp/session-1234/data",
	"/var/lib/postgresql/base/16384/2601",
	"/dev/null",
	"/var/log/app/current",
	"/home/app/cache/x",
	"/run/app.pid",
	"/srv/app/uploads/photo.jpg",
	"/srv/src/main.o",
};
static const uint16_t ports[] = { 5432, 6379, 443, 80, 53, 8080 };

struct draft {
	struct record_head head;
	struct record_fd fd;
	struct record_exec exec;
	str texts[RECORD_SPANS + RECORD_EXEC_SPANS];
	char args[256];
	const char *comm;
};

static uint64_t draw(struct feed *f, uint64_t n)
{
	f->seed ^= f->seed << 13;
	f->seed ^= f->seed >> 7;
	f->seed ^= f->seed << 17;
	return f->seed % n;
}

static uint64_t group_of(uint64_t process)
{
	static const uint64_t groups[] = { STAGE_HOST, STAGE_APP, STAGE_MOUNTS, STAGE_PRIVILEGED };

	return groups[process / ARRAY_LEN(servers) % ARRAY_LEN(groups)];
}

static const struct made *server_of(uint64_t process)
{
	return &servers[process % ARRAY_LEN(servers)];
}

/* Numbers: the groups' first processes, those that stay, those that come and go. */
static uint32_t pid_of(uint64_t process)
{
	return (uint32_t)(1000 + process);
}

static void begin(struct feed *f, struct draft *d, enum event_type t, uint32_t pid, uint64_t group)
{
	memset(d, 0, sizeof(*d));
	d->head = (struct record_head){
		.type = (uint16_t)t,
		.time_ns = ++f->serial * 1000,
		.start_ns = pid,
		.cgroup_id = group,
		.pid = pid,
		.tid = pid,
		.user = pid % 2 ? 33 : 0,
		.group = pid % 2 ? 33 : 0,
		.threads = 1,
	};
}

static void append(struct feed *f, const void *p, size_t n)
{
	if (f->produced + n > RING_BYTES) {
		fprintf(stderr, "bench: the ring is too small\n");
		exit(1);
	}
	memcpy(f->memory + f->produced, p, n);
	f->produced += n;
}

/* As the kernel's programs write it. */
static void put(struct feed *f, struct draft *d)
{
	static const char zero[8];
	uint64_t from = f->produced, at = from + BPF_RINGBUF_HDR_SZ;
	uint32_t header[2] = { 0 };
	size_t texts = RECORD_SPANS;

	for (size_t i = 0; i < RECORD_SPANS; i++)
		d->head.span[i] = (uint16_t)d->texts[i].n;
	for (size_t i = 0; i < RECORD_EXEC_SPANS && d->head.parts & RECORD_EXEC; i++, texts++)
		d->exec.span[i] = (uint32_t)d->texts[texts].n;
	append(f, header, sizeof(header));
	append(f, &d->head, sizeof(d->head));
	if (d->head.parts & RECORD_FD)
		append(f, &d->fd, sizeof(d->fd));
	if (d->head.parts & RECORD_EXEC)
		append(f, &d->exec, sizeof(d->exec));
	for (size_t i = 0; i < texts; i++)
		append(f, d->texts[i].p, d->texts[i].n);
	append(f, zero, -f->produced & 7);
	header[0] = (uint32_t)(f->produced - at);
	memcpy(f->memory + from, header, sizeof(header));
	memcpy(f->memory + at + offsetof(struct record_head, bytes), header, sizeof(header[0]));
}

/* Takes the record back when the kernel would have dropped it. @return whether it stays */
static bool put_if_passes(struct feed *f, struct draft *d)
{
	static struct record_room room;
	uint64_t from = f->produced;
	struct event_exec exec;
	struct event v;
	bool passes;

	put(f, d);
	from += BPF_RINGBUF_HDR_SZ;
	passes = record_parse((str){ (const char *)f->memory + from, f->produced - from }, 0, &v,
			      &exec, NULL) == 0 &&
		 record_complete(&v, &room) &&
		 kernel_filter_passes(f->filter, &v, str_from(d->comm), v.cgroup_id != STAGE_HOST);
	f->drawn++;
	f->delivered += passes;
	if (!passes)
		f->produced = from - BPF_RINGBUF_HDR_SZ;
	return passes;
}

static void set_exec(const struct feed *f, struct draft *d, const struct made *m, uint32_t parent,
		     bool whole)
{
	struct record_exec *x = &d->exec;
	str *texts = d->texts + RECORD_SPANS;
	bool host = d->head.cgroup_id == STAGE_HOST;

	d->head.parts |= RECORD_EXEC;
	*x = (struct record_exec){
		.parent_pid = parent,
		.parent_start_ns = parent,
		.exe_inode = 100,
		.exe_flags = EVENT_EXE_SCRIPT_SEEN | (host ? 0 : EVENT_EXE_LOWER),
		.user = d->head.user,
		.group = d->head.group,
		.real_user = d->head.user,
		.real_group = d->head.group,
		.login_user = UINT32_MAX,
		.vpid = host ? d->head.pid : d->head.pid % 1000 + 2,
		.vppid = 1,
		.pid_ns = (uint32_t)d->head.cgroup_id,
	};
	x->vpgid = x->vsid = x->vpid;
	x->pgid = x->sid = d->head.pid;
	snprintf(x->comm, sizeof(x->comm), "%s", m->comm);
	if (!whole)
		return;
	if (m == started)
		snprintf(d->args, sizeof(d->args), "%s\t%u.c", m->args, d->head.pid);
	else
		snprintf(d->args, sizeof(d->args), "%s", m->args);
	texts[RECORD_EXE] = str_from(m->path);
	texts[RECORD_EXEC_ARGS] = (str){ d->args, strlen(d->args) + 1 };
	texts[RECORD_CWD] = str_from(m->cwd);
	if (f->filter->environment)
		texts[RECORD_ENV] =
			S("PATH=/usr/local/bin:/usr/bin:/bin\0LANG=C.UTF-8\0HOME=/root\0");
	for (char *c = d->args; *c; c++)
		*c = *c == '\t' ? '\0' : *c;
}

static size_t put_program(struct feed *f)
{
	uint64_t serial = ++f->serial,
		 parent = draw(f, PROCESSES / ARRAY_LEN(servers)) * ARRAY_LEN(servers) +
			  ARRAY_LEN(servers) - STARTERS + draw(f, STARTERS);
	uint32_t pid = pid_of(STAGE_GROUPS + PROCESSES + serial % PIDS);
	const struct made *m = &started[draw(f, ARRAY_LEN(started))];
	uint32_t of = pid_of(STAGE_GROUPS + parent);
	struct draft d;

	begin(f, &d, EVENT_CLONE, pid, group_of(parent));
	d.head.start_ns = serial;
	set_exec(f, &d, server_of(parent), of, false);
	put(f, &d);
	begin(f, &d, EVENT_EXECVE, pid, group_of(parent));
	d.head.start_ns = serial;
	set_exec(f, &d, m, of, true);
	put(f, &d);
	begin(f, &d, EVENT_PROCEXIT, pid, group_of(parent));
	d.head.start_ns = serial;
	put(f, &d);
	return 3;
}

/* Something that a process does which stays. */
static void begin_deed(struct feed *f, struct draft *d, enum event_type t)
{
	uint64_t process = draw(f, PROCESSES);

	begin(f, d, t, pid_of(STAGE_GROUPS + process), group_of(process));
	d->comm = server_of(process)->comm;
}

static size_t put_open(struct feed *f)
{
	bool write = draw(f, 3) == 0;
	const char *path = write ? written_paths[draw(f, ARRAY_LEN(written_paths))]
				 : read_paths[draw(f, ARRAY_LEN(read_paths))];
	struct draft d;

	begin_deed(f, &d, EVENT_OPENAT);
	d.head.parts = RECORD_FD;
	d.head.res = 3;
	d.head.flags = write ? O_WRONLY | O_CREAT : O_RDONLY;
	d.head.mode = write ? 0644 : 0;
	d.fd = (struct record_fd){ .number = 3,
				   .kind = EVENT_FD_FILE,
				   .file_flags = d.head.cgroup_id == STAGE_HOST ? EVENT_FILE_SEEN
						 : write ? EVENT_FILE_SEEN | EVENT_FILE_UPPER
							 : EVENT_FILE_SEEN | EVENT_FILE_LOWER };
	d.texts[RECORD_PATH] = d.texts[RECORD_RAW] = str_from(path);
	return put_if_passes(f, &d);
}

static size_t put_connection(struct feed *f)
{
	struct draft d;

	begin_deed(f, &d, EVENT_CONNECT);
	d.head.parts = RECORD_FD;
	d.fd = (struct record_fd){ .number = 5,
				   .kind = EVENT_FD_IPV4,
				   .protocol = IPPROTO_TCP,
				   .role = 'c',
				   .local_port = 40000,
				   .remote_port = ports[draw(f, ARRAY_LEN(ports))],
				   .local = { 172, 17, 0, 2 },
				   .remote = { 10, 0, 0, (uint8_t)draw(f, 200) } };
	return put_if_passes(f, &d);
}

static size_t put_change(struct feed *f)
{
	static const enum event_type types[] = { EVENT_UNLINKAT, EVENT_RENAME, EVENT_MKDIR };
	enum event_type t = types[draw(f, ARRAY_LEN(types))];
	struct draft d;

	begin_deed(f, &d, t);
	d.texts[RECORD_PATH] = str_from(written_paths[draw(f, ARRAY_LEN(written_paths))]);
	d.texts[RECORD_RAW] = d.texts[RECORD_PATH];
	if (t == EVENT_RENAME)
		d.texts[RECORD_PATH2] = d.texts[RECORD_RAW2] = S("/srv/app/uploads/photo.png");
	return put_if_passes(f, &d);
}

void feed_open(struct feed *ret, const struct kernel_filter *filter)
{
	*ret = (struct feed){ .filter = filter, .memory = calloc(1, RING_BYTES), .seed = 42 };
	if (!ret->memory) {
		fprintf(stderr, "bench: out of memory\n");
		exit(1);
	}
}

void feed_close(struct feed *f)
{
	free(f->memory);
}

static void begin_replayed(struct feed *f, struct draft *d, uint64_t process, uint64_t group)
{
	begin(f, d, EVENT_EXECVE, pid_of(process), group);
	d->head.marks = EVENT_REPLAYED;
}

void feed_processes(struct feed *f)
{
	struct draft d;

	f->produced = 0;
	for (uint64_t g = 0; g < STAGE_GROUPS; g++) {
		if (!inits[g].comm)
			continue;
		begin_replayed(f, &d, g, g);
		set_exec(f, &d, &inits[g], 0, true);
		d.exec.vpid = 1;
		d.exec.vppid = 0;
		put(f, &d);
	}
	for (uint64_t n = 0; n < PROCESSES; n++) {
		begin_replayed(f, &d, STAGE_GROUPS + n, group_of(n));
		set_exec(f, &d, server_of(n), pid_of(group_of(n)), true);
		put(f, &d);
	}
}

size_t feed_fill(struct feed *f, enum feed_kind k, size_t records)
{
	static size_t (*const puts[])(struct feed *) = {
		[FEED_PROGRAMS] = put_program,
		[FEED_OPENS] = put_open,
		[FEED_CONNECTIONS] = put_connection,
		[FEED_CHANGES] = put_change,
	};
	size_t n = 0;

	f->produced = 0;
	while (n < records) {
		enum feed_kind one = k;

		/* Of ten events three are of programs, which are three each. */
		if (k == FEED_MIX) {
			uint64_t which = draw(f, 8);

			one = which < 1   ? FEED_PROGRAMS
			      : which < 5 ? FEED_OPENS
			      : which < 7 ? FEED_CONNECTIONS
					  : FEED_CHANGES;
		}
		while (!puts[one](f))
			;
		n += one == FEED_PROGRAMS ? 3 : 1;
	}
	return n;
}

struct ring feed_ring(struct feed *f)
{
	return (struct ring){ .consumed = &f->consumed,
			      .produced = &f->produced,
			      .data = f->memory,
			      .bytes = RING_BYTES };
}

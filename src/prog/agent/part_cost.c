#include "prog/agent/part_cost.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/proc_stat.h"

/* A share is that of the last WINDOW looks: as long as the console waits for the next. */
enum { WINDOW = 15, PROCESSES_MAX = 64, PID_BYTES = 12 };
struct used {
	uint64_t user_ticks, system_ticks;
};

struct one {
	const char *name;
	struct used ended;           /* by whom the supervisor waited for */
	struct used all;             /* never falls */
	uint64_t memory, memory_now; /* as of the last look at memory; as far as this look went */
	size_t processes;
	uint64_t past_ticks[WINDOW];
};

struct part_cost {
	int proc_fd;
	size_t count;
	uint64_t looked_ns, past_ns[WINDOW];
	size_t turn;
	struct one parts[PART_COST_MAX];
	/* of the last look */
	double shares[PART_COST_MAX];
};

int part_cost_new(int proc_fd, const char *const *names, size_t count, struct part_cost **ret,
		  struct err *e)
{
	struct part_cost *c = calloc(1, sizeof(*c));

	assert(count <= PART_COST_MAX);
	if (!c)
		return err_sys(e, ENOMEM, "cannot tell what the agent costs");
	c->proc_fd = proc_fd;
	c->count = count;
	for (size_t i = 0; i < count; i++)
		c->parts[i].name = names[i];
	for (size_t i = 0; i < WINDOW; i++)
		c->past_ns[i] = clock_ns(CLOCK_MONOTONIC);
	*ret = c;
	return 0;
}

void part_cost_free(struct part_cost *c)
{
	free(c);
}

static bool read_one(const struct part_cost *c, pid_t pid, struct proc_stat *ret)
{
	return proc_stat_read(c->proc_fd, (uint32_t)pid, ret, NULL) == 0;
}

/** Memory is dear to look at: once a window, and when nothing is known. */
static bool is_memory_due(const struct part_cost *c, const struct one *p)
{
	return c->turn % WINDOW == 0 || !p->memory;
}

/** Where the kernel does not divide what is shared, it counts with each. */
static void add_process(const struct part_cost *c, struct one *p, pid_t pid,
			const struct proc_stat *s)
{
	uint64_t bytes = s->resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);

	p->processes++;
	if (!is_memory_due(c, p))
		return;
	(void)!proc_stat_memory(c->proc_fd, (uint32_t)pid, &bytes, NULL);
	p->memory_now += bytes;
}

static void add_waited(struct used *to, const struct proc_stat *s)
{
	to->user_ticks += s->user_ticks + s->waited_user_ticks;
	to->system_ticks += s->system_ticks + s->waited_system_ticks;
}

/** Only a process of one thread starts others (base/process.h), so those of the first are all. */
static size_t read_children(const struct part_cost *c, pid_t pid, pid_t *ret, size_t room)
{
	char path[48], text[PROCESSES_MAX * PID_BYTES];
	OWNED_FD fd = -1;
	size_t count = 0;
	ssize_t n;
	str rest;

	snprintf(path, sizeof(path), "%d/task/%d/children", (int)pid, (int)pid);
	fd = openat(c->proc_fd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	for (rest = (str){ text, (size_t)MAX(n, 0) }; rest.n && count < room;) {
		uint32_t child;

		if (str_u32(str_cut(&rest, ' '), &child) == 0)
			ret[count++] = (pid_t)child;
	}
	return count;
}

/**
 * Parents are read before their children: one that ends meanwhile is missed until the next look, and never counted twice. What is
 * beyond PROCESSES_MAX is counted when it has ended.
 */
static struct used look_below(const struct part_cost *c, pid_t pid, struct one *p)
{
	pid_t line[PROCESSES_MAX] = { pid };
	struct used sum = { 0 };
	size_t n = 1;

	for (size_t at = 0; at < n; at++) {
		struct proc_stat s;

		if (!read_one(c, line[at], &s))
			continue;
		add_waited(&sum, &s);
		add_process(c, p, line[at], &s);
		n += read_children(c, line[at], line + n, PROCESSES_MAX - n);
	}
	return sum;
}

static struct used look_at_caller(const struct part_cost *c, struct one *p)
{
	struct proc_stat s;

	if (!read_one(c, getpid(), &s))
		return (struct used){ 0 };
	add_process(c, p, getpid(), &s);
	return (struct used){ s.user_ticks, s.system_ticks };
}

static void keep_share(struct part_cost *c, size_t i, uint64_t now_ns)
{
	struct one *p = &c->parts[i];
	const size_t at = c->turn % WINDOW;
	const uint64_t all = p->all.user_ticks + p->all.system_ticks;
	const double seconds = (double)(now_ns - c->past_ns[at]) / (double)SECOND_NS;
	const double used = (double)(all - p->past_ticks[at]) / (double)sysconf(_SC_CLK_TCK);

	c->shares[i] = seconds > 0 ? 100 * used / seconds : 0;
	p->past_ticks[at] = all;
}

bool part_cost_look(struct part_cost *c, const pid_t *pids, uint64_t now_ns)
{
	if (now_ns - c->looked_ns < SECOND_NS)
		return false;
	c->looked_ns = now_ns;
	for (size_t i = 0; i < c->count; i++) {
		struct one *p = &c->parts[i];
		struct used now = { 0 };

		p->memory_now = 0;
		p->processes = 0;
		if (i == 0)
			now = look_at_caller(c, p);
		else if (pids[i])
			now = look_below(c, pids[i], p);
		p->all.user_ticks = MAX(p->all.user_ticks, now.user_ticks + p->ended.user_ticks);
		p->all.system_ticks =
			MAX(p->all.system_ticks, now.system_ticks + p->ended.system_ticks);
		if (is_memory_due(c, p))
			p->memory = p->memory_now;
		keep_share(c, i, now_ns);
	}
	c->past_ns[c->turn++ % WINDOW] = now_ns;
	return true;
}

void part_cost_ended(struct part_cost *c, pid_t pid)
{
	const size_t n = sizeof(PART_COST_NAME) - 1;
	size_t at = 0;
	struct proc_stat s;

	if (!read_one(c, pid, &s))
		return;
	for (size_t i = 1; i < c->count; i++)
		if (strncmp(s.name, PART_COST_NAME, n) == 0 &&
		    strcmp(s.name + n, c->parts[i].name) == 0)
			at = i;
	add_waited(&c->parts[at].ended, &s);
}

static void put_ms(struct json_out *j, const char *key, uint64_t ticks)
{
	json_put_uint(j, key, ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

void part_cost_render(const struct part_cost *c, struct json_out *j)
{
	json_array_open(j);
	for (size_t i = 0; i < c->count; i++) {
		const struct one *p = &c->parts[i];

		if (!p->processes && !p->all.user_ticks && !p->all.system_ticks)
			continue;
		json_object_open(j);
		json_put_cstr(j, "part", p->name);
		json_put_uint(j, "processes", p->processes);
		put_ms(j, "cpuUserMs", p->all.user_ticks);
		put_ms(j, "cpuSystemMs", p->all.system_ticks);
		json_key(j, "cpuPercent");
		json_double(j, c->shares[i], 2);
		json_put_uint(j, "memoryBytes", p->memory);
		json_object_close(j);
	}
	json_array_close(j);
}

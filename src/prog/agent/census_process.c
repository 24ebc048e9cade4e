#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc_stat.h"
#include "prog/agent/census_collect.h"

/* proc(5). What processes write about themselves (names, arguments) is theirs to choose: it is bounded and told as text. */
enum { ARGS_MAX = 1024, FILE_MAX = 64 << 10, SOCKETS_MAX = 20000, SPACES_MAX = 4096 };
#define NET_MAX ((uint64_t)8 << 20)

static bool is_number(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!isdigit((unsigned char)*p))
			return false;
	return name[0] != '\0' && strlen(name) < 12;
}

static bool read_small(int proc_fd, const char *path, char *room, size_t size, size_t *ret_n)
{
	OWNED_FD fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, room, size - 1);

	if (n < 0)
		return false;
	room[n] = '\0';
	*ret_n = (size_t)n;
	return true;
}

static bool read_stat(int proc_fd, const char *pid, struct proc_stat *ret)
{
	uint32_t number;

	return str_u32(str_from(pid), &number) == 0 &&
	       proc_stat_read(proc_fd, number, ret, NULL) == 0;
}

static void put_link(struct json_out *j, const char *key, int proc_fd, const char *pid,
		     const char *what)
{
	char path[40], target[FILE_MAX / 16];
	ssize_t n;

	snprintf(path, sizeof(path), "%.11s/%s", pid, what);
	n = readlinkat(proc_fd, path, target, sizeof(target));
	if (n > 0)
		json_put_str(j, key, (str){ target, (size_t)n });
}

static void put_args(struct json_out *j, int proc_fd, const char *pid)
{
	char path[40], text[ARGS_MAX];
	size_t n;

	snprintf(path, sizeof(path), "%.11s/cmdline", pid);
	if (!read_small(proc_fd, path, text, sizeof(text), &n))
		return;
	while (n && text[n - 1] == '\0')
		n--;
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	json_opt_str(j, "args", (str){ text, n });
}

/* Whose things are told: containers, and their users. */
struct owners {
	struct asset *asset;
	struct census_users *users;
};

/**
 * Writes "container" (host for none), "uid" and "user", by who holds the process; both as its container has them.
 * @return false: its container, or that container's users, are not known yet
 */
static bool put_owner(struct json_out *j, int proc_fd, const char *pid, const struct owners *o)
{
	uint32_t number = (uint32_t)strtoul(pid, NULL, 10);
	const struct container *c = NULL;
	struct census_user user = { 0 };
	struct stat st;
	uint64_t cgroup;

	if (asset_cgroup_of(o->asset, number, &cgroup, NULL) == 0)
		c = asset_find(o->asset, cgroup);
	if (c)
		json_put_str(j, "container", c->id);
	if (fstatat(proc_fd, pid, &st, 0) < 0)
		return true;
	if (c)
		user = census_user_of(o->users, c, st.st_uid);
	if (user.known)
		json_put_uint(j, "uid", user.number);
	if (!user.known || user.number != st.st_uid)
		json_put_uint(j, "hostUid", st.st_uid);
	json_opt_str(j, "user", user.name);
	return user.settled;
}

static void put_process(struct census *c, int proc_fd, const char *pid, const struct proc_stat *s,
			str id, const struct owners *o)
{
	OWNED_BUF doc = BUF_INIT;
	struct json_out j;
	bool whole;

	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_str(&j, "id", id);
	json_put_uint(&j, "pid", strtoul(pid, NULL, 10));
	json_put_uint(&j, "parent", s->parent);
	json_put_cstr(&j, "name", s->name);
	put_link(&j, "exe", proc_fd, pid, "exe");
	put_args(&j, proc_fd, pid);
	whole = put_owner(&j, proc_fd, pid, o);
	json_put_uint(&j, "startTicks", s->start_ticks);
	json_object_close(&j);
	census_put_doc(c, CENSUS_PROCESS, id, &doc);
	if (!whole)
		census_doubt(c, CENSUS_PROCESS, id);
}

#define KERNEL_THREAD 0x00200000u /* PF_KTHREAD */

static uint64_t uptime_ticks(int proc_fd)
{
	char text[64];
	size_t n;
	double s = 0;

	if (!read_small(proc_fd, "uptime", text, sizeof(text), &n) || sscanf(text, "%lf", &s) != 1)
		return 0;
	return (uint64_t)(s * (double)sysconf(_SC_CLK_TCK));
}

/* What lives longer has become what it is going to be. */
enum { GROWN_UP_S = 30 };

static DIR *open_dir(int proc_fd, const char *path)
{
	return file_open_folder(openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

void census_processes_look(struct census *c, int proc_fd, struct asset *a, struct census_users *u)
{
	const struct owners o = { a, u };
	const uint64_t now = uptime_ticks(proc_fd);
	const uint64_t young = (uint64_t)sysconf(_SC_CLK_TCK) * GROWN_UP_S;
	DIR *d = open_dir(proc_fd, ".");
	struct dirent *f;

	if (!d)
		return;
	census_begin(c, CENSUS_PROCESS);
	while ((f = readdir(d))) {
		struct proc_stat s;
		char id[64];
		str name;

		if (!is_number(f->d_name) || !read_stat(proc_fd, f->d_name, &s) ||
		    (s.flags & KERNEL_THREAD))
			continue;
		snprintf(id, sizeof(id), "%.11s@%" PRIu64, f->d_name, s.start_ticks);
		name = str_from(id);
		if (now - s.start_ticks < young || !census_keep(c, CENSUS_PROCESS, name))
			put_process(c, proc_fd, f->d_name, &s, name, &o);
	}
	closedir(d);
	census_end(c, CENSUS_PROCESS);
}

/* ---- Sockets that listen ---- */

struct listener {
	uint64_t space, inode;
	const char *protocol;
	char address[64];
	uint16_t port;
	char id[128];
	bool known, held;
};

struct listeners {
	struct listener *items;
	size_t count;
	uint64_t spaces[SPACES_MAX];
	size_t space_count;
	bool unknown; /* one of them was never told */
};

static const struct {
	const char *file, *name;
	bool six;
	unsigned int state; /* TCP_LISTEN; for UDP bound and not connected (TCP_CLOSE) */
} tables[] = { { "tcp", "tcp", false, 0x0a },
	       { "tcp6", "tcp", true, 0x0a },
	       { "udp", "udp", false, 0x07 },
	       { "udp6", "udp", true, 0x07 } };

/** Hexadecimal words in the machine's order, as the kernel prints them. */
static void render_address(const char *hex, bool six, char *out, size_t size)
{
	uint32_t w[4] = { 0 };

	for (int i = 0; i < (six ? 4 : 1); i++) {
		char word[9] = { 0 };

		memcpy(word, hex + (ptrdiff_t)8 * i, 8);
		w[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	if (!six) {
		const uint8_t *b = (const uint8_t *)w;

		snprintf(out, size, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	} else if (!(w[0] | w[1] | w[2] | w[3])) {
		snprintf(out, size, "::");
	} else {
		const uint8_t *b = (const uint8_t *)w;
		size_t n = 0;

		for (int i = 0; i < 8 && n < size; i++)
			n += (size_t)snprintf(out + n, size - n, "%s%x", i ? ":" : "",
					      b[2 * i] << 8 | b[2 * i + 1]);
	}
}

static void take_line(struct listeners *l, struct census *c, str line, uint64_t space, size_t table)
{
	const size_t digits = tables[table].six ? 32 : 8;
	char local[48], text[300];
	unsigned int port, state;
	uint64_t inode;
	struct listener *s;

	snprintf(text, sizeof(text), "%.*s", STR_ARG(line));
	if (sscanf(text,
		   " %*u: %40[0-9A-Fa-f]:%x %*40[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %" SCNu64,
		   local, &port, &state, &inode) != 4 ||
	    strlen(local) != digits || state != tables[table].state || !inode ||
	    l->count == SOCKETS_MAX)
		return;
	s = &l->items[l->count++];
	*s = (struct listener){ .space = space,
				.inode = inode,
				.protocol = tables[table].name,
				.port = (uint16_t)port };
	render_address(local, tables[table].six, s->address, sizeof(s->address));
	snprintf(s->id, sizeof(s->id), "%s/%s%s%s:%u/%" PRIu64 "/%" PRIu64, s->protocol,
		 tables[table].six ? "[" : "", s->address, tables[table].six ? "]" : "", port,
		 space, inode);
	s->known = census_keep(c, CENSUS_PORT, str_from(s->id));
	l->unknown |= !s->known;
}

static uint64_t space_of(int proc_fd, const char *pid)
{
	char path[40], target[64];
	uint64_t inode = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "%.11s/ns/net", pid);
	n = readlinkat(proc_fd, path, target, sizeof(target) - 1);
	if (n <= 0)
		return 0;
	target[n] = '\0';
	return sscanf(target, "net:[%" SCNu64 "]", &inode) == 1 ? inode : 0;
}

/** Reads each network namespace once, by the first process in it. */
static void find_listeners(struct listeners *l, struct census *c, int proc_fd)
{
	DIR *d = open_dir(proc_fd, ".");
	struct dirent *f;

	while (d && (f = readdir(d)) && l->space_count < SPACES_MAX) {
		uint64_t space = is_number(f->d_name) ? space_of(proc_fd, f->d_name) : 0;
		bool seen = !space;

		for (size_t i = 0; i < l->space_count && !seen; i++)
			seen = l->spaces[i] == space;
		if (seen)
			continue;
		l->spaces[l->space_count++] = space;
		for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
			OWNED_BUF text = BUF_INIT;
			char path[40];
			str rest;

			snprintf(path, sizeof(path), "%.11s/net/%s", f->d_name, tables[t].file);
			if (file_read(proc_fd, path, NET_MAX, &text, NULL) < 0)
				continue;
			for (rest = buf_str(&text); rest.n;)
				take_line(l, c, str_line(&rest), space, t);
		}
	}
	if (d)
		closedir(d);
}

static void put_port(struct census *c, struct listener *s, int proc_fd, const char *pid,
		     const struct owners *o)
{
	OWNED_BUF doc = BUF_INIT;
	struct proc_stat line;
	struct json_out j;
	bool whole = true;

	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_cstr(&j, "id", s->id);
	json_put_cstr(&j, "protocol", s->protocol);
	json_put_cstr(&j, "address", s->address);
	json_put_uint(&j, "port", s->port);
	if (pid && read_stat(proc_fd, pid, &line)) {
		char id[64];

		snprintf(id, sizeof(id), "%.11s@%" PRIu64, pid, line.start_ticks);
		json_put_uint(&j, "pid", strtoul(pid, NULL, 10));
		json_put_cstr(&j, "process", id);
		json_put_cstr(&j, "name", line.name);
		put_link(&j, "exe", proc_fd, pid, "exe");
		whole = put_owner(&j, proc_fd, pid, o);
	}
	json_object_close(&j);
	s->held = true;
	census_put_doc(c, CENSUS_PORT, str_from(s->id), &doc);
	if (!whole)
		census_doubt(c, CENSUS_PORT, str_from(s->id));
}

static void look_at_descriptors(struct listeners *l, struct census *c, int proc_fd, const char *pid,
				const struct owners *o)
{
	char path[40];
	struct dirent *f;
	DIR *d;

	snprintf(path, sizeof(path), "%.11s/fd", pid);
	d = open_dir(proc_fd, path);
	while (d && (f = readdir(d))) {
		char target[64];
		uint64_t inode;
		ssize_t n = readlinkat(dirfd(d), f->d_name, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (sscanf(target, "socket:[%" SCNu64 "]", &inode) != 1)
			continue;
		for (size_t i = 0; i < l->count; i++)
			if (l->items[i].inode == inode && !l->items[i].known && !l->items[i].held)
				put_port(c, &l->items[i], proc_fd, pid, o);
	}
	if (d)
		closedir(d);
}

void census_ports_look(struct census *c, int proc_fd, struct asset *a, struct census_users *u)
{
	const struct owners o = { a, u };
	struct listeners *l = calloc(1, sizeof(*l));
	struct dirent *f;
	DIR *d = NULL;

	if (l)
		l->items = calloc(SOCKETS_MAX, sizeof(*l->items));
	if (!l || !l->items) {
		free(l);
		return;
	}
	census_begin(c, CENSUS_PORT);
	find_listeners(l, c, proc_fd);
	if (l->unknown)
		d = open_dir(proc_fd, ".");
	while (d && (f = readdir(d)))
		if (is_number(f->d_name))
			look_at_descriptors(l, c, proc_fd, f->d_name, &o);
	if (d)
		closedir(d);
	/* The kernel's own, or held by who went meanwhile. */
	for (size_t i = 0; i < l->count; i++)
		if (!l->items[i].known && !l->items[i].held)
			put_port(c, &l->items[i], proc_fd, NULL, &o);
	census_end(c, CENSUS_PORT);
	free(l->items);
	free(l);
}

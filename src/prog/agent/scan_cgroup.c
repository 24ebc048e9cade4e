#include "prog/agent/scan_cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "asset/hierarchy.h"
#include "base/file.h"

#define FILE_MOST ((uint64_t)1 << 20)
#define MEMORY_MOST "2147483648"
#define QUOTA_US "50000"
#define PERIOD_US "100000"
#define LEAF "/agent"
#define CGROUPS_MOST ((uint64_t)64 << 10)
enum { NAME_BYTES = 64, ROUNDS = 3, TRIES = 100, TRY_US = 10000 };

struct knob {
	const char *file, *value;
};

static int load(const char *folder, const char *file, struct buf *ret)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return file_read(AT_FDCWD, path, FILE_MOST, ret, NULL);
}

static int set(const char *folder, const char *file, str value)
{
	char path[PATH_MAX];
	OWNED_FD fd = -1;

	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : file_write_all(fd, value, NULL);
}

static bool has_word(str words, str word)
{
	while (words.n) {
		str one = str_cut(&words, ' ');

		if (str_eq(str_trim(one), word))
			return true;
	}
	return false;
}

/* ---- Who owns one ---- */

/** @return the folder, locked; -EWOULDBLOCK: another has it; -errno */
static int lock(int at, const char *folder)
{
	int fd = openat(at, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return -EWOULDBLOCK;
	}
	return fd < 0 ? -errno : fd;
}

/** Whoever clears away locks it for a moment, and may have removed what was locked after that. */
static int acquire(const char *folder, struct err *e)
{
	int fd = -EWOULDBLOCK;

	for (int tries = 0; tries < TRIES && (fd == -EWOULDBLOCK || fd == -ENOENT); tries++) {
		struct stat here, held;

		if (tries)
			usleep(TRY_US);
		if (mkdir(folder, 0755) < 0 && errno != EEXIST)
			return err_sys(e, errno, "'%s'", folder);
		fd = lock(AT_FDCWD, folder);
		if (fd >= 0 && (stat(folder, &here) < 0 || fstat(fd, &held) < 0 ||
				here.st_ino != held.st_ino)) {
			close(fd);
			fd = -ENOENT;
		}
	}
	if (fd == -EWOULDBLOCK)
		return err_set(e, EBUSY, "'%s' belongs to another agent", folder);
	return fd < 0 ? err_sys(e, -fd, "'%s'", folder) : fd;
}

/** Removes those in @p base that no agent owns any more. */
static void clear_away(const char *base)
{
	DIR *d = opendir(base);
	struct dirent *f;

	while (d && (f = readdir(d))) {
		int fd = -1;

		if (!str_starts(str_from(f->d_name), S(SCAN_CGROUP_NAME)))
			continue;
		fd = lock(dirfd(d), f->d_name);
		if (fd < 0)
			continue;
		/* One that has processes yet stays: its agent ends just now. */
		(void)unlinkat(dirfd(d), f->d_name, AT_REMOVEDIR);
		close(fd);
	}
	if (d)
		closedir(d);
}

static void let_go(struct scan_cgroup *g)
{
	for (size_t i = 0; i < g->count; i++) {
		close(g->procs[i]);
		close(g->locks[i]);
	}
	g->count = 0;
}

static int limit(struct scan_cgroup *g, const char *base, const char *name,
		 const struct knob *knobs, size_t count, struct err *e)
{
	char *folder = g->folders[g->count];
	char path[PATH_MAX];
	int fd, held, r = 0;

	clear_away(base);
	if (snprintf(folder, PATH_MAX, "%s/%s", base, name) >= PATH_MAX - 32)
		return err_sys(e, ENAMETOOLONG, "'%s'", base);
	held = acquire(folder, e);
	if (held < 0)
		return held;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = set(folder, knobs[i].file, str_from(knobs[i].value));
	snprintf(path, sizeof(path), "%.*s/cgroup.procs", PATH_MAX - 32, folder);
	fd = r < 0 ? r : open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		r = r < 0 ? r : -errno;
		close(held);
		return err_sys(e, -r, "'%s'", folder);
	}
	g->locks[g->count] = held;
	g->procs[g->count++] = fd;
	return 0;
}

/* ---- Version 1: a group a controller, processes anywhere ---- */

static int make_v1(const char *mount, str own, const char *name, struct scan_cgroup *g,
		   struct err *e)
{
	static const struct knob cpu[] = { { "cpu.cfs_period_us", PERIOD_US },
					   { "cpu.cfs_quota_us", QUOTA_US } };
	static const struct knob memory[] = { { "memory.limit_in_bytes", MEMORY_MOST } };
	static const struct {
		const char *controller;
		const struct knob *knobs;
		size_t count;
	} all[] = { { "cpu", cpu, ARRAY_LEN(cpu) }, { "memory", memory, ARRAY_LEN(memory) } };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		str group = hierarchy_path_in(own, all[i].controller);
		char base[PATH_MAX];
		int r;

		if (!group.n)
			return err_set(e, ENOENT, "no control groups of %s", all[i].controller);
		if (group.n == 1)
			group.n = 0;
		if (snprintf(base, sizeof(base), "%s/%s%.*s", mount, all[i].controller,
			     STR_ARG(group)) >= (int)sizeof(base))
			return err_sys(e, ENAMETOOLONG, "'%s'", mount);
		r = limit(g, base, name, all[i].knobs, all[i].count, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- Version 2: only leaves have processes ---- */

static bool is_ours(uint64_t pid, pid_t supervisor)
{
	OWNED_BUF text = BUF_INIT;
	char folder[40];
	str rest;

	if (pid == (uint64_t)supervisor)
		return true;
	snprintf(folder, sizeof(folder), "/proc/%llu", (unsigned long long)pid);
	if (load(folder, "status", &text) < 0)
		return false;
	for (rest = buf_str(&text); rest.n;) {
		str line = str_line(&rest);
		uint64_t parent;

		if (str_starts(line, S("PPid:")))
			return str_u64(str_trim(str_skip(line, 5)), &parent) == 0 &&
			       parent == (uint64_t)supervisor;
	}
	return false;
}

/** Moves the agent's processes to the leaf. @return how many were there, -EBUSY */
static int clear(const char *base, const char *leaf, pid_t supervisor, struct err *e)
{
	OWNED_BUF text = BUF_INIT;
	int n = 0, r = load(base, "cgroup.procs", &text);
	uint64_t pid;
	str rest;

	if (r < 0)
		return err_sys(e, -r, "'%s'", base);
	for (rest = buf_str(&text); rest.n; n++)
		if (str_u64(str_line(&rest), &pid) < 0 || !is_ours(pid, supervisor))
			return err_set(e, EBUSY, "others live in the agent's control group");
	for (rest = buf_str(&text); r == 0 && rest.n;) {
		str line = str_line(&rest);

		/* Of those that began meanwhile, or went, the next round tells. */
		(void)set(leaf, "cgroup.procs", line);
	}
	return n;
}

static int open_up(const char *base, pid_t supervisor, struct err *e)
{
	OWNED_BUF given = BUF_INIT;
	char leaf[PATH_MAX];
	int r = load(base, "cgroup.subtree_control", &given), left = 1;

	if (r < 0)
		return err_sys(e, -r, "'%s'", base);
	if (has_word(buf_str(&given), S("cpu")) && has_word(buf_str(&given), S("memory")))
		return 0;
	if (snprintf(leaf, sizeof(leaf), "%s" LEAF, base) >= (int)sizeof(leaf))
		return err_sys(e, ENAMETOOLONG, "'%s'", base);
	if (mkdir(leaf, 0755) < 0 && errno != EEXIST)
		return err_sys(e, errno, "'%s'", leaf);
	for (int i = 0; left > 0 && i < ROUNDS; i++)
		left = clear(base, leaf, supervisor, e);
	if (left < 0)
		return left;
	r = set(base, "cgroup.subtree_control", S("+cpu +memory"));
	return r < 0 ? err_sys(e, -r, "'%s'", base) : 0;
}

static int make_v2(const char *mount, str group, pid_t supervisor, const char *name,
		   struct scan_cgroup *g, struct err *e)
{
	static const struct knob knobs[] = { { "cpu.max", QUOTA_US " " PERIOD_US },
					     { "memory.max", MEMORY_MOST } };
	char base[PATH_MAX];
	int r;

	/* A scanner that replaces another begins where the agent was moved to. */
	if (str_ends(group, S(LEAF)))
		group.n -= sizeof(LEAF) - 1;
	if (group.n == 1)
		group.n = 0;
	if (snprintf(base, sizeof(base), "%s%.*s", mount, STR_ARG(group)) >= (int)sizeof(base))
		return err_sys(e, ENAMETOOLONG, "'%s'", mount);
	r = open_up(base, supervisor, e);
	return r < 0 ? r : limit(g, base, name, knobs, ARRAY_LEN(knobs), e);
}

int scan_cgroup_make(const char *mount, const char *own, pid_t supervisor, const char *name,
		     struct scan_cgroup *ret, struct err *e)
{
	OWNED_BUF controllers = BUF_INIT;
	const str groups = str_from(own);
	bool unified = load(mount, "cgroup.controllers", &controllers) == 0;
	struct scan_cgroup g = { 0 };
	int r = unified ? make_v2(mount, hierarchy_path_in(groups, NULL), supervisor, name, &g, e)
			: make_v1(mount, groups, name, &g, e);

	if (r == 0)
		*ret = g;
	else
		let_go(&g);
	return r;
}

/** What has the same folder is the same agent, by whatever path it got there. */
static int name_of(const char *state, char ret[NAME_BYTES], struct err *e)
{
	struct stat st;
	int r = file_make_dirs(state, 0700, e);

	if (r == 0 && stat(state, &st) < 0)
		r = err_sys(e, errno, "'%s'", state);
	if (r == 0)
		snprintf(ret, NAME_BYTES, SCAN_CGROUP_NAME "%llx-%llx",
			 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return r;
}

int scan_cgroup_open(const char *state, struct scan_cgroup *ret, struct err *e)
{
	OWNED_BUF own = BUF_INIT;
	char name[NAME_BYTES];
	int r = file_read(AT_FDCWD, "/proc/self/cgroup", CGROUPS_MOST, &own, e);

	if (r == 0)
		r = name_of(state, name, e);
	return r < 0 ? r
		     : scan_cgroup_make("/sys/fs/cgroup", buf_cstr(&own), getpid(), name, ret, e);
}

int scan_cgroup_enter(const struct scan_cgroup *g)
{
	for (size_t i = 0; i < g->count; i++)
		if (write(g->procs[i], "0", 1) != 1)
			return -errno;
	return 0;
}

void scan_cgroup_remove(struct scan_cgroup *g)
{
	for (size_t i = 0; i < g->count; i++)
		for (int tries = 0; rmdir(g->folders[i]) < 0 && errno == EBUSY && tries < TRIES;
		     tries++)
			usleep(TRY_US);
	let_go(g);
}

#include "asset/asset.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "asset/disk.h"
#include "asset/engines.h"
#include "asset/hierarchy.h"
#include "asset/pod_owner.h"
#include "asset/record.h"
#include "asset/roster.h"
#include "base/clock.h"
#include "base/file.h"

#define MAX_CONTAINERS 4096
#define SCRATCH_BYTES (8u << 20)
#define WAIT_NS 100000000u /* how long a container's files may be late */
#define RETRY_NS 2000000u
#define SLOW_RETRY_NS SECOND_NS /* and after that */
#define MISSES 64
#define MISS_NS 50000000u
#define ALL_CAPS ((1ull << 41) - 1)

/* A cgroup id that leads nowhere: not asked of the kernel again for a moment. */
struct miss {
	uint64_t id, until_ns;
};

struct asset {
	int root_fd;
	int poll_fd;   /* epoll: the event below and the engines */
	int notify_fd; /* an eventfd: something is to be told */
	bool pending;
	bool users;   /* somebody looks at files of users */
	bool scanned; /* who begins from now on starts; before, it ran already */
	bool missed;  /* an engine told of one that runs and whose control group was not seen */
	struct hierarchy hierarchy;
	struct roster *roster;
	struct disk *disk;
	struct accounts *accounts;
	struct engines *engines;
	struct container host;
	char hostname[65];
	struct miss misses[MISSES];
	size_t unknown;
};

static void make_host(struct asset *a)
{
	OWNED_BUF b = BUF_INIT;
	str name = { NULL, 0 };

	if (file_read(a->root_fd, "etc/hostname", 4096, &b, NULL) == 0)
		name = str_take(str_trim(buf_str(&b)), sizeof(a->hostname) - 1);
	if (name.n)
		memcpy(a->hostname, name.p, name.n);
	a->host = (struct container){ .runtime = CONTAINER_HOST,
				      .known = CONTAINER_IDENTITY | CONTAINER_METADATA |
					       CONTAINER_POD,
				      .id = S("host"),
				      .name = S("host"),
				      .hostname = { a->hostname, name.n },
				      .cgroup_path = S("/"),
				      .caps = ALL_CAPS,
				      .host_pid = true,
				      .host_network = true,
				      .host_ipc = true,
				      .init_pid = 1,
				      .version = 1 };
	if (hierarchy_id(&a->hierarchy, S("/"), &a->host.cgroup_id) < 0)
		a->host.cgroup_id = 0;
}

static void tell(struct asset *a)
{
	uint64_t one = 1;

	if (a->pending)
		return;
	a->pending = true;
	/* Full is readable, too. */
	if (write(a->notify_fd, &one, sizeof(one)) < 0)
		return;
}

static void refresh(struct asset *a, bool force)
{
	disk_refresh(a->disk, force);
	engines_add(a->engines, disk_places(a->disk));
}

/* A pod's labels are its sandbox's, which begins before the others. */
static void take_pod_labels(struct asset *a, struct roster_entry *n, struct container *c)
{
	const struct roster_entry *sandbox;

	if (c->pod_sandbox) {
		c->pod_labels = c->labels;
		c->pod_label_count = c->label_count;
		return;
	}
	sandbox = c->pod_sandbox_id.n ? roster_find(a->roster, c->pod_sandbox_id) : NULL;
	if (!sandbox || sandbox == n || !str_eq(sandbox->c.pod_uid, c->pod_uid))
		return;
	c->pod_labels = sandbox->c.labels;
	c->pod_label_count = sandbox->c.label_count;
}

/* Where a scan finds the sandbox last, the others have waited for it. */
static void give_pod_labels(struct asset *a, const struct roster_entry *sandbox)
{
	for (struct roster_entry *n = NULL; (n = roster_next(a->roster, n));) {
		struct container c = n->c;
		char owner[POD_OWNER_BYTES];

		if (n == sandbox || c.pod_label_count || !str_eq(c.pod_sandbox_id, sandbox->c.id))
			continue;
		take_pod_labels(a, n, &c);
		c.pod_owner = pod_owner(&c, owner);
		/* Without memory for them they stay unknown. */
		if (c.pod_label_count && roster_fill(a->roster, n, &c) < 0)
			return;
	}
}

/* Puts what was found beside what the path said. */
static int fill(struct asset *a, struct roster_entry *n, struct container *found)
{
	char owner[POD_OWNER_BYTES];
	int r;

	if (found->runtime == CONTAINER_OTHER)
		found->runtime = n->c.runtime;
	if (!found->pod_uid.n)
		found->pod_uid = str_from(n->pod_uid);
	found->cgroup_path = n->c.cgroup_path;
	/* At a start engines' files still tell of the run before, if of any. */
	if (found->started_ns + SECOND_NS < n->begun_ns) {
		found->started_ns = n->begun_ns;
		found->init_pid = 0;
	}
	found->known |= CONTAINER_IDENTITY;
	/* Containers of CRI have no health check, and containerd knows of none. */
	if (found->runtime == CONTAINER_CONTAINERD || found->runtime == CONTAINER_CRIO)
		found->known |= CONTAINER_HEALTHCHECK;
	take_pod_labels(a, n, found);
	if (!found->pod_owner.n)
		found->pod_owner = pod_owner(found, owner);
	r = roster_fill(a->roster, n, found);
	if (r == 0 && found->pod_sandbox)
		give_pod_labels(a, n);
	return r;
}

/* Engines speak for their own; in pods and below folders of any name the path does not tell whose it is. */
static bool may_speak(const struct roster_entry *n, enum container_runtime r)
{
	enum container_runtime own = n->c.runtime;

	return !n->outer &&
	       (own == r || own == CONTAINER_OTHER ||
		(own == CONTAINER_CONTAINERD && r == CONTAINER_DOCKER && n->pod_uid[0]));
}

static void take_engines_word(void *ctx, const struct container *said)
{
	struct asset *a = ctx;
	struct roster_entry *n = roster_find(a->roster, said->id);
	struct container c = *said;

	a->missed |= (!n || n->gone) && said->init_pid;
	if (!n || n->gone || !may_speak(n, said->runtime))
		return;
	record_join(&c, &n->c);
	if (fill(a, n, &c) < 0)
		return;
	n->changed = true;
	tell(a);
}

static void take_engines_stop(void *ctx, enum container_runtime r, str id)
{
	struct asset *a = ctx;
	struct roster_entry *n = roster_find(a->roster, id);
	uint64_t living;

	if (!n || n->gone || !may_speak(n, r))
		return;
	/* Its cgroup stands: another run of it began before this was told. */
	if (hierarchy_id(&a->hierarchy, n->c.cgroup_path, &living) == 0 && living == n->c.cgroup_id)
		return;
	roster_gone(a->roster, n);
	n->stopped = true;
	tell(a);
}

static int open_events(struct asset *a, struct err *e)
{
	struct epoll_event v = { .events = EPOLLIN };

	a->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	a->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->poll_fd < 0 || a->notify_fd < 0 ||
	    epoll_ctl(a->poll_fd, EPOLL_CTL_ADD, a->notify_fd, &v) < 0)
		return err_sys(e, errno, "cannot wait for container engines");
	return 0;
}

static int follow_engines(struct asset *a, const struct asset_config *c, struct err *e)
{
	struct engines_calls calls = { take_engines_word, take_engines_stop, a };
	struct epoll_event v = { .events = EPOLLIN };
	int r = engines_new(c->root, c->docker_host, &calls, &a->engines, e);

	if (r < 0)
		return r;
	if (epoll_ctl(a->poll_fd, EPOLL_CTL_ADD, engines_fd(a->engines), &v) < 0)
		return err_sys(e, errno, "cannot wait for container engines");
	return 0;
}

static int open_parts(struct asset *a, const struct asset_config *c, struct err *e)
{
	const char *root = c->root ? c->root : "/";
	int r;

	a->root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (a->root_fd < 0)
		return err_sys(e, errno, "cannot open the host's root '%s'", root);
	/* Without control groups everything is the host; whoever can tell cgroups still may. */
	if (hierarchy_open(a->root_fd, &a->hierarchy, NULL) < 0)
		a->hierarchy.fd = -1;
	r = open_events(a, e);
	if (r == 0)
		r = roster_new(c->max_containers ? c->max_containers : MAX_CONTAINERS, &a->roster,
			       e);
	if (r == 0)
		r = disk_new(a->root_fd, c->data_roots, &a->disk, e);
	if (r == 0)
		r = accounts_new(&a->accounts, e);
	if (r == 0)
		r = follow_engines(a, c, e);
	return r;
}

int asset_new(const struct asset_config *c, struct asset **ret, struct err *e)
{
	struct asset *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return err_set(e, ENOMEM, "no memory for the list of containers");
	a->root_fd = a->poll_fd = a->notify_fd = a->hierarchy.fd = -1;
	a->users = c->users;
	r = open_parts(a, c, e);
	if (r < 0) {
		asset_free(a);
		return r;
	}
	make_host(a);
	refresh(a, true);
	*ret = a;
	return 0;
}

void asset_free(struct asset *a)
{
	if (!a)
		return;
	engines_free(a->engines);
	accounts_free(a->accounts);
	disk_free(a->disk);
	roster_free(a->roster);
	hierarchy_done(&a->hierarchy);
	fd_close(&a->notify_fd);
	fd_close(&a->poll_fd);
	fd_close(&a->root_fd);
	free(a);
}

void asset_hierarchy(const struct asset *a, struct asset_hierarchy *ret)
{
	*ret = (struct asset_hierarchy){ a->hierarchy.controller, a->hierarchy.number };
}

/* @param late what can be had is taken */
static bool read_metadata(struct asset *a, struct roster_entry *n, bool late)
{
	struct disk_wanted w = { n->c.runtime, n->c.id.p, n->outer ? n->outer : "", n->name_space,
				 false };
	struct container found;
	struct arena scratch;
	OWNED_FD root = -1;
	bool ok;
	int r;

	arena_init(&scratch, SCRATCH_BYTES);
	r = disk_find(a->disk, &w, &scratch, &found, &root, NULL);
	ok = (r == 0 || (r > 0 && late)) && fill(a, n, &found) == 0;
	arena_done(&scratch);
	if (ok) {
		/* Of those that ran before there are processes to ask by. */
		if (root >= 0 && a->users && a->scanned)
			accounts_prime(a->accounts, n->c.id, root);
		n->changed = true;
		tell(a);
	}
	return ok;
}

/* Engines that keep no files we read: what the path says is all there is. */
static bool has_files(const struct roster_entry *n)
{
	return n->c.runtime != CONTAINER_NSPAWN && n->c.runtime != CONTAINER_LXC;
}

static void try_metadata(struct asset *a, struct roster_entry *n, uint64_t now)
{
	bool late = now - n->first_seen_ns >= WAIT_NS;

	if ((n->c.known & CONTAINER_METADATA) || !has_files(n) || now < n->next_try_ns || n->gone)
		return;
	/* The first look is at what is known already; nearly always that is enough. */
	if (n->tries > 0)
		refresh(a, false);
	n->tries++;
	n->next_try_ns = now + (late ? SLOW_RETRY_NS : RETRY_NS);
	if (read_metadata(a, n, late))
		return;
	if (n->tries == 1 && !n->outer)
		engines_ask(a->engines, n->c.runtime, n->c.id);
	if (late && !n->missed) {
		n->missed = true;
		a->unknown++;
	}
}

static const struct container *answer(struct asset *a, struct roster_entry *n)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	try_metadata(a, n, now);
	if (!(n->c.known & CONTAINER_METADATA) && has_files(n) && now - n->first_seen_ns < WAIT_NS)
		return NULL;
	return &n->c;
}

static int set_identity(struct asset *a, struct roster_entry *n, const struct cgroup_path *p)
{
	struct container c = { .runtime = p->runtime,
			       .known = CONTAINER_IDENTITY,
			       .pod_uid = str_from(p->pod_uid),
			       .cgroup_path = p->container };

	if (p->runtime == CONTAINER_NSPAWN || p->runtime == CONTAINER_LXC) {
		c.name = str_from(p->id);
		c.known |= CONTAINER_POD;
	}
	memcpy(n->pod_uid, p->pod_uid, sizeof(n->pod_uid));
	snprintf(n->name_space, sizeof(n->name_space), "%.*s", STR_ARG(p->name_space));
	return roster_fill(a->roster, n, &c);
}

/* A container's own group came to be: it starts, for the first time or again. */
static void begin(struct asset *a, struct roster_entry *n, const struct cgroup_path *p,
		  uint64_t cgroup_id)
{
	if (n->c.cgroup_id == cgroup_id && !n->gone)
		return;
	roster_back(a->roster, n);
	n->c.cgroup_id = cgroup_id;
	n->first_seen_ns = clock_ns(CLOCK_MONOTONIC);
	n->begun_ns = a->scanned ? clock_ns(CLOCK_REALTIME) : 0;
	n->next_try_ns = 0;
	n->tries = 0;
	n->missed = false;
	n->started = a->scanned;
	n->changed = true;
	n->stopped = false;
	/* Without memory for the path the id alone is known. */
	if (set_identity(a, n, p) < 0)
		n->c.known |= CONTAINER_IDENTITY;
	tell(a);
}

/* /A/B is containerd's only where containerd has a bundle of that name. */
static bool is_containerd(struct asset *a, const struct cgroup_path *p, str space)
{
	char name_space[64];
	struct disk_wanted w = { CONTAINER_CONTAINERD, p->id, "", name_space, true };
	struct container found;
	struct arena scratch;
	int r;

	snprintf(name_space, sizeof(name_space), "%.*s", STR_ARG(space));
	arena_init(&scratch, SCRATCH_BYTES);
	r = disk_find(a->disk, &w, &scratch, &found, NULL, NULL);
	arena_done(&scratch);
	/* What is there and broken is its all the same. */
	return r >= 0 || r == -EBADMSG || r == -E2BIG || r == -ENOBUFS;
}

/* The entry of the container whose group, or one below it, has come to be at @p path. */
static struct roster_entry *take_container(struct asset *a, const struct cgroup_path *p,
					   uint64_t cgroup_id, str path)
{
	struct roster_entry *n = roster_at(a->roster, str_from(p->key), str_from(p->outer));
	uint64_t main_id = cgroup_id;

	if (!n)
		return NULL;
	if (p->container.n != path.n && !n->gone && n->c.cgroup_id)
		return n;
	/* Below the container's own group, which was not told: it lives, so it has an id. */
	if (p->container.n != path.n && hierarchy_id(&a->hierarchy, p->container, &main_id) < 0)
		main_id = cgroup_id;
	begin(a, n, p, main_id);
	roster_set_cgroup(a->roster, main_id, n);
	return n;
}

static bool has_metadata(struct asset *a, const struct cgroup_path *p)
{
	char name_space[64];
	struct disk_wanted w = { p->runtime, p->id, p->outer, name_space, false };
	struct container found;
	struct arena scratch;
	bool has;

	snprintf(name_space, sizeof(name_space), "%.*s", STR_ARG(p->name_space));
	arena_init(&scratch, SCRATCH_BYTES);
	has = disk_find(a->disk, &w, &scratch, &found, NULL, NULL) >= 0;
	if (!has) {
		refresh(a, false);
		has = disk_find(a->disk, &w, &scratch, &found, NULL, NULL) >= 0;
	}
	arena_done(&scratch);
	return has;
}

/*
 * Whoever may make groups below its own could name one like a container and slip out of the rules for its own. A
 * container in a container is taken for one only where the outer one is privileged, as one that runs an engine is (and could do
 * worse), and an engine in it has files of it.
 */
static bool is_container_inside(struct asset *a, struct roster_entry *outer,
				const struct cgroup_path *inner)
{
	try_metadata(a, outer, clock_ns(CLOCK_MONOTONIC));
	return (outer->c.known & CONTAINER_METADATA) && outer->c.privileged &&
	       has_metadata(a, inner);
}

/*
 * Whoever starts a container of Docker's chooses the group it is made in, another container's or one that looks like it: Docker's
 * files, which no container writes, say which.
 */
static bool is_placed(struct asset *a, const struct cgroup_path *p)
{
	str group = str_take(p->container, str_find_last(p->container, '/'));

	if (disk_is_placed(a->disk, p->id, group))
		return true;
	refresh(a, false);
	return disk_is_placed(a->disk, p->id, group);
}

/* From the outermost container inwards as far as they can be believed. */
static struct roster_entry *learn_container(struct asset *a, const struct cgroup_path *innermost,
					    uint64_t cgroup_id, str path)
{
	struct cgroup_path chain[CGROUP_PATH_MAX_OUTER + 1];
	struct roster_entry *n;
	size_t i = 0;

	chain[0] = *innermost;
	while (chain[i].outer[0] && i < CGROUP_PATH_MAX_OUTER && !is_placed(a, &chain[i])) {
		cgroup_path_parse(chain[i].outer_container, &chain[i + 1]);
		i++;
	}
	if (chain[i].outer[0]) {
		chain[i].runtime = CONTAINER_DOCKER;
		chain[i].outer[0] = '\0';
		memcpy(chain[i].key, chain[i].id, sizeof(chain[i].id));
	}
	n = take_container(a, &chain[i], cgroup_id, path);
	while (i && n && is_container_inside(a, n, &chain[i - 1])) {
		i--;
		n = take_container(a, &chain[i], cgroup_id, path);
	}
	if (n)
		roster_set_cgroup(a->roster, cgroup_id, n);
	return n;
}

static bool is_what_it_may_be(struct asset *a, const struct cgroup_path *p)
{
	return p->runtime == CONTAINER_DOCKER ? is_placed(a, p)
					      : is_containerd(a, p, p->name_space);
}

/* @return ROSTER_NOBODY: no memory */
static enum roster_owner learn(struct asset *a, uint64_t cgroup_id, str path,
			       struct roster_entry **ret)
{
	struct cgroup_path p;

	cgroup_path_parse(path, &p);
	if (p.kind == CGROUP_PATH_MAYBE && !is_what_it_may_be(a, &p))
		p.kind = CGROUP_PATH_HOST;
	if (p.kind == CGROUP_PATH_HOST) {
		roster_set_cgroup(a->roster, cgroup_id, NULL);
		return ROSTER_HOST;
	}
	*ret = learn_container(a, &p, cgroup_id, path);
	return *ret ? ROSTER_CONTAINER : ROSTER_NOBODY;
}

static void forget_miss(struct asset *a, uint64_t cgroup_id)
{
	struct miss *m = &a->misses[cgroup_id % MISSES];

	if (m->id == cgroup_id)
		m->id = 0;
}

static const struct container *answer_for(struct asset *a, enum roster_owner owner,
					  struct roster_entry *n)
{
	if (owner == ROSTER_HOST)
		return &a->host;
	return owner == ROSTER_CONTAINER ? answer(a, n) : NULL;
}

const struct container *asset_cgroup_made(struct asset *a, uint64_t cgroup_id, str path)
{
	struct roster_entry *n = NULL;
	enum roster_owner owner;

	roster_sweep(a->roster);
	forget_miss(a, cgroup_id);
	owner = learn(a, cgroup_id, path, &n);
	return answer_for(a, owner, n);
}

void asset_cgroup_gone(struct asset *a, uint64_t cgroup_id)
{
	struct roster_entry *n;

	roster_sweep(a->roster);
	roster_drop_cgroup(a->roster, cgroup_id);
	if (roster_owner(a->roster, cgroup_id, &n) != ROSTER_CONTAINER ||
	    n->c.cgroup_id != cgroup_id || n->gone)
		return;
	roster_gone(a->roster, n);
	n->stopped = true;
	tell(a);
}

/* A cgroup nobody told of (it began before us, or the telling was lost), if it still lives. */
static enum roster_owner look_up(struct asset *a, uint64_t cgroup_id, struct roster_entry **ret)
{
	struct miss *m = &a->misses[cgroup_id % MISSES];
	OWNED_BUF path = BUF_INIT;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (m->id == cgroup_id && now < m->until_ns)
		return ROSTER_NOBODY;
	if (hierarchy_path(&a->hierarchy, cgroup_id, &path) < 0) {
		*m = (struct miss){ cgroup_id, now + MISS_NS };
		return ROSTER_NOBODY;
	}
	return learn(a, cgroup_id, buf_str(&path), ret);
}

const struct container *asset_find(struct asset *a, uint64_t cgroup_id)
{
	struct roster_entry *n = NULL;
	enum roster_owner owner = roster_owner(a->roster, cgroup_id, &n);

	if (owner == ROSTER_NOBODY)
		owner = look_up(a, cgroup_id, &n);
	return answer_for(a, owner, n);
}

const struct container *asset_host(const struct asset *a)
{
	return &a->host;
}

int asset_cgroup_of(struct asset *a, uint32_t pid, uint64_t *ret, struct err *e)
{
	OWNED_BUF path = BUF_INIT;
	int r = hierarchy_of_process(&a->hierarchy, a->root_fd, pid, &path, e);

	if (r < 0)
		return r;
	r = hierarchy_id(&a->hierarchy, buf_str(&path), ret);
	return r < 0 ? err_sys(e, -r, "cannot find the control group of process %u", pid) : 0;
}

static void scan_cgroup(void *ctx, uint64_t id, str path)
{
	struct asset *a = ctx;
	struct roster_entry *n = NULL;
	enum roster_owner owner = roster_owner(a->roster, id, &n);

	if (owner == ROSTER_NOBODY)
		owner = learn(a, id, path, &n);
	(void)answer_for(a, owner, n);
}

/* Those whose end was not told. */
static void scan_gone(struct asset *a)
{
	for (struct roster_entry *n = NULL; (n = roster_next(a->roster, n));) {
		uint64_t id;

		if (n->gone || a->hierarchy.fd < 0)
			continue;
		if (hierarchy_id(&a->hierarchy, n->c.cgroup_path, &id) == 0 && id == n->c.cgroup_id)
			continue;
		roster_gone(a->roster, n);
		n->stopped = true;
		tell(a);
	}
}

int asset_scan(struct asset *a, struct err *e)
{
	struct roster_stats s;
	int r;

	a->missed = false;
	roster_sweep(a->roster);
	refresh(a, true);
	memset(a->misses, 0, sizeof(a->misses));
	if (a->hierarchy.fd < 0) {
		a->scanned = true;
		return 0;
	}
	scan_gone(a);
	r = hierarchy_walk(&a->hierarchy, scan_cgroup, a, e);
	a->scanned = true;
	if (r < 0)
		return r;
	roster_stats(a->roster, &s);
	return (int)s.containers;
}

bool asset_has_missed(const struct asset *a)
{
	return a->missed;
}

int asset_fd(const struct asset *a)
{
	return a->poll_fd;
}

static void tell_changes(struct asset *a, asset_handler on_change, void *ctx)
{
	uint64_t count;

	if (!a->pending)
		return;
	a->pending = false;
	if (read(a->notify_fd, &count, sizeof(count)) < 0)
		count = 0;
	for (struct roster_entry *n = NULL; (n = roster_next(a->roster, n));) {
		bool started = n->started, stopped = n->stopped;

		if (!started && !stopped && !n->changed)
			continue;
		n->started = n->stopped = n->changed = false;
		if (on_change)
			on_change(ctx, &n->c, started, stopped);
	}
}

int asset_poll(struct asset *a, asset_handler on_change, void *ctx, struct err *e)
{
	(void)e;
	roster_sweep(a->roster);
	engines_work(a->engines, clock_ns(CLOCK_MONOTONIC));
	tell_changes(a, on_change, ctx);
	return 0;
}

const struct engine_sockets *asset_engine_sockets(const struct asset *a)
{
	return engines_sockets(a->engines);
}

bool asset_settled(const struct asset *a)
{
	struct engines_stats s;

	engines_stats(a->engines, &s);
	return s.settled && !a->pending;
}

void asset_each(struct asset *a, void (*fn)(void *ctx, const struct container *c), void *ctx)
{
	for (struct roster_entry *n = NULL; (n = roster_next(a->roster, n));)
		if (!n->gone)
			fn(ctx, &n->c);
}

struct accounts *asset_accounts(struct asset *a)
{
	return a->accounts;
}

/* The folder in /proc of a process that is of the container now; as long as it is open its number is no other's. -1: it is none */
static int open_process(struct asset *a, const struct container *c, uint32_t pid)
{
	char name[32];
	uint64_t group;
	int fd;

	snprintf(name, sizeof(name), "proc/%u", pid);
	fd = pid ? openat(a->root_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd >= 0 && a->hierarchy.fd >= 0) {
		const struct container *of =
			asset_cgroup_of(a, pid, &group, NULL) == 0 ? asset_find(a, group) : NULL;

		if (!of || !str_eq(of->id, c->id)) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

static int open_account_root(struct asset *a, const struct asset_account *q)
{
	const uint32_t pids[] = { q->container->init_pid, q->pids[0], q->pids[1] };
	int fd = -1;

	if (q->container->runtime == CONTAINER_HOST)
		return openat(a->root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(pids) && fd < 0; i++)
		fd = open_process(a, q->container, pids[i]);
	return fd;
}

enum policy_state asset_account(struct asset *a, const struct asset_account *q, str *ret,
				uint64_t *ret_pending)
{
	const struct container *c = q->container;

	if (accounts_due(a->accounts, c, q->part, q->number))
		accounts_look(a->accounts, c, open_account_root(a, q));
	*ret_pending = accounts_pending(a->accounts, c);
	return accounts_find(a->accounts, c, q->part, q->number, ret);
}

uint32_t asset_process_of(const struct asset *a, const struct container *c)
{
	uint32_t pid = c->init_pid;

	return pid || hierarchy_process(&a->hierarchy, c->cgroup_path, &pid) == 0 ? pid : 0;
}

void asset_stats(const struct asset *a, struct asset_stats *ret)
{
	struct roster_stats s;

	struct engines_stats g;

	roster_stats(a->roster, &s);
	engines_stats(a->engines, &g);
	*ret = (struct asset_stats){ .containers = s.containers,
				     .cgroups = s.cgroups,
				     .evicted = s.evicted,
				     .cut = s.cut,
				     .unknown = a->unknown,
				     .engines = g.up,
				     .engine_errors = g.errors };
}

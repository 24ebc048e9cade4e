#include "asset/accounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "asset/host_namespace.h"
#include "asset/id_map.h"
#include "base/clock.h"
#include "base/file.h"

#define MAX_CONTAINERS 128
#define LOOK_AGAIN_NS SECOND_NS
#define MISSED_AGAIN_NS 50000000u /* a number without a name may be a new user's */
#define MAX_ID 128

enum file { PASSWD, GROUP, FILES };

static const char *const paths[FILES] = { "etc/passwd", "etc/group" };

struct account_file {
	struct buf text;
	struct timespec changed;
	uint64_t inode, size;
	uint32_t owner;                /* as the host calls it */
	uint64_t looked_ns, missed_ns; /* CLOCK_MONOTONIC */
	bool known;
};

struct owner {
	struct id_map map[FILES]; /* empty: not known */
	char id[MAX_ID + 1];      /* empty: free */
	uint64_t hash;
	uint64_t used;
	struct account_file files[FILES];
};

struct accounts {
	int root_fd;
	uint64_t clock; /* counts uses */
	struct owner owners[MAX_CONTAINERS];
};

int accounts_new(int root_fd, struct accounts **ret, struct err *e)
{
	struct accounts *a = calloc(1, sizeof(*a));

	if (!a)
		return err_set(e, ENOMEM, "no memory for users' names");
	a->root_fd = root_fd;
	*ret = a;
	return 0;
}

static void owner_done(struct owner *o)
{
	for (size_t i = 0; i < FILES; i++)
		buf_done(&o->files[i].text);
	*o = (struct owner){ 0 };
}

void accounts_free(struct accounts *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < MAX_CONTAINERS; i++)
		owner_done(&a->owners[i]);
	free(a);
}

static struct owner *owner_of(struct accounts *a, str id)
{
	struct owner *oldest = &a->owners[0];
	uint64_t hash = str_hash(id);

	a->clock++;
	for (size_t i = 0; i < MAX_CONTAINERS; i++) {
		struct owner *o = &a->owners[i];

		if (o->hash == hash && o->id[0] && str_is(id, o->id)) {
			o->used = a->clock;
			return o;
		}
		if (o->used < oldest->used)
			oldest = o;
	}
	owner_done(oldest);
	id = str_take(id, MAX_ID);
	memcpy(oldest->id, id.p, id.n);
	oldest->hash = hash;
	oldest->used = a->clock;
	return oldest;
}

/*
 * Whoever has a user namespace of its own may mount file systems whose files never open (FUSE), and the agent must not
 * wait: only roots of processes in the host's user namespace are looked into.
 */
static bool is_safe(const struct accounts *a, uint32_t pid)
{
	char name[32];

	snprintf(name, sizeof(name), "proc/%u/ns/user", pid);
	return host_namespace_is(a->root_fd, name, "user");
}

static int open_root(const struct accounts *a, const struct container *c, uint32_t pid)
{
	char name[32] = ".";

	if (c->runtime != CONTAINER_HOST) {
		if (!pid || !is_safe(a, pid))
			pid = c->init_pid;
		if (!pid || !is_safe(a, pid))
			return -1;
		snprintf(name, sizeof(name), "proc/%u/root", pid);
	}
	return openat(a->root_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool is_same(const struct account_file *f, const struct stat *st)
{
	return f->known && f->inode == st->st_ino && f->size == (uint64_t)st->st_size &&
	       f->changed.tv_sec == st->st_ctim.tv_sec && f->changed.tv_nsec == st->st_ctim.tv_nsec;
}

/* A file that is gone or unreadable leaves what was known: processes outlive their root's last opener. */
static void look_in(int root, enum file which, size_t max, struct account_file *f)
{
	OWNED_BUF text = BUF_INIT;
	OWNED_FD fd = -1;
	struct stat st;

	if (root < 0)
		return;
	fd = file_open_in_root(root, paths[which], O_RDONLY | O_NONBLOCK | O_NOCTTY, NULL);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || is_same(f, &st))
		return;
	f->known = file_read_fd(fd, max, &text, NULL) == 0;
	/* Reading takes room for more than there was: only what was is kept. */
	buf_done(&f->text);
	if (f->known)
		buf_add(&f->text, buf_str(&text));
	f->inode = st.st_ino;
	f->size = (uint64_t)st.st_size;
	f->owner = st.st_uid;
	f->changed = st.st_ctim;
}

static size_t max_bytes(const struct container *c)
{
	return c->runtime == CONTAINER_HOST ? ACCOUNTS_MAX_HOST_BYTES : ACCOUNTS_MAX_BYTES;
}

static void look(const struct accounts *a, const struct container *c, uint32_t pid, enum file which,
		 struct account_file *f)
{
	OWNED_FD root = open_root(a, c, pid);

	look_in(root, which, max_bytes(c), f);
}

void accounts_prime(struct accounts *a, str id, int rootfs_fd)
{
	struct owner *o = owner_of(a, id);

	for (int i = 0; i < FILES; i++)
		look_in(rootfs_fd, (enum file)i, ACCOUNTS_MAX_BYTES, &o->files[i]);
}

str accounts_parse(str text, uint32_t number, enum account_part part)
{
	while (text.n) {
		str line = str_line(&text), whole = line;
		str name = str_cut(&line, ':');
		uint32_t n;

		(void)str_cut(&line, ':');
		if (!name.n || str_u32(str_cut(&line, ':'), &n) < 0 || n != number)
			continue;
		for (int i = 0; i < (int)part; i++)
			(void)str_cut(&whole, ':');
		name = str_cut(&whole, ':');
		/* An entry that has not got it is one all the same. */
		return name.p ? name : S("");
	}
	return (str){ NULL, 0 };
}

/*
 * What a container calls a number of the host's. Its processes may be gone; then the host's root owns the files of one that has the
 * host's numbers.
 */
static bool inside(const struct accounts *a, struct owner *o, const struct container *c,
		   uint32_t pid, enum file which, uint32_t number, uint32_t *ret)
{
	struct id_map *m = &o->map[which];
	char name[32];

	*ret = number;
	if (c->runtime == CONTAINER_HOST)
		return true;
	snprintf(name, sizeof(name), "proc/%u/%s", c->init_pid ? c->init_pid : pid,
		 which == PASSWD ? "uid_map" : "gid_map");
	if (!m->count && id_map_read(a->root_fd, name, m, NULL) < 0)
		return o->files[which].known && o->files[which].owner == 0;
	return id_map_inside(m, number, ret);
}

static str find(struct accounts *a, const struct container *c, uint32_t pid, enum file which,
		uint32_t number, enum account_part part)
{
	struct account_file *f;
	struct owner *o;
	uint64_t now;
	str name;

	if (!c->id.n)
		return (str){ NULL, 0 };
	o = owner_of(a, c->id);
	f = &o->files[which];
	now = clock_ns(CLOCK_MONOTONIC);
	if (!f->known || now - f->looked_ns >= LOOK_AGAIN_NS) {
		look(a, c, pid, which, f);
		f->looked_ns = now;
	}
	if (!inside(a, o, c, pid, which, number, &number))
		return (str){ NULL, 0 };
	name = accounts_parse(buf_str(&f->text), number, part);
	if (name.p || now - f->missed_ns < MISSED_AGAIN_NS)
		return name;
	look(a, c, pid, which, f);
	f->missed_ns = now;
	return accounts_parse(buf_str(&f->text), number, part);
}

str accounts_user(struct accounts *a, const struct container *c, uint32_t pid, uint32_t user,
		  enum account_part part)
{
	return find(a, c, pid, PASSWD, user, part);
}

str accounts_group(struct accounts *a, const struct container *c, uint32_t pid, uint32_t group)
{
	return find(a, c, pid, GROUP, group, ACCOUNT_NAME);
}

bool accounts_next(str *rest, struct account *ret)
{
	while (rest->n) {
		str line = str_line(rest), part[ACCOUNT_SHELL + 1];
		struct account x;

		for (size_t i = 0; i < ARRAY_LEN(part); i++)
			part[i] = str_cut(&line, ':');
		x = (struct account){ .name = part[ACCOUNT_NAME],
				      .home = part[ACCOUNT_HOME],
				      .shell = part[ACCOUNT_SHELL] };
		if (!x.name.n || str_u32(part[ACCOUNT_USER], &x.user) < 0 ||
		    str_u32(part[ACCOUNT_GROUP], &x.group) < 0)
			continue;
		*ret = x;
		return true;
	}
	return false;
}

#include "prog/agent/census_users.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "asset/host_namespace.h"
#include "asset/id_map.h"
#include "base/clock.h"
#include "prog/agent/users_reader.h"

enum {
	OWNERS_MAX = 4096,
	ID_BYTES = 129,
	TOLD_MOST = 512, /* of one container */
	TEXTS_BYTES = 32 << 20,
	USERS_MOST = 1024,
	SILENT_S = 10,
	LEFT_MOST = 8, /* readers that hang */
	LEFT_FOREIGN =
		4, /* from then on only containers of the host's user namespace are looked into */
};
#define AGAIN_NS (600 * SECOND_NS) /* a container whose file did not answer, or killed its reader */

/* The host, or a container that runs. */
struct owner {
	char id[ID_BYTES];
	uint64_t hash, look; /* that has seen it last */
	struct id_map map;   /* none: the host's numbers */
	struct buf entries, fresh;
	enum users_gap gap;
	uint32_t left_out;
	bool is_host, foreign; /* foreign: in a user namespace of its own */
	bool asked;            /* an answer came, or none was to be had */
	bool doubted;          /* it could not be read the last time */
	bool said;             /* of the gap */
	uint64_t again_ns;     /* not before */
};

struct census_users {
	struct census *census;
	struct asset *asset;
	int root_fd;
	void (*say)(void *ctx, const struct users_missing *m);
	void *ctx;
	struct owner *owners[OWNERS_MAX];
	size_t count;
	uint64_t look;
	size_t text_bytes;
	struct users_reader reader;
	struct owner *asked[OWNERS_MAX]; /* whose roots the reader has */
	size_t asked_count;
	pid_t left[LEFT_MOST];
	bool known;
};

int census_users_new(struct census *c, struct asset *a, const char *root,
		     void (*say)(void *ctx, const struct users_missing *m), void *ctx,
		     struct census_users **ret, struct err *e)
{
	struct census_users *u = calloc(1, sizeof(*u));

	if (!u)
		return err_sys(e, ENOMEM, "census of users");
	*u = (struct census_users){ .census = c, .asset = a, .say = say, .ctx = ctx };
	u->root_fd = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (u->root_fd < 0) {
		free(u);
		return err_sys(e, errno, "'%s'", root);
	}
	*ret = u;
	return 0;
}

static void owner_free(struct owner *o)
{
	buf_done(&o->entries);
	buf_done(&o->fresh);
	free(o);
}

/* ---- Readers that were let go ---- */

static size_t reap(struct census_users *u)
{
	size_t n = 0;

	for (size_t i = 0; i < LEFT_MOST; i++) {
		if (u->left[i] && waitpid(u->left[i], NULL, WNOHANG) != 0)
			u->left[i] = 0;
		n += u->left[i] != 0;
	}
	return n;
}

static void leave(struct census_users *u)
{
	pid_t pid = users_reader_leave(&u->reader);

	/* There is room: none starts without. */
	for (size_t i = 0; i < LEFT_MOST; i++)
		if (!u->left[i]) {
			u->left[i] = pid;
			return;
		}
}

void census_users_free(struct census_users *u)
{
	if (!u)
		return;
	if (u->reader.pid)
		leave(u);
	for (size_t i = 0; i < u->count; i++)
		owner_free(u->owners[i]);
	fd_close(&u->root_fd);
	free(u);
}

/* ---- Who is asked ---- */

static struct owner *find(const struct census_users *u, str id)
{
	const uint64_t hash = str_hash(id);

	for (size_t i = 0; i < u->count; i++)
		if (u->owners[i]->hash == hash && str_is(id, u->owners[i]->id))
			return u->owners[i];
	return NULL;
}

static struct owner *add(struct census_users *u, const struct container *c)
{
	struct owner *o;

	if (u->count == OWNERS_MAX || c->id.n == 0 || c->id.n >= ID_BYTES)
		return NULL;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	snprintf(o->id, sizeof(o->id), "%.*s", STR_ARG(c->id));
	o->hash = str_hash(c->id);
	o->is_host = c->runtime == CONTAINER_HOST;
	u->owners[u->count++] = o;
	return o;
}

/* Of a container that exists its numbers do not change: they are read once. */
static void learn_numbers(struct census_users *u, struct owner *o, uint32_t pid)
{
	char path[40];

	if (o->is_host || o->map.count || !pid)
		return;
	snprintf(path, sizeof(path), "proc/%u/ns/user", pid);
	o->foreign = !host_namespace_is(u->root_fd, path, "user");
	snprintf(path, sizeof(path), "proc/%u/uid_map", pid);
	if (id_map_read(u->root_fd, path, &o->map, NULL) < 0)
		o->map.count = 0;
}

static void ask(struct census_users *u, struct account_source *files, struct owner *o, uint32_t pid)
{
	struct account_source *f = &files[u->asked_count];

	*f = (struct account_source){ .fd = u->root_fd,
				      .path = ".",
				      .file = ACCOUNT_PASSWD,
				      .max_bytes = ACCOUNTS_MAX_HOST_BYTES };
	if (!o->is_host) {
		snprintf(f->path, sizeof(f->path), "proc/%u/root", pid);
		f->max_bytes = ACCOUNTS_MAX_BYTES;
	}
	buf_reset(&o->fresh);
	o->left_out = 0;
	u->asked[u->asked_count++] = o;
}

/* ---- What the reader says ---- */

static void on_user(void *ctx, size_t file, const struct account *x)
{
	struct census_users *u = ctx;
	struct owner *o = u->asked[file];
	const size_t before = o->fresh.n;

	if (u->text_bytes > TEXTS_BYTES) {
		o->left_out++;
		return;
	}
	accounts_pack(&o->fresh, x);
	u->text_bytes += o->fresh.n - before;
}

static void on_end(void *ctx, size_t file, const struct users_end *end)
{
	struct census_users *u = ctx;
	struct owner *o = u->asked[file];
	struct buf old = o->entries;

	o->gap = end->gap;
	o->asked = true;
	o->left_out += end->left_out;
	/* A file that is gone or unreadable leaves what was known: processes outlive their root's last opener. */
	if (end->gap == USERS_NO_FILE || end->gap == USERS_NO_ROOT ||
	    end->gap == USERS_UNREADABLE || buf_error(&o->fresh))
		return;
	o->entries = o->fresh;
	o->fresh = old;
}

/* ---- What is told ---- */

static bool may_log_in(str shell)
{
	return !(str_ends(shell, S("/nologin")) || str_ends(shell, S("/false")) ||
		 str_ends(shell, S("/sync")) || str_ends(shell, S("/halt")) ||
		 str_ends(shell, S("/shutdown")));
}

/** Two may share a number, as one does who was added to be root as well: the name is what an entry is found by. */
static void put_user(struct census *c, const struct owner *of, const struct account *x)
{
	OWNED_BUF doc = BUF_INIT;
	OWNED_BUF id = BUF_INIT;
	struct json_out j;

	if (!of->is_host)
		buf_printf(&id, "%s/", of->id);
	buf_add(&id, x->name);
	if (buf_error(&id) || census_has(c, CENSUS_USER, buf_str(&id)))
		return;
	json_out_init(&j, &doc, false);
	json_object_open(&j);
	json_put_str(&j, "id", buf_str(&id));
	json_put_str(&j, "name", x->name);
	json_put_uint(&j, "uid", x->user);
	json_put_uint(&j, "group", x->group);
	json_opt_str(&j, "home", x->home);
	json_opt_str(&j, "shell", x->shell);
	json_put_bool(&j, "loginAllowed", may_log_in(x->shell));
	json_put_cstr(&j, "container", of->id);
	json_object_close(&j);
	census_put_doc(c, CENSUS_USER, buf_str(&id), &doc);
}

/* Each container repeats its image's accounts of services: of those, only who is root is told. */
static void put_users(struct census *c, struct owner *of)
{
	uint32_t told = 0;
	struct account x;

	for (str rest = buf_str(&of->entries); accounts_unpack(&rest, &x);) {
		if (!of->is_host && x.user != 0 && !may_log_in(x.shell))
			continue;
		if (of->is_host || told++ < TOLD_MOST)
			put_user(c, of, &x);
		else
			of->left_out++;
	}
}

/* What cannot be read may be of a process that just ends: said when the next one's cannot either. */
static void say_gap(struct census_users *u, struct owner *o)
{
	static const char *const why[USERS_GAP_COUNT] = {
#define USERS_WHY(id, text) [USERS_##id] = (text),
		USERS_GAPS(USERS_WHY)
#undef USERS_WHY
	};
	const bool unreadable = o->gap == USERS_UNREADABLE, passing = unreadable && !o->doubted;
	const char *text = o->left_out ? "there are too many" : passing ? "" : why[o->gap];

	if (*text && !o->said)
		u->say(u->ctx, &(struct users_missing){ str_from(o->id), text });
	o->said = *text != '\0';
	o->doubted = unreadable;
}

static void tell_all(struct census_users *u)
{
	census_begin(u->census, CENSUS_USER);
	for (size_t i = 0; i < u->count; i++) {
		u->owners[i]->asked |= u->owners[i]->gap != USERS_NONE;
		put_users(u->census, u->owners[i]);
		say_gap(u, u->owners[i]);
	}
	census_end(u->census, CENSUS_USER);
	u->known = true;
}

/* ---- A look ---- */

struct looking {
	struct census_users *u;
	struct account_source *files;
	uint64_t now;
	size_t left;
};

static void look_at(void *ctx, const struct container *c)
{
	struct looking *l = ctx;
	struct owner *o = find(l->u, c->id);
	uint32_t pid;

	if (!o)
		o = add(l->u, c);
	if (!o)
		return;
	o->look = l->u->look;
	pid = o->is_host ? 0 : asset_process_of(l->u->asset, c);
	learn_numbers(l->u, o, pid);
	if (!o->is_host && !pid)
		o->gap = USERS_NO_PROCESS;
	else if (l->left >= (o->foreign ? LEFT_FOREIGN : LEFT_MOST))
		o->gap = USERS_NOT_ASKED;
	else if (l->now >= o->again_ns)
		ask(l->u, l->files, o, pid);
}

static void forget_gone(struct census_users *u)
{
	size_t n = 0;

	for (size_t i = 0; i < u->count; i++) {
		if (u->owners[i]->look == u->look)
			u->owners[n++] = u->owners[i];
		else
			owner_free(u->owners[i]);
	}
	u->count = n;
}

void census_users_look(struct census_users *u, uint64_t now_ns)
{
	struct looking l = { .u = u, .now = now_ns };

	if (u->reader.pid)
		return;
	l.left = reap(u);
	l.files = calloc(OWNERS_MAX, sizeof(*l.files));
	if (!l.files)
		return;
	u->look++;
	u->asked_count = 0;
	u->text_bytes = 0;
	look_at(&l, asset_host(u->asset));
	asset_each(u->asset, look_at, &l);
	forget_gone(u);
	if (!u->asked_count || users_reader_start(&u->reader, l.files, u->asked_count, USERS_MOST,
						  SILENT_S, NULL) < 0) {
		u->reader.pid = 0;
		tell_all(u);
	}
	free(l.files);
}

void census_users_work(struct census_users *u, uint64_t now_ns)
{
	const struct users_calls calls = { on_user, on_end, u };
	int r;

	(void)reap(u);
	if (!u->reader.pid)
		return;
	r = users_reader_work(&u->reader, now_ns, &calls);
	if (r == 0)
		return;
	if (r < 0 && u->reader.at < u->asked_count) {
		struct owner *o = u->asked[u->reader.at];

		o->gap = r == -ETIMEDOUT ? USERS_SILENT : USERS_FATAL;
		o->again_ns = now_ns + AGAIN_NS;
	}
	leave(u);
	tell_all(u);
}

bool census_users_known(const struct census_users *u)
{
	return u->known;
}

struct census_user census_user_of(struct census_users *u, const struct container *c, uint32_t user)
{
	const struct owner *o = find(u, c->id);
	struct census_user found = { .known = c->runtime == CONTAINER_HOST, .number = user };
	struct account x;

	if (!o)
		return found;
	found.settled = o->asked;
	if (!o->is_host)
		found.known = id_map_inside(&o->map, user, &found.number);
	for (str rest = buf_str(&o->entries); found.known && accounts_unpack(&rest, &x);)
		if (x.user == found.number) {
			found.name = x.name;
			break;
		}
	return found;
}

#include "watch/program.h"

#include "policy/literal.h"

enum {
	COMM_MOST = 15,
	PATH_MOST = 4096,
	ARGS_MOST = 128 * 1024, /* what the kernel gives us at most */
	ARGS_SCARCE = 4096,     /* when the pool is half full */
	ARGS_LEAST = 256,       /* when it is nearly full */
	HASHED = 256,           /* bytes that tell most programs apart ... */
	ENV_HASHED = 4096,      /* ... and most environments */
};

/* The parts of a program's text, in the order they lie in it. A blank stands between comm and args. */
struct parts {
	str comm, args, exe, path, cwd, env;
	uint32_t arg_count;
	bool slash; /* cwd needs one */
	bool cut;
};

int program_table_init(struct program_table *t, uint32_t max, uint32_t text_bytes, struct err *e)
{
	struct program *items = calloc(max, sizeof(*items));
	struct text_pool text;
	int r;

	if (!items)
		return err_set(e, ENOMEM, "process tree: no memory for %u programs", max);
	/* A process has what it runs, that one's environment, and the names of three descriptors. */
	r = text_pool_init(&text, text_bytes, 5 * max, e);
	if (r < 0) {
		free(items);
		return r;
	}
	memset(t, 0, sizeof(*t));
	t->text = text;
	t->items = items;
	t->cap = max;
	t->free_item = PROGRAM_NONE;
	return 0;
}

void program_table_done(struct program_table *t)
{
	text_pool_done(&t->text);
	free(t->items);
	*t = (struct program_table){ 0 };
}

static uint32_t take_item(struct program_table *t)
{
	uint32_t i = t->free_item;

	if (i != PROGRAM_NONE) {
		t->free_item = t->items[i].text;
		return i;
	}
	return t->fresh < t->cap ? t->fresh++ : PROGRAM_NONE;
}

static uint32_t *place(uint32_t *met, uint64_t hash)
{
	return &met[(hash >> 32) % PROGRAM_MET];
}

static void give_item(struct program_table *t, uint32_t i)
{
	t->items[i].text = t->free_item;
	t->free_item = i;
}

static str cut(str s, size_t most, bool *was)
{
	*was |= s.n > most;
	return str_take(s, most);
}

/* "sh\0-c\0id\0" is argv[0] "sh" and two arguments. */
static void split_args(str argv, struct parts *p)
{
	p->exe = str_cut(&argv, '\0');
	p->args = argv;
	if (!argv.n)
		return;
	if (argv.p[argv.n - 1] == '\0')
		p->args.n--;
	p->arg_count = 1;
	for (size_t i = 0; i < p->args.n; i++)
		p->arg_count += p->args.p[i] == '\0';
}

static struct parts parts_of(const struct event_exec *x)
{
	struct parts p = { .comm = x->comm, .path = x->exe_path, .cwd = x->cwd, .env = x->env };

	split_args(x->args, &p);
	p.slash = p.cwd.n && p.cwd.p[p.cwd.n - 1] != '/';
	return p;
}

static void shorten(struct parts *p, size_t args_most)
{
	p->comm = cut(p->comm, COMM_MOST, &p->cut);
	p->exe = cut(p->exe, MIN(args_most, (size_t)PATH_MOST), &p->cut);
	p->path = cut(p->path, PATH_MOST, &p->cut);
	p->cwd = cut(p->cwd, PATH_MOST, &p->cut);
	p->args = cut(p->args, args_most, &p->cut);
	p->env = cut(p->env, args_most, &p->cut);
}

static size_t total(const struct parts *p)
{
	return p->comm.n + (p->arg_count != 0) + p->args.n + p->exe.n + p->path.n + p->cwd.n +
	       p->slash;
}

static char *lay(char *to, str s)
{
	if (s.n)
		memcpy(to, s.p, s.n);
	return to + s.n;
}

static void lay_parts(char *to, const struct parts *p)
{
	char *args;

	to = lay(to, p->comm);
	if (p->arg_count)
		*to++ = ' ';
	args = to;
	to = lay(to, p->args);
	str_replace_byte(args, p->args.n, '\0', ' ');
	to = lay(to, p->exe);
	to = lay(to, p->path);
	to = lay(to, p->cwd);
	if (p->slash)
		*to = '/';
}

static void take_lengths(struct program *g, const struct parts *p)
{
	g->comm_n = (uint16_t)p->comm.n;
	g->args_n = (uint32_t)p->args.n;
	g->exe_n = (uint32_t)p->exe.n;
	g->path_n = (uint32_t)p->path.n;
	g->cwd_n = (uint32_t)(p->cwd.n + p->slash);
	g->env_n = (uint32_t)p->env.n;
	g->arg_count = p->arg_count;
	g->truncated |= p->cut;
}

/* How long arguments may be: an attacker's long ones must not push out everybody else's. */
static size_t args_allowed(const struct program_table *t)
{
	size_t used = t->text.top - t->text.dead;

	if (used < t->text.cap / 2)
		return ARGS_MOST;
	return used < t->text.cap / 8 * 7 ? ARGS_SCARCE : ARGS_LEAST;
}

static str part(const struct program_table *t, const struct program *g, size_t offset, size_t n)
{
	return (str){ text_pool_at(&t->text, g->text) + offset, n };
}

static size_t text_bytes(const struct program *g)
{
	return g->comm_n + (size_t)(g->arg_count != 0) + g->args_n + g->exe_n + g->path_n +
	       g->cwd_n;
}

/* The strings but for folder and environment. */
static str own_text(const struct program_table *t, const struct program *g)
{
	return part(t, g, 0, text_bytes(g) - g->cwd_n);
}

static bool are_alike(const struct program_table *t, const struct program *a,
		      const struct program *b)
{
	return a->comm_n == b->comm_n && a->args_n == b->args_n && a->exe_n == b->exe_n &&
	       a->path_n == b->path_n && a->arg_count == b->arg_count &&
	       a->exe_flags == b->exe_flags && a->truncated == b->truncated &&
	       str_eq(own_text(t, a), own_text(t, b)) && a->env_n == b->env_n &&
	       (a->env == b->env || str_eq(program_env(t, a), program_env(t, b)));
}

/* Whether programs that are alike are one and the same to whoever asks. */
static bool are_same(const struct program_table *t, const struct program *a,
		     const struct program *b)
{
	return a->partial == b->partial && a->exe_inode == b->exe_inode &&
	       a->exe_device == b->exe_device && a->exe_ctime_ns == b->exe_ctime_ns &&
	       a->exe_mtime_ns == b->exe_mtime_ns && str_eq(program_cwd(t, a), program_cwd(t, b));
}

/*
 * All that programs that are alike have in common is hashed, also what is in no string (on the host and in a container): of two in one
 * place each would be a new one whenever the other came between.
 */
static uint64_t hash_alike(const struct program_table *t, const struct program *g)
{
	return literal_hash(str_take(own_text(t, g), HASHED)) ^
	       (g->env_n ? g->env + 1ull : 0) * 0xff51afd7ed558ccdu ^
	       ((uint64_t)g->exe_flags << 1 | g->truncated) * 0x9e3779b97f4a7c15u;
}

static uint64_t hash_same(const struct program_table *t, const struct program *g, uint64_t alike)
{
	uint64_t file =
		((g->exe_inode * 31 + g->exe_device) * 31 + g->exe_ctime_ns) * 31 + g->exe_mtime_ns;

	return alike ^ literal_hash(program_cwd(t, g)) * 5 ^
	       (file << 1 | g->partial) * 0x9e3779b97f4a7c15u;
}

/* @return the program that was met before, if it is still there and alike; else NULL */
static struct program *recall(const struct program_table *t, uint32_t met, uint32_t i)
{
	struct program *before = &t->items[met];

	return met != i && met < t->fresh && before->refs && are_alike(t, before, &t->items[i])
		       ? before
		       : NULL;
}

/*
 * A program that is made again and again is there once, for all who run it, as long as one of them is remembered. Where only folder
 * or file differ it gets the number of the one before: what rules make of it is known then. Else it gets one that no program had.
 *
 * @param i  just made
 * @return it, or the one that is the same, with a reference more
 */
static uint32_t settle(struct program_table *t, uint32_t i)
{
	struct program *g = &t->items[i];
	uint64_t hash = hash_alike(t, g);
	uint32_t *met = place(t->met, hash), *same = place(t->same, hash_same(t, g, hash));
	const struct program *before = recall(t, *same, i);

	if (before && are_same(t, before, g)) {
		program_release(t, i);
		program_hold(t, *same);
		return *same;
	}
	before = recall(t, *met, i);
	g->alike = before ? before->alike : ++t->last_alike;
	*met = *same = i;
	return i;
}

/* Most processes of a machine have one of a few environments: each is there once. @return its handle, or TEXT_POOL_NONE */
static uint32_t keep_env(struct program_table *t, str env)
{
	uint64_t hash = literal_hash(str_take(env, ENV_HASHED)) ^ (uint64_t)env.n << 32;
	uint32_t *met = place(t->envs, hash), handle;
	char *to;

	if (text_pool_begins(&t->text, *met, env)) {
		text_pool_hold(&t->text, *met);
		return *met;
	}
	handle = text_pool_add(&t->text, env.n, &to);
	if (handle == TEXT_POOL_NONE)
		return handle;
	lay(to, env);
	*met = handle;
	return handle;
}

/* @return false: there is no room */
static bool take_texts(struct program_table *t, struct program *g, const struct parts *p)
{
	char *to;

	if (p->env.n) {
		g->env = keep_env(t, p->env);
		if (g->env == TEXT_POOL_NONE)
			return false;
	}
	g->text = text_pool_add(&t->text, total(p), &to);
	if (g->text == TEXT_POOL_NONE) {
		if (p->env.n)
			text_pool_remove(&t->text, g->env);
		return false;
	}
	lay_parts(to, p);
	take_lengths(g, p);
	return true;
}

uint32_t program_add(struct program_table *t, const struct event_exec *x, bool truncated,
		     bool partial)
{
	struct parts p = parts_of(x);
	uint32_t i = take_item(t);
	struct program g = {
		.refs = 1,
		.truncated = truncated,
		.partial = partial,
		.exe_inode = x->exe_inode,
		.exe_ctime_ns = x->exe_ctime_ns,
		.exe_mtime_ns = x->exe_mtime_ns,
		.exe_device = x->exe_device,
		.exe_flags = x->exe_flags,
	};
	bool fits;

	if (i == PROGRAM_NONE)
		return i;
	shorten(&p, args_allowed(t));
	fits = take_texts(t, &g, &p);
	if (!fits) {
		shorten(&p, ARGS_LEAST);
		fits = take_texts(t, &g, &p);
	}
	if (!fits) {
		give_item(t, i);
		return PROGRAM_NONE;
	}
	t->cut += p.cut;
	t->items[i] = g;
	return settle(t, i);
}

uint32_t program_rename(struct program_table *t, uint32_t from, str comm)
{
	uint32_t i = take_item(t), text;
	size_t rest = text_bytes(&t->items[from]) - t->items[from].comm_n;
	char *to;

	if (i == PROGRAM_NONE)
		return i;
	comm = str_take(comm, COMM_MOST);
	text = text_pool_add(&t->text, comm.n + rest, &to);
	if (text == TEXT_POOL_NONE) {
		give_item(t, i);
		return PROGRAM_NONE;
	}
	t->items[i] = t->items[from];
	t->items[i].refs = 1;
	t->items[i].text = text;
	t->items[i].comm_n = (uint16_t)comm.n;
	to = lay(to, comm);
	memcpy(to, text_pool_at(&t->text, t->items[from].text) + t->items[from].comm_n, rest);
	if (t->items[i].env_n)
		text_pool_hold(&t->text, t->items[i].env);
	return settle(t, i);
}

void program_hold(struct program_table *t, uint32_t i)
{
	t->items[i].refs++;
}

void program_release(struct program_table *t, uint32_t i)
{
	assert(t->items[i].refs);
	if (--t->items[i].refs)
		return;
	/* As they were added, the last one first. */
	text_pool_remove(&t->text, t->items[i].text);
	if (t->items[i].env_n)
		text_pool_remove(&t->text, t->items[i].env);
	give_item(t, i);
}

static size_t args_at(const struct program *g)
{
	return g->comm_n + (size_t)(g->arg_count != 0);
}

str program_comm(const struct program_table *t, const struct program *g)
{
	return part(t, g, 0, g->comm_n);
}

str program_cmdline(const struct program_table *t, const struct program *g)
{
	return part(t, g, 0, args_at(g) + g->args_n);
}

str program_args(const struct program_table *t, const struct program *g)
{
	return part(t, g, args_at(g), g->args_n);
}

str program_exe(const struct program_table *t, const struct program *g)
{
	return part(t, g, args_at(g) + g->args_n, g->exe_n);
}

str program_path(const struct program_table *t, const struct program *g)
{
	return part(t, g, args_at(g) + g->args_n + g->exe_n, g->path_n);
}

str program_cwd(const struct program_table *t, const struct program *g)
{
	return part(t, g, args_at(g) + g->args_n + g->exe_n + g->path_n, g->cwd_n);
}

str program_env(const struct program_table *t, const struct program *g)
{
	return g->env_n ? (str){ text_pool_at(&t->text, g->env), g->env_n } : (str){ 0 };
}

uint64_t program_alike(const struct program *g)
{
	return g->alike << 1 | g->partial;
}

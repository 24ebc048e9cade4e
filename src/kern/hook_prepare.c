#include "kern/hook_prepare.h"

#include <bpf/btf.h>
#include <stdio.h>
#include <sys/mman.h>

#include "kern/hook_object.h"
#include "kern/kernel_btf.h"

enum { NAMES_BYTES = 1 << 20 };

struct making {
	struct hook_program *list;
	size_t count;
	void (*ready)(void *ctx, struct hook_program *p);
	void *ctx;
};

/* The sections programs stand in. */
static const struct section {
	const char *name;
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
} sections[] = {
	{ "tp_btf+", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP },
	{ "fentry+", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY },
	{ "fexit+", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT },
	{ "iter+", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER },
	{ "iter.s+", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER },
	{ "tracepoint", BPF_PROG_TYPE_TRACEPOINT, 0 },
	{ "cgroup_skb/egress", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS },
};

static uint32_t map_entries(const struct hooks *h, const struct bpf_map *m)
{
	if (strcmp(bpf_map__name(m), "state_ring") == 0)
		return (uint32_t)h->config.state_ring_bytes;
	if (strcmp(bpf_map__name(m), "bulk_ring") == 0)
		return (uint32_t)h->config.bulk_ring_bytes;
	return bpf_map__max_entries(m);
}

/* A section of data, which programs reach without a look-up, is a map, too: called by what follows the last dot of its name. */
static const char *map_name(const struct bpf_map *m)
{
	const char *name = bpf_map__name(m), *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

/*
 * Storage beside sockets and tasks is made with a description of its key, an int, and its value, of which the kernel reads nothing. The
 * object's own would have to be completed first, as libbpf does while it loads one.
 */
static struct btf *describe_storage(const struct bpf_map *m, struct bpf_map_create_opts *opts)
{
	struct btf *b = btf__new_empty();
	int key = b ? btf__add_int(b, "int", 4, BTF_INT_SIGNED) : -1;
	int value = key < 0 ? key : btf__add_struct(b, "value", bpf_map__value_size(m));

	if (value >= 0 && btf__load_into_kernel(b) == 0) {
		opts->btf_fd = (uint32_t)btf__fd(b);
		opts->btf_key_type_id = (uint32_t)key;
		opts->btf_value_type_id = (uint32_t)value;
	}
	return b;
}

/* Makes the maps that no predecessor left us. */
static int make_maps(struct hooks *h, struct bpf_object *o)
{
	struct bpf_map *m;

	bpf_object__for_each_map(m, o)
	{
		LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(m));
		const char *name = map_name(m);
		struct btf *described = NULL;
		int fd;

		if (hooks_map(h, name) >= 0)
			continue;
		if (h->map_count == HOOKS_MAX_MAPS)
			return -E2BIG;
		if (bpf_map__type(m) == BPF_MAP_TYPE_SK_STORAGE ||
		    bpf_map__type(m) == BPF_MAP_TYPE_TASK_STORAGE)
			described = describe_storage(m, &opts);
		fd = bpf_map_create(bpf_map__type(m), name, bpf_map__key_size(m),
				    bpf_map__value_size(m), map_entries(h, m), &opts);
		btf__free(described);
		if (fd < 0)
			return fd;
		snprintf(h->maps[h->map_count].name, sizeof(h->maps[0].name), "%s", name);
		h->maps[h->map_count++].fd = fd;
	}
	return 0;
}

static int give_maps(const struct hooks *h, struct bpf_object *o)
{
	struct bpf_map *m;
	int r = 0;

	bpf_object__for_each_map(m, o) if (!r) r = bpf_map__reuse_fd(m, hooks_map(h, map_name(m)));
	return r;
}

static struct hook_program *find(const struct making *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->list[i].name, name) == 0)
			return &m->list[i];
	return NULL;
}

/* What libbpf loads in place of a program that was taken from it. */
static int leave_nothing(struct bpf_program *p, struct bpf_prog_load_opts *how)
{
	struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int r = bpf_program__set_insns(p, nothing, ARRAY_LEN(nothing));

	how->expected_attach_type = 0;
	how->prog_btf_fd = how->prog_flags = how->attach_btf_id = how->attach_btf_obj_fd = 0;
	how->func_info_cnt = how->line_info_cnt = 0;
	how->func_info = how->line_info = NULL;
	return r ? r : bpf_program__set_type(p, BPF_PROG_TYPE_SOCKET_FILTER);
}

/* libbpf calls it when a program is as the kernel is to see it. */
static int take_over(struct bpf_program *p, struct bpf_prog_load_opts *how, long cookie)
{
	const struct making *m = (const struct making *)cookie;
	struct hook_program *x = find(m, bpf_program__name(p));
	bool sleeps = strncmp(bpf_program__section_name(p), "iter.s", 6) == 0;

	if (!x)
		return -EINVAL;
	x->count = bpf_program__insn_cnt(p);
	x->code = malloc(x->count * sizeof(*x->code));
	if (!x->code)
		return -ENOMEM;
	memcpy(x->code, bpf_program__insns(p), x->count * sizeof(*x->code));
	x->type = bpf_program__type(p);
	/* Without the lines of its source, which nobody asks the kernel for. */
	x->how = (struct bpf_prog_load_opts){ .sz = sizeof(x->how),
					      .expected_attach_type = how->expected_attach_type,
					      .prog_btf_fd = how->prog_btf_fd,
					      .prog_flags = sleeps ? BPF_F_SLEEPABLE : 0,
					      .kern_version = how->kern_version,
					      .attach_btf_id =
						      x->place ? x->place : how->attach_btf_id,
					      .attach_btf_obj_fd = how->attach_btf_obj_fd,
					      .fd_array = how->fd_array,
					      .func_info = how->func_info,
					      .func_info_cnt = how->func_info_cnt,
					      .func_info_rec_size = how->func_info_rec_size };
	m->ready(m->ctx, x);
	return leave_nothing(p, how);
}

/* The first row of a program. */
static const struct hook *hook_of(const char *program)
{
	size_t i = 0;

	while (i + 1 < hook_count && strcmp(hook_table[i].program, program) != 0)
		i++;
	return &hook_table[i];
}

static bool has_place(const struct hook_program *x)
{
	enum hook_kind kind = hook_of(x->name)->kind;

	return kind == HOOK_BTF || kind == HOOK_ITER;
}

/* By libbpf, where the kernel's types are described in a way we do not know. */
static void ask_libbpf(const struct making *m, struct bpf_object *o)
{
	for (size_t i = 0; i < m->count; i++) {
		struct hook_program *x = &m->list[i];
		struct bpf_program *p = bpf_object__find_program_by_name(o, x->name);

		if (has_place(x))
			x->error =
				p ? bpf_program__set_attach_target(p, 0, hook_of(x->name)->target)
				  : -ENOENT;
	}
}

/*
 * Finds where programs attach, all in one go.
 *
 * @param ret_whole  whether all types that programs are made of are there: a kernel may keep those of unix sockets in a module
 */
static int find_places(const struct making *m, struct bpf_object *o, const struct kernel_btf *k,
		       bool *ret_whole)
{
	OWNED struct kernel_btf_name *names = calloc(m->count + 1, sizeof(*names));
	struct kernel_btf_name *unix_sock = names + m->count;
	int r;

	if (!names)
		return -ENOMEM;
	*unix_sock = (struct kernel_btf_name){ .text = "unix_sock", .kind = BTF_KIND_STRUCT };
	for (size_t i = 0; i < m->count; i++) {
		const char *name = m->list[i].name;
		struct bpf_program *p = bpf_object__find_program_by_name(o, name);

		if (p)
			kernel_btf_place(&names[i], bpf_program__expected_attach_type(p),
					 hook_of(name)->target);
	}
	r = kernel_btf_find(k, names, m->count + 1);
	for (size_t i = 0; i < m->count && !r; i++) {
		if (!has_place(&m->list[i]))
			continue;
		m->list[i].place = names[i].id;
		m->list[i].error = names[i].id ? 0 : -ESRCH;
	}
	*ret_whole = unix_sock->id != 0;
	return r;
}

/* What this kernel has no place for is left out; libbpf would load none at all. */
static void choose_programs(const struct making *m, struct bpf_object *o)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, o)
	{
		const struct hook_program *x = find(m, bpf_program__name(p));

		(void)bpf_program__set_autoload(p, x && !x->error);
	}
}

/* The names of the types the programs were compiled with, the kernel's among them. */
static int name_types(const struct btf *b, struct map *names)
{
	for (uint32_t id = 1; id < btf__type_cnt(b); id++) {
		const struct btf_type *t = btf__type_by_id(b, id);
		void **at;

		if (!btf_is_composite(t) && !btf_is_any_enum(t))
			continue;
		at = map_at(names,
			    kernel_btf_essential(str_from(btf__str_by_offset(b, t->name_off))));
		if (!at)
			return -ENOMEM;
		*at = names;
	}
	return 0;
}

/* Puts an excerpt of the kernel's types into a file, for libbpf to search. */
static int write_excerpt(const struct kernel_btf *k, const struct btf *ours, int file)
{
	OWNED_BUF text = BUF_INIT;
	struct arena a;
	struct map names = map_in(&a);
	int r;

	arena_init(&a, NAMES_BYTES);
	r = name_types(ours, &names);
	if (!r)
		r = kernel_btf_excerpt(k, &names, &text);
	arena_done(&a);
	if (!r && write(file, text.p, text.n) != (ssize_t)text.n)
		r = -EIO;
	return r;
}

static struct bpf_object *open_object(int types)
{
	char path[32];
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = types < 0 ? NULL : path);
	size_t n;
	const void *elf = hook_object(&n);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", types);
	return bpf_object__open_mem(elf, n, &opts);
}

/* @return the object, to be fitted to the types in a file or, where they do not do, to what libbpf finds; NULL and errno */
static struct bpf_object *open_for_kernel(const struct making *m, int types)
{
	struct bpf_object *o = open_object(types);
	struct kernel_btf k;
	bool whole = false;
	int r;

	if (!o)
		return NULL;
	r = kernel_btf_open(&k);
	if (!r) {
		r = find_places(m, o, &k, &whole);
		if (!r && whole && types >= 0)
			whole = write_excerpt(&k, bpf_object__btf(o), types) == 0;
		kernel_btf_close(&k);
	}
	if (types >= 0 && (r || !whole)) {
		bpf_object__close(o);
		o = open_object(-1);
	}
	if (o && r)
		ask_libbpf(m, o);
	return o;
}

static int prepare(struct hooks *h, const struct making *m, struct bpf_object **ret)
{
	OWNED_FD types = memfd_create("skep-types", MFD_CLOEXEC);
	struct bpf_object *o = open_for_kernel(m, types);
	int r;

	*ret = o;
	if (!o)
		return -errno;
	r = make_maps(h, o);
	if (r == 0)
		r = give_maps(h, o);
	if (r)
		return r;
	choose_programs(m, o);
	return bpf_object__load(o);
}

/*
 * libbpf 1.1 frees its table of handlers with the last of them and uses it all the same afterwards: so the process's first one,
 * which serves no section there is, stays.
 *
 * @return 0, -errno
 */
static int keep_table(void)
{
	int id = libbpf_register_prog_handler("skep", BPF_PROG_TYPE_SOCKET_FILTER, 0, NULL);

	if (id > 1)
		(void)libbpf_unregister_prog_handler(id);
	return MIN(id, 0);
}

int hook_prepare(struct hooks *h, struct hook_program *list, size_t count,
		 void (*ready)(void *ctx, struct hook_program *p), void *ctx,
		 struct bpf_object **ret)
{
	struct making m = { .list = list, .count = count, .ready = ready, .ctx = ctx };
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .cookie = (long)&m,
		    .prog_prepare_load_fn = take_over);
	int id[ARRAY_LEN(sections)], r = keep_table();
	size_t n = 0;

	*ret = NULL;
	while (r >= 0 && n < ARRAY_LEN(sections)) {
		const struct section *s = &sections[n];

		r = libbpf_register_prog_handler(s->name, s->type, s->attach, &opts);
		if (r >= 0)
			id[n++] = r;
	}
	if (r >= 0)
		r = prepare(h, &m, ret);
	while (n)
		(void)libbpf_unregister_prog_handler(id[--n]);
	return r;
}

/*
 * Loading takes the kernel a third of a second of one processor, so two share it: each has its own copy of the object and
 * loads some of the programs. libbpf loads all programs of an object or none; when something among them is refused, they
 * are tried again by halves, down to the one that is at fault.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

#include "kern/hook_object.h"
#include "kern/hook_priv.h"

enum { LOADERS = 2, LOG_BYTES = 64 * 1024 };

struct span {
	size_t begin, count;
};

struct loading {
	struct hooks *hooks;
	const char *program[HOOK_ROWS]; /* each once */
	size_t count;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct span todo[HOOK_ROWS];
	size_t todo_count;
	unsigned int at_work;
};

static struct bpf_object *open_object(void)
{
	size_t n;
	const void *elf = hook_object(&n);

	return bpf_object__open_mem(elf, n, NULL);
}

static uint32_t map_entries(const struct hooks *h, const struct bpf_map *m)
{
	if (strcmp(bpf_map__name(m), "state_ring") == 0)
		return (uint32_t)h->config.state_ring_bytes;
	if (strcmp(bpf_map__name(m), "bulk_ring") == 0)
		return (uint32_t)h->config.bulk_ring_bytes;
	return bpf_map__max_entries(m);
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
		const char *name = bpf_map__name(m);
		struct btf *described = NULL;
		int fd;

		if (bpf_map__is_internal(m) || hooks_map(h, name) >= 0)
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

	bpf_object__for_each_map(m, o) if (!r && !bpf_map__is_internal(m)) r =
		bpf_map__reuse_fd(m, hooks_map(h, bpf_map__name(m)));
	return r;
}

/* The verifier's last words before its statistics. */
static void last_line(const char *log, char *ret, size_t n)
{
	str rest = str_from(log), best = { NULL, 0 };

	while (rest.n) {
		str line = str_trim(str_line(&rest));

		if (line.n && !str_starts(line, S("processed ")))
			best = line;
	}
	if (best.n)
		snprintf(ret, n, "%.*s", STR_ARG(best));
}

static void note_refused(struct hooks *h, const char *program, int r, const char *log)
{
	for (size_t i = 0; i < hook_count; i++) {
		if (strcmp(hook_table[i].program, program) != 0 || h->rows[i].program >= 0)
			continue;
		snprintf(h->rows[i].why, HOOKS_WHY_BYTES, "%s: %s", hook_table[i].target,
			 strerror(-r));
		last_line(log, h->rows[i].why, HOOKS_WHY_BYTES);
	}
}

static void keep_program(struct hooks *h, const char *program, int fd)
{
	for (size_t i = 0; i < hook_count; i++) {
		if (strcmp(hook_table[i].program, program) != 0 || h->rows[i].program >= 0)
			continue;
		h->rows[i].program = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		h->rows[i].why[0] = '\0';
	}
}

/* @return 0, or -errno: none is loaded */
static int load_span(const struct loading *l, struct span s, char *log)
{
	struct bpf_object *o = open_object();
	struct bpf_program *p;
	int r;

	if (!o)
		return -errno;
	log[0] = '\0';
	bpf_object__for_each_program(p, o) bpf_program__set_autoload(p, false);
	for (size_t i = s.begin; i < s.begin + s.count; i++) {
		p = bpf_object__find_program_by_name(o, l->program[i]);
		bpf_program__set_autoload(p, true);
		bpf_program__set_log_buf(p, log, LOG_BYTES);
	}
	r = give_maps(l->hooks, o);
	if (!r)
		r = bpf_object__load(o);
	for (size_t i = s.begin; !r && i < s.begin + s.count; i++) {
		p = bpf_object__find_program_by_name(o, l->program[i]);
		keep_program(l->hooks, l->program[i], bpf_program__fd(p));
	}
	bpf_object__close(o);
	return r;
}

static void add_span(struct loading *l, size_t begin, size_t count)
{
	if (count)
		l->todo[l->todo_count++] = (struct span){ begin, count };
}

/* @return false: all is done */
static bool take_span(struct loading *l, struct span *ret)
{
	bool have;

	pthread_mutex_lock(&l->lock);
	while (!l->todo_count && l->at_work)
		pthread_cond_wait(&l->changed, &l->lock);
	have = l->todo_count > 0;
	if (have) {
		*ret = l->todo[--l->todo_count];
		l->at_work++;
	}
	pthread_mutex_unlock(&l->lock);
	return have;
}

static void finish_span(struct loading *l, struct span s, bool again)
{
	pthread_mutex_lock(&l->lock);
	if (again) {
		add_span(l, s.begin, s.count / 2);
		add_span(l, s.begin + s.count / 2, s.count - s.count / 2);
	}
	l->at_work--;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

/* Rows of different programs are different rows: what loaders write needs no lock. */
static void *loader(void *loading)
{
	struct loading *l = loading;
	OWNED char *log = malloc(LOG_BYTES);
	struct span s;

	while (take_span(l, &s)) {
		int r = log ? load_span(l, s, log) : -ENOMEM;
		bool again = r && log && s.count > 1;

		for (size_t i = s.begin; r && !again && i < s.begin + s.count; i++)
			note_refused(l->hooks, l->program[i], r, log ? log : "");
		finish_span(l, s, again);
	}
	return NULL;
}

static void list_programs(struct loading *l, const bool *row)
{
	for (size_t i = 0; i < hook_count; i++) {
		bool listed = !row[i];

		for (size_t k = 0; k < l->count && !listed; k++)
			listed = strcmp(l->program[k], hook_table[i].program) == 0;
		if (!listed)
			l->program[l->count++] = hook_table[i].program;
	}
}

static size_t loaders_for(size_t programs)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return MIN(MIN((size_t)CPU_COUNT(&set), (size_t)LOADERS), programs);
}

static void load_all(struct loading *l)
{
	pthread_t thread[LOADERS];
	size_t n = loaders_for(l->count), begin = 0, started = 0;
	sigset_t all, before;

	for (size_t i = 0; i < n; i++) {
		size_t end = l->count * (i + 1) / n;

		add_span(l, begin, end - begin);
		begin = end;
	}
	/* Signals are for the thread that was there before. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started + 1 < n && pthread_create(&thread[started], NULL, loader, l) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	loader(l);
	while (started)
		pthread_join(thread[--started], NULL);
}

static int prepare_maps(struct hooks *h)
{
	struct bpf_object *o = open_object();
	int r = o ? make_maps(h, o) : -errno;

	bpf_object__close(o);
	return r;
}

void hooks_load_programs(struct hooks *h, const bool *row)
{
	struct loading l = { .hooks = h,
			     .lock = PTHREAD_MUTEX_INITIALIZER,
			     .changed = PTHREAD_COND_INITIALIZER };
	int r;

	list_programs(&l, row);
	if (!l.count)
		return;
	r = prepare_maps(h);
	if (r == 0)
		load_all(&l);
	for (size_t i = 0; r && i < l.count; i++)
		note_refused(h, l.program[i], r, "");
}

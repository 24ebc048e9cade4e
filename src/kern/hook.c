#include "kern/hook.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "kern/hook_place.h"
#include "kern/hook_priv.h"

const struct hook hook_table[] = {
#define X(of, prog, how, where, when, event) \
	{ .backends = HOOK_##of, \
	  .program = #prog, \
	  .kind = HOOK_##how, \
	  .target = where, \
	  .want = HOOK_##when, \
	  .type = EVENT_##event },
#include "kern/hook.def"
#undef X
};
const size_t hook_count = ARRAY_LEN(hook_table);
_Static_assert(ARRAY_LEN(hook_table) == HOOK_ROWS, "rows are counted by the same table");
_Static_assert(HOOK_ROWS <= SENSOR_HOOKS_MAX, "there are costs for every program");

static uint16_t first_row(size_t row)
{
	uint16_t i = 0;

	while (strcmp(hook_table[i].program, hook_table[row].program) != 0)
		i++;
	return i;
}

int hooks_new(const struct hooks_config *c, struct hooks **ret, struct err *e)
{
	struct hooks *h;

	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return err_set(e, EOPNOTSUPP,
			       "this kernel has no BTF (/sys/kernel/btf/vmlinux): a kernel built "
			       "with CONFIG_DEBUG_INFO_BTF=y is needed");
	h = calloc(1, sizeof(*h));
	if (!h)
		return err_set(e, ENOMEM, "sensor: out of memory");
	libbpf_set_print(NULL);
	h->config = *c;
	h->tracefs = h->cgroup_root = -1;
	for (size_t i = 0; i < hook_count; i++)
		h->rows[i] = (struct hook_row){ -1, -1, first_row(i), "" };
	hooks_adopt(h);
	*ret = h;
	return 0;
}

void hooks_free(struct hooks *h)
{
	if (!h)
		return;
	hooks_stop_loading(h);
	for (size_t i = 0; i < hook_count; i++) {
		fd_close(&h->rows[i].link);
		fd_close(&h->rows[i].program);
	}
	for (size_t i = 0; i < h->map_count; i++)
		fd_close(&h->maps[i].fd);
	fd_close(&h->tracefs);
	fd_close(&h->cgroup_root);
	free(h);
}

int hooks_map(const struct hooks *h, const char *name)
{
	for (size_t i = 0; i < h->map_count; i++)
		if (strncmp(h->maps[i].name, name, sizeof(h->maps[i].name) - 1) == 0)
			return h->maps[i].fd;
	return -ENOENT;
}

/* An earlier row may have attached the same program to the same place. */
static bool same_place(size_t a, size_t b)
{
	return strcmp(hook_table[a].program, hook_table[b].program) == 0 &&
	       strcmp(hook_table[a].target, hook_table[b].target) == 0;
}

static size_t place_of(size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (same_place(i, row))
			return i;
	return row;
}

/* Those of the rows that have no program yet. @return whether there are any */
static bool find_unloaded(const struct hooks *h, const bool *row, bool *ret)
{
	bool any = false;

	for (size_t i = 0; i < hook_count; i++) {
		ret[i] = row[i] && h->rows[i].program < 0 && !h->rows[i].why[0] &&
			 h->rows[place_of(i)].link < 0;
		any |= ret[i];
	}
	return any;
}

void hooks_prepare(struct hooks *h, const bool *row, const bool *now)
{
	bool rest[HOOK_ROWS], first[HOOK_ROWS];

	(void)find_unloaded(h, row, rest);
	/* Who takes over from a predecessor mostly needs no more. */
	if (find_unloaded(h, now, first))
		hooks_begin_loading(h, rest, first);
}

size_t hooks_load(struct hooks *h, const bool *row)
{
	bool todo[HOOK_ROWS];
	size_t refused = 0;

	/* While a thread loads, its rows are its own. */
	if (h->loading)
		hooks_load_programs(h, row);
	else if (find_unloaded(h, row, todo))
		hooks_load_programs(h, todo);
	for (size_t i = 0; i < hook_count; i++)
		refused += row[i] && h->rows[i].why[0];
	return refused;
}

static int attach_syscall(struct hooks *h, size_t i)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.wakeup_events = 1,
	};
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .perf_event.bpf_cookie = (uint64_t)hook_table[i].type);
	int id, perf, link;

	if (h->tracefs < 0)
		h->tracefs = hook_place_tracefs();
	if (h->tracefs < 0)
		return h->tracefs;
	id = hook_place_event(h->tracefs, hook_table[i].target);
	if (id < 0)
		return id;
	attr.config = (uint64_t)(unsigned int)id;
	perf = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (perf < 0)
		return -errno;
	link = bpf_link_create(h->rows[i].program, perf, BPF_PERF_EVENT, &opts);
	close(perf); /* the link holds it */
	return link;
}

static int attach_cgroup(struct hooks *h, size_t i)
{
	struct bpf_prog_info info = { 0 };
	uint32_t n = sizeof(info);
	enum bpf_attach_type type;

	if (h->cgroup_root < 0)
		h->cgroup_root = hook_place_cgroup2();
	if (h->cgroup_root < 0)
		return h->cgroup_root;
	if (libbpf_attach_type_by_name(hook_table[i].target, &type))
		return -EINVAL;
	if (bpf_obj_get_info_by_fd(h->rows[i].program, &info, &n))
		return -errno;
	return bpf_link_create(h->rows[i].program, h->cgroup_root, type, NULL);
}

static int attach_row(struct hooks *h, size_t i)
{
	switch (hook_table[i].kind) {
	case HOOK_BTF:
		return bpf_raw_tracepoint_open(NULL, h->rows[i].program);
	case HOOK_SYSCALL:
		return attach_syscall(h, i);
	case HOOK_CGROUP:
		return attach_cgroup(h, i);
	case HOOK_ITER:
		break;
	}
	return -EINVAL;
}

size_t hooks_attach(struct hooks *h, const bool *row)
{
	bool wanted[HOOK_ROWS] = { false };
	size_t refused = 0;

	for (size_t i = 0; i < hook_count; i++)
		if (row[i] && hook_table[i].kind != HOOK_ITER)
			wanted[place_of(i)] = true;
	for (size_t i = 0; i < hook_count; i++) {
		struct hook_row *w = &h->rows[i];
		int r;

		if (!wanted[i]) {
			fd_close(&w->link);
		}
		if (!wanted[i] || w->link >= 0)
			continue;
		r = w->program < 0 ? -ENOENT : attach_row(h, i);
		if (r >= 0) {
			w->link = r;
			hooks_note_link(h, i);
			continue;
		}
		refused++;
		if (!w->why[0])
			snprintf(w->why, HOOKS_WHY_BYTES, "%s: %s", hook_table[i].target,
				 strerror(-r));
	}
	return refused;
}

const char *hooks_why(const struct hooks *h, size_t row)
{
	return h->rows[row].why;
}

bool hooks_attached(const struct hooks *h, size_t row)
{
	return h->rows[place_of(row)].link >= 0;
}

int hooks_iterate(struct hooks *h, const char *program, int map, struct err *e)
{
	union bpf_iter_link_info over = { .map.map_fd = (uint32_t)map };
	LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = &over, .iter_info_len = sizeof(over));

	for (size_t i = 0; i < hook_count; i++) {
		OWNED_FD link = -1;
		int fd;

		if (strcmp(hook_table[i].program, program) != 0 || h->rows[i].program < 0)
			continue;
		link = bpf_link_create(h->rows[i].program, 0, BPF_TRACE_ITER,
				       map < 0 ? NULL : &opts);
		fd = link < 0 ? link : bpf_iter_create(link);
		return fd < 0 ? err_sys(e, -fd, "BPF iterator '%s'", program) : fd;
	}
	return err_set(e, ENOENT, "BPF iterator '%s' is not loaded", program);
}

size_t hooks_cost(const struct hooks *h, struct sensor_hook_cost *ret, size_t max)
{
	bool read[HOOK_ROWS] = { false };
	size_t count = 0;

	for (size_t i = 0; i < hook_count && count < max; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t n = sizeof(info);

		if (h->rows[i].program < 0 || read[h->rows[i].first])
			continue;
		read[h->rows[i].first] = true;
		if (bpf_obj_get_info_by_fd(h->rows[i].program, &info, &n) == 0)
			ret[count++] =
				(struct sensor_hook_cost){ .program = hook_table[i].program,
							   .ns = info.run_time_ns,
							   .runs = info.run_cnt,
							   .skipped = info.recursion_misses };
	}
	return count;
}

int hooks_measure(struct err *e)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	return fd < 0 ? err_sys(e, -fd, "cannot have the kernel measure BPF programs") : fd;
}

int map_get(int fd, const void *key, void *ret)
{
	return bpf_map_lookup_elem(fd, key, ret) ? -errno : 0;
}

int map_set(int fd, const void *key, const void *value)
{
	return bpf_map_update_elem(fd, key, value, BPF_ANY) ? -errno : 0;
}

int map_refused(int r, const char *map, struct err *e)
{
	if (r == -EPERM || r == -EACCES)
		return err_set(
			e, -r,
			"sensor: the kernel refuses to write into the BPF map '%s' (%s): give "
			"the agent CAP_BPF, and let what confines it (seccomp, an LSM) allow "
			"bpf(2)",
			map, strerror(-r));
	if (r == -ENOMEM)
		return err_set(
			e, -r,
			"sensor: the kernel has no memory for the BPF map '%s' (%s): raise the "
			"limit of the agent's control group",
			map, strerror(-r));
	return err_sys(e, -r, "sensor: cannot write into the BPF map '%s'", map);
}

int map_delete(int fd, const void *key)
{
	return bpf_map_delete_elem(fd, key) ? -errno : 0;
}

int map_take(int fd, const void *key, void *ret)
{
	return bpf_map_lookup_and_delete_elem(fd, key, ret) ? -errno : 0;
}

int map_next(int fd, const void *key, void *ret)
{
	return bpf_map_get_next_key(fd, key, ret) ? -errno : 0;
}

size_t map_processors(void)
{
	int n = libbpf_num_possible_cpus();

	return n > 0 ? (size_t)n : 1;
}

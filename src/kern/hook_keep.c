/*
 * Handing over: the rings and what fills them outlive the process that reads them while somebody holds their
 * descriptors. Map "links" says which link belongs to which row of the table, under which build of the table. Iterators'
 * programs, which no link holds, are handed over themselves: a successor has nothing to load.
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kern/hook_priv.h"
#include "kern/record.h"

/* Of a build: what must be equal for its maps and programs to be ours. */
static uint64_t build_id(void)
{
	uint64_t h = RECORD_LAYOUT;

	for (size_t i = 0; i < hook_count; i++) {
		h = h * 31 + str_hash(str_from(hook_table[i].program));
		h = h * 31 + str_hash(str_from(hook_table[i].target));
		h = h * 31 + hook_table[i].type;
	}
	return h * 31 + str_hash(S(SKEP_VERSION));
}

static uint32_t link_id(int fd, uint32_t *ret_program)
{
	struct bpf_link_info info = { 0 };
	uint32_t n = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &n))
		return 0;
	*ret_program = info.prog_id;
	return info.id;
}

void hooks_note_link(struct hooks *h, size_t row)
{
	int map = hooks_map(h, "links");
	uint32_t key = (uint32_t)row + 1, zero = 0, program;
	uint64_t build = build_id(), id = link_id(h->rows[row].link, &program);

	/* Without the note a successor begins anew: nothing worse. */
	if (map >= 0 && map_set(map, &zero, &build) == 0)
		(void)!map_set(map, &key, &id);
}

static bool is_kind(int fd, const char *kind)
{
	char path[32], target[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target));
	return n > 0 && str_search((str){ target, (size_t)n }, str_from(kind)) < (size_t)n;
}

static void adopt_map(struct hooks *h, int fd)
{
	struct bpf_map_info info = { 0 };
	uint32_t n = sizeof(info);

	if (h->map_count == HOOKS_MAX_MAPS || bpf_obj_get_info_by_fd(fd, &info, &n))
		return;
	snprintf(h->maps[h->map_count].name, sizeof(h->maps[0].name), "%s", info.name);
	if (strcmp(info.name, "state_ring") == 0)
		h->config.state_ring_bytes = info.max_entries;
	if (strcmp(info.name, "bulk_ring") == 0)
		h->config.bulk_ring_bytes = info.max_entries;
	h->maps[h->map_count].fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	h->map_count += h->maps[h->map_count].fd >= 0;
}

static void adopt_link(struct hooks *h, int fd)
{
	uint32_t program = 0, id = link_id(fd, &program);
	int map = hooks_map(h, "links");

	for (uint32_t key = 1; id && key <= hook_count; key++) {
		struct hook_row *w = &h->rows[key - 1];
		uint64_t noted;

		if (map_get(map, &key, &noted) || noted != id || w->link >= 0)
			continue;
		w->link = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		w->program = bpf_prog_get_fd_by_id(program);
		return;
	}
}

/* Iterators have no links. Their programs use the maps that were taken over: of the same build they are the same. */
static void adopt_program(struct hooks *h, int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t n = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &n))
		return;
	for (size_t i = 0; i < hook_count; i++)
		if (hook_table[i].kind == HOOK_ITER && h->rows[i].program < 0 &&
		    strcmp(hook_table[i].program, info.name) == 0)
			h->rows[i].program = fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

void hooks_adopt(struct hooks *h)
{
	uint32_t zero = 0;
	uint64_t build = 0;
	int map;

	for (size_t i = 0; i < h->config.kept_count; i++)
		if (is_kind(h->config.kept[i], "bpf-map"))
			adopt_map(h, h->config.kept[i]);
	map = hooks_map(h, "links");
	if (map < 0 || map_get(map, &zero, &build) || build != build_id()) {
		while (h->map_count)
			close(h->maps[--h->map_count].fd);
		return;
	}
	for (size_t i = 0; i < h->config.kept_count; i++)
		if (is_kind(h->config.kept[i], "bpf_link") ||
		    is_kind(h->config.kept[i], "bpf-link"))
			adopt_link(h, h->config.kept[i]);
		else if (is_kind(h->config.kept[i], "bpf-prog"))
			adopt_program(h, h->config.kept[i]);
}

void hooks_ring_bytes(const struct hooks *h, size_t *ret_state, size_t *ret_bulk)
{
	*ret_state = h->config.state_ring_bytes;
	*ret_bulk = h->config.bulk_ring_bytes;
}

size_t hooks_keep(const struct hooks *h, int *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < h->map_count && n < max; i++)
		ret[n++] = h->maps[i].fd;
	for (size_t i = 0; i < hook_count && n < max; i++)
		if (h->rows[i].link >= 0)
			ret[n++] = h->rows[i].link;
	for (size_t i = 0; i < hook_count && n < max; i++)
		if (hook_table[i].kind == HOOK_ITER && h->rows[i].program >= 0)
			ret[n++] = h->rows[i].program;
	return n;
}

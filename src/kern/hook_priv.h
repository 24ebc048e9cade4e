/** @file
 * What hook.c, hook_keep.c and hook_load.c share.
 */
#ifndef SKEP_KERN_HOOK_PRIV_H
#define SKEP_KERN_HOOK_PRIV_H

#include "kern/hook.h"

#define HOOKS_MAX_MAPS 48
#define HOOKS_WHY_BYTES 160

enum hook_row_number {
#define X(of, prog, how, where, want, event) HOOK_ROW_##prog##_##event,
#include "kern/hook.def"
#undef X
	HOOK_ROWS
};

struct hook_row {
	int program, link;
	uint16_t first; /* row of the same program */
	char why[HOOKS_WHY_BYTES];
};

struct hooks {
	struct hooks_config config;
	struct hook_row rows[HOOK_ROWS];
	struct {
		char name[16];
		int fd;
	} maps[HOOKS_MAX_MAPS];
	size_t map_count;
	int tracefs, cgroup_root;
	struct hooks_loading
		*loading; /* what was begun ahead; maps are its own until it is finished */
};

/** Takes over the maps, links and programs of a predecessor of the same build; any other's are left alone. */
void hooks_adopt(struct hooks *h);
/**
 * Loads the programs of rows that have none. What the kernel refuses gets a reason beside its rows, the others are loaded.
 * @param row  wanted[HOOK_ROWS]
 */
void hooks_load_programs(struct hooks *h, const bool *row);
/** Begins that in a thread: the programs of @p row are made ready, those of @p now loaded at once; hooks_load_programs() goes on. */
void hooks_begin_loading(struct hooks *h, const bool *row, const bool *now);
/** Brings to an end what was begun and not gone on with. */
void hooks_stop_loading(struct hooks *h);
/** Notes for a successor which row a link belongs to. */
void hooks_note_link(struct hooks *h, size_t row);

#endif

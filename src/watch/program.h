/** @file
 * What processes run: a fixed table of programs whose strings lie in one text pool, counted by reference.
 *
 * A program's strings lie in one text, name before arguments, so that a command line is a span and nothing is built when
 * it is asked for. Strings come from programs' memory and are hostile; long ones are cut when the pool fills.
 */
#ifndef SKEP_WATCH_PROGRAM_H
#define SKEP_WATCH_PROGRAM_H

#include "model/event.h"
#include "watch/text_pool.h"

#define PROGRAM_NONE UINT32_MAX
#define PROGRAM_MET 4096

/** What a process runs: made by exec, shared by the children it forks and by all who run the same in the same folder. */
struct program {
	uint32_t refs;
	uint32_t text; /**< handle of its strings */
	uint32_t env;  /**< and of its environment, where it has one */
	uint64_t
		alike; /**< programs with the same number are alike but for `partial`, folder and file's numbers */
	uint16_t comm_n;
	bool truncated; /**< a string is shorter than it was */
	bool partial;   /**< its exec was never seen: an empty string is one that is not known */
	uint32_t args_n, exe_n, path_n, cwd_n, env_n;
	uint32_t arg_count; /**< without argv[0] */
	uint32_t exe_device;
	uint32_t exe_flags; /**< enum event_exe_flag */
	uint64_t exe_inode;
	uint64_t exe_ctime_ns, exe_mtime_ns;
};

struct program_table {
	struct text_pool text;
	struct program *items; /**< owned */
	uint32_t cap, fresh;   /**< items[fresh..] were never used */
	uint32_t free_item;
	uint64_t cut; /**< strings shortened for want of memory */
	uint64_t last_alike;
	uint32_t met[PROGRAM_MET];  /**< the last program that was made, by a hash of what it is */
	uint32_t same[PROGRAM_MET]; /**< and of its folder and file */
	uint32_t envs[PROGRAM_MET]; /**< the last environment's handle, by its hash */
};

/** @return 0 or -ENOMEM */
MUST_CHECK int program_table_init(struct program_table *t, uint32_t max, uint32_t text_bytes,
				  struct err *e);
void program_table_done(struct program_table *t);

/**
 * A program as an exec said, with a reference for the caller. Strings got earlier from the table move.
 * @return its index, or PROGRAM_NONE: no room even for shortened strings; room may come by releasing others
 */
MUST_CHECK uint32_t program_add(struct program_table *t, const struct event_exec *x, bool truncated,
				bool partial);
/** @p from under another name, with a reference for the caller. @return as program_add() */
MUST_CHECK uint32_t program_rename(struct program_table *t, uint32_t from, str comm);
void program_hold(struct program_table *t, uint32_t i);
void program_release(struct program_table *t, uint32_t i);

/** Strings of a program; they live until the next program_add() or program_rename(). */
str program_comm(const struct program_table *t, const struct program *g);
/** "comm arg1 arg2": comm alone when there are no arguments. */
str program_cmdline(const struct program_table *t, const struct program *g);
/** "arg1 arg2" */
str program_args(const struct program_table *t, const struct program *g);
/** argv[0] */
str program_exe(const struct program_table *t, const struct program *g);
str program_path(const struct program_table *t, const struct program *g);
/** With a slash at its end; empty when not known. */
str program_cwd(const struct program_table *t, const struct program *g);
/** Variables with NULs behind them. */
str program_env(const struct program_table *t, const struct program *g);
/** A number that programs have in common only where they are alike in all but their folder and their file's numbers. Not 0. */
uint64_t program_alike(const struct program *g);

#endif

/** @file
 * Who is whose child: every process the sensor told of, by (pid, start time), with what it runs and where it came from.
 *
 * A process's parent is the one it had when it was forked or, when that was never seen, at its last exec. It stays its
 * ancestor when it exits: a shell whose starter daemonised still descends from it. Exited processes are kept while records of
 * children exist, and for a while after. Memory is fixed: when it is full, the process that exited longest ago is forgotten first,
 * childless ones before ancestors; each forgotten before its time is counted. Nothing here blocks or allocates after process_tree_new().
 *
 * Arguments and environment come from programs and are hostile: long ones are cut when memory is short, and marked.
 */
#ifndef SKEP_WATCH_PROCESS_TREE_H
#define SKEP_WATCH_PROCESS_TREE_H

#include "watch/program.h"
#include "watch/stdio.h"

#define PROCESS_NONE UINT32_MAX
#define PROCESS_PAST 8

/** A record, as long as it is the same process's. */
struct process_link {
	uint32_t slot; /**< PROCESS_NONE: none */
	uint32_t generation;
};

struct process {
	struct process_key key;
	struct process_key parent_key; /**< pid 0: it has none */
	struct process_link parent;    /**< its record, where one was seen */
	uint32_t generation;
	uint32_t program;      /**< PROGRAM_NONE: not known */
	uint32_t children;     /**< records that have this one as parent */
	uint32_t chain;        /**< next with the same hash */
	uint32_t older, newer; /**< among the exited that may be forgotten */
	uint64_t exit_ns;      /**< when it was told, event time; 0: it lives */
	uint64_t exec_ns;      /**< of the last exec, event time; 0: not seen */
	uint64_t cgroup_id;
	uint64_t pid_ns, mnt_ns, net_ns, user_ns;
	struct event_caps caps;
	uint32_t user, group, real_user, real_group, login_user;
	uint32_t tty, vpid, vppid, vpgid, vsid, pgid, sid;
	uint32_t seen; /**< the snapshot that last told of it */
	uint8_t list;  /**< which list of exited processes it is on */
	uint8_t probe; /**< enum probe; children have their parent's */
	bool used;
	bool first; /**< of its container */
	struct stdio stdio;
};

struct process_tree;

struct process_tree_config {
	uint32_t max_processes; /**< living and remembered */
	uint32_t text_bytes;    /**< for their strings, all together */
	uint32_t remember_s;    /**< how long a childless process is kept after its end */
};

/** @return 0 or -ENOMEM */
MUST_CHECK int process_tree_new(const struct process_tree_config *c, struct process_tree **ret,
				struct err *e);
void process_tree_free(struct process_tree *t);

/** Takes what an event says about processes: EXEC, FORK, EXIT, CAPSET, DUP, STDIO; others change nothing. */
void process_tree_event(struct process_tree *t, const struct event *v);
/** Notes that it is the first of its container, whatever its number there. */
void process_tree_set_first(struct process_tree *t, struct process_key k);
/** Notes which probe a process is, for it and the children it will have. */
void process_tree_set_probe(struct process_tree *t, struct process_key k, uint8_t probe);
/** Forgets what exited long enough ago. @param now_ns event time */
void process_tree_expire(struct process_tree *t, uint64_t now_ns);

/**
 * Between these two, every living process is told as a replayed exec; those that were not told and began before are
 * taken as exited. @param now_ns event time when the snapshot began
 */
void process_tree_snapshot_begin(struct process_tree *t);
void process_tree_snapshot_end(struct process_tree *t, uint64_t now_ns);

/** The record, exited ones included; NULL when it was never seen or is forgotten. Lives until the next change of the tree. */
const struct process *process_tree_find(const struct process_tree *t, struct process_key k);
/** The living process with that number, or NULL. */
const struct process *process_tree_living(const struct process_tree *t, uint32_t pid);
/** The parent's record, or NULL. */
const struct process *process_tree_parent(const struct process_tree *t, const struct process *p);
/** What it runs, or NULL. Its strings are read with program_comm() and its like. */
const struct program *process_tree_program(const struct process_tree *t, const struct process *p);

/** What a process and its nearest ancestors ran at a time, whatever they have done since. */
struct process_past {
	uint32_t count;
	struct process_link of[PROCESS_PAST];
	uint32_t programs[PROCESS_PAST]; /**< PROGRAM_NONE: not known */
};

/** Keeps what they run now, until it is released. Programs are bounded like processes: keep few. @param p NULL: nobody */
void process_tree_keep(struct process_tree *t, const struct process *p, struct process_past *ret);
/** Has them run that again and keeps what they run now: to be asked of that time; once more when that is done. */
void process_tree_exchange(struct process_tree *t, struct process_past *past);
void process_tree_release(struct process_tree *t, struct process_past *past);
/** What the process itself ran, or NULL. */
const struct program *process_tree_past_program(const struct process_tree *t,
						const struct process_past *past);

const struct program_table *process_tree_programs(const struct process_tree *t);

struct process_tree_stats {
	size_t processes;  /**< living */
	size_t exited;     /**< remembered */
	uint64_t evicted;  /**< forgotten before their time */
	uint64_t refused;  /**< living ones there was no place for */
	uint64_t cut;      /**< programs whose strings were shortened for want of memory */
	size_t text_bytes; /**< in use */
};
void process_tree_stats(const struct process_tree *t, struct process_tree_stats *ret);

#endif

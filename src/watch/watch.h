/** @file
 * Events to alerts: identity, process tree, rules, folding. The room's front; the agent needs no other header of it.
 *
 * Memory is fixed by the configuration. One thread; nothing blocks. Every loss is counted by its cause.
 */
#ifndef SKEP_WATCH_WATCH_H
#define SKEP_WATCH_WATCH_H

#include "asset/asset.h"
#include "model/alert.h"
#include "policy/program.h"
#include "watch/hashes.h"
#include "watch/usage.h"

struct watch_config {
	size_t max_processes; /**< living and remembered; 0: 16,384 */
	size_t max_held;      /**< events waiting for their container's identity; 0: 4,096 */
	uint32_t hold_ms;     /**< and for how long; 0: 200 */
	uint32_t fold_s;      /**< equal alerts within this time become one with a count; 0: 60 */
	uint32_t usage_interval_ms; /**< how often USAGE events are made; 0: 10,000 */
	bool no_folding;            /**< every alert is told by itself */
	bool all_rules; /**< an event may raise an alert for each rule that holds, not only the first */
	uint32_t remember_s; /**< how long childless processes that exited are kept; 0: 10 */
	size_t text_bytes;   /**< for names, paths and arguments of processes; 0: 8 MiB */
	hash_asker hash;     /**< reads files for rules that ask for their hashes; may be NULL */
	void *hash_ctx;
	usage_reader usage; /**< reads a container's control group for USAGE events; may be NULL */
	void *usage_ctx;
	struct siphash_key key; /**< for tables that who is watched must not know; may be zeros */
};

struct watch;

typedef void (*watch_alert_handler)(void *ctx, const struct alert *a);

/**
 * @param asset,program must outlive the watch
 * @return 0, -ENOMEM, -ENOBUFS, -EBADMSG (a rule's output is malformed)
 */
MUST_CHECK int watch_new(const struct watch_config *c, struct asset *asset,
			 const struct policy_program *program, watch_alert_handler on_alert,
			 void *ctx, struct watch **ret, struct err *e);
void watch_free(struct watch *w);

/**
 * Takes an event and judges what can be judged now, held events included. Shaped as sensor_handler. What the event says of
 * control groups is for the caller to tell asset, before when one was made and after when one is gone.
 */
void watch_event(void *w, const struct event *v);
/**
 * Takes an answer to a question that went to config.hash: the events that wait for it are judged. What the process and its
 * nearest ancestors ran is kept as it was; what else is known of process and container is as of now.
 */
void watch_hashed(void *w, const struct hash_answer *a);
/** Names are known that accounts_pending() spoke of: the events that wait for them are judged, as watch_hashed() does. */
void watch_named(void *w, uint64_t pending);
/**
 * Lets time pass: releases held events, flushes folded alerts, makes USAGE events. Call at least every 50 ms.
 * @param now_ns CLOCK_REALTIME, as events' times
 */
void watch_tick(struct watch *w, uint64_t now_ns);
/** Shaped as asset_handler. */
void watch_container(void *w, const struct container *c, bool started, bool stopped);
/**
 * Between these two the sensor tells every process that runs, as replayed events; what was not told is taken as gone. For the
 * start and after a loss of process events.
 */
void watch_snapshot_begin(struct watch *w);
void watch_snapshot_end(struct watch *w);
/** Changes the rules; state is kept. The old program may go after it. @return as watch_new(), then nothing has changed */
MUST_CHECK int watch_set_program(struct watch *w, const struct policy_program *program,
				 struct err *e);

/** Called for each event judged, before its alerts: for `skep monitor` and recordings. May be NULL. */
typedef void (*watch_tap)(void *ctx, const struct policy_target *t, const struct event *v);
void watch_set_tap(struct watch *w, watch_tap tap, void *ctx);

struct watch_stats {
	uint64_t events, alerts, folded, held, held_timeout, unknown_verdicts;
	uint64_t evicted_processes;
	size_t processes, processes_exited;
	uint64_t held_early;        /**< judged with UNKNOWN because too many were held */
	uint64_t refused_processes; /**< not remembered: only living ones filled the tree */
	uint64_t cut_texts;         /**< programs whose strings were shortened for want of memory */
	uint64_t unknown_process;   /**< judged without the process's record */
	uint64_t uncounted;         /**< not in their container's usage: no room for another one */
	uint64_t replayed;
	uint64_t awaited;                  /**< judged when a file's hash had come, or late */
	uint64_t unhashed[HASH_GAP_COUNT]; /**< judged without one that a rule asked for */
	str unhashed_path; /**< of the last such program; lives until the next event */
};
void watch_stats(const struct watch *w, struct watch_stats *ret);
/** What rules and checks cost so far; see policy_costs(). */
struct policy_run *watch_run(struct watch *w);

#endif

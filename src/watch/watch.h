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

struct watch_config {
	size_t max_processes; /**< living and remembered; 0: 32,768 */
	size_t max_held;      /**< events waiting for their container's identity; 0: 4,096 */
	uint32_t hold_ms;     /**< and for how long; 0: 200 */
	uint32_t fold_s;      /**< equal alerts within this time become one with a count; 0: 60 */
	uint32_t usage_interval_ms; /**< how often USAGE events are made; 0: 10,000 */
	bool no_folding;            /**< every alert is told by itself */
	bool all_rules; /**< an event may raise an alert for each rule that holds, not only the first */
};

struct watch;

typedef void (*watch_alert_handler)(void *ctx, const struct alert *a);

/** @param asset,program must outlive the watch */
MUST_CHECK int watch_new(const struct watch_config *c, struct asset *asset,
			 const struct policy_program *program, watch_alert_handler on_alert,
			 void *ctx, struct watch **ret, struct err *e);
void watch_free(struct watch *w);

/** Takes an event, held events included judges what can be judged now. Shaped as sensor_handler. */
void watch_event(void *w, const struct event *v);
/** Lets time pass: releases held events, flushes folded alerts, makes USAGE events. Call at least every 50 ms. */
void watch_tick(struct watch *w, uint64_t now_ns);
/** Shaped as asset_handler. */
void watch_container(void *w, const struct container *c, bool started, bool stopped);
/** Changes the rules; state is kept. */
MUST_CHECK int watch_set_program(struct watch *w, const struct policy_program *program,
				 struct err *e);

/** Called for each event judged, before its rules: for `skep monitor` and recordings. May be NULL. */
typedef void (*watch_tap)(void *ctx, const struct policy_target *t, const struct event *v);
void watch_set_tap(struct watch *w, watch_tap tap, void *ctx);

struct watch_stats {
	uint64_t events, alerts, folded, held, held_timeout, unknown_verdicts;
	uint64_t evicted_processes;
	size_t processes, processes_exited;
};
void watch_stats(const struct watch *w, struct watch_stats *ret);
/** What rules and checks cost so far; see policy_costs(). */
struct policy_run *watch_run(struct watch *w);

#endif

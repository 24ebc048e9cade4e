/** @file
 * The running console: what its loop, its threads and its doors share. Made by console_run() in server.c; the other files of
 * this folder are its parts.
 */
#ifndef SKEP_CONSOLE_SERVER_SERVER_H
#define SKEP_CONSOLE_SERVER_SERVER_H

#include <stdatomic.h>

#include "console/api/risk_keep.h"
#include "console/access/access.h"
#include "console/access/sign_in_config.h"
#include "console/api/dispatch.h"
#include "console/console.h"
#include "console/notify/service.h"
#include "console/registry/registry_service.h"
#include "console/server/agent_door.h"
#include "console/server/clockwork.h"
#include "console/server/hub.h"
#include "console/server/replica.h"
#include "console/server/web_pages.h"
#include "console/server/worker_pool.h"
#include "console/store/store_health.h"

struct server {
	const struct console_options *o;
	const char *where;           /**< of the store */
	struct series_index *series; /**< all its stores' */
	struct store_health *health; /**< all its stores' */
	char tls_folder[4096];
	struct proxies proxies;
	struct tls_server *tls;
	struct buf authority; /**< of agents' certificates, PEM */
	struct http_server *http;
	struct worker_pool *pool;
	struct hub *hub;
	struct agent_door *agents;
	struct clockwork *clock;
	struct risk_round risks;    /**< the clock's thread's */
	uint64_t repacked;          /**< counters of alerts; the clock's thread's */
	struct clockwork *fetching; /**< a thread of its own: peers may be slow */
	struct networks feed_reach;
	char feed_folder[4096];
	atomic_bool is_over;     /**< asked by threads that wait for others */
	struct replica *replica; /**< NULL: SQLite */
	struct arena sign_in_memory;
	struct sign_in_config sign_in; /**< in sign_in_memory */
	struct access access;
	struct api api;
	struct notify_service *notify;
	struct registry_service *registries;
	char address[512]; /**< for links in notifications */
	struct web_pages pages;
	int ui_folder; /**< -1: the pages it carries */
	int signals;
	int folder_lock, store_lock; /**< held all its life; -1: none */
	uint64_t began_ns;
	bool stopping;
	struct console_ready ready;
};

/** Answers what is asked, or has it answered by a worker: the server's on_request. */
void door_open(void *ctx, struct http_server_exchange *x);
/** On a worker's thread: one job made by door_open(). */
void door_work(void *ctx, struct worker *w, void *job);

/** Has a worker call agent_door_do(). @return 0, -EAGAIN */
MUST_CHECK int server_give_errand(struct server *s, void *errand);
/** Sets TLS up, or anew. */
MUST_CHECK int server_load_tls(struct server *s, struct err *e);

/** The same while it serves, as SIGHUP has it: what cannot be read leaves all as it was. @param server a struct server; on the loop's thread */
void server_renew_tls(void *server);

/** Gives up what the console needs no more, before it makes threads: capabilities, places, power over other processes. */
MUST_CHECK int server_confine(const struct server *s, struct err *e);
/** Starts the clock's thread, once the store is prepared. */
MUST_CHECK int server_start_jobs(struct server *s, struct err *e);
/** Pages here and at other replicas hear that @p topic changed; from any thread. */
void server_publish(struct server *s, str topic);
/** Other replicas hear that this agent has commands waiting; from any thread. */
void server_tell_command(struct server *s, const char *agent);
/** Begins to tell alerts to other systems. @return as notify_service_new() */
MUST_CHECK int server_open_notify(struct server *s, struct err *e);

/** Counters for /metrics. */
void server_metrics(struct server *s, struct buf *out);

/** A line for the operator. */
void server_say(const struct server *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif

/** @file
 * The console's side of its agents: everything below /agent/v1 (doc/formats/agent-protocol.md), and what must happen though no agent asks.
 *
 * Agents are hostile until shown otherwise, and one that was taken over may say anything in its own name: what it sends is bounded
 * before it is read, belongs to it alone, and cannot touch what other agents told.
 */
#ifndef SKEP_CONSOLE_FLEET_FLEET_H
#define SKEP_CONSOLE_FLEET_FLEET_H

#include "base/arena.h"
#include "base/err.h"
#include "console/store/store_health.h"
#include "wire/tls_server.h"

struct agent_clocks;
struct fleet;
struct store;

#define FLEET_PATH "/agent/v1/"
#define FLEET_MAX_BODY ((size_t)4 << 20)
/** Budget for the arena of one request; a batch decompressed is in it. */
#define FLEET_ARENA_BYTES ((size_t)96 << 20)

struct fleet_options {
	const char *vulnerability_database; /**< NULL: where db_open() finds one */
	/** what pages show has changed: "alerts", "assets", "findings", "agents"; any thread; may be NULL */
	void (*publish)(void *ctx, const char *topic);
	/** for the operator; any thread; may be NULL */
	void (*say)(void *ctx, const char *line);
	const struct store_health
		*health; /**< who has told of the store's faults already; NULL: nobody */
	/** this agent has commands waiting: call fleet_commands() for its stream soon; any thread; may be NULL */
	void (*on_command)(void *ctx, const char *agent);
	void *ctx;
};

/** What all threads share. @return 0, -ENOMEM */
MUST_CHECK int fleet_new(const struct fleet_options *o, struct fleet **ret, struct err *e);
void fleet_free(struct fleet *f);

/** What Skep-Agent-Protocol may say: this number, and those back to the oldest (doc/formats/agent-protocol.md). */
#define FLEET_PROTOCOL 1
#define FLEET_PROTOCOL_OLDEST 1

struct fleet_request {
	str method, path, query, body;
	str encoding;    /**< Content-Encoding */
	str life;        /**< Skep-Spool */
	str time;        /**< Skep-Time; may be empty */
	str protocol;    /**< Skep-Agent-Protocol */
	str peer;        /**< address */
	int64_t came_ns; /**< CLOCK_REALTIME when all of it was here */
	struct tls_client client;
};

#define FLEET_AGENT_BYTES 24

struct fleet_reply {
	int status;
	const char *type;
	str body;                   /**< lives in the request's arena, or is a literal */
	unsigned int retry_after_s; /**< 0: none */
	bool tells_protocol;        /**< FLEET_PROTOCOL goes with it: the request spoke another */
	/**
	 * The answer does not end: it begins with `body`. From then on fleet_commands() of `agent`, at on_command() and every
	 * 5 s, says what to add; an empty line every 15 s when there is nothing. An agent has one stream: a new one ends the old.
	 */
	bool is_stream;
	char agent[FLEET_AGENT_BYTES];
	int64_t after; /**< for the first fleet_commands() */
};

/** Answers one request on a worker's thread; blocks until what it stores is committed. @param ret always filled */
void fleet_answer(struct fleet *f, struct store *s, struct arena *a, const struct fleet_request *q,
		  struct fleet_reply *ret);

/**
 * Lines for an agent's stream: the commands behind @p after not carried out yet.
 * @param after  moved to the last of them
 * @return 0 (body may be empty), -EACCES the agent was revoked meanwhile: end the stream; -errno of the store
 */
MUST_CHECK int fleet_commands(struct fleet *f, struct store *s, struct arena *a, const char *agent,
			      int64_t *after, str *ret_body, struct err *e);

/**
 * What time brings: silent agents, and those whose clocks are off, become alerts, a new vulnerability database is matched with
 * stored inventories. For the one who leads, every 5 s; does a bounded piece of work each time.
 * @return 1: there is more to do at once, 0, -errno of the store
 */
MUST_CHECK int fleet_tick(struct fleet *f, struct store *s, struct arena *a, struct err *e);
/**
 * Agents' clocks, as the last fleet_tick() found them; any thread.
 * @return whether one was lately, in this process: figures are of the replica that leads
 */
bool fleet_clocks(struct fleet *f, struct agent_clocks *ret);
/** Forgets what is past @p now_ns: tokens, commands, certificates, spools nobody hears of. For the one who leads, each hour. */
MUST_CHECK int fleet_forget(struct store *s, int64_t now_ns, struct err *e);

#endif

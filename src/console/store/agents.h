/** @file
 * Agents: who they are, their certificates, the tokens they join by, how far their spools came, what they are asked to do.
 */
#ifndef SKEP_CONSOLE_STORE_AGENTS_H
#define SKEP_CONSOLE_STORE_AGENTS_H

#include "base/map.h"
#include "codec/join_token.h"
#include "console/store/store.h"

#define AGENT_ID_BYTES 24 /**< "a-" and twelve base32 digits, with a NUL */

enum agent_state { AGENT_ACTIVE = 0, AGENT_REVOKED = 1 };

struct agent {
	str id, name, machine_id, kernel, os, version, address;
	str labels; /**< "key=value,key=value": given with the token */
	str stats;  /**< its last figures: doc/schemas/agent-stats-1.schema.json; may be empty */
	str scan;   /**< the last `scan` record; may be empty */
	enum agent_state state;
	bool ended;  /**< it said that it ends */
	bool silent; /**< it said nothing for the time set (agentSilentSeconds) though it had not ended, and an alert told so */
	int64_t enrolled_ns, seen_ns;
	int64_t certificate_to_s; /**< of the newest */
	int64_t lost;             /**< alerts it lost, as it told */
	int64_t flows_lost;       /**< connections that are missing in what it told, at least */
	bool clock_known;         /**< its last batch said when it was sent */
	bool clock_off; /**< its clock and the console's differ by more than AGENT_CLOCK_LIMIT_MS */
	int64_t clock_ms; /**< how far its clock was ahead of the console's then; negative: behind */
};

/** The setting agentSilentSeconds where nobody changed it. */
#define AGENT_SILENT_NS ((int64_t)60 * 1000000000)

/**
 * A clock is off when two batches in a row say that it differs by more than this from the console's (one may have been held up on
 * its way), and right again when one says that it differs by no more than half of it.
 */
#define AGENT_CLOCK_LIMIT_MS 60000

/* ---- Reading ---- */

/** @return 0, -ENOENT */
MUST_CHECK int agent_get(struct store *s, str id, struct arena *a, struct agent *ret,
			 struct err *e);
/** Agents by id, behind @p after (empty: from the first). @param ret_count at most @p limit */
MUST_CHECK int agent_list(struct store *s, str after, size_t limit, struct arena *a,
			  struct agent **ret, size_t *ret_count, struct err *e);
MUST_CHECK int agent_count(struct store *s, int64_t *ret_all, int64_t *ret_silent, struct err *e);

/* ---- Tokens ---- */

/**
 * Makes a token; its text is shown this once and not stored.
 * @param uses    how many agents may join by it, at least 1
 * @param out     its text is appended
 */
MUST_CHECK int agent_token_new(struct store *s, const uint8_t authority[SHA256_BYTES],
			       int64_t expires_ns, int64_t uses, str labels, str made_by,
			       struct buf *out, int64_t *ret_id, struct err *e);

/* ---- Joining. Inside the caller's transaction. ---- */

struct agent_node {
	str name, machine_id, kernel, os, version, address;
};

/**
 * Uses up one use of a token for a new agent; the same request again yields the same agent.
 * @param request SHA-256 of the certificate request
 * @param ret     the agent's id
 * @return 0, -EACCES: no such token, none left, or expired
 */
MUST_CHECK int agent_join(struct store *s, const uint8_t secret[JOIN_TOKEN_SECRET_BYTES],
			  const uint8_t request[SHA256_BYTES], const struct agent_node *n,
			  char ret[AGENT_ID_BYTES], struct err *e);
MUST_CHECK int agent_certificate_add(struct store *s, str agent, str serial, int64_t to_s,
				     struct err *e);
/** Whether this certificate is this agent's, and the agent not revoked. @return 0, -EACCES */
MUST_CHECK int agent_check(struct store *s, str agent, str serial, struct err *e);

/** Its certificates are refused from the next request on. @return 0, -ENOENT */
MUST_CHECK int agent_revoke(struct store *s, str agent, struct err *e);
/** Forgets it and all it was asked; what it told stays. Revokes as well. @return 0, -ENOENT */
MUST_CHECK int agent_delete(struct store *s, str agent, struct err *e);

/* ---- What it tells. Inside the caller's transaction. ---- */

/** It was heard of now. @param clock_ms how far its clock is ahead of the console's; NULL: it does not say */
MUST_CHECK int agent_seen(struct store *s, str agent, str address, const int64_t *clock_ms,
			  struct err *e);
/** A day in slots of five minutes: what an agent cost is kept for each. */
#define AGENT_COST_SLOT_NS ((int64_t)300 * 1000000000)
#define AGENT_COST_SLOTS 288

/** What an agent cost and did within a slot. */
struct agent_cost {
	int64_t start_ns; /**< of the slot */
	int64_t ms;       /**< of which something is known */
	int64_t cpu_ms;   /**< of processors, within these */
	int64_t memory;   /**< bytes, the most */
	int64_t events, lost;
};

/** Adds what was since the last time to the slot of @p now_ns; that of the day before gives way. `start_ns` is not read. */
MUST_CHECK int agent_cost_add(struct store *s, str agent, const struct agent_cost *x,
			      int64_t now_ns, struct err *e);
/** The slots of the last day, the oldest first; those without anything known are left out. @param ret AGENT_COST_SLOTS */
MUST_CHECK int agent_cost_list(struct store *s, str agent, int64_t now_ns, struct agent_cost *ret,
			       size_t *ret_count, struct err *e);
/**
 * What each agent cost in the last hour, as far as it is known.
 *
 * @param ret ids to struct agent_cost, of which `ms` and `cpu_ms` alone are set; @p a owns it
 */
MUST_CHECK int agent_cost_hour(struct store *s, int64_t now_ns, struct arena *a, struct map *ret,
			       struct err *e);

/** @param doc one JSON object */
MUST_CHECK int agent_set_stats(struct store *s, str agent, str doc, struct err *e);
MUST_CHECK int agent_set_scan(struct store *s, str agent, str doc, struct err *e);
MUST_CHECK int agent_set_node(struct store *s, str agent, const struct agent_node *n,
			      struct err *e);
MUST_CHECK int agent_add_lost(struct store *s, str agent, int64_t count, struct err *e);
MUST_CHECK int agent_add_flows_lost(struct store *s, str agent, int64_t count, struct err *e);
MUST_CHECK int agent_set_ended(struct store *s, str agent, struct err *e);

/**
 * A look at all of a kind began, and later ended: what it did not show is to be marked as gone.
 * @param ret when it began; 0: nobody said so
 */
MUST_CHECK int agent_look_begin(struct store *s, str agent, str kind, int64_t now_ns,
				struct err *e);
MUST_CHECK int agent_look_end(struct store *s, str agent, str kind, int64_t *ret, struct err *e);

/* ---- Commands ---- */

struct agent_command {
	int64_t id, made_ns, done_ns; /**< done_ns 0: it is not */
	str kind, members;            /**< members: JSON members behind a comma, or empty */
	bool ok;
	str message;
};

#define AGENT_COMMAND_LIFE_NS ((int64_t)24 * 3600 * 1000000000)

/** @param members `"image":"sha256:..."`; empty: none. An equal one that waits already is enough,
 * unless it is one of rules and others came after it. */
MUST_CHECK int agent_command_add(struct store *s, str agent, const char *kind, str members,
				 int64_t *ret_id, struct err *e);
/** Those behind @p after that are neither done nor too old, oldest first. */
MUST_CHECK int agent_command_waiting(struct store *s, str agent, int64_t after, size_t limit,
				     struct arena *a, struct agent_command **ret, size_t *ret_count,
				     struct err *e);
MUST_CHECK int agent_command_done(struct store *s, str agent, int64_t id, bool ok, str message,
				  struct err *e);

/* ---- Time ---- */

/** Those who fell silent and were not told of yet; marks them as told. Makes its own transaction. */
MUST_CHECK int agent_take_silent(struct store *s, int64_t now_ns, struct arena *a,
				 struct agent **ret, size_t *ret_count, struct err *e);
/** Those whose clocks are off and were not told of yet; marks them as told. Makes its own transaction. */
MUST_CHECK int agent_take_clocks_off(struct store *s, struct arena *a, struct agent **ret,
				     size_t *ret_count, struct err *e);

/** The clocks of agents that report. */
struct agent_clocks {
	int64_t known, off; /**< how many say what their clock is, and whose is off */
	int64_t most_ms;    /**< by which one differs from the console's, either way */
};

MUST_CHECK int agent_clocks(struct store *s, struct agent_clocks *ret, struct err *e);
/** Forgets commands, tokens and certificates of the past. Makes its own transaction. */
MUST_CHECK int agent_forget_past(struct store *s, int64_t now_ns, struct err *e);

#endif

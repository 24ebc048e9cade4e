/** @file
 * One request to one answer: finds the route, knows the caller, checks what was sent, runs the handler, writes the audit
 * log and makes a problem of what went wrong.
 *
 * Requests are hostile. Whatever they hold, what comes back is the route's answer or problem+json, and no handler runs
 * before the caller was found to hold the route's permission and the request to be what the route takes.
 */
#ifndef SKEP_CONSOLE_API_DISPATCH_H
#define SKEP_CONSOLE_API_DISPATCH_H

#include "base/translation.h"
#include "console/api/call.h"
#include "console/api/limiter.h"
#include "console/store/store_health.h"

#define API_MAX_BODY ((size_t)4 << 20)

/** What the dispatcher asks of the rooms below it; the console's own are api_doors. */
struct api_doors {
	/**
	 * Finds out who asks, from the cookie or the Authorization header, into c->who (its scope is set later).
	 *
	 * @return 0 (CALLER_NONE without credentials), -EACCES: these credentials are not, or no longer, good
	 */
	int (*identify)(struct call *c, struct err *e);
	/** Appends an entry about the call to the audit log. @param result  "done", or the code of the problem */
	int (*audit)(struct call *c, const char *result, struct err *e);
	int (*begin)(struct store *s, struct err *e);
	int (*commit)(struct store *s, struct err *e); /**< -EAGAIN: all of it must be done again */
	void (*rollback)(struct store *s);
};

/** Those of the console: sessions and tokens of access, the store's audit log and transactions. They need api.access. */
extern const struct api_doors api_doors;

/** What all workers share; constant while they run. */
struct api {
	const struct api_doors *doors;
	struct access *access; /**< for sessions, passwords and tokens; any thread may use it */
	struct notify_service *notify; /**< for where alerts are told; any thread may use it */
	struct registry_service
		*registries;          /**< for registries' passwords; any thread may use it */
	struct limiter *by_address;   /**< NULL: no limit */
	struct limiter *by_user;      /**< NULL: no limit */
	const struct translation *zh; /**< NULL: English only */
	/** takes a line about a failure of ours, from any thread; may be NULL */
	void (*log)(void *ctx, const char *line);
	const struct store_health
		*health; /**< who has told of the store's faults already; NULL: nobody */
	/** tells pages that what they show has changed: "alerts", "assets", ..., from any thread; may be NULL */
	void (*publish)(void *ctx, const char *topic);
	void *ctx;
	const char *database; /**< path of the vulnerability database; NULL: none */
};

/**
 * Answers one request.
 *
 * @param s    NULL: the database is away, which is said
 * @param a    owns the answer; a budget of API_MAX_BODY * 16 serves any request
 * @param ret  always filled
 */
void api_answer(const struct api *api, struct store *s, struct arena *a,
		const struct api_request *r, struct api_reply *ret);

#endif

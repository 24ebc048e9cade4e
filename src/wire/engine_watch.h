/** @file
 * Follows a Docker Engine (or Podman's same door): the containers it has and what becomes of them, as it happens.
 *
 * Never blocks. The engine may be absent, restart, hang or lie: answers and events are bounded in size and time, the
 * connection is made again with growing pauses (0.1 s to 10 s), and after each connection, and every minute, the list of
 * containers is read anew, so that nothing is missed. Of a list some hundred containers are asked for at a time, in the
 * order of their ids, then it is read again for the next: however many there are, each is asked for, in fixed memory.
 */
#ifndef SKEP_WIRE_ENGINE_WATCH_H
#define SKEP_WIRE_ENGINE_WATCH_H

#include "codec/value.h"
#include "wire/engine.h"
#include "wire/http_flow.h"

struct engine_watch;

/** Called from http_flows_work() and engine_watch_tick(); must not free the watch. */
struct engine_watch_calls {
	/** The description of a container (GET /containers/ID/json), asked for because it runs, began or changed. */
	void (*on_container)(void *ctx, enum engine_kind kind, const struct value *inspect);
	/** A container's life: "create", "start", "die", "destroy", "rename", "update". */
	void (*on_event)(void *ctx, enum engine_kind kind, str action, str id);
	void *ctx;
};

/** Errors as engine_new(). @param flows must outlive it and be driven by the caller */
MUST_CHECK int engine_watch_new(enum engine_kind kind, const char *host, struct http_flows *flows,
				const struct engine_watch_calls *calls, struct engine_watch **ret,
				struct err *e);
void engine_watch_free(struct engine_watch *w);

/** Lets time pass: connects, reads the list again. Call it about every second, and after http_flows_work(). */
void engine_watch_tick(struct engine_watch *w, uint64_t now_ns);
/** Asks for one container's description. An id that is none is not asked for. */
void engine_watch_ask(struct engine_watch *w, str id);

struct engine_watch_state {
	bool is_up;      /**< it answers */
	bool is_settled; /**< it is away, or has told all it was asked for */
	/** broken, late or oversized answers and lost connections; absence is none */
	uint64_t errors;
};
void engine_watch_state(const struct engine_watch *w, struct engine_watch_state *ret);

#endif

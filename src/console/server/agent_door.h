/** @file
 * Agents at the door: their requests to console/fleet, and their streams of commands. Belongs to the loop's thread but for
 * agent_door_answer(), agent_door_do() and agent_door_hurry().
 */
#ifndef SKEP_CONSOLE_SERVER_AGENT_DOOR_H
#define SKEP_CONSOLE_SERVER_AGENT_DOOR_H

#include "console/fleet/fleet.h"
#include "console/server/worker_pool.h"
#include "wire/http_server.h"

struct server;
struct agent_door;

/** @return 0, -ENOMEM */
MUST_CHECK int agent_door_new(struct server *s, struct agent_door **ret, struct err *e);
/** After the workers and the server are gone. */
void agent_door_free(struct agent_door *d);

/** On a worker's thread: answers a request. @param came_ns  CLOCK_REALTIME when all of it was here */
void agent_door_answer(struct agent_door *d, struct worker *w, const struct http_server_request *q,
		       int64_t came_ns, struct fleet_reply *ret);
/** Begins a stream of commands as the answer; a stream the agent has already ends. */
void agent_door_open(struct agent_door *d, struct http_server_exchange *x,
		     const struct http_server_reply *r, const char *agent, int64_t after);
/** Does what is due. @return milliseconds until something is due again */
int agent_door_work(struct agent_door *d);

/** On a worker's thread: what agent_door_work() gave it to do. */
void agent_door_do(struct agent_door *d, struct worker *w, void *errand);
/** From any thread: this agent has commands waiting. */
void agent_door_hurry(struct agent_door *d, str agent);
struct fleet *agent_door_fleet(const struct agent_door *d);

#endif

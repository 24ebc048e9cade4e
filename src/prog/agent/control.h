/** @file
 * The agent's control socket: who may connect (root, and the agent's own user) is sent the statistics, one document of
 * doc/schemas/agent-stats-1.schema.json a line, once a second. For `skep agent top`.
 */
#ifndef SKEP_PROG_AGENT_CONTROL_H
#define SKEP_PROG_AGENT_CONTROL_H

#include "base/err.h"
#include "base/str.h"

struct control;

/**
 * Listens at @p path, whose folder is made when it is missing; a socket left by an agent that is gone is replaced.
 * @return 0, -EADDRINUSE another agent listens there, -errno
 */
MUST_CHECK int control_new(const char *path, struct control **ret, struct err *e);
/** Removes the socket. */
void control_free(struct control *c);

/** The folder the socket stands in. */
const char *control_folder(const struct control *c);
/** Readable when somebody connects. */
int control_fd(const struct control *c);
/** Lets in who waits. */
void control_accept(struct control *c);
/** Whether anybody is there to be told. */
bool control_is_heard(const struct control *c);
/** Sends a line to all; who does not read is let go. */
void control_tell(struct control *c, str line);

#endif

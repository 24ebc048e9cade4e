/** @file
 * One authority for all replicas: the one in the store. A console that has another in its state folder (it made it before it knew of the
 * store's) takes the store's.
 */
#ifndef SKEP_CONSOLE_SERVER_AGENT_AUTHORITY_H
#define SKEP_CONSOLE_SERVER_AGENT_AUTHORITY_H

#include "base/err.h"

struct server;

/** Once the store is prepared and TLS set up; sets TLS up anew where the authority is another. */
MUST_CHECK int agent_authority_share(struct server *s, struct err *e);
/** Makes a token for one agent, into s->ready. */
MUST_CHECK int agent_authority_token(struct server *s, struct err *e);

#endif

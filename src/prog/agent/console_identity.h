/** @file
 * Who the agent is to its console: enrolment by a token, the certificate, its renewal (doc/formats/agent-protocol.md).
 *
 * Never blocks. What it holds lies in STATE/agent: `ca.pem` (who the console is), `identity.pem` (certificate and key),
 * `token` (SHA-256 of the token they came by), and `request.pem` while enrolling. Each is replaced whole, the certificate last, so a
 * process may end at any point: the same request is sent again, and the console answers it again.
 */
#ifndef SKEP_PROG_AGENT_CONSOLE_IDENTITY_H
#define SKEP_PROG_AGENT_CONSOLE_IDENTITY_H

#include "wire/http_flow.h"

struct console_identity;

struct console_identity_config {
	const char *url;     /**< of the console, without a slash at its end; must outlive it */
	const char *token;   /**< NULL: none */
	const char *state;   /**< the folder STATE */
	const char *ca_file; /**< trusted instead of the token's authority; NULL: that one */
	const char *root;    /**< the host's; NULL: "/" */
	struct http_flows *flows;
	/** why it does not get on; empty: it does */
	void (*on_trouble)(void *ctx, const char *why);
	void *ctx;
};

/** Whether something is kept in @p state that an agent without a token may be known by. @return 0, -EINVAL */
MUST_CHECK int console_identity_check(const char *state, struct err *e);
/** @return 0; -EINVAL (the token is none; neither token nor certificate is there), -errno of the files */
MUST_CHECK int console_identity_new(const struct console_identity_config *c,
				    struct console_identity **ret, struct err *e);
void console_identity_free(struct console_identity *i);

/** Enrols, renews. Call it about every second. */
void console_identity_tick(struct console_identity *i, uint64_t now_ns);
/** What to reach the console with; NULL: not yet. */
const struct http_options *console_identity_http(const struct console_identity *i);
/** Renews now. */
void console_identity_renew(struct console_identity *i);

#endif

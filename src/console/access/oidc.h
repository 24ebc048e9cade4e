/** @file
 * Signing in at an OpenID Connect provider: authorization code flow with PKCE (OpenID Connect Core 1.0 section 3.1,
 * RFC 7636), endpoints and keys from the provider's discovery document.
 *
 * What a sign-in under way has to remember (state, nonce, PKCE verifier) is made from one secret that the browser holds in
 * a cookie, so nothing is kept here and any replica can finish what another began; who has not got the cookie cannot
 * finish somebody's sign-in, nor have somebody finish theirs. The provider is reached over TLS (in the clear only at a
 * loopback address) with no redirects.
 */
#ifndef SKEP_CONSOLE_ACCESS_OIDC_H
#define SKEP_CONSOLE_ACCESS_OIDC_H

#include "console/access/session.h"
#include "console/store/users.h"

struct oidc_options {
	const char *issuer; /**< "https://id.example/realms/a", as the provider writes it */
	const char *client_id;
	const char *client_secret; /**< NULL: a public client */
	const char *
		redirect; /**< of this console: "https://console.example/api/v1/session/oidc/callback" */
	const char *scope;        /**< NULL: "openid profile email groups" */
	const char *name_claim;   /**< NULL: "preferred_username" */
	const char *groups_claim; /**< NULL: "groups" */
	const char *ca_file;      /**< of the provider's certificate; NULL: the system's */
	unsigned int timeout_s;   /**< 0: 10 */
};

/**
 * Begins: where to send the browser, and what to give it to keep.
 *
 * @return 0; -EOPNOTSUPP no provider is set up; -EHOSTUNREACH, -ETIMEDOUT, -EPROTO the provider's fault; -ENOBUFS, -EIO
 */
MUST_CHECK int oidc_begin(struct access *a, char ret_secret[SECRET_TEXT_BYTES], struct buf *ret_url,
			  struct err *e);

/**
 * Ends: trades the code for a token, checks it, and finds or makes the user (roles by groups, as of a directory).
 *
 * @param secret what oidc_begin() gave the browser
 * @param code, state of the callback's query
 * @return 0; -EACCES (state, token, no role); as oidc_begin(); or the store's
 */
MUST_CHECK int oidc_end(struct access *a, struct sql *s, str secret, str code, str state,
			int64_t now_ns, struct arena *arena, struct user *ret, struct err *e);

#endif

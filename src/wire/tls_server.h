/** @file
 * TLS as the server: certificates shown, and those that clients show, verified (RFC 5246, RFC 8446; TLS 1.2 and later, forward
 * secrecy only). What a connection does is in wire/tls.h.
 */
#ifndef SKEP_WIRE_TLS_SERVER_H
#define SKEP_WIRE_TLS_SERVER_H

#include "codec/certificate.h"
#include "wire/tls.h"

struct tls_server;

struct tls_server_options {
	str certificate; /**< PEM: the server's, then those between it and its authority */
	str key;         /**< PEM, without a password */
	/** PEM: who may vouch for clients. A certificate none of them signed is refused; no certificate is not. Empty: none asked for */
	str client_authorities;
};

/** Whose certificate was shown and verified. */
struct tls_client {
	char subject[CERTIFICATE_SUBJECT_BYTES]; /**< its common name; empty: none was shown */
	char serial[CERTIFICATE_SERIAL_BYTES];   /**< lower-case hex */
	int64_t to_s;                            /**< the certificate's last second, since 1970 */
};

/** @return 0, -EINVAL (no certificate, no key, not the certificate's key), -ENOMEM */
MUST_CHECK int tls_server_new(const struct tls_server_options *o, struct tls_server **ret,
			      struct err *e);
void tls_server_free(struct tls_server *s);
/** The same with other certificates, for connections from now on; after an error the old ones stay. */
MUST_CHECK int tls_server_reload(struct tls_server *s, const struct tls_server_options *o,
				 struct err *e);

/** @param fd accepted and non-blocking; stays the caller's @return 0 (go on with tls_handshake()), -ENOMEM */
MUST_CHECK int tls_server_accept(struct tls_server *s, int fd, struct tls **ret, struct err *e);
/** After the handshake. */
void tls_server_client(const struct tls *t, struct tls_client *ret);

#endif

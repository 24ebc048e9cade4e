/** @file
 * TLS over a socket that does not block. With wire/tls_server.h the only modules that know OpenSSL's TLS.
 *
 * TLS 1.2 and later; a server's certificate is verified against its name or address (RFC 5280, RFC 6125).
 */
#ifndef SKEP_WIRE_TLS_H
#define SKEP_WIRE_TLS_H

#include "base/err.h"
#include "base/str.h"

struct tls_context;
struct tls;

struct tls_options {
	/** authorities trusted instead of the system's, PEM; NULL: the system's */
	const char *ca_file;
	const char *client_cert; /**< PEM, shown to the peer; NULL: none */
	const char *client_key;  /**< NULL: it is in client_cert */
};

/** Reads the files named. @return 0, -EINVAL (a file is none of that kind; the sentence says which), -ENOMEM */
MUST_CHECK int tls_context_new(const struct tls_options *o, struct tls_context **ret,
			       struct err *e);
void tls_context_free(struct tls_context *c);

/** @param fd connected and non-blocking; stays the caller's @param host a name or an address @return 0, -ENOMEM */
MUST_CHECK int tls_new(struct tls_context *c, int fd, const char *host, struct tls **ret,
		       struct err *e);
/** Tells the peer goodbye if that can be said at once. */
void tls_free(struct tls *t);

/** @return 0 when done, -EAGAIN (poll for tls_events()), -EACCES (the certificate), -EPROTO */
MUST_CHECK int tls_handshake(struct tls *t, struct err *e);
/** @return bytes written, -EAGAIN, -EPROTO, -EPIPE. After -EAGAIN the same bytes must be offered again. */
MUST_CHECK ssize_t tls_write(struct tls *t, str bytes, struct err *e);
/** @return bytes read, 0 at the peer's end, -EAGAIN, -EPROTO */
MUST_CHECK ssize_t tls_read(struct tls *t, char *room, size_t n, struct err *e);
/** What the last -EAGAIN waits for: POLLIN or POLLOUT. */
short tls_events(const struct tls *t);

#endif

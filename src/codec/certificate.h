/** @file
 * X.509 certificates (RFC 5280), their keys (PKCS #8) and requests for them (PKCS #10, RFC 2986): made, read, signed. No I/O:
 * everything goes in and out as PEM (RFC 7468).
 *
 * Keys are P-256, which every peer takes. Certificates and requests come from peers and are hostile; of a request nothing is
 * believed but the key, and that only as its signature shows the peer holds it.
 */
#ifndef SKEP_CODEC_CERTIFICATE_H
#define SKEP_CODEC_CERTIFICATE_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/digest.h"

/** Longer texts are refused before they are looked at. */
#define CERTIFICATE_MAX_BYTES 262144
#define CERTIFICATE_SUBJECT_BYTES 65 /**< a common name (at most 64 bytes) with a NUL */
#define CERTIFICATE_SERIAL_BYTES 41  /**< 20 bytes in lower-case hex with a NUL */
#define CERTIFICATE_MAX_NAMES 64

struct certificate;
struct certificate_key;

enum certificate_purpose {
	CERTIFICATE_AUTHORITY, /**< signs others, which sign none */
	CERTIFICATE_SERVER,
	CERTIFICATE_CLIENT,
};

/** What a new certificate is to say. */
struct certificate_wish {
	enum certificate_purpose purpose;
	const char *subject;      /**< common name: 1 to 64 bytes of UTF-8 */
	const char *const *names; /**< DNS names and addresses the server is called by */
	size_t name_count;        /**< at most CERTIFICATE_MAX_NAMES */
	int64_t from_s, to_s;     /**< valid between these, seconds since 1970 */
};

/** What one says. */
struct certificate_facts {
	char subject
		[CERTIFICATE_SUBJECT_BYTES]; /**< the common name; empty: none, or none that is text without control characters */
	char serial
		[CERTIFICATE_SERIAL_BYTES]; /**< lower-case hex, no leading "00"; empty: longer than 20 bytes */
	uint8_t digest[SHA256_BYTES]; /**< SHA-256 of the certificate in DER */
	int64_t from_s, to_s;         /**< seconds since 1970 */
	bool is_authority;
};

/** @return 0, -ENOMEM */
MUST_CHECK int certificate_key_generate(struct certificate_key **ret, struct err *e);
/** Reads a private key in PEM, not encrypted. @return 0, -EBADMSG, -E2BIG */
MUST_CHECK int certificate_key_parse(str pem, struct certificate_key **ret, struct err *e);
/** Appends the private key in PEM. @return 0, -ENOMEM */
MUST_CHECK int certificate_key_render(const struct certificate_key *k, struct buf *out,
				      struct err *e);
void certificate_key_free(struct certificate_key *k);

/** Reads the first certificate of a text in PEM. @return 0, -EBADMSG, -E2BIG */
MUST_CHECK int certificate_parse(str pem, struct certificate **ret, struct err *e);
/** The same of one in DER. @return 0, -EBADMSG, -E2BIG */
MUST_CHECK int certificate_parse_der(str der, struct certificate **ret, struct err *e);
void certificate_free(struct certificate *c);
void certificate_read(const struct certificate *c, struct certificate_facts *ret);
/** Whether this is the key of that certificate. */
bool certificate_is_of(const struct certificate *c, const struct certificate_key *k);
/** Whether @p issuer 's key signed @p c. Says nothing of times and purposes. */
bool certificate_is_signed_by(const struct certificate *c, const struct certificate *issuer);

/**
 * Makes a certificate for @p k with a random serial number and appends it in PEM.
 * @param issuer with its key; NULL: the certificate is signed by its own
 * @return 0, -EINVAL (a wish no certificate can say), -ENOMEM
 */
MUST_CHECK int certificate_issue(const struct certificate_wish *w, const struct certificate_key *k,
				 const struct certificate *issuer,
				 const struct certificate_key *issuer_key, struct buf *out,
				 struct err *e);

/** Makes a request for a certificate and appends it in PEM. @return 0, -EINVAL (the subject), -ENOMEM */
MUST_CHECK int certificate_request_make(const struct certificate_key *k, const char *subject,
					struct buf *out, struct err *e);
/**
 * Answers a request: a certificate that says what @p w wishes, for the request's key, appended in PEM.
 * @return 0, -EBADMSG (no request, a signature that is not its key's, a key that is neither P-256, P-384 nor Ed25519), -E2BIG,
 *         -EINVAL (the wish), -ENOMEM
 */
MUST_CHECK int certificate_request_sign(str request, const struct certificate_wish *w,
					const struct certificate *issuer,
					const struct certificate_key *issuer_key, struct buf *out,
					struct err *e);

#endif

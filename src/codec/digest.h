/** @file
 * SHA-256 and its like (FIPS 180-4), MD5 (RFC 1321) and Ed25519 (RFC 8032). The only module that knows libcrypto's primitives.
 */
#ifndef SKEP_CODEC_DIGEST_H
#define SKEP_CODEC_DIGEST_H

#include "base/arena.h"
#include "base/err.h"

#define SHA256_BYTES 32
#define SHA256_HEX 64
/** "sha256:" and 64 hex digits, with a NUL. */
#define DIGEST_TEXT_BYTES 72
#define ED25519_KEY_BYTES 32
#define ED25519_SIGNATURE_BYTES 64

/** A running SHA-256. */
struct sha256;

MUST_CHECK int sha256_new(struct sha256 **ret, struct err *e);
void sha256_free(struct sha256 *s);
void sha256_update(struct sha256 *s, str bytes);
/** Writes the digest and starts anew. */
void sha256_final(struct sha256 *s, uint8_t ret[SHA256_BYTES]);
/** All in one. */
void sha256_of(str bytes, uint8_t ret[SHA256_BYTES]);

/**
 * What files are named by: X(ID, "name", BYTES). By the first two only where others do: files with equal ones are made at will.
 */
#define DIGEST_KINDS(X) \
	X(MD5, "md5", 16) \
	X(SHA1, "sha1", 20) \
	X(SHA256, "sha256", 32) \
	X(SHA512, "sha512", 64)

enum digest_kind {
#define DIGEST_KIND_ENUM(id, name, bytes) DIGEST_##id,
	DIGEST_KINDS(DIGEST_KIND_ENUM)
#undef DIGEST_KIND_ENUM
		DIGEST_KIND_COUNT
};

#define DIGEST_MAX_BYTES 64

size_t digest_bytes(enum digest_kind k);

struct digest_sums {
	uint32_t kinds; /**< bit k: kind k is there */
	uint8_t sum[DIGEST_KIND_COUNT][DIGEST_MAX_BYTES];
};

/** Several digests of the same bytes, running. */
struct digests;

/** @param kinds bits by enum digest_kind; what this host's libcrypto refuses (MD5, under FIPS 140) is left out @return 0, -ENOMEM */
MUST_CHECK int digests_new(uint32_t kinds, struct digests **ret, struct err *e);
void digests_free(struct digests *d);
void digests_update(struct digests *d, str bytes);
/** Writes them and starts anew. */
void digests_final(struct digests *d, struct digest_sums *ret);

/** Writes "sha256:<hex>" and a NUL. */
void digest_render(const uint8_t sum[SHA256_BYTES], char ret[DIGEST_TEXT_BYTES]);
/** Reads "sha256:<64 lower-case hex>". @return 0, or -EBADMSG (other algorithms included) */
MUST_CHECK int digest_parse(str text, uint8_t ret[SHA256_BYTES], struct err *e);

/** Lower-case hex of @p n bytes into @p ret, which holds 2 * n + 1. */
void hex_render(const uint8_t *bytes, size_t n, char *ret);
/**
 * Reads pairs of lower-case hex digits into @p ret, which holds hex.n / 2; a digit left over is not looked at.
 * @return 0, -EBADMSG when one is none: then @p ret holds nothing of use
 */
MUST_CHECK int hex_parse(str hex, uint8_t *ret);

/** @return 0, or -EBADMSG when the signature is not this key's over these bytes */
MUST_CHECK int ed25519_verify(const uint8_t public_key[ED25519_KEY_BYTES], str message,
			      const uint8_t signature[ED25519_SIGNATURE_BYTES], struct err *e);
MUST_CHECK int ed25519_sign(const uint8_t private_seed[ED25519_KEY_BYTES], str message,
			    uint8_t ret_signature[ED25519_SIGNATURE_BYTES], struct err *e);
/** The public half of @p private_seed. */
MUST_CHECK int ed25519_public(const uint8_t private_seed[ED25519_KEY_BYTES],
			      uint8_t ret[ED25519_KEY_BYTES], struct err *e);

#endif

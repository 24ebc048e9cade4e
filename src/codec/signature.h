/** @file
 * Public-key signatures of JSON Web Tokens (RFC 7518 section 3): RS256 and ES256, with keys as a JSON Web Key tells
 * them (section 6). The only module that knows libcrypto's public keys besides Ed25519.
 *
 * Keys and signatures come from outside; a key that is too weak (RSA below 2048 bits) or no point of its curve is
 * refused.
 */
#ifndef SKEP_CODEC_SIGNATURE_H
#define SKEP_CODEC_SIGNATURE_H

#include "base/err.h"
#include "base/str.h"

#define SIGNATURE_MAX_RSA_BYTES 1024 /**< of the modulus: 8192 bits */
#define P256_COORDINATE_BYTES 32

/**
 * RSASSA-PKCS1-v1_5 with SHA-256.
 *
 * @param modulus, exponent big-endian
 * @return 0, -EINVAL (the key), -EBADMSG (the signature is not this key's over these bytes), -ENOMEM
 */
MUST_CHECK int rs256_verify(str modulus, str exponent, str message, str signature, struct err *e);

/**
 * ECDSA on P-256 with SHA-256; the signature is R and S, 32 bytes each.
 *
 * @param x, y of the public point, 32 bytes each
 * @return as rs256_verify()
 */
MUST_CHECK int es256_verify(str x, str y, str message, str signature, struct err *e);

#endif

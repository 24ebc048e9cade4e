/** @file
 * What version.c and its schemes share: the shape of an encoder, and the pieces every key is made of (version_piece.c).
 *
 * An encoder gets a text that is not empty, holds no NUL and at most VERSION_KEY_MAX bytes. It appends to `out`, whose
 * error is latched, and may leave half a key behind when it fails: version_key() takes that back. The keys are
 * documented to the byte in doc/formats/version-keys.md.
 */
#ifndef SKEP_CODEC_VERSION_PRIV_H
#define SKEP_CODEC_VERSION_PRIV_H

#include "codec/version.h"

/** @return 0, or -EBADMSG with a sentence that names the version */
typedef int version_encode_fn(str text, struct buf *out, struct err *e);

MUST_CHECK version_encode_fn version_deb_key;
MUST_CHECK version_encode_fn version_rpm_key;
MUST_CHECK version_encode_fn version_apk_key;
MUST_CHECK version_encode_fn version_pacman_key;
MUST_CHECK version_encode_fn version_semver_key;
MUST_CHECK version_encode_fn version_go_key;
MUST_CHECK version_encode_fn version_pep440_key;
MUST_CHECK version_encode_fn version_gem_key;
MUST_CHECK version_encode_fn version_maven_key;
MUST_CHECK version_encode_fn version_nuget_key;
MUST_CHECK version_encode_fn version_composer_key;
MUST_CHECK version_encode_fn version_generic_key;

static inline bool version_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool version_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool version_is_alpha(char c)
{
	return version_is_lower(c) || (c >= 'A' && c <= 'Z');
}

static inline char version_lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/** The decimal digits at the start of @p s. */
str version_digits(str s);
/** The letters, of either case, at the start of @p s. */
str version_letters(str s);

/**
 * Appends a whole number of any length so that keys order by value: the count of its significant digits (one byte,
 * or 0xff and two bytes from 255 on), then the digits. Zero, with any number of zeros or none, is the count 0 alone.
 */
void version_put_number(struct buf *out, str digits);

void version_put_u32(struct buf *out, uint32_t v);

/** The usual refusal: "SCHEME version 'TEXT': why". @return -EBADMSG */
int version_refuse(struct err *e, enum version_scheme scheme, str text, const char *why);

#endif

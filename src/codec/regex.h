/** @file
 * Regular expressions. The only module that knows PCRE2.
 *
 * The pattern must cover the whole text, '.' matches any byte, and there are neither back references nor look-around: what
 * RE2 takes, PCRE2 is held to. Work is bounded by a match limit; a pattern that would exceed it on some text is "not matched"
 * there and told as such.
 */
#ifndef SKEP_CODEC_REGEX_H
#define SKEP_CODEC_REGEX_H

#include "base/err.h"
#include "base/str.h"

#define REGEX_MAX_PATTERN 4096
#define REGEX_MAX_STEPS 100000 /**< of one match */
#define REGEX_MAX_DEPTH 250

struct regex;
struct regex_scratch;

/**
 * @param ret_at  offset of what is wrong with the pattern, set only on -EBADMSG; may be NULL
 * @return 0, -EBADMSG (malformed, or a feature RE2 has not), -E2BIG (over REGEX_MAX_PATTERN), -ENOMEM
 */
MUST_CHECK int regex_new(str pattern, struct regex **ret, size_t *ret_at, struct err *e);
void regex_free(struct regex *r);

/** What matching needs besides; one for each thread. @return 0 or -ENOMEM */
MUST_CHECK int regex_scratch_new(struct regex_scratch **ret, struct err *e);
void regex_scratch_free(struct regex_scratch *s);

/** @return 1 matched, 0 not, -E2BIG given up at the limit. Allocates nothing. */
int regex_match(const struct regex *r, struct regex_scratch *s, str text);

#endif

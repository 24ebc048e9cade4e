/** @file
 * JSON (RFC 8259) in: a document to a value tree. The only module that knows json-c.
 *
 * Input is hostile. UTF-8 is checked, nesting and memory are bounded, trailing bytes are refused. Stricter than
 * json-c by itself; one leniency of its remains: an object key in single quotes.
 */
#ifndef SKEP_CODEC_JSON_H
#define SKEP_CODEC_JSON_H

#include "base/err.h"
#include "codec/value.h"

#define JSON_MAX_DEPTH 64

/**
 * Parses one document.
 *
 * @param a owns everything below @p ret; strings are copied, @p text may go
 * @return 0, -EBADMSG malformed (with line and column), -ENOBUFS arena budget spent
 */
MUST_CHECK int json_parse(str text, struct arena *a, struct value *ret, struct err *e);
/**
 * The same for what others may read, too, and understand otherwise: keys in single quotes and objects that name a member twice,
 * of which the last counts here and the first elsewhere, are refused.
 */
MUST_CHECK int json_parse_unique(str text, struct arena *a, struct value *ret, struct err *e);

#endif

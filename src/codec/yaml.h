/** @file
 * YAML 1.1 in: one document, or each of a stream, to a value tree. The only module that knows libyaml.
 *
 * Input may be hostile. Nesting, nodes and memory are bounded; aliases are resolved against finished nodes only and
 * each use counts towards the node bound, so that a "billion laughs" document is refused. Tags other than the core
 * schema's are ignored. Plain scalars become null, booleans and numbers by the YAML core schema; quoted ones stay
 * strings; either way the text is kept in value.string.
 */
#ifndef SKEP_CODEC_YAML_H
#define SKEP_CODEC_YAML_H

#include "base/err.h"
#include "codec/value.h"

#define YAML_MAX_DEPTH 64
#define YAML_MAX_NODES 4000000

/**
 * Parses the first document of @p text; further ones are refused.
 *
 * @param a owns everything below @p ret
 * @return 0, -EBADMSG malformed (with line and column), -E2BIG too deep or too many nodes, -ENOBUFS budget spent
 */
MUST_CHECK int yaml_parse(str text, struct arena *a, struct value *ret, struct err *e);

/** Parses every document; @p ret becomes an array of them. Errors as yaml_parse(). */
MUST_CHECK int yaml_parse_all(str text, struct arena *a, struct value *ret, struct err *e);

/** A place in a text, 1-based, columns in characters; zeros: not known. */
struct yaml_place {
	uint32_t line, column;
};

/** The same; @p ret_at says where an error is, whose message then does not. It is set on errors only. */
MUST_CHECK int yaml_parse_all_at(str text, struct arena *a, struct value *ret,
				 struct yaml_place *ret_at, struct err *e);

#endif

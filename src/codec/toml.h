/** @file
 * TOML 1.0 in: a document to a value tree.
 *
 * Input may be hostile: nesting and memory are bounded, a key defined twice is refused. Dates and times stay strings
 * as written. Debian 12 has TOML libraries for C++ only, hence this reader.
 */
#ifndef SKEP_CODEC_TOML_H
#define SKEP_CODEC_TOML_H

#include "base/err.h"
#include "codec/value.h"

#define TOML_MAX_DEPTH 64

/**
 * Parses one document.
 *
 * @param a owns everything below @p ret; strings are copied, @p text may go
 * @return 0, -EBADMSG malformed (with line), -E2BIG too deep, -ENOBUFS arena budget spent
 */
MUST_CHECK int toml_parse(str text, struct arena *a, struct value *ret, struct err *e);

#endif

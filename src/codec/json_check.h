/** @file
 * Whether a text is one JSON document (RFC 8259), without making anything of it: for documents that are stored and shown as they
 * came, by the ten thousand a second.
 */
#ifndef SKEP_CODEC_JSON_CHECK_H
#define SKEP_CODEC_JSON_CHECK_H

#include "base/str.h"

/** As deep as json_parse() goes. */
#define JSON_CHECK_MAX_DEPTH 64

/** Strings are well-formed UTF-8 without control characters; blanks around the document are allowed. */
bool json_check(str text);

#endif

/** @file
 * Cuts a large JSON document into the spans of its top-level members or elements without parsing them, so that a
 * feed of hundreds of megabytes is parsed one record at a time.
 *
 * Input is hostile: brackets are counted, never recursed into. A span is only delimited, not checked; json_parse()
 * judges it.
 */
#ifndef SKEP_CODEC_JSON_SLICE_H
#define SKEP_CODEC_JSON_SLICE_H

#include "base/err.h"
#include "base/str.h"

struct json_slice {
	str rest;
	char close; /**< what ends the container: '}' or ']' */
	bool done;
};

/** Starts on an object or an array. @return 0 or -EBADMSG (neither) */
MUST_CHECK int json_slice_open(str text, struct json_slice *ret, struct err *e);

/**
 * The next member or element.
 *
 * @param ret_key    the key between its quotes, escapes undecoded; empty for an array's elements
 * @param ret_value  never empty
 * @return 1, 0 at the end, -EBADMSG cut off or malformed
 */
MUST_CHECK int json_slice_next(struct json_slice *s, str *ret_key, str *ret_value, struct err *e);

/** The value of the first member called @p key, or the empty span. */
str json_slice_get(str text, str key);

#endif

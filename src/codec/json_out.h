/** @file
 * JSON out: a streaming writer into a buf, indented or compact, that cannot produce an unbalanced document.
 *
 * Strings may hold any bytes: ill-formed UTF-8 becomes U+FFFD, so the output is always valid JSON.
 * Misuse (a value without a key in an object) is our mistake and asserts.
 */
#ifndef SKEP_CODEC_JSON_OUT_H
#define SKEP_CODEC_JSON_OUT_H

#include "base/buf.h"

#define JSON_OUT_MAX_DEPTH 32

struct json_out {
	struct buf *out; /**< where it goes; its latched error is the writer's */
	bool pretty;     /**< two blanks a level and a line an element */
	unsigned int depth;
	bool filled[JSON_OUT_MAX_DEPTH + 1]; /**< the container at that depth has an element */
	bool is_object[JSON_OUT_MAX_DEPTH + 1];
	bool keyed; /**< a key was written and waits for its value */
};

void json_out_init(struct json_out *j, struct buf *out, bool pretty);

void json_object_open(struct json_out *j);
void json_object_close(struct json_out *j);
void json_array_open(struct json_out *j);
void json_array_close(struct json_out *j);
void json_key(struct json_out *j, const char *key);
void json_key_str(struct json_out *j, str key);
void json_str(struct json_out *j, str s);
void json_cstr(struct json_out *j, const char *s);
void json_int(struct json_out *j, int64_t n);
void json_uint(struct json_out *j, uint64_t n);
/** A finite number with at most @p decimals digits behind the point, trailing zeros dropped. */
void json_double(struct json_out *j, double n, int decimals);
void json_bool(struct json_out *j, bool b);
void json_null(struct json_out *j);
/** A value that is JSON already: the caller answers for it. */
void json_raw(struct json_out *j, str json);

/** key and string; nothing at all when @p s is empty. */
void json_opt_str(struct json_out *j, const char *key, str s);
/** key and string, also when empty. */
void json_put_str(struct json_out *j, const char *key, str s);
void json_put_cstr(struct json_out *j, const char *key, const char *s);
void json_put_int(struct json_out *j, const char *key, int64_t n);
void json_put_uint(struct json_out *j, const char *key, uint64_t n);
void json_put_bool(struct json_out *j, const char *key, bool b);
/** key and an array of strings, also when there are none. */
void json_put_strs(struct json_out *j, const char *key, const str *strings, size_t count);
/** key and an array of what stands between blanks. */
void json_put_words(struct json_out *j, const char *key, str words);

/** The escaped string with its quotes. */
void json_quote(struct buf *out, str s);

#endif

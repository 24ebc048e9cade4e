/** @file
 * The head of an HTTP/1.x request (RFC 9112), as a server reads it.
 *
 * Requests come from whoever connects and are hostile. What two readers could understand differently is refused, not mended:
 * bare line feeds, folded lines, blanks before a colon, a body's length told twice or in two ways, control characters anywhere.
 */
#ifndef SKEP_CODEC_HTTP_HEAD_H
#define SKEP_CODEC_HTTP_HEAD_H

#include "base/err.h"
#include "base/str.h"

#define HTTP_HEAD_MAX_FIELDS 64

struct http_field {
	str name;  /**< a token, as the peer wrote it */
	str value; /**< without blanks at its ends; no control characters but tabs; may be empty */
};

/** Spans point into the bytes that were parsed. */
struct http_head {
	str method; /**< a token: "GET" */
	str path;   /**< begins with '/', visible ASCII; not decoded, may hold "..", "//" and %00 */
	str query;  /**< what stands behind '?', visible ASCII; may be empty */
	struct http_field fields[HTTP_HEAD_MAX_FIELDS];
	size_t field_count;
	uint64_t body_bytes; /**< 0 when is_chunked */
	bool is_chunked;
	bool is_1_0;     /**< the peer speaks HTTP/1.0 */
	bool keep_alive; /**< it wants the connection to go on */
	bool expects_continue;
};

/** Bytes up to and with the empty line that ends a head at the start of @p in; 0: it has not come yet. */
size_t http_head_length(str in);

/**
 * Parses a head.
 * @param in as long as http_head_length() said
 * @return 0, -EBADMSG (malformed), -E2BIG (too many fields), -EPROTONOSUPPORT (not HTTP/1.x), -ENOSYS (a transfer coding other
 *         than chunked)
 */
MUST_CHECK int http_head_parse(str in, struct http_head *ret, struct err *e);

/** The value of the first field called @p name, in any case; the empty span when there is none. */
str http_head_field(const struct http_head *h, const char *name);

/** Where the reader of a chunked body (RFC 9112 section 7.1) is; zero at its beginning. */
struct http_chunks {
	enum {
		HTTP_CHUNK_SIZE,
		HTTP_CHUNK_EXTENSION,
		HTTP_CHUNK_SIZE_LF,
		HTTP_CHUNK_DATA,
		HTTP_CHUNK_DATA_CR,
		HTTP_CHUNK_DATA_LF,
		HTTP_CHUNK_TRAILER,
		HTTP_CHUNK_TRAILER_LINE,
		HTTP_CHUNK_TRAILER_LF,
		HTTP_CHUNK_LAST_LF,
		HTTP_CHUNK_END,
	} at;
	uint64_t left;   /**< of this chunk */
	uint32_t digits; /**< of its size */
	uint32_t passed; /**< bytes of extensions and trailers so far, which nobody reads */
};

/**
 * Takes bytes off the front of @p in; stops behind the body's end.
 * @param ret_data a piece of the body, within @p in as it was; may be empty. Call again while @p in has bytes and c->at is not
 *        HTTP_CHUNK_END
 * @return 0, -EBADMSG, -E2BIG (extensions and trailers beyond 16 KiB)
 */
MUST_CHECK int http_chunks_next(struct http_chunks *c, str *in, str *ret_data, struct err *e);

#endif

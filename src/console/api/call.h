/** @file
 * One request being answered, on a worker's thread. Handlers are plain and blocking: they read what dispatch.h has
 * checked, ask the store and write the answer.
 *
 * A handler's negative errno becomes problem+json and its message the detail:
 *
 *   ENOENT 404 · ENOKEY, EKEYREJECTED 401 · EACCES, EPERM 403 · EINVAL, EBADMSG, ERANGE, EDOM 400 · EEXIST 409 · EBUSY 409 ·
 *   ESTALE 412 · E2BIG 413 · EDQUOT 429 · EAGAIN, EHOSTUNREACH, ETIMEDOUT, ENOBUFS, EBADFD 503 · EOPNOTSUPP 405 · ENOSPC 507 · EUCLEAN 500
 *   (store-damaged) · anything else 500, whose message stays in the log
 */
#ifndef SKEP_CONSOLE_API_CALL_H
#define SKEP_CONSOLE_API_CALL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/lang.h"
#include "codec/json_out.h"
#include "console/access/caller.h"
#include "console/api/route.h"
#include "console/store/list_sort.h"

struct store;

/** A request as the server has it. Everything is from outside and borrowed for as long as the call lives. */
struct api_request {
	str method, path; /**< path: undecoded, without the query */
	str query, body;
	str peer; /**< address without port */
	bool tls;
	const void *headers; /**< for header() */
	/** the first header called @p name, whatever its letters' case; a NULL pointer: none */
	str (*header)(const void *headers, const char *name);
};

#define API_MAX_HEADERS 8

struct api_header {
	const char *name;
	str value;
};

/** An answer; lives in the call's arena. */
struct api_reply {
	int status;
	const char *type; /**< media type; NULL without a body */
	struct api_header headers[API_MAX_HEADERS];
	size_t header_count;
	str body;
};

struct api; /* dispatch.h */

struct call {
	const struct api *api;
	const struct api_request *request;
	const struct route *route;
	struct store *store; /**< this thread's */
	struct arena *arena; /**< this request's */
	struct caller who;
	enum lang lang; /**< of sentences in the answer */
	str id, id2;    /**< what the path's {parameters} stand for, decoded */
	struct value body,
		query; /**< checked against the route's objects; VALUE_OBJECT, also when the route has none */
	uint64_t limit; /**< of a list: items wanted, 1 to 1000 */
	str cursor;     /**< of a list: `next` of the page before; empty: the first page */
	int64_t now_ns; /**< CLOCK_REALTIME when the request came */

	/* The answer, for the handler to fill. */
	int status;           /**< the route's; a handler may set another */
	struct buf out;       /**< the body */
	struct json_out json; /**< into `out` */
	const char *type;     /**< of a RAW answer */
	struct api_header headers[API_MAX_HEADERS];
	size_t header_count;
	const char *code; /**< of the problem, where the errno says too little; a literal */
	unsigned int retry_after_s; /**< of the problem; 0: none */

	const char *
		topic; /**< what pages are told has changed, when all is stored: "alerts", "agents", ...; NULL: nothing */

	/** For the audit log: JSON of what it was and is, without secrets, and what the entry is about (empty: {id}). */
	str audit_target, audit_before, audit_after;
	str audit_name; /**< who it was said to be, where nobody is signed in: the name typed */
};

/** Of the session. */
#define API_COOKIE "__Host-skep"

/** The value of a cookie of the request; empty: none is called so. */
str api_cookie(const struct call *c, const char *name);

typedef int (*api_handler)(struct call *c, struct err *e);

/**
 * What the caller may see for another permission than the route's: nothing, when it is not held.
 * NULL when memory is spent, which shows nothing either.
 */
const struct scope *call_scope(struct call *c, enum permission p);

/** Adds a header; the value is copied. @return 0, -ENOBUFS */
MUST_CHECK int call_header(struct call *c, const char *name, str value);

/** Begins a page of a list: `{"items":[`. */
void call_page_open(struct call *c);
/** Ends it. @param next  cursor of the page after; empty: this was the last. @param total  negative: not counted */
void call_page_close(struct call *c, str next, int64_t total);

/** Puts one item of a list. @return 0, -errno, which ends the answer */
typedef int call_put_fn(struct call *c, const void *item, const void *ctx, struct err *e);
/** Answers with the page of a list put in order in memory (list_sort.h) that the request asks for, and how many there are. @return as list_sort_page() */
MUST_CHECK int call_sorted_page(struct call *c, struct list_item *items, size_t count,
				bool descending, call_put_fn *put, const void *ctx, struct err *e);

/** A parameter of the query, or an empty span. */
str call_query(const struct call *c, const char *name);
/** Which of @p keys the query's `sort` names, "-KEY" being the other way round; the first when it is missing. */
size_t call_sort(const struct call *c, const char *const *keys, size_t count, bool *ret_descending);
/** Nanoseconds of a TIME of the query or the body, or @p otherwise. */
int64_t call_time(const struct value *object, const char *name, int64_t otherwise);
/** key and RFC 3339; null when @p ns is 0. */
void call_put_time(struct json_out *j, const char *key, int64_t ns);
/** "name=value,name=value", framed by commas or not, as an object. */
void call_put_labels(str labels, struct json_out *j);
/** A sentence that was stored in English, in the language of the answer; what cannot be told in it stays English. Lives as long as both. */
str call_sentence(struct call *c, str english);
/** The same of words that are a message as they stand: of a name or a path, no part is told otherwise. */
str call_words(struct call *c, str english);
/** A document that was checked to be JSON, as it is. */
void call_put_json(struct json_out *j, str document);
/** The request's body as JSON on one line, for the audit log; empty when memory is spent. */
str call_body_text(struct call *c);
/** A number that names something. @return 0, -ENOENT: no such number, so no such thing */
MUST_CHECK int call_number(str id, int64_t *ret, struct err *e);

#define CALL_ETAG_BYTES 40

/** The ETag of an answer to GET with these bytes, which is what If-Match of a change names. */
void call_etag(str body, char ret[CALL_ETAG_BYTES]);

/**
 * Holds the request to If-Match: @p etag is what the thing has now, with its quotes.
 *
 * @return 0 (no such header, or it names @p etag), -ESTALE
 */
MUST_CHECK int call_match(const struct call *c, str etag, struct err *e);

#define X(m, p, handler, who, b, q, s, a, code, ef, en, zh) \
	MUST_CHECK int api_##handler(struct call *c, struct err *e);
#include "console/api/route.def"
#undef X

#endif

/** @file
 * What the files of the registry's client share.
 */
#ifndef SKEP_WIRE_REGISTRY_PRIV_H
#define SKEP_WIRE_REGISTRY_PRIV_H

#include "wire/http.h"
#include "wire/registry.h"

struct registry {
	struct arena arena; /* reference, credentials, note */
	struct http_options http;
	struct http_client *client; /* NULL: not connected */
	struct reference ref;
	struct docker_credential credential;
	str note;
	bool insecure;
	unsigned int gap_ms;
	uint64_t asked_ms, wait_s;
	struct buf repository;
	struct buf base;          /* "https://host" */
	struct buf challenge;     /* what GET /v2/ wanted to know; empty: nothing */
	struct buf realm;         /* of the token service it named; empty: none */
	struct buf authorization; /* header line; empty: none */
};

/** One request, in its turn, with the headers it has. @return 0 with an answer of any status, or as http_exchange() */
MUST_CHECK int registry_ask(struct registry *g, const struct http_request *q, const char *what,
			    struct http_response *ret, struct err *e);
/** What an answer that is no success says. @return -EACCES, -ENOENT, -EHOSTUNREACH, -EPROTO */
int registry_status_error(const struct registry *g, const struct http_response *r, const char *what,
			  struct err *e);
/** Ends a page of a list: @p result of reading it, and the next, whose pointer is NULL where memory was spent. */
MUST_CHECK int registry_page_end(const struct registry *g, int result,
				 const struct registry_list *list, str next,
				 struct registry_list *ret, str *ret_next, struct err *e);

#endif

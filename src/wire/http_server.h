/** @file
 * A small HTTP/1.1 server for GET: documents made when they are asked for. The only module that knows libevent.
 *
 * Never blocks; the caller polls. Peers are not trusted: requests are bounded in size and time, bodies are refused, each
 * connection serves one request, and there are some dozens of connections at most: the next wait.
 */
#ifndef SKEP_WIRE_HTTP_SERVER_H
#define SKEP_WIRE_HTTP_SERVER_H

#include "base/buf.h"
#include "base/err.h"

struct http_server;

/**
 * Makes a document.
 * @param path     without the query, undecoded: printable ASCII
 * @param body     to fill; a latched error becomes status 500
 * @param ret_type its media type; "text/plain; charset=utf-8" when it is left alone
 * @return the status
 */
typedef int (*http_server_handler)(void *ctx, str path, struct buf *body, const char **ret_type);

/** @param address "127.0.0.1:9765", "[::1]:9765", ":9765" for all. @return 0, -EINVAL (the address), -errno of bind(2), -ENOMEM */
MUST_CHECK int http_server_new(const char *address, http_server_handler handler, void *ctx,
			       struct http_server **ret, struct err *e);
void http_server_free(struct http_server *s);

/** Readable when somebody connects; -1 while as many are connected as may be. */
int http_server_fd(const struct http_server *s);
/** Does what can be done now. @return whether connections are open: then call again within some milliseconds */
bool http_server_work(struct http_server *s);

#endif

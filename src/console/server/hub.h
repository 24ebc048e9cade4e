/** @file
 * Tells open pages that something changed (server-sent events, WHATWG HTML 9.2). What is told are hints only, {"topic":"alerts",
 * "cursor":"17"}: the page asks the API then, where role and scope decide what it may see, so nothing leaks by the stream.
 *
 * hub_publish() may be called from any thread; all else belongs to the loop's.
 */
#ifndef SKEP_CONSOLE_SERVER_HUB_H
#define SKEP_CONSOLE_SERVER_HUB_H

#include "wire/http_server.h"

/** X(name): what hints are about */
#define HUB_TOPICS(X) \
	X(alerts) \
	X(assets) \
	X(findings) \
	X(agents) \
	X(registries) \
	X(rules) \
	X(notifications) \
	X(users) \
	X(settings)

/** No topic: somebody may not do what they might before. Streams end, pages come again and are asked who they are. */
#define HUB_CALLERS "callers"

struct hub;

/** @param max_pages so many streams are open at most */
MUST_CHECK int hub_new(struct http_server *s, size_t max_pages, struct hub **ret, struct err *e);
/** After the server is gone, or drained. */
void hub_free(struct hub *h);

/** Notes that @p topic changed; pages hear of it within a quarter of a second; or HUB_CALLERS. A name that is no topic is passed over. */
void hub_publish(struct hub *h, str topic);
/** Begins a stream of hints as the answer. It ends after a quarter of an hour: the page comes again, and is asked again who it is. */
void hub_open(struct hub *h, struct http_server_exchange *x, const struct http_server_reply *r);
/** Tells what is due. @return milliseconds until something is due again; -1: nothing */
int hub_work(struct hub *h);
size_t hub_pages(const struct hub *h);

#endif

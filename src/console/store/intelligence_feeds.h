/** @file
 * Where lists of threat intelligence are fetched from, how often, and what came of it. A list has one feed or none; it goes with
 * its list.
 */
#ifndef SKEP_CONSOLE_STORE_INTELLIGENCE_FEEDS_H
#define SKEP_CONSOLE_STORE_INTELLIGENCE_FEEDS_H

#include "console/store/store.h"

struct stored_feed {
	int64_t list; /**< the list's id */
	str url;
	int64_t every_s;
	str authority; /**< PEM; empty: the system's authorities */
	str sealed;    /**< of the header Authorization (codec/seal.h); empty: none */
	str etag,
		modified; /**< what the peer said of the text that was last read; empty: nothing */
	int64_t due_ns;   /**< when it is fetched next */
	int64_t tried_ns; /**< 0: never */
	int64_t fetched_ns; /**< when it last worked; 0: never */
	str why; /**< why it did not work the last time, or what was not read; empty: nothing is wrong */
	int64_t version; /**< grows when an operator changes it */
};

/** What a feed's secret is sealed as. */
#define FEED_PLACE_BYTES 48
void feed_place(int64_t list, char ret[FEED_PLACE_BYTES]);

/** All. @param a owns @p ret */
MUST_CHECK int feeds_list(struct store *s, struct arena *a, struct stored_feed **ret,
			  size_t *ret_count, struct err *e);
/** @return 0, -ENOENT */
MUST_CHECK int feeds_get(struct store *s, int64_t list, struct arena *a, struct stored_feed *ret,
			 struct err *e);
/** The one that is due for longest, of lists that have not ended. @return 0, -ENOENT: none is */
MUST_CHECK int feeds_due(struct store *s, int64_t now_ns, struct arena *a, struct stored_feed *ret,
			 struct err *e);
/** Sets url, every_s, authority and sealed; it is fetched at once, whatever it was before. In the caller's transaction. */
MUST_CHECK int feeds_put(struct store *s, const struct stored_feed *f, struct err *e);
/** Has it fetched at once, all of it. In the caller's transaction. @return 0, -ENOENT */
MUST_CHECK int feeds_hurry(struct store *s, int64_t list, struct err *e);
/** In the caller's transaction; a list without one is fine. */
MUST_CHECK int feeds_delete(struct store *s, int64_t list, struct err *e);
/**
 * Keeps what came of fetching: all but url, every_s, authority and sealed.
 * @return 0, -ESTALE: an operator changed the feed meanwhile, or took it away
 */
MUST_CHECK int feeds_tell(struct store *s, const struct stored_feed *f, struct err *e);

#endif

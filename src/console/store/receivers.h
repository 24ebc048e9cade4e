/** @file
 * Receivers of alerts, as operators set them up, and how they do. What a kind's settings mean is notify's (notify/setting.h);
 * here they are text, and their secrets sealed bytes.
 */
#ifndef SKEP_CONSOLE_STORE_RECEIVERS_H
#define SKEP_CONSOLE_STORE_RECEIVERS_H

#include "console/store/store.h"

#define RECEIVERS_MAX 200

struct stored_receiver {
	int64_t id;
	str name, kind, filter;
	bool enabled;
	str settings; /**< JSON, without secrets */
	str sealed;   /**< the secrets' JSON, sealed for RECEIVER_PLACE and the id */
	int64_t updated_ns;
	str updated_by;
	int64_t version; /**< counts the changes */
};

/** "receiver/7": for what a receiver's secrets are sealed. */
#define RECEIVER_PLACE_BYTES 32
void receiver_place(int64_t id, char ret[RECEIVER_PLACE_BYTES]);

/** All, in the order they were made. @param a owns @p ret */
MUST_CHECK int receivers_list(struct store *s, struct arena *a, struct stored_receiver **ret,
			      size_t *ret_count, struct err *e);
/** @return 0, -ENOENT */
MUST_CHECK int receivers_get(struct store *s, int64_t id, struct arena *a,
			     struct stored_receiver *ret, struct err *e);
/** In the caller's transaction, without secrets: receivers_seal() follows. @return 0, -EEXIST (the name), -E2BIG (too many) */
MUST_CHECK int receivers_add(struct store *s, const struct stored_receiver *r, int64_t *ret_id,
			     struct err *e);
/** In the caller's transaction. @return 0, -ENOENT */
MUST_CHECK int receivers_seal(struct store *s, int64_t id, str sealed, struct err *e);
/** In the caller's transaction; all but the secrets. @return 0, -ENOENT, -EEXIST (the name) */
MUST_CHECK int receivers_put(struct store *s, const struct stored_receiver *r, struct err *e);
/** In the caller's transaction. @return 0, -ENOENT */
MUST_CHECK int receivers_delete(struct store *s, int64_t id, struct err *e);
/** Grows whenever any receiver is made, changed or taken away. */
MUST_CHECK int receivers_version(struct store *s, int64_t *ret, struct err *e);

/** How a receiver does at one replica, counted since that one was set up. */
struct receiver_state {
	int64_t receiver;
	uint64_t sent, failed, waiting, dropped;
	int64_t sent_ns; /**< 0: never */
	str why;         /**< empty: nothing is wrong */
};

/** Sets what @p replica says of these. Makes its own transaction. */
MUST_CHECK int receiver_states_put(struct store *s, str replica, const struct receiver_state *list,
				   size_t count, struct err *e);
/** What all replicas say, added up; `receiver` 0: of all receivers. @param a owns @p ret */
MUST_CHECK int receiver_states(struct store *s, int64_t receiver, struct arena *a,
			       struct receiver_state **ret, size_t *ret_count, struct err *e);

#endif

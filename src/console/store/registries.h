/** @file
 * Registries whose images are watched, as operators set them up, and how their runs go: a run lists what a registry holds and
 * has each image that is new scanned. What the settings mean is console/registry's (registry_config.h); here they are text,
 * and the password sealed bytes. What was found is in registry_tags.h and registry_images.h.
 */
#ifndef SKEP_CONSOLE_STORE_REGISTRIES_H
#define SKEP_CONSOLE_STORE_REGISTRIES_H

#include "console/store/store.h"

#define REGISTRIES_MAX 200

/** LISTING goes over to SCANNING when the list is complete; both are of one run. */
enum registry_state { REGISTRY_IDLE, REGISTRY_LISTING, REGISTRY_SCANNING };

struct registry_run {
	enum registry_state state;
	int64_t run;      /**< counts the runs */
	bool wanted;      /**< somebody asked for a run */
	bool cancelling;  /**< somebody asked for this one's end */
	int64_t began_ns; /**< 0: never */
	int64_t ended_ns; /**< of the run before, while one is under way */
	int64_t next_ns;  /**< when the next begins by itself; 0: not */
	int64_t repositories, tags, digests;
	int64_t skipped; /**< names and tags that could not be told or read */
	str trouble;     /**< a word for why the last run failed; empty: it did not */
	str detail;      /**< the same as a sentence in English */
};

struct stored_registry {
	int64_t id;
	str name, kind, address;
	str settings; /**< JSON, without secrets */
	str sealed;   /**< the password, sealed for registry_place() */
	bool enabled;
	int64_t updated_ns;
	str updated_by;
	int64_t version; /**< counts the changes */
	struct registry_run run;
};

/** "registry/7": for what a registry's password is sealed. */
#define REGISTRY_PLACE_BYTES 32
void registry_place(int64_t id, char ret[REGISTRY_PLACE_BYTES]);

/** All, in the order they were made. @param a owns @p ret */
MUST_CHECK int registries_list(struct store *s, struct arena *a, struct stored_registry **ret,
			       size_t *ret_count, struct err *e);
/** @return 0, -ENOENT */
MUST_CHECK int registries_get(struct store *s, int64_t id, struct arena *a,
			      struct stored_registry *ret, struct err *e);
/** In the caller's transaction, without the password; a run is wanted. @return 0, -EEXIST (the name), -E2BIG (too many) */
MUST_CHECK int registries_add(struct store *s, const struct stored_registry *v, int64_t *ret_id,
			      struct err *e);
/** In the caller's transaction. @return 0, -ENOENT */
MUST_CHECK int registries_seal(struct store *s, int64_t id, str sealed, struct err *e);
/** In the caller's transaction; all but the password and the run; a run is wanted. @return 0, -ENOENT, -EEXIST (the name) */
MUST_CHECK int registries_put(struct store *s, const struct stored_registry *v, struct err *e);
/** In the caller's transaction, with all that was found in it; images that were scanned stay. @return 0, -ENOENT */
MUST_CHECK int registries_delete(struct store *s, int64_t id, struct err *e);

/** Asks for a run; takes a cancellation back. @return 0, -ENOENT */
MUST_CHECK int registries_want(struct store *s, int64_t id, struct err *e);
/** Asks for the end of the run under way, or that is wanted. @return 0, -ENOENT */
MUST_CHECK int registries_cancel(struct store *s, int64_t id, struct err *e);

/* Of the one who runs them. Each is a transaction of its own. */

/** A run begins: figures from nothing. */
MUST_CHECK int registry_run_begin(struct store *s, int64_t id, int64_t now_ns, struct err *e);
/** How far the run is: state and figures. */
MUST_CHECK int registry_run_put(struct store *s, int64_t id, const struct registry_run *r,
				struct err *e);
/** It is over, for now. @param next_ns 0: it begins by itself no more */
MUST_CHECK int registry_run_end(struct store *s, int64_t id, int64_t now_ns, int64_t next_ns,
				str trouble, str detail, struct err *e);

#endif

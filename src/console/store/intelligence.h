/** @file
 * Lists of threat intelligence, as operators brought them in: entries in normal form, one a line (notify/intel.h).
 */
#ifndef SKEP_CONSOLE_STORE_INTELLIGENCE_H
#define SKEP_CONSOLE_STORE_INTELLIGENCE_H

#include "console/store/store.h"

#define INTELLIGENCE_MAX 100

struct stored_intelligence {
	int64_t id;
	str name, kind, source;
	int64_t entries;
	str body; /**< empty when it was not asked for */
	int64_t updated_ns;
	str updated_by;
	int64_t not_understood; /**< lines or indicators, when it was read */
	int64_t first;          /**< 1-based place of the first of these; 0: none */
	int64_t others, over;   /**< of another kind; revoked or not valid */
	int64_t ends_ns; /**< when the first of its entries ends, as their source says; 0: never */
	int64_t expires_ns; /**< nobody judges by it from then on; 0: never */
	bool ended;         /**< that time is over; set by the store */
};

/** All in the order they were made. @param a owns @p ret */
MUST_CHECK int intelligence_list(struct store *s, bool with_body, struct arena *a,
				 struct stored_intelligence **ret, size_t *ret_count,
				 struct err *e);
/** With its body. @return 0, -ENOENT */
MUST_CHECK int intelligence_get(struct store *s, int64_t id, struct arena *a,
				struct stored_intelligence *ret, struct err *e);
/** In the caller's transaction. @return 0, -EEXIST (the name), -E2BIG (too many) */
MUST_CHECK int intelligence_add(struct store *s, const struct stored_intelligence *v,
				int64_t *ret_id, struct err *e);
/** In the caller's transaction; name and kind stay. @return 0, -ENOENT */
MUST_CHECK int intelligence_put(struct store *s, const struct stored_intelligence *v,
				struct err *e);
/** In the caller's transaction: ends those whose time is over. @return how many; agents are to be told when there are any */
MUST_CHECK int intelligence_expire(struct store *s, int64_t now_ns, struct err *e);
/** In the caller's transaction. @return 0, -ENOENT */
MUST_CHECK int intelligence_delete(struct store *s, int64_t id, struct err *e);

#endif

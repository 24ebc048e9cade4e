/** @file
 * Views: what a user calls a page with its filters, to come back to it. They are the user's own and go with the user.
 */
#ifndef SKEP_CONSOLE_STORE_VIEWS_H
#define SKEP_CONSOLE_STORE_VIEWS_H

#include "console/store/store.h"

#define VIEWS_MAX 100 /**< of one user */

struct view {
	int64_t id;
	str page;  /**< path of the page: "/alerts" */
	str name;  /**< as the user calls it; one of its kind on a page */
	str query; /**< of the page's address, without '?'; may be empty */
	int64_t made_ns;
};

/** All of a user, by page and name. @param a owns @p ret */
MUST_CHECK int views_list(struct store *s, int64_t user, struct arena *a, struct view **ret,
			  size_t *ret_count, struct err *e);
/** In the caller's transaction; takes the place of one of that page and name. @return 0, -EDQUOT (VIEWS_MAX) */
MUST_CHECK int views_put(struct store *s, int64_t user, const struct view *v, int64_t *ret_id,
			 struct err *e);
/** In the caller's transaction. @return 0, -ENOENT (another's, too) */
MUST_CHECK int views_delete(struct store *s, int64_t user, int64_t id, struct err *e);

#endif

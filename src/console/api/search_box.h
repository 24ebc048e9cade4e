/** @file
 * What people type into a query box: words to look for, or a condition of the policy language.
 */
#ifndef SKEP_CONSOLE_API_SEARCH_BOX_H
#define SKEP_CONSOLE_API_SEARCH_BOX_H

#include "base/map.h"
#include "console/api/call.h"
#include "policy/filter.h"

struct search_box {
	struct call *call;
	str text;                     /**< words; empty: none, or it is a condition */
	struct policy_filter *filter; /**< NULL: it is no condition */
	struct arena arena;           /**< for one thing that is judged */
	struct map images; /**< what is known of images that were asked about, by digest */
	bool wants_images;
	int error; /**< of asking about one: what was not found out is UNKNOWN, and this told at the end */
};

/** Reads the parameter `q`. @param ret to be closed @return 0, -EINVAL (a condition that is wrong, with its column), -ENOMEM */
MUST_CHECK int search_box_open(struct call *c, const struct policy_subject *s,
			       struct search_box *ret, struct err *e);
void search_box_close(struct search_box *b);

/** alert_filter.holds and asset_filter.holds, whose ctx is the box. */
struct stored_alert;
struct asset;
bool search_box_holds_alert(void *ctx, const struct stored_alert *a);
bool search_box_holds_asset(void *ctx, const struct asset *a);

#endif

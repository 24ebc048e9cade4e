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
	bool wants_images, wants_packages, wants_vulnerabilities;
	/** no other image can hold: digests, where the condition says so much of packages; NULL: it does not */
	struct map *candidates;
	int error; /**< of asking about one: what was not found out is UNKNOWN, and this told at the end */
};

/** Reads the parameter `q`. @param ret to be closed @return 0, -EINVAL (a condition that is wrong, with its column), -ENOMEM */
MUST_CHECK int search_box_open(struct call *c, const struct policy_subject *s,
			       struct search_box *ret, struct err *e);
/** A box that was never opened is left alone. */
void search_box_close(struct search_box *b);
#define OWNED_SEARCH_BOX CLEANUP(search_box_close) struct search_box

/** alert_filter.holds and asset_filter.holds, whose ctx is the box. */
struct stored_alert;
struct asset;
struct stored_image;
bool search_box_holds_alert(void *ctx, const struct stored_alert *a);
bool search_box_holds_asset(void *ctx, const struct asset *a);
/** image_filter.holds, whose ctx is the box. */
bool search_box_holds_image(void *ctx, const struct stored_image *i);

/** Whether a condition on assets says itself which are meant, those that are there or those that are gone. */
bool search_box_asks_presence(const struct search_box *b);

/** Finds the images that a condition on assets can hold for, by packages it names. @return 0, -ENOBUFS, -errno of the store */
MUST_CHECK int search_box_narrow(struct search_box *b, struct err *e);

#endif

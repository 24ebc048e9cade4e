/** @file
 * Lists that are put in order in memory, page by page. A cursor says what the last item of its page was sorted by, not how many
 * went before: whatever comes, goes or changes between two pages, what stayed as it was is on one of them, once.
 */
#ifndef SKEP_CONSOLE_STORE_LIST_SORT_H
#define SKEP_CONSOLE_STORE_LIST_SORT_H

#include "base/arena.h"
#include "base/err.h"

enum { LIST_RANKS = 2 };

/** An item and what it is sorted by: the number, and where these are equal the text, byte by byte. */
struct list_item {
	int64_t number;
	str text; /**< of LIST_TEXT_MAX bytes; what is behind them decides nothing */
	/** Of those that are equal the greatest comes first, whichever way round. */
	uint64_t ranks[LIST_RANKS];
	str id; /**< no two items have the same; the least first of those that are equal even so */
	const void *item;
};

/** A cursor is no longer than the API takes. */
#define LIST_TEXT_MAX 200

struct list_slice {
	struct list_item *items; /**< of those given */
	size_t count;
	str next; /**< cursor of the page after; empty: this is the last */
};

/**
 * Puts @p items in order, the least first, and picks a page.
 *
 * @param descending the greatest first
 * @param cursor     empty: from the start; else the `next` of the page before, of a list sorted by the same
 * @return 0, -EINVAL not a cursor of such a list, -ENOBUFS
 */
MUST_CHECK int list_sort_page(struct list_item *items, size_t count, bool descending, str cursor,
			      size_t limit, struct arena *a, struct list_slice *ret, struct err *e);

/** What a version is sorted by: the first three of its numbers. Its text is to decide where these are equal. */
int64_t list_sort_version(str version);

/** What a score, a risk or a likelihood is sorted by: millionths. Negative ones are not known, and all the same. */
int64_t list_sort_real(double x);

/** An id of what only several texts together tell apart: the first of them, cut, and a digest
 * of all. A NULL pointer when memory is spent. */
str list_sort_id(const str *texts, size_t count, struct arena *a);

#endif

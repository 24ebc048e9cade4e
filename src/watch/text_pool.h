/** @file
 * A fixed amount of memory for texts of any length that come and go: appended at the end, slid together when the end is
 * reached, or when half of what lies before it is dead. Texts move when one is added, never else: spans into the pool live
 * until the next text_pool_add().
 *
 * Sliding costs time in proportion to the pool and happens only when an eighth of it is free or half of what is used is dead,
 * so that adding a byte costs a bounded number of copied bytes. Pages never used are never touched, and no more are used than
 * twice what is kept needs.
 */
#ifndef SKEP_WATCH_TEXT_POOL_H
#define SKEP_WATCH_TEXT_POOL_H

#include "base/err.h"
#include "base/str.h"

struct text_pool {
	char *bytes;     /**< owned */
	uint32_t *where; /**< owned; offset of each handle's text */
	uint32_t *refs;  /**< owned; of each handle, 0: free */
	uint32_t cap, top, dead;
	uint32_t handles;
	uint32_t free_handle; /**< first of the list of free handles */
	uint32_t live_texts;
	uint64_t slides;
};

#define TEXT_POOL_NONE UINT32_MAX

/** @param bytes at most 1 GiB. @return 0 or -ENOMEM */
MUST_CHECK int text_pool_init(struct text_pool *p, uint32_t bytes, uint32_t handles, struct err *e);
void text_pool_done(struct text_pool *p);

/** Room for a text of @p n bytes, not zeroed, with one reference. @return its handle, or TEXT_POOL_NONE when there is no room */
MUST_CHECK uint32_t text_pool_add(struct text_pool *p, size_t n, char **ret_bytes);
/** One reference more, for text_pool_remove() to take away. */
void text_pool_hold(struct text_pool *p, uint32_t handle);
/** Takes a reference away, and with the last one the text. */
void text_pool_remove(struct text_pool *p, uint32_t handle);
/** Where a handle's text is now. */
char *text_pool_at(const struct text_pool *p, uint32_t handle);
/** Whether a handle, any number, is that of a text which begins with this one. */
bool text_pool_begins(const struct text_pool *p, uint32_t handle, str text);

#endif

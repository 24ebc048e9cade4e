/** @file
 * Where a list goes on, as a text that may stand in a URL.
 */
#ifndef SKEP_CONSOLE_STORE_LIST_CURSOR_H
#define SKEP_CONSOLE_STORE_LIST_CURSOR_H

#include "base/arena.h"
#include "base/err.h"

#define LIST_CURSOR_PARTS 4

/** Makes a cursor of up to LIST_CURSOR_PARTS texts without NUL. @return 0, -ENOBUFS */
MUST_CHECK int list_cursor_make(const str *parts, size_t count, struct arena *a, str *ret,
				struct err *e);
/** Reads one back. @return 0, -EINVAL not one of ours, -ENOBUFS */
MUST_CHECK int list_cursor_read(str cursor, size_t count, struct arena *a, str *ret_parts,
				struct err *e);

#endif

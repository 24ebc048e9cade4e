/** @file
 * The web pages (doc/formats/web-blob.md): carried by the program, or read from a folder while they are worked on.
 *
 * The blob comes with the program and is trusted as such, but checked to the byte once, so that a broken build says so.
 */
#ifndef SKEP_CONSOLE_SERVER_WEB_PAGES_H
#define SKEP_CONSOLE_SERVER_WEB_PAGES_H

#include "base/arena.h"
#include "base/err.h"

/** A table of pages; spans point into the blob. */
struct web_pages {
	str blob;
	uint32_t count;
};

struct web_page {
	str type, etag;       /**< entity tag with its quotes */
	str body;             /**< in `encoding` */
	const char *encoding; /**< "br", "gzip"; NULL: as it is */
	bool immutable;       /**< its name changes with its content */
};

/** @param blob must outlive @p ret @return 0, -EBADMSG */
MUST_CHECK int web_pages_open(str blob, struct web_pages *ret, struct err *e);
/** The pages the program carries. */
str web_pages_carried(void);
/**
 * Finds what a path shows: the file of that name, or the page that reads the address itself.
 * @param accept_encoding  the request's field
 * @return whether there is one
 */
bool web_pages_find(const struct web_pages *w, str path, str accept_encoding, struct web_page *ret);
/**
 * The same from a folder: read anew each time, never outside of it.
 * @param a owns what @p ret points at
 * @return 0, -ENOENT, -E2BIG, -errno
 */
MUST_CHECK int web_pages_load(int folder, str path, struct arena *a, struct web_page *ret,
			      struct err *e);

#endif

/** @file
 * Where the vendors and projects publish the advisories the importers read.
 *
 * Addresses as the publishers document them. Their number of requests is kept to one a file; sites may replace the
 * list by their own mirrors (doc/db-update.md).
 */
#ifndef SKEP_SCAN_FEED_UPSTREAM_H
#define SKEP_SCAN_FEED_UPSTREAM_H

#include "base/arena.h"
#include "base/err.h"

struct feed_upstream {
	/** path below the folder of feeds; importers recognise some files by it */
	const char *file;
	const char *url;
};

/** All of them, ended by an entry without a file. */
extern const struct feed_upstream feed_upstreams[];

struct feed_upstream_list {
	struct feed_upstream *items;
	size_t count, cap;
};

/**
 * Reads a list: a line "FILE URL" for each feed, '#' begins a comment. A FILE stays below its folder: no leading '/',
 * no "..", no control characters.
 *
 * @param a owns everything below @p ret
 * @return 0, -EBADMSG (with the line), -ENOBUFS
 */
MUST_CHECK int feed_upstream_parse(str text, struct arena *a, struct feed_upstream_list *ret,
				   struct err *e);

#endif

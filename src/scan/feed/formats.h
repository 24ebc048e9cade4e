/** @file
 * The importers, one a file. Each is an entry of feed_formats[] in feed.c; its feed_format tells what it reads.
 */
#ifndef SKEP_SCAN_FEED_FORMATS_H
#define SKEP_SCAN_FEED_FORMATS_H

#include "scan/feed/feed.h"

extern const struct feed_format feed_alpine;
extern const struct feed_format feed_debian_list;
extern const struct feed_format feed_osv;
extern const struct feed_format feed_pypa;

/** Whether @p path holds @p part ("/osv/"), also at its very start. */
bool feed_path_has(str path, const char *part);
/** Whether the first bytes hold @p text. */
bool feed_head_has(str head, const char *text);

#endif

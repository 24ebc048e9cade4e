/** @file
 * Fetching for `skep db update`: options, progress, the feeds' folder.
 */
#ifndef SKEP_PROG_SKEP_DB_FETCH_H
#define SKEP_PROG_SKEP_DB_FETCH_H

#include "prog/skep/command.h"

/** --ca-file, --docker-config, --insecure, --timeout */
extern const struct option_def db_fetch_options[];

/** fetch_file() with the invocation's options and a progress line; errors as it. */
MUST_CHECK int db_fetch(struct invocation *v, const char *url, const char *path);

/**
 * Fetches the upstream feeds (--feeds-list, else all that are known) into --feeds-dir and builds a database of them.
 *
 * A feed that cannot be fetched is read from the copy an earlier run left; with neither nothing is built, unless
 * --allow-missing.
 *
 * @param path     where the database is written
 * @param ret_lost feeds that are old or missing: a partial result
 * @return 0, or the error of a feed, of building, or of the file system
 */
MUST_CHECK int db_fetch_feeds(struct invocation *v, const char *path, size_t *ret_lost);

#endif

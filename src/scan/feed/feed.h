/** @file
 * Importers: the native formats of vendors and projects to claims and facts. One table entry a format.
 *
 * `skep db build --from DIR` offers every file below DIR (archives are looked into) to feed_import(), which asks each
 * importer in turn. A file nobody recognises is reported, never passed over in silence.
 */
#ifndef SKEP_SCAN_FEED_FEED_H
#define SKEP_SCAN_FEED_FEED_H

#include "base/arena.h"
#include "scan/vuln/vulndb_build.h"

struct feed_file {
	str path, text;
};

struct feed_format {
	const char *name;  /**< "alpine-secdb": the origin of its claims */
	const char *title; /**< for people */
	const char *licence;
	/** Whether this file is of the format, by its path and first bytes. */
	bool (*wants)(str path, str head);
	/** Reads the whole file. Unreadable records go to the sink. @return 0, -ENOBUFS, -ENOMEM or the sink's error */
	int (*import)(str path, str text, struct arena *a, const struct feed_sink *sink,
		      struct err *e);
	/**
	 * The folder of those files that are only understood together, such as definitions and what they refer to; the
	 * empty span for a file that stands alone. They are offered one behind the other, and import_set() gets all of
	 * them at once; import() makes what it can of one. NULL: every file stands alone.
	 */
	str (*set_of)(str path);
	int (*import_set)(const struct feed_file *files, size_t count, struct arena *a,
			  const struct feed_sink *sink, struct err *e);
};

/** All formats, NULL-terminated, most specific first. */
extern const struct feed_format *const feed_formats[];

/** How many of the files nobody recognised are named. */
#define FEED_IGNORED_NAMED 20

struct feed_stats {
	uint64_t files;                        /**< some importer read */
	uint64_t records;                      /**< claims and facts delivered */
	uint64_t ignored_files;                /**< no importer recognised */
	char ignored[FEED_IGNORED_NAMED][256]; /**< the first of those */
};

/**
 * Imports a file, a folder or an archive (tar, gz, zst, xz, bz2, zip, nested one in the other to a bound).
 *
 * Names that begin with a dot are passed over in folders. Files, archives and records that cannot be read go to the
 * sink's unreadable(), and the import goes on.
 *
 * @return 0, the error of opening @p path itself, -ENOMEM, or the sink's error
 */
MUST_CHECK int feed_import(const char *path, const struct feed_sink *sink, struct feed_stats *ret,
			   struct err *e);

#endif

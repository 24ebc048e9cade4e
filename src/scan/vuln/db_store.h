/** @file
 * Where databases live on disk: finding the one to use, installing another, packing one for transport.
 *
 * A bundle is the database file in one zstd frame (".skdb.zst"). Nothing here touches the network, and an installed
 * file is only ever replaced by renaming a complete, verified one over it: who has the old one mapped keeps it.
 */
#ifndef SKEP_SCAN_VULN_DB_STORE_H
#define SKEP_SCAN_VULN_DB_STORE_H

#include "scan/vuln/vulndb.h"

#define DB_MAX_BYTES ((uint64_t)4 << 30)

/** X(id, name, Chinese) */
#define DB_PLACES(X) \
	X(GIVEN, "given on the command line", "命令行指定") \
	X(USER, "installed for this user", "当前用户安装") \
	X(SYSTEM, "installed for this machine", "本机安装") \
	X(SHIPPED, "the snapshot that came with skep", "skep 自带的快照")

enum db_place {
#define DB_PLACE_ENUM(id, name, zh) DB_PLACE_##id,
	DB_PLACES(DB_PLACE_ENUM)
#undef DB_PLACE_ENUM
};

/** Public keys that may have signed a database; none: signatures are not asked for. */
struct db_keys {
	const uint8_t (*keys)[32];
	size_t count;
};

/**
 * Finds the database to use: @p given, else the user's ($XDG_DATA_HOME/skep/vulndb.skdb, ~/.local/share/...), else
 * /var/lib/skep/vulndb.skdb, else the snapshot that shipped (base/shipped.h), which may be a bundle.
 *
 * @param given path, or NULL
 * @return 0, -ENODATA there is none, -ENOBUFS
 */
MUST_CHECK int db_locate(const char *given, struct arena *a, str *ret_path,
			 enum db_place *ret_place, struct err *e);

/**
 * Opens what db_locate() finds. A bundle is unpacked once into the user's cache ($XDG_CACHE_HOME/skep); where that
 * cannot be written, into memory each time.
 *
 * @return 0, -ENODATA there is none, or as vulndb_open()
 */
MUST_CHECK int db_open(const char *given, struct arena *a, struct vulndb **ret, struct err *e);

/** Where the user's database is installed; -ENOENT when neither XDG_DATA_HOME nor HOME is set. */
MUST_CHECK int db_user_path(struct arena *a, str *ret, struct err *e);

/**
 * Installs the database or bundle in the file @p from as @p to, after checking every block, every record and the
 * signature. On any error @p to is as it was.
 *
 * @return 0, -EBADMSG damaged or no database, -EPROTO other format, -EACCES not signed by one of @p keys, -E2BIG beyond
 *         DB_MAX_BYTES, or the file system's errno
 */
MUST_CHECK int db_import(const char *from, const char *to, const struct db_keys *keys,
			 struct err *e);

/** Writes the verified database file @p from as a bundle to @p to, atomically. Errors as db_import(). */
MUST_CHECK int db_export(const char *from, const char *to, struct err *e);

/**
 * Reads everything in an open database: each block against its hash, each record against the tables it points into.
 *
 * @return 0, or -EBADMSG with the first thing that is wrong
 */
MUST_CHECK int db_verify(struct vulndb *db, struct err *e);

#endif

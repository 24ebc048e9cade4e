/** @file
 * A batch of records as an agent sends it (doc/formats/agent-protocol.md), cut into its records.
 *
 * Input is hostile: what comes out of decompression is bounded, lines are counted, and a doc is a JSON document or its record is
 * refused. Nothing is copied but the decompressed bytes.
 */
#ifndef SKEP_CONSOLE_FLEET_BATCH_H
#define SKEP_CONSOLE_FLEET_BATCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define BATCH_MAX_BYTES ((uint64_t)16 << 20)
#define BATCH_MAX_RECORDS 10000
#define BATCH_LIFE_DIGITS 32

/** X(ID, "kind"): those that are stored; others are counted and passed over */
#define BATCH_KINDS(X) \
	X(ALERT, "alert") \
	X(HOST, "host") \
	X(CONTAINER, "container") \
	X(IMAGE, "image") \
	X(PROCESS, "process") \
	X(PORT, "port") \
	X(USER, "user") \
	X(VOLUME, "volume") \
	X(NETWORK, "network") \
	X(GONE, "gone") \
	X(SNAPSHOT, "snapshot") \
	X(FLOWS, "flows") \
	X(INVENTORY, "inventory") \
	X(SCAN, "scan") \
	X(STATS, "stats") \
	X(RESULT, "result") \
	X(LOSS, "loss") \
	X(ENDED, "ended")

enum batch_kind {
#define BATCH_ENUM(id, name) BATCH_##id,
	BATCH_KINDS(BATCH_ENUM)
#undef BATCH_ENUM
		BATCH_KIND_COUNT
};

struct batch_record {
	int64_t number; /**< its seq */
	enum batch_kind kind;
	str doc; /**< a JSON object */
};

struct batch {
	struct batch_record *records; /**< their numbers grow */
	size_t count;
	size_t refused;    /**< lines that are no records */
	size_t unknown;    /**< records of kinds nobody here knows: a newer agent's */
	str first_unknown; /**< the first of these kinds, as it is written */
	int64_t last; /**< the greatest number of any record, also of those of unknown kinds; 0: none */
};

/**
 * @param encoding "zstd", "identity" or empty
 * @param plain    to hold what was decompressed; must outlive @p ret
 * @return 0, -EBADMSG (not zstd; numbers that do not grow), -E2BIG (bytes, records), -EOPNOTSUPP (another encoding), -ENOMEM,
 *         -ENOBUFS
 */
MUST_CHECK int batch_decode(str body, str encoding, struct arena *a, struct buf *plain,
			    struct batch *ret, struct err *e);

/**
 * What Skep-Time says: milliseconds since 1970 on the sender's clock when it sent the batch.
 *
 * @param came_ns  when the batch was here, on the console's
 * @param ret_ms   by how much the sender's is ahead; what the batch took on its way makes it less
 * @return whether it is such a number, of 15 digits at most
 */
bool batch_clock(str text, int64_t came_ns, int64_t *ret_ms);

/** A life is 32 lower-case hexadecimal digits. */
bool batch_is_life(str life);

#endif

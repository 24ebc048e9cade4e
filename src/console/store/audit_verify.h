/** @file
 * Checks an exported audit log without the console: finds rows that were changed, taken out, put in or moved, and names
 * them; checks the signed checkpoint at its end, which tells of rows cut off from the file; and holds it to an earlier export, which
 * tells of rows cut off, and of a chain made anew, in the store itself: the console signs what is there.
 *
 * The text may come from anybody.
 */
#ifndef SKEP_CONSOLE_STORE_AUDIT_VERIFY_H
#define SKEP_CONSOLE_STORE_AUDIT_VERIFY_H

#include "console/store/audit_chain.h"

enum audit_fault_kind {
	AUDIT_MALFORMED, /**< the line is no row */
	AUDIT_CHANGED,   /**< the row is not what was written */
	AUDIT_REMOVED,   /**< rows id to id_to are not there */
	AUDIT_INSERTED,  /**< the row was not written by the console */
	AUDIT_MOVED,     /**< the row stands elsewhere than it was written */
	AUDIT_FORGED, /**< the checkpoint's signature is not its key's, or its key none of those trusted */
	AUDIT_REWRITTEN, /**< row id is not there as the earlier export had it: cut off, or the chain was made anew */
	AUDIT_CUT, /**< the checkpoint names another end: rows are missing behind id, or the chain was made anew */
};

struct audit_fault {
	enum audit_fault_kind kind;
	size_t line; /**< from 1; 0 where there is none */
	int64_t id, id_to;
};

#define AUDIT_MAX_FAULTS 1000

struct audit_report {
	size_t rows;
	int64_t first, last;          /**< ids; 0 when there are no rows */
	char before[AUDIT_HASH_TEXT]; /**< `previous` of the first row */
	char head[AUDIT_HASH_TEXT];   /**< hash of the last */
	bool has_checkpoint;
	char key[2 * ED25519_KEY_BYTES + 1]; /**< that signed it, hex */
	struct audit_fault *faults;          /**< by line, at most AUDIT_MAX_FAULTS */
	size_t fault_count;                  /**< of all there are */
};

/**
 * @param earlier what an earlier export was found to be, whose last row is to be among these or just before them; NULL: none.
 *              Where days between them are gone with their time, AUDIT_REMOVED
 * @param keys  trusted public keys in hex; any other is AUDIT_FORGED. With none every key is taken.
 * @param a     owns the faults
 * @return 0 (the faults say what was found), -ENOBUFS
 */
MUST_CHECK int audit_verify(str text, const str *keys, size_t key_count,
			    const struct audit_report *earlier, struct arena *a,
			    struct audit_report *ret, struct err *e);

/** Appends the line that ends an export: the head, signed. @return 0, -EIO */
MUST_CHECK int audit_checkpoint_render(int64_t id, const char *hash, int64_t time_ns,
				       const uint8_t seed[ED25519_KEY_BYTES], struct buf *out,
				       struct err *e);

#endif

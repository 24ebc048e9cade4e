/** @file
 * The vulnerability database, read: an immutable mapped file (doc/formats/vulndb.md).
 *
 * The file may come from anywhere: every offset is checked against the section it points into before it is followed,
 * and each block's SHA-256 is verified the first time the block is touched. Opening reads the header and the hashes of the table of
 * blocks.
 * Any number of processes share one mapping; a handle is used by one thread.
 */
#ifndef SKEP_SCAN_VULN_VULNDB_H
#define SKEP_SCAN_VULN_VULNDB_H

#include "model/report.h"

struct vulndb;

/**
 * Maps a database.
 *
 * @param trusted_keys Ed25519 public keys, any of which may have signed it; none given: the signature is not asked for
 * @return 0, -ENOENT, -EBADMSG not a database or damaged, -EPROTO other format version, -EACCES not signed by a
 *         trusted key
 */
MUST_CHECK int vulndb_open(const char *path, const uint8_t (*trusted_keys)[32],
			   size_t trusted_key_count, struct vulndb **ret, struct err *e);
/** The same over bytes in memory, which must outlive the handle; no signature is asked for. */
MUST_CHECK int vulndb_open_memory(str bytes, struct vulndb **ret, struct err *e);
void vulndb_close(struct vulndb *db);

/** Whether one of @p keys signed it. @return 0, or -EACCES with the key that did */
MUST_CHECK int vulndb_check_signature(const struct vulndb *db, const uint8_t (*keys)[32],
				      size_t count, struct err *e);
/** Checks every block against the header's hashes. @return 0, or -EBADMSG naming the first damaged block */
MUST_CHECK int vulndb_verify(struct vulndb *db, struct err *e);

/** A claim as stored: bounds as keys of the namespace's version scheme, ready for str_cmp(). All spans borrow from the map. */
struct vulndb_claim {
	uint32_t vulnerability; /**< ordinal, for vulndb_vulnerability() */
	str advisory;
	str introduced_key, fixed_key, last_affected_key; /**< empty: no bound */
	str introduced, fixed, last_affected;             /**< as written */
	str arch, module, origin;
	str products; /**< space-separated CPEs; empty: all */
	enum fix_state state;
	enum severity severity;
};

/** Whether the database has any claims for a namespace ("debian:11"). */
bool vulndb_has_namespace(struct vulndb *db, str namespace);

/**
 * The claims about one package, in the order of vulndb_claim_compare().
 *
 * @param ret      array owned by @p a
 * @return number of claims (0: none), -EBADMSG damaged, -ENOBUFS
 */
MUST_CHECK int vulndb_find(struct vulndb *db, str namespace, str package, struct arena *a,
			   struct vulndb_claim **ret, struct err *e);

enum vulndb_verdict {
	VULNDB_SKIP,
	VULNDB_TAKE,
	VULNDB_STOP /**< neither this claim nor one whose bound above is the same or smaller */
};

/** Asked with only the bounds of a claim filled in, texts and keys; claims come by their bound above, none and large first. */
struct vulndb_filter {
	enum vulndb_verdict (*judge)(void *ctx, const struct vulndb_claim *bounds);
	void *ctx;
};

/** Orders claims by all they say, the vulnerability first: <0, 0, >0. */
int vulndb_claim_compare(const struct vulndb_claim *a, const struct vulndb_claim *b);

/** As vulndb_find(), for the claims @p filter takes, in the order it sees them; cheaper, for the others are never put together. */
MUST_CHECK int vulndb_find_wanted(struct vulndb *db, str namespace, str package,
				  const struct vulndb_filter *filter, struct arena *a,
				  struct vulndb_claim **ret, struct err *e);

/** What counts about a vulnerability without its title, description, references, aliases and CWEs. Errors as below. */
MUST_CHECK int vulndb_facts(struct vulndb *db, uint32_t ordinal, struct arena *a,
			    struct vulnerability *ret, struct err *e);
/** All facts about a vulnerability; text is unpacked into @p a. @return 0, -EBADMSG, -ENOBUFS */
MUST_CHECK int vulndb_vulnerability(struct vulndb *db, uint32_t ordinal, struct arena *a,
				    struct vulnerability *ret, struct err *e);
/** Its id alone. @return 0 or -EBADMSG */
MUST_CHECK int vulndb_vulnerability_id(struct vulndb *db, uint32_t ordinal, str *ret,
				       struct err *e);
/** Finds a vulnerability by id or alias. @return 0, -ENOENT, -EBADMSG */
MUST_CHECK int vulndb_find_vulnerability(struct vulndb *db, str id, uint32_t *ret_ordinal,
					 struct err *e);

/** What a report says about it; `age_s` is left to who knows the time. */
void vulndb_info(const struct vulndb *db, struct arena *a, struct database_info *ret);
/** When the newest feed in it was current, seconds since 1970; 0 when unknown. */
uint64_t vulndb_newest_data(const struct vulndb *db);

#endif

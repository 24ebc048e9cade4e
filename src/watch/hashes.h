/** @file
 * Hashes of the files that processes run, for rules that ask for them (proc.sha256 and its like): what is known, what was
 * asked, what cannot be known and why.
 *
 * A file is known by what the kernel said of it at the exec: device, inode, times of its last change. Nothing is read here: a
 * question goes to the asker, who answers later, once. The table is bounded; what was not used for longest goes first.
 */
#ifndef SKEP_WATCH_HASHES_H
#define SKEP_WATCH_HASHES_H

#include "codec/digest.h"
#include "codec/siphash.h"
#include "watch/program.h"

/** Larger files are not read. */
#define HASH_MAX_BYTES ((uint64_t)128 << 20)

/** Why a hash is not known: X(ID, "name") */
#define HASH_GAPS(X) \
	X(TOO_LARGE, "tooLarge") /* than HASH_MAX_BYTES */ \
	X(GONE, "gone")          /* process and container, before it could be opened */ \
	X(CHANGED, "changed")    /* what is found there is not the file that was run */ \
	X(UNREADABLE, "unreadable") \
	X(BUSY, "busy") /* too many wait already */ \
	X(LATE, "late") /* the event could wait no longer; the file is known next time */

enum hash_gap {
#define HASH_GAP_ENUM(id, name) HASH_##id,
	HASH_GAPS(HASH_GAP_ENUM)
#undef HASH_GAP_ENUM
		HASH_GAP_COUNT
};

const char *hash_gap_name(enum hash_gap g);

/** A file as the kernel knew it when it was run. */
struct hash_file {
	uint64_t inode, ctime_ns, mtime_ns;
	uint32_t device; /**< as in event_exec */
};

enum { HASH_ROOTS = 3 };

struct hash_question {
	struct hash_file file;
	uint32_t kinds;             /**< bits by enum digest_kind */
	uint32_t pid;               /**< the process that runs it, or did */
	uint32_t roots[HASH_ROOTS]; /**< processes below whose root it may be found; 0: none */
	bool host;                  /**< or below the host's */
	str path;                   /**< as these see it; borrowed */
};

struct hash_answer {
	struct hash_file file;
	bool known;
	enum hash_gap gap; /**< when it is not */
	bool settled; /**< whoever changes the file from now on changes its times, too: the answer is good for the next time */
	struct digest_sums sums;
};

/** Takes a question, without waiting. @return whether it will be answered */
typedef bool (*hash_asker)(void *ctx, const struct hash_question *q);

struct hashes;

/**
 * @param kinds all that rules ask for: bits by enum digest_kind
 * @param key   of the table: a file system in a container's hands numbers and dates files as it likes
 * @return 0, -ENOMEM
 */
MUST_CHECK int hashes_new(uint32_t kinds, const struct siphash_key *key, hash_asker ask, void *ctx,
			  struct hashes **ret, struct err *e);
void hashes_free(struct hashes *h);
uint32_t hashes_kinds(const struct hashes *h);

/** A judgement begins: nothing was missed in it yet. */
void hashes_begin(struct hashes *h);
/**
 * @return whether the hash of what runs is known: then @p ret has digest_bytes(k) bytes, which live until the next answer. Else it
 *         was missed in this judgement
 */
bool hashes_get(struct hashes *h, const struct program *g, enum digest_kind k, const uint8_t **ret);
/** Whether one was missed that asking may bring. */
bool hashes_wanted(const struct hashes *h);
/** Whether one was missed at all. @param ret why; HASH_LATE for one that is asked or was not */
bool hashes_missed(const struct hashes *h, enum hash_gap *ret);

/**
 * Asks for what was wanted, unless it was asked already. @param q its kinds and its file are filled in
 * @return a number that hashes_answer() will give back; 0: nobody will answer
 */
uint64_t hashes_ask(struct hashes *h, const struct program *g, struct hash_question *q);
/** Takes an answer. @return the number of its question; 0: nobody asked */
uint64_t hashes_answer(struct hashes *h, const struct hash_answer *a);
/** All who waited for the answer have seen it. */
void hashes_answered(struct hashes *h, uint64_t number);

#endif

/** @file
 * Users and groups by number: names, homes and shells, from the passwd(5) and group(5) files of containers and of the host.
 *
 * A container's files are its own to write, and by a file system of its own it decides whether they ever open. So nothing is opened or
 * taken apart here: a look is queued, by a folder that leads to the root, and somebody without privileges does it and answers
 * (prog/agent/users_broker.h). A name means no more than that the container calls it so. Files are looked at again when they are asked for and were
 * not for a second, for up to eight while they stay as they are, or sooner for a number without a name: whoever can wait for that look
 * does (accounts_pending()).
 * Numbers asked for are the host's; a name is that of the number the container has for it.
 */
#ifndef SKEP_ASSET_ACCOUNTS_H
#define SKEP_ASSET_ACCOUNTS_H

#include "asset/id_map.h"
#include "model/container.h"
#include "policy/field.h"

#define ACCOUNTS_MAX_BYTES \
	((size_t)64 << 10) /**< of a container's file; longer ones are not read */
#define ACCOUNTS_MAX_HOST_BYTES ((size_t)1 << 20) /**< of the host's */
#define ACCOUNTS_TEXT_MAX \
	256u /**< of a name, a home or a shell; longer ones are cut, names left out */

enum {
	ACCOUNTS_MAX_ENTRIES = 65536, /**< of one file */
	ACCOUNTS_BATCH = 32,          /**< files looked at in one go */
};

enum account_file { ACCOUNT_PASSWD, ACCOUNT_GROUP, ACCOUNT_FILES };

/** What is asked of an entry. */
enum account_part { ACCOUNT_NAME, ACCOUNT_HOME, ACCOUNT_SHELL, ACCOUNT_GROUP_NAME };

/** An entry of passwd(5); the parts lie in the file, and but for the name may be empty. Of group(5): name and group alone. */
struct account {
	str name, home, shell;
	uint32_t user, group;
};

/** Cuts the next entry off a file; lines without a name or with no numbers are passed over. @return false: there are no more */
bool accounts_next(enum account_file file, str *rest, struct account *ret);

/** Appends an entry to others, for accounts_unpack(). */
void accounts_pack(struct buf *to, const struct account *x);
/** Cuts the next entry off. @return false: there are no more */
bool accounts_unpack(str *rest, struct account *ret);

/** What tells one state of a file from another. */
struct account_version {
	uint64_t inode, bytes, changed_ns;
	uint32_t owner, zero; /**< as the host calls it */
};

/** A file that is to be looked at. */
struct account_source {
	int fd;        /**< a folder */
	char path[36]; /**< below it, the root that the file is in */
	uint32_t file; /**< enum account_file */
	uint64_t max_bytes;
	struct account_version seen; /**< this one need not be read again; zeros: any */
};

/** What a look found. */
enum account_found {
	ACCOUNT_READ,   /**< its entries were told */
	ACCOUNT_SAME,   /**< as it was */
	ACCOUNT_NONE,   /**< there is no such file */
	ACCOUNT_GONE,   /**< nor a root to look in */
	ACCOUNT_CLOSED, /**< it cannot be opened or read, or is too large */
};

struct accounts;

MUST_CHECK int accounts_new(struct accounts **ret, struct err *e);
void accounts_free(struct accounts *a);

/**
 * Queues a look before a container's first process runs, which may be gone before anyone can ask by it.
 * @param rootfs_fd its root folder as the engine made it; need not outlive the call
 */
void accounts_prime(struct accounts *a, str id, int rootfs_fd);

/**
 * Whether to call accounts_look() before accounts_find(). Not while looks at as many others as are remembered are under way:
 * none of those is forgotten, since events wait for it.
 */
bool accounts_due(struct accounts *a, const struct container *c, enum account_part part,
		  uint32_t number);
/** @param fd taken over: of a process's folder in /proc, of the host's root for the host; -1: nothing of it runs any more */
void accounts_look(struct accounts *a, const struct container *c, int fd);
/** What accounts_over() will tell when a look at the container's files is over; 0: none is under way. */
uint64_t accounts_pending(struct accounts *a, const struct container *c);

/**
 * What is known by now.
 * @param ret lives until the next call of anything here
 * @return KNOWN; ABSENT: the container has no such entry; UNKNOWN: its files were not read yet, or cannot be
 */
enum policy_state accounts_find(struct accounts *a, const struct container *c,
				enum account_part part, uint32_t number, str *ret);

/**
 * Takes the next files to look at, unless others are. They, and the descriptors, live until accounts_over().
 * @param ret ACCOUNTS_BATCH @return how many; 0: none, or the last are not over
 */
size_t accounts_ask(struct accounts *a, struct account_source *ret);
/** An entry of the @p n-th of them. */
void accounts_take(struct accounts *a, size_t n, const struct account *x);
/** All of the @p n-th was told. @param left_out entries that were not */
void accounts_end(struct accounts *a, size_t n, enum account_found found,
		  const struct account_version *v, uint32_t left_out);
struct account_calls {
	/** With what accounts_pending() said of an owner that need not be waited for any more. */
	void (*told)(void *ctx, uint64_t pending);
	/** The one at fault, the first time. */
	void (*silent)(void *ctx, str id);
	void *ctx;
};

/**
 * No more is said of them.
 * @param fault the one that could not be looked at: its file system does not answer. Its owner is not looked at for a while;
 *              SIZE_MAX: none
 * @param calls may be NULL
 */
void accounts_over(struct accounts *a, size_t fault, const struct account_calls *calls);

#endif

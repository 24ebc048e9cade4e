/** @file
 * Users and groups by number: names, homes and shells, from the passwd(5) and group(5) files of a container or of the host.
 *
 * A container's files are its own to write: they are read below its root only (openat2 RESOLVE_IN_ROOT), bounded, and a
 * name from them means no more than that the container calls it so. Read again when they changed, looked at at most
 * once a second, or sooner for a number without a name. Containers in user namespaces of their own are not looked into:
 * reading there could block, and this is asked between events. Of them what the engine's own view of their root told at their
 * beginning is known. Numbers asked for are the host's; a name is that of the number the container has for it. Who may wait
 * reads by a child (prog/agent/users_reader.h).
 */
#ifndef SKEP_ASSET_ACCOUNTS_H
#define SKEP_ASSET_ACCOUNTS_H

#include "base/err.h"
#include "model/container.h"

#define ACCOUNTS_MAX_BYTES \
	((size_t)64 << 10) /**< of a container's file; longer ones are as if absent */
#define ACCOUNTS_MAX_HOST_BYTES ((size_t)1 << 20) /**< of the host's */

/** Which part of an entry; its place in passwd(5). */
enum account_part {
	ACCOUNT_NAME = 0,
	ACCOUNT_USER = 2,
	ACCOUNT_GROUP = 3,
	ACCOUNT_HOME = 5,
	ACCOUNT_SHELL = 6
};

struct accounts;

/** @param root_fd the host's root; must outlive it */
MUST_CHECK int accounts_new(int root_fd, struct accounts **ret, struct err *e);
void accounts_free(struct accounts *a);

/**
 * Reads a container's files before its first process runs, which may be gone before anyone can ask by it.
 * @param rootfs_fd its root folder as the engine made it
 */
void accounts_prime(struct accounts *a, str id, int rootfs_fd);

/** @return a part of the entry, which may be empty; a span without a place (p is NULL): no entry. Lives until the next call */
str accounts_user(struct accounts *a, const struct container *c, uint32_t pid, uint32_t user,
		  enum account_part part);
str accounts_group(struct accounts *a, const struct container *c, uint32_t pid, uint32_t group);

/** An entry of passwd(5); the parts lie in the file, and but for the name may be empty. */
struct account {
	str name, home, shell;
	uint32_t user, group;
};

/** Cuts the next entry off a passwd(5) file; lines without a name or with no numbers are passed over. @return false: there are no more */
bool accounts_next(str *rest, struct account *ret);

/** Of the entry of @p number in a passwd(5) or group(5) file: NAME:x:NUMBER:... @return as accounts_user() */
str accounts_parse(str text, uint32_t number, enum account_part part);

#endif

/** @file
 * The numbers of users and groups as a user namespace calls them: /proc/PID/uid_map and gid_map (user_namespaces(7)).
 *
 * The kernel writes these files, so that reading them never waits for the container's owner.
 */
#ifndef SKEP_ASSET_ID_MAP_H
#define SKEP_ASSET_ID_MAP_H

#include "base/err.h"
#include "base/str.h"

enum { ID_MAP_MAX = 16 };

struct id_map {
	struct {
		uint32_t inside, outside, count;
	} ranges[ID_MAP_MAX]; /**< of more the first: numbers of the others have no name inside */
	uint32_t count;
};

/**
 * @param dir_fd the host's /proc
 * @param path   below it: "77/uid_map"
 * @return 0, or -errno of open(2) and read(2): -ENOENT and -ESRCH when the process is gone; -EBADMSG
 */
MUST_CHECK int id_map_read(int dir_fd, const char *path, struct id_map *ret, struct err *e);

/** Parses such a file. @return 0, -EBADMSG (a line is no three numbers, or there is none) */
MUST_CHECK int id_map_parse(str text, struct id_map *ret, struct err *e);

/** What the namespace calls a number of ours. @return false: it has no name for it */
bool id_map_inside(const struct id_map *m, uint32_t outside, uint32_t *ret);
/** What the host calls a number of the namespace's. @return false: it has none */
bool id_map_outside(const struct id_map *m, uint32_t inside, uint32_t *ret);

#endif

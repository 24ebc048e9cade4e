/** @file
 * Names of Linux capabilities, capabilities(7), to bit sets and the sets engines grant.
 */
#ifndef SKEP_ASSET_CAPABILITY_H
#define SKEP_ASSET_CAPABILITY_H

#include "base/str.h"

/** All capabilities of Linux 6: bits 0 to 40. */
#define CAPABILITY_ALL ((1ull << 41) - 1)
/** What Docker, containerd and CRI-O's parents grant where nothing else is asked for. */
#define CAPABILITY_DOCKER_DEFAULT 0xa80425fbull

/** "CAP_SYS_ADMIN", "sys_admin": its bit; "ALL": every one; 0 for what is none. */
uint64_t capability_bits(str name);

#endif

/** @file
 * Where programs are attached: tracefs, debugfs and the cgroup2 hierarchy, wherever they are mounted, or not mounted at all.
 */
#ifndef SKEP_KERN_HOOK_PLACE_H
#define SKEP_KERN_HOOK_PLACE_H

#include "base/base.h"

/** A descriptor of tracefs's root, owned by the caller; a private mount where there is none. @return -errno */
MUST_CHECK int hook_place_tracefs(void);
/** The same of debugfs, which a locked down kernel refuses. */
MUST_CHECK int hook_place_debugfs(void);
/** The number of tracepoint sys_exit_@p call. @return -ENOENT when the kernel has no such call */
MUST_CHECK int hook_place_event(int tracefs, const char *call);
/** A descriptor of the root of the cgroup2 hierarchy, owned by the caller. @return -errno */
MUST_CHECK int hook_place_cgroup2(void);

#endif

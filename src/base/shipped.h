/** @file
 * The data that ships with a program: in share/skep beside the folder it is installed in, or in content/ of the source tree
 * it was built in (build/bin).
 */
#ifndef SKEP_BASE_SHIPPED_H
#define SKEP_BASE_SHIPPED_H

#include "base/arena.h"

/**
 * Finds a file or folder of it.
 *
 * @param name below share/skep or content/: "rules", "vulndb/vulndb.skdb"
 * @param a    owns what is returned
 * @return its path; empty when it did not ship, or @p a is spent
 */
MUST_CHECK str shipped_path(const char *name, struct arena *a);

#endif

/** @file
 * The names sources use for distributions and ecosystems, turned into namespaces of scan/vuln/namespace.def.
 */
#ifndef SKEP_SCAN_FEED_ECOSYSTEM_H
#define SKEP_SCAN_FEED_ECOSYSTEM_H

#include "base/arena.h"
#include "base/str.h"

/**
 * OSV's `package.ecosystem` ("AlmaLinux:9", "Ubuntu:22.04:LTS", "PyPI") to a namespace, owned by @p a or static.
 * @return the empty span when it is none that is matched (or the arena is spent)
 */
str ecosystem_of_osv(str name, struct arena *a);
/** The CPE of the product an ecosystem of Red Hat's is ("Red Hat:rhel_eus:9.2::baseos"); empty for all others. */
str ecosystem_product_of_osv(str name, struct arena *a);

/** GitLab's package type ("npm", "go", "packagist") to a namespace; the empty span when unknown. */
str ecosystem_of_gitlab(str type);

/** SUSE's product name ("SUSE Linux Enterprise Server 15 SP4", "openSUSE Leap 15.4"); empty when it is not matched. */
str ecosystem_of_suse(str product, struct arena *a);

/** "debian:12" of "bookworm"; the empty span for a codename the table does not have. */
str ecosystem_of_codename(const char *prefix, str codename, struct arena *a);

#endif

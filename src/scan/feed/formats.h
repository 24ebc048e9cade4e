/** @file
 * The importers, one a file. Each is an entry of feed_formats[] in feed.c; its feed_format tells what it reads.
 */
#ifndef SKEP_SCAN_FEED_FORMATS_H
#define SKEP_SCAN_FEED_FORMATS_H

#include "scan/feed/feed.h"

/** All importers, most specific first. */
#define FEED_FORMATS(X) \
	X(redhat_cpe) \
	X(epss) \
	X(kev) \
	X(exploitdb) \
	X(poc) \
	X(cvss_bt) \
	X(descriptions) \
	X(metasploit) \
	X(nuclei) \
	X(nvd) \
	X(alpine) \
	X(debian_list) \
	X(debian_json) \
	X(errata) \
	X(ubuntu) \
	X(photon) \
	X(arch) \
	X(redhat_api) \
	X(csaf) \
	X(cvrf) \
	X(updateinfo) \
	X(oval_json) \
	X(oval_xml) \
	X(friendsofphp) \
	X(gitlab) \
	X(rubysec) \
	X(rustsec) \
	X(pypa) \
	X(osv)

#define FEED_DECLARE(name) extern const struct feed_format feed_##name;
FEED_FORMATS(FEED_DECLARE)
#undef FEED_DECLARE

/** Whether @p path holds @p part ("/osv/"), also at its very start. */
bool feed_path_has(str path, const char *part);
/** What stands behind the last slash. */
str feed_path_name(str path);
/** Whether the first bytes hold @p text. */
bool feed_head_has(str head, const char *text);

#endif

/** @file
 * When the support of a distribution's release ends, and which release a code name means. The data is eol.def.
 */
#ifndef SKEP_SCAN_PACKAGE_EOL_H
#define SKEP_SCAN_PACKAGE_EOL_H

#include "base/str.h"

struct eol_release {
	str id;       /**< as in os-release */
	str release;  /**< the entry that matched: "12" for Debian 12.8 */
	str codename; /**< lower case; mostly empty */
	str end; /**< YYYY-MM-DD of the last day of general security support; empty: none is set (rolling) */
	str extended; /**< the same for paid or long-term support; empty: there is none */
	str public_end; /**< last day on which fixes reach everybody: `extended` where that is free, else `end` */
};

/**
 * Finds the release of an operating system.
 *
 * @param id      as in os-release: "debian", "alpine", "ol", ...
 * @param version as in os-release, more precise ones included; empty only suits rolling distributions
 * @return whether the table knows it; an unknown release may be newer than the table
 */
bool eol_find(str id, str version, struct eol_release *ret);

/** The release that a code name means ("debian", "buster" is "10"), or the empty span. */
str eol_release_of_codename(str id, str codename);

#endif

/** @file
 * Finds vulnerability ids in the text of advisories, typing mistakes included.
 */
#ifndef SKEP_SCAN_FEED_IDS_H
#define SKEP_SCAN_FEED_IDS_H

#include "base/arena.h"
#include "codec/value.h"

/** A set of ids in the order they were found. */
struct ids {
	struct arena *arena;
	str *items;
	size_t count, cap;
};

/** Whether @p s is exactly CVE-YYYY-NNNN (four digits or more). */
bool ids_is_cve(str s);

/** Adds an id once. @return 0 or -ENOBUFS */
MUST_CHECK int ids_add(struct ids *set, str id);

/**
 * Adds every CVE id in running text, written in canonical form: "CVE-2018-16859", "CVE 2018-16859", "cve_2018-16859".
 * @return 0 or -ENOBUFS
 */
MUST_CHECK int ids_scan(struct ids *set, str text);

/** ids_scan() over each string of an array. */
MUST_CHECK int ids_scan_array(struct ids *set, const struct value *array);

/** The ids separated by blanks, each of them once; the empty span when there are none or the arena is spent. */
str ids_join(const struct ids *set);

#endif

/** @file
 * Points in time as people and documents write them: RFC 3339 and plain dates, always UTC.
 */
#ifndef SKEP_BASE_TIME_H
#define SKEP_BASE_TIME_H

#include "base/str.h"

#define TIME_TEXT_BYTES 24
#define TIME_NS_TEXT_BYTES 32

/**
 * Reads "YYYY-MM-DD" or RFC 3339 ("YYYY-MM-DDThh:mm:ss[.fff](Z|+hh:mm)", a blank for the 'T' and a missing zone are
 * accepted) to seconds since 1970-01-01T00:00:00Z.
 *
 * @return 0, or -EBADMSG: not of this form, or no such day; years 1970 to 9999
 */
MUST_CHECK int time_parse(str text, int64_t *ret);

/** Writes "YYYY-MM-DDThh:mm:ssZ" and a NUL; seconds outside the years 1970 to 9999 are moved to the nearest end. */
void time_render(int64_t seconds, char ret[TIME_TEXT_BYTES]);
/** The same in nanoseconds; digits behind the ninth are passed over. Years to 2554. */
MUST_CHECK int time_parse_ns(str text, uint64_t *ret);
/** Writes "YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ" and a NUL. */
void time_render_ns(uint64_t ns, char ret[TIME_NS_TEXT_BYTES]);
/** Writes "YYYY-MM-DD" and a NUL. */
void time_render_day(int64_t seconds, char ret[TIME_TEXT_BYTES]);

#endif

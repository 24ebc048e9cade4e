/** @file
 * The pages of an SQLite database: from the file, or from its write-ahead log where that has newer ones.
 */
#ifndef SKEP_CODEC_RPM_PAGER_PRIV_H
#define SKEP_CODEC_RPM_PAGER_PRIV_H

#include "base/err.h"
#include "base/str.h"

struct rpm_pager {
	str file;
	str wal;
	size_t page_bytes;
	size_t usable_bytes; /**< of a page, without the bytes reserved at its end */
	uint32_t page_count; /**< numbers run from 1 to it */
	/** frame + 1 of each page that the log holds, indexed by number; NULL without a log */
	uint32_t *frames;
	uint8_t *visited; /**< a bit a page */
};

MUST_CHECK int rpm_pager_open(struct rpm_pager *p, str file, str wal, struct err *e);
void rpm_pager_close(struct rpm_pager *p);

/** The same, but at most once for each page: every page has one parent, so a second visit is a loop. */
str rpm_pager_visit(struct rpm_pager *p, uint32_t number);
/** Where the page lies in the file; for messages. */
uint64_t rpm_pager_offset(const struct rpm_pager *p, uint32_t number);

/** Whether @p file, or an empty file's log, begins as such a database does. */
bool rpm_pager_is(str file, str wal);

#endif

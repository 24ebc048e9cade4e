/** @file
 * Where the readers of rpm's three database formats (rpm_bdb, rpm_ndb, rpm_sqlite) put what they find: header blobs one
 * by one, and damage.
 *
 * Databases are hostile. No reader copies a whole database, reads past its span, follows a loop or does work that is
 * not bounded by the size of its input; what is damaged is told and passed over, and reading goes on where it can.
 */
#ifndef SKEP_CODEC_RPM_SINK_H
#define SKEP_CODEC_RPM_SINK_H

#include "base/buf.h"
#include "base/err.h"

/** Most bytes of one header; rpm's own bound is four times as high, the largest known header is 20 MB. */
#define RPM_SINK_MAX_BLOB ((size_t)64 << 20)

struct rpm_sink {
	void *ctx;
	/** One header blob, valid during the call. Anything but 0 ends the reading and is its result. */
	int (*blob)(void *ctx, str blob);
	/** Something at byte @p offset of the file is damaged; @p what is a few words. */
	void (*damage)(void *ctx, uint64_t offset, const char *what);
};

static inline void rpm_sink_damage(const struct rpm_sink *s, uint64_t offset, const char *what)
{
	s->damage(s->ctx, offset, what);
}

#endif

/** @file
 * What every reader of an rpm database promises its sink, for the fuzz targets of the three formats.
 */
#ifndef SKEP_TEST_FUZZ_RPM_H
#define SKEP_TEST_FUZZ_RPM_H

#include "codec/rpm_sink.h"

struct fuzz_rpm {
	uint64_t bytes;   /* given to the sink so far */
	uint64_t most;    /* a bound on them: hostile files must not multiply the work */
	uint64_t offsets; /* no damage may be told behind it */
};

static inline int fuzz_rpm_blob(void *ctx, str blob)
{
	struct fuzz_rpm *f = ctx;
	volatile char last UNUSED =
		blob.n ? blob.p[blob.n - 1] : 0; /* a sanitizer sees a span too long */

	f->bytes += blob.n;
	assert(blob.n <= RPM_SINK_MAX_BLOB && f->bytes <= f->most);
	return 0;
}

static inline void fuzz_rpm_damage(void *ctx, uint64_t offset, const char *what)
{
	struct fuzz_rpm *f = ctx;

	assert(what && *what && offset <= f->offsets);
}

static inline struct rpm_sink fuzz_rpm_sink(struct fuzz_rpm *f)
{
	return (struct rpm_sink){ .ctx = f, .blob = fuzz_rpm_blob, .damage = fuzz_rpm_damage };
}

#endif

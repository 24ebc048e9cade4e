/** @file
 * A report made by hand that holds one of everything a renderer must cope with: hostile names, every fix state,
 * packages of one source, layers, gaps, ignored findings, CJK text.
 */
#ifndef SKEP_TEST_SAMPLE_REPORT_H
#define SKEP_TEST_SAMPLE_REPORT_H

#include "model/report.h"

/** X(id, name) */
#define SAMPLES(X) \
	X(RICH, "rich") \
	X(CLEAN, "clean") \
	X(BARE, "bare")

enum sample {
#define SAMPLE_ENUM(id, name) SAMPLE_##id,
	SAMPLES(SAMPLE_ENUM)
#undef SAMPLE_ENUM
		SAMPLE_COUNT
};

/** Static data; nothing to free. RICH: all of it; CLEAN: no findings, no gaps; BARE: no database, nothing found. */
void sample_report(enum sample which, struct report *ret);

#endif

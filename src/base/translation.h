/** @file
 * The words of another language for what programs say in English. The tables stand in prog; rooms below are handed this.
 */
#ifndef SKEP_BASE_TRANSLATION_H
#define SKEP_BASE_TRANSLATION_H

#include "base/buf.h"

struct translation {
	/** The format with the same conversions in the same order; the English one when there is none. */
	const char *(*format)(const char *format);
	/** Appends a sentence that was made and kept in English, in the other language: what cannot be told stays English. */
	void (*sentence)(str english, struct buf *out);
};

#endif

/** @file
 * The words of errors and log lines in the user's language, by their English formats; src/prog/skep/messages_zh.def
 * (`tool/check-messages` lists what it lacks).
 */
#ifndef SKEP_PROG_SKEP_TRANSLATE_H
#define SKEP_PROG_SKEP_TRANSLATE_H

#include "base/lang.h"
#include "base/translation.h"

typedef const char *translate_fn(const char *format);

/** For err.translate: NULL when English needs no translating. */
translate_fn *translate_to(enum lang lang);

/** The Chinese format with the same conversions in the same order; @p format itself when there is none. */
const char *translate_zh(const char *format);

/**
 * Appends an English sentence in Chinese that was made from one of the formats, by finding which: sentences that were stored, or came from
 * another host. What was filled in is told in Chinese where it is such a sentence itself. Unknown ones are appended as they are.
 */
void retell_zh(str english, struct buf *out);

extern const struct translation translation_zh;

#endif

/** @file
 * The words of errors and log lines in the user's language, by their English formats; src/prog/skep/messages_zh.def
 * (`tool/check-messages` lists what it lacks).
 */
#ifndef SKEP_PROG_SKEP_TRANSLATE_H
#define SKEP_PROG_SKEP_TRANSLATE_H

#include "base/lang.h"

typedef const char *translate_fn(const char *format);

/** For err.translate: NULL when English needs no translating. */
translate_fn *translate_to(enum lang lang);

/** The Chinese format with the same conversions in the same order; @p format itself when there is none. */
const char *translate_zh(const char *format);

#endif

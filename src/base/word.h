/** @file
 * Words in a table: the names of an enum's values in their order, or words one is looked for among.
 */
#ifndef SKEP_BASE_WORD_H
#define SKEP_BASE_WORD_H

#include "base/str.h"

/** The place of the first of @p words that is @p text, or -ENOENT. A place that is NULL is nobody's. */
MUST_CHECK int word_find(const char *const *words, size_t count, str text);
/** The same; ASCII letters compare without case. */
MUST_CHECK int word_find_nocase(const char *const *words, size_t count, str text);
/** The word at place @p i; "unknown" where the table has none: numbers come out of stores and off wires. */
const char *word_name(const char *const *words, size_t count, size_t i);

/** The same of a whole array. */
#define WORD_FIND(words, text) word_find(words, ARRAY_LEN(words), text)
#define WORD_FIND_NOCASE(words, text) word_find_nocase(words, ARRAY_LEN(words), text)
#define WORD_NAME(words, i) word_name(words, ARRAY_LEN(words), (size_t)(i))

#endif

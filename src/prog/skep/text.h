/** @file
 * Text for terminals: escaping, width in columns, and paragraphs broken to a width.
 */
#ifndef SKEP_PROG_SKEP_TEXT_H
#define SKEP_PROG_SKEP_TEXT_H

#include "base/buf.h"

/** Appends @p bytes with control characters and ill-formed UTF-8 as \xNN; new lines and tabs stay. */
void text_escape(struct buf *out, str bytes);

/** Columns the text takes on a terminal; East Asian wide characters take two. */
size_t text_columns(str s);

/**
 * Appends @p s broken at blanks (between any two characters of Chinese text) so that no line passes @p width.
 * The first line begins at column @p at; further lines are indented by @p indent.
 */
void text_wrap(struct buf *out, str s, size_t at, size_t indent, size_t width);

#endif

/** @file
 * Text for people: UTF-8, the columns it takes on a terminal, safe to show, wrapped and cut by width.
 *
 * Widths are those of wcwidth(3) implementations: East Asian wide and fullwidth characters and emoji take two columns,
 * combining marks none (Unicode Standard Annex 11; src/base/text_width.def).
 */
#ifndef SKEP_BASE_TEXT_H
#define SKEP_BASE_TEXT_H

#include "base/buf.h"

#define TEXT_ILL_FORMED UINT32_MAX

/**
 * Takes the next code point off @p rest, which must not be empty.
 * @return the code point, or TEXT_ILL_FORMED for one byte that begins no well-formed sequence (Unicode 15, table 3-7)
 */
uint32_t text_next(str *rest);

/** Index of the first byte that belongs to no well-formed sequence, or s.n. */
size_t text_ill_formed(str s);

/** Columns of a text that was escaped; an ill-formed byte counts one. */
unsigned int text_width(str s);

/**
 * Appends bytes from outside so that they can do nothing but be seen: control characters, ill-formed UTF-8 and the
 * characters that reorder or hide text (bidirectional controls, zero-width, line separators) become "\xNN" or "\u{N}".
 */
void text_escape(str s, struct buf *out);

/** How a format writes what it cannot hold as it is. */
struct text_line {
	const char *escaped;    /**< ASCII that stands behind a backslash; NULL: none */
	const char *line_break; /**< for a line feed; NULL: a blank */
	bool tabs;              /**< stay */
};

/**
 * Appends bytes from outside as part of one line of a format: whatever a reader could take for the end of the line (control
 * characters, the line separators U+2028 and U+2029) becomes a blank, an ill-formed byte '?', and nothing is ever half written.
 *
 * @param max bytes at most
 * @param how NULL: nothing of it
 */
void text_put_line(str s, size_t max, const struct text_line *how, struct buf *out);

/**
 * Takes the next line of at most @p width columns off @p rest: broken at a blank, which is dropped, behind one of
 * "-/,;:_+~" unless a word begins so ("--flag", "/path"), or next to a wide character, but not before closing or
 * behind opening Chinese punctuation; a longer word is cut. A line always takes at least one character.
 *
 * @param width 0: all of it
 */
str text_wrap(str *rest, unsigned int width);

/** Appends @p s, or as much of it as fits with "…" behind it, in @p width columns; 0: all of it. */
void text_ellipsis(str s, unsigned int width, struct buf *out);

/** Appends blanks until @p used columns have become @p width. */
void text_pad(struct buf *out, unsigned int used, unsigned int width);

#endif

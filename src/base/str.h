/** @file
 * A span of bytes by value. It borrows: whoever made the bytes keeps them alive.
 *
 * Not terminated and may hold NUL. The empty span may have a NULL pointer.
 */
#ifndef SKEP_BASE_STR_H
#define SKEP_BASE_STR_H

#include <string.h>

#include "base/base.h"

typedef struct str {
	const char *p;
	size_t n;
} str;

/** A span over a string literal. */
#define S(literal) ((str){ .p = "" literal, .n = sizeof(literal) - 1 })
/** For printf's "%.*s". */
#define STR_ARG(s) (int)MIN((s).n, (size_t)INT32_MAX), ((s).p ? (s).p : "")

static inline str str_from(const char *c)
{
	return c ? (str){ c, strlen(c) } : (str){ NULL, 0 };
}

static inline bool str_eq(str a, str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_is(str a, const char *c)
{
	return str_eq(a, str_from(c));
}

static inline str str_skip(str s, size_t n)
{
	n = MIN(n, s.n);
	return (str){ s.p ? s.p + n : s.p, s.n - n };
}

static inline str str_take(str s, size_t n)
{
	return (str){ s.p, MIN(n, s.n) };
}

static inline bool str_starts(str s, str prefix)
{
	return s.n >= prefix.n && str_eq(str_take(s, prefix.n), prefix);
}

static inline bool str_ends(str s, str suffix)
{
	return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

/** Whether it is made of digits 0-9 and a-f, one at least. */
bool str_is_hex(str s);
/** Byte order, a shorter prefix first: <0, 0, >0. */
int str_cmp(str a, str b);
/** ASCII letters compare without case. */
bool str_eq_nocase(str a, str b);
/** Without the slashes it begins with. */
static inline str str_skip_slashes(str s)
{
	while (s.n && s.p[0] == '/')
		s = str_skip(s, 1);
	return s;
}

/** Without ASCII white space at both ends. */
str str_trim(str s);
/** Index of the first @p c, or s.n. */
size_t str_find(str s, char c);
/** Index of the last @p c, or s.n. */
size_t str_find_last(str s, char c);
/** Index of the first @p needle, or s.n; an empty needle is found at 0. */
size_t str_search(str s, str needle);

/** Whether @p needle occurs in @p s; ASCII letters compare without case. An empty needle does. */
bool str_holds_nocase(str s, str needle);

/**
 * Cuts @p rest at the first @p sep: returns what stood before it and leaves what stands after.
 * Without @p sep returns all and leaves the empty span. `while (rest.n)` therefore walks the fields.
 */
str str_cut(str *rest, char sep);

/** Puts @p to in place of each @p from among @p n bytes. */
void str_replace_byte(char *p, size_t n, char from, char to);

/** The next line without its end ("\n" or "\r\n"); the last needs none. */
str str_line(str *rest);

/** Decimal digits only, no sign, no blanks. @return 0, or -EBADMSG, or -ERANGE */
MUST_CHECK int str_u64(str s, uint64_t *ret);
MUST_CHECK int str_u32(str s, uint32_t *ret);

/** FNV-1a with a final mix; for tables, not for secrets. */
uint64_t str_hash(str s);

#endif

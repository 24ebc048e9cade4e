/** @file
 * A tree of values: what JSON and YAML documents become. Owned by an arena, never changed after it was made.
 *
 * The accessors take any node, NULL included, and answer NULL or an empty span when the shape is not as hoped, so a
 * reader of foreign documents is a chain of look-ups with one check at its end.
 */
#ifndef SKEP_CODEC_VALUE_H
#define SKEP_CODEC_VALUE_H

#include "base/arena.h"

enum value_kind { VALUE_NULL, VALUE_BOOL, VALUE_NUMBER, VALUE_STRING, VALUE_ARRAY, VALUE_OBJECT };

struct value_member;

struct value {
	enum value_kind kind;
	bool boolean;
	uint32_t line;   /**< 1-based line in a YAML document; 0 for JSON */
	uint32_t column; /**< 1-based, in characters; 0 for JSON */
	double number;
	int64_t integer; /**< the number when it is whole and fits; else 0 */
	str string;   /**< also the text of a YAML scalar that became a number, a boolean or null */
	size_t count; /**< elements or members */
	union {
		struct value *items; /**< VALUE_ARRAY */
		/** VALUE_OBJECT, in document order; of equal keys the last counts */
		struct value_member *members;
	};
};

struct value_member {
	str key;
	struct value value;
};

/** The member called @p key, or NULL when @p v is no object or has none. */
const struct value *value_get(const struct value *v, const char *key);
/** Follows "a.b.c" through objects. */
const struct value *value_path(const struct value *v, const char *dotted);
/** The element, or NULL. */
const struct value *value_at(const struct value *v, size_t i);
/** The string (of a string or of a YAML scalar), else the empty span. */
str value_str(const struct value *v);
/** value_str(value_get(v, key)). */
str value_get_str(const struct value *v, const char *key);
/** The whole number, or @p otherwise. */
int64_t value_int(const struct value *v, int64_t otherwise);
double value_num(const struct value *v, double otherwise);
bool value_is_true(const struct value *v);

/** Walks an array; does nothing for any other node. @p item must not be assigned in the body. */
#define VALUE_EACH(item, array) \
	for (const struct value *a_##item = (array), *item = value_at(a_##item, 0), \
				*end_##item = item ? item + a_##item->count : NULL; \
	     item != end_##item; item++)

/** Walks an object's members; does nothing for any other node. */
#define VALUE_MEMBERS(m, object) \
	for (const struct value_member *m = value_first_member(object), \
				       *end_##m = m ? m + (object)->count : NULL; \
	     m != end_##m; m++)

const struct value_member *value_first_member(const struct value *v);

#endif

/** @file
 * The JSON of the API as tables, from object.def: the check of what comes in and the document that describes it
 * (openapi.h) read the same rows.
 *
 * Input is hostile. Depth, counts and lengths are bounded; every thing that is wrong is told with its place, up to
 * FAULT_MAX of them.
 */
#ifndef SKEP_CONSOLE_API_OBJECT_H
#define SKEP_CONSOLE_API_OBJECT_H

#include "base/phrase.h"
#include "codec/value.h"

#define OBJECT_MAX_STRING 4096 /**< bytes of a string that has no bound of its own */
#define OBJECT_MAX_ITEMS 1000  /**< elements of an array, members of a map */

enum object_id {
	OBJECT_NONE,
#define E(id, name, doc, ...)
#define O(id, name, doc) OBJECT_##id,
#define M(name, shape, type, of, presence, min, max, doc)
#include "console/api/object.def"
#undef E
#undef O
#undef M
	OBJECT_COUNT
};

enum enum_id {
	ENUM_NONE,
#define E(id, name, doc, ...) ENUM_##id,
#define O(id, name, doc)
#define M(name, shape, type, of, presence, min, max, doc)
#include "console/api/object.def"
#undef E
#undef O
#undef M
	ENUM_COUNT
};

enum member_shape { SHAPE_ONE, SHAPE_LIST, SHAPE_MAP };
enum member_type {
	TYPE_STRING,
	TYPE_TIME,
	TYPE_INTEGER,
	TYPE_NUMBER,
	TYPE_BOOLEAN,
	TYPE_ENUM,
	TYPE_OBJECT,
	TYPE_ANY,
};
enum member_presence { PRESENCE_MUST, PRESENCE_MAY, PRESENCE_NULLABLE, PRESENCE_MAY_NULL };

struct object_member {
	const char *name;
	enum member_shape shape;
	enum member_type type;
	uint16_t of; /**< enum object_id or enum enum_id, by the type */
	enum member_presence presence;
	int64_t min, max; /**< both 0: no bound of its own */
	const char *doc;
};

struct object_row {
	const char *name;
	const char *doc;
	const struct object_member *members;
	size_t count;
};

struct enum_row {
	const char *name;
	const char *doc;
	const char *const *values;
	size_t count;
};

/** @p id is above NONE and below COUNT. */
struct object_row object_row(enum object_id id);
const struct enum_row *enum_row(enum enum_id id);
/** The member called @p name, or NULL. */
const struct object_member *object_member(enum object_id id, str name);
/** Which value of @p id the text is, or -ENOENT. */
MUST_CHECK int enum_find(enum enum_id id, str text);
/** All values of @p id for a sentence: "a, b, c"; a NULL pointer when the budget of @p a is spent. */
str enum_values(enum enum_id id, struct arena *a);

#define FAULT_MAX 20

/** Something that is wrong with what was sent. */
struct fault {
	str path;          /**< JSON pointer into the body (RFC 6901), or "?name" of the query */
	struct phrase why; /**< holds no bytes of the request */
	int64_t bound;     /**< stands for {0} in it */
	str allowed;       /**< stands for {1} in it */
};

struct fault_list {
	struct fault items[FAULT_MAX];
	size_t count;
	bool more; /**< there are more than fit */
};

/**
 * Holds @p v to the object @p id, all that it holds included. Members nobody knows are faults.
 *
 * @param a     owns the texts of @p ret
 * @return 0 (@p ret says what is wrong; nothing when it is as it should be), -ENOBUFS
 */
MUST_CHECK int object_check(enum object_id id, const struct value *v, struct arena *a,
			    struct fault_list *ret);

/**
 * Reads a query string (application/x-www-form-urlencoded, '+' a blank) into an object whose members are those of the
 * objects @p ids. Texts become what the member's type says; a member of shape LIST takes each parameter of its name.
 *
 * @param ids  ends with OBJECT_NONE; MAP, OBJECT and ANY do not stand in queries
 * @param a    owns everything
 * @return 0 (@p ret_faults says what is wrong), -ENOBUFS
 */
MUST_CHECK int query_parse(str query, const enum object_id *ids, struct arena *a, struct value *ret,
			   struct fault_list *ret_faults);

/** Undoes percent-encoding; @p plus makes '+' a blank. @return 0, -EBADMSG (malformed, NUL or ill-formed UTF-8), -ENOBUFS */
MUST_CHECK int percent_decode(str text, bool plus, struct arena *a, str *ret);

#endif

/** @file
 * What a caller may do: one row of permission.def each, kept as bits of a word.
 */
#ifndef SKEP_CONSOLE_ACCESS_PERMISSION_H
#define SKEP_CONSOLE_ACCESS_PERMISSION_H

#include "base/err.h"
#include "base/phrase.h"
#include "base/str.h"

/** Whose hand holds a permission where duties are separated. */
enum duty { DUTY_ANY, DUTY_SYSTEM, DUTY_SECURITY, DUTY_AUDIT };

/** Whether a role's scope can bound a permission, or it is about all there is. */
enum permission_reach { REACH_PLACES, REACH_FLEET };

enum permission {
#define X(id, name, duty, reach, en, zh) PERMISSION_##id,
#include "console/access/permission.def"
#undef X
	PERMISSION_COUNT,
	PERMISSION_SELF,   /**< whoever is signed in; in no role */
	PERMISSION_PUBLIC, /**< nobody needs to be signed in; in no role */
};

#define PERMISSION_BIT(p) ((uint64_t)1 << (p))
#define PERMISSION_ALL (PERMISSION_BIT(PERMISSION_COUNT) - 1)

struct permission_row {
	const char *name;
	enum duty duty;
	enum permission_reach reach;
	struct phrase what;
};

/** The row of @p p, which is below PERMISSION_COUNT. */
const struct permission_row *permission_row(enum permission p);
/** @return 0, or -ENOENT: none is called so */
MUST_CHECK int permission_find(str name, enum permission *ret, struct err *e);

/**
 * Whether all of @p permissions may be held by one hand where duties are separated.
 *
 * @param ret the one duty besides ANY that they need; DUTY_ANY when none is; may be NULL
 */
bool permission_one_duty(uint64_t permissions, enum duty *ret);
/** Those that @p d holds and nobody else where duties are separated. */
uint64_t permission_of_duty(enum duty d);
/** Those of @p permissions that no scope can bound: a role with one does not give them. */
uint64_t permission_of_fleet(uint64_t permissions);

#endif

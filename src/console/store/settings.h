/** @file
 * What an operator may set, from setting.def: kept as names and numbers; what was never set has its default.
 */
#ifndef SKEP_CONSOLE_STORE_SETTINGS_H
#define SKEP_CONSOLE_STORE_SETTINGS_H

#include "console/store/store.h"

enum setting {
#define X(id, name, kind, value, least, most) SETTING_##id,
#include "console/store/setting.def"
#undef X
	SETTING_COUNT
};

struct setting_row {
	const char *name;
	bool boolean;
	int64_t value, least, most; /**< value: the default */
};

const struct setting_row *setting_row(enum setting s);

struct settings {
	int64_t values[SETTING_COUNT];
};

/** All of them. A stored value out of its bounds counts as the nearest one in them. */
MUST_CHECK int settings_get(struct store *s, struct settings *ret, struct err *e);
/** The same, over a bare connection. */
MUST_CHECK int settings_read(struct sql *s, struct settings *ret, struct err *e);
/** Changes one. In the caller's transaction. @return 0, -ERANGE, or the store's */
MUST_CHECK int settings_set(struct store *s, enum setting which, int64_t value, struct err *e);

#endif

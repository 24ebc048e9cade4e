/** @file
 * What a receiver can be told, as tables: each kind of receiver has one and all have the common one. Validation, the masking
 * of secrets and the documentation read the same rows.
 *
 * Settings are a flat JSON object. Those whose type is secret are kept apart, sealed, and shown as "***"; given back so,
 * they stay as they are.
 */
#ifndef SKEP_CONSOLE_NOTIFY_SETTING_H
#define SKEP_CONSOLE_NOTIFY_SETTING_H

#include "base/err.h"
#include "base/phrase.h"
#include "codec/json_out.h"
#include "codec/value.h"

#define SETTING_MASK "***"

enum setting_type {
	SETTING_TEXT,   /**< one line; `max` bytes, 1,024 when it is 0 */
	SETTING_URL,    /**< a text; `choices` are the schemes it may have */
	SETTING_CHOICE, /**< one of `choices` */
	SETTING_NUMBER, /**< whole, `min` to `max` */
	SETTING_BOOL,
	SETTING_LIST,       /**< texts, `max` at most */
	SETTING_PEM,        /**< certificates, 64 KiB */
	SETTING_SECRET,     /**< a text nobody sees again */
	SETTING_SECRET_PEM, /**< a key */
	SETTING_SECRET_URL, /**< an address whose path is a secret: the host is shown */
	SETTING_SECRET_MAP, /**< names to secret texts: HTTP headers; the names are shown */
};

struct setting {
	const char *name;
	enum setting_type type;
	bool must;
	int64_t min, max;
	const char *choices; /**< parted by '|' */
	const char *preset;  /**< what holds when it is missing; NULL: nothing does */
	struct phrase doc;
};

bool setting_is_secret(enum setting_type t);

/** Two tables that hold together; the second may be NULL. Each ends with an empty row. */
struct setting_tables {
	const struct setting *own, *common;
};

/**
 * Holds an object to the tables.
 *
 * @param was settings as they were, secrets included, for those given as "***"; NULL: there are none
 * @param a owns what is made
 * @param ret_public, ret_secret the two halves as compact JSON
 * @param ret_at the setting that is wrong, on -EINVAL; empty: the whole
 * @return 0, -EINVAL (the sentence names the setting and never the value of a secret), -ENOBUFS
 */
MUST_CHECK int setting_take(const struct setting_tables *t, const struct value *given,
			    const struct value *was, struct arena *a, str *ret_public,
			    str *ret_secret, str *ret_at, struct err *e);

/** The two halves as one object. @return 0, -EBADMSG, -ENOBUFS */
MUST_CHECK int setting_join(str public_json, str secret_json, struct arena *a, struct value *ret,
			    struct err *e);
/** Writes the object that is shown: secrets masked. @param all as setting_join() gave it */
void setting_render(const struct setting_tables *t, const struct value *all, struct json_out *j);

/** A setting's text, or its preset, or empty. */
str setting_text(const struct setting_tables *t, const struct value *all, const char *name);
int64_t setting_number(const struct setting_tables *t, const struct value *all, const char *name);

#endif

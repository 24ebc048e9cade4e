/** @file
 * A receiver: where it is, how it is reached, and which alerts it is told when.
 */
#ifndef SKEP_CONSOLE_NOTIFY_RECEIVER_H
#define SKEP_CONSOLE_NOTIFY_RECEIVER_H

#include "console/notify/notice.h"
#include "console/notify/setting.h"

struct sender;
struct sender_host;
struct http_kind;
struct receiver;

struct receiver_kind {
	const char *name; /**< "syslog" */
	struct phrase doc;
	const struct setting *settings; /**< of its own, ended by an empty row */
	size_t batch; /**< notices it takes at once; 0: as many as its setting "batch" says */
	/** Says what rows cannot: settings that do not go together. May be NULL. @return 0 or -EINVAL */
	int (*check)(const struct receiver *r, struct err *e);
	const struct http_kind
		*http; /**< what sends by HTTP or mail; NULL: open() makes what does */
	/** @return 0, -EINVAL, -errno */
	int (*open)(const struct receiver *r, const struct sender_host *host, struct sender **ret,
		    struct err *e);
};

/** Every kind; one file and one entry each. */
const struct receiver_kind *const *receiver_kinds(size_t *ret_count);
/** @return NULL: none is called so */
const struct receiver_kind *receiver_kind_find(str name);
/** The settings every kind has. */
extern const struct setting receiver_common_settings[];

struct receiver_quiet {
	bool set;
	unsigned int from_min, to_min; /**< of the day; to < from: over midnight */
	unsigned int days;             /**< bit 0 Monday: on which it begins */
	int zone_min;                  /**< east of UTC */
	enum alert_priority except;    /**< this urgent or more is told all the same */
};

struct receiver {
	int64_t id;
	str name;
	const struct receiver_kind *kind;
	bool enabled;
	str filter; /**< a condition over alerts; empty: all */
	struct setting_tables tables;
	struct value settings; /**< all, secrets included: never shown, never logged */
	enum lang lang;
	struct receiver_quiet quiet;
	unsigned int per_minute; /**< 0: as many as come */
	unsigned int group_s;    /**< 0: not grouped */
	unsigned int group_by;   /**< bits: enum receiver_group */
};

/** X(ID, "name"): what notices are grouped by */
#define RECEIVER_GROUPS(X) \
	X(RULE, "rule") \
	X(PRIORITY, "priority") \
	X(HOST, "host") \
	X(CONTAINER, "container") \
	X(IMAGE, "image") \
	X(NAMESPACE, "namespace")

enum receiver_group {
#define RECEIVER_GROUP_ENUM(id, name) RECEIVER_BY_##id,
	RECEIVER_GROUPS(RECEIVER_GROUP_ENUM)
#undef RECEIVER_GROUP_ENUM
		RECEIVER_BY_COUNT
};

/**
 * Makes a receiver of its settings (setting_join()), which must outlive it.
 *
 * @param ret kind, settings, name, id and filter stay as the caller set them; the rest is filled in
 * @param ret_at as setting_take()
 * @return 0, -EINVAL
 */
MUST_CHECK int receiver_settle(struct receiver *ret, str *ret_at, struct err *e);

str receiver_text(const struct receiver *r, const char *name);
int64_t receiver_number(const struct receiver *r, const char *name);
const struct value *receiver_value(const struct receiver *r, const char *name);

#endif

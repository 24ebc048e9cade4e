/** @file
 * Options described by tables: what a table says is what the parser takes, the help shows, the environment and the
 * configuration file may set, and the shells complete.
 *
 * A set joins tables (global options, options many commands share, a command's own) and holds a value for each
 * entry. Values come from four places; the nearest to the user wins: flag, environment, file, default.
 */
#ifndef SKEP_BASE_OPTION_H
#define SKEP_BASE_OPTION_H

#include "base/arena.h"
#include "base/err.h"
#include "base/phrase.h"

enum option_type {
	OPTION_FLAG,     /**< present or not; --x=false also clears */
	OPTION_STRING,   /**< one text */
	OPTION_LIST,     /**< repeatable, each value split at commas */
	OPTION_MULTI,    /**< repeatable, values taken whole */
	OPTION_U64,      /**< decimal */
	OPTION_BYTES,    /**< quantity_bytes() */
	OPTION_DURATION, /**< quantity_seconds() */
	OPTION_CHOICE,   /**< one of `choices` */
	OPTION_COUNT,    /**< a flag that counts, -vv */
};

/** X(id, English, Chinese): the headings of the help, in its order */
#define OPTION_GROUPS(X) \
	X(SOURCE, "Source", "来源") \
	X(FILTER, "Filter", "过滤") \
	X(OUTPUT, "Output", "输出") \
	X(GATE, "Gate", "门禁") \
	X(DATABASE, "Database", "漏洞库") \
	X(RULES, "Rules", "规则") \
	X(SENSOR, "Sensor", "感知") \
	X(CONSOLE, "Console", "控制台") \
	X(PERFORMANCE, "Performance", "性能") \
	X(GLOBAL, "Global", "全局")

enum option_group {
#define OPTION_GROUP_ENUM(id, en, zh) OPTION_GROUP_##id,
	OPTION_GROUPS(OPTION_GROUP_ENUM)
#undef OPTION_GROUP_ENUM
		OPTION_GROUP_COUNT
};

/** What a shell offers where the value goes. */
enum option_complete { OPTION_COMPLETE_NONE, OPTION_COMPLETE_FILE, OPTION_COMPLETE_DIR };

/** One option; a table of them ends with an entry without a name. */
struct option_def {
	const char *name; /**< long name without dashes */
	char letter;      /**< short name, or 0 */
	enum option_type type;
	enum option_group group;
	const char *arg;      /**< what the help calls the value; NULL for flags */
	const char *fallback; /**< default as a user would write it; NULL: unset */
	const char *choices; /**< "a|b|c": for OPTION_CHOICE, and offered by the shells for lists */
	enum option_complete complete;
	/** what it names is read, so it must be there: option_set_check_places(). Without `complete`, of "@FILE" only */
	bool must_exist;
	const char *
		within; /**< the option that names the root it is looked for in, the same set's; NULL: this process's */
	/** what it names is made when it is absent, so where it goes must be there and writable: option_set_check_places() */
	bool is_made;
	bool rare; /**< left out of the one-screen --help; in the manual */
	struct phrase help;
};

enum option_origin { OPTION_UNSET, OPTION_DEFAULT, OPTION_FILE, OPTION_ENV, OPTION_ARGV };

struct option_value {
	const struct option_def *def;
	enum option_origin origin;
	const char *where;  /**< "flag", "SKEP_COLOR", "./.skep.yaml:3" */
	const char *text;   /**< the last text given; NULL for flags and when unset */
	uint64_t number;    /**< number, bytes, seconds, count, or 0/1 */
	const char **items; /**< lists; read it with option_list() */
	size_t count, cap;
};

struct option_set {
	struct arena *arena;
	struct option_value *values; /**< in table order */
	size_t count, cap;
	const char **args; /**< what is no option, NULL-terminated after option_set_parse() */
	size_t arg_count, arg_cap;
};

/** An empty set; its memory comes from @p a. */
void option_set_init(struct option_set *s, struct arena *a);

/** Adds a table's options with their defaults. @return 0, -ENOBUFS; a bad default asserts */
MUST_CHECK int option_set_add(struct option_set *s, const struct option_def *table, struct err *e);

/** The value called @p name, or NULL. */
struct option_value *option_set_find(const struct option_set *s, str name);

/**
 * Gives an option a value as text.
 *
 * A value from a farther place never replaces one from a nearer place; values of a list from the same place add up.
 * @param where says where the text came from; borrowed
 * @return 0, -EINVAL the text does not fit the type, -ENOBUFS
 */
MUST_CHECK int option_set_assign(struct option_set *s, struct option_value *v, const char *text,
				 enum option_origin origin, const char *where, struct err *e);

/**
 * Takes arguments: "--name value", "--name=value", "-n value", "-nvalue", clusters of short flags, "--" before words
 * that begin with a dash. Options and words may mix. Strings are borrowed from @p argv.
 *
 * @return 0, -EINVAL unknown option (with the nearest name), missing or unusable value; -ENOBUFS
 */
MUST_CHECK int option_set_parse(struct option_set *s, int argc, const char *const *argv,
				struct err *e);

/** Takes PREFIX_NAME from the environment for every option. @return as option_set_assign() */
MUST_CHECK int option_set_environment(struct option_set *s, const char *prefix, struct err *e);

/**
 * Looks whether files and folders that options name can be read (must_exist) or written (is_made): by whoever gave them, before
 * anything begins, and not by a process below who tells a log, or later. Makes nothing.
 * @return 0, -EINVAL (which option, and why)
 */
MUST_CHECK int option_set_check_places(const struct option_set *s, struct err *e);

/** Puts in front of @p e which option it is about, and where that was given. @return -EINVAL */
MUST_CHECK int option_blame(const struct option_set *s, const char *name, struct err *e);

/* Reading. A name that no table has is our mistake and asserts. */

/** Given by flag, environment or file, not merely by default. */
bool option_is_given(const struct option_set *s, const char *name);
bool option_flag(const struct option_set *s, const char *name);
/** NULL when unset. */
const char *option_text(const struct option_set *s, const char *name);
/** Number, bytes or seconds; @p otherwise when unset. */
uint64_t option_number(const struct option_set *s, const char *name, uint64_t otherwise);
/** NULL-terminated, never NULL. */
const char *const *option_list(const struct option_set *s, const char *name, size_t *ret_count);

bool option_takes_value(const struct option_def *d);

#endif

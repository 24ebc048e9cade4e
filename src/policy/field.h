/** @file
 * What a policy can speak of: a subject (an event; later an image, a request, a flow) is a table of typed fields and a
 * function that fetches one. The language knows nothing else about the world.
 *
 * A value is KNOWN, ABSENT (the thing has no such property: a file event has no port) or UNKNOWN (it has one, we do not
 * know it yet: a container whose name was not learned). ABSENT makes a comparison false; UNKNOWN makes it UNKNOWN, which
 * no `not` turns into true. `falco_compatible: true` on a rule file reads UNKNOWN as ABSENT.
 */
#ifndef SKEP_POLICY_FIELD_H
#define SKEP_POLICY_FIELD_H

#include "base/err.h"
#include "base/phrase.h"
#include "base/str.h"

enum policy_type {
	POLICY_STRING,   /**< bytes, shown as text */
	POLICY_BYTES,    /**< compared with hexadecimal by bcontains and bstartswith */
	POLICY_INT,      /**< signed */
	POLICY_UINT,     /**< decimal or 0x... */
	POLICY_BOOL,     /**< true, false */
	POLICY_IP,       /**< an address; in conditions also a network */
	POLICY_NET,      /**< an address, compared with networks (a.b.c.d/n) */
	POLICY_PORT,     /**< 0 to 65535, or a service's name */
	POLICY_NAME,     /**< an address, compared with domain names resolved ahead of time */
	POLICY_DURATION, /**< nanoseconds; shown as such, written plain or with s, ms, m, h */
	POLICY_TIME,     /**< nanoseconds since 1970; shown as a date and time */
};

enum policy_arg {
	POLICY_ARG_NONE,
	POLICY_ARG_KEY,       /**< field[key] or field.key, required */
	POLICY_ARG_KEY_OPT,   /**< the same, may be left out */
	POLICY_ARG_INDEX_OPT, /**< field[number], may be left out */
};

/** How a field with several values is compared. */
enum policy_kind {
	POLICY_ONE,  /**< at most one value */
	POLICY_ANY,  /**< holds when it holds for any value */
	POLICY_ENDS, /**< two ends: as ANY, but != holds when it holds for both (as Falco's fd.ip) */
	POLICY_LIST, /**< a list-typed field: only in (all of them), intersects (any of them), exists */
};

/** When a field that the thing has is UNKNOWN. */
enum policy_doubt {
#define X(id, en, zh) POLICY_DOUBT_##id,
#include "policy/field_doubt.def"
#undef X
};

struct policy_field {
	const char *name;
	enum policy_type type;
	enum policy_arg arg;
	enum policy_kind kind;
	struct phrase doc;
	enum policy_doubt doubt;
};

/**
 * Whether the value is got from elsewhere when it is asked for, which takes long: conditions ask for it last, when everything else
 * leaves them open.
 */
static inline bool policy_field_is_dear(const struct policy_field *f)
{
	return f->doubt == POLICY_DOUBT_HASH;
}

/** Says when. */
struct phrase policy_doubt_phrase(enum policy_doubt d);

enum policy_state { POLICY_ABSENT, POLICY_KNOWN, POLICY_UNKNOWN };

struct policy_ip {
	uint8_t bytes[16]; /**< IPv4 in the first four */
	uint8_t family;    /**< 4 or 6 */
};

/** What subjects that gather values make room for. One that has them in a row already may show more. */
#define POLICY_MAX_VALUES 64

/**
 * One or more values of a field. A field of kind ANY, ENDS or LIST that is asked for with an index or a key has one value,
 * held as for kind ONE. A known value of which there are none compares as ABSENT. Spans borrow from the subject and live while the
 * subject does.
 */
struct policy_value {
	enum policy_state state;
	uint32_t count; /**< values, 1 but for ANY, ENDS and LIST */
	union {
		str string; /**< STRING, BYTES when count is 1 */
		/** the same of a field whose kind is not ONE, asked without index */
		const str *strings;
		int64_t integer;         /**< INT, DURATION, TIME */
		const int64_t *integers; /**< INT of such a field */
		uint64_t number;         /**< UINT */
		bool boolean;            /**< BOOL */
		struct policy_ip ip[2];  /**< IP, NET, NAME */
		uint16_t port[2];        /**< PORT */
	};
};

/** A field as a condition or an output names it. */
struct policy_ref {
	uint16_t field; /**< index into the subject's table */
	bool has_index;
	uint32_t index; /**< of field[3] */
	str key;        /**< of field[key]; empty: none */
};

/** A word that policy_filter_new() takes for a number of a field: `asset.severity >= high`. */
struct policy_word {
	uint16_t field;
	const char *word;
	const char *number;
};

/** The words a field of text can have, where no agent of a later version will know more: policy_filter_new() refuses others. */
struct policy_enum {
	uint16_t field;
	const char *const *words;
	size_t count;
};

/** A name that policy_filter_new() takes for a field's. */
struct policy_alias {
	const char *name, *field;
};

/** A table of fields. Tables are constants. */
struct policy_subject {
	const char *name; /**< the rules' `source` */
	const struct policy_field *fields;
	size_t field_count;
	/** the field whose value is the type of a thing (evt.type): rules are indexed by it */
	uint16_t type_field;
	/** a field that counts from 1: "evt.num=0" is how rules say "never" */
	uint16_t number_field;
	const char *const *types; /**< its values, by type number */
	size_t type_count;
	/** what policy_filter_new() puts before names without a dot ("asset."); NULL: nothing */
	const char *prefix;
	const struct policy_word *words; /**< may be NULL */
	size_t word_count;
	const struct policy_enum *enums; /**< may be NULL */
	size_t enum_count;
	const struct policy_alias *aliases; /**< may be NULL */
	size_t alias_count;
	/** which of a thing's origins a field is made of, POLICY_ORIGINS at most, from 1; 0: told by none. NULL: all are */
	unsigned int (*origin_of)(uint16_t type, const struct policy_ref *ref);
	/**
	 * fields of which an origin says no more than whether they are 1: it stands for those that nothing else is asked of. NULL: for none
	 */
	bool (*is_told_as_one)(uint16_t field);
	/** bits of origins that are told by a number alone: what a thing's say together is one look-up */
	uint32_t numbered_origins;
};

#define POLICY_ORIGINS 8

/**
 * What several fields of a thing are made of, and nothing else but its type: where two things of one type have the same, they have the
 * same values of all of these fields. What was found out of one needs not even be asked of the other.
 */
struct policy_origin {
	str text; /**< borrowed as strings of values are */
	uint64_t number;
};

/** What is judged: an event with all that is known around it. */
struct policy_target {
	uint16_t type; /**< index into the subject's types */
	/** Fetches a field; called at most once for each distinct reference and target. */
	void (*get)(const struct policy_target *t, const struct policy_ref *ref,
		    struct policy_value *ret);
	/** Tells an origin. NULL: tells none. @return false: not this one, not of this thing */
	bool (*origin)(const struct policy_target *t, unsigned int number,
		       struct policy_origin *ret);
};

/** The fields of events, by the enum below. `types` are those of model/event.h. */
extern const struct policy_subject policy_events;

enum policy_event_field {
#define X(id, name, type, arg, kind, doubt, en, zh) FIELD_##id,
#include "policy/event_field.def"
#undef X
	FIELD_COUNT
};

/** Origins of events' fields; event_origin.c says which field is of which. */
enum policy_event_origin {
	ORIGIN_CALL =
		1, /**< how it was called and what came of it: flags, result, kind of descriptor */
	/**
	 * the path and kind of the descriptor, when it is not of a connection; opened to write or not; the paths of a call that makes, removes
	 * or renames
	 */
	ORIGIN_FILE,
	ORIGIN_PROGRAM, /**< what the process runs: names, arguments, environment, how its file is */
	ORIGIN_PARENT,  /**< the same of the process's parent */
	ORIGIN_CONTAINER, /**< the container, as far as it is known */
	ORIGIN_ENDS, /**< of a connection we made: addresses of both ends, the other's port; what names lead to them */
	ORIGIN_ENTRY, /**< of a program that starts: whether it is its container's first or came from outside; terminal */
};

/**
 * Finds the field that @p text names ("proc.aname[2]", "evt.arg.flags", "container.label[app]").
 *
 * @param ret  its key borrows from @p text
 * @return 0, -ENOENT (no such field; the nearest name, or why Skep lacks what Falco has, is in @p e), -EINVAL (an argument missing, needless or malformed)
 */
MUST_CHECK int policy_field_find(const struct policy_subject *s, str text, struct policy_ref *ret,
				 struct err *e);

/** Whether two references name the same thing. */
bool policy_ref_eq(const struct policy_ref *a, const struct policy_ref *b);

const char *policy_type_name(enum policy_type t);

#endif

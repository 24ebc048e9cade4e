/** @file
 * Rule files: Falco's YAML layer whole. Files are added in order to a set; lists, macros, exceptions, appends and
 * overrides are resolved as Falco resolves them, and what is wrong is told by Falco's names with file, line and column.
 *
 * Specification: the rules reference of Falco 0.44 and libs' rule_loader; required_engine_version up to 0.57.0 is
 * answered, and the plugin `container` 0.4.0 is built in. Ours besides: `falco_compatible: true` (an item of its own at the top of a file)
 * and in a rule `rule_zh` (what the rule is called in Chinese), `id`, `desc_zh`,
 * `output_zh`, `advice`, `advice_zh`, `mitre`, `maturity`, which Falco ignores with a warning.
 */
#ifndef SKEP_POLICY_RULE_FILE_H
#define SKEP_POLICY_RULE_FILE_H

#include "model/alert.h"
#include "policy/condition.h"
#include "policy/field.h"

/** X(ID, "Falco's name", is an error) */
#define RULE_CODES(X) \
	X(ERR_FILE_READ, "LOAD_ERR_FILE_READ", true) \
	X(ERR_YAML_PARSE, "LOAD_ERR_YAML_PARSE", true) \
	X(ERR_YAML_VALIDATE, "LOAD_ERR_YAML_VALIDATE", true) \
	X(ERR_COMPILE_CONDITION, "LOAD_ERR_COMPILE_CONDITION", true) \
	X(ERR_COMPILE_OUTPUT, "LOAD_ERR_COMPILE_OUTPUT", true) \
	X(ERR_VALIDATE, "LOAD_ERR_VALIDATE", true) \
	X(ERR_EXTENSION, "LOAD_ERR_EXTENSION", true) \
	X(UNKNOWN_SOURCE, "LOAD_UNKNOWN_SOURCE", false) \
	X(UNSAFE_NA_CHECK, "LOAD_UNSAFE_NA_CHECK", false) \
	X(NO_EVTTYPE, "LOAD_NO_EVTTYPE", false) \
	X(UNKNOWN_FILTER, "LOAD_UNKNOWN_FILTER", false) \
	X(UNUSED_MACRO, "LOAD_UNUSED_MACRO", false) \
	X(UNUSED_LIST, "LOAD_UNUSED_LIST", false) \
	X(UNKNOWN_ITEM, "LOAD_UNKNOWN_ITEM", false) \
	X(UNKNOWN_KEY, "LOAD_UNKNOWN_KEY", false) \
	X(DEPRECATED_ITEM, "LOAD_DEPRECATED_ITEM", false) \
	X(APPEND_NO_VALUES, "LOAD_APPEND_NO_VALUES", false) \
	X(EXCEPTION_NAME_NOT_UNIQUE, "LOAD_EXCEPTION_NAME_NOT_UNIQUE", false) \
	X(INVALID_MACRO_NAME, "LOAD_INVALID_MACRO_NAME", false) \
	X(INVALID_LIST_NAME, "LOAD_INVALID_LIST_NAME", false) \
	X(COMPILE_CONDITION, "LOAD_COMPILE_CONDITION", false) \
	X(WARNING_EXTENSION, "LOAD_WARNING_EXTENSION", false)

enum rule_code {
#define RULE_CODE_ENUM(id, name, error) RULE_##id,
	RULE_CODES(RULE_CODE_ENUM)
#undef RULE_CODE_ENUM
};

const char *rule_code_name(enum rule_code c);
bool rule_code_is_error(enum rule_code c);

/** Something to tell the author of a rule file. */
struct rule_note {
	enum rule_code code;
	str file;
	uint32_t line, column; /**< 1-based; 0: the whole file */
	str item;              /**< "rule 'Terminal shell in container'"; may be empty */
	str message;           /**< a sentence that says what to do */
};

/** A rule, all lists, macros, exceptions and overrides resolved. */
struct rule {
	str name, name_zh, id, desc, desc_zh, output, output_zh, advice, advice_zh, mitre, maturity;
	str source;
	str condition_text; /**< after appends and exceptions, before macros; for people */
	enum alert_priority priority;
	const str *tags;
	size_t tag_count;
	bool enabled;
	bool falco_compatible; /**< UNKNOWN reads as ABSENT */
	bool warn_evttypes, skip_if_unknown_filter;
	str file;
	uint32_t line;
	/** without CONDITION_MACRO nodes; shared between rules, never changed */
	struct condition *condition;
};

struct rule_set;

/** An empty set. Everything read from it lives as long as it does. @return 0 or -ENOMEM */
MUST_CHECK int rule_set_new(struct rule_set **ret, struct err *e);
void rule_set_free(struct rule_set *s);

/**
 * Adds a file's items. What is wrong with the file becomes notes; an item with an error is left out, the others stay.
 *
 * @param name for messages
 * @return 0 (also when there are error notes), -ENOBUFS
 */
MUST_CHECK int rule_set_add(struct rule_set *s, str name, str yaml, struct err *e);

/** Records that a file could not be read. @return 0 or -ENOBUFS */
MUST_CHECK int rule_set_add_unreadable(struct rule_set *s, str name, str message, struct err *e);

/** Resolves everything; after it the accessors below answer. @return 0, -ENOBUFS */
MUST_CHECK int rule_set_finish(struct rule_set *s, struct err *e);

/** Every rule in the order of first definition, disabled ones included. */
const struct rule *rule_set_rules(const struct rule_set *s, size_t *ret_count);
const struct rule_note *rule_set_notes(const struct rule_set *s, size_t *ret_count);
size_t rule_set_macro_count(const struct rule_set *s);
size_t rule_set_list_count(const struct rule_set *s);
/**
 * Records a note of a later stage (the compiler's).
 *
 * @param offset of a node of the rule's condition, wherever it comes from; 0: the rule as a whole
 * @return 0 or -ENOBUFS
 */
MUST_CHECK int rule_set_note(struct rule_set *s, const struct rule *r, enum rule_code c,
			     uint32_t offset, str message, struct err *e);

/**
 * Enables or disables rules by name (a glob) or by tag ("tag:network").
 * @return how many rules it touched; 0 is for the caller to tell
 */
size_t rule_set_enable(struct rule_set *s, str which, bool enabled);

#endif

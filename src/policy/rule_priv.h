/** @file
 * What the modules behind rule_file.h share. Reading is in two steps: rule_set_add() gathers lists, macros and drafts of
 * rules as they are written, rule_set_finish() resolves them against each other.
 *
 * A function that finds fault with what a file says tells it by rule_fault() and gives -EBADMSG, upon which the item is
 * left out; any other error ends the work.
 */
#ifndef SKEP_POLICY_RULE_PRIV_H
#define SKEP_POLICY_RULE_PRIV_H

#include "base/map.h"
#include "codec/value.h"
#include "policy/rule_file.h"

#define RULE_SET_BUDGET_BYTES (512u << 20)
#define RULE_SET_MAX_FILE_BYTES (16u << 20)
#define RULE_SET_MAX_TEXT_BYTES (16u << 20) /**< of one condition with its lists */
#define RULE_SET_MAX_KEYS 64                /**< of one mapping */

struct rule_file {
	str name;
	str text;
	const size_t *lines; /**< offset of each line */
	size_t line_count;
	bool falco_compatible;
};

struct rule_place {
	const struct rule_file *file;
	uint32_t line, column;
};

/** A piece of a file that texts are made from. Pieces stand one behind the other on a line of numbers from 1. */
struct rule_piece {
	uint32_t base; /**< its first number */
	const struct rule_file *file;
	const struct value *value;
};

/** Bytes of a text from @p from on, up to the next run: where they come from. */
struct rule_run {
	uint32_t from;
	uint32_t number; /**< of the first byte */
	bool counts;     /**< each byte has the next number; otherwise all have the same */
};

/** A text put together from pieces. */
struct rule_text {
	str text;
	const struct rule_run *runs; /**< in order, the first from 0 on */
	size_t run_count;
};

/** What a list and a macro begin with: a name that stands for something in the texts after its definition. */
struct rule_name {
	str name;
	struct rule_place place;
	size_t index;      /**< of its first definition, among those of its kind */
	size_t visibility; /**< those from here on it does not see */
	bool used;
};

/** All of a kind. */
struct rule_names {
	struct map map;           /**< by name */
	struct rule_name **items; /**< in the order of their first definitions */
	size_t count, cap, clock;
};

struct rule_list {
	struct rule_name as; /**< first */
	const str *items;
	size_t count;
	const str *expanded; /**< with the items of lists that are items */
	size_t expanded_count;
	bool broken; /**< has an error, or an item of its does: whatever uses it has one, too */
};

enum rule_macro_state { MACRO_NEW, MACRO_OPEN, MACRO_DONE, MACRO_BROKEN };

struct rule_macro {
	struct rule_name as; /**< first */
	struct rule_text condition;
	struct condition *tree;
	enum rule_macro_state state;
};

struct rule_exception {
	str name;
	const struct rule_file *file;
	const struct value *node, *fields, *comps; /**< the last two may be NULL */
	const struct value **values;
	size_t value_count, value_cap;
};

/** A rule as gathered so far. */
struct rule_draft {
	struct rule rule;
	struct rule_place place;
	struct rule_text condition, output, output_zh; /**< where the rule's texts come from */
	struct rule_exception *exceptions;
	size_t exception_count, exception_cap;
};

struct rule_set {
	struct arena arena;
	struct arena scratch; /* of one rule while it is worked on */
	struct rule_piece *pieces;
	size_t piece_count, piece_cap;
	uint32_t next_number;
	struct rule_names lists, macros;
	struct map draft_names;
	struct rule_draft **drafts;
	size_t draft_count, draft_cap;
	struct rule *rules; /**< after rule_set_finish() */
	size_t rule_count;
	struct rule_note *notes;
	size_t note_count, note_cap;
};

/** An item while it is read. */
struct rule_item {
	struct rule_set *set;
	struct rule_file *file;
	const struct value *node; /**< a mapping */
	const char *kind;         /**< "rule" */
	str name;                 /**< empty until it is known */
	struct err *e;
};

static inline int rule_spent(struct err *e)
{
	return err_set(e, ENOBUFS, "rules: memory budget spent");
}

/** What Falco's list substitution takes for a blank. */
static inline bool rule_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* rule_note.c */

/** What a finding is about, for rule_report(). */
struct rule_finding {
	enum rule_code code;
	struct rule_place place;
	const char *kind;
	str name;
};
/** @return -EBADMSG for a code that is an error, 0 for a warning, -ENOBUFS */
int rule_report(struct rule_set *s, const struct rule_finding *f, struct err *e, const char *fmt,
		...) PRINTF_LIKE(4, 5);
/** The same about an item, at @p at (NULL: the item itself). */
int rule_fault(const struct rule_item *it, enum rule_code c, const struct value *at,
	       const char *fmt, ...) PRINTF_LIKE(4, 5);

static inline struct rule_place rule_place_of(const struct rule_file *f, const struct value *v)
{
	return (struct rule_place){ f, v->line, v->column };
}

/* rule_text.c */

/** @p part of a value's text as a rule_text. @return 0 or -ENOBUFS */
MUST_CHECK int rule_text_from(struct rule_set *s, const struct rule_file *f, const struct value *v,
			      str part, struct rule_text *ret, struct err *e);
/** The number of a byte; 0 when the text is empty. */
uint32_t rule_text_at(const struct rule_text *t, size_t i);
/** The numbers of a value whose text is not needed: those of a piece of one byte. @return 0 or -ENOBUFS */
MUST_CHECK int rule_text_number(struct rule_set *s, const struct rule_file *f,
				const struct value *v, uint32_t *ret, struct err *e);
/** Where a byte of a rule_text stands in its file. */
struct rule_place rule_text_place(const struct rule_set *s, uint32_t number);

/** Puts texts together; errors are latched. */
struct rule_writer {
	struct buf bytes, runs;
};
/** Bytes @p from to @p to of @p t. */
void rule_writer_copy(struct rule_writer *w, const struct rule_text *t, size_t from, size_t to);
/** Bytes that all come from one place. */
void rule_writer_put(struct rule_writer *w, str s, uint32_t number);
/** A value as Falco writes it into conditions: what holds a blank is quoted, unless it is already. */
void rule_writer_value(struct rule_writer *w, str s, uint32_t number);
void rule_writer_done(struct rule_writer *w);
/** Ends with rule_writer_done() whatever the outcome. @return 0, -E2BIG (over RULE_SET_MAX_TEXT_BYTES), -ENOBUFS */
MUST_CHECK int rule_writer_finish(struct rule_writer *w, struct arena *a, struct rule_text *ret,
				  struct err *e);
/** "a b". */
MUST_CHECK int rule_text_append(struct rule_set *s, struct rule_text *a, const struct rule_text *b,
				struct err *e);

/* rule_key.c: keys of the item's mapping or of another one inside it */

/** A key of a mapping and what `override` can do with it. */
struct rule_key {
	const char *name; /**< NULL ends a table */
	enum rule_key_change { KEY_FIXED, KEY_REPLACE, KEY_APPEND /**< or replace */ } change;
};

/** What a table says of @p key, or NULL. */
const struct rule_key *rule_key_find(const struct rule_key *keys, str key);
/** Warns of keys that are not in the table and refuses keys that stand twice. */
MUST_CHECK int rule_keys_check(const struct rule_item *it, const struct value *map,
			       const struct rule_key *keys);
/** A text that must be there; @p ret_value may be NULL. */
MUST_CHECK int rule_key_text(const struct rule_item *it, const struct value *map, const char *key,
			     str *ret, const struct value **ret_value);
MUST_CHECK int rule_key_bool(const struct rule_item *it, const char *key, bool *ret);
/** A sequence of texts; absent: -EBADMSG when @p required, else nothing happens. */
MUST_CHECK int rule_key_texts(const struct rule_item *it, const char *key, bool required,
			      const str **ret, size_t *ret_count);
/** Refuses a value that is no text or empty. */
MUST_CHECK int rule_value_text(const struct rule_item *it, const struct value *v, const char *key,
			       str *ret);

/** The old `append: true`, of which it warns; together with `override` it is an error. */
MUST_CHECK int rule_key_append(const struct rule_item *it, bool *ret);

enum rule_override { OVERRIDE_NONE, OVERRIDE_APPEND, OVERRIDE_REPLACE };
/** What `override` says of @p key; -EBADMSG is for rule_overrides_check() to give. */
enum rule_override rule_override_of(const struct rule_item *it, const char *key);
/** Checks `override`: that each key allows the change and is there. */
MUST_CHECK int rule_overrides_check(const struct rule_item *it, const struct rule_key *keys);

/* rule_name.c */

/**
 * Defines the item's name, anew if it was defined before.
 *
 * @param bytes  of a struct that begins with a rule_name
 * @return that struct, zeroed when the name is new, with its rule_name filled in; NULL: memory budget spent
 */
MUST_CHECK void *rule_name_define(struct rule_item *it, struct rule_names *names, size_t bytes);

/* the kinds of items: each is given an item whose mapping has the key of its kind */

MUST_CHECK int rule_requires_engine(struct rule_item *it);
MUST_CHECK int rule_requires_plugins(struct rule_item *it);
MUST_CHECK int rule_list_read(struct rule_item *it);
MUST_CHECK int rule_macro_read(struct rule_item *it);
MUST_CHECK int rule_draft_read(struct rule_item *it);

/* rule_draft.c */

/** Takes what the item has of texts, flags, priority and tags; @p how: only keys with that override. */
MUST_CHECK int rule_draft_take(const struct rule_item *it, enum rule_override how,
			       struct rule_draft *d);

/** The keys of a rule. */
extern const struct rule_key rule_draft_keys[];

/* rule_override.c */

/** Changes @p d as `override` says. */
MUST_CHECK int rule_draft_override(const struct rule_item *it, struct rule_draft *d);
/** The old `append: true`: condition and exceptions. */
MUST_CHECK int rule_draft_append(const struct rule_item *it, struct rule_draft *d);
/** Joins @p more to a condition and warns when "and" comes to bind other than it reads. */
MUST_CHECK int rule_condition_append(const struct rule_item *it, struct rule_text *condition,
				     const struct value *more);

/* rule_exception.c */

/** Reads `exceptions` of the item into @p d; @p append: values are added to exceptions of the same name. */
MUST_CHECK int rule_exceptions_read(const struct rule_item *it, struct rule_draft *d, bool append);
/** Whether the right side of a comparison, as `comps` writes it, is a list. */
bool rule_comp_takes_list(str comp);

/* rule_exception_text.c */

/** "(condition) and not (exception) ...". */
MUST_CHECK int rule_exceptions_apply(struct rule_set *s, const struct rule_draft *d,
				     struct rule_text *ret, struct err *e);

/* rule_list.c */

MUST_CHECK int rule_lists_expand(struct rule_set *s, struct err *e);
/**
 * Puts the items of lists in place of their names, as text.
 *
 * @param a owns what becomes of @p text
 * @param ret_at where the name of a list stands that has an error (-EBADMSG)
 */
MUST_CHECK int rule_lists_substitute(const struct rule_set *s, struct arena *a,
				     struct rule_text *text, size_t *ret_at, struct err *e);

/* rule_resolve.c */

/** Substitutes lists, parses, and gives the nodes the numbers of their origin as offsets. */
MUST_CHECK int rule_condition_parse(struct rule_set *s, const struct rule_text *text,
				    const struct rule_finding *about, struct condition **ret,
				    struct err *e);
/** Parses every macro; one with an error is broken from then on. */
MUST_CHECK int rule_macros_parse(struct rule_set *s, struct err *e);
/** Replaces macros in macros. */
MUST_CHECK int rule_macros_resolve(struct rule_set *s, struct err *e);
/** Puts the trees of macros in place of their names. @p visibility: macros from there on are not seen */
MUST_CHECK int rule_macros_replace(struct rule_set *s, struct condition **tree, size_t visibility,
				   const struct rule_finding *about, struct err *e);

/* rule_check.c: what can be read and resolved and still be wrong */

struct rule_finding rule_about(const struct rule_draft *d, enum rule_code code);
/** Warns of comparisons with "<NA>" that never hold. */
MUST_CHECK int rule_check_absent(struct rule_set *s, const struct condition *tree,
				 const struct rule_finding *about, struct err *e);
/**
 * Warns of texts that seem to mean something else, as Falco does: the name of a field, a transformer, an expression that a
 * plainer operator could say (rule_check_text.c).
 */
MUST_CHECK int rule_check_texts(struct rule_set *s, const struct condition *tree,
				const struct policy_subject *subject,
				const struct rule_finding *about, struct err *e);
MUST_CHECK int rule_check_macros(struct rule_set *s, struct err *e);
/** -EBADMSG: an output names what is not there. */
MUST_CHECK int rule_check_outputs(struct rule_set *s, const struct rule_draft *d, struct err *e);
/** Warns of a condition that does not hold for certain types only. */
MUST_CHECK int rule_check_types(struct rule_set *s, const struct rule_draft *d,
				const struct condition *tree, struct err *e);
MUST_CHECK int rule_check_unused(struct rule_set *s, struct err *e);
/** Warns of rules with the same `id`. */
MUST_CHECK int rule_check_ids(struct rule_set *s, struct err *e);

/** The subject a `source` names, or NULL. */
const struct policy_subject *rule_subject(str source);

#endif

/** @file
 * Conditions: text to a syntax tree, by the grammar of Falco's libsinsp filters (docs of 0.44), with positions.
 *
 * Lists are replaced in the text before (policy/rule_file.h); macros are identifiers in the tree, resolved after. The
 * parser never recurses on its input: nesting is counted and bounded.
 */
#ifndef SKEP_POLICY_CONDITION_H
#define SKEP_POLICY_CONDITION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define CONDITION_MAX_DEPTH 1000
#define CONDITION_MAX_NODES 100000

/** X(ID, "text") */
#define CONDITION_OPERATORS(X) \
	X(EXISTS, "exists") \
	X(EQ, "=") \
	X(NE, "!=") \
	X(LT, "<") \
	X(LE, "<=") \
	X(GT, ">") \
	X(GE, ">=") \
	X(CONTAINS, "contains") \
	X(ICONTAINS, "icontains") \
	X(BCONTAINS, "bcontains") \
	X(STARTSWITH, "startswith") \
	X(BSTARTSWITH, "bstartswith") \
	X(ENDSWITH, "endswith") \
	X(GLOB, "glob") \
	X(IGLOB, "iglob") \
	X(REGEX, "regex") \
	X(IN, "in") \
	X(INTERSECTS, "intersects") \
	X(PMATCH, "pmatch")

enum condition_operator {
#define CONDITION_OPERATOR_ENUM(id, text) CONDITION_##id,
	CONDITION_OPERATORS(CONDITION_OPERATOR_ENUM)
#undef CONDITION_OPERATOR_ENUM
};

const char *condition_operator_name(enum condition_operator op);

/** "contains anyof (...)": how a string operator takes a list. With an empty list the check is false. */
enum condition_quantifier {
	CONDITION_PLAIN,
	CONDITION_ONEOF, /**< holds for exactly one value */
	CONDITION_ANYOF, /**< for one or more */
	CONDITION_ALLOF, /**< for all */
};

enum condition_transform {
	TRANSFORM_TOLOWER,
	TRANSFORM_TOUPPER,
	TRANSFORM_B64,
	TRANSFORM_BASENAME,
	TRANSFORM_LEN,
	TRANSFORM_JOIN,   /**< (separator, list) */
	TRANSFORM_CONCAT, /**< (a, b, ...) */
	TRANSFORM_GETOPT, /**< (arguments, option string)[option] */
};

const char *condition_transform_name(enum condition_transform t);

/** What stands on a side of a comparison. On the right a field is written val(field). */
struct condition_term {
	enum { TERM_FIELD, TERM_TRANSFORM, TERM_TEXT, TERM_LIST } kind;
	str text; /**< TERM_FIELD: name or name[argument], the argument unquoted; TERM_TEXT: unquoted */
	enum condition_transform transform;
	/** TERM_TRANSFORM; TERM_LIST, which stands only among these */
	struct condition_term *args;
	size_t arg_count;
	str option; /**< getopt's */
};

enum condition_kind {
	CONDITION_AND,
	CONDITION_OR,
	CONDITION_NOT,
	CONDITION_CHECK,
	CONDITION_MACRO
};

/** A node. AND and OR have two children or more, NOT one. */
struct condition {
	enum condition_kind kind;
	/** levels of the tree it heads, a leaf has 1; at most CONDITION_MAX_DEPTH */
	uint16_t height;
	/** nodes of that tree, shared ones counted each time; at most CONDITION_MAX_NODES */
	uint32_t size;
	/** of its first byte in the text that was parsed; in a rule set see rule_set_note() */
	uint32_t offset;
	struct condition **children;
	size_t child_count;         /**< 0 for CHECK and MACRO */
	str name;                   /**< CONDITION_MACRO */
	struct condition_term left; /**< CONDITION_CHECK */
	enum condition_operator op;
	enum condition_quantifier quantifier;
	/** values; one unless the operator takes a list; none for exists */
	struct condition_term *right;
	size_t right_count;
	bool right_is_list; /**< written with parentheses */
};

#define CONDITION_MAX_TERM_DEPTH 16 /**< transformers and lists within each other */

/**
 * Parses a condition.
 *
 * @param max_depth nesting allowed, at most CONDITION_MAX_DEPTH; 0: that
 * @param a         owns the tree; texts that needed no unquoting borrow from @p text
 * @param ret_at    offset of the error, set on -EBADMSG and -E2BIG; may be NULL
 * @return 0, -EBADMSG (with what was expected), -E2BIG (too deep, too many nodes), -ENOBUFS
 */
MUST_CHECK int condition_parse(str text, unsigned int max_depth, struct arena *a,
			       struct condition **ret, size_t *ret_at, struct err *e);

/** Writes a condition so that parsing it gives the same tree. Macros and texts are quoted where they must be. */
void condition_print(const struct condition *c, struct buf *out);

/** A walk over a tree without recursion, which gives each node twice: entering it and, after its children, leaving it. */
struct condition_walk {
	struct condition_step {
		const struct condition *node;
		size_t next; /**< child to visit next */
	} steps[CONDITION_MAX_DEPTH];
	size_t depth; /**< of the node given last; 1 for the root */
	bool entering;
};

void condition_walk_begin(struct condition_walk *w, const struct condition *root);
/** The next node, NULL at the end. */
const struct condition *condition_walk_next(struct condition_walk *w);
/** Where the node given last hangs in its parent, NULL for the root. What is put there is not walked. */
struct condition **condition_walk_slot(const struct condition_walk *w);

#endif

/** @file
 * Conditions: text to a syntax tree, by the grammar of Falco's libsinsp filters (docs of 0.44), with positions.
 *
 * Lists are replaced in the text before (policy/rule_file.h); macros are identifiers in the tree, resolved after. The
 * parser never recurses on its input: nesting is counted and bounded.
 */
#ifndef SKEP_POLICY_CONDITION_H
#define SKEP_POLICY_CONDITION_H

#include "base/arena.h"
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

/** "contains oneof (...)": how a string operator takes a list. */
enum condition_quantifier { CONDITION_PLAIN, CONDITION_ONEOF, CONDITION_ANYOF, CONDITION_ALLOF };

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

/** What stands on a side of a comparison. */
struct condition_term {
	enum { TERM_FIELD, TERM_TRANSFORM, TERM_TEXT } kind;
	str text; /**< TERM_FIELD: as written with its argument; TERM_TEXT: unquoted */
	enum condition_transform transform;
	struct condition_term *args; /**< TERM_TRANSFORM */
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
	uint32_t offset; /**< of its first byte in the text that was parsed */
	struct condition **children;
	size_t child_count;
	str name;                   /**< CONDITION_MACRO */
	struct condition_term left; /**< CONDITION_CHECK */
	enum condition_operator op;
	enum condition_quantifier quantifier;
	struct condition_term
		*right; /**< values; one unless the operator takes a list; none for exists */
	size_t right_count;
	bool right_is_list; /**< written with parentheses */
};

/**
 * Parses a condition.
 *
 * @param max_depth nesting allowed, at most CONDITION_MAX_DEPTH; 0: that
 * @param a         owns the tree; texts that needed no unquoting borrow from @p text
 * @param ret_at    offset of the error, set only on -EBADMSG; may be NULL
 * @return 0, -EBADMSG (with what was expected), -E2BIG (too deep, too many nodes), -ENOBUFS
 */
MUST_CHECK int condition_parse(str text, unsigned int max_depth, struct arena *a,
			       struct condition **ret, size_t *ret_at, struct err *e);

#endif

/** @file
 * What parsing and filling in of outputs share.
 */
#ifndef SKEP_POLICY_OUTPUT_PRIV_H
#define SKEP_POLICY_OUTPUT_PRIV_H

#include "policy/condition_priv.h"
#include "policy/output.h"

#define OUTPUT_MAX_PARTS 1024 /**< values that are at hand while one piece is made */

/* What a piece of an output is made by: steps in postfix order, so that nothing recurses. */
struct output_step {
	enum { STEP_FIELD, STEP_TEXT, STEP_OPEN, STEP_CALL } kind;
	struct policy_ref ref;
	str text;
	enum condition_transform transform;
};

struct output_piece {
	enum { PIECE_LITERAL, PIECE_FIELD, PIECE_MADE } kind;
	uint32_t width; /**< pad or cut to this many bytes; 0: as it is */
	union {
		str literal;
		struct policy_ref ref;
		struct {
			struct output_step *steps;
			size_t step_count, step_cap;
		};
	};
};

struct output_format {
	const struct policy_subject *subject;
	struct output_piece *pieces;
	size_t piece_count, piece_cap;
	struct policy_ref *refs;
	size_t ref_count, ref_cap;
};

/** The value at position @p i of several, as output_value() shows it. */
void output_value_at(const struct policy_subject *s, const struct policy_ref *ref,
		     const struct policy_value *v, uint32_t i, struct buf *out);
/** Whether the field has several values: a field with an index has one. */
bool output_is_several(const struct policy_subject *s, const struct policy_ref *ref);

#endif

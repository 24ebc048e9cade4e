/** @file
 * Outputs: a rule's text with fields in it, "%proc.name" or "%20user.name" or "%toupper(proc.name)", filled in for a target.
 */
#ifndef SKEP_POLICY_OUTPUT_H
#define SKEP_POLICY_OUTPUT_H

#include "base/arena.h"
#include "base/buf.h"
#include "policy/field.h"

struct output_format;

/**
 * Parses an output. The longest field name that fits is taken.
 * @return 0, -ENOENT (an unknown field), -EBADMSG (anything else that is malformed), both with the place; -ENOBUFS
 */
MUST_CHECK int output_parse(str text, const struct policy_subject *s, struct arena *a,
			    struct output_format **ret, struct err *e);

/** The same; @p ret_at says where an error is, whose message then does not. It is set on -ENOENT and -EBADMSG only. */
MUST_CHECK int output_parse_at(str text, const struct policy_subject *s, struct arena *a,
			       struct output_format **ret, size_t *ret_at, struct err *e);

/** Fills it in; "<NA>" stands for what is absent, "<unknown>" for what is not known. */
void output_render(const struct output_format *f, const struct policy_target *t, struct buf *out);

/**
 * The same, but what stands for one field has @p max bytes at most, "…" behind it where it had more; 0: no bound.
 * @return whether something was cut
 */
bool output_render_cut(const struct output_format *f, const struct policy_target *t, size_t max,
		       struct buf *out);

/** The fields it names, in order, each once. */
const struct policy_ref *output_fields(const struct output_format *f, size_t *ret_count);

/** The value of the field that @p ref names as text, as outputs show it. */
void output_value(const struct policy_subject *s, const struct policy_ref *ref,
		  const struct policy_value *v, struct buf *out);

#endif

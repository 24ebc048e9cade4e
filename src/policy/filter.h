/** @file
 * One condition alone, over one subject: what query boxes and filters of notifications take. No lists and no macros.
 *
 * The text is not trusted: its length, depth and size are bounded.
 */
#ifndef SKEP_POLICY_FILTER_H
#define SKEP_POLICY_FILTER_H

#include "policy/condition.h"
#include "policy/program.h"

#define POLICY_FILTER_MAX_TEXT 4096

struct policy_filter;

/**
 * Compiles a condition. Words of the subject (struct policy_word) stand for numbers, and a name without a dot before an
 * operator stands for the field of the subject's own that ends so: `severity >= high` is `asset.severity >= 4`. A field that has
 * words (struct policy_word, policy_enum) is compared with no others: `kind = contaner` finds nothing, in silence.
 *
 * @param ret_at  offset of what is wrong in @p text, set on -EBADMSG; may be NULL
 * @return 0, -EBADMSG (says what is wrong), -E2BIG, -ENOBUFS, -ENOMEM
 */
MUST_CHECK int policy_filter_new(str text, const struct policy_subject *s,
				 struct policy_filter **ret, size_t *ret_at, struct err *e);
/**
 * The same for a condition that was taken when it was written: a word that was taken then, and is none, holds for nothing as it did.
 */
MUST_CHECK int policy_filter_reopen(str text, const struct policy_subject *s,
				    struct policy_filter **ret, size_t *ret_at, struct err *e);
void policy_filter_free(struct policy_filter *f);

/** Whether a text is meant as a condition and not as words to look for: somewhere a field is followed by an operator. */
bool policy_filter_is_condition(str text, const struct policy_subject *s);

/**
 * What the condition cannot hold without: that the field called @p field has one of these values.
 *
 * @param ret holds @p max; borrows from @p f
 * @return how many; 0: the condition says no such thing, or more values than @p max
 */
size_t policy_filter_requires(const struct policy_filter *f, const char *field, str *ret,
			      size_t max);

/** Whether the condition asks for the field, by its number in the subject. */
bool policy_filter_uses(const struct policy_filter *f, uint16_t field);

/** The condition's tree, for who can answer parts of it by other means; lives as long as @p f. */
const struct condition *policy_filter_condition(const struct policy_filter *f);

/** Judges one target. MAYBE, a fact was not known, is not TRUE. */
enum policy_verdict policy_filter_judge(struct policy_filter *f, const struct policy_target *t);

#endif

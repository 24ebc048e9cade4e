/** @file
 * What the parsers of conditions and of outputs share: a cursor over the text and the terms read from it.
 */
#ifndef SKEP_POLICY_CONDITION_PRIV_H
#define SKEP_POLICY_CONDITION_PRIV_H

#include "policy/condition.h"

struct cursor {
	str text;
	size_t at; /**< next byte; where an error is when a function below returned one */
	struct arena *arena;
	struct err *e;
};

/** The byte at the cursor, 0 at the end. */
static inline char cursor_peek(const struct cursor *c)
{
	return c->at < c->text.n ? c->text.p[c->at] : '\0';
}

static inline bool cursor_end(const struct cursor *c)
{
	return c->at >= c->text.n;
}

bool is_blank(char c);
bool is_word(char c); /**< letter, digit, underscore */

/** Passes over blanks. @return whether there were any */
bool cursor_blank(struct cursor *c);
/** Passes over @p token when it stands here. */
bool cursor_take(struct cursor *c, const char *token);
/** The same for a word, which no other word character follows. */
bool cursor_word(struct cursor *c, const char *word);

/** Spans that may be empty: [a-zA-Z][a-zA-Z0-9_]*, and two or more of those with dots between. */
str cursor_identifier(struct cursor *c);
str cursor_field_name(struct cursor *c);
/** A run of bytes that need no quotes. */
str cursor_bare(struct cursor *c);
/** A number as conditions write them; a unit of time may follow ("5s"). */
str cursor_number(struct cursor *c);

/** -EBADMSG with "expected ..." and what stands at the cursor. */
int cursor_expected(struct cursor *c, const char *what);
int cursor_spent(struct cursor *c);

/** 1 with the text in @p ret, 0 when no quote stands here, -EBADMSG, -ENOBUFS. */
MUST_CHECK int cursor_quoted(struct cursor *c, str *ret);

/** A field with its argument: 1, 0 when no field name stands here, -EBADMSG, -ENOBUFS. */
MUST_CHECK int term_field(struct cursor *c, struct condition_term *ret);
/** A transformer with all in its parentheses: 1, 0 when none stands here, -EBADMSG, -E2BIG, -ENOBUFS. */
MUST_CHECK int term_transform(struct cursor *c, struct condition_term *ret);

/** The operator and the values behind the left side of a check. @return 0, -EBADMSG, -E2BIG, -ENOBUFS */
MUST_CHECK int check_comparison(struct cursor *c, struct condition *n);

/** How many arguments a transformer takes. */
void transform_arity(enum condition_transform t, size_t *ret_min, size_t *ret_max);

#endif

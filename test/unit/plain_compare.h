/** @file
 * What the rules' operators say of one value, read plainly: what compiled conditions are held to, in answers and in speed.
 */
#ifndef SKEP_TEST_PLAIN_COMPARE_H
#define SKEP_TEST_PLAIN_COMPARE_H

#include "policy/condition.h"
#include "policy/pattern.h"

static inline bool plain_compare_text(enum condition_operator op, str v, str text)
{
	switch (op) {
	case CONDITION_CONTAINS:
		return !text.n || (v.n && memmem(v.p, v.n, text.p, text.n));
	case CONDITION_ICONTAINS:
		for (size_t i = 0; i + text.n <= v.n; i++)
			if (str_eq_nocase(str_take(str_skip(v, i), text.n), text))
				return true;
		return false;
	case CONDITION_STARTSWITH:
		return str_starts(v, text);
	case CONDITION_ENDSWITH:
		return str_ends(v, text);
	case CONDITION_GLOB:
		return pattern_match(text, v, false);
	case CONDITION_IGLOB:
		return pattern_match(text, v, true);
	case CONDITION_PMATCH:
		return pattern_match_dir(text, v);
	case CONDITION_LT:
		return str_cmp(v, text) < 0;
	case CONDITION_LE:
		return str_cmp(v, text) <= 0;
	case CONDITION_GT:
		return str_cmp(v, text) > 0;
	case CONDITION_GE:
		return str_cmp(v, text) >= 0;
	default:
		return str_eq(v, text);
	}
}

static inline bool plain_compare_number(enum condition_operator op, int64_t v, int64_t w)
{
	switch (op) {
	case CONDITION_LT:
		return v < w;
	case CONDITION_LE:
		return v <= w;
	case CONDITION_GT:
		return v > w;
	case CONDITION_GE:
		return v >= w;
	default:
		return v == w;
	}
}

#endif

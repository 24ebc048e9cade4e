/* One value against one text or number, without tables. */
#include "policy/pattern.h"
#include "policy/program_priv.h"

size_t value_count(const struct program_slot *s, const struct policy_value *v)
{
	return s->many == POLICY_ONE ? 1 : v->count;
}

str value_string(const struct program_slot *s, const struct policy_value *v, size_t i)
{
	return s->many == POLICY_ONE ? v->string : v->strings[i];
}

uint64_t value_number(const struct program_slot *s, const struct policy_value *v, size_t i)
{
	switch (s->type) {
	case POLICY_UINT:
		return v->number;
	case POLICY_BOOL:
		return v->boolean;
	case POLICY_PORT:
		return v->port[i & 1];
	default:
		return number_key(s->many == POLICY_ONE ? v->integer : v->integers[i]);
	}
}

static bool has_folded(str value, str text)
{
	for (; value.n >= text.n; value = str_skip(value, 1)) {
		if (str_eq_nocase(str_take(value, text.n), text))
			return true;
		if (!value.n)
			break;
	}
	return false;
}

static bool has(str value, str text)
{
	return !text.n || (value.n && memmem(value.p, value.n, text.p, text.n));
}

bool value_relates(enum condition_operator op, str value, str text)
{
	switch (op) {
	case CONDITION_CONTAINS:
	case CONDITION_BCONTAINS:
		return has(value, text);
	case CONDITION_ICONTAINS:
		return has_folded(value, text);
	case CONDITION_STARTSWITH:
	case CONDITION_BSTARTSWITH:
		return str_starts(value, text);
	case CONDITION_ENDSWITH:
		return str_ends(value, text);
	case CONDITION_GLOB:
		return pattern_match(text, value, false);
	case CONDITION_IGLOB:
		return pattern_match(text, value, true);
	case CONDITION_PMATCH:
		return pattern_match_dir(text, value);
	case CONDITION_LT:
		return str_cmp(value, text) < 0;
	case CONDITION_LE:
		return str_cmp(value, text) <= 0;
	case CONDITION_GT:
		return str_cmp(value, text) > 0;
	case CONDITION_GE:
		return str_cmp(value, text) >= 0;
	default:
		return str_eq(value, text);
	}
}

bool check_string(const struct program_check *c, str value)
{
	bool any = false;

	for (size_t i = 0; i < c->text_count && !any; i++)
		any = value_relates(c->op, value, c->texts[i]);
	return any != c->negate;
}

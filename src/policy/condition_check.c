#include "policy/condition_priv.h"

static int add_value(struct cursor *c, struct condition *n, size_t *cap, struct condition_term term)
{
	struct condition_term *at = ARENA_PUSH(c->arena, n->right, n->right_count, *cap);

	if (!at)
		return cursor_spent(c);
	*at = term;
	return 0;
}

/* val(field) or a transformer: 1, 0 when there is neither. */
static int computed(struct cursor *c, struct condition_term *ret)
{
	int r;

	if (!cursor_take(c, "val("))
		return term_transform(c, ret);
	cursor_blank(c);
	r = term_field(c, ret);
	if (r == 0)
		return cursor_expected(c, "a field");
	cursor_blank(c);
	if (r > 0 && !cursor_take(c, ")"))
		return cursor_expected(c, "')'");
	return r;
}

/* A quoted or bare text: 1, 0 when there is none. */
static int text_value(struct cursor *c, struct condition_term *ret)
{
	*ret = (struct condition_term){ .kind = TERM_TEXT };
	int r = cursor_quoted(c, &ret->text);

	if (r != 0)
		return r;
	ret->text = cursor_bare(c);
	return ret->text.n > 0;
}

/* How many values a list can have: commas up to its end, one more. Too many when a quoted text holds some. */
static size_t count_values(const struct cursor *c)
{
	size_t count = 1;
	char quote = '\0';

	for (size_t i = c->at; i < c->text.n; i++) {
		char at = c->text.p[i];

		if (!quote && at == ')')
			break;
		if (!quote && (at == '"' || at == '\''))
			quote = at;
		else if (quote == at)
			quote = '\0';
		count += at == ',';
	}
	return count;
}

static int list_values(struct cursor *c, struct condition *n)
{
	struct condition_term term;
	size_t cap = count_values(c);

	n->right_is_list = true;
	cursor_blank(c);
	if (cursor_take(c, ")"))
		return 0;
	n->right = ARENA_ARRAY(c->arena, cap, struct condition_term);
	if (!n->right)
		return cursor_spent(c);
	for (;;) {
		int r;

		cursor_blank(c);
		r = text_value(c, &term);
		if (r == 0)
			return cursor_expected(c, n->right_count ? "a value" : "a value or ')'");
		if (r > 0)
			r = add_value(c, n, &cap, term);
		if (r < 0)
			return r;
		cursor_blank(c);
		if (cursor_take(c, ")"))
			return 0;
		if (!cursor_take(c, ","))
			return cursor_expected(c, "',' or ')'");
	}
}

enum operand { OPERAND_NONE, OPERAND_NUMBER, OPERAND_TEXT, OPERAND_LIST };

/* Longer ones before those they begin with. Words that take a text need a blank behind them. */
static const struct {
	const char *text;
	enum condition_operator op;
	enum operand operand;
} operators[] = {
	{ "exists", CONDITION_EXISTS, OPERAND_NONE },
	{ "<=", CONDITION_LE, OPERAND_NUMBER },
	{ "<", CONDITION_LT, OPERAND_NUMBER },
	{ ">=", CONDITION_GE, OPERAND_NUMBER },
	{ ">", CONDITION_GT, OPERAND_NUMBER },
	{ "==", CONDITION_EQ, OPERAND_TEXT },
	{ "=", CONDITION_EQ, OPERAND_TEXT },
	{ "!=", CONDITION_NE, OPERAND_TEXT },
	{ "glob", CONDITION_GLOB, OPERAND_TEXT },
	{ "iglob", CONDITION_IGLOB, OPERAND_TEXT },
	{ "contains", CONDITION_CONTAINS, OPERAND_TEXT },
	{ "icontains", CONDITION_ICONTAINS, OPERAND_TEXT },
	{ "bcontains", CONDITION_BCONTAINS, OPERAND_TEXT },
	{ "startswith", CONDITION_STARTSWITH, OPERAND_TEXT },
	{ "bstartswith", CONDITION_BSTARTSWITH, OPERAND_TEXT },
	{ "endswith", CONDITION_ENDSWITH, OPERAND_TEXT },
	{ "regex", CONDITION_REGEX, OPERAND_TEXT },
	{ "intersects", CONDITION_INTERSECTS, OPERAND_LIST },
	{ "in", CONDITION_IN, OPERAND_LIST },
	{ "pmatch", CONDITION_PMATCH, OPERAND_LIST },
};

static bool take_operator(struct cursor *c, size_t i)
{
	size_t from = c->at;

	if (!is_word(operators[i].text[0]))
		return cursor_take(c, operators[i].text);
	if (cursor_word(c, operators[i].text) &&
	    (operators[i].operand != OPERAND_TEXT || is_blank(cursor_peek(c))))
		return true;
	c->at = from;
	return false;
}

/* "anyof (": a word alone is a value. */
static enum condition_quantifier take_quantifier(struct cursor *c)
{
	static const char *const words[] = {
		[CONDITION_ONEOF] = "oneof",
		[CONDITION_ANYOF] = "anyof",
		[CONDITION_ALLOF] = "allof",
	};
	size_t from = c->at;

	for (enum condition_quantifier q = CONDITION_ONEOF; q <= CONDITION_ALLOF; q++) {
		if (cursor_word(c, words[q])) {
			cursor_blank(c);
			if (cursor_peek(c) == '(')
				return q;
		}
		c->at = from;
	}
	return CONDITION_PLAIN;
}

static int text_operand(struct cursor *c, struct condition *n, struct condition_term *ret)
{
	int r;

	n->quantifier = take_quantifier(c);
	if (n->quantifier != CONDITION_PLAIN) {
		c->at++;
		return list_values(c, n);
	}
	r = computed(c, ret);
	if (r == 0)
		r = text_value(c, ret);
	return r ? r : cursor_expected(c, "a text, val(field) or a transformer");
}

static int number_operand(struct cursor *c, struct condition_term *ret)
{
	int r = computed(c, ret);

	if (r != 0)
		return r;
	*ret = (struct condition_term){ .kind = TERM_TEXT, .text = cursor_number(c) };
	return ret->text.n ? 1 : cursor_expected(c, "a number, val(field) or a transformer");
}

static int list_operand(struct cursor *c, struct condition *n, struct condition_term *ret)
{
	int r;

	if (cursor_take(c, "("))
		return list_values(c, n);
	r = computed(c, ret);
	if (r != 0)
		return r;
	*ret = (struct condition_term){ .kind = TERM_TEXT, .text = cursor_identifier(c) };
	return ret->text.n ? 1 : cursor_expected(c, "'(', val(field) or a transformer");
}

int check_comparison(struct cursor *c, struct condition *n)
{
	struct condition_term term;
	enum operand operand;
	size_t i = 0, cap = 0;
	int r = 0;

	cursor_blank(c);
	while (i < ARRAY_LEN(operators) && !take_operator(c, i))
		i++;
	if (i == ARRAY_LEN(operators))
		return cursor_expected(
			c,
			"an operator (=, !=, <, <=, >, >=, in, contains, startswith, exists, ...)");
	n->op = operators[i].op;
	operand = operators[i].operand;
	cursor_blank(c);
	if (operand == OPERAND_NUMBER)
		r = number_operand(c, &term);
	else if (operand == OPERAND_TEXT)
		r = text_operand(c, n, &term);
	else if (operand == OPERAND_LIST)
		r = list_operand(c, n, &term);
	return r > 0 ? add_value(c, n, &cap, term) : r;
}

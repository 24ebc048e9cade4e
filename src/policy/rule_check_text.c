#include "base/suggest.h"
#include "policy/rule_priv.h"

enum { TEXT_MAX = 256 }; /* longer ones mean themselves */

static bool is_expression_sign(char c)
{
	return c && strchr("^$.|?*+()[]{}\\", c);
}

/* Whether an expression is but a text with ".*", "^" or "$" at its ends. */
static bool is_plain_expression(str s)
{
	if (str_starts(s, S("^")))
		s = str_skip(s, 1);
	if (str_starts(s, S(".*")))
		s = str_skip(s, 2);
	if (str_ends(s, S("$")))
		s = str_take(s, s.n - 1);
	if (str_ends(s, S(".*")))
		s = str_take(s, s.n - 2);
	for (size_t i = 0; i < s.n; i++)
		if (is_expression_sign(s.p[i]))
			return false;
	return true;
}

/* "tolower(...)", where only a text stands. */
static bool is_transformer(str s)
{
	if (!str_ends(s, S(")")))
		return false;
	for (enum condition_transform t = TRANSFORM_TOLOWER; t <= TRANSFORM_GETOPT; t++) {
		str name = str_from(condition_transform_name(t));

		if (str_starts(s, name) && str_starts(str_skip(s, name.n), S("(")))
			return true;
	}
	return str_starts(s, S("val("));
}

static bool is_field(str s, const struct policy_subject *subject)
{
	struct policy_ref ref;

	return subject && str_find(s, '.') < s.n && str_find(s, '/') == s.n &&
	       policy_field_find(subject, s, &ref, NULL) == 0;
}

static str without_blanks(str s, char *room)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (!rule_is_blank(s.p[i]))
			room[n++] = s.p[i];
	return (str){ room, n };
}

static int check_text(struct rule_set *s, str text, enum condition_operator op,
		      const struct policy_subject *subject, const struct rule_finding *f,
		      struct err *e)
{
	char room[TEXT_MAX];
	str bare;

	if (text.n > TEXT_MAX)
		return 0;
	bare = without_blanks(text, room);
	if (is_field(bare, subject))
		return rule_report(s, f, e,
				   "'%.*s' is a text here, although a field is called so; "
				   "val(%.*s) is its value",
				   STR_ARG(text), STR_ARG(bare));
	if (is_transformer(bare))
		return rule_report(s, f, e,
				   "'%.*s' is a text here, although it looks like a transformer, "
				   "which stands without quotes and blanks",
				   STR_ARG(text));
	if (op == CONDITION_REGEX && is_plain_expression(text))
		return rule_report(s, f, e,
				   "'%.*s' needs no regular expression: =, contains, startswith or "
				   "endswith say it at less cost",
				   STR_ARG(text));
	return 0;
}

static bool is_about_type(const struct condition *n, const struct policy_subject *subject)
{
	return subject && n->left.kind == TERM_FIELD &&
	       str_is(n->left.text, subject->fields[subject->type_field].name) &&
	       (n->op == CONDITION_EQ || n->op == CONDITION_NE || n->op == CONDITION_IN);
}

/* Falco refuses types it does not know; it knows calls that nothing is told of here, and a rule may name some of both. */
static int check_type(struct rule_set *s, str text, const struct policy_subject *subject,
		      const struct rule_finding *f, struct err *e)
{
	struct suggestion near = suggestion_for(text);

	for (size_t i = 0; i < subject->type_count; i++)
		if (str_is(text, subject->types[i]))
			return 0;
	for (size_t i = 0; i < subject->type_count; i++)
		suggestion_offer(&near, str_from(subject->types[i]));
	if (near.best.n)
		return rule_report(s, f, e,
				   "no event of type '%.*s' is ever told; did you mean '%.*s'?",
				   STR_ARG(text), STR_ARG(near.best));
	return rule_report(s, f, e, "no event of type '%.*s' is ever told", STR_ARG(text));
}

/* Falco told calls twice once; rules of that time may ask for those that begin. */
static bool asks_for_beginnings(const struct condition *n, str text)
{
	return n->op == CONDITION_EQ && n->left.kind == TERM_FIELD &&
	       str_is(n->left.text, "evt.dir") && str_is(text, ">");
}

int rule_check_texts(struct rule_set *s, const struct condition *tree,
		     const struct policy_subject *subject, const struct rule_finding *about,
		     struct err *e)
{
	struct rule_finding f = *about;
	struct condition_walk w;
	const struct condition *n;
	int r = 0;

	f.code = RULE_COMPILE_CONDITION;
	condition_walk_begin(&w, tree);
	while (r == 0 && (n = condition_walk_next(&w))) {
		if (!w.entering || n->kind != CONDITION_CHECK)
			continue;
		f.place = rule_text_place(s, n->offset);
		for (size_t i = 0; r == 0 && i < n->right_count; i++)
			if (n->right[i].kind != TERM_TEXT)
				continue;
			else if (asks_for_beginnings(n, n->right[i].text))
				r = rule_report(s, &f, e,
						"this never holds: events are told when a call "
						"returns, with evt.dir = <");
			else if (is_about_type(n, subject))
				r = check_type(s, n->right[i].text, subject, &f, e);
			else
				r = check_text(s, n->right[i].text, n->op, subject, &f, e);
	}
	return r;
}

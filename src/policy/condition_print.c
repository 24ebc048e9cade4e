#include "policy/condition_priv.h"

static void print_quoted(str s, struct buf *out)
{
	static const char from[] = "\b\f\n\r\t\\\"", to[] = "bfnrt\\\"";

	buf_byte(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		const char *at = s.p[i] ? strchr(from, s.p[i]) : NULL;

		if (at)
			buf_byte(out, '\\');
		buf_byte(out, at ? to[at - from] : s.p[i]);
	}
	buf_byte(out, '"');
}

static bool is_bare(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_word(s.p[i]) && !memchr("./:*?-_+@%", s.p[i], 10))
			return false;
	return s.n > 0;
}

static void print_text(str s, struct buf *out)
{
	if (is_bare(s))
		buf_add(out, s);
	else
		print_quoted(s, out);
}

static void print_field(str text, struct buf *out)
{
	str arg = text, name = str_cut(&arg, '[');

	buf_add(out, name);
	if (name.n == text.n)
		return;
	arg.n--;
	buf_byte(out, '[');
	print_text(arg, out);
	buf_byte(out, ']');
}

/* What stands before the arguments of a term, or the whole of a term without any. */
static void print_head(const struct condition_term *t, struct buf *out)
{
	if (t->kind == TERM_FIELD)
		print_field(t->text, out);
	else if (t->kind == TERM_TEXT)
		print_quoted(t->text, out);
	else
		buf_printf(out, "%s(",
			   t->kind == TERM_LIST ? "" : condition_transform_name(t->transform));
}

static bool has_arguments(const struct condition_term *t)
{
	return t->kind == TERM_TRANSFORM || t->kind == TERM_LIST;
}

static void print_term(const struct condition_term *top, struct buf *out)
{
	struct {
		const struct condition_term *term;
		size_t next;
	} stack[CONDITION_MAX_TERM_DEPTH];
	size_t depth = 0;

	print_head(top, out);
	if (has_arguments(top)) {
		stack[depth].term = top;
		stack[depth++].next = 0;
	}
	while (depth) {
		const struct condition_term *t = stack[depth - 1].term, *arg;

		if (stack[depth - 1].next == t->arg_count) {
			buf_byte(out, ')');
			if (t->option.n) {
				buf_byte(out, '[');
				print_text(t->option, out);
				buf_byte(out, ']');
			}
			depth--;
			continue;
		}
		if (stack[depth - 1].next)
			buf_add(out, S(", "));
		arg = &t->args[stack[depth - 1].next++];
		print_head(arg, out);
		if (has_arguments(arg)) {
			stack[depth].term = arg;
			stack[depth++].next = 0;
		}
	}
}

static void print_value(const struct condition *n, const struct condition_term *t, struct buf *out)
{
	if (t->kind == TERM_TEXT && n->op >= CONDITION_LT && n->op <= CONDITION_GE)
		buf_add(out, t->text);
	else if (t->kind == TERM_TEXT)
		print_text(t->text, out);
	else if (t->kind == TERM_FIELD) {
		buf_add(out, S("val("));
		print_field(t->text, out);
		buf_byte(out, ')');
	} else
		print_term(t, out);
}

static void print_check(const struct condition *n, struct buf *out)
{
	static const char *const quantifiers[] = { "", " oneof", " anyof", " allof" };

	print_term(&n->left, out);
	buf_printf(out, " %s%s", condition_operator_name(n->op), quantifiers[n->quantifier]);
	if (n->op == CONDITION_EXISTS)
		return;
	buf_byte(out, ' ');
	if (n->right_is_list)
		buf_byte(out, '(');
	for (size_t i = 0; i < n->right_count; i++) {
		if (i)
			buf_add(out, S(", "));
		print_value(n, &n->right[i], out);
	}
	if (n->right_is_list)
		buf_byte(out, ')');
}

/* Whether a child needs parentheses to be read as one operand of its parent. */
static bool needs_parens(const struct condition *n, const struct condition *parent)
{
	if (!parent || n->child_count == 0)
		return false;
	if (parent->kind == CONDITION_NOT)
		return true;
	return n->kind == CONDITION_OR ||
	       (n->kind == CONDITION_AND && parent->kind == CONDITION_AND);
}

static void print_tree(const struct condition *c, struct buf *out)
{
	struct condition_walk w;
	const struct condition *n;

	condition_walk_begin(&w, c);
	while ((n = condition_walk_next(&w))) {
		const struct condition_step *up = w.depth > 1 ? &w.steps[w.depth - 2] : NULL;
		const struct condition *parent = up ? up->node : NULL;

		if (!w.entering) {
			if (needs_parens(n, parent))
				buf_byte(out, ')');
			continue;
		}
		if (parent && up->next > 1)
			buf_add(out, parent->kind == CONDITION_AND ? S(" and ") : S(" or "));
		if (needs_parens(n, parent))
			buf_byte(out, '(');
		if (n->kind == CONDITION_NOT)
			buf_add(out, S("not "));
		else if (n->kind == CONDITION_MACRO)
			buf_add(out, n->name);
		else if (n->kind == CONDITION_CHECK)
			print_check(n, out);
	}
}

void condition_print(const struct condition *c, struct buf *out)
{
	/* Of what is compiled each check is printed alone: a walk's memory, and clearing it, would be most of the work. */
	if (c->kind == CONDITION_CHECK)
		print_check(c, out);
	else
		print_tree(c, out);
}

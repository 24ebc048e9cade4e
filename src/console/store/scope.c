#include "console/store/scope.h"

const struct scope scope_everything = { .everything = true };

static const struct {
	const char *name;
	enum scope_key key;
} keys[] = {
	{ "cluster", SCOPE_CLUSTER },
	{ "namespace", SCOPE_NAMESPACE },
	{ "image", SCOPE_IMAGE },
	{ "host", SCOPE_HOST },
};

struct cursor {
	str text; /**< all of it */
	str rest;
	struct arena *arena;
	struct err *err;
};

static int fault(struct cursor *c, const char *wanted)
{
	return err_set(c->err, EBADMSG, "scope, column %zu: %s is expected",
		       c->text.n - c->rest.n + 1, wanted);
}

static void skip_blanks(struct cursor *c)
{
	while (c->rest.n && (c->rest.p[0] == ' ' || c->rest.p[0] == '\t'))
		c->rest = str_skip(c->rest, 1);
}

static bool take(struct cursor *c, str what)
{
	skip_blanks(c);
	if (!str_starts(c->rest, what))
		return false;
	c->rest = str_skip(c->rest, what.n);
	return true;
}

/* What names of clusters, namespaces, hosts and labels, and references of images are made of. */
static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._/:@", c)) || (unsigned char)c >= 0x80;
}

static str word(struct cursor *c)
{
	size_t n = 0;

	skip_blanks(c);
	while (n < c->rest.n && is_word(c->rest.p[n]))
		n++;
	str w = str_take(c->rest, n);
	c->rest = str_skip(c->rest, n);
	return w;
}

static int take_key(struct cursor *c, struct scope_term *t)
{
	str name = word(c);

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (str_is(name, keys[i].name)) {
			t->key = keys[i].key;
			return 0;
		}
	if (!str_starts(name, S("label.")) || name.n == 6)
		return fault(c, "cluster, namespace, image, host or label.NAME");
	t->key = SCOPE_LABEL;
	t->label = str_skip(name, 6);
	return 0;
}

static int take_value(struct cursor *c, struct scope_term *t)
{
	str v = word(c);

	if (c->rest.n && c->rest.p[0] == '*') {
		/* word() ended there, so the star is the next byte of the same text. */
		v = (str){ v.n ? v.p : c->rest.p, v.n + 1 };
		c->rest = str_skip(c->rest, 1);
	}
	if (!v.n)
		return fault(c, "a value");
	if (t->count == SCOPE_MAX_VALUES)
		return err_set(c->err, E2BIG, "scope: more than %d values", SCOPE_MAX_VALUES);
	t->values[t->count++] = v;
	return 0;
}

static int take_values(struct cursor *c, struct scope_term *t)
{
	int r;

	if (!take(c, S("(")))
		return fault(c, "'('");
	do {
		r = take_value(c, t);
		if (r < 0)
			return r;
	} while (take(c, S(",")));
	return take(c, S(")")) ? 0 : fault(c, "',' or ')'");
}

static int take_term(struct cursor *c, struct scope_term *t)
{
	int r = take_key(c, t);

	if (r < 0)
		return r;
	t->values = ARENA_ARRAY(c->arena, SCOPE_MAX_VALUES, str);
	if (!t->values)
		return err_set(c->err, ENOBUFS, "scope: memory budget spent");
	if (take(c, S("!="))) {
		t->negative = true;
		return take_value(c, t);
	}
	if (take(c, S("==")) || take(c, S("=")))
		return take_value(c, t);
	if (take(c, S("notin"))) {
		t->negative = true;
		return take_values(c, t);
	}
	if (take(c, S("in")))
		return take_values(c, t);
	return fault(c, "=, !=, in or notin");
}

int scope_parse(str text, struct arena *a, struct scope_selector *ret, struct err *e)
{
	struct scope_selector out = { 0 };
	struct cursor c = { .arena = a, .err = e };
	int r;

	if (text.n > SCOPE_MAX_TEXT)
		return err_set(e, E2BIG, "scope: longer than %d bytes", SCOPE_MAX_TEXT);
	c.text = c.rest = arena_str(a, text);
	out.terms = ARENA_ARRAY(a, SCOPE_MAX_TERMS, struct scope_term);
	if (!c.text.p || !out.terms)
		return err_set(e, ENOBUFS, "scope: memory budget spent");
	do {
		if (out.count == SCOPE_MAX_TERMS)
			return err_set(e, E2BIG, "scope: more than %d terms", SCOPE_MAX_TERMS);
		r = take_term(&c, &out.terms[out.count++]);
		if (r < 0)
			return r;
	} while (take(&c, S(",")));
	skip_blanks(&c);
	if (c.rest.n)
		return fault(&c, "',' or the end");
	*ret = out;
	return 0;
}

static void render_term(const struct scope_term *t, struct buf *out)
{
	if (t->key == SCOPE_LABEL) {
		buf_add(out, S("label."));
		buf_add(out, t->label);
	} else {
		buf_add(out, str_from(keys[t->key].name));
	}
	if (t->count == 1) {
		buf_add(out, t->negative ? S("!=") : S("="));
		buf_add(out, t->values[0]);
		return;
	}
	buf_add(out, t->negative ? S(" notin (") : S(" in ("));
	for (size_t i = 0; i < t->count; i++) {
		if (i)
			buf_add(out, S(", "));
		buf_add(out, t->values[i]);
	}
	buf_byte(out, ')');
}

void scope_render(const struct scope_selector *s, struct buf *out)
{
	for (size_t i = 0; i < s->count; i++) {
		if (i)
			buf_add(out, S(", "));
		render_term(&s->terms[i], out);
	}
}

static bool value_holds(str pattern, str value)
{
	if (str_ends(pattern, S("*")))
		return str_starts(value, str_take(pattern, pattern.n - 1));
	return str_eq(pattern, value);
}

static bool any_value(const struct scope_term *t, str value)
{
	for (size_t i = 0; i < t->count; i++)
		if (value_holds(t->values[i], value))
			return true;
	return false;
}

static str label_of(const struct scope_subject *of, str name)
{
	str rest = of->labels;

	while (rest.n) {
		str value = str_cut(&rest, ','), key = str_cut(&value, '=');

		if (key.n && str_eq(key, name))
			return value;
	}
	return (str){ 0 };
}

static bool term_holds(const struct scope_term *t, const struct scope_subject *of)
{
	str value = t->key == SCOPE_CLUSTER     ? of->cluster
		    : t->key == SCOPE_NAMESPACE ? of->namespace
		    : t->key == SCOPE_IMAGE     ? of->image
		    : t->key == SCOPE_HOST      ? of->host
						: label_of(of, t->label);

	return value.n && any_value(t, value) != t->negative;
}

static bool selector_holds(const struct scope_selector *s, const struct scope_subject *of)
{
	for (size_t i = 0; i < s->count; i++)
		if (!term_holds(&s->terms[i], of))
			return false;
	return true;
}

bool scope_holds(const struct scope *s, const struct scope_subject *of)
{
	if (s->everything)
		return true;
	for (size_t i = 0; i < s->count; i++)
		if (selector_holds(&s->any[i], of))
			return true;
	return false;
}

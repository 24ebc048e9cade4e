#include "base/suggest.h"
#include "policy/rule_priv.h"

/* Errors of a condition are told at the byte of the file they are about. */
static int tell(struct rule_set *s, const struct rule_finding *about, enum rule_code code,
		uint32_t number, const struct err *why, struct err *e)
{
	struct rule_finding f = *about;

	f.code = code;
	if (number)
		f.place = rule_text_place(s, number);
	return rule_report(s, &f, e, "%s", why->text);
}

static void number_nodes(struct condition *tree, const struct rule_text *text)
{
	struct condition_walk w;

	condition_walk_begin(&w, tree);
	while (condition_walk_next(&w)) {
		struct condition **slot = condition_walk_slot(&w);
		struct condition *n = slot ? *slot : tree;

		if (w.entering)
			n->offset = rule_text_at(text, n->offset);
	}
}

/* The texts in between, and where the last one comes from, are needed no longer than the parsing. */
static int parse(struct rule_set *s, struct arena *scratch, const struct rule_text *text,
		 const struct rule_finding *about, struct condition **ret, struct err *e)
{
	struct rule_text full = *text;
	struct err why = { .translate = e ? e->translate : NULL };
	enum rule_code code = RULE_ERR_VALIDATE;
	size_t at = 0;
	int r = rule_lists_substitute(s, scratch, &full, &at, &why);

	if (r == 0 && full.text.p != text->text.p) {
		full.text = arena_str(&s->arena, full.text);
		r = full.text.p ? 0 : -ENOBUFS;
	}
	if (r == 0) {
		code = RULE_ERR_COMPILE_CONDITION;
		r = condition_parse(full.text, 0, &s->arena, ret, &at, &why);
	}
	if (r == 0) {
		number_nodes(*ret, &full);
		return 0;
	}
	if (r == -ENOBUFS)
		return rule_spent(e);
	/* An error at the end is told at the last byte. */
	at = full.text.n ? MIN(at, full.text.n - 1) : 0;
	return tell(s, about, code, r == -EBADMSG || r == -E2BIG ? rule_text_at(&full, at) : 0,
		    &why, e);
}

int rule_condition_parse(struct rule_set *s, const struct rule_text *text,
			 const struct rule_finding *about, struct condition **ret, struct err *e)
{
	arena_reset(&s->scratch);
	return parse(s, &s->scratch, text, about, ret, e);
}

/* A name that no macro has, with the nearest that one has. */
static int undefined(struct rule_set *s, const struct rule_finding *f, str name, struct err *e)
{
	struct suggestion near = suggestion_for(name);

	for (size_t i = 0; i < s->macros.count; i++)
		suggestion_offer(&near, s->macros.items[i]->name);
	if (near.best.n)
		return rule_report(s, f, e, "no macro is called '%.*s'; did you mean '%.*s'?",
				   STR_ARG(name), STR_ARG(near.best));
	return rule_report(s, f, e, "no macro is called '%.*s'", STR_ARG(name));
}

/* A macro that there is but that cannot be put in. */
static int unusable(struct rule_set *s, const struct rule_finding *f, const struct rule_macro *m,
		    struct err *e)
{
	bool itself = f->kind && strcmp(f->kind, "macro") == 0 && str_eq(f->name, m->as.name);

	if (itself || m->state == MACRO_OPEN)
		return rule_report(s, f, e, "the macro '%.*s' leads back to itself",
				   STR_ARG(m->as.name));
	if (m->state == MACRO_BROKEN)
		return rule_report(s, f, e, "the macro '%.*s', which this uses, has an error",
				   STR_ARG(m->as.name));
	return rule_report(
		s, f, e,
		"the macro '%.*s' is defined after this one, which therefore cannot use it",
		STR_ARG(m->as.name));
}

/* After a macro was put in, the nodes above it are taller and larger. */
static bool measure(struct condition *n)
{
	uint64_t size = 1;
	unsigned int height = 1;

	for (size_t i = 0; i < n->child_count; i++) {
		size += n->children[i]->size;
		height = MAX(height, n->children[i]->height + 1u);
	}
	if (size > CONDITION_MAX_NODES || height > CONDITION_MAX_DEPTH)
		return false;
	n->size = (uint32_t)size;
	n->height = (uint16_t)height;
	return true;
}

static int replace(struct rule_set *s, struct condition **place, size_t visibility,
		   const struct rule_finding *about, struct err *e)
{
	const struct condition *n = *place;
	struct rule_macro *m = map_find(&s->macros.map, n->name);
	struct rule_finding f = *about;

	if (m)
		m->as.used = true;
	if (m && m->as.index < visibility && m->state == MACRO_DONE) {
		*place = m->tree;
		return 0;
	}
	f.code = RULE_ERR_VALIDATE;
	f.place = rule_text_place(s, n->offset);
	return m ? unusable(s, &f, m, e) : undefined(s, &f, n->name, e);
}

int rule_macros_replace(struct rule_set *s, struct condition **tree, size_t visibility,
			const struct rule_finding *about, struct err *e)
{
	struct condition_walk w;
	const struct condition *n;
	struct err why = { .translate = e ? e->translate : NULL };

	condition_walk_begin(&w, *tree);
	while ((n = condition_walk_next(&w))) {
		struct condition **slot = condition_walk_slot(&w);
		struct condition **place = slot ? slot : tree;
		int r = 0;

		if (w.entering && n->kind == CONDITION_MACRO)
			r = replace(s, place, visibility, about, e);
		if (r < 0)
			return r;
		if (!w.entering && n->child_count && !measure(*place)) {
			(void)err_set(&why, E2BIG,
				      "with its macros this is deeper than %d levels or has more "
				      "than %d nodes",
				      CONDITION_MAX_DEPTH, CONDITION_MAX_NODES);
			return tell(s, about, RULE_ERR_COMPILE_CONDITION, n->offset, &why, e);
		}
	}
	return 0;
}

static struct rule_finding about_macro(const struct rule_macro *m)
{
	return (struct rule_finding){ .place = m->as.place, .kind = "macro", .name = m->as.name };
}

/* A macro that @p m uses, sees and that is to be resolved before it. */
static struct rule_macro *awaited(const struct rule_set *s, const struct rule_macro *m)
{
	struct condition_walk w;
	const struct condition *n;

	condition_walk_begin(&w, m->tree);
	while ((n = condition_walk_next(&w))) {
		struct rule_macro *other =
			n->kind == CONDITION_MACRO ? map_find(&s->macros.map, n->name) : NULL;

		if (other && other->state == MACRO_NEW && other->as.index < m->as.visibility)
			return other;
	}
	return NULL;
}

/* Depth first without recursion: `path` is the chain of macros that wait for each other. */
static int resolve(struct rule_set *s, struct rule_macro *m, struct rule_macro **path,
		   struct err *e)
{
	size_t depth = 0;

	path[depth++] = m;
	m->state = MACRO_OPEN;
	while (depth) {
		struct rule_macro *top = path[depth - 1], *other = awaited(s, top);
		struct rule_finding about = about_macro(top);
		int r;

		if (other) {
			other->state = MACRO_OPEN;
			path[depth++] = other;
			continue;
		}
		r = rule_macros_replace(s, &top->tree, top->as.visibility, &about, e);
		if (r < 0 && r != -EBADMSG)
			return r;
		top->state = r == 0 ? MACRO_DONE : MACRO_BROKEN;
		depth--;
	}
	return 0;
}

int rule_macros_parse(struct rule_set *s, struct err *e)
{
	for (size_t i = 0; i < s->macros.count; i++) {
		struct rule_macro *m = (struct rule_macro *)s->macros.items[i];
		struct rule_finding about = about_macro(m);
		int r = rule_condition_parse(s, &m->condition, &about, &m->tree, e);

		if (r < 0 && r != -EBADMSG)
			return r;
		m->state = r < 0 ? MACRO_BROKEN : MACRO_NEW;
	}
	return 0;
}

int rule_macros_resolve(struct rule_set *s, struct err *e)
{
	struct rule_macro **path = ARENA_ARRAY(&s->arena, s->macros.count, struct rule_macro *);
	int r = 0;

	if (!path)
		return rule_spent(e);
	for (size_t i = 0; r == 0 && i < s->macros.count; i++) {
		struct rule_macro *m = (struct rule_macro *)s->macros.items[i];

		if (m->state == MACRO_NEW)
			r = resolve(s, m, path, e);
	}
	return r;
}

/* Terms to slots: each field, transformer and text once. */
#include "policy/program_priv.h"

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "rules: memory budget spent");
}

/* The number under @p key, made by appending @p s when it is new. */
static int slot_id(struct compiler *c, str key, const struct program_slot *s, uint32_t *ret,
		   struct err *e)
{
	struct policy_program *p = c->p;
	void **at = key.p ? map_at(&c->slots, key) : NULL;
	struct program_slot *fresh;

	if (!at)
		return spent(e);
	if (!*at) {
		fresh = ARENA_PUSH(c->a, p->slots, p->slot_count, p->slot_cap);
		if (!fresh)
			return spent(e);
		*fresh = *s;
		*at = (void *)(uintptr_t)(p->slot_count);
	}
	*ret = (uint32_t)((uintptr_t)*at - 1);
	return 0;
}

static int field_slot(struct compiler *c, const struct condition_term *t, uint32_t *ret,
		      struct err *e)
{
	struct program_slot s = { .kind = SLOT_FIELD };
	const struct policy_field *f;
	int r = policy_field_find(c->p->subject, t->text, &s.ref, e);

	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r;
	f = &c->p->subject->fields[s.ref.field];
	s.type = f->type;
	s.many = s.ref.has_index ? POLICY_ONE : f->kind;
	s.dear = policy_field_is_dear(f);
	s.ref.key = arena_str(c->a, s.ref.key);
	return slot_id(c,
		       arena_printf(c->a, "f%u.%d.%u.%.*s", s.ref.field, s.ref.has_index,
				    s.ref.index, STR_ARG(s.ref.key)),
		       &s, ret, e);
}

static int text_slot(struct compiler *c, str text, uint32_t *ret, struct err *e)
{
	struct program_slot s = { .kind = SLOT_TEXT, .type = POLICY_STRING };

	s.text = arena_str(c->a, text);
	return slot_id(c, arena_printf(c->a, "x%.*s", STR_ARG(text)), &s, ret, e);
}

static int want_text(const struct compiler *c, enum condition_transform t, uint32_t slot, bool many,
		     struct err *e)
{
	const struct program_slot *s = &c->p->slots[slot];

	if (s->type != POLICY_STRING && s->type != POLICY_BYTES)
		return err_set(e, EBADMSG, "%s() wants a string, not a value of type %s",
			       condition_transform_name(t), policy_type_name(s->type));
	if (s->many != POLICY_ONE && !many)
		return err_set(e, EBADMSG, "%s() wants a field with one value",
			       condition_transform_name(t));
	return 0;
}

static int transform_slot(struct compiler *c, const struct condition_term *t, const uint32_t *args,
			  size_t count, uint32_t *ret, struct err *e)
{
	struct program_slot s = { .kind = SLOT_TRANSFORM,
				  .type = POLICY_STRING,
				  .transform = t->transform };
	bool many = t->transform <= TRANSFORM_BASENAME || t->transform == TRANSFORM_LEN ||
		    t->transform == TRANSFORM_JOIN;
	OWNED_BUF key = BUF_INIT;

	if (!count)
		return err_set(e, EBADMSG, "%s() without arguments",
			       condition_transform_name(t->transform));
	s.args = ARENA_ARRAY(c->a, count, uint32_t);
	if (!s.args)
		return spent(e);
	buf_printf(&key, "t%d", t->transform);
	for (size_t i = 0; i < count; i++) {
		int r = want_text(c, t->transform, args[i], many, e);

		if (r < 0)
			return r;
		s.args[i] = args[i];
		s.dear |= c->p->slots[args[i]].dear;
		buf_printf(&key, ".%u", args[i]);
	}
	s.arg_count = count;
	s.text = arena_str(c->a, t->option);
	buf_printf(&key, "[%.*s", STR_ARG(t->option));
	if (t->transform == TRANSFORM_LEN)
		s.type = POLICY_UINT;
	else if (t->transform <= TRANSFORM_BASENAME) {
		s.type = c->p->slots[args[0]].type;
		s.many = c->p->slots[args[0]].many;
	}
	c->p->transforms = true;
	if (buf_error(&key) || !s.text.p)
		return spent(e);
	return slot_id(c, arena_str(c->a, buf_str(&key)), &s, ret, e);
}

static int leaf_slot(struct compiler *c, const struct condition_term *t, uint32_t *ret,
		     struct err *e)
{
	return t->kind == TERM_FIELD ? field_slot(c, t, ret, e) : text_slot(c, t->text, ret, e);
}

struct term_frame {
	const struct condition_term *term;
	size_t next, base;
};

static bool is_leaf(const struct condition_term *t)
{
	return t->kind == TERM_FIELD || t->kind == TERM_TEXT;
}

enum { MAX_TERM_ARGS = 256 };

int bind_term(struct compiler *c, const struct condition_term *top, uint32_t *ret, struct err *e)
{
	struct term_frame stack[CONDITION_MAX_TERM_DEPTH + 1];
	uint32_t args[MAX_TERM_ARGS];
	size_t depth = 0, have = 0;
	int r = 0;

	if (is_leaf(top))
		return leaf_slot(c, top, ret, e);
	stack[depth++] = (struct term_frame){ .term = top };
	while (depth) {
		struct term_frame *f = &stack[depth - 1];

		if (f->next < f->term->arg_count) {
			const struct condition_term *arg = &f->term->args[f->next++];

			if (have == MAX_TERM_ARGS || depth > CONDITION_MAX_TERM_DEPTH)
				return err_set(e, EBADMSG, "more than %d arguments", MAX_TERM_ARGS);
			if (!is_leaf(arg))
				stack[depth++] = (struct term_frame){ .term = arg, .base = have };
			else if ((r = leaf_slot(c, arg, &args[have++], e)) < 0)
				return r;
			continue;
		}
		/* A list's items become arguments of what it stands in. */
		if (f->term->kind == TERM_TRANSFORM) {
			uint32_t slot;

			r = transform_slot(c, f->term, args + f->base, have - f->base, &slot, e);
			if (r < 0)
				return r;
			have = f->base;
			args[have++] = slot;
		}
		depth--;
	}
	*ret = args[0];
	return 0;
}

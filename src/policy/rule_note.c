#include "policy/rule_priv.h"

static const struct {
	const char *name;
	bool error;
} codes[] = {
#define CODE(id, name, error) [RULE_##id] = { name, error },
	RULE_CODES(CODE)
#undef CODE
};

const char *rule_code_name(enum rule_code c)
{
	return codes[c].name;
}

bool rule_code_is_error(enum rule_code c)
{
	return codes[c].error;
}

static int add_note(struct rule_set *s, const struct rule_finding *f, str message, struct err *e)
{
	struct rule_note *n = ARENA_PUSH(&s->arena, s->notes, s->note_count, s->note_cap);

	if (!n)
		goto spent;
	*n = (struct rule_note){
		.code = f->code,
		.file = f->place.file ? f->place.file->name : (str){ 0 },
		.line = f->place.line,
		.column = f->place.column,
		.message = arena_str(&s->arena, message),
	};
	if (f->kind && f->name.n)
		n->item = arena_printf(&s->arena, "%s '%.*s'", f->kind, STR_ARG(f->name));
	if (!n->message.p || (f->kind && f->name.n && !n->item.p))
		goto spent;
	return codes[f->code].error ? -EBADMSG : 0;
spent:
	return rule_spent(e);
}

/* A message in the language of the caller's errors. */
static int report(struct rule_set *s, const struct rule_finding *f, struct err *e, const char *fmt,
		  va_list args) PRINTF_LIKE(4, 0);
static int report(struct rule_set *s, const struct rule_finding *f, struct err *e, const char *fmt,
		  va_list args)
{
	struct err message = { .translate = e ? e->translate : NULL };

	(void)err_vset(&message, EBADMSG, fmt, args);
	return add_note(s, f, str_from(message.text), e);
}

int rule_report(struct rule_set *s, const struct rule_finding *f, struct err *e, const char *fmt,
		...)
{
	va_list args;
	int r;

	va_start(args, fmt);
	r = report(s, f, e, fmt, args);
	va_end(args);
	return r;
}

int rule_fault(const struct rule_item *it, enum rule_code c, const struct value *at,
	       const char *fmt, ...)
{
	struct rule_finding f = {
		.code = c,
		.place = rule_place_of(it->file, at ? at : it->node),
		.kind = it->kind,
		.name = it->name,
	};
	va_list args;
	int r;

	va_start(args, fmt);
	r = report(it->set, &f, it->e, fmt, args);
	va_end(args);
	return r;
}

int rule_set_note(struct rule_set *s, const struct rule *r, enum rule_code c, uint32_t offset,
		  str message, struct err *e)
{
	struct rule_finding f = { .code = c, .kind = "rule", .name = r->name };
	int done;

	if (offset)
		f.place = rule_text_place(s, offset);
	done = add_note(s, &f, message, e);
	if (!offset && done != -ENOBUFS) {
		s->notes[s->note_count - 1].file = r->file;
		s->notes[s->note_count - 1].line = r->line;
	}
	return done == -ENOBUFS ? done : 0;
}

#include "policy/falco_field.h"
#include "policy/output_priv.h"

#define MAX_WIDTH 4096

struct output_parser {
	struct cursor c;
	struct output_format *f;
};

static int spent(struct output_parser *p)
{
	return err_set(p->c.e, ENOBUFS, "output: memory budget spent");
}

static int add_ref(struct output_parser *p, const struct policy_ref *ref)
{
	struct output_format *f = p->f;
	struct policy_ref *at;

	for (size_t i = 0; i < f->ref_count; i++)
		if (policy_ref_eq(&f->refs[i], ref))
			return 0;
	at = ARENA_PUSH(p->c.arena, f->refs, f->ref_count, f->ref_cap);
	if (!at)
		return spent(p);
	*at = *ref;
	return 0;
}

static int add_step(struct output_parser *p, struct output_piece *piece, struct output_step step)
{
	struct output_step *at =
		ARENA_PUSH(p->c.arena, piece->steps, piece->step_count, piece->step_cap);

	if (!at)
		return spent(p);
	*at = step;
	return step.kind == STEP_FIELD ? add_ref(p, &step.ref) : 0;
}

static int find_field(struct output_parser *p, str name, struct policy_ref *ret)
{
	int r = policy_field_find(p->f->subject, name, ret, p->c.e);

	return r == -EINVAL ? -EBADMSG : r;
}

static int add_field_step(struct output_parser *p, struct output_piece *piece, str name)
{
	struct output_step step = { .kind = STEP_FIELD };
	int r = find_field(p, name, &step.ref);

	return r < 0 ? r : add_step(p, piece, step);
}

/* The piece becomes a field's value. */
static int set_field(struct output_parser *p, struct output_piece *piece, str name)
{
	int r = find_field(p, name, &piece->ref);

	if (r < 0)
		return r;
	piece->kind = PIECE_FIELD;
	return add_ref(p, &piece->ref);
}

/* A transformer and its arguments, flattened. */
static int add_term(struct output_parser *p, struct output_piece *piece,
		    const struct condition_term *top)
{
	struct {
		const struct condition_term *term;
		size_t next;
	} stack[CONDITION_MAX_TERM_DEPTH + 1] = { { top, 0 } };
	size_t depth = 1;
	int r;

	piece->kind = PIECE_MADE;
	r = add_step(p, piece, (struct output_step){ .kind = STEP_OPEN });
	while (r == 0 && depth) {
		const struct condition_term *t = stack[depth - 1].term;

		if (stack[depth - 1].next == t->arg_count) {
			depth--;
			if (t->kind == TERM_TRANSFORM)
				r = add_step(p, piece,
					     (struct output_step){ .kind = STEP_CALL,
								   .transform = t->transform,
								   .text = t->option });
			continue;
		}
		t = &t->args[stack[depth - 1].next++];
		if (t->kind == TERM_FIELD) {
			r = add_field_step(p, piece, t->text);
		} else if (t->kind == TERM_TEXT) {
			r = add_step(p, piece,
				     (struct output_step){ .kind = STEP_TEXT, .text = t->text });
		} else {
			/* The items of a list stand among the arguments. */
			stack[depth].term = t;
			stack[depth++].next = 0;
			if (t->kind == TERM_TRANSFORM)
				r = add_step(p, piece, (struct output_step){ .kind = STEP_OPEN });
		}
	}
	return r;
}

/* How many values may be at hand while @p piece is made. */
static size_t parts_of(const struct output_parser *p, const struct output_piece *piece)
{
	size_t n = 0;

	for (size_t i = 0; i < piece->step_count; i++) {
		const struct output_step *s = &piece->steps[i];
		bool many = s->kind == STEP_FIELD && output_is_several(p->f->subject, &s->ref);

		n += many ? POLICY_MAX_VALUES : 1;
	}
	return n;
}

static int add_transform(struct output_parser *p, struct output_piece *piece,
			 const struct condition_term *term)
{
	int r = add_term(p, piece, term);

	for (size_t i = 0; r == 0 && i < piece->step_count; i++)
		if (piece->steps[i].kind == STEP_CALL &&
		    piece->steps[i].transform == TRANSFORM_GETOPT)
			r = err_set(p->c.e, EBADMSG, "getopt() is for conditions only");
	if (r == 0 && parts_of(p, piece) > OUTPUT_MAX_PARTS)
		r = err_set(p->c.e, EBADMSG, "more than %d values in one transformer",
			    OUTPUT_MAX_PARTS);
	return r;
}

static bool is_name(char c)
{
	return is_word(c) || c == '.';
}

/* The field whose name is the longest beginning of @p text, or NULL. */
static const struct policy_field *longest_field(const struct policy_subject *s, str text)
{
	const struct policy_field *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->field_count; i++) {
		const char *name = s->fields[i].name;
		size_t same = 0;

		while (same < text.n && name[same] && name[same] == text.p[same])
			same++;
		if (same > n && !name[same]) {
			found = &s->fields[i];
			n = same;
		}
	}
	return found;
}

/* "name", "name[argument]" or "name.key": how much of @p text is a field with its argument; 0: nothing. */
static size_t field_length(const struct policy_subject *s, str text)
{
	const struct policy_field *f = longest_field(s, text);
	size_t n = f ? strlen(f->name) : 0, end = n;

	if (n == 0 || n == text.n || f->arg == POLICY_ARG_NONE)
		return n;
	if (text.p[n] == '[') {
		end = n + str_find(str_skip(text, n), ']');
		return end < text.n ? end + 1 : n;
	}
	if (text.p[n] != '.' || f->arg == POLICY_ARG_INDEX_OPT)
		return n;
	while (end < text.n && is_name(text.p[end]))
		end++;
	/* A full stop is not the key's. */
	while (text.p[end - 1] == '.')
		end--;
	return end;
}

/* The name as it would be read if all fields were known. */
static str whole_name(const struct output_parser *p)
{
	str rest = str_skip(p->c.text, p->c.at);
	size_t n = 0;

	while (n < rest.n && is_name(rest.p[n]))
		n++;
	while (n > 0 && rest.p[n - 1] == '.')
		n--;
	return str_take(rest, n);
}

static int take_width(struct output_parser *p, uint32_t *ret)
{
	str rest = str_skip(p->c.text, p->c.at);
	size_t n = 0;

	while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
		n++;
	if (n && (str_u32(str_take(rest, n), ret) < 0 || *ret > MAX_WIDTH))
		return err_set(p->c.e, EBADMSG, "a width of more than %d", MAX_WIDTH);
	p->c.at += n;
	return 0;
}

/* Behind a '%'. */
static int add_value(struct output_parser *p, struct output_piece *piece)
{
	struct condition_term term;
	str whole;
	size_t n;
	int r = take_width(p, &piece->width);

	if (r == 0)
		r = term_transform(&p->c, &term);
	if (r < 0)
		return r == -E2BIG ? -EBADMSG : r;
	if (r > 0)
		return add_transform(p, piece, &term);
	n = field_length(p->f->subject, str_skip(p->c.text, p->c.at));
	whole = whole_name(p);
	if (n == 0 && !whole.n)
		return err_set(p->c.e, EBADMSG, "a field or a transformer is expected behind '%%'");
	/* "%evt.latency.human" is no evt.latency with text behind it. */
	if (n == 0 ||
	    (n < whole.n && p->f->subject == &policy_events && falco_field_missed(whole, NULL)))
		return set_field(p, piece, whole);
	r = set_field(p, piece, str_take(str_skip(p->c.text, p->c.at), n));
	if (r == 0)
		p->c.at += n;
	return r;
}

static int parse(struct output_parser *p)
{
	while (!cursor_end(&p->c)) {
		str rest = str_skip(p->c.text, p->c.at);
		size_t n = str_find(rest, '%');
		struct output_piece *piece =
			ARENA_PUSH(p->c.arena, p->f->pieces, p->f->piece_count, p->f->piece_cap);
		int r;

		if (!piece)
			return spent(p);
		/* "%%" is one per cent sign. */
		if (n == 0 && rest.n > 1 && rest.p[1] == '%') {
			piece->literal = str_take(rest, 1);
			p->c.at += 2;
			continue;
		}
		if (n > 0) {
			piece->literal = str_take(rest, n);
			p->c.at += n;
			continue;
		}
		p->c.at++;
		r = add_value(p, piece);
		if (r < 0)
			return r;
	}
	return 0;
}

int output_parse_at(str text, const struct policy_subject *s, struct arena *a,
		    struct output_format **ret, size_t *ret_at, struct err *e)
{
	struct output_parser p = {
		.c = { .text = text, .arena = a, .e = e },
		.f = ARENA_NEW(a, struct output_format),
	};
	int r;

	if (!p.f)
		return spent(&p);
	p.f->subject = s;
	r = parse(&p);
	if (r == -EBADMSG || r == -ENOENT)
		*ret_at = p.c.at;
	if (r == 0)
		*ret = p.f;
	return r;
}

int output_parse(str text, const struct policy_subject *s, struct arena *a,
		 struct output_format **ret, struct err *e)
{
	size_t at;
	int r = output_parse_at(text, s, a, ret, &at, e);

	return r == -EBADMSG || r == -ENOENT ? err_wrap(e, r, "at byte %zu", at + 1) : r;
}

const struct policy_ref *output_fields(const struct output_format *f, size_t *ret_count)
{
	*ret_count = f->ref_count;
	return f->refs;
}

#include "policy/rule_priv.h"

static int add_piece(struct rule_set *s, const struct rule_file *f, const struct value *v,
		     size_t bytes, uint32_t *ret, struct err *e)
{
	struct rule_piece *p;

	if (bytes >= UINT32_MAX - s->next_number)
		return rule_spent(e);
	p = ARENA_PUSH(&s->arena, s->pieces, s->piece_count, s->piece_cap);
	if (!p)
		return rule_spent(e);
	*p = (struct rule_piece){ s->next_number, f, v };
	*ret = s->next_number;
	s->next_number += (uint32_t)bytes + 1;
	return 0;
}

int rule_text_number(struct rule_set *s, const struct rule_file *f, const struct value *v,
		     uint32_t *ret, struct err *e)
{
	return add_piece(s, f, v, 1, ret, e);
}

int rule_text_from(struct rule_set *s, const struct rule_file *f, const struct value *v,
		   struct rule_text *ret, struct err *e)
{
	uint32_t *origin = ARENA_ARRAY(&s->arena, v->string.n, uint32_t), base;
	int r = origin ? add_piece(s, f, v, v->string.n, &base, e) : rule_spent(e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < v->string.n; i++)
		origin[i] = base + (uint32_t)i;
	*ret = (struct rule_text){ v->string, origin };
	return 0;
}

/* A walk over a file's text that counts lines and characters. */
struct raw {
	str text;
	size_t at;
	struct rule_place place;
};

static void step(struct raw *w)
{
	char c = w->text.p[w->at++];

	if (c == '\n') {
		w->place.line++;
		w->place.column = 1;
	} else if (w->at == w->text.n || (w->text.p[w->at] & 0xC0) != 0x80) {
		w->place.column++;
	}
}

static bool more(const struct raw *w)
{
	return w->at < w->text.n;
}

static char here(const struct raw *w)
{
	return more(w) ? w->text.p[w->at] : '\0';
}

static void skip_spaces(struct raw *w)
{
	while (more(w) && rule_is_blank(here(w)))
		step(w);
}

/* To the scalar's first byte; gives the quote it stands in, if any. */
static char begin_scalar(struct raw *w)
{
	char first;

	while (here(w) == '&' || here(w) == '!') {
		while (more(w) && !rule_is_blank(here(w)))
			step(w);
		skip_spaces(w);
	}
	first = here(w);
	if (first == '|' || first == '>')
		while (more(w) && here(w) != '\n')
			step(w);
	else if (first == '"' || first == '\'')
		step(w);
	skip_spaces(w);
	return first == '"' || first == '\'' ? first : '\0';
}

/* Whether what stands here is for a byte of the scalar's value that is no blank. */
static bool visible_here(const struct raw *w, char quote)
{
	if (quote == '"' && here(w) == '\\' && w->at + 1 < w->text.n)
		return !strchr("ntr \n", w->text.p[w->at + 1]);
	return !rule_is_blank(here(w));
}

/* Over what stands for one byte of the value. */
static void step_value(struct raw *w, char quote)
{
	if ((quote == '"' && here(w) == '\\') || (quote == '\'' && here(w) == '\''))
		step(w);
	if (more(w))
		step(w);
}

/*
 * YAML folds and indents, but keeps the order of what is visible: the n-th visible byte of a value is the n-th one of
 * the scalar in the file.
 */
struct rule_place rule_text_place(const struct rule_set *s, uint32_t number)
{
	size_t low = 0, high = s->piece_count, visible = 0;
	const struct rule_piece *p;
	struct raw w;
	char quote;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (s->pieces[middle].base <= number)
			low = middle;
		else
			high = middle;
	}
	p = &s->pieces[low];
	w = (struct raw){ .text = p->file->text, .place = rule_place_of(p->file, p->value) };
	if (number == p->base || p->value->line == 0 || p->value->line > p->file->line_count)
		return w.place;
	for (size_t i = 0; i < number - p->base && i < p->value->string.n; i++)
		visible += !rule_is_blank(p->value->string.p[i]);
	w.at = p->file->lines[p->value->line - 1];
	w.place.column = 1;
	while (more(&w) && w.place.column < p->value->column)
		step(&w);
	quote = begin_scalar(&w);
	while (more(&w) && (visible || !visible_here(&w, quote))) {
		visible -= visible_here(&w, quote);
		step_value(&w, quote);
	}
	return w.place;
}

static void put_origin(struct rule_writer *w, uint32_t number)
{
	buf_add(&w->origins, (str){ (const char *)&number, sizeof(number) });
}

void rule_writer_copy(struct rule_writer *w, const struct rule_text *t, size_t from, size_t to)
{
	buf_add(&w->bytes, (str){ t->text.p + from, to - from });
	buf_add(&w->origins,
		(str){ (const char *)(t->origin + from), (to - from) * sizeof(*t->origin) });
}

void rule_writer_put(struct rule_writer *w, str s, uint32_t number)
{
	buf_add(&w->bytes, s);
	for (size_t i = 0; i < s.n && buf_error(&w->bytes) == 0; i++)
		put_origin(w, number);
}

void rule_writer_value(struct rule_writer *w, str s, uint32_t number)
{
	bool quote = str_find(s, ' ') < s.n && s.p[0] != '"' && s.p[0] != '\'';

	if (quote)
		rule_writer_put(w, S("\""), number);
	rule_writer_put(w, s, number);
	if (quote)
		rule_writer_put(w, S("\""), number);
}

int rule_writer_finish(struct rule_writer *w, struct arena *a, struct rule_text *ret, struct err *e)
{
	int r = buf_error(&w->bytes) < 0 || buf_error(&w->origins) < 0 ? -ENOBUFS : 0;
	uint32_t *origin = NULL;
	str text = { 0 };

	if (r == 0 && w->bytes.n > RULE_SET_MAX_TEXT_BYTES)
		r = err_set(e, E2BIG, "a condition of more than %u bytes", RULE_SET_MAX_TEXT_BYTES);
	if (r == 0) {
		text = arena_str(a, buf_str(&w->bytes));
		origin = ARENA_ARRAY(a, w->bytes.n, uint32_t);
	}
	if (r == 0 && text.p && origin) {
		if (w->origins.n)
			memcpy(origin, w->origins.p, w->origins.n);
		*ret = (struct rule_text){ text, origin };
	} else if (r != -E2BIG) {
		r = rule_spent(e);
	}
	buf_done(&w->bytes);
	buf_done(&w->origins);
	return r;
}

int rule_text_append(struct rule_set *s, struct rule_text *a, const struct rule_text *b,
		     struct err *e)
{
	struct rule_writer w = { 0 };

	rule_writer_copy(&w, a, 0, a->text.n);
	rule_writer_put(&w, S(" "), b->text.n ? b->origin[0] : 0);
	rule_writer_copy(&w, b, 0, b->text.n);
	return rule_writer_finish(&w, &s->arena, a, e);
}

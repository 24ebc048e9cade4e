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

int rule_text_from(struct rule_set *s, const struct rule_file *f, const struct value *v, str part,
		   struct rule_text *ret, struct err *e)
{
	struct rule_run *run = ARENA_NEW(&s->arena, struct rule_run);
	int r = run ? add_piece(s, f, v, v->string.n, &run->number, e) : rule_spent(e);

	if (r < 0)
		return r;
	run->number += (uint32_t)(part.p - v->string.p);
	run->counts = true;
	*ret = (struct rule_text){ part, run, 1 };
	return 0;
}

/* The run that byte @p i is in. */
static size_t run_of(const struct rule_text *t, size_t i)
{
	size_t low = 0, high = t->run_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (t->runs[middle].from <= i)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static uint32_t number_in(const struct rule_run *run, size_t i)
{
	return run->number + (run->counts ? (uint32_t)i - run->from : 0);
}

uint32_t rule_text_at(const struct rule_text *t, size_t i)
{
	return t->run_count ? number_in(&t->runs[run_of(t, i)], i) : 0;
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

static const struct rule_piece *piece_of(const struct rule_set *s, uint32_t number)
{
	size_t low = 0, high = s->piece_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (s->pieces[middle].base <= number)
			low = middle;
		else
			high = middle;
	}
	return &s->pieces[low];
}

/*
 * YAML folds and indents, but keeps the order of what is visible: the n-th visible byte of a value is the n-th one of
 * the scalar in the file.
 */
struct rule_place rule_text_place(const struct rule_set *s, uint32_t number)
{
	const struct rule_piece *p = piece_of(s, number);
	const struct value *v = p->value;
	struct raw w = { .text = p->file->text, .place = rule_place_of(p->file, v) };
	size_t visible = 0;
	char quote;

	if (number == p->base || v->line == 0 || v->line > p->file->line_count)
		return w.place;
	for (size_t i = 0; i < number - p->base && i < v->string.n; i++)
		visible += !rule_is_blank(v->string.p[i]);
	w.at = p->file->lines[v->line - 1];
	w.place.column = 1;
	while (more(&w) && w.place.column < v->column)
		step(&w);
	quote = begin_scalar(&w);
	while (more(&w) && (visible || !visible_here(&w, quote))) {
		visible -= visible_here(&w, quote);
		step_value(&w, quote);
	}
	return w.place;
}

static void put_run(struct rule_writer *w, struct rule_run run)
{
	run.from = (uint32_t)w->bytes.n;
	buf_add(&w->runs, (str){ (const char *)&run, sizeof(run) });
}

void rule_writer_copy(struct rule_writer *w, const struct rule_text *t, size_t from, size_t to)
{
	for (size_t i = run_of(t, from); from < to; i++) {
		const struct rule_run *run = &t->runs[i];
		size_t end = i + 1 < t->run_count ? MIN(t->runs[i + 1].from, to) : to;

		put_run(w, (struct rule_run){ 0, number_in(run, from), run->counts });
		buf_add(&w->bytes, (str){ t->text.p + from, end - from });
		from = end;
	}
}

void rule_writer_put(struct rule_writer *w, str s, uint32_t number)
{
	put_run(w, (struct rule_run){ .number = number });
	buf_add(&w->bytes, s);
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

void rule_writer_done(struct rule_writer *w)
{
	buf_done(&w->bytes);
	buf_done(&w->runs);
}

int rule_writer_finish(struct rule_writer *w, struct arena *a, struct rule_text *ret, struct err *e)
{
	size_t count = w->runs.n / sizeof(struct rule_run);
	struct rule_run *runs = NULL;
	str text = { 0 };
	int r = 0;

	if (w->bytes.n > RULE_SET_MAX_TEXT_BYTES)
		r = err_set(e, E2BIG, "a condition of more than %u bytes", RULE_SET_MAX_TEXT_BYTES);
	else if (buf_error(&w->bytes) == 0 && buf_error(&w->runs) == 0) {
		text = arena_str(a, buf_str(&w->bytes));
		runs = ARENA_ARRAY(a, count, struct rule_run);
	}
	if (r == 0 && text.p && runs) {
		if (count)
			memcpy(runs, w->runs.p, w->runs.n);
		*ret = (struct rule_text){ text, runs, count };
	} else if (r == 0) {
		r = rule_spent(e);
	}
	rule_writer_done(w);
	return r;
}

int rule_text_append(struct rule_set *s, struct rule_text *a, const struct rule_text *b,
		     struct err *e)
{
	struct rule_writer w = { 0 };

	rule_writer_copy(&w, a, 0, a->text.n);
	rule_writer_put(&w, S(" "), rule_text_at(b, 0));
	rule_writer_copy(&w, b, 0, b->text.n);
	return rule_writer_finish(&w, &s->arena, a, e);
}

#include "policy/output_priv.h"

#include "codec/base64.h"

/* A value on its way through transformers: bytes of `made`. */
struct part {
	size_t at, n;
	enum policy_state state;
	bool many; /* one of the values of a field that has several */
};

struct maker {
	const struct output_format *f;
	const struct policy_target *t;
	struct buf made;
	struct part parts[OUTPUT_MAX_PARTS];
	size_t count;
	/* Where the arguments of open transformers begin. */
	size_t opened[CONDITION_MAX_TERM_DEPTH + 1];
	size_t depth;
};

static str text_of(const struct maker *m, const struct part *p)
{
	return str_take(str_skip(buf_str(&m->made), p->at), p->n);
}

/* Ends the part whose bytes were added to `made` since @p at. */
static void push(struct maker *m, size_t at, enum policy_state state, bool many)
{
	m->parts[m->count++] = (struct part){ at, m->made.n - at, state, many };
}

static void push_field(struct maker *m, const struct policy_ref *ref)
{
	bool many = output_is_several(m->f->subject, ref);
	struct policy_value v = { 0 };

	m->t->get(m->t, ref, &v);
	if (v.state != POLICY_KNOWN) {
		push(m, m->made.n, v.state, false);
		return;
	}
	for (uint32_t i = 0; i < (many ? MIN(v.count, POLICY_MAX_VALUES) : 1); i++) {
		size_t at = m->made.n;

		output_value_at(m->f->subject, ref, &v, i, &m->made);
		push(m, at, POLICY_KNOWN, many);
	}
}

static void put_case(struct buf *out, str s, bool upper)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (upper && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (!upper && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		buf_byte(out, c);
	}
}

/* The transformers that change one text into one. @return false: there is no result */
static bool change(enum condition_transform t, str s, struct buf *out)
{
	size_t slash;

	switch (t) {
	case TRANSFORM_TOLOWER:
	case TRANSFORM_TOUPPER:
		put_case(out, s, t == TRANSFORM_TOUPPER);
		return true;
	case TRANSFORM_B64:
		return base64_decode(out, s, NULL) == 0;
	default:
		slash = str_find_last(s, '/');
		buf_add(out, slash < s.n ? str_skip(s, slash + 1) : s);
		return true;
	}
}

/* The parts from @p first on joined, with @p between between them. */
static void put_together(struct maker *m, size_t first, str between, struct buf *out)
{
	for (size_t i = first; i < m->count; i++) {
		if (i > first)
			buf_add(out, between);
		buf_add(out, text_of(m, &m->parts[i]));
	}
}

static size_t length(const struct maker *m, size_t first)
{
	bool one = m->count == first + 1 && !m->parts[first].many;

	return one ? m->parts[first].n : m->count - first;
}

/* The transformer takes the parts from @p first on and leaves its own. */
static void call(struct maker *m, enum condition_transform t, size_t first)
{
	OWNED_BUF result = BUF_INIT;
	size_t at = m->made.n;

	for (size_t i = first; i < m->count; i++) {
		if (m->parts[i].state != POLICY_KNOWN) {
			m->parts[first] = m->parts[i];
			m->count = first + 1;
			return;
		}
	}
	if (t == TRANSFORM_LEN)
		buf_printf(&result, "%zu", length(m, first));
	else if (t == TRANSFORM_CONCAT)
		put_together(m, first, S(""), &result);
	else if (t == TRANSFORM_JOIN && first < m->count)
		put_together(m, first + 1, text_of(m, &m->parts[first]), &result);
	else {
		for (size_t i = first; i < m->count; i++) {
			struct part *p = &m->parts[i];

			buf_reset(&result);
			p->state = change(t, text_of(m, p), &result) ? POLICY_KNOWN : POLICY_ABSENT;
			p->at = m->made.n;
			p->n = result.n;
			buf_add(&m->made, buf_str(&result));
		}
		return;
	}
	buf_add(&m->made, buf_str(&result));
	m->count = first;
	push(m, at, POLICY_KNOWN, false);
}

static void put_state(enum policy_state state, struct buf *out)
{
	buf_add(out, state == POLICY_UNKNOWN ? S("<unknown>") : S("<NA>"));
}

static void make(struct maker *m, const struct output_piece *piece, struct buf *out)
{
	m->made.n = 0;
	m->count = 0;
	m->depth = 0;
	for (size_t i = 0; i < piece->step_count; i++) {
		const struct output_step *s = &piece->steps[i];
		size_t at = m->made.n;

		switch (s->kind) {
		case STEP_FIELD:
			push_field(m, &s->ref);
			break;
		case STEP_TEXT:
			buf_add(&m->made, s->text);
			push(m, at, POLICY_KNOWN, false);
			break;
		case STEP_OPEN:
			m->opened[m->depth++] = m->count;
			break;
		case STEP_CALL:
			call(m, s->transform, m->opened[--m->depth]);
			break;
		}
	}
	/* Several values show as "(a,b)", as Falco shows them. */
	if (m->count != 1)
		buf_byte(out, '(');
	for (size_t i = 0; i < m->count; i++) {
		if (i)
			buf_byte(out, ',');
		if (m->parts[i].state != POLICY_KNOWN)
			put_state(m->parts[i].state, out);
		else
			buf_add(out, text_of(m, &m->parts[i]));
	}
	if (m->count != 1)
		buf_byte(out, ')');
}

static void put_field(const struct output_format *f, const struct policy_target *t,
		      const struct policy_ref *ref, struct buf *out)
{
	struct policy_value v = { 0 };

	t->get(t, ref, &v);
	output_value(f->subject, ref, &v, out);
}

/* Pads or cuts what stands in @p out since @p from; a character is not cut in two. */
static void fit(struct buf *out, size_t from, size_t width)
{
	if (out->n - from > width) {
		out->n = from + width;
		while (out->n > from && ((unsigned char)out->p[out->n] & 0xC0) == 0x80)
			out->n--;
	}
	while (buf_error(out) == 0 && out->n - from < width)
		buf_byte(out, ' ');
}

/* Cuts what stands in @p out since @p from at a character's end and says so. */
static bool cut(struct buf *out, size_t from, size_t max)
{
	size_t n = from + max;

	if (!max || out->n - from <= max)
		return false;
	for (int i = 0; i < 3 && n > from && ((unsigned char)out->p[n] & 0xC0) == 0x80; i++)
		n--;
	out->n = n;
	buf_add(out, S("…"));
	return true;
}

bool output_render_cut(const struct output_format *f, const struct policy_target *t, size_t max,
		       struct buf *out)
{
	struct maker *m = NULL;
	bool was_cut = false;

	for (size_t i = 0; i < f->piece_count; i++) {
		const struct output_piece *piece = &f->pieces[i];
		size_t from = out->n;

		if (piece->kind == PIECE_LITERAL) {
			buf_add(out, piece->literal);
		} else if (piece->kind == PIECE_FIELD) {
			put_field(f, t, &piece->ref, out);
		} else {
			if (!m)
				m = calloc(1, sizeof(*m));
			if (!m) {
				out->error = -ENOMEM;
				break;
			}
			m->f = f;
			m->t = t;
			make(m, piece, out);
		}
		if (piece->kind != PIECE_LITERAL)
			was_cut |= cut(out, from, max);
		if (piece->width)
			fit(out, from, piece->width);
	}
	if (m)
		buf_done(&m->made);
	free(m);
	return was_cut;
}

void output_render(const struct output_format *f, const struct policy_target *t, struct buf *out)
{
	(void)output_render_cut(f, t, 0, out);
}

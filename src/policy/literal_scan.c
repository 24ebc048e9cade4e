#include "policy/literal.h"

enum { STEPS = 4096, WINDOW_LEAST = 2, WINDOW_MOST = 64 };

/*
 * While no literal is begun, the value is looked at through a window no longer than the shortest: the two bytes at its end tell how
 * far it can be moved without passing over a literal's beginning (Wu and Manber, 1994). Long literals in long values
 * (environments) cost a part of their bytes.
 */
struct literal_scan {
	uint8_t class_of[256];
	uint32_t classes;
	uint32_t *next;       /* [state * classes + class]: the next state, times classes */
	uint32_t *row_of;     /* [state]: bits of all literals that end here */
	uint8_t steps[STEPS]; /* by step_slot() */
	size_t window;        /* bytes */
	bool single;          /* some literal is one byte long, shorter than a window can be */
	struct literal_rows rows;
	uint32_t always; /* row of empty literals */
};

/* The trie while it is made: `next` holds children, 0 for none. */
struct scan_build {
	struct literal_scan *s;
	uint32_t count;
	uint32_t *fail; /* by state */
	uint32_t *queue;
	struct arena *a;
};

static unsigned char folded(bool fold, unsigned char c)
{
	return fold && c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

static void make_classes(struct literal_scan *s, bool fold, const struct literal *l, size_t count)
{
	uint8_t own[256] = { 0 };

	s->classes = 1; /* 0: bytes of no literal */
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < l[i].text.n; k++)
			own[folded(fold, (unsigned char)l[i].text.p[k])] = 1;
	for (unsigned int c = 0; c < 256; c++)
		if (own[c] && s->classes < 256)
			own[c] = (uint8_t)s->classes++;
	for (unsigned int c = 0; c < 256; c++)
		s->class_of[c] = own[folded(fold, (unsigned char)c)];
}

static unsigned int step_slot(char a, char b)
{
	return ((unsigned int)(unsigned char)a << 5 ^ (unsigned char)b) % STEPS;
}

/* Pairs that share a place take the shorter step. */
static void set_step(struct literal_scan *s, char a, char b, size_t step)
{
	uint8_t *to = &s->steps[step_slot(a, b)];

	*to = MIN(*to, (uint8_t)step);
}

static char other_case(bool fold, char c)
{
	unsigned char lower = (unsigned char)c | 0x20;

	return fold && lower >= 'a' && lower <= 'z' ? (char)(c ^ 0x20) : c;
}

/* The step for two bytes of a literal, or for the only one with any behind it. */
static void add_pair(struct literal_scan *s, bool fold, str pair, size_t step)
{
	char first[] = { pair.p[0], other_case(fold, pair.p[0]) };

	for (size_t i = 0; i < ARRAY_LEN(first); i++) {
		for (unsigned int any = 0; pair.n == 1 && any < 256; any++)
			set_step(s, first[i], (char)any, step);
		if (pair.n > 1) {
			set_step(s, first[i], pair.p[1], step);
			set_step(s, first[i], other_case(fold, pair.p[1]), step);
		}
	}
}

static void make_steps(struct literal_scan *s, bool fold, const struct literal *l, size_t count)
{
	s->window = WINDOW_MOST;
	for (size_t i = 0; i < count; i++)
		if (l[i].text.n) {
			s->window = MAX(MIN(s->window, l[i].text.n), (size_t)WINDOW_LEAST);
			s->single |= l[i].text.n == 1;
		}
	memset(s->steps, (int)s->window - 1, sizeof(s->steps));
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; l[i].text.n && k + WINDOW_LEAST <= s->window; k++)
			add_pair(s, fold, str_take(str_skip(l[i].text, k), WINDOW_LEAST),
				 s->window - WINDOW_LEAST - k);
}

static int add_literal(struct scan_build *b, const struct literal *l)
{
	struct literal_scan *s = b->s;
	uint32_t at = 0;

	for (size_t k = 0; k < l->text.n; k++) {
		uint32_t *next =
			&s->next[at * s->classes + s->class_of[(unsigned char)l->text.p[k]]];

		if (!*next)
			*next = b->count++;
		at = *next;
	}
	if (!s->row_of[at])
		s->row_of[at] = literal_row_new(&s->rows, b->a, 0);
	if (!s->row_of[at])
		return -ENOBUFS;
	literal_row_set(&s->rows, s->row_of[at], l->bit);
	return 0;
}

/* A state's row also holds what its longest proper suffix ends. */
static int inherit_row(struct scan_build *b, uint32_t state)
{
	struct literal_scan *s = b->s;
	uint32_t from = s->row_of[b->fail[state]], own = s->row_of[state];

	if (!from)
		return 0;
	if (!own) {
		s->row_of[state] = from;
		return 0;
	}
	for (uint32_t w = 0; w < s->rows.words; w++)
		s->rows.bits[(size_t)own * s->rows.words + w] |= literal_row(&s->rows, from)[w];
	return 0;
}

/* Breadth first: turns the trie into an automaton that never goes back in the value. */
static int link_states(struct scan_build *b)
{
	struct literal_scan *s = b->s;
	uint32_t head = 0, tail = 0;

	for (uint32_t c = 0; c < s->classes; c++)
		if (s->next[c])
			b->queue[tail++] = s->next[c];
	while (head < tail) {
		uint32_t state = b->queue[head++];
		uint32_t *row = &s->next[state * s->classes];
		const uint32_t *other = &s->next[b->fail[state] * s->classes];

		if (inherit_row(b, state) < 0)
			return -ENOBUFS;
		for (uint32_t c = 0; c < s->classes; c++) {
			if (row[c]) {
				b->fail[row[c]] = other[c];
				b->queue[tail++] = row[c];
			} else {
				row[c] = other[c];
			}
		}
	}
	for (size_t i = 0; i < (size_t)b->count * s->classes; i++)
		s->next[i] *= s->classes;
	return 0;
}

int literal_scan_new(bool fold, const struct literal *l, size_t count, uint32_t bits,
		     struct arena *a, struct literal_scan **ret)
{
	struct literal_scan *s = ARENA_NEW(a, struct literal_scan);
	struct scan_build b = { .s = s, .count = 1, .a = a };
	size_t states = 1;

	if (!s || literal_rows_new(bits, a, &s->rows) < 0)
		return -ENOBUFS;
	make_classes(s, fold, l, count);
	for (size_t i = 0; i < count; i++)
		if (__builtin_add_overflow(states, l[i].text.n, &states))
			return -E2BIG;
	if (states > LITERAL_SCAN_MAX / s->classes)
		return -E2BIG;
	s->next = ARENA_ARRAY(a, states * s->classes, uint32_t);
	s->row_of = ARENA_ARRAY(a, states, uint32_t);
	b.fail = ARENA_ARRAY(a, states, uint32_t);
	b.queue = ARENA_ARRAY(a, states, uint32_t);
	if (!s->next || !s->row_of || !b.fail || !b.queue)
		return -ENOBUFS;
	make_steps(s, fold, l, count);
	for (size_t i = 0; i < count; i++)
		if (add_literal(&b, &l[i]) < 0)
			return -ENOBUFS;
	s->always = s->row_of[0];
	s->row_of[0] = 0;
	if (link_states(&b) < 0)
		return -ENOBUFS;
	*ret = s;
	return 0;
}

static void add_row(const struct literal_scan *s, uint32_t from, uint64_t *row)
{
	const uint64_t *bits = literal_row(&s->rows, from);

	for (uint32_t w = 0; w < s->rows.words; w++)
		row[w] |= bits[w];
}

/* From @p i on, the first place where a literal may begin; the value's end: there is none. */
static size_t skip_plain(const struct literal_scan *s, str v, size_t i)
{
	while (v.n - i >= s->window) {
		const char *end = v.p + i + s->window;
		uint8_t step = s->steps[step_slot(end[-2], end[-1])];

		if (!step)
			return i;
		i += step;
	}
	return s->single ? i : v.n;
}

void literal_scan_find(const struct literal_scan *s, str v, uint64_t *row)
{
	uint32_t at = 0;

	if (s->always)
		add_row(s, s->always, row);
	for (size_t i = 0; i < v.n; i++) {
		uint32_t found;

		if (!at)
			i = skip_plain(s, v, i);
		if (i == v.n)
			return;
		at = s->next[at + s->class_of[(unsigned char)v.p[i]]];
		if (!at)
			continue;
		found = s->row_of[at / s->classes];
		if (found)
			add_row(s, found, row);
	}
}

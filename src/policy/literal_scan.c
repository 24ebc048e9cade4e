#include "policy/literal.h"

struct literal_scan {
	uint8_t class_of[256];
	uint32_t classes;
	uint32_t *next;             /* [state * classes + class]: the next state, times classes */
	uint32_t *row_of;           /* [state]: bits of all literals that end here */
	uint64_t pairs[65536 / 64]; /* two bytes that some literal begins with */
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

static void add_pairs(struct literal_scan *s, bool fold, str text)
{
	unsigned char a = folded(fold, (unsigned char)text.p[0]);
	unsigned char b = text.n > 1 ? folded(fold, (unsigned char)text.p[1]) : 0;

	for (unsigned int i = 0; i < 65536; i++)
		if (folded(fold, (unsigned char)(i >> 8)) == a &&
		    (text.n == 1 || folded(fold, (unsigned char)i) == b))
			s->pairs[i / 64] |= 1ull << (i % 64);
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
	for (size_t i = 0; i < count; i++) {
		if (l[i].text.n)
			add_pairs(s, fold, l[i].text);
		if (add_literal(&b, &l[i]) < 0)
			return -ENOBUFS;
	}
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

/* From @p i on, the first place where two bytes begin a literal; the last byte is never passed over. */
static size_t skip_plain(const struct literal_scan *s, str v, size_t i)
{
	while (i + 1 < v.n) {
		unsigned int pair =
			(unsigned int)(unsigned char)v.p[i] << 8 | (unsigned char)v.p[i + 1];

		if (s->pairs[pair / 64] >> (pair % 64) & 1)
			break;
		i++;
	}
	return i;
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
		at = s->next[at + s->class_of[(unsigned char)v.p[i]]];
		if (!at)
			continue;
		found = s->row_of[at / s->classes];
		if (found)
			add_row(s, found, row);
	}
}

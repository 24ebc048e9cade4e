#include "policy/literal.h"

struct table_slot {
	str text;
	uint32_t row; /* 0: free */
	uint32_t tag; /* upper half of the hash */
};

struct literal_table {
	struct table_slot *slots;
	size_t mask;
	struct literal_rows rows;
};

int literal_rows_new(uint32_t bits, struct arena *a, struct literal_rows *ret)
{
	struct literal_rows r = { .words = literal_words(bits), .count = 1, .cap = 8 };

	r.bits = ARENA_ARRAY(a, r.cap * r.words, uint64_t);
	if (!r.bits)
		return -ENOBUFS;
	*ret = r;
	return 0;
}

uint32_t literal_row_new(struct literal_rows *r, struct arena *a, uint32_t from)
{
	if (r->count == r->cap) {
		uint64_t *bits = ARENA_ARRAY(a, r->cap * 2 * r->words, uint64_t);

		if (!bits)
			return 0;
		memcpy(bits, r->bits, r->count * r->words * sizeof(*bits));
		r->bits = bits;
		r->cap *= 2;
	}
	memcpy(r->bits + r->count * r->words, r->bits + (size_t)from * r->words,
	       r->words * sizeof(*r->bits));
	return (uint32_t)r->count++;
}

static uint32_t word_at(const char *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Only the literals are in the table, so that hostile values cannot lengthen its chains. */
uint64_t literal_hash(str s)
{
	const uint64_t k = 0x9e3779b97f4a7c15u;
	uint64_t h = s.n * k, tail = 0;
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8) {
		uint64_t w;

		memcpy(&w, s.p + i, 8);
		h = (h ^ w) * k;
		h ^= h >> 29;
	}
	/* The rest, read in two halves that may overlap. */
	if (s.n - i >= 4)
		tail = (uint64_t)word_at(s.p + i) << 32 | word_at(s.p + s.n - 4);
	else if (i < s.n)
		tail = (uint64_t)(unsigned char)s.p[i] << 16 |
		       (uint64_t)(unsigned char)s.p[i + (s.n - i) / 2] << 8 |
		       (unsigned char)s.p[s.n - 1];
	h = (h ^ tail) * k;
	return h ^ h >> 32;
}

static struct table_slot *slot_of(const struct literal_table *t, str text, uint64_t hash)
{
	size_t i = hash & t->mask;
	uint32_t tag = (uint32_t)(hash >> 32);

	while (t->slots[i].row && (t->slots[i].tag != tag || !str_eq(t->slots[i].text, text)))
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

int literal_table_new(const struct literal *l, size_t count, uint32_t bits, struct arena *a,
		      struct literal_table **ret)
{
	struct literal_table *t = ARENA_NEW(a, struct literal_table);
	size_t cap = 8;

	while (cap < count * 2)
		cap *= 2;
	if (!t || literal_rows_new(bits, a, &t->rows) < 0)
		return -ENOBUFS;
	t->slots = ARENA_ARRAY(a, cap, struct table_slot);
	t->mask = cap - 1;
	if (!t->slots)
		return -ENOBUFS;
	for (size_t i = 0; i < count; i++) {
		uint64_t hash = literal_hash(l[i].text);
		struct table_slot *s = slot_of(t, l[i].text, hash);

		if (!s->row) {
			s->text = l[i].text;
			s->tag = (uint32_t)(hash >> 32);
			s->row = literal_row_new(&t->rows, a, 0);
			if (!s->row)
				return -ENOBUFS;
		}
		literal_row_set(&t->rows, s->row, l[i].bit);
	}
	*ret = t;
	return 0;
}

const uint64_t *literal_table_find(const struct literal_table *t, str value)
{
	return literal_row(&t->rows, slot_of(t, value, literal_hash(value))->row);
}

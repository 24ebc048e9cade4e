/* Matchers: made once from their literals, run once for a target. */
#include "policy/program_priv.h"

static int finish(struct program_matcher *m, struct arena *a)
{
	static const enum literal_end ends[] = {
		[MATCH_PREFIX] = LITERAL_PREFIX,
		[MATCH_SUFFIX] = LITERAL_SUFFIX,
		[MATCH_DIR] = LITERAL_DIR,
	};
	struct literal_table *table;
	struct literal_trie *trie;
	struct literal_scan *scan;
	int r;

	switch (m->kind) {
	case MATCH_EXACT:
		r = literal_table_new(m->literals, m->count, m->bits, a, &table);
		m->table = r < 0 ? NULL : table;
		return r;
	case MATCH_PREFIX:
	case MATCH_SUFFIX:
	case MATCH_DIR:
		r = literal_trie_new(ends[m->kind], m->literals, m->count, m->bits, a, &trie);
		m->trie = r < 0 ? NULL : trie;
		return r;
	default:
		r = literal_scan_new(m->kind == MATCH_SCAN_FOLD, m->literals, m->count, m->bits, a,
				     &scan);
		m->scan = r < 0 ? NULL : scan;
		return r == -E2BIG ? 0 : r;
	}
}

static int pack_bits(struct policy_program *p)
{
	p->bits = ARENA_ARRAY(&p->arena, p->check_count, struct program_bit);
	if (!p->bits)
		return -ENOBUFS;
	for (size_t i = 0; i < p->check_count; i++) {
		const struct program_check *k = &p->checks[i];

		p->bits[i] = (struct program_bit){
			.matcher = k->how == CHECK_BIT || k->how == CHECK_NUMBERS ? k->matcher
										  : UINT32_MAX,
			.bit = k->bit,
			.all = k->all,
			.negate = k->negate,
		};
	}
	return 0;
}

int matcher_finish(struct policy_program *p)
{
	if (pack_bits(p) < 0)
		return -ENOBUFS;
	for (size_t i = 0; i < p->matcher_count; i++) {
		int r = finish(&p->matchers[i], &p->arena);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_text(const struct program_slot *s)
{
	return s->type == POLICY_STRING || s->type == POLICY_BYTES;
}

/* A value's text; of a number the bytes of its key, held in @p key. */
static str text_of(const struct program_slot *s, const struct policy_value *v, size_t i,
		   uint64_t *key)
{
	if (is_text(s))
		return value_string(s, v, i);
	*key = value_number(s, v, i);
	return (str){ (const char *)key, sizeof(*key) };
}

static const uint64_t *find(const struct program_matcher *m, str value)
{
	return m->kind == MATCH_EXACT ? literal_table_find(m->table, value)
				      : literal_trie_find(m->trie, value);
}

/* Literals too many for an automaton. */
static void find_each(const struct program_matcher *m, str value, uint64_t *row)
{
	enum condition_operator op =
		m->kind == MATCH_SCAN_FOLD ? CONDITION_ICONTAINS : CONDITION_CONTAINS;

	for (size_t i = 0; i < m->count; i++) {
		const struct literal *l = &m->literals[i];

		if (!literal_bit(row, l->bit) && value_relates(op, value, l->text))
			row[l->bit / 64] |= 1ull << (l->bit % 64);
	}
}

static void scan(const struct program_matcher *m, str value, uint64_t *row)
{
	if (m->scan)
		literal_scan_find(m->scan, value, row);
	else
		find_each(m, value, row);
}

/* Bits of the values one by one: those of any go to own_any, those of all to own_all. */
static void run_many(const struct program_matcher *m, const struct program_slot *s,
		     const struct policy_value *v, struct match_state *st)
{
	uint32_t words = literal_words(m->bits);
	size_t count = value_count(s, v);

	memset(st->own_any, 0, words * sizeof(*st->own_any));
	memset(st->own_all, count ? 0xff : 0, words * sizeof(*st->own_all));
	for (size_t i = 0; i < count; i++) {
		uint64_t key;
		str value = text_of(s, v, i, &key);
		uint64_t *one = st->own_all + words; /* a third row behind the two */
		const uint64_t *row = one;

		if (m->kind >= MATCH_SCAN) {
			memset(one, 0, words * sizeof(*one));
			scan(m, value, one);
		} else {
			row = find(m, value);
		}
		for (uint32_t w = 0; w < words; w++) {
			st->own_any[w] |= row[w];
			st->own_all[w] &= row[w];
		}
	}
	st->any = st->own_any;
	st->all = st->own_all;
}

const struct match_state *run_matcher(struct policy_run *r, uint32_t number)
{
	const struct program_matcher *m = &r->p->matchers[number];
	const struct program_slot *s = &r->p->slots[m->slot];
	struct match_state *st = &r->matchers[number];
	const struct policy_value *v;
	uint64_t key;

	if (st->epoch == r->epoch)
		return st;
	st->epoch = r->epoch;
	v = run_slot(r, m->slot);
	if (s->many != POLICY_ONE) {
		run_many(m, s, v, st);
	} else if (m->kind >= MATCH_SCAN) {
		memset(st->own_any, 0, literal_words(m->bits) * sizeof(*st->own_any));
		scan(m, v->string, st->own_any);
		st->any = st->all = st->own_any;
	} else {
		st->any = st->all = find(m, text_of(s, v, 0, &key));
	}
	return st;
}

/*
 * The rows of an index (program_index.c) remembered by value. Most events are about paths, programs and ports that were met before:
 * for them one look-up stands for all that is looked for in a field, however many rules look.
 *
 * Only what depends on nothing but the value is kept, so that nothing ever makes it wrong. Learning costs what a few look-ups spare:
 * a value is kept when it comes a few times while the one in its place does not, so that whoever makes values up cannot double
 * the cost. What is absent, not known, true or false is learned once.
 */
#include "policy/program_priv.h"

enum { CACHE_LINE = 64 };

bool slot_is_remembered(const struct program_slot *s)
{
	if (s->kind != SLOT_FIELD || s->many != POLICY_ONE)
		return false;
	switch (s->type) {
	case POLICY_STRING:
	case POLICY_BYTES:
	case POLICY_INT:
	case POLICY_UINT:
	case POLICY_IP:
	case POLICY_NET:
	case POLICY_PORT:
	case POLICY_BOOL:
		return true;
	default:
		return false;
	}
}

static size_t lines(size_t bytes)
{
	return (bytes + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
}

int run_make_memos(struct policy_run *r)
{
	const struct policy_program *p = r->p;
	size_t plains = ((size_t)p->memo_count + 1) * MEMO_PLAINS;

	if (!p->memo_count)
		return 0;
	r->memo_bytes =
		lines(sizeof(struct memo_entry) + p->row_words * sizeof(uint64_t) + MEMO_KEY_BYTES);
	r->memos = arena_alloc(&r->arena, MEMO_ENTRIES * r->memo_bytes + CACHE_LINE);
	r->plain_rows = ARENA_ARRAY(&r->arena, plains * p->row_words, uint64_t);
	r->plain_known = ARENA_ARRAY(&r->arena, plains, bool);
	if (!r->memos || !r->plain_rows || !r->plain_known)
		return -ENOBUFS;
	r->memos += lines((uintptr_t)r->memos) - (uintptr_t)r->memos;
	return 0;
}

/* The bytes that make two known values of the slot the same. */
static str key_of(const struct program_slot *s, const struct policy_value *v)
{
	switch (s->type) {
	case POLICY_INT:
		return (str){ (const char *)&v->integer, sizeof(v->integer) };
	case POLICY_UINT:
		return (str){ (const char *)&v->number, sizeof(v->number) };
	case POLICY_PORT:
		return (str){ (const char *)v->port, sizeof(v->port[0]) };
	case POLICY_IP:
	case POLICY_NET:
		return (str){ (const char *)v->ip[0].bytes, v->ip[0].family == 4 ? 4u : 16u };
	default:
		return v->string;
	}
}

static struct memo_entry *entry_at(const struct policy_run *r, size_t i)
{
	return (struct memo_entry *)(void *)(r->memos + i * r->memo_bytes);
}

static char *key_at(const struct policy_run *r, struct memo_entry *e)
{
	return (char *)(e->row + r->p->row_words);
}

static bool is_of(const struct policy_run *r, struct memo_entry *e, uint64_t hash, uint32_t memo,
		  str key)
{
	return e->hash == hash && e->memo == memo && str_eq((str){ key_at(r, e), e->n }, key);
}

/* All that the value says, not for this target's candidates alone. */
static void learn(struct policy_run *r, const struct plan_index *x, uint32_t words, uint64_t *row)
{
	memset(row, 0xff, words * sizeof(*row));
	for (size_t i = 0; i < x->need_count; i++)
		if (run_node(r, x->needs[i].node) == NO)
			for (uint32_t w = 0; w < words; w++)
				row[w] &= ~x->needs[i].disjuncts[w];
}

/* Learns the value when it came to its place often enough. @return what it says, or NULL: it is not kept */
static const uint64_t *meet(struct policy_run *r, const struct plan_index *x, uint32_t words,
			    struct memo_entry *e, uint64_t hash, str key)
{
	if (e->seen != (uint32_t)hash) {
		e->seen = (uint32_t)hash;
		e->times = 0;
	}
	if (++e->times < MEMO_MEETINGS)
		return NULL;
	learn(r, x, words, e->row);
	e->hash = hash;
	e->times = 0;
	e->memo = x->memo;
	e->n = (uint8_t)key.n;
	if (key.n)
		memcpy(key_at(r, e), key.p, key.n);
	return e->row;
}

/*
 * What a value says that is known: kept in a place of its own, or in the one beside it that was free. Long ones (environments) are
 * not, and so not even hashed.
 */
static const uint64_t *remembered(struct policy_run *r, const struct plan_index *x, uint32_t words,
				  str key)
{
	struct memo_entry *own, *e;
	uint64_t hash;
	size_t at;

	if (key.n > MEMO_KEY_BYTES)
		return NULL;
	hash = literal_hash(key) + x->memo * 0x9e3779b97f4a7c15u;
	at = (hash >> 20) % MEMO_ENTRIES;
	own = entry_at(r, at);
	e = own->hash == hash ? own : entry_at(r, at ^ 1);
	if (!is_of(r, e, hash, x->memo, key))
		return meet(r, x, words, own->memo && !e->memo ? e : own, hash, key);
	e->times = 0;
	return e->row;
}

static const uint64_t *remembered_plain(struct policy_run *r, const struct plan_index *x,
					uint32_t words, enum memo_plain which)
{
	size_t at = (size_t)x->memo * MEMO_PLAINS + which;
	uint64_t *row = r->plain_rows + at * r->p->row_words;

	if (!r->plain_known[at]) {
		learn(r, x, words, row);
		r->plain_known[at] = true;
	}
	return row;
}

static const uint64_t *row_of(struct policy_run *r, const struct plan_index *x, uint32_t words)
{
	const struct program_slot *s = &r->p->slots[x->slot];
	const struct policy_value *v;

	if (!x->memo || !r->remembers)
		return NULL;
	v = run_slot(r, x->slot);
	if (v->state != POLICY_KNOWN)
		return remembered_plain(r, x, words,
					v->state == POLICY_ABSENT ? MEMO_ABSENT : MEMO_UNKNOWN);
	if (s->type == POLICY_BOOL)
		return remembered_plain(r, x, words, v->boolean ? MEMO_TRUE : MEMO_FALSE);
	return remembered(r, x, words, key_of(s, v));
}

/* Disjuncts that the literals found in the value make possible, and those that wait for none. */
static void ask_guards(struct policy_run *r, const struct plan_index *x, uint32_t words)
{
	const struct program_slot *s = &r->p->slots[x->slot];
	const struct policy_value *v = run_slot(r, x->slot);
	uint64_t *row = r->row;

	if (v->state == POLICY_UNKNOWN)
		return;
	memcpy(row, x->unguarded, words * sizeof(*row));
	for (size_t i = 0; v->state == POLICY_KNOWN && value_count(s, v) && i < x->guard_count;
	     i++) {
		const struct plan_guard *g = &x->guards[i];
		const uint64_t *found;

		if (!run_overlaps(r->candidates, g->all, words))
			continue;
		found = run_matcher(r, g->matcher)->any;
		for (uint32_t f = 0; f < literal_words(r->p->matchers[g->matcher].bits); f++)
			for (uint64_t bits = found[f] & g->mask[f]; bits; bits &= bits - 1) {
				const uint64_t *more =
					g->rows[f * 64 + (uint32_t)__builtin_ctzll(bits)];

				for (uint32_t w = 0; w < words; w++)
					row[w] |= more[w];
			}
	}
	for (uint32_t w = 0; w < words; w++)
		r->candidates[w] &= row[w];
}

/* What is demanded often and judged cheaply. */
static void ask_needs(struct policy_run *r, const struct plan_index *x, uint32_t words)
{
	for (size_t i = 0; i < x->need_count; i++) {
		const struct plan_need *n = &x->needs[i];

		if (n->ahead && run_overlaps(r->candidates, n->disjuncts, words) &&
		    run_node(r, n->node) == NO)
			for (uint32_t w = 0; w < words; w++)
				r->candidates[w] &= ~n->disjuncts[w];
	}
}

void run_index(struct policy_run *r, const struct plan_index *x, uint32_t words)
{
	const uint64_t *row = row_of(r, x, words);

	if (!row) {
		if (x->guard_count)
			ask_guards(r, x, words);
		ask_needs(r, x, words);
		return;
	}
	for (uint32_t w = 0; w < words; w++)
		r->candidates[w] &= row[w];
}

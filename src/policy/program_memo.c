/*
 * The rows of an index (program_index.c) remembered by value. Most events are about paths, programs and ports that were met before:
 * for them one look-up stands for all that is looked for in a field, however many rules look.
 *
 * Only what depends on nothing but the value is kept, so that nothing ever makes it wrong but another answer of what names
 * resolve to: then all is forgotten. Learning costs what a few look-ups spare:
 * a value is kept when it comes a few times while the one in its place does not, so that whoever makes values up cannot double
 * the cost. What is absent, not known, true or false is learned once, and so is what is none of the literals that are all a field is
 * compared with: of numbers and names that is most of what is met.
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
	case POLICY_NAME:
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

/* What makes two known values of the slot the same: each is its own origin. */
static struct policy_origin key_of(const struct program_slot *s, const struct policy_value *v)
{
	switch (s->type) {
	case POLICY_INT:
		return (struct policy_origin){ .number = (uint64_t)v->integer };
	case POLICY_UINT:
		return (struct policy_origin){ .number = v->number };
	case POLICY_PORT:
		return (struct policy_origin){ .number = v->port[0] };
	case POLICY_IP:
	case POLICY_NET:
	case POLICY_NAME:
		return (struct policy_origin){ .text = { (const char *)v->ip[0].bytes,
							 v->ip[0].family == 4 ? 4u : 16u } };
	default:
		return (struct policy_origin){ .text = v->string };
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
		  const struct policy_origin *key)
{
	return e->hash == hash && e->memo == memo && e->number == key->number &&
	       str_eq((str){ key_at(r, e), e->n }, key->text);
}

void run_forget_memos(struct policy_run *r)
{
	size_t plains = ((size_t)r->p->memo_count + 1) * MEMO_PLAINS;

	if (!r->p->memo_count)
		return;
	for (size_t i = 0; i < MEMO_ENTRIES; i++)
		entry_at(r, i)->memo = 0;
	memset(r->plain_known, 0, plains * sizeof(*r->plain_known));
}

/* All that an index's value or an origin says, not for this target's candidates alone. */
static void learn(struct policy_run *r, const struct type_plan *plan, uint32_t memo, uint64_t *row)
{
	memset(row, 0xff, plan->words * sizeof(*row));
	for (size_t i = 0; i < plan->learned_count; i++) {
		const struct plan_index *x = &plan->indexes[i];

		if (x->memo != memo && plan->origin_memos[x->origin] != memo)
			continue;
		for (size_t n = 0; n < x->need_count; n++)
			if (run_node(r, x->needs[n].node) == NO)
				for (uint32_t w = 0; w < plan->words; w++)
					row[w] &= ~x->needs[n].disjuncts[w];
	}
}

/* Learns the value when it came to its place often enough. @return what it says, or NULL: it is not kept */
static const uint64_t *meet(struct policy_run *r, const struct type_plan *plan, uint32_t memo,
			    struct memo_entry *e, uint64_t hash, const struct policy_origin *key)
{
	if (e->seen != (uint32_t)hash) {
		e->seen = (uint32_t)hash;
		e->times = 0;
	}
	if (++e->times < MEMO_MEETINGS)
		return NULL;
	learn(r, plan, memo, e->row);
	e->hash = hash;
	e->times = 0;
	e->memo = memo;
	e->number = key->number;
	e->n = (uint8_t)key->text.n;
	if (key->text.n)
		memcpy(key_at(r, e), key->text.p, key->text.n);
	return e->row;
}

static uint64_t hash_of(const struct policy_origin *key, uint32_t memo)
{
	const uint64_t k = 0x9e3779b97f4a7c15u;
	uint64_t h = (key->number ^ (uint64_t)memo << 48) * k;

	h ^= h >> 32;
	return key->text.n ? h + literal_hash(key->text) : h * k;
}

/*
 * What a value says that is known: kept in a place of its own, or in the one beside it that was free. Long ones (environments) are
 * not, and so not even hashed.
 */
static const uint64_t *remembered(struct policy_run *r, const struct type_plan *plan, uint32_t memo,
				  const struct policy_origin *key)
{
	struct memo_entry *own, *e;
	uint64_t hash;
	size_t at;

	if (key->text.n > MEMO_KEY_BYTES)
		return NULL;
	hash = hash_of(key, memo);
	at = (hash >> 20) % MEMO_ENTRIES;
	own = entry_at(r, at);
	e = own->hash == hash ? own : entry_at(r, at ^ 1);
	if (!is_of(r, e, hash, memo, key))
		return meet(r, plan, memo, own->memo && !e->memo ? e : own, hash, key);
	e->times = 0;
	return e->row;
}

static const uint64_t *remembered_plain(struct policy_run *r, const struct type_plan *plan,
					const struct plan_index *x, enum memo_plain which)
{
	size_t at = (size_t)x->memo * MEMO_PLAINS + which;
	uint64_t *row = r->plain_rows + at * r->p->row_words;

	if (!r->plain_known[at]) {
		learn(r, plan, x->memo, row);
		r->plain_known[at] = true;
	}
	return row;
}

/* The literals that the value is equal to, a row of the table's for each text or number; NULL: none. */
static const uint64_t *find_literals(struct policy_run *r, const struct program_slot *s)
{
	uint32_t number = s->matchers[MATCH_EXACT];
	const uint64_t *found;

	if (!number)
		return NULL;
	found = run_matcher(r, number - 1)->any;
	return run_overlaps(found, found, literal_words(r->p->matchers[number - 1].bits)) ? found
											  : NULL;
}

static const uint64_t *row_of(struct policy_run *r, const struct type_plan *plan,
			      const struct plan_index *x)
{
	struct policy_origin key;
	const struct program_slot *s = &r->p->slots[x->slot];
	const struct policy_value *v;

	if (!x->memo || !r->remembers)
		return NULL;
	v = run_slot(r, x->slot);
	if (v->state != POLICY_KNOWN)
		return remembered_plain(r, plan, x,
					v->state == POLICY_ABSENT ? MEMO_ABSENT : MEMO_UNKNOWN);
	if (s->type == POLICY_BOOL)
		return remembered_plain(r, plan, x, v->boolean ? MEMO_TRUE : MEMO_FALSE);
	if (x->exact) {
		const uint64_t *found = find_literals(r, s);

		if (!found)
			return remembered_plain(r, plan, x, MEMO_OTHER);
		key = (struct policy_origin){ .number = (uintptr_t)found };
	} else {
		key = key_of(s, v);
	}
	return remembered(r, plan, x->memo, &key);
}

/* Disjuncts that the literals found in the value make possible, and those that wait for none. */
static void ask_guards(struct policy_run *r, const struct plan_index *x, uint32_t words)
{
	const struct program_slot *s = &r->p->slots[x->slot];
	const struct policy_value *v = run_slot(r, x->slot);
	uint64_t *row = r->row;
	bool finds;

	if (v->state == POLICY_UNKNOWN)
		return;
	memcpy(row, x->unguarded, words * sizeof(*row));
	finds = v->state == POLICY_KNOWN && value_count(s, v);
	for (size_t i = 0; finds && i < x->guard_count; i++) {
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
	for (size_t i = 0; i < x->ahead; i++) {
		const struct plan_need *n = &x->needs[i];

		if (run_overlaps(r->candidates, n->disjuncts, words) && run_node(r, n->node) == NO)
			for (uint32_t w = 0; w < words; w++)
				r->candidates[w] &= ~n->disjuncts[w];
	}
}

/* @return whether any are left */
static bool keep_only(struct policy_run *r, const struct type_plan *plan, const uint64_t *row)
{
	uint64_t left = 0;

	for (uint32_t w = 0; w < plan->words; w++)
		left |= r->candidates[w] &= row[w];
	return left;
}

bool run_index(struct policy_run *r, const struct type_plan *plan, const struct plan_index *x)
{
	const uint64_t *row = row_of(r, plan, x);

	if (row)
		return keep_only(r, plan, row);
	if (x->guard_count)
		ask_guards(r, x, plan->words);
	ask_needs(r, x, plan->words);
	return run_overlaps(r->candidates, r->candidates, plan->words);
}

bool run_origin(struct policy_run *r, const struct type_plan *plan, uint32_t origin,
		const struct policy_origin *key)
{
	uint32_t memo = plan->origin_memos[origin];
	const uint64_t *row = memo ? remembered(r, plan, memo, key) : NULL;

	if (row)
		(void)keep_only(r, plan, row);
	return row;
}

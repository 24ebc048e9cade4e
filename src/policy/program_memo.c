/*
 * What one value says about all rules of a type, remembered by the value. Most events are about paths, programs and ports that
 * were met before: for them one look-up stands for all that is looked for in a field, however many rules look.
 *
 * Only what depends on nothing but the value is kept, so that nothing ever makes it wrong. A rule is left out when a part
 * it demands came out NO, never when one is in doubt. Learning costs what a few look-ups spare: only a value that comes a few times in
 * a row is kept, until another one does, so that whoever makes values up cannot double the cost.
 */
#include "policy/program_priv.h"

enum { MIXED = -2, NONE = -1 };

/* A part that seldom fails is no reason to ask for its value. */
#define MEMO_MOST_CHANCE 0.5f

static bool is_remembered(const struct program_slot *s)
{
	/* What takes long is asked for last, not ahead. */
	if (s->kind != SLOT_FIELD || s->many != POLICY_ONE || s->dear)
		return false;
	switch (s->type) {
	case POLICY_STRING:
	case POLICY_BYTES:
	case POLICY_IP:
	case POLICY_NET:
	case POLICY_PORT:
	case POLICY_BOOL:
		return true;
	default:
		return false;
	}
}

static int64_t slot_of_check(const struct policy_program *p, const struct program_check *k)
{
	switch (k->how) {
	case CHECK_EXISTS:
	case CHECK_BIT:
	case CHECK_PATTERNS:
	case CHECK_REGEX:
	case CHECK_ORDER:
	case CHECK_NUMBERS:
	case CHECK_COMPARE:
	case CHECK_NETS:
		return is_remembered(&p->slots[k->slot]) ? (int64_t)k->slot : MIXED;
	case CHECK_NAMES:
	case CHECK_ONE_OF:
	case CHECK_SLOTS:
		break;
	}
	return MIXED;
}

/* For each node the slot whose value alone decides it. */
static void find_slots(const struct policy_program *p, int64_t *slot)
{
	for (size_t i = 0; i < p->node_count; i++) {
		const struct program_node *n = &p->nodes[i];

		slot[i] = n->kind == NODE_CHECK ? slot_of_check(p, &p->checks[n->first]) : NONE;
		for (uint32_t k = 0; n->kind != NODE_CHECK && k < n->count; k++) {
			int64_t of = slot[p->kids[n->first + k]];

			if (of != NONE)
				slot[i] = slot[i] == NONE || slot[i] == of ? of : MIXED;
		}
	}
}

static void set_bit(uint64_t *row, uint32_t bit)
{
	row[bit / 64] |= 1ull << (bit % 64);
}

/* What of all rules' demands the slot decides, how often each fails, how many demands there are. */
static size_t count_needs(const struct policy_program *p, const struct type_plan *plan,
			  const int64_t *slot, struct plan_memo *m)
{
	size_t count = 0;
	uint32_t n;

	for (uint32_t i = 0; i < plan->count; i++) {
		const uint32_t *d = plan_demands(p, &plan->roots[i], &n);
		float chance = 1;

		for (uint32_t k = 0; k < n; k++) {
			if (slot[d[k]] != m->slot)
				continue;
			count++;
			chance *= p->nodes[d[k]].chance;
		}
		if (chance <= MEMO_MOST_CHANCE) {
			set_bit(m->rules, i);
			m->spares += 1 - chance;
		}
	}
	return count;
}

/* Rules that wait for a literal to be found in the slot. */
static void count_guards(const struct policy_program *p, const struct type_plan *plan,
			 struct plan_memo *m)
{
	for (size_t i = 0; i < plan->guard_count; i++) {
		const struct plan_guard *g = &plan->guards[i];

		if (p->matchers[g->matcher].slot != m->slot)
			continue;
		for (uint32_t w = 0; w < plan->words; w++) {
			m->spares += (float)__builtin_popcountll(g->on_doubt[w] & ~m->rules[w]);
			m->rules[w] |= g->on_doubt[w];
		}
	}
}

static struct plan_need *need_of(struct plan_memo *m, uint32_t node, uint32_t words,
				 struct arena *a)
{
	struct plan_need *n;

	for (size_t i = 0; i < m->need_count; i++)
		if (m->needs[i].node == node)
			return &m->needs[i];
	n = &m->needs[m->need_count++];
	*n = (struct plan_need){ node, ARENA_ARRAY(a, words, uint64_t) };
	return n->rules ? n : NULL;
}

static int add_needs(struct policy_program *p, const struct type_plan *plan, const int64_t *slot,
		     struct plan_memo *m)
{
	uint32_t n;

	for (uint32_t i = 0; i < plan->count; i++) {
		const uint32_t *d = plan_demands(p, &plan->roots[i], &n);

		for (uint32_t k = 0; k < n; k++) {
			struct plan_need *need;

			if (slot[d[k]] != m->slot)
				continue;
			need = need_of(m, d[k], plan->words, &p->arena);
			if (!need)
				return -ENOBUFS;
			set_bit(need->rules, i);
		}
	}
	return 0;
}

/* Adds the slot's memo to the plan when it may spare a look at any rule. */
static int add_memo(struct policy_program *p, struct type_plan *plan, const int64_t *slot,
		    uint32_t of)
{
	struct plan_memo *m = &plan->memos[plan->memo_count];
	struct arena *a = &p->arena;
	size_t needs;

	*m = (struct plan_memo){ .slot = of, .rules = ARENA_ARRAY(a, plan->words, uint64_t) };
	if (!m->rules)
		return -ENOBUFS;
	needs = count_needs(p, plan, slot, m);
	count_guards(p, plan, m);
	if (m->spares <= 0)
		return 0;
	m->guards = ARENA_ARRAY(a, plan->guard_count, const struct plan_guard *);
	m->needs = ARENA_ARRAY(a, needs, struct plan_need);
	if (!m->guards || !m->needs || add_needs(p, plan, slot, m) < 0)
		return -ENOBUFS;
	for (size_t i = 0; i < plan->guard_count; i++)
		if (p->matchers[plan->guards[i].matcher].slot == of) {
			plan->guards[i].remembered = true;
			m->guards[m->guard_count++] = &plan->guards[i];
		}
	m->number = ++p->memo_count;
	plan->memo_count++;
	return 0;
}

static int by_use(const void *a, const void *b)
{
	const struct plan_memo *x = a, *y = b;

	if (x->spares != y->spares)
		return x->spares > y->spares ? -1 : 1;
	return (x->slot > y->slot) - (x->slot < y->slot);
}

/* From the last memo to the first: whose guards are still to be asked behind it. */
static int find_later(struct policy_program *p, struct type_plan *plan)
{
	uint32_t words = plan->words;
	uint64_t *later = ARENA_ARRAY(&p->arena, words, uint64_t);

	if (!later)
		return -ENOBUFS;
	for (size_t i = 0; i < plan->guard_count; i++)
		for (uint32_t w = 0; !plan->guards[i].remembered && w < words; w++)
			later[w] |= plan->guards[i].on_doubt[w];
	for (size_t i = plan->memo_count; i-- > 0;) {
		struct plan_memo *m = &plan->memos[i];

		m->later = ARENA_ARRAY(&p->arena, words, uint64_t);
		if (!m->later)
			return -ENOBUFS;
		memcpy(m->later, later, words * sizeof(*later));
		for (size_t g = 0; g < m->guard_count; g++)
			for (uint32_t w = 0; w < words; w++)
				later[w] |= m->guards[g]->on_doubt[w];
	}
	return 0;
}

static int plan_memo(struct policy_program *p, struct type_plan *plan, const int64_t *slot)
{
	plan->memos = ARENA_ARRAY(&p->arena, p->slot_count, struct plan_memo);
	if (!plan->memos)
		return -ENOBUFS;
	for (uint32_t s = 0; s < p->slot_count; s++)
		if (is_remembered(&p->slots[s]) && add_memo(p, plan, slot, s) < 0)
			return -ENOBUFS;
	if (plan->memo_count)
		p->memo_words = MAX(p->memo_words, plan->words);
	qsort(plan->memos, plan->memo_count, sizeof(*plan->memos), by_use);
	return find_later(p, plan);
}

int plan_memos(struct policy_program *p, struct arena *scratch)
{
	int64_t *slot = ARENA_ARRAY(scratch, p->node_count, int64_t);

	if (!slot)
		return -ENOBUFS;
	find_slots(p, slot);
	for (size_t t = 0; t < p->subject->type_count; t++)
		if (p->wanted[t] && plan_memo(p, &p->plans[t], slot) < 0)
			return -ENOBUFS;
	return 0;
}

int run_make_memos(struct policy_run *r)
{
	const struct policy_program *p = r->p;

	if (!p->memo_count)
		return 0;
	r->memos = ARENA_ARRAY(&r->arena, MEMO_ENTRIES, struct memo_entry);
	r->memo_rows = ARENA_ARRAY(&r->arena, (size_t)MEMO_ENTRIES * 2 * p->memo_words, uint64_t);
	return r->memos && r->memo_rows ? 0 : -ENOBUFS;
}

/* The bytes that make two values of the slot the same; without any but when it is known. */
static str key_of(const struct program_slot *s, const struct policy_value *v)
{
	if (v->state != POLICY_KNOWN)
		return (str){ 0 };
	switch (s->type) {
	case POLICY_BOOL:
		return v->boolean ? S("t") : S("f");
	case POLICY_PORT:
		return (str){ (const char *)v->port, sizeof(v->port[0]) };
	case POLICY_IP:
	case POLICY_NET:
		return (str){ (const char *)v->ip[0].bytes, v->ip[0].family == 4 ? 4u : 16u };
	default:
		return v->string;
	}
}

static bool is_of(const struct memo_entry *e, const struct plan_memo *m, enum policy_state state,
		  str key)
{
	return e->memo == m->number && e->state == state && e->n == key.n &&
	       (!key.n || !memcmp(e->key, key.p, key.n));
}

static void ask_guards(struct policy_run *r, const struct plan_memo *m, uint32_t words,
		       uint64_t *row)
{
	for (size_t i = 0; i < m->guard_count; i++)
		if (run_overlaps(r->candidates, m->guards[i]->on_doubt, words))
			run_guard(r, m->guards[i], words, row);
}

static uint64_t *rows_of(const struct policy_run *r, const struct memo_entry *e)
{
	return r->memo_rows + (size_t)(e - r->memos) * 2 * r->p->memo_words;
}

/* Works out all that the value says, not for this target's candidates alone: which rules may hold, which a guard lets in. */
static void learn(struct policy_run *r, const struct plan_memo *m, uint32_t words, uint64_t *rows)
{
	memset(rows, 0xff, words * sizeof(*rows));
	memset(rows + words, 0, words * sizeof(*rows));
	for (size_t i = 0; i < m->need_count; i++)
		if (run_node(r, m->needs[i].node) == NO)
			for (uint32_t w = 0; w < words; w++)
				rows[w] &= ~m->needs[i].rules[w];
	for (size_t i = 0; i < m->guard_count; i++)
		run_guard(r, m->guards[i], words, rows + words);
}

/* The entry that knows the value, made when it was met often enough; NULL: it is not known. */
static const struct memo_entry *entry_of(struct policy_run *r, const struct plan_memo *m,
					 uint32_t words)
{
	const struct policy_value *v = run_slot(r, m->slot);
	str key = key_of(&r->p->slots[m->slot], v);
	uint64_t hash = literal_hash(key) + m->number * 0x9e3779b97f4a7c15u;
	struct memo_entry *e = &r->memos[(hash >> 20) % MEMO_ENTRIES];

	if (is_of(e, m, v->state, key))
		return e;
	if (e->seen != (uint32_t)hash) {
		e->seen = (uint32_t)hash;
		e->times = 0;
	}
	if (key.n > MEMO_KEY_BYTES || ++e->times < MEMO_MEETINGS)
		return NULL;
	e->times = 0;
	learn(r, m, words, rows_of(r, e));
	e->memo = m->number;
	e->state = (uint8_t)v->state;
	e->n = (uint8_t)key.n;
	if (key.n)
		memcpy(e->key, key.p, key.n);
	return e;
}

void run_memo(struct policy_run *r, const struct plan_memo *m, uint32_t words)
{
	const struct memo_entry *e = r->remembers ? entry_of(r, m, words) : NULL;
	const uint64_t *rows;

	if (!e) {
		ask_guards(r, m, words, r->guarded);
		return;
	}
	rows = rows_of(r, e);
	for (uint32_t w = 0; w < words; w++) {
		r->candidates[w] &= rows[w];
		r->guarded[w] |= rows[words + w];
	}
}

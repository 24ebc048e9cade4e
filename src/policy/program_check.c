/* Checks and nodes of one target, each evaluated at most once. */

#include "base/clock.h"
#include "policy/pattern.h"
#include "policy/program_priv.h"

const struct policy_value *run_fetch(struct policy_run *r, uint32_t number)
{
	const struct program_slot *s = &r->p->slots[number];
	struct slot_state *st = &r->slots[number];

	st->epoch = r->epoch;
	st->value = (struct policy_value){ .state = POLICY_ABSENT };
	if (s->kind == SLOT_FIELD)
		r->t->get(r->t, &s->ref, &st->value);
	else if (s->kind == SLOT_TRANSFORM)
		run_transform(r, s, &st->value);
	else
		st->value = (struct policy_value){ .state = POLICY_KNOWN,
						   .count = 1,
						   .string = s->text };
	return &st->value;
}

static bool ordered(enum condition_operator op, bool below, bool equal)
{
	switch (op) {
	case CONDITION_LT:
		return below;
	case CONDITION_LE:
		return below || equal;
	case CONDITION_GT:
		return !below && !equal;
	case CONDITION_GE:
		return !below;
	default:
		return equal;
	}
}

/* One value of a field. @return NO, YES, or DOUBT where a regular expression gave up */
static int test_value(struct policy_run *r, const struct program_check *k,
		      const struct policy_value *v, size_t i)
{
	const struct program_slot *s = &r->p->slots[k->slot];
	uint64_t n;
	int m;

	switch (k->how) {
	case CHECK_COMPARE:
		n = value_number(s, v, i);
		return ordered(k->op, n < k->numbers[0], n == k->numbers[0]) ? YES : NO;
	case CHECK_NETS:
		return ip_set_has(k->nets, &v->ip[i & 1]) ? YES : NO;
	case CHECK_REGEX:
		m = regex_match(k->regex, r->regex, value_string(s, v, i));
		return m < 0 ? DOUBT : m ? YES : NO;
	default:
		for (size_t t = 0; t < k->text_count; t++)
			if (value_relates(k->op, value_string(s, v, i), k->texts[t]))
				return YES;
		return NO;
	}
}

static int test_names(struct policy_run *r, const struct program_check *k,
		      const struct policy_value *v)
{
	int verdict = NO;

	for (size_t i = 0; i < k->other_count; i++) {
		const struct policy_addresses *a = r->names ? &r->names[k->others[i]] : NULL;

		if (!a || !a->resolved)
			verdict = DOUBT;
		else
			for (size_t n = 0; n < a->count; n++)
				if (policy_ip_eq(&a->items[n], &v->ip[0]))
					return YES;
	}
	return verdict;
}

static int64_t signed_number(const struct program_slot *s, const struct policy_value *v, size_t i)
{
	uint64_t n = value_number(s, v, i);

	if (s->type == POLICY_UINT || s->type == POLICY_PORT || s->type == POLICY_BOOL)
		return (int64_t)MIN(n, (uint64_t)INT64_MAX);
	return (int64_t)(n ^ 1ull << 63);
}

/* Two values of slots; types are alike, the binder saw to it. */
static bool relates(const struct policy_run *r, const struct program_check *k,
		    const struct policy_value *left, size_t i, uint32_t other,
		    const struct policy_value *right, size_t n)
{
	const struct program_slot *a = &r->p->slots[k->slot], *b = &r->p->slots[other];
	int64_t x, y;

	switch (a->type) {
	case POLICY_STRING:
	case POLICY_BYTES:
		return value_relates(k->op, value_string(a, left, i), value_string(b, right, n));
	case POLICY_IP:
	case POLICY_NET:
	case POLICY_NAME:
		return policy_ip_eq(&left->ip[i & 1], &right->ip[n & 1]);
	default:
		x = signed_number(a, left, i);
		y = signed_number(b, right, n);
		return ordered(k->op, x < y, x == y);
	}
}

/* Against the slots on the right: any value of any of them. */
static int test_slots(struct policy_run *r, const struct program_check *k,
		      const struct policy_value *v, size_t i, bool *ret_present)
{
	int verdict = NO;

	for (size_t o = 0; o < k->other_count; o++) {
		const struct policy_value *right = run_slot(r, k->others[o]);
		size_t count = value_count(&r->p->slots[k->others[o]], right);

		*ret_present |= right->state != POLICY_ABSENT;
		if (right->state == POLICY_UNKNOWN)
			verdict = DOUBT;
		if (right->state != POLICY_KNOWN)
			continue;
		for (size_t n = 0; n < count; n++)
			if (relates(r, k, v, i, k->others[o], right, n))
				return YES;
	}
	return verdict;
}

static int test_values(struct policy_run *r, const struct program_check *k,
		       const struct policy_value *v)
{
	size_t count = value_count(&r->p->slots[k->slot], v);
	int any = NO, all = YES, verdict;
	bool present = k->how != CHECK_SLOTS;

	for (size_t i = 0; i < count; i++) {
		int one = k->how == CHECK_SLOTS ? test_slots(r, k, v, i, &present)
						: test_value(r, k, v, i);

		any = MAX(any, one);
		all = MIN(all, one);
	}
	if (!present)
		return NO;
	verdict = k->all ? all : any;
	return k->negate ? YES - verdict : verdict;
}

static int test_one_of(struct policy_run *r, const struct program_check *k)
{
	size_t yes = 0, doubt = 0;

	for (size_t i = 0; i < k->other_count; i++) {
		int one = run_check(r, k->others[i]);

		yes += one == YES;
		doubt += one == DOUBT;
	}
	if (yes > 1)
		return NO;
	return doubt ? DOUBT : yes == 1 ? YES : NO;
}

static int judge_check(struct policy_run *r, const struct program_check *k)
{
	const struct policy_value *v;
	const struct match_state *m;
	int verdict;

	if (k->how == CHECK_ONE_OF)
		return test_one_of(r, k);
	v = run_slot(r, k->slot);
	if (v->state != POLICY_KNOWN)
		return v->state == POLICY_UNKNOWN ? DOUBT : NO;
	if (!value_count(&r->p->slots[k->slot], v))
		return NO;
	switch (k->how) {
	case CHECK_EXISTS:
		return YES;
	case CHECK_BIT:
	case CHECK_NUMBERS:
		m = run_matcher(r, k->matcher);
		verdict = literal_bit(k->all ? m->all : m->any, k->bit) ? YES : NO;
		return k->negate ? YES - verdict : verdict;
	case CHECK_NAMES:
		verdict = test_names(r, k, v);
		return k->negate ? YES - verdict : verdict;
	case CHECK_PATTERNS:
		if (k->gated && !literal_bit(run_matcher(r, k->matcher)->any, k->bit))
			return k->negate ? YES : NO;
		return test_values(r, k, v);
	default:
		return test_values(r, k, v);
	}
}

static void judge_timed(struct policy_run *r, uint32_t number, struct check_state *st)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC), took;

	st->verdict = (uint8_t)judge_check(r, &r->p->checks[number]);
	took = clock_ns(CLOCK_MONOTONIC) - begin;
	r->times[number].ns += took - MIN(took, r->clock_ns);
	r->times[number].timed++;
}

static int evaluate(struct policy_run *r, uint32_t number, struct check_state *st)
{
	const struct program_bit *b = &r->p->bits[number];

	if (b->matcher != UINT32_MAX && r->matchers[b->matcher].epoch == r->epoch && !r->timing) {
		/* The matcher ran already, so the value is known. */
		const struct match_state *m = &r->matchers[b->matcher];

		st->verdict = literal_bit(b->all ? m->all : m->any, b->bit) != b->negate ? YES : NO;
	} else if (r->timing) {
		judge_timed(r, number, st);
	} else {
		st->verdict = (uint8_t)judge_check(r, &r->p->checks[number]);
	}
	st->epoch = r->epoch;
	st->evaluated++;
	st->held += st->verdict == YES;
	return st->verdict;
}

int run_check(struct policy_run *r, uint32_t number)
{
	struct check_state *st = &r->checks[number];

	return st->epoch == r->epoch ? st->verdict : evaluate(r, number, st);
}

/* A node that needs no children, or whose verdict is known. */
static inline bool is_known(struct policy_run *r, uint32_t edge, int *ret)
{
	uint32_t number = edge >> EDGE_SHIFT;

	if (edge & EDGE_CHECK) {
		int verdict = run_check(r, number);

		*ret = verdict == DOUBT && edge & EDGE_TWO_VALUED ? NO : verdict;
		return true;
	}
	*ret = r->nodes[number].verdict;
	return r->nodes[number].epoch == r->epoch;
}

/* Takes a child's verdict. @return whether the node is decided by it */
static inline bool take(enum node_kind kind, uint8_t *verdict, int child)
{
	switch (kind) {
	case NODE_AND:
		*verdict = (uint8_t)MIN(*verdict, child);
		return *verdict == NO;
	case NODE_OR:
		*verdict = (uint8_t)MAX(*verdict, child);
		return *verdict == YES;
	default:
		*verdict = (uint8_t)(YES - child);
		return true;
	}
}

/* NODE_TRUE stands among the others as an `and` of nothing, NODE_FALSE as an `or`. */
static struct node_frame frame_of(const struct policy_program *p, uint32_t node)
{
	enum node_kind kind = p->nodes[node].kind;

	return (struct node_frame){ node, 0, kind == NODE_AND || kind == NODE_TRUE ? YES : NO };
}

int run_node(struct policy_run *r, uint32_t root)
{
	const struct policy_program *p = r->p;
	size_t depth = 1;
	int verdict;

	if (is_known(r, edge_to(p, root), &verdict))
		return verdict;
	r->stack[0] = frame_of(p, root);
	while (depth) {
		struct node_frame *f = &r->stack[depth - 1];
		const struct program_node *n = &p->nodes[f->node];
		const uint32_t *edge = p->edges + n->first;
		bool decided = false, waits = false;

		while (!decided && f->next < n->count) {
			waits = !is_known(r, edge[f->next], &verdict);
			if (waits)
				break;
			f->next++;
			decided = take(n->kind, &f->verdict, verdict);
		}
		if (waits) {
			r->stack[depth++] = frame_of(p, edge[f->next] >> EDGE_SHIFT);
			continue;
		}
		r->nodes[f->node] = (struct node_state){ r->epoch, f->verdict };
		verdict = f->verdict;
		depth--;
	}
	return verdict;
}

#include "base/clock.h"
#include "policy/program_priv.h"

static int make_matchers(struct policy_run *r)
{
	for (size_t i = 0; i < r->p->matcher_count; i++) {
		uint32_t words = literal_words(r->p->matchers[i].bits);

		/* any, all, and room for one value's row between them and the end */
		r->matchers[i].own_any = ARENA_ARRAY(&r->arena, 3 * (size_t)words, uint64_t);
		if (!r->matchers[i].own_any)
			return -ENOBUFS;
		r->matchers[i].own_all = r->matchers[i].own_any + words;
	}
	return 0;
}

static uint64_t clock_cost(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 32; i++) {
		const uint64_t begin = clock_ns(CLOCK_MONOTONIC);
		const uint64_t took = clock_ns(CLOCK_MONOTONIC) - begin;

		least = MIN(least, took);
	}
	return least;
}

int policy_run_new(const struct policy_program *p, struct policy_run **ret, struct err *e)
{
	struct policy_run *r = calloc(1, sizeof(*r));
	size_t words = MAX(p->row_words, 1u);
	struct arena *a;
	int bad = 0;

	if (!r)
		return err_set(e, ENOMEM, "out of memory");
	a = &r->arena;
	arena_init(a, 0);
	r->p = p;
	r->remembers = true;
	r->slots = ARENA_ARRAY(a, p->slot_count, struct slot_state);
	r->matchers = ARENA_ARRAY(a, p->matcher_count, struct match_state);
	r->checks = ARENA_ARRAY(a, p->check_count, struct check_state);
	r->times = ARENA_ARRAY(a, p->check_count, struct check_time);
	r->nodes = ARENA_ARRAY(a, p->node_count, struct node_state);
	r->stack = ARENA_ARRAY(a, p->depth + 1u, struct node_frame);
	r->candidates = ARENA_ARRAY(a, words, uint64_t);
	r->row = ARENA_ARRAY(a, words, uint64_t);
	r->hits = ARENA_ARRAY(a, p->rule_count, uint32_t);
	r->undecided = ARENA_ARRAY(a, p->rule_count, uint32_t);
	r->type_events = ARENA_ARRAY(a, p->subject->type_count, uint64_t);
	r->rule_held = ARENA_ARRAY(a, p->rule_count, uint64_t);
	r->rule_undecided = ARENA_ARRAY(a, p->rule_count, uint64_t);
	r->scratch = p->transforms ? arena_alloc(a, RUN_SCRATCH_BYTES) : NULL;
	if (!r->slots || !r->matchers || !r->checks || !r->times || !r->nodes || !r->stack ||
	    !r->candidates || !r->row || !r->hits || !r->type_events || !r->rule_held ||
	    !r->undecided || !r->rule_undecided || (p->transforms && !r->scratch) ||
	    make_matchers(r) < 0 || run_make_memos(r) < 0 || run_make_together(r) < 0)
		bad = err_set(e, ENOMEM, "out of memory");
	if (!bad && p->expressions)
		bad = regex_scratch_new(&r->regex, e);
	if (bad) {
		policy_run_free(r);
		return bad;
	}
	r->clock_ns = clock_cost();
	*ret = r;
	return 0;
}

void policy_run_free(struct policy_run *r)
{
	if (!r)
		return;
	regex_scratch_free(r->regex);
	arena_done(&r->arena);
	free(r);
}

void policy_run_set_names(struct policy_run *r, const struct policy_addresses *names)
{
	r->names = names;
	run_forget_memos(r);
	run_forget_together(r);
}

void policy_run_remember(struct policy_run *r, bool yes)
{
	r->remembers = yes;
}

/* Numbers of judgements begin anew after four thousand million: all that is remembered is forgotten then. */
static void forget(struct policy_run *r)
{
	const struct policy_program *p = r->p;

	for (size_t i = 0; i < p->slot_count; i++)
		r->slots[i].epoch = 0;
	for (size_t i = 0; i < p->matcher_count; i++)
		r->matchers[i].epoch = 0;
	for (size_t i = 0; i < p->check_count; i++)
		r->checks[i].epoch = 0;
	for (size_t i = 0; i < p->node_count; i++)
		r->nodes[i].epoch = 0;
	r->epoch = 1;
}

void run_begin(struct policy_run *r, const struct policy_target *t)
{
	r->t = t;
	r->scratch_used = 0;
	if (++r->epoch == 0)
		forget(r);
	r->timing = r->epoch % 64 == 0;
}

static bool ask_origin(struct policy_run *r, const struct type_plan *plan, uint32_t origin)
{
	const struct policy_target *t = r->t;
	struct policy_origin key;

	return r->remembers && t->origin && t->origin(t, origin, &key) &&
	       run_origin(r, plan, origin, &key);
}

/* Leaves in r->candidates the disjuncts that no value asked for rules out. @return whether there are any */
static bool narrow(struct policy_run *r, const struct type_plan *plan, struct run_told *told)
{
	uint32_t words = plan->words;
	uint32_t asked = plan->together, answered; /* origins */
	bool left = true;

	run_together(r, plan, told);
	answered = told->answered;
	for (uint64_t asks = told->asks; asks && left; asks &= asks - 1) {
		const struct plan_index *x = &plan->indexes[__builtin_ctzll(asks)];

		if (answered >> x->origin & 1 || !run_overlaps(r->candidates, x->spares, words))
			continue;
		if (x->origin && !(asked >> x->origin & 1)) {
			asked |= 1u << x->origin;
			if (ask_origin(r, plan, x->origin))
				answered |= 1u << x->origin;
		}
		if (answered >> x->origin & 1)
			left = run_overlaps(r->candidates, r->candidates, words);
		else
			left = run_index(r, plan, x);
	}
	return left;
}

static int judge_all(struct policy_run *r, const uint32_t *nodes, uint32_t count)
{
	int verdict = YES;

	for (uint32_t i = 0; i < count && verdict != NO; i++) {
		int one = run_node(r, nodes[i]);

		verdict = MIN(verdict, one);
	}
	return verdict;
}

/* Learns of the disjunct what the origins told decide. */
static int judge_told(struct policy_run *r, const struct plan_disjunct *d, uint32_t number,
		      const struct run_told *told)
{
	uint64_t bit = 1ull << (number % 64);
	int verdict;

	if (told->settled[number / 64] & bit)
		return YES;
	verdict = judge_all(r, d->apart, d->told);
	if (verdict == YES)
		told->settled[number / 64] |= bit;
	if (verdict == NO)
		told->row[number / 64] &= ~bit;
	return verdict;
}

static int judge_way(struct policy_run *r, const struct type_plan *plan, uint32_t number,
		     const struct run_told *told)
{
	const struct plan_disjunct *d = &plan->disjuncts[number];
	int verdict, rest;

	if (!told->settled)
		return judge_all(r, d->demands, d->count);
	verdict = judge_told(r, d, number, told);
	if (verdict == NO)
		return NO;
	rest = judge_all(r, d->apart + d->told, d->count - d->told);
	return MIN(verdict, rest);
}

/* A rule is as true as the truest of its ways, which lie beside each other. */
static size_t judge_ways(struct policy_run *r, const struct type_plan *plan,
			 const struct run_told *told)
{
	size_t hits = 0;
	uint32_t rule = UINT32_MAX;
	int verdict = NO;

	for (uint32_t w = 0; w < plan->words; w++)
		for (uint64_t bits = r->candidates[w]; bits; bits &= bits - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(bits);
			int before = plan->disjuncts[i].rule == rule ? verdict : NO, way;

			if (before == YES)
				continue;
			rule = plan->disjuncts[i].rule;
			way = judge_way(r, plan, i, told);
			verdict = MAX(before, way);
			/* Its ways lie beside each other: what is taken back is the last. */
			if (verdict == DOUBT && before != DOUBT)
				r->undecided[r->undecided_count++] = plan->rules[rule];
			else if (verdict != DOUBT && before == DOUBT)
				r->undecided_count--;
			if (verdict != YES)
				continue;
			r->hits[hits++] = plan->rules[rule];
			r->rule_held[plan->rules[rule]]++;
		}
	return hits;
}

size_t policy_judge(struct policy_run *r, const struct policy_target *t, const uint32_t **ret,
		    size_t *ret_unknown)
{
	const struct type_plan *plan = &r->p->plans[t->type];
	struct run_told told;
	size_t hits;

	run_begin(r, t);
	r->type_events[t->type]++;
	*ret = r->hits;
	*ret_unknown = 0;
	r->undecided_count = 0;
	if (!plan->count || !narrow(r, plan, &told))
		return 0;
	hits = judge_ways(r, plan, &told);
	*ret_unknown = r->undecided_count;
	return hits;
}

void policy_count_undecided(struct policy_run *r)
{
	for (size_t i = 0; i < r->undecided_count; i++)
		r->rule_undecided[r->undecided[i]]++;
}

uint64_t policy_rule_undecided(const struct policy_run *r, uint32_t rule)
{
	return r->rule_undecided[rule];
}

static enum policy_verdict verdict_of(int verdict)
{
	return verdict == YES ? POLICY_TRUE : verdict == NO ? POLICY_FALSE : POLICY_MAYBE;
}

enum policy_verdict policy_judge_rule(struct policy_run *r, const struct policy_target *t,
				      uint32_t rule)
{
	run_begin(r, t);
	return verdict_of(run_node(r, r->p->roots[rule]));
}

void policy_rule_cost(const struct policy_run *r, uint32_t rule, uint64_t *ret_judged,
		      uint64_t *ret_held)
{
	uint64_t judged = 0;

	for (size_t t = 0; t < r->p->subject->type_count; t++) {
		const struct type_plan *plan = &r->p->plans[t];

		for (uint32_t i = 0; r->type_events[t] && i < plan->count; i++)
			if (plan->rules[i] == rule)
				judged += r->type_events[t];
	}
	*ret_judged = judged;
	*ret_held = r->rule_held[rule];
}

int policy_costs(const struct policy_run *r, struct arena *a, struct policy_cost **ret,
		 size_t *ret_count, struct err *e)
{
	const struct policy_program *p = r->p;
	struct policy_cost *out = ARENA_ARRAY(a, p->check_count, struct policy_cost);
	size_t n = 0;

	if (!out)
		return err_set(e, ENOBUFS, "costs: memory budget spent");
	for (size_t i = 0; i < p->check_count; i++) {
		const struct check_state *st = &r->checks[i];
		const struct check_time *t = &r->times[i];

		if (!p->checks[i].rules)
			continue;
		out[n++] = (struct policy_cost){
			.text = p->checks[i].text,
			.evaluated = st->evaluated,
			.held = st->held,
			.rules = p->checks[i].rules,
			.ns = t->timed ? (uint64_t)((double)t->ns * (double)st->evaluated /
						    (double)t->timed)
				       : 0,
		};
	}
	*ret = out;
	*ret_count = n;
	return 0;
}

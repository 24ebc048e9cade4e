#include "policy/kernel_filter_priv.h"

struct deriving {
	const struct policy_program *p;
	enum event_family family;
	struct arena *work;               /* of one type */
	struct arena *a;                  /* the caller's */
	struct filter_set *holds, *fails; /* by node */
	bool *needed;
};

static bool is_empty(const struct filter_clause *c)
{
	return !c->container_only && !c->failed_only && !c->success_only && !c->open_modes &&
	       !c->climbs && !c->upper && !c->unconnected && !c->families && !c->paths &&
	       !c->port_count && !c->comms;
}

static bool is_any(const struct filter_set *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (is_empty(&s->clauses[i]))
			return true;
	return false;
}

/* Both tests at once where one test can say it, else the one that lets less through. @return false: never both */
static bool both(const struct filter_clause *x, const struct filter_clause *y,
		 struct filter_clause *ret)
{
	struct filter_clause c = *x;

	c.container_only |= y->container_only;
	c.failed_only |= y->failed_only;
	c.success_only |= y->success_only;
	c.climbs |= y->climbs;
	c.upper |= y->upper;
	c.unconnected |= y->unconnected;
	if (!c.open_modes || (y->open_modes && y->open_modes > c.open_modes))
		c.open_modes = y->open_modes; /* writing is rarer than reading */
	if (c.families && y->families && !(c.families & y->families))
		return false;
	c.families =
		c.families && y->families ? c.families & y->families : c.families | y->families;
	if (!c.paths || (y->paths && y->path_count < c.path_count)) {
		c.paths = y->paths;
		c.path_count = y->path_count;
	}
	if (!c.port_count || (y->port_count && y->port_count < c.port_count)) {
		c.ports = y->ports;
		c.port_count = y->port_count;
	}
	if (!c.comms || (y->comms && y->comm_count < c.comm_count)) {
		c.comms = y->comms;
		c.comm_count = y->comm_count;
	}
	*ret = c;
	return !(c.failed_only && c.success_only);
}

/* How much a set lets through, to choose between two: fewer clauses that look at more. */
static unsigned int looseness(const struct filter_set *s)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct filter_clause *c = &s->clauses[i];

		sum += c->paths || c->port_count ? 1 : c->open_modes & 6 ? 8 : 16;
	}
	return sum;
}

static int conjoin(struct deriving *d, const struct filter_set *x, const struct filter_set *y,
		   struct filter_set *ret)
{
	struct filter_clause *out;
	size_t n = 0;

	if (!x->count || !y->count) {
		*ret = (struct filter_set){ NULL, 0 };
		return 0;
	}
	if (is_any(x) || is_any(y)) {
		*ret = is_any(x) ? *y : *x;
		return 0;
	}
	if (x->count * y->count > FILTER_MAX_CLAUSES) {
		*ret = looseness(x) <= looseness(y) ? *x : *y;
		return 0;
	}
	out = ARENA_ARRAY(d->work, x->count * y->count, struct filter_clause);
	if (!out)
		return -ENOBUFS;
	for (size_t i = 0; i < x->count; i++)
		for (size_t k = 0; k < y->count; k++)
			n += both(&x->clauses[i], &y->clauses[k], &out[n]);
	*ret = (struct filter_set){ out, n };
	return 0;
}

static bool same_facts(const struct filter_clause *x, const struct filter_clause *y)
{
	return x->container_only == y->container_only && x->failed_only == y->failed_only &&
	       x->success_only == y->success_only && x->climbs == y->climbs &&
	       x->upper == y->upper && x->unconnected == y->unconnected &&
	       x->open_modes == y->open_modes && x->families == y->families;
}

static int join_lists(struct arena *a, struct filter_clause *to, const struct filter_clause *c)
{
	struct kernel_path *paths =
		ARENA_ARRAY(a, to->path_count + c->path_count, struct kernel_path);
	uint16_t *ports = ARENA_ARRAY(a, to->port_count + c->port_count, uint16_t);
	str *comms = ARENA_ARRAY(a, to->comm_count + c->comm_count, str);

	if (!paths || !ports || !comms)
		return -ENOBUFS;
	for (size_t i = 0; i < to->path_count + c->path_count; i++)
		paths[i] = i < to->path_count ? to->paths[i] : c->paths[i - to->path_count];
	for (size_t i = 0; i < to->port_count + c->port_count; i++)
		ports[i] = i < to->port_count ? to->ports[i] : c->ports[i - to->port_count];
	for (size_t i = 0; i < to->comm_count + c->comm_count; i++)
		comms[i] = i < to->comm_count ? to->comms[i] : c->comms[i - to->comm_count];
	switch (filter_list(to)) {
	case 1:
		to->paths = paths;
		to->path_count += c->path_count;
		break;
	case 2:
		to->ports = ports;
		to->port_count += c->port_count;
		break;
	case 3:
		to->comms = comms;
		to->comm_count += c->comm_count;
		break;
	}
	return 0;
}

/* A clause of one list: the first of paths, ports, names. */
static struct filter_clause one_list(struct filter_clause c)
{
	if (c.paths || c.port_count) {
		c.comms = NULL;
		c.comm_count = 0;
	}
	if (c.paths) {
		c.ports = NULL;
		c.port_count = 0;
	}
	return c;
}

/* Adds a clause: to one that differs in its list alone, or as one more. */
static int add_clause(struct arena *a, struct filter_clause *out, size_t *n, size_t cap,
		      const struct filter_clause *c)
{
	struct filter_clause x = one_list(*c);

	for (size_t i = 0; i < *n; i++)
		if (same_facts(&out[i], &x) && filter_list(&out[i]) == filter_list(&x))
			return join_lists(a, &out[i], &x);
	if (*n == cap) {
		out[0] = (struct filter_clause){ 0 };
		return 0;
	}
	out[(*n)++] = x;
	return 0;
}

static int disjoin(struct deriving *d, const uint32_t *kids, uint32_t count,
		   const struct filter_set *of, struct filter_set *ret)
{
	struct filter_clause *out = ARENA_ARRAY(d->work, FILTER_MAX_CLAUSES, struct filter_clause);
	size_t n = 0;

	if (!out)
		return -ENOBUFS;
	for (uint32_t i = 0; i < count; i++) {
		const struct filter_set *s = &of[kids[i]];

		if (is_any(s)) {
			*ret = filter_any();
			return 0;
		}
		for (size_t k = 0; k < s->count; k++)
			if (add_clause(d->work, out, &n, FILTER_MAX_CLAUSES, &s->clauses[k]) < 0)
				return -ENOBUFS;
	}
	*ret = (struct filter_set){ out, n };
	return 0;
}

static int conjoin_all(struct deriving *d, const uint32_t *kids, uint32_t count,
		       const struct filter_set *of, struct filter_set *ret)
{
	struct filter_set all = filter_any();

	for (uint32_t i = 0; i < count; i++)
		if (conjoin(d, &all, &of[kids[i]], &all) < 0)
			return -ENOBUFS;
	*ret = all;
	return 0;
}

static int derive_node(struct deriving *d, uint32_t number)
{
	const struct program_node *n = &d->p->nodes[number];
	const uint32_t *kids = n->count ? d->p->kids + n->first : NULL;
	struct filter_set *holds = &d->holds[number], *fails = &d->fails[number];
	int r = 0;

	*holds = *fails = filter_any();
	switch (n->kind) {
	case NODE_FALSE:
		*holds = (struct filter_set){ NULL, 0 };
		return 0;
	case NODE_TRUE:
		*fails = (struct filter_set){ NULL, 0 };
		return 0;
	case NODE_CHECK:
		r = filter_check(d->p, &d->p->checks[n->first], d->family, d->work, holds);
		return r < 0 ? r : filter_check_not(d->p, &d->p->checks[n->first], d->work, fails);
	case NODE_NOT:
		*holds = d->fails[kids[0]];
		*fails = d->holds[kids[0]];
		return 0;
	case NODE_AND:
		r = conjoin_all(d, kids, n->count, d->holds, holds);
		return r < 0 ? r : disjoin(d, kids, n->count, d->fails, fails);
	case NODE_OR:
		r = disjoin(d, kids, n->count, d->holds, holds);
		return r < 0 ? r : conjoin_all(d, kids, n->count, d->fails, fails);
	}
	return 0;
}

static void mark_needed(struct deriving *d, const struct type_plan *plan)
{
	memset(d->needed, 0, d->p->node_count * sizeof(*d->needed));
	for (uint32_t i = 0; i < plan->count; i++)
		d->needed[plan->roots[i]] = true;
	for (size_t i = d->p->node_count; i-- > 0;) {
		const struct program_node *n = &d->p->nodes[i];

		for (uint32_t k = 0; d->needed[i] && k < n->count; k++)
			d->needed[d->p->kids[n->first + k]] = true;
	}
}

static int derive_type(struct deriving *d, size_t type, struct kernel_filter *f)
{
	const struct type_plan *plan = &d->p->plans[type];
	struct filter_set all;

	d->family = event_type_family((enum event_type)type);
	mark_needed(d, plan);
	for (size_t i = 0; i < d->p->node_count; i++)
		if (d->needed[i] && derive_node(d, (uint32_t)i) < 0)
			return -ENOBUFS;
	if (disjoin(d, plan->roots, plan->count, d->holds, &all) < 0)
		return -ENOBUFS;
	return filter_emit(&all, type, d->a, f);
}

/* Whether some rule reads the argument of that name. */
static bool reads_argument(const struct policy_program *p, const char *name)
{
	for (size_t i = 0; i < p->slot_count; i++)
		if (p->slots[i].kind == SLOT_FIELD && p->slots[i].ref.field == FIELD_EVT_ARG &&
		    str_is(p->slots[i].ref.key, name))
			return true;
	return false;
}

int kernel_filter_derive(const struct policy_program *p, struct arena *a, struct kernel_filter *ret,
			 struct err *e)
{
	struct deriving d = { .p = p, .a = a };
	struct kernel_filter f = { 0 };
	struct arena work, nodes;
	int r = 0;

	arena_init(&nodes, 0);
	d.holds = ARENA_ARRAY(&nodes, p->node_count, struct filter_set);
	d.fails = ARENA_ARRAY(&nodes, p->node_count, struct filter_set);
	d.needed = ARENA_ARRAY(&nodes, p->node_count, bool);
	if (!d.holds || !d.fails || !d.needed)
		r = -ENOBUFS;
	for (size_t t = 0; r == 0 && t < EVENT_TYPE_COUNT; t++) {
		if (!p->wanted[t])
			continue;
		arena_init(&work, 64 << 20);
		d.work = &work;
		r = derive_type(&d, t, &f);
		arena_done(&work);
	}
	arena_done(&nodes);
	if (r == 0)
		r = filter_add_usage(p, &f, a);
	if (r == 0)
		r = filter_add_wants(p, &f);
	if (r < 0)
		return err_set(e, ENOBUFS, "kernel filter: memory budget spent");
	filter_bound(&f);
	for (size_t t = 0; t < EVENT_TYPE_COUNT; t++)
		for (size_t i = 0; i < f.clause_count[t]; i++) {
			const struct kernel_clause *c = &f.clauses[t][i];
			enum event_family of = event_type_family((enum event_type)t);

			f.failed_opens |= of == EVENT_FAMILY_OPEN && !c->success_only;
			f.connected_sends |=
				of == EVENT_FAMILY_SEND && !c->unconnected && !c->failed_only;
		}
	f.environment =
		p->uses[FIELD_PROC_ENV] || p->uses[FIELD_PROC_AENV] || reads_argument(p, "env");
	f.received = p->uses[FIELD_EVT_BUFFER] || reads_argument(p, "data");
	*ret = f;
	return 0;
}

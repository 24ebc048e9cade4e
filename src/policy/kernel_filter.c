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
	       !c->families && !c->paths && !c->port_count && !c->comms;
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
	       x->success_only == y->success_only && x->open_modes == y->open_modes &&
	       x->families == y->families;
}

/* Which list a clause asks for; only clauses of the same kind can share theirs. */
static int kind_of(const struct filter_clause *c)
{
	return c->paths ? 1 : c->port_count ? 2 : c->comms ? 3 : 0;
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
	switch (kind_of(to)) {
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
		if (same_facts(&out[i], &x) && kind_of(&out[i]) == kind_of(&x))
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

/* Whether all that passes @p x passes @p y, lists aside. */
static bool facts_within(const struct filter_clause *x, const struct filter_clause *y)
{
	return (!y->container_only || x->container_only) && (!y->failed_only || x->failed_only) &&
	       (!y->success_only || x->success_only) &&
	       (!y->open_modes || (x->open_modes && !(x->open_modes & ~y->open_modes))) &&
	       (!y->families || (x->families && !(x->families & ~y->families)));
}

bool filter_path_within(const struct kernel_path *a, const struct kernel_path *b)
{
	bool exact = a->test == KERNEL_PATH_EXACT;

	if (a->test == b->test && str_eq(a->text, b->text))
		return true;
	switch (b->test) {
	case KERNEL_PATH_PREFIX:
		return (exact || a->test == KERNEL_PATH_PREFIX || a->test == KERNEL_PATH_DIR) &&
		       str_starts(a->text, b->text);
	case KERNEL_PATH_DIR:
		return (exact || a->test == KERNEL_PATH_DIR || a->test == KERNEL_PATH_PREFIX) &&
		       str_starts(a->text, b->text) && a->text.n > b->text.n &&
		       a->text.p[b->text.n] == '/';
	case KERNEL_PATH_SUFFIX:
		return (exact || a->test == KERNEL_PATH_SUFFIX) && str_ends(a->text, b->text);
	case KERNEL_PATH_CONTAINS:
		return str_search(a->text, b->text) < a->text.n;
	default:
		return false;
	}
}

/* Drops literals that others cover. */
static size_t thin_paths(struct kernel_path *paths, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		bool covered = false;

		for (size_t k = 0; k < count && !covered; k++)
			covered = k != i && filter_path_within(&paths[i], &paths[k]) &&
				  (k < i || !filter_path_within(&paths[k], &paths[i]));
		if (!covered)
			paths[kept++] = paths[i];
	}
	return kept;
}

static int compare_strs(const void *a, const void *b)
{
	return str_cmp(*(const str *)a, *(const str *)b);
}

static int compare_ports(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static int emit_paths(const struct filter_clause *c, struct arena *a, struct kernel_clause *ret)
{
	struct kernel_path *own = ARENA_ARRAY(a, c->path_count, struct kernel_path);
	const struct kernel_path **list;
	size_t n;

	if (!own)
		return -ENOBUFS;
	memcpy(own, c->paths, c->path_count * sizeof(*own));
	/* Equal lists of different types come out equal, thinning keeps their order. */
	n = thin_paths(own, c->path_count);
	list = ARENA_ARRAY(a, n, const struct kernel_path *);
	if (!list)
		return -ENOBUFS;
	for (size_t i = 0; i < n; i++) {
		own[i].text = arena_str(a, own[i].text);
		if (!own[i].text.p)
			return -ENOBUFS;
		list[i] = &own[i];
	}
	ret->paths_any = true;
	ret->paths = list;
	ret->path_count = n;
	return 0;
}

static int emit_clause(const struct filter_clause *c, struct arena *a, struct kernel_clause *ret)
{
	uint16_t *ports = ARENA_ARRAY(a, c->port_count, uint16_t);
	str *comms = ARENA_ARRAY(a, c->comm_count, str);

	if (!ports || !comms)
		return -ENOBUFS;
	*ret = (struct kernel_clause){
		.container_only = c->container_only,
		.failed_only = c->failed_only,
		.success_only = c->success_only,
		.open_modes = c->open_modes,
		.families = c->families,
		.ports = ports,
		.comms = comms,
	};
	if (c->paths && emit_paths(c, a, ret) < 0)
		return -ENOBUFS;
	if (c->port_count) {
		memcpy(ports, c->ports, c->port_count * sizeof(*ports));
		qsort(ports, c->port_count, sizeof(*ports), compare_ports);
		for (size_t i = 0; i < c->port_count; i++)
			if (!i || ports[i] != ports[ret->port_count - 1])
				ports[ret->port_count++] = ports[i];
	}
	if (c->comm_count) {
		memcpy(comms, c->comms, c->comm_count * sizeof(*comms));
		qsort(comms, c->comm_count, sizeof(*comms), compare_strs);
		for (size_t i = 0; i < c->comm_count; i++) {
			str own = arena_str(a, comms[i]);

			if (!own.p)
				return -ENOBUFS;
			if (!ret->comm_count || !str_eq(own, comms[ret->comm_count - 1]))
				comms[ret->comm_count++] = own;
		}
	}
	return 0;
}

/* Clauses that a weaker one covers go; what is left is the type's. */
static int emit_type(struct deriving *d, size_t type, const struct filter_set *s,
		     struct kernel_filter *f)
{
	struct kernel_clause *out = ARENA_ARRAY(d->a, s->count, struct kernel_clause);
	size_t n = 0;

	if (!out)
		return -ENOBUFS;
	for (size_t i = 0; i < s->count; i++) {
		bool covered = false;

		for (size_t k = 0; k < s->count && !covered; k++) {
			const struct filter_clause *x = &s->clauses[i], *y = &s->clauses[k];

			covered = k != i && !kind_of(y) && facts_within(x, y) &&
				  (k < i || kind_of(x) || !facts_within(y, x));
		}
		if (!covered && emit_clause(&s->clauses[i], d->a, &out[n++]) < 0)
			return -ENOBUFS;
	}
	f->clauses[type] = out;
	f->clause_count[type] = n;
	return 0;
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
	return emit_type(d, type, &all, f);
}

/* Different literals of all clauses together. @return SIZE_MAX when there is no memory to count them */
static size_t count_paths(const struct kernel_filter *f)
{
	struct arena a;
	struct map seen;
	size_t n;

	arena_init(&a, 0);
	seen = map_in(&a);
	for (size_t t = 0; t < EVENT_TYPE_COUNT; t++)
		for (size_t i = 0; i < f->clause_count[t]; i++)
			for (size_t k = 0; k < f->clauses[t][i].path_count; k++) {
				const struct kernel_path *p = f->clauses[t][i].paths[k];
				str key = arena_printf(&a, "%d%.*s", p->test, STR_ARG(p->text));

				if (!key.p || !map_at(&seen, key))
					seen.count = KERNEL_FILTER_MAX_PATHS + 1;
			}
	n = seen.count;
	arena_done(&a);
	return n;
}

/* Beyond the bound the longest lists go, and with them their clauses' tests. */
static void bound_paths(struct kernel_filter *f)
{
	while (count_paths(f) > KERNEL_FILTER_MAX_PATHS) {
		size_t longest = 0;

		for (size_t t = 0; t < EVENT_TYPE_COUNT; t++)
			for (size_t i = 0; i < f->clause_count[t]; i++)
				longest = MAX(longest, f->clauses[t][i].path_count);
		if (!longest)
			return;
		for (size_t t = 0; t < EVENT_TYPE_COUNT; t++)
			for (size_t i = 0; i < f->clause_count[t]; i++) {
				struct kernel_clause *c = &f->clauses[t][i];

				if (c->path_count == longest) {
					c->paths_any = false;
					c->path_count = 0;
				}
			}
	}
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
	if (r < 0)
		return err_set(e, ENOBUFS, "kernel filter: memory budget spent");
	bound_paths(&f);
	for (size_t t = 0; t < EVENT_TYPE_COUNT; t++)
		for (size_t i = 0; event_type_family((enum event_type)t) == EVENT_FAMILY_OPEN &&
				   i < f.clause_count[t];
		     i++)
			f.failed_opens |= !f.clauses[t][i].success_only;
	f.environment =
		p->uses[FIELD_PROC_ENV] || p->uses[FIELD_PROC_AENV] || reads_argument(p, "env");
	f.received = p->uses[FIELD_EVT_BUFFER] || reads_argument(p, "data");
	*ret = f;
	return 0;
}

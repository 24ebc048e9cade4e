/* Clauses as they were derived to clauses as the kernel side wants them: few, with short lists. */
#include "policy/kernel_filter_priv.h"

int filter_list(const struct filter_clause *c)
{
	return c->paths ? 1 : c->port_count ? 2 : c->comms ? 3 : 0;
}

/* Whether all that passes @p x passes @p y, lists aside. */
static bool facts_within(const struct filter_clause *x, const struct filter_clause *y)
{
	return (!y->container_only || x->container_only) && (!y->failed_only || x->failed_only) &&
	       (!y->success_only || x->success_only) && (!y->climbs || x->climbs) &&
	       (!y->upper || x->upper) && (!y->unconnected || x->unconnected) &&
	       (!y->open_modes || (x->open_modes && !(x->open_modes & ~y->open_modes))) &&
	       (!y->families || (x->families && !(x->families & ~y->families)));
}

/* Whether what passes @p a passes @p b too. */
static bool path_within(const struct kernel_path *a, const struct kernel_path *b)
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

/* Whether each of x's list passes y's. */
static bool lists_within(const struct filter_clause *x, const struct filter_clause *y)
{
	size_t count = x->path_count + x->port_count + x->comm_count;

	if (!filter_list(y))
		return true;
	if (filter_list(x) != filter_list(y))
		return false;
	for (size_t i = 0; i < count; i++) {
		bool found = false;

		for (size_t k = 0; k < y->path_count && !found; k++)
			found = path_within(&x->paths[i], &y->paths[k]);
		for (size_t k = 0; k < y->port_count && !found; k++)
			found = x->ports[i] == y->ports[k];
		for (size_t k = 0; k < y->comm_count && !found; k++)
			found = str_eq(x->comms[i], y->comms[k]);
		if (!found)
			return false;
	}
	return true;
}

/* Whether all that passes @p x passes @p y. */
static bool is_within(const struct filter_clause *x, const struct filter_clause *y)
{
	return facts_within(x, y) && lists_within(x, y);
}

/* Two clauses that differ in the result alone, one for failures and one for the rest, are one without it. */
static bool merge_results(struct filter_clause *have, size_t count, const struct filter_clause *c)
{
	for (size_t i = 0; i < count; i++) {
		struct filter_clause x = have[i], y = *c;

		if (x.failed_only != y.success_only || x.success_only != y.failed_only ||
		    x.failed_only == x.success_only)
			continue;
		x.failed_only = x.success_only = y.failed_only = y.success_only = false;
		if (!is_within(&x, &y) || !is_within(&y, &x))
			continue;
		have[i] = x;
		return true;
	}
	return false;
}

/* Drops literals that others cover. */
static size_t thin_paths(struct kernel_path *paths, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		bool covered = false;

		for (size_t k = 0; k < count && !covered; k++)
			covered = k != i && path_within(&paths[i], &paths[k]) &&
				  (k < i || !path_within(&paths[k], &paths[i]));
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
		.climbs = c->climbs,
		.upper = c->upper,
		.unconnected = c->unconnected,
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
int filter_emit(const struct filter_set *s, size_t type, struct arena *a, struct kernel_filter *f)
{
	struct filter_clause *own = ARENA_ARRAY(a, s->count, struct filter_clause);
	struct kernel_clause *out = ARENA_ARRAY(a, s->count, struct kernel_clause);
	struct filter_set merged = { own, 0 };
	size_t n = 0;

	if (!own || !out)
		return -ENOBUFS;
	for (size_t i = 0; i < s->count; i++)
		if (!merge_results(own, merged.count, &s->clauses[i]))
			own[merged.count++] = s->clauses[i];
	for (size_t i = 0; i < merged.count; i++) {
		bool covered = false;

		for (size_t k = 0; k < merged.count && !covered; k++)
			covered = k != i && is_within(&own[i], &own[k]) &&
				  (k < i || !is_within(&own[k], &own[i]));
		if (!covered && emit_clause(&own[i], a, &out[n++]) < 0)
			return -ENOBUFS;
	}
	f->clauses[type] = out;
	f->clause_count[type] = n;
	return 0;
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
void filter_bound(struct kernel_filter *f)
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

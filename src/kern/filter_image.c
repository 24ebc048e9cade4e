#include "kern/filter_image.h"

#include <sys/socket.h>

struct path_set {
	const struct kernel_path *const *paths;
	size_t count;
};

struct making {
	struct filter_image *m;
	struct path_set sets[FILTER_PATH_SETS];
	size_t set_count;
	unsigned port_sets, comm_sets; /* taken so far; the last stands for all further ones */
	const struct kernel_clause *named[64]; /* who took each set of names */
	unsigned states, classes;
	bool full; /* the automaton found no more room: `lost` sets are satisfied by every path */
	uint64_t lost;
};

static bool same_paths(const struct path_set *s, const struct kernel_clause *c)
{
	if (s->count != c->path_count)
		return false;
	for (size_t i = 0; i < s->count; i++)
		if (s->paths[i]->test != c->paths[i]->test ||
		    !str_eq(s->paths[i]->text, c->paths[i]->text))
			return false;
	return true;
}

/* The class of a byte; bytes beyond the last class share it, which can only let more through. */
static unsigned take_class(struct making *k, uint8_t byte)
{
	if (k->m->classes[byte] == FILTER_CLASS_OTHER) {
		k->m->classes[byte] = (uint8_t)k->classes;
		if (k->classes < FILTER_CLASSES - 1)
			k->classes++;
	}
	return k->m->classes[byte];
}

static unsigned take_step(struct making *k, unsigned state, unsigned class)
{
	uint16_t *next = &k->m->next[state * FILTER_CLASSES + class];

	if (!*next) {
		if (k->states == FILTER_STATES) {
			k->full = true;
			return 0;
		}
		*next = (uint16_t)k->states++;
	}
	return *next;
}

static void add_literal(struct making *k, bool begin, str lead, str text, bool end, uint64_t set)
{
	unsigned s = 0;

	k->full = memchr(text.p, '\0', text.n) != NULL; /* no path has it */
	if (begin)
		s = take_step(k, s, FILTER_CLASS_BEGIN);
	for (size_t i = 0; !k->full && i < lead.n; i++)
		s = take_step(k, s, take_class(k, (uint8_t)lead.p[i]));
	for (size_t i = 0; !k->full && i < text.n; i++)
		s = take_step(k, s, take_class(k, (uint8_t)text.p[i]));
	if (end && !k->full)
		s = take_step(k, s, FILTER_CLASS_END);
	if (k->full || s == 0)
		k->lost |= set; /* an empty literal is in every path */
	else
		k->m->hits[s] |= set;
}

static void add_test(struct making *k, const struct kernel_path *p, uint64_t set)
{
	static const str none = { "", 0 }, slash = { "/", 1 };
	str text = p->text;

	switch (p->test) {
	case KERNEL_PATH_EXACT:
		add_literal(k, true, none, text, true, set);
		break;
	case KERNEL_PATH_PREFIX:
		if (text.n == 0)
			k->lost |= set;
		add_literal(k, true, none, text, false, set);
		break;
	case KERNEL_PATH_DIR:
		while (text.n > 0 && text.p[text.n - 1] == '/')
			text.n--;
		add_literal(k, true, text, slash, false, set);
		add_literal(k, true, none, text, true, set);
		break;
	case KERNEL_PATH_SUFFIX:
		if (text.n == 0)
			k->lost |= set;
		add_literal(k, false, none, text, true, set);
		break;
	case KERNEL_PATH_BASENAME:
		add_literal(k, false, slash, text, true, set);
		add_literal(k, true, none, text, true, set);
		break;
	case KERNEL_PATH_TOP:
		k->m->tops |= set;
		break;
	case KERNEL_PATH_CONTAINS:
		add_literal(k, false, none, text, false, set);
		break;
	}
}

/* Breadth first, so that where a state falls back to is complete when the state itself is looked at. */
static int complete(struct making *k, struct arena *a, struct err *e)
{
	struct filter_image *m = k->m;
	uint16_t *fall = ARENA_ARRAY(a, k->states, uint16_t);
	uint16_t *queue = ARENA_ARRAY(a, k->states, uint16_t);
	size_t head = 0, tail = 0;

	if (!fall || !queue)
		return err_set(e, ENOBUFS, "kernel filter: memory budget spent");
	for (unsigned c = 0; c < FILTER_CLASSES; c++)
		if (m->next[c])
			queue[tail++] = m->next[c];
	while (head < tail) {
		unsigned s = queue[head++];
		uint16_t *row = &m->next[s * FILTER_CLASSES];
		const uint16_t *back = &m->next[fall[s] * FILTER_CLASSES];

		m->hits[s] |= m->hits[fall[s]];
		for (unsigned c = 0; c < FILTER_CLASSES; c++) {
			if (c == FILTER_CLASS_STAY) {
				row[c] = (uint16_t)s;
				continue;
			}
			if (!row[c]) {
				row[c] = back[c];
				continue;
			}
			fall[row[c]] = back[c];
			queue[tail++] = row[c];
		}
	}
	for (size_t i = 0; i < (size_t)k->states * FILTER_CLASSES; i++)
		if (m->hits[m->next[i]])
			m->next[i] |= FILTER_HIT;
	return 0;
}

/* A set's bit; once all are taken the last stands for every further set, whose literals join it. */
static uint64_t path_set(struct making *k, const struct kernel_clause *c)
{
	size_t i = 0;

	while (i < k->set_count &&
	       !(same_paths(&k->sets[i], c) && !(k->m->climbs >> i & 1) == !c->climbs))
		i++;
	if (i < k->set_count)
		return 1ull << i;
	if (i == FILTER_PATH_SETS) {
		i--;
		k->m->climbs &= ~(1ull << i);
	} else {
		k->sets[k->set_count++] =
			(struct path_set){ .paths = c->paths, .count = c->path_count };
		k->m->climbs |= (uint64_t)c->climbs << i;
	}
	for (size_t n = 0; n < c->path_count; n++)
		add_test(k, c->paths[n], 1ull << i);
	return 1ull << i;
}

static uint64_t port_set(struct making *k, const struct kernel_clause *c)
{
	uint64_t bit = 1ull << (k->port_sets < 63 ? k->port_sets++ : 63);

	for (size_t i = 0; i < c->port_count; i++)
		k->m->ports[c->ports[i] % FILTER_HASHED] |= bit;
	return bit;
}

static bool same_comms(const struct kernel_clause *x, const struct kernel_clause *y)
{
	if (x->comm_count != y->comm_count)
		return false;
	for (size_t i = 0; i < x->comm_count; i++)
		if (!str_eq(x->comms[i], y->comms[i]))
			return false;
	return true;
}

static uint64_t comm_set(struct making *k, const struct kernel_clause *c)
{
	unsigned set = 0;
	uint64_t bit;

	while (set < k->comm_sets &&
	       !(same_comms(k->named[set], c) && k->named[set]->upper == c->upper))
		set++;
	if (set < k->comm_sets)
		return 1ull << set;
	k->comm_sets += set < 63;
	k->named[set] = c;
	bit = 1ull << set;
	if (c->upper && set < 63)
		k->m->uppers |= bit;
	for (size_t i = 0; i < c->comm_count; i++) {
		uint64_t comm[2] = { 0 };

		/* The kernel keeps fifteen bytes; a longer name in a rule never equals one. */
		if (c->comms[i].n >= sizeof(comm))
			continue;
		memcpy(comm, c->comms[i].p, c->comms[i].n);
		k->m->comms[filter_comm_slot((const __u64 *)comm)] |= bit;
	}
	return bit;
}

/* What of the clause the combination alone leaves open. */
static bool combo_may_pass(const struct kernel_clause *c, enum event_family family, unsigned combo)
{
	bool container = combo & FILTER_CONTAINER, failed = combo & FILTER_FAILED;
	unsigned fact = combo >> FILTER_FACT_SHIFT;

	if ((c->container_only && !container) || (c->host_only && container) ||
	    (c->failed_only && !failed) || (c->success_only && failed))
		return false;
	if (family == EVENT_FAMILY_OPEN)
		return !c->open_modes || (c->open_modes & fact);
	if (fact == FILTER_LOOPBACK)
		fact = KERNEL_LOOPBACK;
	return !c->families || (c->families & fact);
}

static void add_clause(struct making *k, enum event_type t, const struct kernel_clause *c)
{
	struct filter_combo asks = { 0 };

	if (c->paths_any)
		asks.paths = path_set(k, c);
	else if (c->port_count)
		asks.ports = port_set(k, c);
	else if (c->comm_count)
		asks.comms = comm_set(k, c);
	else
		asks.always = 1;
	for (unsigned i = 0; i < FILTER_COMBOS; i++) {
		struct filter_combo *to = &k->m->combos[t][i];

		if (!combo_may_pass(c, event_type_family(t), i))
			continue;
		to->always |= asks.always;
		to->paths |= asks.paths;
		to->ports |= asks.ports;
		to->comms |= asks.comms;
	}
}

int filter_image_make(const struct kernel_filter *f, struct arena *a, struct filter_image *ret,
		      struct err *e)
{
	struct making *k = ARENA_NEW(a, struct making);
	int r;

	_Static_assert(EVENT_TYPE_COUNT <= FILTER_TYPES, "every type has its row");
	if (!k)
		return err_set(e, ENOBUFS, "kernel filter: memory budget spent");
	memset(ret, 0, sizeof(*ret));
	memset(ret->classes, FILTER_CLASS_OTHER, sizeof(ret->classes));
	ret->classes[0] = FILTER_CLASS_STAY;
	k->m = ret;
	k->states = 1;
	k->classes = FILTER_CLASS_FIRST;
	for (enum event_type t = 0; t < EVENT_TYPE_COUNT; t++)
		for (size_t i = 0; i < f->clause_count[t]; i++)
			add_clause(k, t, &f->clauses[t][i]);
	for (enum event_type t = 0; k->lost && t < EVENT_TYPE_COUNT; t++)
		for (unsigned i = 0; i < FILTER_COMBOS; i++)
			ret->combos[t][i].always |= ret->combos[t][i].paths & k->lost;
	r = complete(k, a, e);
	return r < 0 ? r : 0;
}

uint64_t filter_image_paths(const struct filter_image *m, str path)
{
	size_t slash = str_find_last(path, '/');
	uint64_t hits = path.n && (slash == 0 || slash == path.n) ? m->tops : 0;
	unsigned s = m->next[FILTER_CLASS_BEGIN];

	for (size_t i = 0; i <= path.n + 1; i++) {
		if (s & FILTER_HIT)
			hits |= m->hits[s & (FILTER_STATES - 1)];
		if (i <= path.n)
			s = m->next[(s & (FILTER_STATES - 1)) * FILTER_CLASSES +
				    (i < path.n ? m->classes[(uint8_t)path.p[i]]
						: FILTER_CLASS_END)];
	}
	return hits;
}

static unsigned event_fact(const struct event *v)
{
	switch (event_type_family(v->type)) {
	case EVENT_FAMILY_OPEN:
		return filter_open_fact((__u32)v->flags, v->mode);
	case EVENT_FAMILY_SOCKET:
	case EVENT_FAMILY_CONNECT:
	case EVENT_FAMILY_ACCEPT:
	case EVENT_FAMILY_BIND:
	case EVENT_FAMILY_LISTEN:
	case EVENT_FAMILY_SEND:
	case EVENT_FAMILY_RECV:
		if (v->fd.kind == EVENT_FD_IPV4 && v->fd.local.ip[0] == 127 &&
		    v->fd.remote.ip[0] == 127)
			return FILTER_LOOPBACK;
		if (v->fd.domain == AF_INET)
			return FILTER_IPV4;
		if (v->fd.domain == AF_INET6)
			return FILTER_IPV6;
		return v->fd.domain == AF_UNIX ? FILTER_UNIX : FILTER_ANY_FACT;
	default:
		return FILTER_ANY_FACT;
	}
}

/* The sets a name is in; cut as the kernel cuts it. */
static uint64_t name_sets(const struct filter_image *m, str name)
{
	uint64_t comm[2] = { 0 };

	memcpy(comm, name.p, MIN(name.n, sizeof(comm) - 1));
	return name.n ? m->comms[filter_comm_slot((const __u64 *)comm)] : UINT64_MAX;
}

bool filter_image_passes(const struct filter_image *m, const struct event *v, str comm,
			 bool in_container)
{
	unsigned combo = (in_container ? FILTER_CONTAINER : 0) | (v->res < 0 ? FILTER_FAILED : 0) |
			 event_fact(v) << FILTER_FACT_SHIFT;
	const struct filter_combo *asks = &m->combos[v->type][combo];
	uint64_t ports = m->ports[v->fd.local.port % FILTER_HASHED] |
			 m->ports[v->fd.remote.port % FILTER_HASHED];
	uint64_t paths = filter_image_paths(m, v->path), names = name_sets(m, comm);

	if (v->res >= 0 && v->fd.file_flags & EVENT_FILE_SEEN &&
	    !(v->fd.file_flags & EVENT_FILE_UPPER))
		names &= ~m->uppers;
	if (v->path.n == 0 && v->path2.n == 0)
		paths = UINT64_MAX;
	else if (v->path2.n)
		paths |= filter_image_paths(m, v->path2);
	if (v->raw.n && str_search(v->raw, S("..")) == v->raw.n)
		paths &= ~m->climbs;
	return asks->always || (asks->comms & names) || (asks->ports & ports) ||
	       (asks->paths & paths);
}

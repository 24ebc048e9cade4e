#include "policy_lottery.h"

#include <fcntl.h>
#include <stdio.h>

#include "plain_compare.h"
#include "policy/ip_set.h"

static const struct container host = {
	.runtime = CONTAINER_HOST, .known = 7, .id = { "host", 4 }, .version = 1
};
static const struct container shop = {
	.runtime = CONTAINER_DOCKER,
	.known = 7,
	.id = { "2ad7b26ded6d0123456789abcdef0123456789abcdef0123456789abcdef01234", 64 },
	.name = { "shop", 4 },
	.image_repository = { "example/shop", 12 },
	.started_ns = 1000,
	.version = 2,
};
static const struct container *const containers[] = { &host, &shop, NULL };

void lottery_open(struct lottery *l, struct arena *a, uint64_t seed)
{
	const struct process_tree_config c = { 0 };

	*l = (struct lottery){ .seed = seed, .arena = a, .scratch = ARENA_NEW(a, struct scratch) };
	assert(l->scratch && scratch_init(l->scratch, 1 << 16, NULL) == 0);
	assert(process_tree_new(&c, &l->tree, NULL) == 0);
	l->world = (struct event_world){ .tree = l->tree, .scratch = l->scratch };
}

void lottery_close(struct lottery *l)
{
	process_tree_free(l->tree);
	scratch_done(l->scratch);
}

/* splitmix64 */
static uint64_t mix(uint64_t z)
{
	z += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t lottery_next(struct lottery *l)
{
	return l->seed = mix(l->seed);
}

static uint64_t pick(struct lottery *l, uint64_t n)
{
	return lottery_next(l) % n;
}

void lottery_learn(struct lottery *l, const struct condition *c)
{
	struct condition_walk *w = malloc(sizeof(*w));
	const struct condition *n;

	assert(w);
	condition_walk_begin(w, c);
	while ((n = condition_walk_next(w)))
		for (size_t i = 0; w->entering && n->kind == CONDITION_CHECK && i < n->right_count;
		     i++)
			if (n->right[i].kind == TERM_TEXT) {
				str *word =
					ARENA_PUSH(l->arena, l->words, l->word_count, l->word_cap);

				assert(word);
				*word = n->right[i].text;
			}
	free(w);
}

static str some_word(struct lottery *l)
{
	return l->word_count ? l->words[pick(l, l->word_count)] : S("/etc/passwd");
}

/* A word of the rules, with something before or behind it at times. */
static str some_path(struct lottery *l, struct arena *a)
{
	str w = some_word(l), v = some_word(l);

	switch (pick(l, 12)) {
	case 0:
		return S("");
	case 1:
		return S("/tmp/x");
	case 2:
		return arena_printf(a, "%.*s/x", STR_ARG(w));
	case 3:
		return arena_printf(a, "/x%.*s", STR_ARG(w));
	case 4:
		return arena_printf(a, "/x/%.*s", STR_ARG(w));
	case 5:
		return arena_printf(a, "%.*s%.*s", STR_ARG(w), STR_ARG(v));
	case 6:
		return arena_printf(a, "/%.*s/%.*s", STR_ARG(w), STR_ARG(v));
	case 7:
		return str_take(w, w.n / 2);
	case 8:
		return arena_printf(a, "//%.*s", STR_ARG(w));
	default:
		return w;
	}
}

/* A word that is rather a name than a path, with something before or behind it at times; or not known. */
static str some_comm(struct lottery *l, struct arena *a)
{
	str w = some_word(l);

	for (int i = 0; i < 8 && str_find(w, '/') < w.n; i++)
		w = some_word(l);
	switch (pick(l, 8)) {
	case 0:
		return S("");
	case 1:
		w = arena_printf(a, "%.*sx", STR_ARG(w));
		break;
	case 2:
		w = arena_printf(a, "x%.*s", STR_ARG(w));
	}
	return str_take(w, 15);
}

/* Of a path that was resolved: absolute and without empty components, or not known. */
static str resolved(str path)
{
	return str_starts(path, S("/")) && str_search(path, S("//")) == path.n ? path : S("");
}

static struct event_end some_end(struct lottery *l, bool v6)
{
	static const uint16_t ports[] = { 0, 22, 53, 80, 443, 3333, 4444, 8443, 10250, 50000 };
	struct event_end e = { .port = ports[pick(l, ARRAY_LEN(ports))] };

	if (pick(l, 5) == 0)
		e.port = (uint16_t)pick(l, 65536);
	for (int i = 0; i < (v6 ? 16 : 4); i++)
		e.ip[i] = pick(l, 3) ? (uint8_t)pick(l, 256) : 0;
	if (!v6 && pick(l, 4))
		e.ip[0] = pick(l, 2) ? 127 : 10;
	if (v6 && pick(l, 3) == 0)
		memcpy(e.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
	return e;
}

static void draw_fd(struct lottery *l, struct arena *a, struct event *v)
{
	static const uint16_t kinds[] = { EVENT_FD_FILE, EVENT_FD_DIRECTORY, EVENT_FD_IPV4,
					  EVENT_FD_IPV6, EVENT_FD_UNIX,      EVENT_FD_NONE };

	v->fd.kind = kinds[pick(l, ARRAY_LEN(kinds))];
	if (event_type_family(v->type) == EVENT_FAMILY_OPEN)
		v->fd.kind = pick(l, 4) ? EVENT_FD_FILE : pick(l, 2) ? EVENT_FD_DIRECTORY : 0;
	v->fd.file_flags = (uint8_t)pick(l, 16);
	v->fd.number = (int32_t)pick(l, 5) - 1;
	v->fd.protocol = pick(l, 2) ? 6 : 17;
	v->fd.role = (uint8_t) "cs\0"[pick(l, 3)];
	v->fd.connected = pick(l, 2);
	if (v->fd.kind == EVENT_FD_IPV4 || v->fd.kind == EVENT_FD_IPV6) {
		v->fd.local = some_end(l, v->fd.kind == EVENT_FD_IPV6);
		v->fd.remote = some_end(l, v->fd.kind == EVENT_FD_IPV6);
	} else if (v->fd.kind == EVENT_FD_UNIX) {
		v->fd.path = some_path(l, a);
	} else if (pick(l, 4) == 0) {
		v->fd.path = v->path;
	}
}

/* What the kernel does not know of an event: drawn, the same each time the same thing is asked. */
static void draw_value(const struct lottery_event *e, const struct policy_ref *ref,
		       struct policy_value *ret)
{
	const struct policy_field *f = &policy_events.fields[ref->field];
	unsigned int origin = policy_events.origin_of(e->target.type, ref);
	uint64_t from = origin == ORIGIN_PROGRAM  ? e->program
			: origin == ORIGIN_PARENT ? e->parent
			: origin == ORIGIN_ENTRY  ? e->entry
						  : e->draw;
	uint64_t at = mix(from ^ mix(ref->field * 64u + ref->index + str_hash(ref->key)));
	struct lottery own = *e->lottery;

	own.seed = at;
	ret->state = e->facts_only ? POLICY_UNKNOWN
		     : at % 8 == 0 ? POLICY_ABSENT
		     : at % 8 == 1 ? POLICY_UNKNOWN
				   : POLICY_KNOWN;
	ret->count = 1;
	switch (f->type) {
	case POLICY_STRING:
	case POLICY_BYTES:
		if (f->kind != POLICY_ONE && !ref->has_index) {
			ret->count = (uint32_t)(at >> 8) % 4;
			ret->strings = e->strings;
		} else {
			ret->string = some_word(&own);
		}
		break;
	case POLICY_BOOL:
		ret->boolean = at >> 8 & 1;
		break;
	case POLICY_INT:
		if (f->kind != POLICY_ONE && !ref->has_index) {
			ret->count = (uint32_t)(at >> 8) % 4;
			ret->integers = e->integers;
			break;
		}
		ret->integer = (int64_t)(at >> 8) % 5 - 1;
		/* The origin says whether it is 1; what else it is is not in it. */
		if (origin && policy_events.is_told_as_one(ref->field) && ret->integer != 1)
			ret->integer = (int64_t)(e->draw >> 8) % 4 + 2;
		break;
	case POLICY_PORT:
		ret->port[0] = (uint16_t)at;
		break;
	case POLICY_UINT:
		ret->number = (at >> 8) % 4;
		break;
	default:
		ret->integer = (int64_t)(at >> 8) % 1000000;
	}
}

static bool is_fact(const struct policy_ref *ref)
{
	uint16_t f = ref->field;

	return f <= FIELD_EVT_IS_REPLAYED || (f >= FIELD_FD_NUM && f <= FIELD_K8S_CONTAINER_NAME);
}

static void get(const struct policy_target *t, const struct policy_ref *ref,
		struct policy_value *ret)
{
	const struct lottery_event *e = (const struct lottery_event *)(const void *)t;

	if (ref->field == FIELD_PROC_NAME)
		*ret = (struct policy_value){ .state = e->comm.n ? POLICY_KNOWN : POLICY_UNKNOWN,
					      .count = 1,
					      .string = e->comm };
	else if (is_fact(ref))
		e->inner.target.get(&e->inner.target, ref, ret);
	else
		draw_value(e, ref, ret);
}

static bool tell_origin(const struct policy_target *t, unsigned int number,
			struct policy_origin *ret)
{
	const struct lottery_event *e = (const struct lottery_event *)(const void *)t;

	switch (number) {
	case ORIGIN_PROGRAM:
		*ret = (struct policy_origin){ .number = e->program };
		return true;
	case ORIGIN_PARENT:
		*ret = (struct policy_origin){ .number = e->parent };
		return true;
	case ORIGIN_ENTRY:
		*ret = (struct policy_origin){ .number = e->entry };
		return true;
	default:
		return e->inner.target.origin(&e->inner.target, number, ret);
	}
}

/* One of a few, or one of its own; what is not a fact is UNKNOWN of the one and not of the other. */
static uint64_t some_program(struct lottery *l, bool facts_only)
{
	return (pick(l, 2) ? pick(l, 8) : lottery_next(l)) << 1 | facts_only;
}

static void set_program(struct lottery *l, struct lottery_event *e)
{
	struct lottery own = *l;

	e->program = some_program(l, e->facts_only);
	own.seed = mix(e->program);
	e->comm = some_comm(&own, l->arena);
	e->exec.comm = e->comm;
}

static void set_container(struct lottery *l, struct lottery_event *e)
{
	const struct container *c = containers[pick(l, ARRAY_LEN(containers))];

	e->in_container = c != &host;
	event_target_init(&e->inner, &l->world, &e->event, c);
}

static enum event_type some_type(struct lottery *l, const struct policy_program *p)
{
	const bool *wanted = policy_types(p);

	for (int i = 0; i < 500; i++) {
		enum event_type t = (enum event_type)pick(l, EVENT_TYPE_COUNT);

		if (wanted[t])
			return t;
	}
	return (enum event_type)pick(l, EVENT_TYPE_COUNT);
}

void lottery_draw(struct lottery *l, const struct policy_program *p, struct lottery_event *ret)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_CREAT,
				     O_RDWR | O_CREAT };
	struct lottery_event *e = ret;
	struct event *v = &e->event;
	enum event_family f;

	memset(e, 0, sizeof(*e));
	e->lottery = l;
	e->draw = lottery_next(l);
	e->facts_only = pick(l, 3) == 0;
	v->type = some_type(l, p);
	f = event_type_family(v->type);
	v->number = 1;
	v->res = pick(l, 3) ? (int64_t)pick(l, 4) : -(int64_t)pick(l, 130);
	v->raw = some_path(l, l->arena);
	v->path = resolved(pick(l, 2) ? v->raw : some_path(l, l->arena));
	if (f == EVENT_FAMILY_SYMLINK)
		v->path = v->raw; /* what the link holds, whatever it is */
	if (f == EVENT_FAMILY_RENAME || f == EVENT_FAMILY_LINK || f == EVENT_FAMILY_SYMLINK ||
	    f == EVENT_FAMILY_MOUNT) {
		v->raw2 = some_path(l, l->arena);
		v->path2 = resolved(pick(l, 2) ? v->raw2 : some_path(l, l->arena));
	}
	v->flags = (uint64_t)flags[pick(l, ARRAY_LEN(flags))];
	v->mode = pick(l, 2) ? 0755 : 0644;
	v->text = some_word(l);
	for (int i = 0; i < EVENT_MAX_ARGS; i++)
		v->arg[i] = (int64_t)pick(l, 20) - 1;
	draw_fd(l, l->arena, v);
	e->parent = some_program(l, e->facts_only);
	e->entry = some_program(l, e->facts_only);
	set_program(l, e);
	if (f == EVENT_FAMILY_EXEC)
		v->exec = &e->exec;
	for (size_t i = 0; i < 4; i++) {
		e->strings[i] = some_word(l);
		e->integers[i] = (int64_t)pick(l, 4);
	}
	set_container(l, e);
	e->target = (struct policy_target){ .type = (uint16_t)v->type,
					    .get = get,
					    .origin = tell_origin };
}

/* The plain reading. Recursion is fine here: what is judged was written by us or is bounded by the parser. */
static int64_t plain_number(str text)
{
	char copy[32];

	if (str_is(text, "true"))
		return 1;
	snprintf(copy, sizeof(copy), "%.*s", STR_ARG(text));
	return strtoll(copy, NULL, 0);
}

static bool one_value(const struct condition *n, const struct policy_field *f, bool many,
		      const struct policy_value *v, uint32_t i, str text)
{
	struct ip_set *net;
	struct arena a;
	bool in = false;

	switch (f->type) {
	case POLICY_STRING:
	case POLICY_BYTES:
		return plain_compare_text(n->op, many ? v->strings[i] : v->string, text);
	case POLICY_IP:
	case POLICY_NET:
		arena_init(&a, 0);
		if (ip_set_new(&text, 1, &a, &net, NULL, NULL) == 0)
			in = ip_set_has(net, &v->ip[i]);
		arena_done(&a);
		return in;
	case POLICY_PORT:
		return plain_compare_number(n->op, v->port[i], plain_number(text));
	case POLICY_BOOL:
		return plain_compare_number(n->op, v->boolean, plain_number(text));
	case POLICY_UINT:
		return plain_compare_number(n->op, (int64_t)v->number, plain_number(text));
	default:
		return plain_compare_number(n->op, many ? v->integers[i] : v->integer,
					    plain_number(text));
	}
}

static enum policy_verdict judge_check(const struct condition *n, const struct policy_target *t)
{
	struct policy_ref ref;
	struct policy_value v = { .state = POLICY_ABSENT };
	const struct policy_field *f;
	bool many, any = false, all = true;
	uint32_t count;

	assert(policy_field_find(&policy_events, n->left.text, &ref, NULL) == 0);
	f = &policy_events.fields[ref.field];
	many = f->kind != POLICY_ONE && !ref.has_index;
	t->get(t, &ref, &v);
	if (v.state != POLICY_KNOWN)
		return v.state == POLICY_UNKNOWN ? POLICY_MAYBE : POLICY_FALSE;
	count = many ? v.count : 1;
	if (!count)
		return POLICY_FALSE;
	if (n->op == CONDITION_EXISTS)
		return POLICY_TRUE;
	if (f->type == POLICY_NAME)
		return POLICY_MAYBE; /* no name is resolved here */
	for (uint32_t i = 0; i < count; i++) {
		bool one = false;

		for (size_t k = 0; k < n->right_count && !one; k++)
			one = one_value(n, f, many && f->kind != POLICY_ENDS, &v, i,
					n->right[k].text);
		any |= one;
		all &= one;
	}
	if (n->op == CONDITION_NE)
		return (f->kind == POLICY_ANY && many ? !all : !any) ? POLICY_TRUE : POLICY_FALSE;
	return any ? POLICY_TRUE : POLICY_FALSE;
}

static int rank(enum policy_verdict v)
{
	return v == POLICY_FALSE ? 0 : v == POLICY_MAYBE ? 1 : 2;
}

enum policy_verdict lottery_judge(const struct condition *c, const struct policy_target *t,
				  bool two_valued)
{
	static const enum policy_verdict of[] = { POLICY_FALSE, POLICY_MAYBE, POLICY_TRUE };
	enum policy_verdict v;
	int r;

	switch (c->kind) {
	case CONDITION_CHECK:
		v = judge_check(c, t);
		return v == POLICY_MAYBE && two_valued ? POLICY_FALSE : v;
	case CONDITION_NOT:
		return of[2 - rank(lottery_judge(c->children[0], t, two_valued))];
	default:
		r = c->kind == CONDITION_AND ? 2 : 0;
		for (size_t i = 0; i < c->child_count; i++) {
			int one = rank(lottery_judge(c->children[i], t, two_valued));

			r = c->kind == CONDITION_AND ? MIN(r, one) : MAX(r, one);
		}
		return of[r];
	}
}

/* Whether plain_number() reads the text as the compiler does. */
static bool is_plain_number(const struct policy_field *f, str text)
{
	bool digits = true;

	if (f->type == POLICY_BOOL)
		return true;
	text = str_skip(text, str_starts(text, S("-")));
	for (size_t i = 0; i < text.n; i++)
		digits &= text.p[i] >= '0' && text.p[i] <= '9' &&
			  (i || text.n == 1 || text.p[0] != '0');
	return digits && text.n && text.n < 19;
}

static bool can_judge_values(const struct condition *n)
{
	struct policy_ref ref;
	const struct policy_field *f;

	if (policy_field_find(&policy_events, n->left.text, &ref, NULL) < 0)
		return false;
	f = &policy_events.fields[ref.field];
	if (f->type == POLICY_NAME)
		return n->right_count || n->op == CONDITION_EXISTS;
	if (f->type == POLICY_STRING || f->type == POLICY_BYTES || f->type == POLICY_IP ||
	    f->type == POLICY_NET)
		return true;
	for (size_t i = 0; i < n->right_count; i++)
		if (!is_plain_number(f, n->right[i].text))
			return false;
	return true;
}

bool lottery_can_judge(const struct condition *c)
{
	struct condition_walk *w = malloc(sizeof(*w));
	const struct condition *n;
	bool can = true;

	assert(w);
	condition_walk_begin(w, c);
	while ((n = condition_walk_next(w))) {
		if (n->kind == CONDITION_MACRO)
			can = false;
		if (n->kind != CONDITION_CHECK)
			continue;
		can &= n->left.kind == TERM_FIELD && n->quantifier == CONDITION_PLAIN &&
		       n->op != CONDITION_REGEX && n->op != CONDITION_BCONTAINS &&
		       n->op != CONDITION_BSTARTSWITH;
		for (size_t i = 0; i < n->right_count; i++)
			can &= n->right[i].kind == TERM_TEXT;
		can = can && can_judge_values(n);
	}
	free(w);
	return can;
}

/*
 * A value is remembered when it was met a few times, and read from memory from then on; by then it may be another event's. Rules one by
 * one are judged without memory and without what else narrows them.
 */
static void check_memory(struct lottery *l, const struct policy_program *p,
			 const struct policy_target *t, struct policy_run *run,
			 struct policy_run *plain)
{
	size_t count, n, unknown, hold = 0, doubt = 0;
	const struct rule *const *rules = policy_rules(p, &count);
	const uint32_t *hits;

	for (uint32_t i = 0; i < count; i++) {
		enum policy_verdict v;

		scratch_reset(l->scratch);
		v = policy_judge_rule(plain, t, i);
		hold += v == POLICY_TRUE;
		doubt += v == POLICY_MAYBE;
	}
	for (int again = 0; again < 8; again++) {
		scratch_reset(l->scratch);
		n = policy_judge(again ? run : plain, t, &hits, &unknown);
		for (size_t i = 0; i < n; i++)
			if (policy_judge_rule(plain, t, hits[i]) != POLICY_TRUE) {
				fprintf(stderr, "rule '%.*s' does not hold, but is remembered to\n",
					STR_ARG(rules[hits[i]]->name));
				abort();
			}
		if (n != hold || unknown != doubt) {
			fprintf(stderr,
				"%s: %zu rules hold and %zu are in doubt, not %zu and %zu\n",
				event_type_name(t->type), hold, doubt, n, unknown);
			abort();
		}
	}
}

/* What is remembered of an event must do for one that is another in a single thing: each thing in its turn. */
static void check_twins(struct lottery *l, const struct policy_program *p, struct lottery_event *e,
			struct policy_run *run, struct policy_run *plain)
{
	for (int thing = 0; thing < 6; thing++) {
		if (thing == 1)
			e->draw = lottery_next(l);
		else if (thing == 2)
			e->parent = some_program(l, e->facts_only);
		else if (thing == 3)
			set_program(l, e);
		else if (thing == 4)
			set_container(l, e);
		else if (thing == 5)
			e->event.res = -e->event.res;
		check_memory(l, p, &e->target, run, plain);
	}
}

static void check_event(struct lottery *l, const struct policy_program *p,
			const struct kernel_filter *f, struct policy_run *run,
			struct policy_run *plain, size_t *ret_held)
{
	size_t count, unknown, n, held = 0, doubt = 0;
	const struct rule *const *rules = policy_rules(p, &count);
	struct lottery_event e;
	const uint32_t *hits;
	bool hit[512] = { 0 };

	scratch_reset(l->scratch);
	lottery_draw(l, p, &e);
	n = policy_judge(run, &e.target, &hits, &unknown);
	for (size_t i = 0; i < n; i++)
		hit[hits[i] % ARRAY_LEN(hit)] = true;
	if ((n || unknown) && !kernel_filter_passes(f, &e.event, e.comm, e.in_container)) {
		fprintf(stderr,
			"dropped: %s by '%.*s' path '%.*s' raw '%.*s' res %lld flags %llx, rule "
			"'%.*s'\n",
			event_type_name(e.event.type), STR_ARG(e.comm), STR_ARG(e.event.path),
			STR_ARG(e.event.raw), (long long)e.event.res,
			(unsigned long long)e.event.flags,
			STR_ARG(n ? rules[hits[0]]->name : S("(unknown)")));
		abort();
	}
	for (size_t i = 0; i < count && i < ARRAY_LEN(hit); i++) {
		enum policy_verdict v;

		if (!lottery_can_judge(rules[i]->condition))
			continue;
		v = lottery_judge(rules[i]->condition, &e.target, rules[i]->falco_compatible);
		doubt += v == POLICY_MAYBE;
		held += v == POLICY_TRUE;
		if ((v == POLICY_TRUE) != hit[i]) {
			fprintf(stderr, "rule '%.*s' on %s: plainly %d, compiled %d\n",
				STR_ARG(rules[i]->name), event_type_name(e.event.type), v, hit[i]);
			abort();
		}
	}
	assert(doubt <= unknown);
	if (pick(l, 8) == 0)
		check_twins(l, p, &e, run, plain);
	*ret_held += held;
}

size_t lottery_check(struct lottery *l, const struct policy_program *p, size_t events)
{
	struct kernel_filter *f = calloc(1, sizeof(*f));
	struct policy_run *run, *plain;
	struct arena a;
	size_t held = 0;

	arena_init(&a, 0);
	assert(f && kernel_filter_derive(p, &a, f, NULL) == 0);
	assert(policy_run_new(p, &run, NULL) == 0 && policy_run_new(p, &plain, NULL) == 0);
	policy_run_remember(plain, false);
	for (size_t i = 0; i < events; i++)
		check_event(l, p, f, run, plain, &held);
	policy_run_free(run);
	policy_run_free(plain);
	arena_done(&a);
	free(f);
	return held;
}

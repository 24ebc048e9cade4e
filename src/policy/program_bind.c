/* One comparison of a condition to a check. */
#include "policy/pattern.h"
#include "policy/program_priv.h"

/* A shorter run is in many values that the pattern does not match. */
enum { GATE_RUN = 3 };

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "rules: memory budget spent");
}

static int compare_texts(const void *a, const void *b)
{
	return str_cmp(*(const str *)a, *(const str *)b);
}

/* Sorts and drops doubles, so that a list means the same however it was written. */
static size_t settle(str *texts, size_t count)
{
	size_t kept = 0;

	qsort(texts, count, sizeof(*texts), compare_texts);
	for (size_t i = 0; i < count; i++)
		if (!kept || !str_eq(texts[kept - 1], texts[i]))
			texts[kept++] = texts[i];
	return kept;
}

static str folded(struct arena *a, str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (!p)
		return (str){ NULL, 0 };
	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) : s.p[i];
	return (str){ p, s.n };
}

/* "*x*", "x*", "*x" and "x" without other wildcards need no pattern. @return whether @p t was one of them */
static bool plain_glob(str *t, enum condition_operator *ret)
{
	str inner = *t;
	bool front = str_starts(inner, S("*")), back;

	inner = str_skip(inner, front);
	back = str_ends(inner, S("*"));
	inner = str_take(inner, inner.n - back);
	if (pattern_is_wild(inner))
		return false;
	*ret = front && back ? CONDITION_CONTAINS
	       : front       ? CONDITION_ENDSWITH
	       : back        ? CONDITION_STARTSWITH
			     : CONDITION_EQ;
	*t = inner;
	return true;
}

static int matcher_of(enum condition_operator op)
{
	switch (op) {
	case CONDITION_EQ:
	case CONDITION_NE:
	case CONDITION_IN:
	case CONDITION_INTERSECTS:
		return MATCH_EXACT;
	case CONDITION_STARTSWITH:
	case CONDITION_BSTARTSWITH:
		return MATCH_PREFIX;
	case CONDITION_ENDSWITH:
		return MATCH_SUFFIX;
	case CONDITION_CONTAINS:
	case CONDITION_BCONTAINS:
		return MATCH_SCAN;
	case CONDITION_ICONTAINS:
		return MATCH_SCAN_FOLD;
	case CONDITION_PMATCH:
		return MATCH_DIR;
	default:
		return -1;
	}
}

/* How the values of a field of several are put together. */
static void quantify(struct program_check *k, enum policy_kind many)
{
	bool differs = k->op == CONDITION_NE;

	k->negate = differs;
	k->all = (differs && many == POLICY_ANY) || (k->op == CONDITION_IN && many == POLICY_LIST);
}

static int add_matcher(struct compiler *c, struct program_check *k, enum matcher_kind kind,
		       const str *texts, size_t count, struct err *e)
{
	struct policy_program *p = c->p;
	struct program_slot *s = &p->slots[k->slot];
	struct program_matcher *m;
	OWNED_BUF key = BUF_INIT;
	str owned;
	void **at;

	if (!s->matchers[kind]) {
		m = ARENA_PUSH(c->a, p->matchers, p->matcher_count, p->matcher_cap);
		if (!m)
			return spent(e);
		*m = (struct program_matcher){ .kind = kind, .slot = k->slot };
		s->matchers[kind] = (uint32_t)p->matcher_count;
	}
	k->matcher = s->matchers[kind] - 1;
	m = &p->matchers[k->matcher];
	key_number(&key, k->matcher);
	for (size_t i = 0; i < count; i++) {
		key_number(&key, texts[i].n);
		buf_add(&key, texts[i]);
	}
	owned = buf_error(&key) ? (str){ NULL, 0 } : arena_str(c->a, buf_str(&key));
	at = owned.p ? map_at(&c->bits, owned) : NULL;
	if (!at)
		return spent(e);
	if (*at) {
		k->bit = (uint32_t)((uintptr_t)*at - 1);
		return 0;
	}
	k->bit = m->bits++;
	*at = (void *)(uintptr_t)(m->bits);
	for (size_t i = 0; i < count; i++) {
		struct literal *l = ARENA_PUSH(c->a, m->literals, m->count, m->cap);

		if (!l)
			return spent(e);
		*l = (struct literal){ texts[i], k->bit };
	}
	return 0;
}

static int name_number(struct compiler *c, str name, uint32_t *ret)
{
	void **at = map_at(&c->names, name);

	if (!at)
		return -ENOBUFS;
	if (!*at) {
		str *fresh = ARENA_PUSH(c->a, c->p->names, c->p->name_count, c->p->name_cap);

		if (!fresh)
			return -ENOBUFS;
		*fresh = name;
		*at = (void *)(uintptr_t)(c->p->name_count);
	}
	*ret = (uint32_t)((uintptr_t)*at - 1);
	return 0;
}

static int bind_names(struct compiler *c, struct program_check *k, struct err *e)
{
	uint32_t *names = ARENA_ARRAY(c->a, k->text_count, uint32_t);

	if (!names)
		return spent(e);
	for (size_t i = 0; i < k->text_count; i++)
		if (name_number(c, k->texts[i], &names[i]) < 0)
			return spent(e);
	k->how = CHECK_NAMES;
	k->others = names;
	k->other_count = k->text_count;
	return 0;
}

/* Patterns of pmatch with wildcards go one by one: mixed lists too, for such a list is seldom long. */
static bool has_wild(const struct program_check *k)
{
	for (size_t i = 0; i < k->text_count; i++)
		if (pattern_is_wild(k->texts[i]))
			return true;
	return false;
}

/* A pattern is tried only on values that begin as it does, or have the longest text that is in it. */
static int gate_pattern(struct compiler *c, struct program_check *k, struct err *e)
{
	str begin = pattern_beginning(k->texts[0]), run = pattern_run(k->texts[0]);
	bool by_run = begin.n <= 1 && run.n >= GATE_RUN;

	k->gated = k->op == CONDITION_GLOB && (begin.n > 1 || by_run);
	if (!k->gated)
		return 0;
	return add_matcher(c, k, by_run ? MATCH_SCAN : MATCH_PREFIX, by_run ? &run : &begin, 1, e);
}

static int bind_string(struct compiler *c, struct program_check *k, str *texts, struct err *e)
{
	int kind, r = 0;

	switch (k->op) {
	case CONDITION_LT:
	case CONDITION_LE:
	case CONDITION_GT:
	case CONDITION_GE:
		k->how = CHECK_ORDER;
		return 0;
	case CONDITION_REGEX:
		k->how = CHECK_REGEX;
		c->p->expressions = true;
		return regex_new(texts[0], &k->regex, NULL, e);
	case CONDITION_GLOB:
	case CONDITION_IGLOB:
		if (pattern_is_extended(texts[0]))
			return err_set(e, EBADMSG, "'%.*s' is an extended pattern; use regex",
				       STR_ARG(texts[0]));
		if (k->op == CONDITION_IGLOB || !plain_glob(&texts[0], &k->op)) {
			k->how = CHECK_PATTERNS;
			return gate_pattern(c, k, e);
		}
		break;
	case CONDITION_PMATCH:
		if (has_wild(k)) {
			k->how = CHECK_PATTERNS;
			return 0;
		}
		break;
	case CONDITION_BCONTAINS:
	case CONDITION_BSTARTSWITH:
		r = bind_hex(c, texts[0], &texts[0], e);
		break;
	case CONDITION_ICONTAINS:
		for (size_t i = 0; i < k->text_count; i++) {
			texts[i] = folded(c->a, texts[i]);
			if (!texts[i].p)
				return spent(e);
		}
		break;
	default:
		break;
	}
	kind = matcher_of(k->op);
	k->how = CHECK_BIT;
	return r < 0 ? r : add_matcher(c, k, (enum matcher_kind)kind, texts, k->text_count, e);
}

/* Numbers are looked up as strings are, by the bytes of their keys. */
static int match_numbers(struct compiler *c, struct program_check *k, struct err *e)
{
	str *texts = ARENA_ARRAY(c->a, k->number_count, str);

	if (!texts)
		return spent(e);
	for (size_t i = 0; i < k->number_count; i++)
		texts[i] = (str){ (const char *)&k->numbers[i], sizeof(k->numbers[i]) };
	return add_matcher(c, k, MATCH_EXACT, texts, k->number_count, e);
}

static int bind_texts(struct compiler *c, struct program_check *k, str *texts, struct err *e)
{
	const struct program_slot *s = &c->p->slots[k->slot];
	uint64_t *numbers;
	struct ip_set *nets;
	int r;

	quantify(k, s->many);
	switch (s->type) {
	case POLICY_STRING:
	case POLICY_BYTES:
		return bind_string(c, k, texts, e);
	case POLICY_NAME:
		return bind_names(c, k, e);
	case POLICY_IP:
	case POLICY_NET:
		k->how = CHECK_NETS;
		r = ip_set_new(texts, k->text_count, c->a, &nets, NULL, e);
		k->nets = r < 0 ? NULL : nets;
		return r;
	default:
		k->how = k->op >= CONDITION_LT && k->op <= CONDITION_GE ? CHECK_COMPARE
									: CHECK_NUMBERS;
		r = bind_numbers(c, s->type, texts, k->text_count, &numbers, e);
		if (r < 0)
			return r;
		k->numbers = numbers;
		k->number_count = k->text_count;
		return k->how == CHECK_NUMBERS ? match_numbers(c, k, e) : 0;
	}
}

/* Whether values of the two types can stand on both sides of a comparison. */
static bool are_alike(enum policy_type a, enum policy_type b)
{
	static const uint8_t group[] = {
		[POLICY_STRING] = 1, [POLICY_BYTES] = 1,    [POLICY_INT] = 2,  [POLICY_UINT] = 2,
		[POLICY_BOOL] = 3,   [POLICY_IP] = 4,       [POLICY_NET] = 4,  [POLICY_PORT] = 2,
		[POLICY_NAME] = 4,   [POLICY_DURATION] = 2, [POLICY_TIME] = 2,
	};

	return group[a] == group[b];
}

static int bind_slots(struct compiler *c, const struct condition *n, struct program_check *k,
		      struct err *e)
{
	uint32_t *others = ARENA_ARRAY(c->a, n->right_count, uint32_t);

	if (!others)
		return spent(e);
	if (k->op == CONDITION_REGEX)
		return err_set(e, EBADMSG, "a regular expression must be written in the rule");
	for (size_t i = 0; i < n->right_count; i++) {
		int r = bind_term(c, &n->right[i], &others[i], e);
		enum policy_type left, right;

		if (r < 0)
			return r;
		left = c->p->slots[k->slot].type;
		right = c->p->slots[others[i]].type;
		if (!are_alike(left, right))
			return err_set(e, EBADMSG,
				       "a value of type %s cannot be compared with one of type %s",
				       policy_type_name(left), policy_type_name(right));
	}
	quantify(k, c->p->slots[k->slot].many);
	k->how = CHECK_SLOTS;
	k->others = others;
	k->other_count = n->right_count;
	return 0;
}

static bool all_texts(const struct condition *n)
{
	for (size_t i = 0; i < n->right_count; i++)
		if (n->right[i].kind != TERM_TEXT)
			return false;
	return true;
}

/* A check is the same as another when all that decides it is. */
static int check_id(struct compiler *c, const struct program_check *k, uint32_t *ret, struct err *e)
{
	struct policy_program *p = c->p;
	OWNED_BUF key = BUF_INIT;
	struct program_check *fresh;
	void **at;
	str owned;

	key_number(&key, (uint64_t)k->how << 32 | k->slot);
	key_number(&key, (uint64_t)k->all << 1 | k->negate);
	if (k->how == CHECK_BIT) {
		key_number(&key, (uint64_t)k->matcher << 32 | k->bit);
	} else {
		key_number(&key, (uint64_t)k->op << 32 | k->text_count);
		for (size_t i = 0; i < k->text_count; i++) {
			key_number(&key, k->texts[i].n);
			buf_add(&key, k->texts[i]);
		}
	}
	for (size_t i = 0; i < k->other_count; i++)
		key_number(&key, k->others[i]);
	owned = buf_error(&key) ? (str){ NULL, 0 } : arena_str(c->a, buf_str(&key));
	at = owned.p ? map_at(&c->checks, owned) : NULL;
	if (!at)
		return spent(e);
	if (!*at) {
		fresh = ARENA_PUSH(c->a, p->checks, p->check_count, p->check_cap);
		if (!fresh)
			return spent(e);
		*fresh = *k;
		*at = (void *)(uintptr_t)(p->check_count);
	} else {
		regex_free(k->regex);
	}
	*ret = (uint32_t)((uintptr_t)*at - 1);
	return 0;
}

static int printed(struct compiler *c, const struct condition *n, str *ret, struct err *e)
{
	OWNED_BUF text = BUF_INIT;

	condition_print(n, &text);
	*ret = buf_error(&text) ? (str){ NULL, 0 } : arena_str(c->a, buf_str(&text));
	return ret->p ? 0 : spent(e);
}

/* The check of @p n with the values from @p first on, @p count of them. */
static int bind_part(struct compiler *c, const struct condition *n, uint32_t slot, size_t first,
		     size_t count, uint32_t *ret, struct err *e)
{
	struct condition part = *n;
	struct program_check k = { .op = n->op, .slot = slot };
	str *texts = ARENA_ARRAY(c->a, count, str);
	int r;

	if (!texts)
		return spent(e);
	part.right = first ? n->right + first : n->right;
	part.right_count = count;
	if (count < n->right_count)
		part.quantifier = CONDITION_PLAIN;
	r = printed(c, &part, &k.text, e);
	if (r < 0)
		return r;
	if (n->op == CONDITION_EXISTS) {
		k.how = CHECK_EXISTS;
	} else if (all_texts(&part)) {
		for (size_t i = 0; i < count; i++) {
			texts[i] = arena_str(c->a, part.right[i].text);
			if (!texts[i].p)
				return spent(e);
		}
		k.texts = texts;
		k.text_count = settle(texts, count);
		r = bind_texts(c, &k, texts, e);
	} else {
		r = bind_slots(c, &part, &k, e);
	}
	if (r == 0)
		r = check_id(c, &k, ret, e);
	if (r < 0)
		regex_free(k.regex);
	return r;
}

/* "oneof", and the others where one check cannot take the list whole. */
static int bind_each(struct compiler *c, const struct condition *n, uint32_t slot, bool two_valued,
		     uint32_t *ret, struct err *e)
{
	uint32_t *ids = ARENA_ARRAY(c->a, n->right_count, uint32_t);
	struct program_check k = { .op = n->op, .slot = slot, .how = CHECK_ONE_OF };
	uint32_t check;
	int r;

	if (!ids)
		return spent(e);
	for (size_t i = 0; i < n->right_count; i++) {
		r = bind_part(c, n, slot, i, 1, &ids[i], e);
		if (r < 0)
			return r;
	}
	/* Of an empty list nothing holds, not even allof. */
	if (n->quantifier != CONDITION_ONEOF && n->right_count) {
		for (size_t i = 0; i < n->right_count; i++) {
			ids[i] = node_check(c, ids[i], two_valued);
			if (ids[i] == UINT32_MAX)
				return spent(e);
		}
		*ret = node_join(c, n->quantifier == CONDITION_ALLOF ? NODE_AND : NODE_OR, ids,
				 n->right_count);
		return *ret == UINT32_MAX ? spent(e) : 0;
	}
	k.others = ids;
	k.other_count = n->right_count;
	r = printed(c, n, &k.text, e);
	if (r == 0)
		r = check_id(c, &k, &check, e);
	if (r < 0)
		return r;
	*ret = node_check(c, check, two_valued);
	return *ret == UINT32_MAX ? spent(e) : 0;
}

/* anyof over texts is one look-up where the operator is. */
static bool takes_whole_list(const struct condition *n)
{
	return n->quantifier == CONDITION_PLAIN ||
	       (n->quantifier == CONDITION_ANYOF && all_texts(n) && n->op != CONDITION_NE &&
		n->op != CONDITION_BCONTAINS && n->op != CONDITION_BSTARTSWITH &&
		matcher_of(n->op) >= 0);
}

int bind_check(struct compiler *c, const struct condition *n, bool two_valued, uint32_t *ret,
	       struct err *e)
{
	uint32_t slot, check;
	int r;

	c->fault_at = n->offset;
	r = bind_term(c, &n->left, &slot, e);
	if (r < 0)
		return r;
	r = bind_operator(c->p->slots[slot].type, c->p->slots[slot].many, n->op, e);
	if (r < 0)
		return r;
	if (!takes_whole_list(n))
		return bind_each(c, n, slot, two_valued, ret, e);
	r = bind_part(c, n, slot, 0, n->right_count, &check, e);
	if (r < 0)
		return r;
	*ret = node_check(c, check, two_valued);
	return *ret == UINT32_MAX ? spent(e) : 0;
}

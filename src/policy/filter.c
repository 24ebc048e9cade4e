#include "policy/filter.h"

#include "base/word.h"

#define FILTER_MAX_DEPTH 64
#define FILTER_BUDGET_BYTES ((size_t)1 << 20)

struct policy_filter {
	struct arena arena;
	struct rule rule;
	struct policy_program *program;
	struct policy_run *run;
};

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-' || c == '/' || c == ':' || c == '*' || c == '[' ||
	       c == ']';
}

/* Whether what follows a name compares it. */
static bool operator_follows(str rest)
{
	static const char *const words[] = { "exists",   "contains",   "icontains", "startswith",
					     "endswith", "glob",       "iglob",     "regex",
					     "in",       "intersects", "pmatch" };
	size_t n = 0;

	while (rest.n &&
	       (rest.p[0] == ' ' || rest.p[0] == '\t' || rest.p[0] == '\n' || rest.p[0] == '\r'))
		rest = str_skip(rest, 1);
	if (rest.n && strchr("=!<>", rest.p[0]))
		return true;
	while (n < rest.n && is_name(rest.p[n]))
		n++;
	return WORD_FIND(words, str_take(rest, n)) >= 0;
}

/* Where the text was changed, in what it became: `removed` bytes made way for `added`. */
struct edit {
	size_t at, removed, added;
};

struct completion {
	const struct policy_subject *subject;
	struct buf *out;
	struct edit edits[64];
	size_t count;
	bool compared;  /* a field was named last whose ... */
	uint16_t field; /* ... values follow */
};

static bool find_own(const struct policy_subject *s, str name, struct policy_ref *ret)
{
	char whole[96];

	if (!s->prefix || name.n > 64 || str_find(name, '.') < name.n)
		return false;
	snprintf(whole, sizeof(whole), "%s%.*s", s->prefix, STR_ARG(name));
	return policy_field_find(s, str_from(whole), ret, NULL) == 0;
}

/* A name that people use for a field of another name. */
static const char *alias_of(const struct policy_subject *s, str name)
{
	for (size_t i = 0; i < s->alias_count; i++)
		if (str_is(name, s->aliases[i].name))
			return s->aliases[i].field;
	return NULL;
}

static const char *number_of(const struct policy_subject *s, uint16_t field, str word)
{
	for (size_t i = 0; i < s->word_count; i++)
		if (s->words[i].field == field && str_is(word, s->words[i].word))
			return s->words[i].number;
	return NULL;
}

static void replace(struct completion *c, size_t removed, const char *by)
{
	c->edits[c->count++] = (struct edit){ c->out->n, removed, strlen(by) };
	buf_add(c->out, str_from(by));
}

static void complete_name(struct completion *c, str name, str rest)
{
	struct policy_ref ref;
	const char *number;

	if (c->count == ARRAY_LEN(c->edits)) {
		buf_add(c->out, name);
	} else if (operator_follows(rest)) {
		const char *alias = alias_of(c->subject, name);
		bool own;

		if (alias) {
			replace(c, name.n, alias);
			name = str_from(alias);
		}
		own = !alias && find_own(c->subject, name, &ref);
		if (own)
			replace(c, 0, c->subject->prefix);
		c->compared = own || policy_field_find(c->subject, name, &ref, NULL) == 0;
		c->field = ref.field;
		if (!alias)
			buf_add(c->out, name);
	} else {
		number = c->compared ? number_of(c->subject, c->field, name) : NULL;
		if (number)
			replace(c, name.n, number);
		else
			buf_add(c->out, name);
	}
}

/* Puts the subject's prefix before names of its own fields and numbers for its words; quoted text stays as it is. */
static void complete(struct completion *c, str text)
{
	while (text.n) {
		size_t n = 1;

		if (text.p[0] == '"' || text.p[0] == '\'') {
			while (n < text.n && text.p[n] != text.p[0])
				n += text.p[n] == '\\' ? 2 : 1;
			n = MIN(n + 1, text.n);
			buf_add(c->out, str_take(text, n));
		} else if (is_name(text.p[0])) {
			while (n < text.n && is_name(text.p[n]))
				n++;
			complete_name(c, str_take(text, n), str_skip(text, n));
		} else {
			buf_byte(c->out, text.p[0]);
		}
		text = str_skip(text, n);
	}
}

bool policy_filter_is_condition(str text, const struct policy_subject *s)
{
	struct policy_ref ref;

	while (text.n) {
		size_t n = 1;
		str name, rest;

		while (n < text.n && is_name(text.p[0]) && is_name(text.p[n]))
			n++;
		name = str_take(text, n);
		rest = str_skip(text, n);
		text = rest;
		if (!is_name(name.p[0]) || !operator_follows(rest))
			continue;
		while (rest.p[0] == ' ')
			rest = str_skip(rest, 1);
		if (strchr("=!<>", rest.p[0]) || alias_of(s, name) || find_own(s, name, &ref) ||
		    str_find(name, '.') < name.n)
			return true;
	}
	return false;
}

/* The place in the text as it was given. */
static size_t given_at(const struct completion *c, size_t at)
{
	size_t given = at;

	for (size_t i = 0; i < c->count && at > c->edits[i].at; i++) {
		const struct edit *d = &c->edits[i];

		if (at < d->at + d->added)
			return given - (at - d->at);
		given = given + d->removed - d->added;
	}
	return given;
}

static int refuse_macros(struct condition *root, size_t *ret_at, struct err *e)
{
	OWNED struct condition_walk *w = calloc(1, sizeof(*w));
	const struct condition *n;

	if (!w)
		return err_set(e, ENOMEM, "out of memory");
	condition_walk_begin(w, root);
	while ((n = condition_walk_next(w)))
		if (n->kind == CONDITION_MACRO) {
			*ret_at = n->offset;
			return err_set(e, EBADMSG,
				       "'%.*s' is no comparison: write field, operator, value",
				       STR_ARG(n->name));
		}
	return 0;
}

/* Appends the words that the field is compared with; none: any. @return whether @p word is one */
static bool is_word_of(const struct policy_subject *s, uint16_t field, str word, struct buf *all)
{
	bool found = false;

	for (size_t i = 0; i < s->enum_count; i++)
		for (size_t k = 0; s->enums[i].field == field && k < s->enums[i].count; k++) {
			buf_printf(all, "%s%s", all->n ? ", " : "", s->enums[i].words[k]);
			found |= str_is(word, s->enums[i].words[k]);
		}
	for (size_t i = 0; i < s->word_count; i++)
		if (s->words[i].field == field) {
			buf_printf(all, "%s%s", all->n ? ", " : "", s->words[i].word);
			found |= str_is(word, s->words[i].word) ||
				 (word.n && word.p[0] >= '0' && word.p[0] <= '9');
		}
	return found;
}

/* Values have no place in the tree: where it is written behind the field, or where the comparison begins. */
static size_t place_of(const struct condition *n, str text, str value)
{
	size_t from = MIN(n->offset + n->left.text.n, text.n);
	size_t at = str_search(str_skip(text, from), value);

	return from + at < text.n ? from + at : n->offset;
}

static int refuse_word(str word, const char *field, struct buf *all, struct err *e)
{
	return err_set(e, EBADMSG, "'%.*s' is none of the words of %s: %s",
		       STR_ARG(str_take(word, 64)), field, buf_cstr(all));
}

/* The name before "<", "<=", ">" or ">=" that ends the text; empty: there is none. */
static str ordered_name(str before)
{
	before = str_trim(before);
	if (str_ends(before, S("=")))
		before.n--;
	if (!str_ends(before, S("<")) && !str_ends(before, S(">")))
		return (str){ NULL, 0 };
	before.n--;
	before = str_trim(before);
	for (size_t n = 0; n < before.n; n++)
		if (!is_name(before.p[before.n - 1 - n]))
			return str_skip(before, before.n - n);
	return before;
}

/*
 * What orders takes numbers: parsing ends at a word that completion knew no number for, and says that one is expected. Where the field
 * has words it is they that are expected. @return -EBADMSG
 */
static int refuse_ordered(const struct policy_subject *s, str text, size_t at, struct err *e)
{
	OWNED_BUF all = BUF_INIT;
	str name = ordered_name(str_take(text, at)), word = str_skip(text, at);
	struct policy_ref ref;
	size_t n = 0;

	while (n < word.n && is_name(word.p[n]))
		n++;
	word = str_take(word, n);
	if (!n || !name.n || policy_field_find(s, name, &ref, NULL) < 0 ||
	    is_word_of(s, ref.field, word, &all) || !all.n)
		return -EBADMSG;
	return refuse_word(word, s->fields[ref.field].name, &all, e);
}

static int check_words(const struct condition *n, const struct policy_subject *s, str text,
		       size_t *ret_at, struct err *e)
{
	struct policy_ref ref;

	if (n->kind != CONDITION_CHECK || n->left.kind != TERM_FIELD ||
	    (n->op > CONDITION_GE && n->op != CONDITION_IN && n->op != CONDITION_INTERSECTS) ||
	    policy_field_find(s, n->left.text, &ref, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n->right_count; i++) {
		OWNED_BUF all = BUF_INIT;
		str value = n->right[i].text;

		if (n->right[i].kind != TERM_TEXT || is_word_of(s, ref.field, value, &all) ||
		    !all.n)
			continue;
		*ret_at = place_of(n, text, value);
		return refuse_word(value, s->fields[ref.field].name, &all, e);
	}
	return 0;
}

static int refuse_words(const struct condition *root, const struct policy_subject *s, str text,
			size_t *ret_at, struct err *e)
{
	OWNED struct condition_walk *w = calloc(1, sizeof(*w));
	const struct condition *n;
	int r = w ? 0 : err_set(e, ENOMEM, "out of memory");

	if (w)
		condition_walk_begin(w, root);
	while (r == 0 && (n = condition_walk_next(w)))
		r = check_words(n, s, text, ret_at, e);
	return r;
}

struct fault {
	size_t at;
	bool told;
};

static int note(void *ctx, const struct rule *r, enum rule_code c, uint32_t offset, str message,
		struct err *e)
{
	struct fault *f = ctx;

	(void)r;
	(void)c;
	f->at = offset;
	f->told = true;
	return err_set(e, EBADMSG, "%.*s", STR_ARG(message));
}

static int build(struct policy_filter *f, str text, const struct policy_subject *s, bool is_new,
		 size_t *ret_at, struct err *e)
{
	const struct rule *rules[] = { &f->rule };
	struct fault fault = { 0 };
	int r;

	r = condition_parse(text, FILTER_MAX_DEPTH, &f->arena, &f->rule.condition, ret_at, e);
	if (r == -EBADMSG)
		r = refuse_ordered(s, text, *ret_at, e);
	if (r == 0)
		r = refuse_macros(f->rule.condition, ret_at, e);
	if (r == 0 && is_new)
		r = refuse_words(f->rule.condition, s, text, ret_at, e);
	if (r < 0)
		return r;
	f->rule.name = S("filter");
	f->rule.source = str_from(s->name);
	f->rule.condition_text = text;
	f->rule.enabled = true;
	r = policy_compile_rules(rules, 1, s, note, &fault, &f->program, e);
	if (r < 0) {
		if (fault.told)
			*ret_at = fault.at;
		return r;
	}
	return policy_run_new(f->program, &f->run, e);
}

static int make(str text, const struct policy_subject *s, bool is_new, struct policy_filter **ret,
		size_t *ret_at, struct err *e)
{
	struct policy_filter *f;
	OWNED_BUF full = BUF_INIT;
	struct completion c = { .subject = s, .out = &full };
	size_t at = 0;
	int r;

	if (text.n > POLICY_FILTER_MAX_TEXT)
		return err_set(e, E2BIG, "a condition may have %d bytes", POLICY_FILTER_MAX_TEXT);
	f = calloc(1, sizeof(*f));
	if (!f)
		return err_set(e, ENOMEM, "out of memory");
	arena_init(&f->arena, FILTER_BUDGET_BYTES);
	complete(&c, text);
	text = arena_str(&f->arena, buf_str(&full));
	if (buf_error(&full) || !text.p)
		r = err_set(e, ENOBUFS, "condition: memory budget spent");
	else
		r = build(f, text, s, is_new, &at, e);
	if (r < 0) {
		if (ret_at)
			*ret_at = given_at(&c, MIN(at, text.n));
		policy_filter_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

int policy_filter_new(str text, const struct policy_subject *s, struct policy_filter **ret,
		      size_t *ret_at, struct err *e)
{
	return make(text, s, true, ret, ret_at, e);
}

int policy_filter_reopen(str text, const struct policy_subject *s, struct policy_filter **ret,
			 size_t *ret_at, struct err *e)
{
	return make(text, s, false, ret, ret_at, e);
}

void policy_filter_free(struct policy_filter *f)
{
	if (!f)
		return;
	policy_run_free(f->run);
	policy_free(f->program);
	arena_done(&f->arena);
	free(f);
}

bool policy_filter_uses(const struct policy_filter *f, uint16_t field)
{
	return policy_uses(f->program, field);
}

const struct condition *policy_filter_condition(const struct policy_filter *f)
{
	return f->rule.condition;
}

enum policy_verdict policy_filter_judge(struct policy_filter *f, const struct policy_target *t)
{
	return policy_judge_rule(f->run, t, 0);
}

static size_t values_of(const struct condition *n, const char *field, str *ret, size_t max)
{
	if (n->kind != CONDITION_CHECK || n->left.kind != TERM_FIELD ||
	    !str_is(n->left.text, field) || (n->op != CONDITION_EQ && n->op != CONDITION_IN) ||
	    n->quantifier != CONDITION_PLAIN || n->right_count > max)
		return 0;
	for (size_t i = 0; i < n->right_count; i++) {
		if (n->right[i].kind != TERM_TEXT)
			return 0;
		ret[i] = n->right[i].text;
	}
	return n->right_count;
}

size_t policy_filter_requires(const struct policy_filter *f, const char *field, str *ret,
			      size_t max)
{
	const struct condition *root = f->rule.condition;

	if (root->kind == CONDITION_AND)
		for (size_t i = 0; i < root->child_count; i++) {
			size_t n = values_of(root->children[i], field, ret, max);

			if (n)
				return n;
		}
	return values_of(root, field, ret, max);
}

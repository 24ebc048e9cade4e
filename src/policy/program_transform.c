/* Transformers: what they make stands in the run's scratch until the next judgement. No room left: the value is UNKNOWN. */
#include "policy/program_priv.h"

static char *room(struct policy_run *r, size_t n)
{
	size_t at = (r->scratch_used + 15) & ~(size_t)15;

	if (n > RUN_SCRATCH_BYTES || at > RUN_SCRATCH_BYTES - n)
		return NULL;
	r->scratch_used = at + n;
	return r->scratch + at;
}

static unsigned char to_lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

static unsigned char to_upper(unsigned char c)
{
	return c >= 'a' && c <= 'z' ? (unsigned char)(c & ~0x20) : c;
}

static enum policy_state change_case(struct policy_run *r, unsigned char (*change)(unsigned char),
				     str s, str *ret)
{
	char *p = room(r, s.n);

	if (!p)
		return POLICY_UNKNOWN;
	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)change((unsigned char)s.p[i]);
	*ret = (str){ p, s.n };
	return POLICY_KNOWN;
}

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 4648, padding optional. What is no base64 has no value. */
static enum policy_state decode(struct policy_run *r, str s, str *ret)
{
	char *p = room(r, s.n / 4 * 3 + 3);
	uint32_t bits = 0, have = 0;
	size_t n = 0;

	if (!p)
		return POLICY_UNKNOWN;
	for (int pad = 0; pad < 2 && str_ends(s, S("=")); pad++)
		s = str_take(s, s.n - 1);
	if (s.n % 4 == 1)
		return POLICY_ABSENT;
	for (size_t i = 0; i < s.n; i++) {
		int d = digit_of(s.p[i]);

		if (d < 0)
			return POLICY_ABSENT;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			p[n++] = (char)(bits >> have);
		}
	}
	*ret = (str){ p, n };
	return POLICY_KNOWN;
}

static enum policy_state change(struct policy_run *r, enum condition_transform t, str s, str *ret)
{
	switch (t) {
	case TRANSFORM_TOLOWER:
		return change_case(r, to_lower, s, ret);
	case TRANSFORM_TOUPPER:
		return change_case(r, to_upper, s, ret);
	case TRANSFORM_B64:
		return decode(r, s, ret);
	default: {
		size_t slash = str_find_last(s, '/');

		*ret = slash < s.n ? str_skip(s, slash + 1) : s;
		return POLICY_KNOWN;
	}
	}
}

/* tolower and its like: each value by itself; those without a result are left out. */
static void change_each(struct policy_run *r, const struct program_slot *s,
			const struct policy_value *from, struct policy_value *ret)
{
	const struct program_slot *of = &r->p->slots[s->args[0]];
	size_t count = value_count(of, from);
	str *out;

	if (of->many == POLICY_ONE) {
		ret->count = 1;
		ret->state = change(r, s->transform, from->string, &ret->string);
		return;
	}
	out = (str *)(void *)room(r, count * sizeof(*out));
	ret->state = out ? POLICY_KNOWN : POLICY_UNKNOWN;
	ret->count = 0;
	ret->strings = out;
	for (size_t i = 0; out && i < count; i++) {
		enum policy_state st =
			change(r, s->transform, value_string(of, from, i), &out[ret->count]);

		if (st == POLICY_UNKNOWN)
			ret->state = st;
		ret->count += st == POLICY_KNOWN;
	}
}

static bool append(struct policy_run *r, str *to, str s)
{
	/* Pieces follow one another: nothing else takes room meanwhile. */
	if (s.n > RUN_SCRATCH_BYTES - r->scratch_used)
		return false;
	if (s.n)
		memcpy(r->scratch + r->scratch_used, s.p, s.n);
	r->scratch_used += s.n;
	to->n += s.n;
	return true;
}

/* concat: all arguments; join: those behind the first, with the first between them. */
static enum policy_state put_together(struct policy_run *r, const struct program_slot *s, str *ret)
{
	bool join = s->transform == TRANSFORM_JOIN, begun = false;
	str between = join ? r->slots[s->args[0]].value.string : S("");
	str out = { room(r, 0), 0 };

	if (!out.p)
		return POLICY_UNKNOWN;
	for (size_t i = join; i < s->arg_count; i++) {
		const struct program_slot *of = &r->p->slots[s->args[i]];
		const struct policy_value *v = &r->slots[s->args[i]].value;
		size_t count = value_count(of, v);

		for (size_t k = 0; k < count; k++, begun = true)
			if ((begun && !append(r, &out, between)) ||
			    !append(r, &out, value_string(of, v, k)))
				return POLICY_UNKNOWN;
	}
	*ret = out;
	return POLICY_KNOWN;
}

/* Whether the option string gives @p c a value. */
static bool takes_value(str options, char c)
{
	size_t at = str_find(options, c);

	return c != ':' && at + 1 < options.n && options.p[at + 1] == ':';
}

/* As getopt(3) reads the words of @p args; an option without value is "true". The last of several counts. */
static enum policy_state find_option(str args, str options, str option, str *ret)
{
	enum policy_state state = POLICY_ABSENT;

	if (option.n != 1)
		return POLICY_ABSENT;
	while (args.n) {
		str word = str_cut(&args, ' ');

		if (str_is(word, "--"))
			break;
		if (word.n < 2 || word.p[0] != '-')
			continue;
		for (word = str_skip(word, 1); word.n; word = str_skip(word, 1)) {
			char c = word.p[0];
			str value = S("true");
			bool valued = takes_value(options, c);

			if (valued)
				value = word.n > 1 ? str_skip(word, 1) : str_cut(&args, ' ');
			if (c == option.p[0] && str_find(options, c) < options.n) {
				*ret = value;
				state = POLICY_KNOWN;
			}
			if (valued)
				break;
		}
	}
	return state;
}

void run_transform(struct policy_run *r, const struct program_slot *s, struct policy_value *ret)
{
	const struct policy_value *first = NULL;

	ret->state = POLICY_KNOWN;
	ret->count = 1;
	for (size_t i = 0; i < s->arg_count; i++) {
		const struct policy_value *v = run_slot(r, s->args[i]);

		if (v->state == POLICY_ABSENT)
			ret->state = POLICY_ABSENT;
		else if (v->state == POLICY_UNKNOWN && ret->state == POLICY_KNOWN)
			ret->state = POLICY_UNKNOWN;
		first = first ? first : v;
	}
	if (ret->state != POLICY_KNOWN || !first)
		return;
	switch (s->transform) {
	case TRANSFORM_LEN:
		ret->number = r->p->slots[s->args[0]].many == POLICY_ONE
				      ? first->string.n
				      : value_count(&r->p->slots[s->args[0]], first);
		break;
	case TRANSFORM_JOIN:
	case TRANSFORM_CONCAT:
		ret->state = put_together(r, s, &ret->string);
		break;
	case TRANSFORM_GETOPT:
		ret->state = s->arg_count < 2
				     ? POLICY_ABSENT
				     : find_option(first->string, r->slots[s->args[1]].value.string,
						   s->text, &ret->string);
		break;
	default:
		change_each(r, s, first, ret);
	}
}

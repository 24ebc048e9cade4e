#include "scan/feed/interval.h"

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "memory budget spent");
}

static int add(struct intervals *set, struct interval i, struct err *e)
{
	struct interval *at = ARENA_PUSH(set->arena, set->items, set->count, set->cap);

	if (!at)
		return spent(e);
	*at = i;
	return 0;
}

/* Whether a is the later version; when one of them is no version, whether it came last. */
static bool later(const struct intervals *set, str a, str b)
{
	int order;

	return version_compare(set->scheme, a, b, &order, NULL) < 0 || order > 0;
}

static void raise_low(const struct intervals *set, struct interval *i, str version, bool included)
{
	if (i->low.n && later(set, i->low, version))
		return;
	i->low = version;
	i->low_included = included;
}

static void lower_high(const struct intervals *set, struct interval *i, str version, bool included)
{
	if (i->high.n && later(set, version, i->high))
		return;
	i->high = version;
	i->high_included = included;
}

/* "1.2.3" with @p keep numbers kept and the last of those raised: 2 gives "1.3". Empty when it is not numbers. */
static str bump(struct arena *a, str version, size_t keep)
{
	str rest = version, head = version;
	uint64_t n = 0;

	for (size_t i = 0; i < keep; i++) {
		str part = str_cut(&rest, '.');
		size_t digits = 0;

		while (digits < part.n && part.p[digits] >= '0' && part.p[digits] <= '9')
			digits++;
		if (digits == 0 || str_u64(str_take(part, digits), &n) < 0 || n == UINT64_MAX)
			return (str){ 0 };
		head = str_take(version, (size_t)(part.p - version.p));
	}
	return arena_printf(a, "%.*s%llu", STR_ARG(head), (unsigned long long)n + 1);
}

static size_t parts_of(str version)
{
	size_t parts = 1;

	version = str_take(version, str_find(version, '-'));
	for (size_t i = 0; i < version.n; i++)
		parts += version.p[i] == '.';
	return parts;
}

/* ^1.2.3 is below 2, ^0.2.3 below 0.3, ^0.0.3 below 0.0.4: the first number that is not 0 may not change. */
static size_t caret_parts(str version)
{
	str rest = version;
	size_t parts = parts_of(version), keep = 1;

	while (keep < parts && keep < 3 && str_is(str_cut(&rest, '.'), "0"))
		keep++;
	return keep;
}

/* The numbers in front: "~> 1.0.0.rc1" is below 1.1 as "~> 1.0.0" is. */
static str numbers_of(str version)
{
	size_t n = 0, end = 0;

	while (n < version.n &&
	       ((version.p[n] >= '0' && version.p[n] <= '9') || version.p[n] == '.'))
		n++;
	/* A part that goes on with letters is no number. */
	for (size_t i = 0; i < n; i++)
		if (version.p[i] == '.')
			end = i;
	return n == version.n || version.p[n] == '-' || version.p[n] == '+'
		       ? str_take(version, n)
		       : str_take(version, end);
}

static int take_upto(struct intervals *set, struct interval *i, str version, size_t keep,
		     struct err *e)
{
	str high = bump(set->arena, version, keep);

	if (high.n == 0)
		return err_set(e, EBADMSG, "'%.*s' is not understood", STR_ARG(version));
	/* Gem's "~>" keeps pre-releases of the next series out as well; "a" sorts before any of them. */
	if (set->scheme == VERSION_GEM)
		high = arena_printf(set->arena, "%.*s.a", STR_ARG(high));
	if (high.n == 0)
		return spent(e);
	raise_low(set, i, version, true);
	lower_high(set, i, high, false);
	return 0;
}

static int take_condition(struct intervals *set, struct interval *i, str op, str version,
			  struct err *e)
{
	if (version.n == 0 || (!op.n && str_is(version, "*")))
		return version.n ? 0 : err_set(e, EBADMSG, "a version is missing");
	if (str_is(op, ">") || str_is(op, ">="))
		raise_low(set, i, version, op.n == 2);
	else if (str_is(op, "<") || str_is(op, "<="))
		lower_high(set, i, version, op.n == 2);
	else if (str_is(op, "~>"))
		return take_upto(set, i, version, MAX(parts_of(numbers_of(version)), 2) - 1, e);
	else if (str_is(op, "~"))
		return take_upto(set, i, version, MIN(parts_of(version), 2), e);
	else if (str_is(op, "^") || (op.n == 0 && set->scheme == VERSION_SEMVER))
		return take_upto(set, i, version, caret_parts(version), e);
	else if (str_is(op, "=") || str_is(op, "==") || op.n == 0) {
		raise_low(set, i, version, true);
		lower_high(set, i, version, true);
	} else {
		return err_set(e, EBADMSG, "'%.*s' is not understood", STR_ARG(op));
	}
	return 0;
}

static bool is_separator(char c)
{
	return c == ' ' || c == ',' || c == '\t' || c == '\n';
}

static int take_conditions(struct intervals *set, struct interval *i, str text, struct err *e)
{
	int r = 0;

	while (r == 0) {
		size_t n = 0;
		str op;

		while (text.n && is_separator(*text.p))
			text = str_skip(text, 1);
		if (text.n == 0)
			return 0;
		while (n < text.n && strchr("<>=~^!", text.p[n]) && text.p[n])
			n++;
		op = str_take(text, n);
		text = str_skip(text, n);
		while (text.n && *text.p == ' ')
			text = str_skip(text, 1);
		n = 0;
		while (n < text.n && !is_separator(text.p[n]) && !strchr("<>=~^!", text.p[n]))
			n++;
		r = take_condition(set, i, op, str_take(text, n), e);
		text = str_skip(text, n);
	}
	return r;
}

/* "[1.0,2.0)", "(,3.0]", "[1.5]", several of them separated by commas. */
static int parse_brackets(struct intervals *set, str text, struct err *e)
{
	while (text.n) {
		struct interval i = { 0 };
		size_t n = MIN(str_find(text, ']'), str_find(text, ')'));
		str inner, low;
		int r;

		if (n == text.n || (*text.p != '[' && *text.p != '('))
			return err_set(e, EBADMSG, "'%.*s' is not understood", STR_ARG(text));
		inner = str_skip(str_take(text, n), 1);
		i.low_included = *text.p == '[';
		i.high_included = text.p[n] == ']';
		low = str_trim(str_cut(&inner, ','));
		i.low = low;
		i.high = str_find(str_take(text, n), ',') < n ? str_trim(inner) : low;
		r = add(set, i, e);
		if (r < 0)
			return r;
		text = str_trim(str_skip(text, n + 1));
		if (text.n && *text.p == ',')
			text = str_trim(str_skip(text, 1));
	}
	return 0;
}

int intervals_parse(struct intervals *set, str text, struct err *e)
{
	text = str_trim(text);
	if (text.n == 0)
		return err_set(e, EBADMSG, "an empty range of versions");
	while (text.n) {
		struct interval i = { 0 };
		size_t n = str_search(text, S("||"));
		str part = str_trim(str_take(text, n));
		int r;

		text = str_skip(text, n + 2);
		if (part.n && (*part.p == '[' || *part.p == '(')) {
			r = parse_brackets(set, part, e);
		} else {
			r = take_conditions(set, &i, part, e);
			r = r ? r : add(set, i, e);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int intervals_parse_all(struct intervals *set, const struct value *conditions, struct err *e)
{
	struct interval i = { 0 };

	VALUE_EACH (condition, conditions) {
		int r = take_conditions(set, &i, value_str(condition), e);

		if (r < 0)
			return r;
	}
	return add(set, i, e);
}

static int compare_low(const struct intervals *set, const struct interval *a,
		       const struct interval *b, int *ret, struct err *e)
{
	int r = 0;

	*ret = (a->low.n > 0) - (b->low.n > 0);
	if (a->low.n && b->low.n)
		r = version_compare(set->scheme, a->low, b->low, ret, e);
	if (*ret == 0)
		*ret = (int)b->low_included - (int)a->low_included;
	return r;
}

/* Advisories name a handful of ranges. */
static int sort_by_low(struct intervals *set, struct err *e)
{
	for (size_t i = 1; i < set->count; i++) {
		for (size_t k = i; k > 0; k--) {
			struct interval x = set->items[k];
			int order, r = compare_low(set, &set->items[k - 1], &x, &order, e);

			if (r < 0)
				return r;
			if (order <= 0)
				break;
			set->items[k] = set->items[k - 1];
			set->items[k - 1] = x;
		}
	}
	return 0;
}

/* What is in none of the intervals. */
static int complement(const struct intervals *set, struct intervals *ret, struct err *e)
{
	struct intervals sorted = { .arena = set->arena, .scheme = set->scheme };
	struct interval gap = { 0 };
	int r = 0;

	for (size_t i = 0; i < set->count && r == 0; i++)
		r = add(&sorted, set->items[i], e);
	r = r ? r : sort_by_low(&sorted, e);
	*ret = (struct intervals){ .arena = set->arena, .scheme = set->scheme };
	for (size_t i = 0; i < sorted.count && r == 0; i++) {
		const struct interval *x = &sorted.items[i];
		int order = 1;

		gap.high = x->low;
		gap.high_included = !x->low_included;
		if (x->low.n && gap.low.n)
			r = version_compare(set->scheme, x->low, gap.low, &order, e);
		/* Nothing lies between intervals that touch; one point does when neither holds it. */
		if (r == 0 && x->low.n &&
		    (order > 0 || (order == 0 && gap.high_included && gap.low_included)))
			r = add(ret, gap, e);
		if (x->high.n == 0)
			return r;
		order = 1;
		if (gap.low.n && r == 0)
			r = version_compare(set->scheme, x->high, gap.low, &order, e);
		if (order > 0 || (order == 0 && x->high_included)) {
			gap.low = x->high;
			gap.low_included = !x->high_included;
		}
	}
	gap.high = (str){ 0 };
	gap.high_included = false;
	return r ? r : add(ret, gap, e);
}

static int parse_each(struct intervals *set, const struct value *ranges, struct err *e)
{
	int r = 0;

	VALUE_EACH (range, ranges) {
		r = r ? r : intervals_parse(set, value_str(range), e);
	}
	return r;
}

int intervals_leave_out(struct intervals *set, const struct value *patched,
			const struct value *unaffected, struct err *e)
{
	struct intervals safe = { .arena = set->arena, .scheme = set->scheme };
	int r = parse_each(&safe, patched, e);

	r = r ? r : parse_each(&safe, unaffected, e);
	return r ? r : complement(&safe, set, e);
}

int intervals_deliver(const struct intervals *set, const struct delivery *d,
		      const struct claim *base)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct interval *x = &set->items[i];
		struct claim c = *base;
		int r;

		c.introduced = x->low;
		c.fixed = x->high_included ? (str){ 0 } : x->high;
		c.last_affected = x->high_included ? x->high : (str){ 0 };
		c.state = c.fixed.n ? FIX_FIXED : FIX_AFFECTED;
		r = delivery_claim(d, &c);
		if (r == 0 && x->low.n && !x->low_included) {
			c.fixed = (str){ 0 };
			c.last_affected = x->low;
			c.state = FIX_NOT_AFFECTED;
			r = delivery_claim(d, &c);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

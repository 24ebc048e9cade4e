/*
 * Maven's ComparableVersion (3.8): lists of numbers and qualifiers, '-' and the change between letters and digits
 * opening a list inside the list, trailing nothings ("0", "final", an empty list) dropped from each.
 *
 * Every list but the last ends with the one it holds, so the lists lie behind one another and one scan from the end
 * normalises them. Where Maven compares an element with nothing it asks for its sign, which for a list is the sign
 * of its first element: hence two tags for qualifiers and for lists, around END. Maven's answers go round in a circle
 * for a qualifier above the release that follows a '.' in the middle (1.sp.1 > 1 > 1-alpha > 1.sp.1); the key drops
 * the last of these.
 */
#include "codec/version_priv.h"

enum {
	QUALIFIER_BELOW = 0x01,
	LIST_BELOW = 0x02,
	END = 0x03,
	QUALIFIER = 0x04,
	LIST = 0x05,
	NUMBER = 0x06
};

enum kind { IS_NUMBER, IS_QUALIFIER, OPENS_LIST };

struct element {
	enum kind kind;
	unsigned int rank; /* of a qualifier */
	str text;          /* digits without leading zeros, or an unknown qualifier */
};

/* Each byte makes at most an element and a list. */
#define ELEMENTS_MAX (2 * VERSION_KEY_MAX + 2)

struct elements {
	struct element at[ELEMENTS_MAX];
	size_t count;
};

enum { RANK_RELEASE = 6, RANK_UNKNOWN = 8 };

static const struct {
	const char *text;
	unsigned int rank;
	bool before_digit_only;
} qualifiers[] = { { "alpha", 1, false },   { "a", 1, true },          { "beta", 2, false },
		   { "b", 2, true },        { "milestone", 3, false }, { "m", 3, true },
		   { "rc", 4, false },      { "cr", 4, false },        { "snapshot", 5, false },
		   { "", 6, false },        { "ga", 6, false },        { "final", 6, false },
		   { "release", 6, false }, { "sp", 7, false } };

static void add(struct elements *e, struct element element)
{
	assert(e->count < ELEMENTS_MAX);
	e->at[e->count++] = element;
}

static void add_number(struct elements *e, str digits)
{
	while (digits.n && digits.p[0] == '0')
		digits = str_skip(digits, 1);
	add(e, (struct element){ .kind = IS_NUMBER, .text = digits });
}

static void add_word(struct elements *e, str word, bool before_digit)
{
	struct element element = { .kind = IS_QUALIFIER, .rank = RANK_UNKNOWN, .text = word };

	for (size_t i = 0; i < ARRAY_LEN(qualifiers); i++)
		if (str_eq_nocase(word, str_from(qualifiers[i].text)) &&
		    (before_digit || !qualifiers[i].before_digit_only)) {
			element.rank = qualifiers[i].rank;
			element.text.n = 0;
		}
	add(e, element);
}

static void open_list(struct elements *e)
{
	add(e, (struct element){ .kind = OPENS_LIST });
}

static bool list_is_empty(const struct elements *e)
{
	return !e->count || e->at[e->count - 1].kind == OPENS_LIST;
}

static void add_item(struct elements *e, str item, bool digits)
{
	if (digits || !item.n)
		add_number(e, item);
	else
		add_word(e, item, false);
}

static void parse(str text, struct elements *e)
{
	bool digits = false;
	size_t start = 0;

	for (size_t i = 0; i < text.n; i++) {
		str item = str_take(str_skip(text, start), i - start);
		char c = text.p[i];

		if (c == '.' || c == '-') {
			add_item(e, item, digits);
			start = i + 1;
			if (c == '-')
				open_list(e);
		} else if (version_is_digit(c)) {
			if (!digits && item.n) {
				if (!list_is_empty(e))
					open_list(e);
				add_word(e, item, true);
				start = i;
				open_list(e);
			}
			digits = true;
		} else {
			if (digits && item.n) {
				add_number(e, item);
				start = i;
				open_list(e);
			}
			digits = false;
		}
	}
	if (start < text.n) {
		if (!digits && !list_is_empty(e))
			open_list(e);
		add_item(e, str_skip(text, start), digits);
	}
}

static bool is_nothing(const struct element *e)
{
	return e->kind == IS_NUMBER ? !e->text.n
				    : e->kind == IS_QUALIFIER && e->rank == RANK_RELEASE;
}

/* Walks from the end; `tail` is where what stays begins. A list that lost all its elements goes too. */
static void normalise(struct elements *e)
{
	struct element kept[ELEMENTS_MAX];
	size_t tail = ELEMENTS_MAX;
	bool trimming = true;

	for (size_t i = e->count; i-- > 0;) {
		const struct element *x = &e->at[i];

		if (x->kind == OPENS_LIST) {
			trimming = true;
			if (tail == ELEMENTS_MAX)
				continue;
		} else if (trimming && is_nothing(x)) {
			continue;
		} else {
			trimming = false;
		}
		kept[--tail] = *x;
	}
	e->count = ELEMENTS_MAX - tail;
	memcpy(e->at, &kept[tail], e->count * sizeof(kept[0]));
}

int version_maven_key(str text, struct buf *out, struct err *e UNUSED)
{
	struct elements found = { .count = 0 };

	parse(text, &found);
	normalise(&found);
	for (size_t i = 0; i < found.count; i++) {
		const struct element *x = &found.at[i], *first = x;

		switch (x->kind) {
		case IS_NUMBER:
			buf_byte(out, NUMBER);
			version_put_number(out, x->text);
			break;
		case IS_QUALIFIER:
			buf_byte(out, x->rank < RANK_RELEASE ? QUALIFIER_BELOW : QUALIFIER);
			buf_byte(out, (char)x->rank);
			for (size_t j = 0; j < x->text.n; j++)
				buf_byte(out, version_lower(x->text.p[j]));
			buf_byte(out, '\0');
			break;
		case OPENS_LIST:
			while (first < &found.at[found.count - 1] && first->kind == OPENS_LIST)
				first++;
			buf_byte(out, first->kind == IS_QUALIFIER && first->rank < RANK_RELEASE
					      ? LIST_BELOW
					      : LIST);
		}
	}
	buf_byte(out, END);
	return 0;
}

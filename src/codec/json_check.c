#include "codec/json_check.h"

/* What may stand next. */
enum state { VALUE, VALUE_OR_END, KEY_OR_END, KEY, COLON, AFTER };

struct check {
	const uint8_t *p, *end;
	uint64_t objects; /* a bit for each level: it is an object */
	unsigned int depth;
};

/* 1: ends the fast way through a string: a quote, a backslash, a control character, or the start of a sequence of UTF-8 */
static const uint8_t special[256] = { [0 ... 31] = 1, ['"'] = 1, ['\\'] = 1, [128 ... 255] = 1 };

static bool is_rest(const uint8_t *p, const uint8_t *end, size_t n)
{
	if ((size_t)(end - p) <= n)
		return false;
	for (size_t i = 1; i <= n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/** Bytes of the sequence at @p p (RFC 3629), 0: ill-formed. */
static size_t sequence(const uint8_t *p, const uint8_t *end)
{
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		return is_rest(p, end, 1) ? 2 : 0;
	if (p[0] >= 0xe0 && p[0] <= 0xef)
		return is_rest(p, end, 2) && !(p[0] == 0xe0 && p[1] < 0xa0) &&
				       !(p[0] == 0xed && p[1] > 0x9f)
			       ? 3
			       : 0;
	if (p[0] >= 0xf0 && p[0] <= 0xf4)
		return is_rest(p, end, 3) && !(p[0] == 0xf0 && p[1] < 0x90) &&
				       !(p[0] == 0xf4 && p[1] > 0x8f)
			       ? 4
			       : 0;
	return 0;
}

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/** Behind a backslash. */
static bool escape(struct check *c)
{
	if (c->p == c->end)
		return false;
	if (*c->p == 'u') {
		if (c->end - c->p < 5)
			return false;
		for (int i = 1; i <= 4; i++)
			if (!is_hex(c->p[i]))
				return false;
		c->p += 5;
		return true;
	}
	return memchr("\"\\/bfnrt", *c->p++, 8) != NULL;
}

/** Behind the first quote. */
static bool string(struct check *c)
{
	for (;;) {
		size_t n;

		while (c->p < c->end && !special[*c->p])
			c->p++;
		if (c->p == c->end || *c->p < 32)
			return false;
		if (*c->p == '"') {
			c->p++;
			return true;
		}
		if (*c->p == '\\') {
			c->p++;
			if (!escape(c))
				return false;
			continue;
		}
		n = sequence(c->p, c->end);
		if (!n)
			return false;
		c->p += n;
	}
}

static bool digits(struct check *c)
{
	const uint8_t *from = c->p;

	while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
		c->p++;
	return c->p > from;
}

static bool number(struct check *c)
{
	if (*c->p == '-')
		c->p++;
	if (c->p < c->end && *c->p == '0')
		c->p++;
	else if (!digits(c))
		return false;
	if (c->p < c->end && *c->p == '.') {
		c->p++;
		if (!digits(c))
			return false;
	}
	if (c->p < c->end && (*c->p | 32) == 'e') {
		c->p++;
		if (c->p < c->end && (*c->p == '+' || *c->p == '-'))
			c->p++;
		return digits(c);
	}
	return true;
}

static bool word(struct check *c, str w)
{
	if ((size_t)(c->end - c->p) < w.n || memcmp(c->p, w.p, w.n) != 0)
		return false;
	c->p += w.n;
	return true;
}

static bool scalar(struct check *c)
{
	switch (*c->p) {
	case '"':
		c->p++;
		return string(c);
	case 't':
		return word(c, S("true"));
	case 'f':
		return word(c, S("false"));
	case 'n':
		return word(c, S("null"));
	default:
		return number(c);
	}
}

static bool open_level(struct check *c, bool object)
{
	if (c->depth == JSON_CHECK_MAX_DEPTH)
		return false;
	c->objects = c->objects << 1 | object;
	c->depth++;
	c->p++;
	return true;
}

static bool in_object(const struct check *c)
{
	return c->depth && (c->objects & 1);
}

static void close_level(struct check *c)
{
	c->objects >>= 1;
	c->depth--;
	c->p++;
}

/** @return whether the value, or its beginning, is right */
static bool value(struct check *c, enum state *state)
{
	if (*c->p == '{' || *c->p == '[') {
		bool object = *c->p == '{';

		*state = object ? KEY_OR_END : VALUE_OR_END;
		return open_level(c, object);
	}
	*state = AFTER;
	return scalar(c);
}

static bool after(struct check *c, enum state *state)
{
	if (!c->depth)
		return false;
	if (*c->p == ',') {
		c->p++;
		*state = in_object(c) ? KEY : VALUE;
		return true;
	}
	if (*c->p != (in_object(c) ? '}' : ']'))
		return false;
	close_level(c);
	return true;
}

static bool step(struct check *c, enum state *state)
{
	switch (*state) {
	case VALUE_OR_END:
		if (*c->p == ']') {
			close_level(c);
			*state = AFTER;
			return true;
		}
		return value(c, state);
	case VALUE:
		return value(c, state);
	case KEY_OR_END:
		if (*c->p == '}') {
			close_level(c);
			*state = AFTER;
			return true;
		}
		__attribute__((fallthrough));
	case KEY:
		*state = COLON;
		return *c->p++ == '"' && string(c);
	case COLON:
		*state = VALUE;
		return *c->p++ == ':';
	case AFTER:
		return after(c, state);
	}
	return false;
}

bool json_check(str text)
{
	struct check c = { .p = (const uint8_t *)text.p };
	enum state state = VALUE;

	if (!text.n)
		return false;
	c.end = c.p + text.n;
	for (;;) {
		while (c.p < c.end && (*c.p == ' ' || *c.p == '\t' || *c.p == '\n' || *c.p == '\r'))
			c.p++;
		if (c.p == c.end)
			return state == AFTER && !c.depth;
		if (!step(&c, &state))
			return false;
	}
}

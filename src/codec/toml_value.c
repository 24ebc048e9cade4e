#include "codec/toml_priv.h"

#include "base/buf.h"

static void put_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_byte(b, (char)c);
	} else if (c < 0x800) {
		buf_byte(b, (char)(0xc0 | c >> 6));
		buf_byte(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_byte(b, (char)(0xe0 | c >> 12));
		buf_byte(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_byte(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_byte(b, (char)(0xf0 | c >> 18));
		buf_byte(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_byte(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_byte(b, (char)(0x80 | (c & 0x3f)));
	}
}

static bool take_hex(struct toml_reader *r, size_t n, uint32_t *ret)
{
	uint32_t v = 0;

	if (r->rest.n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = r->rest.p[i];
		uint32_t d = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
			     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
			     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
						    : 16;

		if (d == 16)
			return false;
		v = v << 4 | d;
	}
	r->rest = str_skip(r->rest, n);
	*ret = v;
	return v <= 0x10ffff && (v < 0xd800 || v > 0xdfff);
}

/* Behind a backslash. */
static int take_escape(struct toml_reader *r, struct buf *b, bool multi)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	char c = r->rest.n ? *r->rest.p : '\0';
	const char *at = c ? strchr(from, c) : NULL;
	uint32_t code;

	if (at) {
		buf_byte(b, to[at - from]);
		r->rest = str_skip(r->rest, 1);
		return 0;
	}
	if (c == 'u' || c == 'U') {
		r->rest = str_skip(r->rest, 1);
		if (!take_hex(r, c == 'u' ? 4 : 8, &code))
			return toml_bad(r, "a bad Unicode escape");
		put_utf8(b, code);
		return 0;
	}
	if (multi && c && strchr(" \t\r\n", c)) {
		while (r->rest.n && strchr(" \t\r\n", *r->rest.p)) {
			r->line += *r->rest.p == '\n';
			r->rest = str_skip(r->rest, 1);
		}
		return 0;
	}
	return toml_bad(r, "an unknown escape");
}

static int read_until(struct toml_reader *r, str end, bool escapes, struct buf *b)
{
	bool multi = end.n == 3;

	for (;;) {
		char c;

		if (r->rest.n == 0)
			return toml_bad(r, "a string does not end");
		if (str_starts(r->rest, end)) {
			r->rest = str_skip(r->rest, end.n);
			/* Up to two quotes may stand right before the closing three. */
			while (multi && r->rest.n && *r->rest.p == *end.p) {
				buf_byte(b, *end.p);
				r->rest = str_skip(r->rest, 1);
			}
			return 0;
		}
		c = *r->rest.p;
		if ((c == '\n' && !multi) || (c == '\0'))
			return toml_bad(r, "a string does not end on its line");
		r->line += c == '\n';
		r->rest = str_skip(r->rest, 1);
		if (escapes && c == '\\') {
			int e = take_escape(r, b, multi);

			if (e < 0)
				return e;
		} else {
			buf_byte(b, c);
		}
	}
}

int toml_read_string(struct toml_reader *r, str *ret)
{
	OWNED_BUF b = BUF_INIT;
	char quote = *r->rest.p;
	char three[3] = { quote, quote, quote };
	str end = str_starts(r->rest, (str){ three, 3 }) ? (str){ three, 3 } : (str){ three, 1 };
	int e;

	r->rest = str_skip(r->rest, end.n);
	if (end.n == 3) {
		if (str_starts(r->rest, S("\r\n")))
			r->rest = str_skip(r->rest, 1);
		r->line += toml_take(r, '\n');
	}
	e = read_until(r, end, quote == '"', &b);
	if (e < 0)
		return e;
	if (buf_error(&b))
		return toml_spent(r);
	*ret = arena_str(r->arena, buf_str(&b));
	return ret->p ? 0 : toml_spent(r);
}

static int read_array(struct toml_reader *r, struct toml_node *at, unsigned int depth)
{
	at->value.kind = VALUE_ARRAY;
	at->closed = true;
	for (;;) {
		struct toml_node *n;
		int e;

		toml_skip(r, true);
		if (toml_take(r, ']'))
			return 0;
		n = toml_add(r, at, (str){ 0 });
		if (!n)
			return toml_spent(r);
		e = toml_read_value(r, n, depth);
		if (e < 0)
			return e;
		toml_skip(r, true);
		if (!toml_take(r, ',') && (r->rest.n == 0 || *r->rest.p != ']'))
			return toml_bad(r, "an array does not end");
	}
}

static int read_inline_table(struct toml_reader *r, struct toml_node *at, unsigned int depth)
{
	int e;

	at->value.kind = VALUE_OBJECT;
	toml_skip(r, false);
	for (bool more = !toml_take(r, '}'); more;) {
		e = toml_read_pair(r, at, depth);
		if (e < 0)
			return e;
		toml_skip(r, false);
		more = toml_take(r, ',');
		if (!more && !toml_take(r, '}'))
			return toml_bad(r, "an inline table does not end");
	}
	at->closed = true;
	return 0;
}

/* "1_000", "0xff", "-2.5e3", "inf", "2021-01-08T10:00:00Z": the last kind stays text. */
static bool take_number(struct value *v)
{
	char digits[64], *end;
	size_t n = 0;
	bool whole = true;
	str s = v->string;
	int base = str_starts(s, S("0x"))   ? 16
		   : str_starts(s, S("0o")) ? 8
		   : str_starts(s, S("0b")) ? 2
					    : 10;

	for (size_t i = base == 10 ? 0 : 2; i < s.n; i++) {
		if (n + 1 == sizeof(digits))
			return false;
		if (s.p[i] != '_')
			digits[n++] = s.p[i];
		if (base == 10 && (s.p[i] == '.' || s.p[i] == 'e' || s.p[i] == 'E'))
			whole = false;
	}
	digits[n] = '\0';
	if (n == 0 || digits[strspn(digits, "0123456789abcdefABCDEF+-._")])
		return false;
	errno = 0;
	if (whole) {
		v->integer = strtoll(digits, &end, base);
		v->number = (double)v->integer;
	} else {
		v->number = strtod(digits, &end);
		if (v->number > -9e15 && v->number < 9e15)
			v->integer = (int64_t)v->number;
	}
	if (*end || errno) {
		v->integer = 0;
		v->number = 0;
		return false;
	}
	v->kind = VALUE_NUMBER;
	return true;
}

static bool is_date(str s)
{
	return s.n >= 8 && s.p[0] >= '0' && s.p[0] <= '9' &&
	       (s.p[2] == ':' || (s.n >= 10 && s.p[4] == '-'));
}

static int read_plain(struct toml_reader *r, struct toml_node *at)
{
	struct value *v = &at->value;
	size_t n = 0;

	while (n < r->rest.n && !strchr(",]}#\r\n\t", r->rest.p[n]) &&
	       /* "2021-01-08 10:00:00" holds a blank */
	       !(r->rest.p[n] == ' ' && !(n == 10 && n + 1 < r->rest.n && r->rest.p[4] == '-' &&
					  r->rest.p[n + 1] >= '0' && r->rest.p[n + 1] <= '9')))
		n++;
	v->string = arena_str(r->arena, str_take(r->rest, n));
	if (!v->string.p)
		return toml_spent(r);
	r->rest = str_skip(r->rest, n);
	if (str_is(v->string, "true") || str_is(v->string, "false")) {
		v->kind = VALUE_BOOL;
		v->boolean = str_is(v->string, "true");
		return 0;
	}
	if (is_date(v->string)) {
		v->kind = VALUE_STRING;
		return 0;
	}
	if (str_ends(v->string, S("inf")) || str_ends(v->string, S("nan"))) {
		v->kind = VALUE_NUMBER;
		return v->string.n <= 4 ? 0 : toml_bad(r, "not a value");
	}
	return take_number(v) ? 0 : toml_bad(r, "not a value");
}

int toml_read_value(struct toml_reader *r, struct toml_node *at, unsigned int depth)
{
	if (++depth > TOML_VALUE_DEPTH)
		return err_set(r->e, E2BIG, "TOML line %u: nested deeper than %d levels", r->line,
			       TOML_MAX_DEPTH);
	toml_skip(r, false);
	if (r->rest.n && (*r->rest.p == '"' || *r->rest.p == '\'')) {
		at->value.kind = VALUE_STRING;
		return toml_read_string(r, &at->value.string);
	}
	if (toml_take(r, '['))
		return read_array(r, at, depth);
	if (toml_take(r, '{'))
		return read_inline_table(r, at, depth);
	return read_plain(r, at);
}

#include "codec/csv.h"

#include "base/buf.h"

void csv_init(struct csv *c, str text)
{
	*c = (struct csv){ .rest = text, .next_line = 1 };
	if (str_starts(text, S("\xef\xbb\xbf")))
		c->rest = str_skip(text, 3);
	while (c->rest.n && *c->rest.p == '#') {
		c->comment = str_line(&c->rest);
		c->next_line++;
	}
}

static void skip_line(struct csv *c)
{
	(void)str_line(&c->rest);
	c->next_line++;
}

/* Length of a quoted field with its quotes; 0 when it does not end within bounds. */
static size_t quoted_length(str s, bool *ret_doubled)
{
	for (size_t i = 1; i < s.n && i < CSV_MAX_BYTES; i++) {
		if (s.p[i] != '"')
			continue;
		if (i + 1 == s.n || s.p[i + 1] != '"')
			return i + 1;
		*ret_doubled = true;
		i++;
	}
	return 0;
}

static int undouble(str inner, struct arena *a, str *ret)
{
	OWNED_BUF b = BUF_INIT;

	while (inner.n) {
		size_t n = str_find(inner, '"');

		buf_add(&b, str_take(inner, MIN(n + 1, inner.n)));
		inner = str_skip(inner, n + 2);
	}
	if (buf_error(&b))
		return -ENOBUFS;
	*ret = arena_str(a, buf_str(&b));
	return ret->p ? 0 : -ENOBUFS;
}

static int read_quoted(struct csv *c, struct arena *a, str *ret, struct err *e)
{
	bool doubled = false;
	size_t n = quoted_length(c->rest, &doubled);
	str inner;

	if (!n) {
		skip_line(c);
		return err_set(e, EBADMSG, "CSV line %u: a quote does not end", c->line);
	}
	inner = str_take(str_skip(c->rest, 1), n - 2);
	for (size_t i = 0; i < inner.n; i++)
		c->next_line += inner.p[i] == '\n';
	c->rest = str_skip(c->rest, n);
	*ret = inner;
	if (doubled && undouble(inner, a, ret) < 0)
		return err_set(e, ENOBUFS, "CSV: memory budget spent");
	if (c->rest.n && *c->rest.p != ',' && *c->rest.p != '\n' && *c->rest.p != '\r') {
		skip_line(c);
		return err_set(e, EBADMSG, "CSV line %u: text behind a quoted field", c->line);
	}
	return 0;
}

static str read_bare(struct csv *c)
{
	size_t n = 0;
	str field;

	while (n < c->rest.n && c->rest.p[n] != ',' && c->rest.p[n] != '\n')
		n++;
	field = str_take(c->rest, n);
	c->rest = str_skip(c->rest, n);
	if (str_ends(field, S("\r")))
		field.n--;
	return field;
}

int csv_next(struct csv *c, struct arena *a, struct err *e)
{
	const char *start = c->rest.p;

	if (c->rest.n == 0)
		return 0;
	c->count = 0;
	c->line = c->next_line;
	for (;;) {
		str field;
		int r;

		if (c->count == CSV_MAX_FIELDS || c->rest.p - start > CSV_MAX_BYTES) {
			skip_line(c);
			return err_set(e, E2BIG,
				       "CSV line %u: over the limit of %d fields or %d bytes",
				       c->line, CSV_MAX_FIELDS, CSV_MAX_BYTES);
		}
		if (c->rest.n && *c->rest.p == '"') {
			r = read_quoted(c, a, &field, e);
			if (r < 0)
				return r;
		} else {
			field = read_bare(c);
		}
		c->fields[c->count++] = field;
		if (c->rest.n && *c->rest.p == ',') {
			c->rest = str_skip(c->rest, 1);
			continue;
		}
		if (str_starts(c->rest, S("\r")))
			c->rest = str_skip(c->rest, 1);
		if (str_starts(c->rest, S("\n")))
			c->rest = str_skip(c->rest, 1);
		c->next_line++;
		return 1;
	}
}

int csv_find(const struct csv *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (str_eq_nocase(str_trim(c->fields[i]), str_from(name)))
			return (int)i;
	return -1;
}

str csv_field(const struct csv *c, int i)
{
	return i >= 0 && (size_t)i < c->count ? c->fields[i] : (str){ 0 };
}

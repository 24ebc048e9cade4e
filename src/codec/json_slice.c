#include "codec/json_slice.h"

static str skip_blank(str s)
{
	while (s.n && (*s.p == ' ' || *s.p == '\t' || *s.p == '\n' || *s.p == '\r'))
		s = str_skip(s, 1);
	return s;
}

/* Length of the string at the start of s with its quotes; 0 when it does not end. */
static size_t string_length(str s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

static bool ends_scalar(char c)
{
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t container_length(str s)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '"') {
			size_t n = string_length(str_skip(s, i));

			if (!n)
				return 0;
			i += n - 1;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && --depth == 0) {
			return i + 1;
		}
	}
	return 0;
}

/* Length of the value at the start of s; 0 when it is cut off or missing. */
static size_t value_length(str s)
{
	size_t n = 0;

	if (s.n == 0)
		return 0;
	if (*s.p == '"')
		return string_length(s);
	if (*s.p == '{' || *s.p == '[')
		return container_length(s);
	while (n < s.n && !ends_scalar(s.p[n]))
		n++;
	return n;
}

int json_slice_open(str text, struct json_slice *ret, struct err *e)
{
	text = skip_blank(text);
	if (text.n == 0 || (*text.p != '{' && *text.p != '['))
		return err_set(e, EBADMSG, "JSON: neither an object nor an array");
	*ret = (struct json_slice){ .rest = skip_blank(str_skip(text, 1)),
				    .close = *text.p == '{' ? '}' : ']' };
	return 0;
}

static int cut_off(struct err *e)
{
	return err_set(e, EBADMSG, "JSON: cut off or malformed");
}

int json_slice_next(struct json_slice *s, str *ret_key, str *ret_value, struct err *e)
{
	str key = { 0 }, rest = s->rest;
	size_t n;

	if (s->done)
		return 0;
	if (rest.n && *rest.p == s->close) {
		s->done = true;
		return 0;
	}
	if (s->close == '}') {
		n = rest.n && *rest.p == '"' ? string_length(rest) : 0;
		if (n < 2)
			return cut_off(e);
		key = str_take(str_skip(rest, 1), n - 2);
		rest = skip_blank(str_skip(rest, n));
		if (rest.n == 0 || *rest.p != ':')
			return cut_off(e);
		rest = skip_blank(str_skip(rest, 1));
	}
	n = value_length(rest);
	if (!n)
		return cut_off(e);
	*ret_key = key;
	*ret_value = str_take(rest, n);
	rest = skip_blank(str_skip(rest, n));
	if (rest.n && *rest.p == ',')
		rest = skip_blank(str_skip(rest, 1));
	else if (rest.n == 0 || *rest.p != s->close)
		return cut_off(e);
	s->rest = rest;
	return 1;
}

str json_slice_get(str text, str key)
{
	struct json_slice s;
	str k, v;

	if (json_slice_open(text, &s, NULL) < 0)
		return (str){ 0 };
	while (json_slice_next(&s, &k, &v, NULL) > 0)
		if (str_eq(k, key))
			return v;
	return (str){ 0 };
}

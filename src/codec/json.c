#include "codec/json.h"

#include <json-c/json.h>
#include <limits.h>

#include "base/buf.h"
#include "base/text.h"

static void position(str text, size_t at, unsigned int *line, unsigned int *column)
{
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < at && i < text.n; i++) {
		*column = text.p[i] == '\n' ? 1 : *column + 1;
		*line += text.p[i] == '\n';
	}
}

static int convert(struct json_object *o, struct arena *a, struct value *v);

static int convert_array(struct json_object *o, struct arena *a, struct value *v)
{
	v->kind = VALUE_ARRAY;
	v->count = json_object_array_length(o);
	v->items = ARENA_ARRAY(a, v->count, struct value);
	if (!v->items)
		return -ENOBUFS;
	for (size_t i = 0; i < v->count; i++) {
		int r = convert(json_object_array_get_idx(o, i), a, &v->items[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int convert_object(struct json_object *o, struct arena *a, struct value *v)
{
	struct json_object_iterator it = json_object_iter_begin(o), end = json_object_iter_end(o);

	v->kind = VALUE_OBJECT;
	v->members = ARENA_ARRAY(a, (size_t)json_object_object_length(o), struct value_member);
	if (!v->members)
		return -ENOBUFS;
	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
		struct value_member *m = &v->members[v->count];
		int r;

		m->key = arena_str(a, str_from(json_object_iter_peek_name(&it)));
		if (!m->key.p)
			return -ENOBUFS;
		r = convert(json_object_iter_peek_value(&it), a, &m->value);
		if (r < 0)
			return r;
		v->count++;
	}
	return 0;
}

/* Recursion is bounded: the tokener refused documents deeper than JSON_MAX_DEPTH. */
static int convert(struct json_object *o, struct arena *a, struct value *v)
{
	switch (json_object_get_type(o)) {
	case json_type_null:
		return 0;
	case json_type_boolean:
		v->kind = VALUE_BOOL;
		v->boolean = json_object_get_boolean(o);
		return 0;
	case json_type_int:
		v->kind = VALUE_NUMBER;
		v->integer = json_object_get_int64(o);
		v->number = (double)v->integer;
		return 0;
	case json_type_double:
		v->kind = VALUE_NUMBER;
		v->number = json_object_get_double(o);
		if (v->number > -9e15 && v->number < 9e15)
			v->integer = (int64_t)v->number;
		return 0;
	case json_type_string:
		v->kind = VALUE_STRING;
		v->string = arena_str(a, (str){ json_object_get_string(o),
						(size_t)json_object_get_string_len(o) });
		return v->string.p ? 0 : -ENOBUFS;
	case json_type_array:
		return convert_array(o, a, v);
	case json_type_object:
		return convert_object(o, a, v);
	}
	return -EBADMSG;
}

static int refuse(str text, size_t at, const char *why, struct err *e)
{
	unsigned int line, column;

	position(text, at, &line, &column);
	return err_set(e, EBADMSG, "JSON line %u column %u: %s", line, column, why);
}

/* json-c 0.18 compares signed characters: in strict mode it takes every byte above 0x7f for a control character. */
static bool strict_refuses_utf8(void)
{
	return json_c_version_num() == 0x001200;
}

/** Writes well-formed text with \u escapes instead of characters beyond ASCII, which JSON allows in strings only. */
static int escape_text(str text, struct buf *out, struct err *e)
{
	str all = text;
	bool escaped = false; /* by the backslash before: no character beyond ASCII may follow it */

	while (text.n) {
		str whole = text;
		uint32_t c = text_next(&text);

		if (c < 0x80) {
			buf_byte(out, (char)c);
			escaped = c == '\\' && !escaped;
		} else if (escaped) {
			return refuse(all, all.n - whole.n, "invalid string sequence", e);
		} else if (c < 0x10000) {
			buf_printf(out, "\\u%04x", c);
		} else {
			buf_printf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
				   0xdc00 + ((c - 0x10000) & 0x3ff));
		}
	}
	if (buf_error(out) < 0)
		return err_set(e, ENOMEM, "JSON: out of memory");
	return 0;
}

/**
 * Parses the text as the only element of an array. That ends a bare number and shows text after the end in the same way
 * whatever the library's version; where it stopped and how it checks UTF-8 differ between them.
 */
static int tokenize(struct json_tokener *t, str text, struct json_object **ret, struct err *e)
{
	struct json_object *o;
	enum json_tokener_error why;

	json_tokener_parse_ex(t, "[", 1);
	o = json_tokener_parse_ex(t, text.p, (int)text.n);
	why = json_tokener_get_error(t);
	if (why == json_tokener_success) {
		json_object_put(o);
		return refuse(text, json_tokener_get_parse_end(t), "text after the end", e);
	}
	if (why != json_tokener_continue)
		return refuse(text, json_tokener_get_parse_end(t), json_tokener_error_desc(why), e);
	o = json_tokener_parse_ex(t, "]", 1);
	if (json_tokener_get_error(t) != json_tokener_success)
		return refuse(text, text.n, "unexpected end of data", e);
	if (json_object_array_length(o) != 1) {
		json_object_put(o);
		return refuse(text, text.n, "more than one value", e);
	}
	*ret = o;
	return 0;
}

int json_parse(str text, struct arena *a, struct value *ret, struct err *e)
{
	OWNED_BUF ascii = BUF_INIT;
	struct json_tokener *t;
	struct json_object *o = NULL;
	struct value v = { 0 };
	size_t bad = text_ill_formed(text);
	int r;

	if (bad < text.n)
		return refuse(text, bad, "ill-formed UTF-8", e);
	if (strict_refuses_utf8()) {
		r = escape_text(text, &ascii, e);
		if (r < 0)
			return r;
		text = buf_str(&ascii);
	}
	if (text.n > INT_MAX)
		return err_set(e, E2BIG, "JSON of %zu bytes is over the limit", text.n);
	if (str_trim(text).n == 0)
		return err_set(e, EBADMSG, "JSON: empty document");
	t = json_tokener_new_ex(JSON_MAX_DEPTH + 1);
	if (!t)
		return err_set(e, ENOMEM, "JSON: out of memory");
	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	r = tokenize(t, text, &o, e);
	if (r == 0) {
		r = convert(json_object_array_get_idx(o, 0), a, &v);
		if (r < 0)
			err_set(e, -r, "JSON: memory budget spent");
		json_object_put(o);
	}
	json_tokener_free(t);
	if (r == 0)
		*ret = v;
	return r;
}

/** Members of all objects, of equal keys the last alone. Recursion is bounded as in convert(). */
static size_t count_members(const struct value *v)
{
	size_t n = 0;

	VALUE_EACH (item, v)
		n += count_members(item);
	VALUE_MEMBERS (m, v)
		n += 1 + count_members(&m->value);
	return n;
}

/** Members as they are written: each has one colon outside of strings. @return false: a key is in single quotes */
static bool count_colons(str text, size_t *ret)
{
	bool in_string = false;
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && c == '\'')
			return false;
		else
			n += !in_string && c == ':';
	}
	*ret = n;
	return true;
}

int json_parse_unique(str text, struct arena *a, struct value *ret, struct err *e)
{
	struct value v = { 0 };
	size_t written = 0;
	int r = json_parse(text, a, &v, e);

	if (r < 0)
		return r;
	if (!count_colons(text, &written))
		return err_set(e, EBADMSG, "JSON: a key stands in double quotes");
	if (written != count_members(&v))
		return err_set(e, EBADMSG, "JSON: an object names a member twice");
	*ret = v;
	return 0;
}

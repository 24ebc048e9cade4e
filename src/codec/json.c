#include "codec/json.h"

#include <json-c/json.h>
#include <limits.h>

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

static int tokenize(struct json_tokener *t, str text, struct json_object **ret, struct err *e)
{
	struct json_object *o = json_tokener_parse_ex(t, text.n ? text.p : "", (int)text.n);
	enum json_tokener_error why = json_tokener_get_error(t);
	unsigned int line, column;

	/* A bare number at the very end is complete only once the tokener is told that nothing follows. */
	if (why == json_tokener_continue) {
		o = json_tokener_parse_ex(t, "", -1);
		why = json_tokener_get_error(t);
		if (why == json_tokener_success) {
			*ret = o;
			return 0;
		}
	}
	if (why == json_tokener_success) {
		size_t end = json_tokener_get_parse_end(t);

		if (end >= text.n || str_trim(str_skip(text, end)).n == 0) {
			*ret = o;
			return 0;
		}
		json_object_put(o);
		position(text, end, &line, &column);
		return err_set(e, EBADMSG, "JSON line %u column %u: text after the end", line,
			       column);
	}
	position(text, json_tokener_get_parse_end(t), &line, &column);
	return err_set(e, EBADMSG, "JSON line %u column %u: %s", line, column,
		       json_tokener_error_desc(why));
}

/* json-c has a check of its own, but lets encoded surrogates pass. */
static int check_utf8(str text, struct err *e)
{
	size_t at = text_ill_formed(text);
	unsigned int line, column;

	if (at == text.n)
		return 0;
	position(text, at, &line, &column);
	return err_set(e, EBADMSG, "JSON line %u column %u: %s", line, column, "ill-formed UTF-8");
}

int json_parse(str text, struct arena *a, struct value *ret, struct err *e)
{
	struct json_tokener *t;
	struct json_object *o = NULL;
	struct value v = { 0 };
	int r;

	if (text.n > INT_MAX)
		return err_set(e, E2BIG, "JSON of %zu bytes is over the limit", text.n);
	if (str_trim(text).n == 0)
		return err_set(e, EBADMSG, "JSON: empty document");
	r = check_utf8(text, e);
	if (r < 0)
		return r;
	t = json_tokener_new_ex(JSON_MAX_DEPTH);
	if (!t)
		return err_set(e, ENOMEM, "JSON: out of memory");
	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
	r = tokenize(t, text, &o, e);
	if (r == 0) {
		r = convert(o, a, &v);
		if (r < 0)
			err_set(e, -r, "JSON: memory budget spent");
		json_object_put(o);
	}
	json_tokener_free(t);
	if (r == 0)
		*ret = v;
	return r;
}

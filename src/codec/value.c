#include "codec/value.h"

const struct value *value_get(const struct value *v, const char *key)
{
	if (!v || v->kind != VALUE_OBJECT)
		return NULL;
	for (size_t i = v->count; i-- > 0;)
		if (str_is(v->members[i].key, key))
			return &v->members[i].value;
	return NULL;
}

const struct value *value_path(const struct value *v, const char *dotted)
{
	str rest = str_from(dotted);

	while (v && rest.n) {
		str key = str_cut(&rest, '.');
		const struct value *next = NULL;

		for (size_t i = v->kind == VALUE_OBJECT ? v->count : 0; i-- > 0 && !next;)
			if (str_eq(v->members[i].key, key))
				next = &v->members[i].value;
		v = next;
	}
	return v;
}

const struct value *value_at(const struct value *v, size_t i)
{
	return v && v->kind == VALUE_ARRAY && i < v->count ? &v->items[i] : NULL;
}

const struct value_member *value_first_member(const struct value *v)
{
	return v && v->kind == VALUE_OBJECT && v->count ? v->members : NULL;
}

str value_str(const struct value *v)
{
	return v ? v->string : (str){ NULL, 0 };
}

str value_get_str(const struct value *v, const char *key)
{
	return value_str(value_get(v, key));
}

int64_t value_int(const struct value *v, int64_t otherwise)
{
	return v && v->kind == VALUE_NUMBER && (double)v->integer == v->number ? v->integer
									       : otherwise;
}

double value_num(const struct value *v, double otherwise)
{
	return v && v->kind == VALUE_NUMBER ? v->number : otherwise;
}

bool value_is_true(const struct value *v)
{
	return v && v->kind == VALUE_BOOL && v->boolean;
}

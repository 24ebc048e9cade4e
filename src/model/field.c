#include "model/field_priv.h"

#include <stdio.h>

#include "codec/digest.h"

struct fields fields_of(const struct value *v, const char *what, struct arena *a, struct err *e)
{
	struct fields f = { .object = v, .what = what, .arena = a, .e = e };

	if (!v || v->kind != VALUE_OBJECT)
		field_fail(&f, EBADMSG, "not an object");
	return f;
}

void field_fail(struct fields *f, int error, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (f->error)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f->error = err_set(f->e, error, "%s: %s", f->what, text);
}

void field_check(struct fields *f, int r)
{
	if (!f->error && r < 0)
		f->error = r;
}

static const struct value *find(struct fields *f, const char *key, enum value_kind kind)
{
	const struct value *v = f->error ? NULL : value_get(f->object, key);

	if (!v || v->kind == VALUE_NULL)
		return NULL;
	if (v->kind == kind)
		return v;
	field_fail(f, EBADMSG, "field '%s' is of the wrong kind", key);
	return NULL;
}

static void copy(struct fields *f, str s, str *ret)
{
	str kept = arena_str(f->arena, s);

	if (kept.p)
		*ret = kept;
	else
		field_fail(f, ENOBUFS, "memory budget spent");
}

void field_str_max(struct fields *f, const char *key, size_t max, str *ret)
{
	const struct value *v = find(f, key, VALUE_STRING);

	if (!v || !v->string.n)
		return;
	if (v->string.n > max)
		field_fail(f, E2BIG, "field '%s' is longer than %zu bytes", key, max);
	else
		copy(f, v->string, ret);
}

void field_str(struct fields *f, const char *key, str *ret)
{
	field_str_max(f, key, FIELD_STR_MAX, ret);
}

void field_str_needed(struct fields *f, const char *key, str *ret)
{
	field_str(f, key, ret);
	if (!f->error && !ret->n)
		field_fail(f, EBADMSG, "field '%s' is missing", key);
}

void field_digest(struct fields *f, const char *key, str *ret)
{
	uint8_t sum[SHA256_BYTES];

	field_str(f, key, ret);
	if (!f->error && ret->n && digest_parse(*ret, sum, NULL) < 0)
		field_fail(f, EBADMSG, "field '%s' is no SHA-256 digest", key);
}

/* Normalised: not empty, at most FIELD_STR_MAX bytes, no leading or double '/', no "." or ".." part, no NUL. */
static bool is_path(str s)
{
	if (!s.n || s.n > FIELD_STR_MAX || str_find(s, '\0') < s.n || s.p[s.n - 1] == '/')
		return false;
	while (s.n) {
		str part = str_cut(&s, '/');

		if (!part.n || str_is(part, ".") || str_is(part, ".."))
			return false;
	}
	return true;
}

void field_path(struct fields *f, const char *key, str *ret)
{
	field_str_needed(f, key, ret);
	if (!f->error && !is_path(*ret))
		field_fail(f, EBADMSG, "field '%s' is no normalised path", key);
}

void field_u64(struct fields *f, const char *key, uint64_t *ret)
{
	const struct value *v = find(f, key, VALUE_NUMBER);
	int64_t n = v ? value_int(v, -1) : 0;

	if (!v)
		return;
	if (n < 0)
		field_fail(f, EBADMSG, "field '%s' is no whole number from 0 on", key);
	else
		*ret = (uint64_t)n;
}

void field_u32(struct fields *f, const char *key, uint32_t *ret)
{
	uint64_t n = *ret;

	field_u64(f, key, &n);
	if (n > UINT32_MAX)
		field_fail(f, EBADMSG, "field '%s' is too large", key);
	else
		*ret = (uint32_t)n;
}

void field_bool(struct fields *f, const char *key, bool *ret)
{
	const struct value *v = find(f, key, VALUE_BOOL);

	if (v)
		*ret = v->boolean;
}

const struct value *field_array(struct fields *f, const char *key, size_t max)
{
	static const struct value none = { .kind = VALUE_ARRAY };
	const struct value *v = find(f, key, VALUE_ARRAY);

	if (v && v->count > max) {
		field_fail(f, E2BIG, "field '%s' has more than %zu elements", key, max);
		v = NULL;
	}
	return v ? v : &none;
}

void field_strs(struct fields *f, const char *key, size_t max, bool paths, str **ret,
		size_t *ret_count)
{
	const struct value *v = field_array(f, key, max);
	str *items = v->count ? ARENA_ARRAY(f->arena, v->count, str) : NULL;

	if (v->count && !items)
		field_fail(f, ENOBUFS, "memory budget spent");
	for (size_t i = 0; i < v->count && !f->error; i++) {
		const struct value *item = value_at(v, i);

		if (item->kind != VALUE_STRING || (paths && !is_path(item->string)))
			field_fail(f, EBADMSG, "element %zu of '%s' is no %s", i, key,
				   paths ? "normalised path" : "string");
		else if (item->string.n > FIELD_STR_MAX)
			field_fail(f, E2BIG, "element %zu of '%s' is too long", i, key);
		else
			copy(f, item->string, &items[i]);
	}
	if (f->error)
		return;
	*ret = items;
	*ret_count = v->count;
}

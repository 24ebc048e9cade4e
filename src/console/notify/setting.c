#include "console/notify/setting.h"

#include <inttypes.h>

#include "base/text.h"
#include "codec/json.h"
#include "wire/url.h"

enum { TEXT_MAX = 1024, PEM_MAX = 64 << 10, MAP_MAX = 16 };

bool setting_is_secret(enum setting_type t)
{
	return t >= SETTING_SECRET;
}

static const struct setting *find_in(const struct setting *table, str name)
{
	for (; table && table->name; table++)
		if (str_is(name, table->name))
			return table;
	return NULL;
}

static const struct setting *find(const struct setting_tables *t, str name)
{
	const struct setting *s = find_in(t->own, name);

	return s ? s : find_in(t->common, name);
}

/* One line that does nothing to the protocols it is put into. */
static bool is_line(str s)
{
	while (s.n) {
		uint32_t c = text_next(&s);

		if (c == TEXT_ILL_FORMED || c < 32 || (c >= 127 && c < 160))
			return false;
	}
	return true;
}

static bool is_choice(const char *choices, str s)
{
	str rest = str_from(choices);

	while (rest.n)
		if (str_eq(str_cut(&rest, '|'), s))
			return true;
	return false;
}

static bool is_pem(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 32 && s.p[i] != '\n' && s.p[i] != '\r') || s.p[i] >= 127)
			return false;
	return str_search(s, S("-----BEGIN ")) < s.n && s.n <= PEM_MAX;
}

static int check_text(const struct setting *s, str v, struct err *e)
{
	size_t most = s->max ? (size_t)s->max : TEXT_MAX;
	struct url u;

	if (v.n > most)
		return err_set(e, EINVAL, "'%s' has more than %zu bytes", s->name, most);
	if (!is_line(v))
		return err_set(e, EINVAL, "'%s' is no single line of text", s->name);
	if (s->type != SETTING_URL && s->type != SETTING_SECRET_URL)
		return 0;
	if (!url_split(v, &u) || !u.host.n || u.user.n || !is_choice(s->choices, u.scheme))
		return err_set(e, EINVAL, "'%s' is no address of the form %s://HOST", s->name,
			       s->choices);
	return 0;
}

static int check_list(const struct setting *s, const struct value *v, struct err *e)
{
	if (v->kind != VALUE_ARRAY)
		return err_set(e, EINVAL, "'%s' is no list", s->name);
	if (v->count > (size_t)s->max || (s->must && !v->count))
		return err_set(e, EINVAL, "'%s' takes 1 to %" PRId64 " texts", s->name, s->max);
	VALUE_EACH (item, v)
		if (item->kind != VALUE_STRING || !item->string.n || item->string.n > TEXT_MAX ||
		    !is_line(item->string) || (s->choices && !is_choice(s->choices, item->string)))
			return s->choices ? err_set(e, EINVAL, "'%s' takes only: %s", s->name,
						    s->choices)
					  : err_set(e, EINVAL, "'%s' is no list of texts", s->name);
	return 0;
}

/* RFC 9110 section 5.6.2. */
static bool is_token(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 32 || s.p[i] >= 127 || strchr("\"(),/:;<=>?@[\\]{}", s.p[i]))
			return false;
	return s.n;
}

static int check_map(const struct setting *s, const struct value *v, struct err *e)
{
	if (v->kind != VALUE_OBJECT || v->count > MAP_MAX)
		return err_set(e, EINVAL, "'%s' takes at most %d names with texts", s->name,
			       MAP_MAX);
	VALUE_MEMBERS (m, v)
		if (!is_token(m->key) || m->value.kind != VALUE_STRING ||
		    m->value.string.n > PEM_MAX / 16 || !is_line(m->value.string))
			return err_set(e, EINVAL,
				       "'%s' holds a name or a text that HTTP does not take",
				       s->name);
	return 0;
}

static int check(const struct setting *s, const struct value *v, struct err *e)
{
	switch (s->type) {
	case SETTING_NUMBER:
		if (v->kind != VALUE_NUMBER || v->number != (double)v->integer ||
		    v->integer < s->min || v->integer > s->max)
			return err_set(e, EINVAL,
				       "'%s' is a whole number from %" PRId64 " to %" PRId64,
				       s->name, s->min, s->max);
		return 0;
	case SETTING_BOOL:
		return v->kind == VALUE_BOOL ? 0
					     : err_set(e, EINVAL, "'%s' is true or false", s->name);
	case SETTING_LIST:
		return check_list(s, v, e);
	case SETTING_SECRET_MAP:
		return check_map(s, v, e);
	case SETTING_CHOICE:
		return v->kind == VALUE_STRING && is_choice(s->choices, v->string)
			       ? 0
			       : err_set(e, EINVAL, "'%s' takes only: %s", s->name, s->choices);
	default:
		break;
	}
	if (v->kind != VALUE_STRING)
		return err_set(e, EINVAL, "'%s' is no text", s->name);
	if (s->type == SETTING_PEM || s->type == SETTING_SECRET_PEM)
		return is_pem(v->string) ? 0 : err_set(e, EINVAL, "'%s' is no PEM text", s->name);
	return check_text(s, v->string, e);
}

static void put_value(struct json_out *j, const struct value *v)
{
	switch (v->kind) {
	case VALUE_BOOL:
		json_bool(j, v->boolean);
		break;
	case VALUE_NUMBER:
		json_int(j, v->integer);
		break;
	case VALUE_STRING:
		json_str(j, v->string);
		break;
	case VALUE_ARRAY:
		json_array_open(j);
		VALUE_EACH (item, v)
			json_str(j, value_str(item));
		json_array_close(j);
		break;
	case VALUE_OBJECT:
		json_object_open(j);
		VALUE_MEMBERS (m, v) {
			json_key_str(j, m->key);
			json_str(j, value_str(&m->value));
		}
		json_object_close(j);
		break;
	default:
		json_null(j);
	}
}

/* The address without what is secret of it; the same for the same one. */
static void mask_url(str url, struct buf *out)
{
	struct url u;

	if (!url_split(url, &u)) {
		buf_add(out, S(SETTING_MASK));
		return;
	}
	buf_printf(out, "%.*s://%s%.*s%s%s%.*s/" SETTING_MASK, STR_ARG(u.scheme),
		   str_find(u.host, ':') < u.host.n ? "[" : "", STR_ARG(u.host),
		   str_find(u.host, ':') < u.host.n ? "]" : "", u.port.n ? ":" : "",
		   STR_ARG(u.port));
}

static const struct value *member(const struct value *object, str key)
{
	const struct value *found = NULL;

	VALUE_MEMBERS (m, object)
		if (str_eq(m->key, key))
			found = &m->value;
	return found;
}

static bool same_list(const struct value *a, const struct value *b)
{
	for (size_t i = 0; a && b && i < a->count && i < b->count; i++)
		if (!str_eq(value_str(value_at(a, i)), value_str(value_at(b, i))))
			return false;
	return a && b && a->count == b->count;
}

/* Whether what was entrusted to one receiver would now go to another. */
static bool has_moved(const struct value *given, const struct value *was)
{
	str url = value_get_str(given, "url"), old = value_get_str(was, "url");
	OWNED_BUF shown = BUF_INIT;

	if (value_get(was, "brokers"))
		return !same_list(value_get(given, "brokers"), value_get(was, "brokers"));
	mask_url(old, &shown);
	return !str_eq(url, buf_str(&shown)) && !url_same_origin(url, old);
}

/* What a mask stands for; @p v itself when it is none, NULL when there was nothing. */
static const struct value *unmask(const struct setting *s, const struct value *v,
				  const struct value *was)
{
	OWNED_BUF shown = BUF_INIT;

	if (!setting_is_secret(s->type) || v->kind != VALUE_STRING)
		return v;
	if (s->type == SETTING_SECRET_URL && was) {
		mask_url(value_str(was), &shown);
		if (str_eq(buf_str(&shown), v->string))
			return was;
	}
	return str_is(v->string, SETTING_MASK) ? was : v;
}

/* Single values of a map may be masks, too. @return 0 or -ENOBUFS */
static int unmask_map(const struct value *v, const struct value *was, struct arena *a,
		      struct value *ret)
{
	struct value_member *members = ARENA_ARRAY(a, v->count, struct value_member);
	size_t n = 0;

	if (!members)
		return -ENOBUFS;
	VALUE_MEMBERS (m, v) {
		const struct value *old = str_is(value_str(&m->value), SETTING_MASK)
						  ? member(was, m->key)
						  : &m->value;

		if (old)
			members[n++] = (struct value_member){ m->key, *old };
	}
	*ret = (struct value){ .kind = VALUE_OBJECT, .count = n, .members = members };
	return 0;
}

static int take_one(const struct setting *s, const struct value *given, const struct value *was,
		    struct arena *a, struct json_out halves[2], struct err *e)
{
	const struct value *v = unmask(s, given, was);
	struct json_out *j = &halves[setting_is_secret(s->type)];
	struct value map;
	int r;

	if (!v)
		return err_set(
			e, EINVAL,
			"'%s' is to be given: it is not known, or the address is another one now",
			s->name);
	if (s->type == SETTING_SECRET_MAP && v->kind == VALUE_OBJECT) {
		if (unmask_map(v, was, a, &map) < 0)
			return err_set(e, ENOBUFS, "notification: memory budget spent");
		v = &map;
	}
	r = check(s, v, e);
	if (r == 0) {
		json_key(j, s->name);
		put_value(j, v);
	}
	return r;
}

static int take_all(const struct setting_tables *t, const struct value *given,
		    const struct value *was, struct arena *a, struct json_out halves[2],
		    str *ret_at, struct err *e)
{
	const struct setting *tables[] = { t->own, t->common };
	const bool moved = was && has_moved(given, was);

	VALUE_MEMBERS (m, given) {
		*ret_at = m->key;
		if (!find(t, m->key))
			return err_set(e, EINVAL, "no setting is called '%.*s'",
				       STR_ARG(str_take(m->key, 40)));
	}
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct setting *s = tables[i]; s && s->name; s++) {
			const struct value *v = value_get(given, s->name);
			int r = 0;

			*ret_at = str_from(s->name);
			/* Empty and null: as if it were not there. */
			if (v && v->kind != VALUE_NULL &&
			    !(v->kind == VALUE_STRING && !v->string.n))
				r = take_one(s, v, moved ? NULL : value_get(was, s->name), a,
					     halves, e);
			else if (s->must)
				r = err_set(e, EINVAL, "'%s' is missing", s->name);
			if (r < 0)
				return r;
		}
	return 0;
}

int setting_take(const struct setting_tables *t, const struct value *given, const struct value *was,
		 struct arena *a, str *ret_public, str *ret_secret, str *ret_at, struct err *e)
{
	OWNED_BUF shown = BUF_INIT;
	OWNED_BUF hidden = BUF_INIT;
	struct json_out halves[2];
	str made[2];
	int r;

	*ret_at = S("");
	if (!given || given->kind != VALUE_OBJECT)
		return err_set(e, EINVAL, "settings are an object");
	json_out_init(&halves[0], &shown, false);
	json_out_init(&halves[1], &hidden, false);
	json_object_open(&halves[0]);
	json_object_open(&halves[1]);
	r = take_all(t, given, was, a, halves, ret_at, e);
	json_object_close(&halves[0]);
	json_object_close(&halves[1]);
	made[0] = arena_str(a, buf_str(&shown));
	made[1] = arena_str(a, buf_str(&hidden));
	if (r == 0 && (buf_error(&shown) || buf_error(&hidden) || !made[0].p || !made[1].p))
		r = err_set(e, ENOBUFS, "notification: memory budget spent");
	if (r < 0)
		return r;
	*ret_public = made[0];
	*ret_secret = made[1];
	return 0;
}

int setting_join(str public_json, str secret_json, struct arena *a, struct value *ret,
		 struct err *e)
{
	struct value halves[2] = { 0 };
	struct value_member *members;
	size_t n = 0;
	int r = json_parse(public_json, a, &halves[0], e);

	if (r == 0)
		r = json_parse(secret_json.n ? secret_json : S("{}"), a, &halves[1], e);
	if (r < 0)
		return r;
	members = ARENA_ARRAY(a, halves[0].count + halves[1].count, struct value_member);
	if (!members)
		return err_set(e, ENOBUFS, "notification: memory budget spent");
	for (size_t i = 0; i < 2; i++)
		VALUE_MEMBERS (m, &halves[i])
			members[n++] = *m;
	*ret = (struct value){ .kind = VALUE_OBJECT, .count = n, .members = members };
	return 0;
}

static void render_one(const struct setting *s, const struct value *v, struct json_out *j)
{
	OWNED_BUF shown = BUF_INIT;

	json_key(j, s->name);
	switch (s->type) {
	case SETTING_SECRET:
	case SETTING_SECRET_PEM:
		json_cstr(j, SETTING_MASK);
		break;
	case SETTING_SECRET_URL:
		mask_url(value_str(v), &shown);
		json_str(j, buf_str(&shown));
		break;
	case SETTING_SECRET_MAP:
		json_object_open(j);
		VALUE_MEMBERS (m, v) {
			json_key_str(j, m->key);
			json_cstr(j, SETTING_MASK);
		}
		json_object_close(j);
		break;
	default:
		put_value(j, v);
	}
}

void setting_render(const struct setting_tables *t, const struct value *all, struct json_out *j)
{
	const struct setting *tables[] = { t->own, t->common };

	json_object_open(j);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (const struct setting *s = tables[i]; s && s->name; s++) {
			const struct value *v = value_get(all, s->name);

			if (v)
				render_one(s, v, j);
		}
	json_object_close(j);
}

static str preset_of(const struct setting_tables *t, const char *name)
{
	const struct setting *s = find(t, str_from(name));

	assert(s);
	return str_from(s->preset);
}

str setting_text(const struct setting_tables *t, const struct value *all, const char *name)
{
	str s = value_get_str(all, name);

	return s.n ? s : preset_of(t, name);
}

int64_t setting_number(const struct setting_tables *t, const struct value *all, const char *name)
{
	const struct value *v = value_get(all, name);
	uint64_t preset = 0;

	if (v && v->kind == VALUE_NUMBER)
		return v->integer;
	(void)!str_u64(preset_of(t, name), &preset);
	return (int64_t)preset;
}

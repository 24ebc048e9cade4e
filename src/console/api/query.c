#include "base/buf.h"
#include "base/text.h"
#include "base/time.h"
#include "console/api/object.h"

#define QUERY_MAX_PARAMETERS 256

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int percent_decode(str text, bool plus, struct arena *a, str *ret)
{
	char *out = arena_alloc(a, text.n + 1);
	size_t n = 0;

	if (!out)
		return -ENOBUFS;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '%') {
			int high = i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
			int low = i + 2 < text.n ? hex_digit(text.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EBADMSG;
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (!c)
			return -EBADMSG;
		out[n++] = c;
	}
	if (text_ill_formed((str){ out, n }) != n)
		return -EBADMSG;
	*ret = (str){ out, n };
	return 0;
}

struct reader {
	const enum object_id *ids;
	struct arena *arena;
	struct fault_list *faults;
	struct value_member *members;
	size_t count, cap;
	bool spent;
};

static void fault(struct reader *r, str name, struct phrase why, int64_t bound, str allowed)
{
	struct fault_list *l = r->faults;

	if (l->count == FAULT_MAX) {
		l->more = true;
		return;
	}
	name = str_take(name, 64);
	/* a character that was cut is not text */
	name = str_take(name, text_ill_formed(name));
	l->items[l->count] = (struct fault){
		.path = arena_printf(r->arena, "?%.*s", STR_ARG(name)),
		.why = why,
		.bound = bound,
		.allowed = allowed,
	};
	if (!l->items[l->count].path.p)
		r->spent = true;
	else
		l->count++;
}

static const struct object_member *find(const struct reader *r, str name)
{
	for (const enum object_id *id = r->ids; *id != OBJECT_NONE; id++) {
		const struct object_member *m = object_member(*id, name);

		if (m)
			return m;
	}
	return NULL;
}

/* Digits with a sign in front or none. */
static bool read_integer(str text, int64_t *ret)
{
	bool negative = text.n > 1 && text.p[0] == '-';
	uint64_t n;

	if (str_u64(negative ? str_skip(text, 1) : text, &n) < 0 || n > (uint64_t)1 << 53)
		return false;
	*ret = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

static void read_number(struct reader *r, const struct object_member *m, str text,
			struct value *ret)
{
	int64_t n;

	if (!read_integer(text, &n)) {
		fault(r, str_from(m->name),
		      (struct phrase){ "a whole number is expected", "应为整数" }, 0, S(""));
		return;
	}
	if ((m->min || m->max) && n < m->min)
		fault(r, str_from(m->name),
		      (struct phrase){ "must be at least {0}", "不得小于 {0}" }, m->min, S(""));
	else if (m->max && n > m->max)
		fault(r, str_from(m->name),
		      (struct phrase){ "must be at most {0}", "不得大于 {0}" }, m->max, S(""));
	*ret = (struct value){ .kind = VALUE_NUMBER, .integer = n, .number = (double)n };
}

static void read_string(struct reader *r, const struct object_member *m, str text,
			struct value *ret)
{
	int64_t max = m->max ? m->max : OBJECT_MAX_STRING;

	if ((int64_t)text.n > max)
		fault(r, str_from(m->name),
		      (struct phrase){ "longer than {0} bytes", "超过 {0} 字节" }, max, S(""));
	else if ((int64_t)text.n < m->min)
		fault(r, str_from(m->name),
		      (struct phrase){ "shorter than {0} bytes", "少于 {0} 字节" }, m->min, S(""));
	*ret = (struct value){ .kind = VALUE_STRING, .string = text };
}

static void wrong_word(struct reader *r, const struct object_member *m)
{
	str allowed = enum_values(m->of, r->arena);

	r->spent |= !allowed.p;
	fault(r, str_from(m->name),
	      (struct phrase){ "one of these is expected: {1}", "应为以下之一：{1}" }, 0, allowed);
}

static void read_one(struct reader *r, const struct object_member *m, str text, struct value *ret)
{
	str name = str_from(m->name);
	int64_t seconds;

	switch (m->type) {
	case TYPE_INTEGER:
		read_number(r, m, text, ret);
		return;
	case TYPE_BOOLEAN:
		if (!str_is(text, "true") && !str_is(text, "false"))
			fault(r, name,
			      (struct phrase){ "true or false is expected", "应为 true 或 false" },
			      0, S(""));
		*ret = (struct value){ .kind = VALUE_BOOL, .boolean = str_is(text, "true") };
		return;
	case TYPE_TIME:
		if (time_parse(text, &seconds) < 0)
			fault(r, name,
			      (struct phrase){ "a time is expected, such as 2026-01-31T12:00:00Z",
					       "应为时间，例如 2026-01-31T12:00:00Z" },
			      0, S(""));
		break;
	case TYPE_ENUM:
		if (enum_find(m->of, text) < 0)
			wrong_word(r, m);
		break;
	default:
		read_string(r, m, text, ret);
		return;
	}
	*ret = (struct value){ .kind = VALUE_STRING, .string = text };
}

static struct value *member_at(struct reader *r, const struct object_member *m, bool *ret_made)
{
	struct value_member *at;

	*ret_made = false;
	for (size_t i = 0; i < r->count; i++)
		if (str_is(r->members[i].key, m->name))
			return &r->members[i].value;
	at = ARENA_PUSH(r->arena, r->members, r->count, r->cap);
	if (!at) {
		r->spent = true;
		return NULL;
	}
	at->key = str_from(m->name);
	*ret_made = true;
	return &at->value;
}

static void take(struct reader *r, const struct object_member *m, str text)
{
	bool made;
	struct value *at = member_at(r, m, &made);

	if (!at)
		return;
	if (m->shape != SHAPE_LIST) {
		if (!made)
			fault(r, str_from(m->name), (struct phrase){ "given twice", "重复给出" }, 0,
			      S(""));
		else
			read_one(r, m, text, at);
		return;
	}
	if (made) {
		/* as many as there can be, so that it never moves */
		at->kind = VALUE_ARRAY;
		at->items = ARENA_ARRAY(r->arena, QUERY_MAX_PARAMETERS, struct value);
		if (!at->items) {
			r->spent = true;
			return;
		}
	}
	read_one(r, m, text, &at->items[at->count++]);
}

static void take_pair(struct reader *r, str pair)
{
	str value = pair, key = str_cut(&value, '=');
	const struct object_member *m;
	int k = percent_decode(key, true, r->arena, &key);
	int v = percent_decode(value, true, r->arena, &value);

	if (k == -ENOBUFS || v == -ENOBUFS) {
		r->spent = true;
		return;
	}
	if (k < 0) {
		fault(r, S(""),
		      (struct phrase){ "the query string is malformed", "查询字符串格式错误" }, 0,
		      S(""));
		return;
	}
	m = find(r, key);
	if (!m)
		fault(r, key, (struct phrase){ "there is no such parameter", "没有这个参数" }, 0,
		      S(""));
	else if (v < 0)
		fault(r, key, (struct phrase){ "is no UTF-8 text", "不是 UTF-8 文本" }, 0, S(""));
	else
		take(r, m, value);
}

static void find_missing(struct reader *r, const struct value *v)
{
	for (const enum object_id *id = r->ids; *id != OBJECT_NONE; id++) {
		struct object_row o = object_row(*id);

		for (size_t i = 0; i < o.count; i++)
			if (o.members[i].presence == PRESENCE_MUST &&
			    !value_get(v, o.members[i].name))
				fault(r, str_from(o.members[i].name),
				      (struct phrase){ "is missing", "缺少" }, 0, S(""));
	}
}

int query_parse(str query, const enum object_id *ids, struct arena *a, struct value *ret,
		struct fault_list *ret_faults)
{
	struct reader r = { .ids = ids, .arena = a, .faults = ret_faults };
	size_t pairs = 0;
	struct value v;

	*ret_faults = (struct fault_list){ 0 };
	while (query.n && !r.spent && !ret_faults->more) {
		str pair = str_cut(&query, '&');

		if (pair.n == 0)
			continue;
		if (++pairs > QUERY_MAX_PARAMETERS) {
			fault(&r, S(""),
			      (struct phrase){ "more than {0} parameters", "超过 {0} 个参数" },
			      QUERY_MAX_PARAMETERS, S(""));
			break;
		}
		take_pair(&r, pair);
	}
	v = (struct value){ .kind = VALUE_OBJECT, .count = r.count, .members = r.members };
	find_missing(&r, &v);
	if (r.spent)
		return -ENOBUFS;
	*ret = v;
	return 0;
}

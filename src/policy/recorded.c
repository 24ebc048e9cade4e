#include "policy/recorded.h"

#include "base/text.h"
#include "base/time.h"
#include "base/word.h"
#include "codec/json.h"
#include "codec/json_out.h"
#include "policy/ip_set.h"

struct recorded_entry {
	struct policy_ref ref;
	struct policy_value value;
	struct recorded_entry *next; /* of the same field, latest first */
};

struct recorded {
	struct policy_target target;
	const struct policy_subject *subject;
	struct recorded_entry **entries; /* by field */
	bool complete;
};

/* Whoever records everything has not got what nobody asked for. */
static struct policy_value nothing(const struct recorded *r, const struct policy_field *f)
{
	bool is_absent = r->complete && !policy_field_is_dear(f);

	return (struct policy_value){ .state = is_absent ? POLICY_ABSENT : POLICY_UNKNOWN };
}

/* The n-th ancestor, counted from 1, of a field recorded whole. */
static struct policy_value element(const struct policy_field *f, const struct policy_value *all,
				   uint32_t index)
{
	struct policy_value out = { .state = all->state };

	if (all->state != POLICY_KNOWN)
		return out;
	out.state = POLICY_ABSENT;
	if (!index || index > all->count)
		return out;
	out.state = POLICY_KNOWN;
	out.count = 1;
	if (f->type == POLICY_INT)
		out.integer = all->integers[index - 1];
	else
		out.string = all->strings[index - 1];
	return out;
}

static void recorded_get(const struct policy_target *t, const struct policy_ref *ref,
			 struct policy_value *ret)
{
	const struct recorded *r = (const struct recorded *)t;
	const struct policy_field *f = &r->subject->fields[ref->field];
	const struct recorded_entry *whole = NULL;

	for (const struct recorded_entry *n = r->entries[ref->field]; n; n = n->next) {
		if (policy_ref_eq(&n->ref, ref)) {
			*ret = n->value;
			return;
		}
		if (!n->ref.has_index && !n->ref.key.n)
			whole = n;
	}
	if (whole && ref->has_index && f->kind == POLICY_ANY)
		*ret = element(f, &whole->value, ref->index);
	else
		*ret = nothing(r, f);
}

static int bad_value(struct err *e, const struct policy_field *f)
{
	return err_set(e, EBADMSG, "recorded event: the value of %s is not of type %s", f->name,
		       policy_type_name(f->type));
}

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "recorded event: memory budget spent");
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_string(const struct value *v, struct arena *a, str *ret)
{
	str s = v->string;
	char *p;

	if (v->kind != VALUE_STRING)
		return -EBADMSG;
	if (!str_starts(s, S("hex:"))) {
		*ret = s;
		return 0;
	}
	s = str_skip(s, 4);
	p = arena_alloc(a, s.n / 2 + 1);
	if (!p)
		return -ENOBUFS;
	if (s.n % 2)
		return -EBADMSG;
	for (size_t i = 0; i < s.n; i += 2) {
		int hi = hex_digit(s.p[i]), lo = hex_digit(s.p[i + 1]);

		if (hi < 0 || lo < 0)
			return -EBADMSG;
		p[i / 2] = (char)(hi << 4 | lo);
	}
	*ret = (str){ p, s.n / 2 };
	return 0;
}

static int take_integer(const struct value *v, int64_t *ret)
{
	bool negative;
	uint64_t n;

	if (v->kind == VALUE_NUMBER) {
		*ret = v->integer;
		return (double)v->integer == v->number ? 0 : -EBADMSG;
	}
	if (v->kind != VALUE_STRING)
		return -EBADMSG;
	negative = str_starts(v->string, S("-"));
	if (str_u64(str_skip(v->string, negative), &n) < 0 || n > INT64_MAX)
		return -EBADMSG;
	*ret = negative ? -(int64_t)n : (int64_t)n;
	return 0;
}

static int take_time(const struct value *v, int64_t *ret)
{
	int64_t seconds;

	if (take_integer(v, ret) == 0)
		return 0;
	if (v->kind != VALUE_STRING || time_parse(v->string, &seconds) < 0 ||
	    __builtin_mul_overflow(seconds, (int64_t)1000000000, ret))
		return -EBADMSG;
	return 0;
}

static int take_unsigned(const struct value *v, uint64_t *ret)
{
	int64_t n;

	if (v->kind == VALUE_STRING)
		return str_u64(v->string, ret);
	if (take_integer(v, &n) < 0 || n < 0)
		return -EBADMSG;
	*ret = (uint64_t)n;
	return 0;
}

/* One value into place @p i. */
static int take_one(const struct policy_field *f, const struct value *v, size_t i, struct arena *a,
		    struct policy_value *out)
{
	uint64_t n;
	int r;

	switch (f->type) {
	case POLICY_STRING:
	case POLICY_BYTES:
		return take_string(v, a, &out->string);
	case POLICY_INT:
	case POLICY_DURATION:
		return take_integer(v, &out->integer);
	case POLICY_TIME:
		return take_time(v, &out->integer);
	case POLICY_UINT:
		return take_unsigned(v, &out->number);
	case POLICY_BOOL:
		out->boolean = v->boolean;
		return v->kind == VALUE_BOOL ? 0 : -EBADMSG;
	case POLICY_PORT:
		r = take_unsigned(v, &n);
		if (r < 0 || n > UINT16_MAX)
			return -EBADMSG;
		out->port[i & 1] = (uint16_t)n;
		return 0;
	default:
		return v->kind == VALUE_STRING ? ip_parse(v->string, &out->ip[i & 1], NULL)
					       : -EBADMSG;
	}
}

static int take_many(const struct policy_field *f, const struct value *items, size_t count,
		     struct arena *a, struct policy_value *out)
{
	int64_t *integers = NULL;
	str *strings = NULL;

	if (count > POLICY_MAX_VALUES)
		return -EBADMSG;
	if (f->type == POLICY_INT)
		integers = ARENA_ARRAY(a, count, int64_t);
	else
		strings = ARENA_ARRAY(a, count, str);
	if (!integers && !strings)
		return -ENOBUFS;
	for (size_t i = 0; i < count; i++) {
		struct policy_value one = { .count = 1 };
		int r = take_one(f, &items[i], 0, a, &one);

		if (r < 0)
			return r;
		if (integers)
			integers[i] = one.integer;
		else
			strings[i] = one.string;
	}
	out->count = (uint32_t)count;
	if (integers)
		out->integers = integers;
	else
		out->strings = strings;
	return 0;
}

static int take_value(const struct policy_field *f, bool whole, const struct value *v,
		      struct arena *a, struct policy_value *ret)
{
	const struct value *items = v->kind == VALUE_ARRAY ? v->items : v;
	size_t count = v->kind == VALUE_ARRAY ? v->count : 1;
	struct policy_value out = { .state = POLICY_KNOWN, .count = (uint32_t)count };
	int r = 0;

	if (v->kind == VALUE_NULL) {
		*ret = (struct policy_value){ .state = POLICY_ABSENT };
		return 0;
	}
	if (whole && (f->kind == POLICY_ANY || f->kind == POLICY_LIST)) {
		r = take_many(f, items, count, a, &out);
	} else {
		if (count > (f->kind == POLICY_ENDS ? 2u : 1u) || !count)
			return -EBADMSG;
		for (size_t i = 0; r == 0 && i < count; i++)
			r = take_one(f, &items[i], i, a, &out);
	}
	if (r == 0)
		*ret = out;
	return r;
}

static int take_member(struct recorded *r, const struct value_member *m, struct arena *a,
		       struct err *e)
{
	struct recorded_entry *n = ARENA_NEW(a, struct recorded_entry);
	const struct policy_field *f;
	int res;

	if (!n)
		return spent(e);
	res = policy_field_find(r->subject, m->key, &n->ref, e);
	if (res < 0)
		return err_set(e, EBADMSG, "recorded event: '%.*s' is no field", STR_ARG(m->key));
	f = &r->subject->fields[n->ref.field];
	res = take_value(f, !n->ref.has_index && !n->ref.key.n, &m->value, a, &n->value);
	if (res < 0)
		return res == -ENOBUFS ? spent(e) : bad_value(e, f);
	n->next = r->entries[n->ref.field];
	r->entries[n->ref.field] = n;
	return 0;
}

static int find_type(struct recorded *r, struct err *e)
{
	const struct policy_subject *s = r->subject;
	const struct recorded_entry *n = r->entries[s->type_field];

	int type = n && n->value.state == POLICY_KNOWN
			   ? word_find(s->types, s->type_count, n->value.string)
			   : -ENOENT;

	if (type < 0)
		return err_set(e, EBADMSG, "recorded event: %s is missing or is no type",
			       s->fields[s->type_field].name);
	r->target.type = (uint16_t)type;
	return 0;
}

int recorded_parse(str line, const struct policy_subject *s, struct arena *a,
		   const struct policy_target **ret, struct err *e)
{
	struct recorded *r = ARENA_NEW(a, struct recorded);
	struct value v;
	int res;

	if (!r)
		return spent(e);
	res = json_parse(line, a, &v, e);
	if (res < 0)
		return res;
	if (v.kind != VALUE_OBJECT)
		return err_set(e, EBADMSG, "recorded event: the line is no object");
	r->subject = s;
	r->target.get = recorded_get;
	r->entries = ARENA_ARRAY(a, s->field_count, struct recorded_entry *);
	if (!r->entries)
		return spent(e);
	VALUE_MEMBERS (m, &v) {
		if (str_is(m->key, "expect"))
			continue; /* for whoever tests */
		if (str_is(m->key, "complete")) {
			r->complete = value_is_true(&m->value);
			continue;
		}
		res = take_member(r, m, a, e);
		if (res < 0)
			return res;
	}
	res = find_type(r, e);
	if (res < 0)
		return res;
	*ret = &r->target;
	return 0;
}

static bool is_plain(str s)
{
	return !str_starts(s, S("hex:")) && text_ill_formed(s) == s.n;
}

static void put_string(struct json_out *j, str s)
{
	static const char digits[] = "0123456789abcdef";
	OWNED_BUF hex = BUF_INIT;

	if (is_plain(s)) {
		json_str(j, s);
		return;
	}
	buf_add(&hex, S("hex:"));
	for (size_t i = 0; i < s.n; i++) {
		buf_byte(&hex, digits[(unsigned char)s.p[i] >> 4]);
		buf_byte(&hex, digits[(unsigned char)s.p[i] & 15]);
	}
	json_str(j, buf_str(&hex));
}

static void put_ip(struct json_out *j, const struct policy_ip *ip)
{
	char text[POLICY_IP_BYTES];

	json_str(j, policy_ip_text(ip, text));
}

static void put_one(struct json_out *j, const struct policy_field *f, bool many,
		    const struct policy_value *v, uint32_t i)
{
	switch (f->type) {
	case POLICY_STRING:
	case POLICY_BYTES:
		put_string(j, many ? v->strings[i] : v->string);
		break;
	case POLICY_INT:
		json_int(j, many ? v->integers[i] : v->integer);
		break;
	case POLICY_DURATION:
	case POLICY_TIME:
		json_int(j, v->integer);
		break;
	case POLICY_UINT:
		if (v->number <= INT64_MAX) {
			json_uint(j, v->number);
		} else {
			OWNED_BUF text = BUF_INIT;

			buf_printf(&text, "%llu", (unsigned long long)v->number);
			json_str(j, buf_str(&text));
		}
		break;
	case POLICY_BOOL:
		json_bool(j, v->boolean);
		break;
	case POLICY_PORT:
		json_uint(j, v->port[i & 1]);
		break;
	default:
		put_ip(j, &v->ip[i & 1]);
	}
}

static void put_value(struct json_out *j, const struct policy_field *f, bool whole,
		      const struct policy_value *v)
{
	bool many = whole && f->kind != POLICY_ONE;

	if (v->state == POLICY_ABSENT) {
		json_null(j);
		return;
	}
	if (!many) {
		put_one(j, f, false, v, 0);
		return;
	}
	json_array_open(j);
	for (uint32_t i = 0; i < MIN(v->count, (uint32_t)POLICY_MAX_VALUES); i++)
		put_one(j, f, f->kind == POLICY_ANY || f->kind == POLICY_LIST, v, i);
	json_array_close(j);
}

/* A field as conditions name it: "proc.aname[2]". */
static void field_name(const struct policy_subject *s, const struct policy_ref *ref,
		       struct buf *out)
{
	buf_add(out, str_from(s->fields[ref->field].name));
	if (ref->has_index)
		buf_printf(out, "[%u]", ref->index);
	else if (ref->key.n)
		buf_printf(out, "[%.*s]", STR_ARG(ref->key));
}

void recorded_render(const struct policy_subject *s, const struct policy_target *t,
		     const struct policy_ref *refs, size_t count, struct buf *out)
{
	struct json_out j;
	OWNED_BUF name = BUF_INIT;

	json_out_init(&j, out, false);
	json_object_open(&j);
	json_put_cstr(&j, s->fields[s->type_field].name, s->types[t->type]);
	for (size_t i = 0; i < count; i++) {
		struct policy_value v = { .state = POLICY_ABSENT };

		if (refs[i].field == s->type_field)
			continue;
		t->get(t, &refs[i], &v);
		if (v.state == POLICY_UNKNOWN)
			continue;
		buf_reset(&name);
		field_name(s, &refs[i], &name);
		json_key_str(&j, buf_str(&name));
		put_value(&j, &s->fields[refs[i].field], !refs[i].has_index && !refs[i].key.n, &v);
	}
	json_object_close(&j);
	buf_byte(out, '\n');
}

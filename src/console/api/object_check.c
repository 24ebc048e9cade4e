#include <math.h>

#include "base/buf.h"
#include "base/time.h"
#include "console/api/object.h"

/* An object that waits to be looked at, and where it hangs. */
struct place {
	const struct place *above; /* NULL: the document itself */
	const char *member;        /* the member of the object above that leads here; NULL: none */
	str key;                   /* of a map */
	size_t index;              /* of a list */
	enum member_shape shape;
	enum object_id id;
	const struct value *value;
	struct place *next; /* in the queue */
};

struct checker {
	struct arena *arena;
	struct fault_list *faults;
	struct place *last; /* of the queue */
	bool spent;
};

static void add_key(struct buf *out, str key)
{
	for (size_t i = 0; i < key.n; i++) {
		if (key.p[i] == '~')
			buf_add(out, S("~0"));
		else if (key.p[i] == '/')
			buf_add(out, S("~1"));
		else
			buf_byte(out, key.p[i]);
	}
}

static void add_step(struct buf *out, const struct place *p)
{
	buf_byte(out, '/');
	buf_add(out, str_from(p->member));
	if (p->shape == SHAPE_LIST) {
		buf_printf(out, "/%zu", p->index);
	} else if (p->shape == SHAPE_MAP) {
		buf_byte(out, '/');
		add_key(out, p->key);
	}
}

#define PATH_MAX_STEPS 16 /* tables do not nest deeper */

static str path_of(struct checker *c, const struct place *at, str key)
{
	const struct place *steps[PATH_MAX_STEPS];
	size_t depth = 0;
	OWNED_BUF out = BUF_INIT;

	for (const struct place *p = at; p->above && depth < PATH_MAX_STEPS; p = p->above)
		steps[depth++] = p;
	while (depth)
		add_step(&out, steps[--depth]);
	if (key.p) {
		buf_byte(&out, '/');
		add_key(&out, str_take(key, 256));
	}
	return arena_str(c->arena, buf_error(&out) ? (str){ 0 } : buf_str(&out));
}

static void fault(struct checker *c, const struct place *at, str key, struct phrase why,
		  int64_t bound, str allowed)
{
	struct fault_list *l = c->faults;

	if (l->count == FAULT_MAX) {
		l->more = true;
		return;
	}
	l->items[l->count] = (struct fault){
		.path = path_of(c, at, key), .why = why, .bound = bound, .allowed = allowed
	};
	if (!l->items[l->count].path.p)
		c->spent = true;
	else
		l->count++;
}

static const struct phrase kind_phrase[] = {
	[TYPE_STRING] = { "a string is expected here", "此处应为字符串" },
	[TYPE_TIME] = { "a time is expected here, such as 2026-01-31T12:00:00Z",
			"此处应为时间，例如 2026-01-31T12:00:00Z" },
	[TYPE_INTEGER] = { "a whole number is expected here", "此处应为整数" },
	[TYPE_NUMBER] = { "a number is expected here", "此处应为数字" },
	[TYPE_BOOLEAN] = { "true or false is expected here", "此处应为 true 或 false" },
	[TYPE_ENUM] = { "one of these is expected here: {1}", "此处应为以下之一：{1}" },
	[TYPE_OBJECT] = { "an object is expected here", "此处应为对象" },
};

static void wrong_kind(struct checker *c, const struct place *at, str key,
		       const struct object_member *m)
{
	str allowed = m->type == TYPE_ENUM ? enum_values(m->of, c->arena) : S("");

	c->spent |= !allowed.p;
	fault(c, at, key, kind_phrase[m->type], 0, allowed);
}

static void check_length(struct checker *c, const struct place *at, str key,
			 const struct object_member *m, size_t n)
{
	int64_t max = m->max ? m->max : OBJECT_MAX_STRING;

	if ((int64_t)n > max)
		fault(c, at, key, (struct phrase){ "longer than {0} bytes", "超过 {0} 字节" }, max,
		      S(""));
	else if ((int64_t)n < m->min)
		fault(c, at, key,
		      m->min == 1 ? (struct phrase){ "must not be empty", "不能为空" }
				  : (struct phrase){ "shorter than {0} bytes", "少于 {0} 字节" },
		      m->min, S(""));
}

static void check_integer(struct checker *c, const struct place *at, str key,
			  const struct object_member *m, const struct value *v)
{
	if (v->number != trunc(v->number) || fabs(v->number) > 9007199254740992.0) {
		wrong_kind(c, at, key, m);
		return;
	}
	if (!m->min && !m->max)
		return;
	if (v->integer < m->min)
		fault(c, at, key, (struct phrase){ "must be at least {0}", "不得小于 {0}" }, m->min,
		      S(""));
	else if (m->max && v->integer > m->max)
		fault(c, at, key, (struct phrase){ "must be at most {0}", "不得大于 {0}" }, m->max,
		      S(""));
}

/* A value that holds no others, or one that does and is put in the queue. */
static void check_one(struct checker *c, const struct place *at, str key,
		      const struct object_member *m, const struct value *v)
{
	int64_t seconds;
	bool right = true;

	switch (m->type) {
	case TYPE_STRING:
		right = v->kind == VALUE_STRING;
		if (right)
			check_length(c, at, key, m, v->string.n);
		break;
	case TYPE_TIME:
		right = v->kind == VALUE_STRING && time_parse(v->string, &seconds) == 0;
		break;
	case TYPE_ENUM:
		right = v->kind == VALUE_STRING && enum_find(m->of, v->string) >= 0;
		break;
	case TYPE_INTEGER:
		right = v->kind == VALUE_NUMBER;
		if (right)
			check_integer(c, at, key, m, v);
		break;
	case TYPE_NUMBER:
		right = v->kind == VALUE_NUMBER;
		break;
	case TYPE_BOOLEAN:
		right = v->kind == VALUE_BOOL;
		break;
	case TYPE_OBJECT:
		right = v->kind == VALUE_OBJECT;
		break;
	case TYPE_ANY:
		break;
	}
	if (!right)
		wrong_kind(c, at, key, m);
}

static void queue(struct checker *c, const struct place *at, const struct object_member *m, str key,
		  size_t index, const struct value *v)
{
	struct place *p;

	if (m->type != TYPE_OBJECT || v->kind != VALUE_OBJECT)
		return;
	p = ARENA_NEW(c->arena, struct place);
	if (!p) {
		c->spent = true;
		return;
	}
	*p = (struct place){ .above = at,
			     .member = m->name,
			     .key = key,
			     .index = index,
			     .shape = m->shape,
			     .id = m->of,
			     .value = v };
	c->last->next = p;
	c->last = p;
}

static void check_list(struct checker *c, const struct place *at, const struct object_member *m,
		       const struct value *v)
{
	struct place here = { .above = at, .member = m->name, .shape = SHAPE_LIST, .value = v };

	if (v->count > OBJECT_MAX_ITEMS) {
		fault(c, at, str_from(m->name),
		      (struct phrase){ "more than {0} elements", "超过 {0} 个元素" },
		      OBJECT_MAX_ITEMS, S(""));
		return;
	}
	for (size_t i = 0; i < v->count && !c->spent; i++) {
		here.index = i;
		check_one(c, &here, (str){ 0 }, m, &v->items[i]);
		queue(c, at, m, (str){ 0 }, i, &v->items[i]);
	}
}

static void check_map(struct checker *c, const struct place *at, const struct object_member *m,
		      const struct value *v)
{
	struct place here = { .above = at, .member = m->name, .shape = SHAPE_MAP, .value = v };

	if (v->count > OBJECT_MAX_ITEMS) {
		fault(c, at, str_from(m->name),
		      (struct phrase){ "more than {0} members", "超过 {0} 个成员" },
		      OBJECT_MAX_ITEMS, S(""));
		return;
	}
	for (size_t i = 0; i < v->count && !c->spent; i++) {
		here.key = v->members[i].key;
		check_one(c, &here, (str){ 0 }, m, &v->members[i].value);
		queue(c, at, m, here.key, 0, &v->members[i].value);
	}
}

static void check_member(struct checker *c, const struct place *at, const struct object_member *m,
			 const struct value *v)
{
	str key = str_from(m->name);

	if (v->kind == VALUE_NULL && (m->type == TYPE_ANY || m->presence == PRESENCE_NULLABLE ||
				      m->presence == PRESENCE_MAY_NULL))
		return;
	if (m->shape == SHAPE_LIST) {
		if (v->kind == VALUE_ARRAY)
			check_list(c, at, m, v);
		else
			fault(c, at, key,
			      (struct phrase){ "an array is expected here", "此处应为数组" }, 0,
			      S(""));
	} else if (m->shape == SHAPE_MAP) {
		if (v->kind == VALUE_OBJECT)
			check_map(c, at, m, v);
		else
			wrong_kind(c, at, key, &(struct object_member){ .type = TYPE_OBJECT });
	} else {
		check_one(c, at, key, m, v);
		queue(c, at, m, (str){ 0 }, 0, v);
	}
}

/* Stops when nothing more can be told: that bounds what look-ups of members given again and again take. */
static void check_object(struct checker *c, const struct place *at)
{
	struct object_row o = object_row(at->id);

	VALUE_MEMBERS (m, at->value) {
		const struct object_member *row = object_member(at->id, m->key);

		if (c->faults->more)
			return;
		if (!row)
			fault(c, at, m->key,
			      (struct phrase){ "there is no such member", "没有这个成员" }, 0,
			      S(""));
		else if (value_get(at->value, row->name) != &m->value)
			fault(c, at, m->key, (struct phrase){ "given twice", "重复给出" }, 0,
			      S(""));
		else
			check_member(c, at, row, &m->value);
	}
	for (size_t i = 0; i < o.count; i++) {
		enum member_presence p = o.members[i].presence;

		if ((p == PRESENCE_MUST || p == PRESENCE_NULLABLE) &&
		    !value_get(at->value, o.members[i].name))
			fault(c, at, str_from(o.members[i].name),
			      (struct phrase){ "is missing", "缺少" }, 0, S(""));
	}
}

int object_check(enum object_id id, const struct value *v, struct arena *a, struct fault_list *ret)
{
	struct place root = { .id = id, .value = v };
	struct checker c = { .arena = a, .faults = ret, .last = &root };

	*ret = (struct fault_list){ 0 };
	if (v->kind != VALUE_OBJECT)
		fault(&c, &root, (str){ 0 }, kind_phrase[TYPE_OBJECT], 0, S(""));
	else
		for (const struct place *p = &root; p && !c.spent; p = p->next)
			check_object(&c, p);
	return c.spent ? -ENOBUFS : 0;
}

#include "codec/yaml.h"

#include <math.h>
#include <yaml.h>

#include "base/map.h"
#include "base/word.h"

#define TAG_STR "tag:yaml.org,2002:str"

/* How large a finished node is: the nodes below and including it, and the containers nested in it. */
struct extent {
	size_t nodes, height;
};

/* A finished node that an alias may stand for. */
struct anchor {
	struct value value;
	struct extent extent;
};

struct frame {
	struct value value;
	size_t cap;
	struct extent extent;
	str anchor;
	bool keyed; /* a member was pushed and waits for its value */
};

struct builder {
	str text;
	struct arena *arena;
	struct err *e;
	struct yaml_place *at; /* NULL: errors name their place in words */
	struct map anchors;
	size_t nodes;
	size_t depth;
	struct frame frames[YAML_MAX_DEPTH];
	struct value root;
};

static int spent(struct builder *b)
{
	return err_set(b->e, ENOBUFS, "YAML: memory budget spent");
}

static struct yaml_place place_of(yaml_mark_t at)
{
	return (struct yaml_place){ (uint32_t)at.line + 1, (uint32_t)at.column + 1 };
}

static int malformed(struct builder *b, yaml_mark_t at, const char *why)
{
	if (!b->at)
		return err_set(b->e, EBADMSG, "YAML line %zu column %zu: %s", at.line + 1,
			       at.column + 1, why);
	*b->at = place_of(at);
	return err_set(b->e, EBADMSG, "not YAML: %s", why);
}

static int too_deep(struct builder *b, yaml_mark_t at)
{
	if (b->at)
		*b->at = place_of(at);
	return err_set(b->e, E2BIG, "YAML line %zu: nested deeper than %d levels", at.line + 1,
		       YAML_MAX_DEPTH);
}

static bool all_digits(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

static str without_sign(str s)
{
	return s.n && (s.p[0] == '-' || s.p[0] == '+') ? str_skip(s, 1) : s;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(str s)
{
	size_t e = MIN(str_find(s, 'e'), str_find(s, 'E'));
	str mantissa = without_sign(str_take(s, e));
	str whole = str_cut(&mantissa, '.');

	if (e < s.n && !all_digits(without_sign(str_skip(s, e + 1))))
		return false;
	if (whole.n == 0)
		return all_digits(mantissa);
	return all_digits(whole) && (mantissa.n == 0 || all_digits(mantissa));
}

static void set_number(struct value *v, double number)
{
	v->kind = VALUE_NUMBER;
	v->number = number;
	if (number > -9e15 && number < 9e15 && floor(number) == number)
		v->integer = (int64_t)number;
}

/* Text is terminated: it was copied by arena_str(). */
static bool take_number(struct value *v)
{
	str s = v->string, digits = without_sign(s);

	if (all_digits(digits)) {
		errno = 0;
		long long n = strtoll(s.p, NULL, 10);

		set_number(v, strtod(s.p, NULL));
		v->integer = errno ? 0 : n;
		return true;
	}
	if (s.n > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'o')) {
		char *end = NULL;

		errno = 0;
		unsigned long long n = strtoull(s.p + 2, &end, s.p[1] == 'x' ? 16 : 8);

		if (errno || end != s.p + s.n || s.p[2] == '-' || s.p[2] == '+' || s.p[2] == ' ' ||
		    n > INT64_MAX)
			return false;
		set_number(v, (double)n);
		v->integer = (int64_t)n;
		return true;
	}
	if (is_float(s)) {
		set_number(v, strtod(s.p, NULL));
		return true;
	}
	return false;
}

static void resolve_plain(struct value *v)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
	static const char *const yes[] = { "true", "True", "TRUE" };
	static const char *const no[] = { "false", "False", "FALSE" };

	bool is_yes = WORD_FIND(yes, v->string) >= 0;

	if (WORD_FIND(nulls, v->string) >= 0) {
		v->kind = VALUE_NULL;
	} else if (is_yes || WORD_FIND(no, v->string) >= 0) {
		v->kind = VALUE_BOOL;
		v->boolean = is_yes;
	} else {
		(void)take_number(v);
	}
}

static int take_scalar(struct builder *b, const yaml_event_t *ev, struct value *ret)
{
	struct value v = { .kind = VALUE_STRING,
			   .line = (uint32_t)ev->start_mark.line + 1,
			   .column = (uint32_t)ev->start_mark.column + 1 };
	const char *tag = (const char *)ev->data.scalar.tag;

	v.string = arena_str(b->arena,
			     (str){ (const char *)ev->data.scalar.value, ev->data.scalar.length });
	if (!v.string.p)
		return spent(b);
	if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    !(tag && str_is(str_from(tag), TAG_STR)))
		resolve_plain(&v);
	*ret = v;
	return 0;
}

static int remember(struct builder *b, str name, const struct value *v, struct extent extent)
{
	struct anchor *at;
	void **slot;

	if (!name.p)
		return 0;
	at = ARENA_NEW(b->arena, struct anchor);
	slot = at ? map_at(&b->anchors, name) : NULL;
	if (!slot)
		return spent(b);
	*at = (struct anchor){ *v, extent };
	*slot = at;
	return 0;
}

static int count_nodes(struct builder *b, size_t nodes)
{
	if (nodes > YAML_MAX_NODES - b->nodes)
		return err_set(b->e, E2BIG, "YAML: more than %d nodes", YAML_MAX_NODES);
	b->nodes += nodes;
	return 0;
}

/* Puts a finished node where it belongs: the root, an element, a key or a member's value. */
static int place(struct builder *b, const struct value *v, struct extent extent, yaml_mark_t at)
{
	struct frame *f = b->depth ? &b->frames[b->depth - 1] : NULL;
	struct value_member *m;
	struct value *item;

	if (!f) {
		b->root = *v;
		return 0;
	}
	f->extent.nodes += extent.nodes;
	f->extent.height = MAX(f->extent.height, extent.height + 1);
	if (f->value.kind == VALUE_ARRAY) {
		item = ARENA_PUSH(b->arena, f->value.items, f->value.count, f->cap);
		if (!item)
			return spent(b);
		*item = *v;
		return 0;
	}
	if (f->keyed) {
		f->value.members[f->value.count - 1].value = *v;
		f->keyed = false;
		return 0;
	}
	if (v->kind == VALUE_ARRAY || v->kind == VALUE_OBJECT)
		return malformed(b, at, "a mapping key must be a scalar");
	m = ARENA_PUSH(b->arena, f->value.members, f->value.count, f->cap);
	if (!m)
		return spent(b);
	m->key = v->string;
	f->keyed = true;
	return 0;
}

static int anchor_name(struct builder *b, const yaml_char_t *name, str *ret)
{
	*ret = (str){ 0 };
	if (!name)
		return 0;
	*ret = arena_str(b->arena, str_from((const char *)name));
	return ret->p ? 0 : spent(b);
}

static int open_container(struct builder *b, enum value_kind kind, const yaml_char_t *anchor,
			  yaml_mark_t at)
{
	struct frame *f;
	int r = count_nodes(b, 1);

	if (r < 0)
		return r;
	if (b->depth == YAML_MAX_DEPTH)
		return too_deep(b, at);
	f = &b->frames[b->depth];
	*f = (struct frame){ .value = { .kind = kind,
					.line = (uint32_t)at.line + 1,
					.column = (uint32_t)at.column + 1 },
			     .extent = { 1, 1 } };
	r = anchor_name(b, anchor, &f->anchor);
	if (r == 0)
		b->depth++;
	return r;
}

static int close_container(struct builder *b, yaml_mark_t at)
{
	struct frame *f = &b->frames[--b->depth];
	int r = remember(b, f->anchor, &f->value, f->extent);

	return r < 0 ? r : place(b, &f->value, f->extent, at);
}

static int on_scalar(struct builder *b, const yaml_event_t *ev)
{
	const struct extent one = { .nodes = 1 };
	struct value v;
	str anchor;
	int r = count_nodes(b, 1);

	if (r == 0)
		r = anchor_name(b, ev->data.scalar.anchor, &anchor);
	if (r == 0)
		r = take_scalar(b, ev, &v);
	if (r == 0)
		r = remember(b, anchor, &v, one);
	return r < 0 ? r : place(b, &v, one, ev->start_mark);
}

static int on_alias(struct builder *b, const yaml_event_t *ev)
{
	const struct anchor *at =
		map_find(&b->anchors, str_from((const char *)ev->data.alias.anchor));
	int r;

	if (!at)
		return malformed(b, ev->start_mark, "alias of an anchor that is not finished");
	if (b->depth + at->extent.height > YAML_MAX_DEPTH)
		return too_deep(b, ev->start_mark);
	r = count_nodes(b, at->extent.nodes);
	return r < 0 ? r : place(b, &at->value, at->extent, ev->start_mark);
}

static int on_event(struct builder *b, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(b, ev);
	case YAML_ALIAS_EVENT:
		return on_alias(b, ev);
	case YAML_SEQUENCE_START_EVENT:
		return open_container(b, VALUE_ARRAY, ev->data.sequence_start.anchor,
				      ev->start_mark);
	case YAML_MAPPING_START_EVENT:
		return open_container(b, VALUE_OBJECT, ev->data.mapping_start.anchor,
				      ev->start_mark);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_container(b, ev->start_mark);
	default:
		return 0;
	}
}

/* Of bytes that are no text libyaml says how many stand before them; columns are characters. */
static yaml_mark_t mark_at(str text, size_t offset)
{
	yaml_mark_t at = { 0 };

	for (size_t i = 0; i < MIN(offset, text.n); i++) {
		bool ends = text.p[i] == '\n';

		at.line += ends;
		at.column = ends ? 0 : at.column + ((text.p[i] & 0xc0) != 0x80);
	}
	return at;
}

static int parser_error(struct builder *b, const yaml_parser_t *p)
{
	if (p->error == YAML_MEMORY_ERROR)
		return spent(b);
	return malformed(b,
			 p->error == YAML_READER_ERROR ? mark_at(b->text, p->problem_offset)
						       : p->problem_mark,
			 p->problem ? p->problem : "not YAML");
}

/* Walks the events of a whole stream; each finished document becomes an element of @p docs. */
static int walk(struct builder *b, yaml_parser_t *p, struct value *docs)
{
	size_t cap = 0;

	for (bool more = true; more;) {
		yaml_event_t ev;
		int r;

		if (!yaml_parser_parse(p, &ev))
			return parser_error(b, p);
		r = on_event(b, &ev);
		if (r == 0 && ev.type == YAML_DOCUMENT_START_EVENT) {
			b->root = (struct value){ 0 };
			b->anchors = map_in(b->arena);
		}
		if (r == 0 && ev.type == YAML_DOCUMENT_END_EVENT) {
			struct value *doc = ARENA_PUSH(b->arena, docs->items, docs->count, cap);

			if (doc)
				*doc = b->root;
			else
				r = spent(b);
		}
		more = ev.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_stream(str text, struct arena *a, struct value *ret, struct yaml_place *at,
			struct err *e)
{
	struct value docs = { .kind = VALUE_ARRAY, .line = 1 };
	struct builder *b = ARENA_NEW(a, struct builder);
	yaml_parser_t p;
	int r;

	if (!b || !yaml_parser_initialize(&p))
		return err_set(e, ENOBUFS, "YAML: memory budget spent");
	b->text = text;
	b->arena = a;
	b->e = e;
	b->at = at;
	yaml_parser_set_input_string(&p, (const unsigned char *)(text.n ? text.p : ""), text.n);
	r = walk(b, &p, &docs);
	yaml_parser_delete(&p);
	if (r == 0)
		*ret = docs;
	return r;
}

int yaml_parse_all(str text, struct arena *a, struct value *ret, struct err *e)
{
	return parse_stream(text, a, ret, NULL, e);
}

int yaml_parse_all_at(str text, struct arena *a, struct value *ret, struct yaml_place *ret_at,
		      struct err *e)
{
	struct yaml_place at = { 0 };
	int r = parse_stream(text, a, ret, &at, e);

	if (r < 0)
		*ret_at = at;
	return r;
}

int yaml_parse(str text, struct arena *a, struct value *ret, struct err *e)
{
	struct value docs;
	int r = yaml_parse_all(text, a, &docs, e);

	if (r < 0)
		return r;
	if (docs.count > 1)
		return err_set(e, EBADMSG, "YAML: %zu documents where one is expected", docs.count);
	*ret = docs.count ? docs.items[0] : (struct value){ .line = 1 };
	return 0;
}

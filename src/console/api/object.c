#include "console/api/object.h"

#include "base/buf.h"
#include "base/word.h"

/* Each row of the table has a number, objects and members alike: an object's members are those up to the next object. */
#define ROW_JOIN(a, b) a##b
#define ROW_AT(line) ROW_JOIN(ROW_LINE_, line)

enum {
#define E(id, name, doc, ...)
#define O(id, name, doc) ROW_##id,
#define M(name, shape, type, of, presence, min, max, doc) ROW_AT(__LINE__),
#include "console/api/object.def"
#undef E
#undef O
#undef M
	ROW_COUNT
};

#define ENUM_VALUES(id) values_##id
#define E(id, name, doc, ...) static const char *const ENUM_VALUES(id)[] = { __VA_ARGS__ };
#define O(id, name, doc)
#define M(name, shape, type, of, presence, min, max, doc)
#include "console/api/object.def"
#undef E
#undef O
#undef M

#define OF_STRING(of) OBJECT_##of
#define OF_TIME(of) OBJECT_##of
#define OF_INTEGER(of) OBJECT_##of
#define OF_NUMBER(of) OBJECT_##of
#define OF_BOOLEAN(of) OBJECT_##of
#define OF_ANY(of) OBJECT_##of
#define OF_OBJECT(of) OBJECT_##of
#define OF_ENUM(of) ENUM_##of

static const struct object_member rows[] = {
#define E(id, name, doc, ...)
#define O(id, name, doc) { 0 },
#define M(name, shape, type, of, presence, min, max, doc) \
	{ name, SHAPE_##shape, TYPE_##type, (uint16_t)OF_##type(of), PRESENCE_##presence, \
	  min,  max,           doc },
#include "console/api/object.def"
#undef E
#undef O
#undef M
};

static const struct {
	const char *name, *doc;
	unsigned int row;
} objects[] = {
	{ NULL, NULL, 0 },
#define E(id, name, doc, ...)
#define O(id, name, doc) { name, doc, ROW_##id },
#define M(name, shape, type, of, presence, min, max, doc)
#include "console/api/object.def"
#undef E
#undef O
#undef M
	{ NULL, NULL, ROW_COUNT },
};

static const struct enum_row enums[] = {
	{ 0 },
#define E(id, name, doc, ...) { name, doc, ENUM_VALUES(id), ARRAY_LEN(ENUM_VALUES(id)) },
#define O(id, name, doc)
#define M(name, shape, type, of, presence, min, max, doc)
#include "console/api/object.def"
#undef E
#undef O
#undef M
};

struct object_row object_row(enum object_id id)
{
	assert(id > OBJECT_NONE && id < OBJECT_COUNT);
	return (struct object_row){
		.name = objects[id].name,
		.doc = objects[id].doc,
		.members = rows + objects[id].row + 1,
		.count = objects[id + 1].row - objects[id].row - 1,
	};
}

const struct enum_row *enum_row(enum enum_id id)
{
	assert(id > ENUM_NONE && id < ENUM_COUNT);
	return &enums[id];
}

const struct object_member *object_member(enum object_id id, str name)
{
	struct object_row o = object_row(id);

	for (size_t i = 0; i < o.count; i++)
		if (str_is(name, o.members[i].name))
			return &o.members[i];
	return NULL;
}

int enum_find(enum enum_id id, str text)
{
	const struct enum_row *e = enum_row(id);

	return word_find(e->values, e->count, text);
}

str enum_values(enum enum_id id, struct arena *a)
{
	const struct enum_row *row = enum_row(id);
	OWNED_BUF out = BUF_INIT;

	for (size_t i = 0; i < row->count; i++)
		buf_printf(&out, "%s%s", i ? ", " : "", row->values[i]);
	return buf_error(&out) ? (str){ 0 } : arena_str(a, buf_str(&out));
}

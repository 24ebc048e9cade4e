/* Whatever json_parse() accepts can be written again, and reads back with the same shape, no member twice in it; what
 * json_parse_unique() accepts, json_parse() does. */
#include "fuzz.h"

#include "codec/json.h"
#include "codec/json_out.h"

static void render(const struct value *v, struct json_out *j)
{
	switch (v->kind) {
	case VALUE_NULL:
		json_null(j);
		break;
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
		for (size_t i = 0; i < v->count; i++)
			render(&v->items[i], j);
		json_array_close(j);
		break;
	case VALUE_OBJECT:
		json_object_open(j);
		for (size_t i = 0; i < v->count; i++) {
			json_key_str(j, v->members[i].key);
			render(&v->members[i].value, j);
		}
		json_object_close(j);
		break;
	}
}

static unsigned int depth_of(const struct value *v)
{
	unsigned int deepest = 0;

	for (size_t i = 0; i < v->count; i++) {
		unsigned int d =
			depth_of(v->kind == VALUE_ARRAY ? &v->items[i] : &v->members[i].value);

		deepest = MAX(deepest, d);
	}
	return deepest + (v->kind == VALUE_ARRAY || v->kind == VALUE_OBJECT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct value v, again;
	struct json_out j;
	OWNED_BUF b = BUF_INIT;
	bool is_unique;

	arena_init(&a, 16u << 20);
	is_unique = json_parse_unique((str){ (const char *)data, size }, &a, &v, NULL) == 0;
	arena_reset(&a);
	if (json_parse((str){ (const char *)data, size }, &a, &v, NULL) == 0 &&
	    depth_of(&v) <= JSON_OUT_MAX_DEPTH) {
		json_out_init(&j, &b, false);
		render(&v, &j);
		int r = json_parse(buf_str(&b), &a, &again, NULL);
		assert(r == -ENOBUFS || (r == 0 && again.kind == v.kind && again.count == v.count));
		/* In what is written from a tree nothing stands twice. */
		r = json_parse_unique(buf_str(&b), &a, &again, NULL);
		assert(r == -ENOBUFS || r == 0);
	} else {
		assert(!is_unique || depth_of(&v) > JSON_OUT_MAX_DEPTH);
	}
	arena_done(&a);
	return 0;
}

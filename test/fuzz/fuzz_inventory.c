/* Whatever inventory_parse() accepts can be written again and reads back as the same text; layer numbers are in range. */
#include "fuzz.h"

#include "codec/json.h"
#include "model/inventory.h"

static int parse(str text, struct arena *a, struct inventory *ret)
{
	struct value v;
	int r = json_parse(text, a, &v, NULL);

	return r < 0 ? r : inventory_parse(&v, a, ret, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct inventory v, again;
	struct json_out j;
	OWNED_BUF first = BUF_INIT;
	OWNED_BUF second = BUF_INIT;

	arena_init(&a, 16u << 20);
	if (parse((str){ (const char *)data, size }, &a, &v) == 0) {
		int r;

		for (size_t i = 0; i < v.packages.count; i++)
			assert(v.packages.items[i].layer < MAX(v.layer_count, (size_t)1));
		json_out_init(&j, &first, false);
		inventory_render(&v, &j);
		r = parse(buf_str(&first), &a, &again);
		assert(r == 0 || r == -ENOBUFS);
		if (r == 0) {
			json_out_init(&j, &second, false);
			inventory_render(&again, &j);
			assert(str_eq(buf_str(&first), buf_str(&second)));
		}
	}
	arena_done(&a);
	return 0;
}

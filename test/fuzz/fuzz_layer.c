/* Whatever layer_parse() accepts can be written again and reads back as the same text; its paths stay inside the image. */
#include "fuzz.h"

#include "model/layer.h"

static bool is_inside(str path)
{
	if (!path.n || path.p[0] == '/')
		return false;
	while (path.n)
		if (str_is(str_cut(&path, '/'), ".."))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct layer l, again;
	struct json_out j;
	OWNED_BUF first = BUF_INIT;
	OWNED_BUF second = BUF_INIT;

	arena_init(&a, 16u << 20);
	if (layer_parse((str){ (const char *)data, size }, &a, &l, NULL) == 0) {
		for (size_t i = 0; i < l.whiteout_count; i++)
			assert(is_inside(l.whiteouts[i]));
		for (size_t i = 0; i < l.evidence_count; i++)
			assert(is_inside(l.evidence[i].path));
		json_out_init(&j, &first, false);
		layer_render(&l, &j);
		int r = layer_parse(buf_str(&first), &a, &again, NULL);
		assert(r == 0 || r == -ENOBUFS);
		if (r == 0) {
			json_out_init(&j, &second, false);
			layer_render(&again, &j);
			assert(str_eq(buf_str(&first), buf_str(&second)));
		}
	}
	arena_done(&a);
	return 0;
}

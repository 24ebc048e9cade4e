/* Whatever event_parse() accepts can be written, and reads back as the same text. */
#include "fuzz.h"

#include "codec/json.h"
#include "model/event_json.h"

static int read_event(str text, struct arena *a, struct event *ret)
{
	struct value v;
	int r = json_parse(text, a, &v, NULL);

	return r < 0 ? r : event_parse(&v, a, ret, NULL);
}

static void write_event(const struct event *v, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out, false);
	event_render(v, &j);
	assert(!buf_error(out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct event v, again;
	OWNED_BUF first = BUF_INIT;
	OWNED_BUF second = BUF_INIT;

	arena_init(&a, 16u << 20);
	if (read_event((str){ (const char *)data, size }, &a, &v) == 0) {
		assert(v.type < EVENT_TYPE_COUNT);
		write_event(&v, &first);
		int r = read_event(buf_str(&first), &a, &again);
		assert(r == 0 || r == -ENOBUFS);
		if (r == 0) {
			write_event(&again, &second);
			assert(str_eq(buf_str(&first), buf_str(&second)));
		}
	}
	arena_done(&a);
	return 0;
}

/* Every span lies in the text, behind the one before; a document that json_parse() takes is never called malformed. */
#include "fuzz.h"

#include "codec/json.h"
#include "codec/json_slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size }, key, value;
	const char *at = text.p;
	struct json_slice s;
	struct value v;
	struct arena a;
	int r = json_slice_open(text, &s, NULL);

	if (r < 0)
		return 0;
	while ((r = json_slice_next(&s, &key, &value, NULL)) > 0) {
		assert(value.n && value.p >= at && value.p + value.n <= text.p + size);
		assert(!key.n || (key.p >= at && key.p + key.n < value.p));
		at = value.p + value.n;
	}
	arena_init(&a, 16u << 20);
	if (r < 0)
		assert(json_parse(text, &a, &v, NULL) < 0 || str_find(text, '\'') < size);
	arena_done(&a);
	return 0;
}

/* Every record moves on, ends, and keeps its fields inside the text or the arena; line numbers never go back. */
#include "fuzz.h"

#include "codec/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct csv c;
	struct arena a;
	size_t steps = 0;
	uint32_t line = 0;
	int r = 1;

	arena_init(&a, 16u << 20);
	csv_init(&c, (str){ (const char *)data, size });
	while (r != 0 && r != -ENOBUFS) {
		r = csv_next(&c, &a, NULL);
		assert(++steps <= size + 1);
		assert(c.line >= line && c.count <= CSV_MAX_FIELDS);
		line = c.line;
		for (size_t i = 0; r > 0 && i < c.count; i++)
			assert(c.fields[i].n <= size);
	}
	arena_done(&a);
	return 0;
}

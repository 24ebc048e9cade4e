/* Whatever a worker answers about an archive, what is accepted of it can be looked up: every file by its path, every
 * link without end. */
#include "fuzz.h"

#include "scan/source/archive_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct archive_index x;
	struct arena a;

	arena_init(&a, 32 << 20);
	if (archive_index_parse((str){ (const char *)data, size }, &a, &x, NULL) == 0)
		for (size_t i = 0; i < x.count; i++) {
			const struct archive_member *m =
				archive_index_find(&x, x.members[i].path, &a);

			assert(!m || m->kind == ARCHIVE_MEMBER_FILE);
			assert(x.members[i].offset <= INT64_MAX);
		}
	arena_done(&a);
	return 0;
}

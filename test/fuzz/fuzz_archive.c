/* Entries and blocks of whatever libarchive makes of the bytes: the walk ends, offsets do not go back inside an entry. */
#include "fuzz.h"

#include "codec/archive.h"

#define MAX_ENTRIES 10000
#define MAX_BLOCKS 10000

static ssize_t pull(void *ctx, const void **ret, struct err *e UNUSED)
{
	str *rest = ctx;
	size_t n = MIN(rest->n, 4096);

	*ret = rest->p;
	*rest = str_skip(*rest, n);
	return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str rest = { (const char *)data, size };
	struct archive_stream *s;
	struct archive_item item;
	int entries = 0, blocks = 0;

	if (archive_stream_open((struct archive_source){ &rest, pull },
				ARCHIVE_ACCEPT_TAR | ARCHIVE_ACCEPT_ZIP | ARCHIVE_ACCEPT_ANY |
					ARCHIVE_ACCEPT_COMPRESSED,
				&s, NULL) < 0)
		return 0;
	while (++entries < MAX_ENTRIES && archive_stream_next(s, &item, NULL) > 0) {
		uint64_t at, end = 0;
		str block;

		while (++blocks < MAX_BLOCKS && archive_stream_block(s, &block, &at, NULL) > 0) {
			assert(at >= end);
			end = at + block.n;
		}
	}
	archive_stream_close(s);
	return 0;
}

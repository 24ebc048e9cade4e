/*
 * The sink never gets more than a few times the bytes of file and log, and only from inside them. The input is the
 * length of the file (four bytes, little-endian), the file, the log.
 */
#include "fuzz.h"
#include "fuzz_rpm.h"

#include "codec/rpm_sqlite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rpm f = { .most = 4 * (uint64_t)size, .offsets = UINT64_MAX };
	struct rpm_sink sink = fuzz_rpm_sink(&f);
	str all = { (const char *)data, size };
	size_t n;
	int r;

	if (size < 4)
		return 0;
	n = data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16 | (size_t)data[3] << 24;
	all = str_skip(all, 4);
	r = rpm_sqlite_read(str_take(all, n), str_skip(all, n), &sink, NULL);
	assert(r == 0 || r == -EBADMSG);
	return 0;
}

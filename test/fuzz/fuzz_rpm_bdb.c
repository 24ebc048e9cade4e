/* The sink never gets more than a few times the file's bytes, and only from inside it. */
#include "fuzz.h"
#include "fuzz_rpm.h"

#include "codec/rpm_bdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rpm f = { .most = 5 * (uint64_t)size, .offsets = size };
	struct rpm_sink sink = fuzz_rpm_sink(&f);
	int r = rpm_bdb_read((str){ (const char *)data, size }, &sink, NULL);

	assert(r == 0 || r == -EBADMSG);
	return 0;
}

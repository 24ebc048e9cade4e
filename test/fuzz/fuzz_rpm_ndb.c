/* The sink never gets more than a few times the file's bytes, and only from inside it. */
#include "fuzz.h"
#include "fuzz_rpm.h"

#include "codec/rpm_ndb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_rpm f = { .most = 4 * (uint64_t)size, .offsets = UINT64_MAX };
	struct rpm_sink sink = fuzz_rpm_sink(&f);
	int r = rpm_ndb_read((str){ (const char *)data, size }, &sink, NULL);

	assert(r == 0 || r == -EBADMSG);
	return 0;
}

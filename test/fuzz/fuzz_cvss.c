/* A vector that is read has a score from 0.0 to 10.0 and keeps it without its last metric, or that one was needed. */
#include "fuzz.h"

#include "codec/cvss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str vector = { (const char *)data, size };
	struct err e = { 0 };
	struct cvss c, shorter;

	if (cvss_parse(vector, &c, &e) < 0) {
		assert(e.code == EBADMSG && e.text[0]);
		return 0;
	}
	assert(c.base_tenths <= 100 && c.version < CVSS_VERSION_COUNT);
	if (cvss_parse(str_take(vector, str_find_last(vector, '/')), &shorter, NULL) == 0)
		assert(shorter.version == c.version && shorter.base_tenths == c.base_tenths);
	return 0;
}

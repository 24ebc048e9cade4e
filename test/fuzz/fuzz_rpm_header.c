/* Whatever the header claims, strings end inside the blob, arrays have as many elements as can lie in it. */
#include "fuzz.h"

#include "codec/rpm_header.h"

static const enum rpm_tag tags[] = {
#define TAG(id, number, values) RPM_TAG_##id,
	RPM_TAGS(TAG)
#undef TAG
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str blob = { (const char *)data, size };
	struct rpm_header h;

	if (rpm_header_parse(blob, &h, NULL) < 0)
		return 0;
	assert(8 + h.index.n + h.data.n == size);
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		struct rpm_strings strings = rpm_header_strings(&h, tags[i]);
		struct rpm_numbers numbers = rpm_header_numbers(&h, tags[i]);
		size_t count = 0;
		str s;

		assert(!strings.left || !numbers.count);
		while (rpm_strings_next(&strings, &s)) {
			assert(s.p >= blob.p && s.p + s.n < blob.p + blob.n && s.p[s.n] == '\0');
			assert(++count <= h.data.n);
		}
		assert((uint64_t)numbers.count * numbers.width <= h.data.n);
		if (numbers.count)
			(void)rpm_numbers_at(&numbers, numbers.count - 1);
	}
	(void)rpm_header_is_genuine(&h);
	return 0;
}

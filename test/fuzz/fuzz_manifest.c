/* Of an accepted index, manifest or configuration every digest is well formed, and choosing by platform answers with one
 * of its entries or not at all. */
#include "fuzz.h"

#include "codec/digest.h"
#include "scan/source/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct limits l = limits_default();
	const struct manifest_descriptor *chosen;
	struct image_config c;
	struct manifest m;
	struct arena a;
	uint8_t sum[SHA256_BYTES];
	str text = { (const char *)data, size };

	arena_init(&a, 32 << 20);
	if (manifest_parse(text, S(""), &l, &a, &m, NULL) == 0) {
		for (size_t i = 0; i < m.count; i++) {
			int r = digest_parse(m.descriptors[i].digest, sum, NULL);

			assert(r == 0);
		}
		if (m.kind == MANIFEST_INDEX &&
		    manifest_choose(&m, "linux/arm64", &chosen, NULL) == 0)
			assert(chosen >= m.descriptors && chosen < m.descriptors + m.count);
	}
	if (image_config_parse(text, &l, &a, &c, NULL) == 0)
		for (size_t i = 0; i < c.count; i++) {
			int r = digest_parse(c.diff_ids[i], sum, NULL);

			assert(r == 0);
		}
	arena_done(&a);
	return 0;
}

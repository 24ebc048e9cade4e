/* A line that is understood names what may be named, and written anew is the same line. */
#include "fuzz.h"

#include "codec/digest.h"
#include "codec/reference.h"
#include "console/registry/registry_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str line = { (const char *)data, size };
	struct registry_line l, again;
	OWNED_BUF out = BUF_INIT;
	uint8_t sum[SHA256_BYTES];

	if (registry_line_parse(line, &l) < 0)
		return 0;
	if (l.kind == REGISTRY_LINE_TAG)
		assert(reference_is_repository(l.fields[0]) && reference_is_tag(l.fields[1]));
	if (l.kind == REGISTRY_LINE_IMAGE)
		assert(digest_parse(l.fields[1], sum, NULL) == 0 &&
		       digest_parse(l.fields[4], sum, NULL) == 0);
	registry_line_render(&l, &out);
	assert(out.n && out.p[out.n - 1] == '\n');
	assert(registry_line_parse(str_take(buf_str(&out), out.n - 1), &again) == 0);
	for (size_t i = 0; i < REGISTRY_LINE_FIELDS; i++)
		assert(again.fields[i].n == l.fields[i].n);
	return 0;
}

/*
 * The first line is the file's name. A build is a name without blanks that holds what the file's name ends in, or
 * nothing; only a name that ends in no version, the limits and memory are errors.
 */
#include "fuzz.h"

#include "scan/package/build_dockerfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size }, path = str_line(&text), build = { 0 };
	struct arena a;
	int r;

	arena_init(&a, 16u << 20);
	r = build_dockerfile_parse(path, text, &a, &build, NULL);
	assert(r == 0 || r == -EBADMSG || r == -E2BIG || r == -ENOBUFS);
	if (r == 0 && build.n) {
		for (size_t i = 0; i < build.n; i++)
			assert((unsigned char)build.p[i] > ' ' && build.p[i] != 0x7f);
		assert(str_search(build, str_skip(path, str_find_last(path, '-'))) < build.n);
	}
	arena_done(&a);
	return 0;
}

/*
 * Whatever sentence another host or an image's file left in the store, telling it again ends, reads nothing outside, adds no more than the
 * sentences it may look for hold, and what was UTF-8 stays UTF-8; a text too long to be one of ours stays as it is.
 */
#include "fuzz.h"

#include "base/text.h"
#include "prog/skep/translate.h"

enum { LONGEST_READ = 4096, ADDED_MAX = 32 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const str english = { (const char *)data, size };
	OWNED_BUF told = BUF_INIT;

	retell_zh(english, &told);
	assert(!buf_error(&told) && told.n <= size + ADDED_MAX);
	assert(text_ill_formed(english) < size || text_ill_formed(buf_str(&told)) == told.n);
	assert(size <= LONGEST_READ || str_eq(buf_str(&told), english));
	return 0;
}

/* What json_check() takes, json_parse() takes, numbers that no machine holds and \u0000 aside. It may be stricter: json-c takes some texts that
 * are no JSON. */
#include "fuzz.h"

#include "codec/json.h"
#include "codec/json_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const str text = { (const char *)data, size };
	struct value v;
	struct arena a;
	bool parsed, checked = json_check(text);

	arena_init(&a, (size_t)64 << 20);
	parsed = json_parse(text, &a, &v, NULL) == 0;
	/* Numbers that no machine holds, and \u0000, are matters of json-c's own. */
	if (checked && !parsed)
		assert(str_search(text, S("\\u")) < size || str_search(text, S("e")) < size ||
		       str_search(text, S("E")) < size || size > 300);
	arena_done(&a);
	return 0;
}

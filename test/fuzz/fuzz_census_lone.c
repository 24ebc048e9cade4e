/* An id told from a conmon's arguments is one whole argument, of 64 hexadecimal digits, behind the first that announces one. */
#include "fuzz.h"

#include "prog/agent/census_lone.h"

static bool announces(str argument)
{
	return str_is(argument, "-c") || str_is(argument, "--cid");
}

static str behind_the_first(str args)
{
	while (args.n)
		if (announces(str_cut(&args, '\0')))
			return str_cut(&args, '\0');
	return (str){ NULL, 0 };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const str args = { (const char *)data, size };
	const str id = census_lone_parse(args), want = behind_the_first(args);

	if (!id.n) {
		assert(want.n != 64 || !str_is_hex(want));
		return 0;
	}
	assert(id.n == 64 && str_is_hex(id));
	assert(id.p == want.p && id.n == want.n);
	return 0;
}

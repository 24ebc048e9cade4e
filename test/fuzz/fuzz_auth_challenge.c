/* A Bearer challenge that is accepted has a realm, and no value is longer than the header it came from. */
#include "fuzz.h"

#include "codec/auth_challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct auth_challenge c;
	struct arena a;

	arena_init(&a, 1u << 20);
	if (auth_challenge_parse((str){ (const char *)data, size }, &a, &c, NULL) == 0) {
		assert(c.scheme != AUTH_BEARER || c.realm.n);
		assert(c.realm.n <= size && c.service.n <= size && c.scope.n <= size);
	}
	arena_done(&a);
	return 0;
}

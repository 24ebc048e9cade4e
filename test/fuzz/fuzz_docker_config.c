/* A helper's name is fit to be a program's; base64 that decodes encodes to the same bytes again. */
#include "fuzz.h"

#include "codec/base64.h"
#include "codec/docker_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size };
	OWNED_BUF plain = BUF_INIT, coded = BUF_INIT, again = BUF_INIT;
	struct docker_credential c;
	struct arena a;

	arena_init(&a, 16u << 20);
	if (docker_config_find(text, S("r.example"), &a, &c, NULL) == 0) {
		assert(str_find(c.helper, '/') == c.helper.n);
		assert(str_find(c.helper, '\0') == c.helper.n);
		assert((c.helper.n == 0) == (c.helper_key.n == 0));
	}
	if (docker_helper_parse(text, &a, &c, NULL) == 0)
		assert((c.user.n && c.password.n) != (c.identity_token.n != 0));
	arena_done(&a);
	if (base64_decode(&plain, text, NULL) == 0) {
		base64_encode(&coded, buf_str(&plain));
		assert(base64_decode(&again, buf_str(&coded), NULL) == 0);
		assert(str_eq(buf_str(&again), buf_str(&plain)));
	}
	return 0;
}

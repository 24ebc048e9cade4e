/* Whatever a token is, no key that did not sign it says so; what is taken covers a part of the text and has claims that are
 * an object. The key is that of RFC 7515 appendix A.3, whose private half nobody here uses. */
#include "fuzz.h"

#include "codec/json.h"
#include "console/access/jwt.h"

static const char keys_text[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
				"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
				"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
static const char right[] =
	"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
	"LmNvbS9pc19yb290Ijp0cnVlfQ";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = { (const char *)data, size };
	struct value keys;
	struct arena a;
	struct jwt t;
	int r;

	arena_init(&a, (size_t)16 << 20);
	r = json_parse(str_from(keys_text), &a, &keys, NULL);
	assert(r == 0);
	if (jwt_parse(text, &a, &t, NULL) == 0) {
		assert(t.claims.kind == VALUE_OBJECT && t.signature.n);
		assert(t.covered.p == text.p && t.covered.n < text.n);
		if (jwt_verify(&t, &keys, &a, NULL) == 0)
			assert(str_is(t.covered, right));
		(void)(jwt_check(&t, &(struct jwt_wanted){ S("i"), S("a"), S("n"), 1 }, NULL) == 0);
	}
	/* As a JWK Set, too: the provider's document is foreign. */
	if (json_parse(text, &a, &keys, NULL) == 0 &&
	    jwt_parse(S("eyJhbGciOiJSUzI1NiJ9.e30.AAAA"), &a, &t, NULL) == 0)
		assert(jwt_verify(&t, &keys, &a, NULL) != 0);
	arena_done(&a);
	return 0;
}

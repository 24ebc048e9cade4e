#include "unit.h"
#include "unit_arena.h"

#include "codec/json.h"
#include "console/access/jwt.h"

/* RFC 7515 appendix A.3. */
#define HEADER "eyJhbGciOiJFUzI1NiJ9"
#define PAYLOAD \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0" \
	"cnVlfQ"
#define SIGNATURE \
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define KEYS \
	"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"," \
	"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"

static struct value json(const char *text)
{
	struct value v;

	assert_int_equal(json_parse(str_from(text), &arena, &v, NULL), 0);
	return v;
}

static void verifies_the_example_of_the_rfc(void **state)
{
	struct value keys = json(KEYS);
	struct jwt t;

	(void)state;
	assert_int_equal(jwt_parse(S(HEADER "." PAYLOAD "." SIGNATURE), &arena, &t, NULL), 0);
	assert_int_equal(t.algorithm, JWT_ES256);
	assert_str(value_get_str(&t.claims, "iss"), "joe");
	assert_int_equal(jwt_verify(&t, &keys, &arena, NULL), 0);
}

static void any_other_byte_is_refused(void **state)
{
	static const char whole[] = HEADER "." PAYLOAD "." SIGNATURE;
	struct value keys = json(KEYS);

	(void)state;
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		char copy[sizeof(whole)];
		struct jwt t;

		memcpy(copy, whole, sizeof(copy));
		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		if (jwt_parse(str_from(copy), &arena, &t, NULL) == 0 &&
		    jwt_verify(&t, &keys, &arena, NULL) == 0)
			fail_msg("byte %zu may be another", i);
	}
}

static void keys_of_another_kind_do_not_fit(void **state)
{
	static const char *const wrong[] = {
		"{}",
		"{\"keys\":[]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\"}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\",\"y\":\"\"}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"enc\","
		"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
	};
	struct jwt t;

	(void)state;
	assert_int_equal(jwt_parse(S(HEADER "." PAYLOAD "." SIGNATURE), &arena, &t, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct value keys = json(wrong[i]);

		assert_int_equal(jwt_verify(&t, &keys, &arena, NULL), -EACCES);
	}
}

static void refuses_what_is_no_token(void **state)
{
	static const char *const wrong[] = {
		"",
		".",
		"..",
		"a.b",
		"a.b.c.d",
		HEADER "." PAYLOAD ".",
		HEADER "." PAYLOAD "." SIGNATURE "=",
		"e30.e30.AA",
		"W10." PAYLOAD ".AA",
		HEADER ".W10.AA",
		HEADER " ." PAYLOAD ".AA",
	};
	struct jwt t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (jwt_parse(str_from(wrong[i]), &arena, &t, NULL) >= 0)
			fail_msg("'%s' was taken", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifies_the_example_of_the_rfc),
		cmocka_unit_test(any_other_byte_is_refused),
		cmocka_unit_test(keys_of_another_kind_do_not_fit),
		cmocka_unit_test(refuses_what_is_no_token),
	};

	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}

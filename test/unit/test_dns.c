#include "unit.h"

#include "codec/dns.h"

#define HEAD "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define TAIL "\x00\x01\x00\x01"

static int parse(str message, struct dns_question *q)
{
	static char text[DNS_NAME_BYTES];

	return dns_question_parse(message, text, q, NULL);
}

static void names(void **state)
{
	struct dns_question q;

	(void)state;
	assert_int_equal(parse(S(HEAD "\x03WwW\x07"
				      "example\x02"
				      "De\x00" TAIL),
			       &q),
			 0);
	assert_str(q.name, "www.example.de");
	assert_int_equal(q.type, 1);
	assert_int_equal(parse(S(HEAD "\x00" TAIL), &q), 0);
	assert_str(q.name, ".");
	assert_int_equal(parse(S(HEAD "\x06"
				      "a.\\\n\xff"
				      "b\x00"
				      "\x00\x10\x00\x01"),
			       &q),
			 0);
	assert_str(q.name, "a\\.\\\\\\010\\255b");
	assert_int_equal(q.type, 16);
}

static void malformed(void **state)
{
	static const str bad[] = {
		{ "", 0 },
		{ HEAD, 12 },
		{ HEAD "\x03ww", 15 },
		{ HEAD "\x03www\x00\x00\x01", 19 }, /* cut behind the name */
		{ HEAD "\xc0\x0c" TAIL, 18 },       /* points at itself */
		{ HEAD "\x01"
		       "a\xc0\x0c" TAIL,
		  20 }, /* and in a round */
		{ HEAD "\x40"
		       "a\x00" TAIL,
		  19 }, /* no length this is */
		{ "\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x01"
		  "a\x00" TAIL,
		  19 }, /* an answer */
		{ "\x12\x34\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
		  "a\x00" TAIL,
		  19 }, /* asks nothing */
	};
	struct dns_question q;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (parse(bad[i], &q) != -EBADMSG)
			fail_msg("message %zu was taken", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

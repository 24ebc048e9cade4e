#include "unit.h"

#include "codec/certificate.h"

static struct certificate_key *new_key(void)
{
	struct certificate_key *k = NULL;

	assert_int_equal(certificate_key_generate(&k, NULL), 0);
	return k;
}

static struct certificate *issue(const struct certificate_wish *w, const struct certificate_key *k,
				 const struct certificate *issuer,
				 const struct certificate_key *issuer_key)
{
	OWNED_BUF pem = BUF_INIT;
	struct certificate *c = NULL;

	assert_int_equal(certificate_issue(w, k, issuer, issuer_key, &pem, NULL), 0);
	assert_int_equal(certificate_parse(buf_str(&pem), &c, NULL), 0);
	return c;
}

static const struct certificate_wish authority_wish = { .purpose = CERTIFICATE_AUTHORITY,
							.subject = "Skep 之 CA",
							.from_s = 1700000000,
							.to_s = 2000000000 };

/* What operators keep with a certificate (its chain, each in words too) is passed over, up to a bound. */
static void test_a_text_has_a_bound(void **state)
{
	struct certificate_key *k = new_key();
	struct certificate *c = NULL;
	OWNED_BUF pem = BUF_INIT;
	OWNED_BUF words = BUF_INIT;

	(void)state;
	assert_int_equal(certificate_issue(&authority_wish, k, NULL, NULL, &pem, NULL), 0);
	while (words.n + pem.n + 2 <= 256u << 10)
		buf_add(&words, S("x\n"));
	buf_add(&words, buf_str(&pem));
	assert_int_equal(buf_error(&words), 0);
	assert_int_equal(certificate_parse(buf_str(&words), &c, NULL), 0);
	certificate_free(c);
	buf_add(&words, S("x\nx\n"));
	assert_int_equal(certificate_parse(buf_str(&words), &c, NULL), -E2BIG);
	certificate_key_free(k);
}

static void test_authority_signs_a_request(void **state)
{
	struct certificate_key *ca_key = new_key(), *key = new_key();
	struct certificate *ca = issue(&authority_wish, ca_key, NULL, NULL), *c = NULL;
	struct certificate_wish w = { .purpose = CERTIFICATE_CLIENT,
				      .subject = "a-abcdefghijkl",
				      .from_s = 1700000000,
				      .to_s = 1700086400 };
	struct certificate_facts f;
	OWNED_BUF request = BUF_INIT;
	OWNED_BUF pem = BUF_INIT;

	(void)state;
	certificate_read(ca, &f);
	assert_string_equal(f.subject, "Skep 之 CA");
	assert_true(f.is_authority);
	assert_int_equal(certificate_request_make(key, "somebody else", &request, NULL), 0);
	assert_int_equal(certificate_request_sign(buf_str(&request), &w, ca, ca_key, &pem, NULL),
			 0);
	assert_int_equal(certificate_parse(buf_str(&pem), &c, NULL), 0);
	certificate_read(c, &f);
	assert_string_equal(f.subject, "a-abcdefghijkl");
	assert_int_equal(strlen(f.serial), 32);
	assert_int_equal(f.from_s, 1700000000);
	assert_int_equal(f.to_s, 1700086400);
	assert_false(f.is_authority);
	assert_true(certificate_is_of(c, key));
	assert_false(certificate_is_of(c, ca_key));
	assert_true(certificate_is_signed_by(c, ca));
	assert_false(certificate_is_signed_by(ca, c));
	certificate_free(c);
	certificate_free(ca);
	certificate_key_free(key);
	certificate_key_free(ca_key);
}

static void test_request_of_another_key_is_refused(void **state)
{
	struct certificate_key *ca_key = new_key(), *key = new_key();
	struct certificate *ca = issue(&authority_wish, ca_key, NULL, NULL);
	OWNED_BUF request = BUF_INIT;
	OWNED_BUF pem = BUF_INIT;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(certificate_request_make(key, "x", &request, NULL), 0);
	/* A bit of the signature, which ends the text. */
	request.p[str_search(buf_str(&request), S("\n-----END")) - 8] ^= 1;
	assert_int_equal(
		certificate_request_sign(buf_str(&request), &authority_wish, ca, ca_key, &pem, &e),
		-EBADMSG);
	assert_int_equal(
		certificate_request_sign(S("hello"), &authority_wish, ca, ca_key, &pem, &e),
		-EBADMSG);
	assert_int_equal(pem.n, 0);
	certificate_free(ca);
	certificate_key_free(key);
	certificate_key_free(ca_key);
}

static void test_names_and_keys_survive_the_text(void **state)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "::1" };
	struct certificate_wish w = { .purpose = CERTIFICATE_SERVER,
				      .subject = "localhost",
				      .names = names,
				      .name_count = 3,
				      .from_s = 1,
				      .to_s = 2 };
	struct certificate_key *key = new_key(), *again = NULL;
	struct certificate *c = issue(&w, key, NULL, NULL);
	OWNED_BUF pem = BUF_INIT;

	(void)state;
	assert_int_equal(certificate_key_render(key, &pem, NULL), 0);
	assert_int_equal(certificate_key_parse(buf_str(&pem), &again, NULL), 0);
	assert_true(certificate_is_of(c, again));
	assert_int_equal(certificate_key_parse(S("-----BEGIN PRIVATE KEY-----\n"), &again, NULL),
			 -EBADMSG);
	certificate_free(c);
	certificate_key_free(key);
	certificate_key_free(again);
}

static void test_impossible_wishes(void **state)
{
	struct certificate_key *key = new_key();
	struct certificate_wish w = authority_wish;
	OWNED_BUF pem = BUF_INIT;
	char name[CERTIFICATE_SUBJECT_BYTES + 1];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	w.subject = name;
	assert_int_equal(certificate_issue(&w, key, NULL, NULL, &pem, NULL), -EINVAL);
	w = authority_wish;
	w.to_s = w.from_s;
	assert_int_equal(certificate_issue(&w, key, NULL, NULL, &pem, NULL), -EINVAL);
	certificate_key_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_text_has_a_bound),
		cmocka_unit_test(test_authority_signs_a_request),
		cmocka_unit_test(test_request_of_another_key_is_refused),
		cmocka_unit_test(test_names_and_keys_survive_the_text),
		cmocka_unit_test(test_impossible_wishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Whatever a peer sends as a certificate or as a request for one: facts are terminated texts without control characters, and a
 * request that is answered gives a certificate of ours, which says what we wished and nothing the peer asked for.
 */
#include "fuzz.h"

#include "codec/certificate.h"

static struct certificate_key *key;
static struct certificate *authority;

static void make_authority(void)
{
	struct certificate_wish w = { .purpose = CERTIFICATE_AUTHORITY,
				      .subject = "authority",
				      .from_s = 1700000000,
				      .to_s = 2000000000 };
	OWNED_BUF pem = BUF_INIT;

	assert(certificate_key_generate(&key, NULL) == 0 &&
	       certificate_issue(&w, key, NULL, NULL, &pem, NULL) == 0 &&
	       certificate_parse(buf_str(&pem), &authority, NULL) == 0);
}

static void check_facts(const struct certificate_facts *f)
{
	for (const char *p = f->subject; *p; p++)
		assert((unsigned char)*p >= 32 && *p != 127);
	assert(strlen(f->subject) < CERTIFICATE_SUBJECT_BYTES);
	assert(strspn(f->serial, "0123456789abcdef") == strlen(f->serial));
}

static void check_answer(str pem)
{
	struct certificate_facts f;
	struct certificate *c = NULL;

	assert(certificate_parse(pem, &c, NULL) == 0);
	certificate_read(c, &f);
	assert(strcmp(f.subject, "a-1") == 0 && f.to_s == 1800000000 && !f.is_authority);
	assert(certificate_is_signed_by(c, authority));
	certificate_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certificate_wish w = { .purpose = CERTIFICATE_CLIENT,
				      .subject = "a-1",
				      .from_s = 1700000000,
				      .to_s = 1800000000 };
	str text = { (const char *)data, size };
	struct certificate_key *k = NULL;
	struct certificate *c = NULL;
	struct certificate_facts f;
	OWNED_BUF pem = BUF_INIT;

	if (!authority)
		make_authority();
	if (certificate_parse(text, &c, NULL) == 0) {
		certificate_read(c, &f);
		check_facts(&f);
		(void)certificate_is_signed_by(c, authority);
		assert(!certificate_is_of(c, key));
		certificate_free(c);
	}
	if (certificate_parse_der(text, &c, NULL) == 0) {
		certificate_read(c, &f);
		check_facts(&f);
		certificate_free(c);
	}
	if (certificate_key_parse(text, &k, NULL) == 0)
		certificate_key_free(k);
	if (certificate_request_sign(text, &w, authority, key, &pem, NULL) == 0)
		check_answer(buf_str(&pem));
	return 0;
}

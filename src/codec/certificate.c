#include "codec/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

enum { SERIAL_BYTES = 16 };

/* One library object each: what the caller holds is the library's own. */
static X509 *x509_of(const struct certificate *c)
{
	return (X509 *)(uintptr_t)c;
}

static EVP_PKEY *pkey_of(const struct certificate_key *k)
{
	return (EVP_PKEY *)(uintptr_t)k;
}

static int no_memory(struct err *e)
{
	ERR_clear_error();
	return err_set(e, ENOMEM, "no memory for a certificate");
}

static int open_pem(str pem, BIO **ret, struct err *e)
{
	if (pem.n > CERTIFICATE_MAX_BYTES)
		return err_set(e, E2BIG, "a certificate or key of more than %d bytes",
			       CERTIFICATE_MAX_BYTES);
	*ret = BIO_new_mem_buf(pem.n ? pem.p : "", (int)pem.n);
	return *ret ? 0 : no_memory(e);
}

static int take_bio(BIO *b, bool ok, struct buf *out, struct err *e)
{
	char *bytes = NULL;
	long n = ok ? BIO_get_mem_data(b, &bytes) : 0;

	if (n > 0)
		buf_add(out, (str){ bytes, (size_t)n });
	BIO_free(b);
	return n > 0 && buf_error(out) == 0 ? 0 : no_memory(e);
}

int certificate_key_generate(struct certificate_key **ret, struct err *e)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");

	if (!k)
		return no_memory(e);
	*ret = (struct certificate_key *)k;
	return 0;
}

/* Nobody is asked for a password: a key that wants one is refused. */
static int no_password(char *room, int n, int writing, void *ctx)
{
	(void)room, (void)n, (void)writing, (void)ctx;
	return -1;
}

int certificate_key_parse(str pem, struct certificate_key **ret, struct err *e)
{
	BIO *b;
	EVP_PKEY *k;
	int r = open_pem(pem, &b, e);

	if (r < 0)
		return r;
	k = PEM_read_bio_PrivateKey(b, NULL, no_password, NULL);
	BIO_free(b);
	ERR_clear_error();
	if (!k)
		return err_set(e, EBADMSG, "this is no private key in PEM without a password");
	*ret = (struct certificate_key *)k;
	return 0;
}

int certificate_key_render(const struct certificate_key *k, struct buf *out, struct err *e)
{
	BIO *b = BIO_new(BIO_s_secmem());
	bool ok = b && PEM_write_bio_PKCS8PrivateKey(b, pkey_of(k), NULL, NULL, 0, NULL, NULL) == 1;

	return take_bio(b, ok, out, e);
}

void certificate_key_free(struct certificate_key *k)
{
	EVP_PKEY_free(pkey_of(k));
}

int certificate_parse(str pem, struct certificate **ret, struct err *e)
{
	BIO *b;
	X509 *x;
	int r = open_pem(pem, &b, e);

	if (r < 0)
		return r;
	x = PEM_read_bio_X509(b, NULL, no_password, NULL);
	BIO_free(b);
	ERR_clear_error();
	if (!x)
		return err_set(e, EBADMSG, "this is no certificate in PEM");
	*ret = (struct certificate *)x;
	return 0;
}

int certificate_parse_der(str der, struct certificate **ret, struct err *e)
{
	const unsigned char *at = (const unsigned char *)der.p;
	X509 *x;

	if (der.n > CERTIFICATE_MAX_BYTES)
		return err_set(e, E2BIG, "a certificate or key of more than %d bytes",
			       CERTIFICATE_MAX_BYTES);
	x = der.n ? d2i_X509(NULL, &at, (long)der.n) : NULL;
	ERR_clear_error();
	if (!x)
		return err_set(e, EBADMSG, "this is no certificate in DER");
	*ret = (struct certificate *)x;
	return 0;
}

void certificate_free(struct certificate *c)
{
	X509_free(x509_of(c));
}

static int64_t seconds_of(const ASN1_TIME *t)
{
	struct tm tm = { 0 };

	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void read_subject(const X509 *x, char ret[CERTIFICATE_SUBJECT_BYTES])
{
	X509_NAME *name = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *text = NULL;
	int n = at < 0 ? -1
		       : ASN1_STRING_to_UTF8(
				 &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	bool ok = n > 0 && n < CERTIFICATE_SUBJECT_BYTES;

	/* A NUL inside would make one name look like another. */
	for (int i = 0; ok && i < n; i++)
		ok = text[i] >= 32 && text[i] != 127;
	if (ok)
		memcpy(ret, text, (size_t)n);
	ret[ok ? n : 0] = '\0';
	OPENSSL_free(text);
}

static void read_serial(const X509 *x, char ret[CERTIFICATE_SERIAL_BYTES])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	int n = ASN1_STRING_length(serial);

	if (n <= (CERTIFICATE_SERIAL_BYTES - 1) / 2)
		hex_render(ASN1_STRING_get0_data(serial), (size_t)n, ret);
	else
		ret[0] = '\0';
}

void certificate_read(const struct certificate *c, struct certificate_facts *ret)
{
	X509 *x = x509_of(c);
	unsigned int n = SHA256_BYTES;

	memset(ret, 0, sizeof(*ret));
	read_subject(x, ret->subject);
	read_serial(x, ret->serial);
	(void)X509_digest(x, EVP_sha256(), ret->digest, &n);
	ret->from_s = seconds_of(X509_get0_notBefore(x));
	ret->to_s = seconds_of(X509_get0_notAfter(x));
	ret->is_authority = X509_check_ca(x) == 1;
	ERR_clear_error();
}

bool certificate_is_of(const struct certificate *c, const struct certificate_key *k)
{
	bool is = X509_check_private_key(x509_of(c), pkey_of(k)) == 1;

	ERR_clear_error();
	return is;
}

bool certificate_is_signed_by(const struct certificate *c, const struct certificate *issuer)
{
	EVP_PKEY *k = X509_get0_pubkey(x509_of(issuer));
	bool is = k && X509_verify(x509_of(c), k) == 1;

	ERR_clear_error();
	return is;
}

static bool set_common_name(X509_NAME *name, const char *subject)
{
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject,
					  -1, -1, 0) == 1;
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static bool add_name(GENERAL_NAMES *names, const char *name)
{
	GENERAL_NAME *g = GENERAL_NAME_new();
	uint8_t address[16];
	int n = inet_pton(AF_INET, name, address) == 1    ? 4
		: inet_pton(AF_INET6, name, address) == 1 ? 16
							  : 0;
	ASN1_STRING *text = n ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	bool ok = g && text &&
		  ASN1_STRING_set(text, n ? (const void *)address : name,
				  n ? n : (int)strlen(name)) == 1;

	if (!ok) {
		ASN1_STRING_free(text);
		GENERAL_NAME_free(g);
		return false;
	}
	GENERAL_NAME_set0_value(g, n ? GEN_IPADD : GEN_DNS, text);
	if (sk_GENERAL_NAME_push(names, g) > 0)
		return true;
	GENERAL_NAME_free(g);
	return false;
}

static bool add_names(X509 *x, const struct certificate_wish *w)
{
	GENERAL_NAMES *names;
	bool ok;

	if (!w->name_count)
		return true;
	names = sk_GENERAL_NAME_new_null();
	ok = names;
	for (size_t i = 0; ok && i < w->name_count; i++)
		ok = add_name(names, w->names[i]);
	ok = ok && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(names);
	return ok;
}

static bool add_purpose(X509 *x, X509 *issuer, enum certificate_purpose p)
{
	bool ca = p == CERTIFICATE_AUTHORITY;

	return add_extension(x, issuer, NID_basic_constraints,
			     ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
	       add_extension(x, issuer, NID_key_usage,
			     ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
	       (ca || add_extension(x, issuer, NID_ext_key_usage,
				    p == CERTIFICATE_SERVER ? "serverAuth" : "clientAuth"));
}

static bool set_serial(X509 *x)
{
	uint8_t bytes[SERIAL_BYTES];
	BIGNUM *n = NULL;
	bool ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	/* Positive, and of this length whatever chance says (RFC 5280 section 4.1.2.2). */
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

static bool fill(X509 *x, const struct certificate_wish *w, EVP_PKEY *subject_key, X509 *issuer)
{
	return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
	       ASN1_TIME_set(X509_getm_notBefore(x), (time_t)w->from_s) &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)w->to_s) &&
	       X509_set_pubkey(x, subject_key) == 1 &&
	       set_common_name(X509_get_subject_name(x), w->subject) &&
	       X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1 &&
	       add_purpose(x, issuer, w->purpose) &&
	       add_extension(x, issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(x, issuer, NID_authority_key_identifier, "keyid:always") &&
	       add_names(x, w);
}

static int check_wish(const struct certificate_wish *w, struct err *e)
{
	size_t n = strlen(w->subject);

	if (n == 0 || n >= CERTIFICATE_SUBJECT_BYTES)
		return err_set(e, EINVAL, "a certificate's subject has 1 to 64 bytes");
	if (w->name_count > CERTIFICATE_MAX_NAMES)
		return err_set(e, EINVAL, "a certificate has at most %d names",
			       CERTIFICATE_MAX_NAMES);
	if (w->to_s <= w->from_s || w->from_s < 0)
		return err_set(e, EINVAL, "a certificate that ends before it begins");
	return 0;
}

static const EVP_MD *hash_for(EVP_PKEY *k)
{
	return EVP_PKEY_is_a(k, "ED25519") ? NULL : EVP_sha256();
}

static int issue(const struct certificate_wish *w, EVP_PKEY *subject_key, X509 *issuer,
		 EVP_PKEY *issuer_key, struct buf *out, struct err *e)
{
	int r = check_wish(w, e);
	X509 *x;
	BIO *b;
	bool ok;

	if (r < 0)
		return r;
	x = X509_new();
	b = BIO_new(BIO_s_mem());
	ok = x && b && fill(x, w, subject_key, issuer ? issuer : x) &&
	     X509_sign(x, issuer_key, hash_for(issuer_key)) > 0 && PEM_write_bio_X509(b, x) == 1;
	X509_free(x);
	r = take_bio(b, ok, out, e);
	return r;
}

int certificate_issue(const struct certificate_wish *w, const struct certificate_key *k,
		      const struct certificate *issuer, const struct certificate_key *issuer_key,
		      struct buf *out, struct err *e)
{
	return issue(w, pkey_of(k), issuer ? x509_of(issuer) : NULL,
		     pkey_of(issuer ? issuer_key : k), out, e);
}

int certificate_request_make(const struct certificate_key *k, const char *subject, struct buf *out,
			     struct err *e)
{
	struct certificate_wish w = { .subject = subject, .to_s = 1 };
	int r = check_wish(&w, e);
	X509_REQ *q;
	BIO *b;
	bool ok;

	if (r < 0)
		return r;
	q = X509_REQ_new();
	b = BIO_new(BIO_s_mem());
	ok = q && b && X509_REQ_set_version(q, X509_REQ_VERSION_1) == 1 &&
	     set_common_name(X509_REQ_get_subject_name(q), subject) &&
	     X509_REQ_set_pubkey(q, pkey_of(k)) == 1 &&
	     X509_REQ_sign(q, pkey_of(k), hash_for(pkey_of(k))) > 0 &&
	     PEM_write_bio_X509_REQ(b, q) == 1;
	X509_REQ_free(q);
	return take_bio(b, ok, out, e);
}

/* Others cost much to check (RSA of any size) or are not worth having. */
static bool is_good_key(EVP_PKEY *k)
{
	char group[32];
	size_t n;

	if (EVP_PKEY_is_a(k, "ED25519"))
		return true;
	return EVP_PKEY_is_a(k, "EC") &&
	       EVP_PKEY_get_group_name(k, group, sizeof(group), &n) == 1 &&
	       (strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0);
}

int certificate_request_sign(str request, const struct certificate_wish *w,
			     const struct certificate *issuer,
			     const struct certificate_key *issuer_key, struct buf *out,
			     struct err *e)
{
	X509_REQ *q;
	EVP_PKEY *k;
	BIO *b;
	int r = open_pem(request, &b, e);

	if (r < 0)
		return r;
	q = PEM_read_bio_X509_REQ(b, NULL, no_password, NULL);
	BIO_free(b);
	k = q ? X509_REQ_get0_pubkey(q) : NULL;
	if (!k)
		r = err_set(e, EBADMSG, "this is no certificate request in PEM");
	else if (!is_good_key(k))
		r = err_set(e, EBADMSG, "the request's key is neither P-256, P-384 nor Ed25519");
	else if (X509_REQ_verify(q, k) != 1)
		r = err_set(e, EBADMSG, "the request is not signed by its key");
	else
		r = issue(w, k, x509_of(issuer), pkey_of(issuer_key), out, e);
	X509_REQ_free(q);
	ERR_clear_error();
	return r;
}

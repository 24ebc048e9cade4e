#include "codec/signature.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#define RSA_LEAST_BITS 2048

static EVP_PKEY *key_of(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *rsa_key(str modulus, str exponent)
{
	BIGNUM *n = BN_bin2bn((const uint8_t *)modulus.p, (int)modulus.n, NULL);
	BIGNUM *x = BN_bin2bn((const uint8_t *)exponent.p, (int)exponent.n, NULL);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (n && x && b && BN_num_bits(n) >= RSA_LEAST_BITS &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, x) == 1)
		params = OSSL_PARAM_BLD_to_param(b);
	if (params)
		key = key_of("RSA", params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	BN_free(n);
	BN_free(x);
	return key;
}

/* Uncompressed form of SEC 1, 2.3.3; the library checks that it is on the curve. */
static EVP_PKEY *p256_key(str x, str y)
{
	uint8_t point[1 + 2 * P256_COORDINATE_BYTES] = { 4 };
	char group[] = "prime256v1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};

	memcpy(point + 1, x.p, P256_COORDINATE_BYTES);
	memcpy(point + 1 + P256_COORDINATE_BYTES, y.p, P256_COORDINATE_BYTES);
	return key_of("EC", params);
}

/* What the library queues about foreign input is nobody's business later. */
static int verify(EVP_PKEY *key, str message, const uint8_t *signature, size_t n, struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestVerify(ctx, signature, n, (const uint8_t *)message.p, message.n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return ok ? 0 : err_set(e, EBADMSG, "the signature is not this key's");
}

int rs256_verify(str modulus, str exponent, str message, str signature, struct err *e)
{
	EVP_PKEY *key = NULL;

	if (modulus.n && modulus.n <= SIGNATURE_MAX_RSA_BYTES && exponent.n && exponent.n <= 8)
		key = rsa_key(modulus, exponent);
	if (!key) {
		ERR_clear_error();
		return err_set(e, EINVAL, "no RSA key of 2048 to 8192 bits");
	}
	return verify(key, message, (const uint8_t *)signature.p, signature.n, e);
}

/* R and S to the DER form the library wants. */
static int der_of(str signature, uint8_t **ret)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	const uint8_t *p = (const uint8_t *)signature.p;
	BIGNUM *r = BN_bin2bn(p, P256_COORDINATE_BYTES, NULL);
	BIGNUM *t = BN_bin2bn(p + P256_COORDINATE_BYTES, P256_COORDINATE_BYTES, NULL);
	int n = -1;

	if (s && r && t && ECDSA_SIG_set0(s, r, t) == 1) {
		r = t = NULL; /* are the signature's now */
		n = i2d_ECDSA_SIG(s, ret);
	}
	BN_free(r);
	BN_free(t);
	ECDSA_SIG_free(s);
	return n;
}

int es256_verify(str x, str y, str message, str signature, struct err *e)
{
	EVP_PKEY *key = NULL;
	uint8_t *der = NULL;
	int n, r;

	if (x.n == P256_COORDINATE_BYTES && y.n == P256_COORDINATE_BYTES)
		key = p256_key(x, y);
	if (!key) {
		ERR_clear_error();
		return err_set(e, EINVAL, "no key on P-256");
	}
	if (signature.n != 2 * P256_COORDINATE_BYTES) {
		EVP_PKEY_free(key);
		return err_set(e, EBADMSG, "the signature is not this key's");
	}
	n = der_of(signature, &der);
	if (n <= 0) {
		EVP_PKEY_free(key);
		return err_set(e, ENOMEM, "no memory for a signature");
	}
	r = verify(key, message, der, (size_t)n, e);
	OPENSSL_free(der);
	return r;
}

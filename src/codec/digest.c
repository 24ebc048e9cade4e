#include "codec/digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

struct sha256 {
	EVP_MD_CTX *ctx;
};

int sha256_new(struct sha256 **ret, struct err *e)
{
	struct sha256 *s = calloc(1, sizeof(*s));

	if (s)
		s->ctx = EVP_MD_CTX_new();
	if (!s || !s->ctx || EVP_DigestInit_ex(s->ctx, EVP_sha256(), NULL) != 1) {
		sha256_free(s);
		return err_set(e, ENOMEM, "SHA-256 is not available");
	}
	*ret = s;
	return 0;
}

void sha256_free(struct sha256 *s)
{
	if (!s)
		return;
	EVP_MD_CTX_free(s->ctx);
	free(s);
}

void sha256_update(struct sha256 *s, str bytes)
{
	int ok = bytes.n == 0 || EVP_DigestUpdate(s->ctx, bytes.p, bytes.n) == 1;

	assert(ok);
}

void sha256_final(struct sha256 *s, uint8_t ret[SHA256_BYTES])
{
	int ok = EVP_DigestFinal_ex(s->ctx, ret, NULL) == 1 &&
		 EVP_DigestInit_ex(s->ctx, NULL, NULL) == 1;

	assert(ok);
}

void sha256_of(str bytes, uint8_t ret[SHA256_BYTES])
{
	int ok = EVP_Digest(bytes.n ? bytes.p : "", bytes.n, ret, NULL, EVP_sha256(), NULL) == 1;

	assert(ok);
}

size_t digest_bytes(enum digest_kind k)
{
	static const size_t bytes[DIGEST_KIND_COUNT] = {
#define DIGEST_KIND_BYTES(id, name, n) [DIGEST_##id] = n,
		DIGEST_KINDS(DIGEST_KIND_BYTES)
#undef DIGEST_KIND_BYTES
	};

	return bytes[k];
}

struct digests {
	EVP_MD_CTX *ctx[DIGEST_KIND_COUNT]; /* NULL: not made */
};

static const EVP_MD *algorithm(enum digest_kind k)
{
	switch (k) {
	case DIGEST_MD5:
		return EVP_md5();
	case DIGEST_SHA1:
		return EVP_sha1();
	case DIGEST_SHA512:
		return EVP_sha512();
	default:
		return EVP_sha256();
	}
}

int digests_new(uint32_t kinds, struct digests **ret, struct err *e)
{
	struct digests *d = calloc(1, sizeof(*d));

	for (unsigned int k = 0; d && k < DIGEST_KIND_COUNT; k++) {
		if (!(kinds & 1u << k))
			continue;
		d->ctx[k] = EVP_MD_CTX_new();
		if (!d->ctx[k]) {
			digests_free(d);
			d = NULL;
		} else if (EVP_DigestInit_ex(d->ctx[k], algorithm(k), NULL) != 1) {
			EVP_MD_CTX_free(TAKE(&d->ctx[k]));
		}
	}
	if (!d)
		return err_set(e, ENOMEM, "out of memory");
	*ret = d;
	return 0;
}

void digests_free(struct digests *d)
{
	if (!d)
		return;
	for (size_t k = 0; k < DIGEST_KIND_COUNT; k++)
		EVP_MD_CTX_free(d->ctx[k]);
	free(d);
}

void digests_update(struct digests *d, str bytes)
{
	for (size_t k = 0; k < DIGEST_KIND_COUNT; k++) {
		int ok = !d->ctx[k] || !bytes.n ||
			 EVP_DigestUpdate(d->ctx[k], bytes.p, bytes.n) == 1;

		assert(ok);
	}
}

void digests_final(struct digests *d, struct digest_sums *ret)
{
	*ret = (struct digest_sums){ 0 };
	for (unsigned int k = 0; k < DIGEST_KIND_COUNT; k++) {
		int ok = !d->ctx[k] || (EVP_DigestFinal_ex(d->ctx[k], ret->sum[k], NULL) == 1 &&
					EVP_DigestInit_ex(d->ctx[k], NULL, NULL) == 1);

		assert(ok);
		ret->kinds |= d->ctx[k] ? 1u << k : 0;
	}
}

void hex_render(const uint8_t *bytes, size_t n, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret[2 * n] = '\0';
}

void digest_render(const uint8_t sum[SHA256_BYTES], char ret[DIGEST_TEXT_BYTES])
{
	memcpy(ret, "sha256:", 7);
	hex_render(sum, SHA256_BYTES, ret + 7);
}

/* One more than the digit's value, so that 0 marks what is no digit; a look-up, for random digits defeat branches. */
static const uint8_t nibbles[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

int hex_parse(str hex, uint8_t *ret)
{
	bool sound = true;

	for (size_t i = 0; i + 1 < hex.n; i += 2) {
		unsigned int high = nibbles[(unsigned char)hex.p[i]];
		unsigned int low = nibbles[(unsigned char)hex.p[i + 1]];

		sound &= high && low;
		ret[i / 2] = (uint8_t)((high - 1) << 4 | (low - 1));
	}
	return sound ? 0 : -EBADMSG;
}

int digest_parse(str text, uint8_t ret[SHA256_BYTES], struct err *e)
{
	uint8_t sum[SHA256_BYTES];

	if (!str_starts(text, S("sha256:")) || text.n != 7 + SHA256_HEX)
		return err_set(e, EBADMSG, "'%.*s' is no sha256 digest",
			       STR_ARG(str_take(text, 100)));
	if (hex_parse(str_skip(text, 7), sum) < 0)
		return err_set(e, EBADMSG, "'%.*s' is no sha256 digest", STR_ARG(text));
	memcpy(ret, sum, sizeof(sum));
	return 0;
}

int ed25519_verify(const uint8_t public_key[ED25519_KEY_BYTES], str message,
		   const uint8_t signature[ED25519_SIGNATURE_BYTES], struct err *e)
{
	EVP_PKEY *key =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, ED25519_KEY_BYTES);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		  EVP_DigestVerify(ctx, signature, ED25519_SIGNATURE_BYTES,
				   (const uint8_t *)message.p, message.n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok ? 0 : err_set(e, EBADMSG, "the signature is not this key's");
}

int ed25519_sign(const uint8_t private_seed[ED25519_KEY_BYTES], str message,
		 uint8_t ret_signature[ED25519_SIGNATURE_BYTES], struct err *e)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_seed,
						     ED25519_KEY_BYTES);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = ED25519_SIGNATURE_BYTES;
	bool ok =
		key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestSign(ctx, ret_signature, &n, (const uint8_t *)message.p, message.n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok ? 0 : err_set(e, EINVAL, "cannot sign");
}

int ed25519_public(const uint8_t private_seed[ED25519_KEY_BYTES], uint8_t ret[ED25519_KEY_BYTES],
		   struct err *e)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_seed,
						     ED25519_KEY_BYTES);
	size_t n = ED25519_KEY_BYTES;
	bool ok = key && EVP_PKEY_get_raw_public_key(key, ret, &n) == 1;

	EVP_PKEY_free(key);
	return ok ? 0 : err_set(e, EINVAL, "not an Ed25519 private key");
}

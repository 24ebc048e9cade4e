#include "codec/mac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

int random_bytes(void *ret, size_t n, struct err *e)
{
	assert(n <= INT32_MAX);
	if (RAND_bytes(ret, (int)n) != 1)
		return err_set(e, EIO, "the system has no random numbers");
	return 0;
}

static void hmac(const EVP_MD *md, str key, str message, uint8_t *ret)
{
	unsigned int n = 0;

	assert(key.n <= INT32_MAX);
	uint8_t *ok = HMAC(md, key.n ? key.p : "", (int)key.n,
			   (const uint8_t *)(message.n ? message.p : ""), message.n, ret, &n);
	assert(ok);
}

void hmac_sha1(str key, str message, uint8_t ret[SHA1_BYTES])
{
	hmac(EVP_sha1(), key, message, ret);
}

void hmac_sha256(str key, str message, uint8_t ret[SHA256_BYTES])
{
	hmac(EVP_sha256(), key, message, ret);
}

bool secret_eq(str a, str b)
{
	return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}

void secret_wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}

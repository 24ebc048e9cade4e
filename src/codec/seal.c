#include "codec/seal.h"

#include <openssl/evp.h>

#include "codec/mac.h"

enum { VERSION = 1, NONCE = 12, TAG = 16, PLAIN_MAX = 1 << 20 };

static void free_context(EVP_CIPHER_CTX **c)
{
	EVP_CIPHER_CTX_free(*c);
}

int seal(const struct seal_key *k, str place, str plain, struct buf *out, struct err *e)
{
	CLEANUP(free_context) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t nonce[NONCE], *at;
	int n = 0, r = random_bytes(nonce, sizeof(nonce), e);

	if (r < 0)
		return r;
	if (plain.n > PLAIN_MAX || place.n > PLAIN_MAX)
		return err_set(e, E2BIG, "a secret is longer than %d bytes", PLAIN_MAX);
	at = (uint8_t *)buf_reserve(out, plain.n + SEAL_EXTRA_BYTES);
	if (!c || !at)
		return err_set(e, ENOMEM, "no memory to seal a secret");
	at[0] = VERSION;
	memcpy(at + 1, nonce, NONCE);
	if (EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, nonce) != 1 ||
	    EVP_EncryptUpdate(c, NULL, &n, (const uint8_t *)place.p, (int)place.n) != 1 ||
	    EVP_EncryptUpdate(c, at + 1 + NONCE, &n, (const uint8_t *)(plain.n ? plain.p : ""),
			      (int)plain.n) != 1 ||
	    EVP_EncryptFinal_ex(c, at + 1 + NONCE + plain.n, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, at + 1 + NONCE + plain.n) != 1)
		return err_set(e, EIO, "AES-256-GCM is not available");
	out->n += plain.n + SEAL_EXTRA_BYTES;
	return 0;
}

int seal_open(const struct seal_key *k, str place, str sealed, struct buf *out, struct err *e)
{
	CLEANUP(free_context) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	const uint8_t *in = (const uint8_t *)sealed.p;
	uint8_t tag[TAG], *at;
	size_t body;
	int n = 0;

	if (sealed.n < SEAL_EXTRA_BYTES || sealed.n > PLAIN_MAX + SEAL_EXTRA_BYTES ||
	    in[0] != VERSION)
		return err_set(e, EBADMSG, "a sealed secret is damaged");
	body = sealed.n - SEAL_EXTRA_BYTES;
	at = (uint8_t *)buf_reserve(out, body + 1);
	if (!c || !at)
		return err_set(e, ENOMEM, "no memory to open a secret");
	memcpy(tag, in + sealed.n - TAG, TAG);
	if (EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, in + 1) != 1 ||
	    EVP_DecryptUpdate(c, NULL, &n, (const uint8_t *)place.p, (int)place.n) != 1 ||
	    EVP_DecryptUpdate(c, at, &n, in + 1 + NONCE, (int)body) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) != 1 ||
	    EVP_DecryptFinal_ex(c, at + body, &n) != 1) {
		secret_wipe(at, body);
		return err_set(e, EBADMSG,
			       "a sealed secret does not open: it is damaged, or was sealed with "
			       "another key");
	}
	out->n += body;
	return 0;
}

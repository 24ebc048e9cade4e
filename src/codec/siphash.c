#include "codec/siphash.h"

#include <endian.h>
#include <sys/random.h>

int siphash_key_draw(struct siphash_key *ret, struct err *e)
{
	struct siphash_key key;

	/* So few bytes are never cut. */
	if (getrandom(&key, sizeof(key), 0) < 0)
		return err_sys(e, errno, "the system has no random numbers");
	*ret = key;
	return 0;
}

static uint64_t rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static void rounds(uint64_t v[4], int count)
{
	while (count--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void take(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	rounds(v, 2);
	v[0] ^= word;
}

static uint64_t word_of(str s)
{
	uint64_t w = 0;

	if (s.n)
		memcpy(&w, s.p, MIN(s.n, sizeof(w)));
	return le64toh(w);
}

uint64_t siphash(const struct siphash_key *key, str s)
{
	const uint64_t length = (uint64_t)s.n << 56;
	uint64_t v[4] = { key->k[0] ^ 0x736f6d6570736575u, key->k[1] ^ 0x646f72616e646f6du,
			  key->k[0] ^ 0x6c7967656e657261u, key->k[1] ^ 0x7465646279746573u };

	for (; s.n >= 8; s = str_skip(s, 8))
		take(v, word_of(s));
	take(v, word_of(s) | length);
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

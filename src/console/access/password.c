#include "console/access/password.h"

#include <argon2.h>
#include <stdio.h>
#include <time.h>

#include "codec/mac.h"

#define LANES 1
#define SALT_BYTES 16
#define SUM_BYTES 32
#define WAIT_S 10

void password_kitchen_init(struct password_kitchen *k, struct password_cost cost,
			   unsigned int at_once)
{
	k->cost.memory_kib = cost.memory_kib ? cost.memory_kib : 64 * 1024;
	k->cost.passes = cost.passes ? cost.passes : 3;
	k->wait_s = WAIT_S;
	int r = sem_init(&k->room, 0, at_once ? at_once : 2);
	assert(r == 0);
}

void password_kitchen_done(struct password_kitchen *k)
{
	sem_destroy(&k->room);
}

static int enter(struct password_kitchen *k, struct err *e)
{
	struct timespec until;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += k->wait_s;
	do
		r = sem_clockwait(&k->room, CLOCK_MONOTONIC, &until);
	while (r < 0 && errno == EINTR);
	return r < 0 ? err_set(e, EAGAIN, "too many sign-ins at once: try again") : 0;
}

static int check_length(str password, struct err *e)
{
	if (password.n > PASSWORD_MAX_BYTES)
		return err_set(e, E2BIG, "the password is longer than %d bytes",
			       PASSWORD_MAX_BYTES);
	return 0;
}

int password_hash(struct password_kitchen *k, str password, char ret[PASSWORD_HASH_BYTES],
		  struct err *e)
{
	char out[PASSWORD_HASH_BYTES];
	uint8_t salt[SALT_BYTES];
	int r = check_length(password, e);

	if (r == 0)
		r = random_bytes(salt, sizeof(salt), e);
	if (r == 0)
		r = enter(k, e);
	if (r < 0)
		return r;
	r = argon2id_hash_encoded(k->cost.passes, k->cost.memory_kib, LANES, password.p, password.n,
				  salt, sizeof(salt), SUM_BYTES, out, sizeof(out));
	sem_post(&k->room);
	if (r != ARGON2_OK)
		return err_set(e, ENOMEM, "no memory to hash a password");
	memcpy(ret, out, sizeof(out));
	return 0;
}

/* A hash no password has: the sum is made up. Checking against it costs what checking a real one does. */
static void nobody(const struct password_kitchen *k, char out[PASSWORD_HASH_BYTES])
{
	snprintf(out, PASSWORD_HASH_BYTES,
		 "$argon2id$v=19$m=%u,t=%u,p=%d$c2tlcHNrZXBza2Vwc2tlcA$"
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		 k->cost.memory_kib, k->cost.passes, LANES);
}

static bool is_stale(const struct password_kitchen *k, const char *encoded)
{
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "$argon2id$v=19$m=%u,t=%u,p=%d$", k->cost.memory_kib,
		 k->cost.passes, LANES);
	return !str_starts(str_from(encoded), str_from(prefix));
}

int password_check(struct password_kitchen *k, str hash, str password, bool *ret_stale,
		   struct err *e)
{
	char encoded[PASSWORD_HASH_BYTES];
	int r = check_length(password, e);

	if (r < 0)
		return r;
	if (hash.n >= sizeof(encoded))
		return err_set(e, EIO, "a stored password is no Argon2id hash");
	if (hash.n == 0) {
		nobody(k, encoded);
	} else {
		memcpy(encoded, hash.p, hash.n);
		encoded[hash.n] = '\0';
	}
	r = enter(k, e);
	if (r < 0)
		return r;
	r = argon2id_verify(encoded, password.p, password.n);
	sem_post(&k->room);
	if (r == ARGON2_VERIFY_MISMATCH || (r == ARGON2_OK && hash.n == 0))
		return err_set(e, EACCES, "the name or the password is wrong");
	if (r == ARGON2_MEMORY_ALLOCATION_ERROR)
		return err_set(e, ENOMEM, "no memory to check a password");
	if (r != ARGON2_OK)
		return err_set(e, EIO, "a stored password is no Argon2id hash");
	if (ret_stale)
		*ret_stale = is_stale(k, encoded);
	return 0;
}

int password_random(char ret[PASSWORD_RANDOM_BYTES], struct err *e)
{
	/* 64 characters, so that a byte's low bits choose evenly; none of 0, O, 1, l, I, which people confuse. */
	static const char set[] =
		"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_+=.:%";
	static const str kinds[] = { S("abcdefghijkmnopqrstuvwxyz"), S("ABCDEFGHJKLMNPQRSTUVWXYZ"),
				     S("23456789"), S("-_+=.:%") };
	uint8_t bytes[PASSWORD_RANDOM_BYTES - 1];
	size_t kinds_seen;

	_Static_assert(sizeof(set) == 65, "a power of two");
	do {
		int r = random_bytes(bytes, sizeof(bytes), e);

		if (r < 0)
			return r;
		for (size_t i = 0; i < sizeof(bytes); i++)
			ret[i] = set[bytes[i] & 63];
		ret[sizeof(bytes)] = '\0';
		kinds_seen = 0;
		for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
			kinds_seen += strpbrk(ret, kinds[k].p) != NULL;
	} while (kinds_seen < ARRAY_LEN(kinds));
	return 0;
}

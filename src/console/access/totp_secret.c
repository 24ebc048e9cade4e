#include <stdio.h>

#include "codec/mac.h"
#include "console/access/totp_secret_priv.h"

#define PLACE_BYTES 48

static str place_of(int64_t user, char room[PLACE_BYTES])
{
	int n = snprintf(room, PLACE_BYTES, "second factor of user %lld", (long long)user);

	assert(n > 0 && n < PLACE_BYTES);
	return (str){ room, (size_t)n };
}

int totp_secret_keep(const struct access *a, struct sql *s, int64_t user,
		     const uint8_t secret[TOTP_SECRET_BYTES], struct err *e)
{
	str plain = { (const char *)secret, TOTP_SECRET_BYTES };
	OWNED_BUF sealed = BUF_INIT;
	char room[PLACE_BYTES];
	int r;

	if (!a->seals)
		return users_set_totp(s, user, plain, e);
	r = seal(&a->seal_key, place_of(user, room), plain, &sealed, e);
	return r < 0 ? r : users_set_totp(s, user, buf_str(&sealed), e);
}

int totp_secret_open(const struct access *a, const struct user *u, uint8_t ret[TOTP_SECRET_BYTES],
		     struct err *e)
{
	OWNED_BUF plain = BUF_INIT;
	char room[PLACE_BYTES];
	int r = 0;

	if (!u->totp.n)
		return err_set(e, ENOENT, "the user has no second factor");
	/* Where there is a key nothing unsealed is taken: whoever can write the table alone gives nobody a secret. */
	if (a->seals)
		r = seal_open(&a->seal_key, place_of(u->id, room), u->totp, &plain, e);
	else
		buf_add(&plain, u->totp);
	if (r < 0)
		return r == -EBADMSG ? -EIO : r;
	if (plain.n != TOTP_SECRET_BYTES)
		return err_set(e, EIO, "a user's second factor is damaged");
	memcpy(ret, plain.p, TOTP_SECRET_BYTES);
	secret_wipe(plain.p, plain.n);
	return 0;
}

int totp_secret_seal_all(const struct access *a, struct sql *s, struct err *e)
{
	struct arena scratch;
	struct user u;
	int r = 0;

	arena_init(&scratch, 1u << 20);
	/* Each one sealed is of that length no more. */
	while (a->seals && r >= 0) {
		OWNED_BUF sealed = BUF_INIT;
		char room[PLACE_BYTES];

		arena_reset(&scratch);
		r = users_find_totp(s, TOTP_SECRET_BYTES, &scratch, &u, e);
		if (r == 0)
			r = seal(&a->seal_key, place_of(u.id, room), u.totp, &sealed, e);
		if (r == 0)
			r = users_rewrite_totp(s, u.id, u.totp, buf_str(&sealed), e);
	}
	arena_done(&scratch);
	return r == -ENOENT ? 0 : r;
}

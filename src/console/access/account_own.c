#include "base/clock.h"
#include "codec/mac.h"
#include "console/access/account.h"
#include "console/access/sign_in_priv.h"
#include "console/access/totp_secret_priv.h"
#include "console/store/sessions.h"

/* One of those the user had before, the one they have included. */
static int check_former(struct access *a, const struct user *u, str new, struct err *e)
{
	str rest = u->former, hash = u->password;

	for (unsigned int i = 0; i <= a->options.policy.remember && hash.n; i++) {
		int r = password_check(&a->kitchen, hash, new, NULL, e);

		if (r == 0)
			return err_set(e, EINVAL, "the password was used before");
		if (r != -EACCES)
			return r;
		hash = str_line(&rest);
	}
	return 0;
}

/* The hash that goes now, in front of those before it. */
static str remember(const struct access *a, const struct user *u, struct arena *arena)
{
	OWNED_BUF out = BUF_INIT;
	str rest = u->former, line = u->password;

	for (unsigned int i = 0; i < a->options.policy.remember && line.n; i++) {
		buf_add(&out, line);
		buf_byte(&out, '\n');
		line = str_line(&rest);
	}
	return buf_error(&out) ? (str){ 0 } : arena_str(arena, buf_str(&out));
}

static int check_old(struct access *a, struct sql *s, const struct caller *c, const struct user *u,
		     str old, int64_t now_ns, struct err *e)
{
	const struct sign_in_who who = { u->id, u->name, c->address };
	int r;

	if (!str_is(u->source, "local") || !u->password.n)
		return err_set(e, EACCES, "this user's password is not kept here");
	r = sign_in_check_locks(s, &who, now_ns, NULL, e);
	if (r == 0)
		r = password_check(&a->kitchen, u->password, old, NULL, e);
	if (r == -EACCES)
		return sign_in_count_failure(s, &who, now_ns,
					     err_set(e, EACCES, "the old password is wrong"), e);
	return r;
}

static int keep(struct access *a, struct sql *s, const struct caller *c, const struct user *u,
		str hash, int64_t now_ns, struct arena *arena, struct err *e)
{
	str former = remember(a, u, arena);
	int r = former.p ? sql_begin(s, e) : err_set(e, ENOBUFS, "users: memory budget spent");

	if (r < 0)
		return r;
	r = users_set_password(s, u->id, hash, former, false, now_ns, e);
	if (r == 0)
		r = sql_no_count(session_end_all(s, u->id, c, e));
	return sql_end(s, r, e);
}

int account_set_own_password(struct access *a, struct sql *s, const struct caller *c, str old,
			     str new, int64_t now_ns, struct arena *arena, struct err *e)
{
	char hash[PASSWORD_HASH_BYTES];
	struct user u;
	int r = users_get(s, c->user, arena, &u, e);

	if (c->how != CALLER_SESSION)
		return err_set(e, EACCES, "a password is changed in a session");
	if (r == 0)
		r = check_old(a, s, c, &u, old, now_ns, e);
	if (r == 0)
		r = account_check_password(a, s, u.name, new, e);
	if (r == 0)
		r = check_former(a, &u, new, e);
	if (r == 0)
		r = password_hash(&a->kitchen, new, hash, e);
	return r < 0 ? r : keep(a, s, c, &u, str_from(hash), now_ns, arena, e);
}

static int own_user(struct sql *s, const struct caller *c, struct arena *arena, struct user *ret,
		    struct err *e)
{
	if (c->how != CALLER_SESSION)
		return err_set(e, EACCES, "a second factor is changed in a session");
	return users_get(s, c->user, arena, ret, e);
}

int account_begin_totp(struct access *a, struct sql *s, const struct caller *c, struct arena *arena,
		       uint8_t ret_secret[TOTP_SECRET_BYTES], struct err *e)
{
	uint8_t secret[TOTP_SECRET_BYTES];
	struct user u;
	int r = own_user(s, c, arena, &u, e);

	if (r == 0 && u.totp_on)
		r = err_set(e, EBUSY, "the second factor is on: take it away first");
	if (r == 0)
		r = random_bytes(secret, sizeof(secret), e);
	if (r == 0)
		r = totp_secret_keep(a, s, u.id, secret, e);
	if (r == 0)
		memcpy(ret_secret, secret, sizeof(secret));
	secret_wipe(secret, sizeof(secret));
	return r;
}

static int keep_recovery(struct sql *s, int64_t user,
			 char codes[RECOVERY_CODES][RECOVERY_CODE_BYTES], struct err *e)
{
	char hashes[RECOVERY_CODES][SHA256_HEX + 1];
	str spans[RECOVERY_CODES];

	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		int r = recovery_code_new(codes[i], e);

		if (r < 0)
			return r;
		secret_hash("recovery", str_from(codes[i]), hashes[i]);
		spans[i] = str_from(hashes[i]);
	}
	return users_set_recovery(s, user, spans, RECOVERY_CODES, e);
}

int account_confirm_totp(struct access *a, struct sql *s, const struct caller *c, str code,
			 int64_t now_ns, struct arena *arena,
			 char ret[RECOVERY_CODES][RECOVERY_CODE_BYTES], struct err *e)
{
	uint8_t secret[TOTP_SECRET_BYTES];
	struct user u;
	uint64_t step;
	int r = own_user(s, c, arena, &u, e);

	if (r < 0)
		return r;
	if (u.totp_on)
		return err_set(e, EBUSY, "the second factor is on already");
	if (!u.totp.n)
		return err_set(e, EINVAL, "no second factor was begun");
	r = totp_secret_open(a, &u, secret, e);
	if (r < 0)
		return r;
	step = totp_check(secret, code, now_ns / (int64_t)SECOND_NS, 0);
	secret_wipe(secret, sizeof(secret));
	if (!step)
		return err_set(e, EACCES, "the one-time code is wrong or was used");
	r = users_take_totp_step(s, u.id, step, e);
	if (r == 0)
		r = keep_recovery(s, u.id, ret, e);
	return r < 0 ? r : users_confirm_totp(s, u.id, e);
}

int account_drop_totp(struct sql *s, const struct caller *c, struct arena *arena, struct err *e)
{
	struct user u;
	int r = own_user(s, c, arena, &u, e);

	return r < 0 ? r : users_set_totp(s, u.id, (str){ 0 }, e);
}

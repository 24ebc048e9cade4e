#include "console/access/sign_in.h"

#include <stdio.h>

#include "base/clock.h"
#include "codec/mac.h"
#include "console/access/directory_priv.h"
#include "console/access/sign_in_priv.h"
#include "console/access/totp_secret_priv.h"
#include "console/store/sessions.h"

/* The last failure is forgotten after this long without another. */
#define FORGET_NS (3600 * (int64_t)SECOND_NS)
#define LOCK_KEY_BYTES 160

/* One sign-in under way. */
struct attempt {
	struct access *access;
	struct sql *sql;
	const struct sign_in *q;
	int64_t now_ns;
	struct arena *arena;
	char name[USER_NAME_BYTES + 1]; /**< empty: no user can be called so */
	struct user user;
	bool known; /**< user is filled */
};

unsigned int sign_in_wait_s(int64_t failures, int64_t free)
{
	if (failures < free)
		return 0;
	return failures - free >= 10 ? SIGN_IN_LONGEST_S
				     : MIN(1u << (failures - free), SIGN_IN_LONGEST_S);
}

/* The two names failures are counted under. */
struct lock_keys {
	char user[LOCK_KEY_BYTES], address[LOCK_KEY_BYTES];
};

static struct lock_keys keys_of(const struct sign_in_who *who)
{
	uint8_t sum[SHA256_BYTES];
	struct lock_keys k;

	sha256_of(who->name, sum);
	if (who->user)
		snprintf(k.user, sizeof(k.user), "user:%lld", (long long)who->user);
	else
		snprintf(k.user, sizeof(k.user), "unknown:%02x%02x", sum[0], sum[1]);
	snprintf(k.address, sizeof(k.address), "address:%.*s", STR_ARG(str_take(who->address, 64)));
	return k;
}

static int check_lock(struct sql *s, const char *key, int64_t now_ns, unsigned int *wait_s,
		      struct err *e)
{
	struct lock_row row;
	int64_t left;
	int r = locks_get(s, str_from(key), &row, e);

	if (r < 0)
		return r;
	left = row.until_ns - now_ns;
	/* Longer than any was told to wait: the clock was set back since. */
	if (left > 0 && left <= SIGN_IN_LONGEST_S * (int64_t)SECOND_NS)
		*wait_s = MAX(*wait_s,
			      (unsigned int)((left + (int64_t)SECOND_NS - 1) / (int64_t)SECOND_NS));
	return 0;
}

int sign_in_check_locks(struct sql *s, const struct sign_in_who *who, int64_t now_ns,
			unsigned int *ret_wait_s, struct err *e)
{
	struct lock_keys k = keys_of(who);
	unsigned int wait_s = 0;
	int r = check_lock(s, k.user, now_ns, &wait_s, e);

	if (r == 0)
		r = check_lock(s, k.address, now_ns, &wait_s, e);
	if (r < 0 || !wait_s)
		return r;
	if (ret_wait_s)
		*ret_wait_s = wait_s;
	return err_set(e, EBUSY, "too many failed sign-ins: wait %u seconds", wait_s);
}

static int count_one(struct sql *s, const char *key, int64_t now_ns, int64_t free, struct err *e)
{
	int64_t failures;
	unsigned int wait_s;
	int r = locks_fail(s, str_from(key), now_ns, now_ns - FORGET_NS, &failures, e);

	if (r < 0)
		return r;
	wait_s = sign_in_wait_s(failures, free);
	if (wait_s)
		r = locks_hold(s, str_from(key), now_ns + wait_s * (int64_t)SECOND_NS, e);
	return r;
}

int sign_in_count_failure(struct sql *s, const struct sign_in_who *who, int64_t now_ns, int why,
			  struct err *e)
{
	struct lock_keys k = keys_of(who);
	struct err trouble = { 0 };
	int r = sql_begin(s, &trouble);

	if (r == 0)
		r = count_one(s, k.user, now_ns, SIGN_IN_FREE_USER, &trouble);
	if (r == 0)
		r = count_one(s, k.address, now_ns, SIGN_IN_FREE_ADDRESS, &trouble);
	if (r == 0)
		r = sql_commit(s, &trouble);
	if (r == 0)
		return why;
	sql_rollback(s);
	return err_set(e, -r, "%s", trouble.text);
}

static int wrong(struct err *e)
{
	return err_set(e, EACCES, "the name or the password is wrong");
}

static int find_user(struct attempt *t, struct err *e)
{
	int r = t->name[0] ? users_find(t->sql, str_from(t->name), t->arena, &t->user, e) : -ENOENT;

	t->known = r == 0;
	return r == -ENOENT ? 0 : r;
}

static int check_local(struct attempt *t, struct err *e)
{
	bool local = t->known && str_is(t->user.source, "local"), stale = false;
	char hash[PASSWORD_HASH_BYTES];
	int r = password_check(&t->access->kitchen, local ? t->user.password : (str){ 0 },
			       t->q->password, &stale, e);

	if (r == -EACCES || r == -E2BIG)
		return wrong(e);
	if (r == 0 && stale) {
		r = password_hash(&t->access->kitchen, t->q->password, hash, e);
		if (r == 0)
			r = users_rehash(t->sql, t->user.id, str_from(hash), e);
	}
	return r;
}

static int check_password(struct attempt *t, struct err *e)
{
	bool foreign = !t->known || str_is(t->user.source, "ldap");
	int r;

	if (foreign && t->access->options.ldap && t->name[0]) {
		r = directory_sign_in(t->access, t->sql, str_from(t->name), t->q->password,
				      t->now_ns, t->arena, &t->user, e);
		t->known = r == 0;
		return r == -EACCES ? wrong(e) : r;
	}
	return check_local(t, e);
}

static int use_recovery_code(struct attempt *t, struct err *e)
{
	char code[RECOVERY_CODE_BYTES], hash[SHA256_HEX + 1];

	if (!recovery_code_normal(t->q->code, code))
		return -EACCES;
	secret_hash("recovery", str_from(code), hash);
	return users_take_recovery(t->sql, t->user.id, str_from(hash), e);
}

static int check_code(struct attempt *t, struct err *e)
{
	uint8_t secret[TOTP_SECRET_BYTES];
	uint64_t last, step;
	int r;

	if (!t->user.totp_on)
		return 0;
	if (!t->q->code.n)
		return err_set(e, ENOKEY, "a one-time code is needed");
	r = users_totp_step(t->sql, t->user.id, &last, e);
	if (r == 0)
		r = totp_secret_open(t->access, &t->user, secret, e);
	if (r < 0)
		return r;
	step = totp_check(secret, t->q->code, t->now_ns / (int64_t)SECOND_NS, last);
	secret_wipe(secret, sizeof(secret));
	r = step ? users_take_totp_step(t->sql, t->user.id, step, e) : use_recovery_code(t, e);
	return r == -EACCES ? err_set(e, EACCES, "the one-time code is wrong or was used") : r;
}

static int let_in(struct attempt *t, struct sign_in_result *ret, struct err *e)
{
	struct lock_keys k =
		keys_of(&(struct sign_in_who){ .user = t->user.id, .address = t->q->address });
	int r = sql_begin(t->sql, e);

	if (r == 0)
		r = locks_clear(t->sql, str_from(k.user), e);
	if (r == 0)
		r = users_note_sign_in(t->sql, t->user.id, t->now_ns, e);
	if (r == 0)
		r = session_begin(t->access, t->sql, t->user.id, t->q->address, t->q->agent,
				  t->now_ns, &ret->session, e);
	r = sql_end(t->sql, r, e);
	if (r < 0)
		return r;
	t->user.signed_in_ns = t->now_ns;
	ret->user = t->user;
	return 0;
}

int sign_in(struct access *a, struct sql *s, const struct sign_in *q, int64_t now_ns,
	    struct arena *arena, struct sign_in_result *ret, struct err *e)
{
	struct attempt t = { .access = a, .sql = s, .q = q, .now_ns = now_ns, .arena = arena };
	struct sign_in_who who;
	int r;

	if (!user_name_normal(q->name, t.name))
		t.name[0] = '\0';
	*ret = (struct sign_in_result){ 0 };
	r = find_user(&t, e);
	if (r < 0)
		return r;
	who = (struct sign_in_who){ t.user.id, str_from(t.name), q->address };
	r = sign_in_check_locks(s, &who, now_ns, &ret->wait_s, e);
	if (r == 0)
		r = check_password(&t, e);
	if (r == 0 && t.user.disabled)
		r = wrong(e);
	if (r == 0)
		r = check_code(&t, e);
	if (r == 0)
		r = let_in(&t, ret, e);
	if (r == -EACCES)
		r = sign_in_count_failure(s, &who, now_ns, r, e);
	return r;
}

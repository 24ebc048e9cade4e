#include "store_stage.h"

#include "base/clock.h"
#include "console/access/account.h"
#include "console/access/sign_in.h"
#include "console/store/partition.h"
#include "console/store/roles.h"
#include "console/store/sessions.h"
#include "console/store/settings.h"

#define SECOND ((int64_t)SECOND_NS)

/* Cheap hashes: what is tested does not depend on their cost. */
static const struct access_options cheap = { .cost = { .memory_kib = 64, .passes = 1 } };
static const struct access_options separated = { .cost = { .memory_kib = 64, .passes = 1 },
						 .separate_duties = true };

static struct arena arena;
static int64_t start = 1800000000 * SECOND;

static struct access made(struct store *s, const struct access_options *o)
{
	struct access a;

	access_init(&a, o);
	OK(access_prepare(&a, s->sql, E));
	return a;
}

static int try_code(struct access *a, struct store *s, const char *name, const char *password,
		    const char *code, int64_t now, struct sign_in_result *ret)
{
	return sign_in(a, s->sql,
		       &(struct sign_in){ .name = str_from(name),
					  .password = str_from(password),
					  .code = str_from(code),
					  .address = S("192.0.2.1"),
					  .agent = S("test") },
		       now, &arena, ret, E);
}

static int try_in(struct access *a, struct store *s, const char *name, const char *password,
		  int64_t now, struct sign_in_result *ret)
{
	return try_code(a, s, name, password, "", now, ret);
}

static struct caller caller_of(struct access *a, struct store *s, const char *secret, int64_t now)
{
	struct caller c;

	OK(session_caller(a, s->sql, str_from(secret), S("192.0.2.1"), now, &arena, &c, E));
	return c;
}

/* The first administrator, signed in, the password changed. */
static struct caller administrator(struct access *a, struct store *s, const char *password)
{
	struct first_account first[FIRST_ACCOUNTS];
	struct sign_in_result in;
	struct caller c;
	size_t count;

	OK(access_first_password(a, s->sql, first, &count, E));
	assert_int_equal(count, 1);
	OK(try_in(a, s, "admin", first[0].password, start, &in));
	c = caller_of(a, s, in.session.secret, start);
	OK(account_set_own_password(a, s->sql, &c, str_from(first[0].password), str_from(password),
				    start, &arena, E));
	return caller_of(a, s, in.session.secret, start);
}

static struct user add_user(struct access *a, struct store *s, const struct caller *c,
			    const char *name, const char *role,
			    char password[PASSWORD_RANDOM_BYTES])
{
	str roles[] = { str_from(role) };
	struct user u;

	OK(account_add(a, s->sql, c,
		       &(struct account_new){
			       .name = str_from(name), .roles = roles, .role_count = role ? 1 : 0 },
		       start, &arena, &u, password, E));
	return u;
}

static void first(struct store *s, const char *where)
{
	struct access a = made(s, &cheap);
	struct first_account first[FIRST_ACCOUNTS], again[FIRST_ACCOUNTS];
	struct sign_in_result in;
	size_t count;
	struct caller c;

	(void)where;
	OK(access_first_password(&a, s->sql, first, &count, E));
	assert_int_equal(count, 1);
	assert_string_equal(first[0].name, "admin");
	OK(access_first_password(&a, s->sql, again, &count, E));
	assert_int_equal(count, 0);

	FAILS(EACCES, try_in(&a, s, "admin", "wrong", start, &in));
	OK(try_in(&a, s, " ADMIN ", first[0].password, start, &in));
	assert_true(in.user.must_change);
	c = caller_of(&a, s, in.session.secret, start);
	assert_int_equal(c.how, CALLER_SESSION);
	assert_str(c.name, "admin");
	assert_true(c.must_change_password);
	assert_true(caller_may(&c, PERMISSION_SELF));
	assert_false(caller_may(&c, PERMISSION_ALERTS_READ));
	FAILS(EACCES, caller_narrow(&c, PERMISSION_ALERTS_READ, &arena, E));

	FAILS(EACCES, account_set_own_password(&a, s->sql, &c, S("not it"), S("Blue-kettle-42"),
					       start, &arena, E));
	FAILS(EINVAL, account_set_own_password(&a, s->sql, &c, str_from(first[0].password),
					       S("short"), start, &arena, E));
	FAILS(EINVAL, account_set_own_password(&a, s->sql, &c, str_from(first[0].password),
					       str_from(first[0].password), start, &arena, E));
	OK(account_set_own_password(&a, s->sql, &c, str_from(first[0].password),
				    S("Blue-kettle-42"), start, &arena, E));
	c = caller_of(&a, s, in.session.secret, start);
	assert_int_equal(c.permissions, PERMISSION_ALL);
	OK(caller_narrow(&c, PERMISSION_ALERTS_READ, &arena, E));
	assert_true(c.scope.everything);
	FAILS(EACCES, try_in(&a, s, "admin", first[0].password, start + SECOND, &in));
	OK(try_in(&a, s, "admin", "Blue-kettle-42", start + SECOND, &in));
	access_done(&a);
}

static void the_first_password_is_made_once_and_must_change(void **state)
{
	(void)state;
	store_stage_each(first);
}

static void sessions(struct store *s, const char *where)
{
	struct access a = made(s, &cheap);
	struct caller c = administrator(&a, s, "Blue-kettle-42");
	struct sign_in_result one, two;
	OWNED_STORE *other = NULL;
	int64_t t = start;

	OK(try_in(&a, s, "admin", "Blue-kettle-42", t, &one));
	OK(try_in(&a, s, "admin", "Blue-kettle-42", t, &two));
	assert_string_not_equal(one.session.secret, two.session.secret);

	/* The store has no secret in it, and another replica knows the session. */
	OK(store_open(where, NULL, &other, E));
	c = caller_of(&a, other, one.session.secret, t);
	assert_int_equal(c.how, CALLER_SESSION);
	assert_false(str_is(c.session, one.session.secret));
	assert_true(c.csrf.n >= 40);
	assert_true(session_csrf_holds(&c, c.csrf));
	assert_false(session_csrf_holds(&c, (str){ 0 }));
	assert_false(session_csrf_holds(&c, caller_of(&a, s, two.session.secret, t).csrf));

	/* Idle, and at the latest. */
	assert_int_equal(caller_of(&a, s, one.session.secret, t + 3599 * SECOND).how,
			 CALLER_SESSION);
	assert_int_equal(caller_of(&a, s, one.session.secret, t + 2 * 3599 * SECOND).how,
			 CALLER_SESSION);
	assert_int_equal(caller_of(&a, s, two.session.secret, t + 3600 * SECOND).how, CALLER_NONE);
	for (int64_t h = 3; h < 12; h++)
		assert_int_equal(caller_of(&a, s, one.session.secret, t + h * 3590 * SECOND).how,
				 CALLER_SESSION);
	assert_int_equal(caller_of(&a, s, one.session.secret, t + 12 * 3600 * SECOND).how,
			 CALLER_NONE);

	/* Ended, one and all. */
	OK(try_in(&a, s, "admin", "Blue-kettle-42", t, &one));
	OK(try_in(&a, s, "admin", "Blue-kettle-42", t, &two));
	c = caller_of(&a, s, one.session.secret, t);
	assert_true(OK(session_end_all(s->sql, c.user, &c, E)) >= 1);
	assert_int_equal(caller_of(&a, s, two.session.secret, t).how, CALLER_NONE);
	assert_int_equal(caller_of(&a, s, one.session.secret, t).how, CALLER_SESSION);
	OK(session_end(s->sql, &c, E));
	assert_int_equal(caller_of(&a, s, one.session.secret, t).how, CALLER_NONE);
	assert_int_equal(caller_of(&a, s, "", t).how, CALLER_NONE);
	assert_int_equal(caller_of(&a, s, "' OR 1=1 --", t).how, CALLER_NONE);
	OK(access_sweep(&a, s, t + 24 * 3600 * SECOND, E));
	access_done(&a);
}

static void sessions_end_and_are_known_everywhere(void **state)
{
	(void)state;
	store_stage_each(sessions);
}

static void locks(struct store *s, const char *where)
{
	struct access a = made(s, &cheap);
	struct sign_in_result in;
	int64_t t = start;

	(void)where;
	administrator(&a, s, "Blue-kettle-42");
	for (int i = 0; i < SIGN_IN_FREE_USER; i++)
		FAILS(EACCES, try_in(&a, s, "admin", "wrong", t, &in));
	FAILS(EBUSY, try_in(&a, s, "admin", "Blue-kettle-42", t, &in));
	assert_int_equal(in.wait_s, 1);
	t += SECOND;
	FAILS(EACCES, try_in(&a, s, "admin", "wrong", t, &in));
	FAILS(EBUSY, try_in(&a, s, "admin", "Blue-kettle-42", t + SECOND, &in));
	OK(try_in(&a, s, "admin", "Blue-kettle-42", t + 2 * SECOND, &in));
	t += 2 * SECOND;
	FAILS(EACCES, try_in(&a, s, "admin", "wrong", t, &in));
	OK(try_in(&a, s, "admin", "Blue-kettle-42", t, &in));

	/* Many names from one address. */
	for (int i = 0; i < SIGN_IN_FREE_ADDRESS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "guess%d", i);
		if (try_in(&a, s, name, "wrong", t, &in) == -EBUSY)
			break;
	}
	FAILS(EBUSY, try_in(&a, s, "admin", "Blue-kettle-42", t, &in));
	assert_true(in.wait_s >= 1 && in.wait_s <= SIGN_IN_LONGEST_S);
	assert_int_equal(sign_in_wait_s(4, 5), 0);
	assert_int_equal(sign_in_wait_s(8, 5), 8);
	assert_int_equal(sign_in_wait_s(1000000, 5), SIGN_IN_LONGEST_S);
	access_done(&a);
}

static void failures_make_wait(void **state)
{
	(void)state;
	store_stage_each(locks);
}

static void second_factor(struct store *s, const char *where)
{
	struct access a = made(s, &cheap);
	struct caller c = administrator(&a, s, "Blue-kettle-42");
	uint8_t secret[TOTP_SECRET_BYTES];
	char recovery[RECOVERY_CODES][RECOVERY_CODE_BYTES], code[TOTP_DIGITS + 1];
	struct sign_in_result in;
	int64_t t = start;
	struct user u;

	(void)where;
	a.seals = true;
	OK(account_begin_totp(&a, s->sql, &c, &arena, secret, E));
	OK(users_get(s->sql, c.user, &arena, &u, E));
	assert_int_equal(u.totp.n, TOTP_SECRET_BYTES + SEAL_EXTRA_BYTES);
	OK(try_in(&a, s, "admin", "Blue-kettle-42", t, &in));
	FAILS(EACCES, account_confirm_totp(&a, s->sql, &c, S("000000"), t, &arena, recovery, E));
	totp_code(secret, (uint64_t)(t / SECOND) / TOTP_STEP_S, code);
	OK(account_confirm_totp(&a, s->sql, &c, str_from(code), t, &arena, recovery, E));
	FAILS(EBUSY, account_begin_totp(&a, s->sql, &c, &arena, secret, E));

	FAILS(ENOKEY, try_in(&a, s, "admin", "Blue-kettle-42", t, &in));
	FAILS(EACCES, try_code(&a, s, "admin", "Blue-kettle-42", code, t, &in));
	t += TOTP_STEP_S * SECOND;
	totp_code(secret, (uint64_t)(t / SECOND) / TOTP_STEP_S, code);
	FAILS(EACCES, try_code(&a, s, "admin", "wrong", code, t, &in));
	OK(try_code(&a, s, "admin", "Blue-kettle-42", code, t, &in));
	FAILS(EACCES, try_code(&a, s, "admin", "Blue-kettle-42", code, t, &in));
	OK(try_code(&a, s, "admin", "Blue-kettle-42", recovery[3], t, &in));
	FAILS(EACCES, try_code(&a, s, "admin", "Blue-kettle-42", recovery[3], t, &in));

	OK(account_drop_totp(s->sql, &c, &arena, E));
	OK(try_in(&a, s, "admin", "Blue-kettle-42", t, &in));
	access_done(&a);
}

/* A secret that was kept in the clear is sealed at the next start, works on, and is taken in the clear no more. */
static void secrets_are_sealed(struct store *s, const char *where)
{
	static const uint8_t secret[TOTP_SECRET_BYTES] = "twenty bytes of seed";
	char folder[] = "/tmp/skep-test-access-XXXXXX", key[sizeof(folder) + 16];
	str plain = { (const char *)secret, sizeof(secret) };
	struct access_options o = cheap;
	struct access a = made(s, &cheap);
	struct caller c = administrator(&a, s, "Blue-kettle-42");
	struct sign_in_result in;
	char code[TOTP_DIGITS + 1];
	struct user u;

	(void)where;
	assert_non_null(mkdtemp(folder));
	OK(users_set_totp(s->sql, c.user, plain, E));
	OK(users_confirm_totp(s->sql, c.user, E));
	access_done(&a);

	o.key_folder = folder;
	a = made(s, &o);
	OK(users_get(s->sql, c.user, &arena, &u, E));
	assert_int_equal(u.totp.n, TOTP_SECRET_BYTES + SEAL_EXTRA_BYTES);
	assert_int_equal(str_search(u.totp, plain), u.totp.n);
	assert_true(u.totp_on);
	totp_code(secret, (uint64_t)(start / SECOND) / TOTP_STEP_S, code);
	FAILS(ENOKEY, try_in(&a, s, "admin", "Blue-kettle-42", start, &in));
	OK(try_code(&a, s, "admin", "Blue-kettle-42", code, start, &in));

	OK(users_set_totp(s->sql, c.user, plain, E));
	OK(users_confirm_totp(s->sql, c.user, E));
	FAILS(EIO, try_code(&a, s, "admin", "Blue-kettle-42", code, start, &in));
	access_done(&a);
	snprintf(key, sizeof(key), "%s/secret.key", folder);
	unlink(key);
	rmdir(folder);
}

static void secrets_of_second_factors_are_sealed_at_start(void **state)
{
	(void)state;
	store_stage_each(secrets_are_sealed);
}

static void a_second_factor_is_asked_for_and_used_once(void **state)
{
	(void)state;
	store_stage_each(second_factor);
}

static void rights(struct store *s, const char *where)
{
	struct access a = made(s, &cheap);
	struct caller admin = administrator(&a, s, "Blue-kettle-42"), c, own;
	char password[PASSWORD_RANDOM_BYTES];
	str administrator_role[] = { S("administrator") };
	struct sign_in_result in;
	struct user dev, u;
	int64_t id;

	(void)where;
	dev = add_user(&a, s, &admin, "Dev.One", "developer", password);
	assert_str(dev.name, "dev.one");
	OK(try_in(&a, s, "dev.one", password, start, &in));
	own = caller_of(&a, s, in.session.secret, start);
	OK(account_set_own_password(&a, s->sql, &own, str_from(password), S("Green-teapot-7"),
				    start, &arena, E));
	c = caller_of(&a, s, in.session.secret, start);
	assert_true(caller_may(&c, PERMISSION_IMAGES_READ));
	assert_false(caller_may(&c, PERMISSION_USERS_WRITE));
	FAILS(EACCES, caller_narrow(&c, PERMISSION_RULES_WRITE, &arena, E));

	/* Nobody gives what they do not hold, and nobody raises themselves. */
	FAILS(EACCES,
	      account_add(&a, s->sql, &c,
			  &(struct account_new){
				  .name = S("x"), .roles = administrator_role, .role_count = 1 },
			  start, &arena, &u, password, E));
	FAILS(EACCES, account_alter(&a, s->sql, &c, admin.user,
				    &(struct account_change){ .set_password = true,
							      .password = S("Green-teapot-8") },
				    start, &arena, &u, E));
	FAILS(EACCES, account_delete(&a, s->sql, &c, admin.user, &arena, E));
	FAILS(EACCES,
	      account_alter(&a, s->sql, &admin, admin.user,
			    &(struct account_change){ .set_roles = true }, start, &arena, &u, E));
	FAILS(EEXIST, account_add(&a, s->sql, &admin, &(struct account_new){ .name = S("DEV.ONE") },
				  start, &arena, &u, password, E));
	FAILS(EINVAL, account_add(&a, s->sql, &admin,
				  &(struct account_new){ .name = S("a'; DROP TABLE users; --") },
				  start, &arena, &u, password, E));

	/* Two roles: what each allows holds only where that one holds. */
	OK(roles_add(s->sql,
		     &(struct role){ .name = S("shop-triage"),
				     .permissions = PERMISSION_BIT(PERMISSION_ALERTS_TRIAGE) |
						    PERMISSION_BIT(PERMISSION_IMAGES_READ),
				     .scope = S("namespace=shop\nnamespace=pay") },
		     &id, E));
	OK(account_alter(
		&a, s->sql, &admin, dev.id,
		&(struct account_change){ .set_roles = true,
					  .roles = (str[]){ S("developer"), S("shop-triage") },
					  .role_count = 2 },
		start, &arena, &u, E));
	assert_int_equal(u.role_count, 2);
	c = caller_of(&a, s, in.session.secret, start);
	OK(caller_narrow(&c, PERMISSION_ALERTS_TRIAGE, &arena, E));
	assert_false(c.scope.everything);
	assert_int_equal(c.scope.count, 2);
	assert_true(scope_holds(&c.scope, &(struct scope_subject){ .namespace = S("pay") }));
	assert_false(scope_holds(&c.scope, &(struct scope_subject){ .namespace = S("hr") }));
	OK(caller_narrow(&c, PERMISSION_IMAGES_READ, &arena, E));
	assert_true(c.scope.everything);
	assert_false(caller_holds(&c, PERMISSION_BIT(PERMISSION_ALERTS_TRIAGE), true));

	/* What no scope can bound is not in a role with one, nor given by a row that says so. */
	FAILS(EINVAL, account_check_role(&a, &admin,
					 &(struct role){ .name = S("shop-tells"),
							 .permissions = PERMISSION_BIT(
								 PERMISSION_NOTIFY_WRITE),
							 .scope = S("namespace=shop") },
					 &arena, E));
	OK(sql_do(s->sql, "UPDATE roles SET permissions = ?1 WHERE id = ?2",
		  SQL_ARGS(SQL_I(PERMISSION_ALL), SQL_I(id)), E));
	c = caller_of(&a, s, in.session.secret, start);
	for (enum permission p = 0; p < PERMISSION_COUNT; p++)
		if (permission_of_fleet(PERMISSION_BIT(p)))
			assert_false(caller_may(&c, p));
	assert_true(caller_may(&c, PERMISSION_ALERTS_TRIAGE));
	/* Who holds such a row from earlier can be given further roles all the same, and be left it. */
	OK(account_alter(
		&a, s->sql, &admin, dev.id,
		&(struct account_change){ .set_roles = true,
					  .roles = (str[]){ S("shop-triage"), S("read-only") },
					  .role_count = 2 },
		start, &arena, &u, E));
	assert_int_equal(u.role_count, 2);
	c = caller_of(&a, s, in.session.secret, start);
	assert_false(caller_may(&c, PERMISSION_USERS_WRITE));

	/* A scope nobody can read shows nothing. */
	OK(sql_do(s->sql, "UPDATE roles SET scope = 'namespace=' WHERE id = ?1",
		  SQL_ARGS(SQL_I(id)), E));
	c = caller_of(&a, s, in.session.secret, start);
	assert_false(caller_may(&c, PERMISSION_ALERTS_TRIAGE));

	/* A disabled user is out at once. */
	OK(account_alter(&a, s->sql, &admin, dev.id,
			 &(struct account_change){ .set_disabled = true, .disabled = true }, start,
			 &arena, &u, E));
	assert_int_equal(caller_of(&a, s, in.session.secret, start).how, CALLER_NONE);
	FAILS(EACCES, try_in(&a, s, "dev.one", "Green-teapot-7", start, &in));
	access_done(&a);
}

static void rights_go_by_roles_and_scopes(void **state)
{
	(void)state;
	store_stage_each(rights);
}

static void governed(struct store *s, const char *where)
{
	struct access a = made(s, &cheap);
	struct caller admin = administrator(&a, s, "Blue-kettle-42"), two;
	char password[PASSWORD_RANDOM_BYTES];
	struct sign_in_result in;
	struct user u, second;

	(void)where;
	second = add_user(&a, s, &admin, "second", "administrator", password);
	OK(try_in(&a, s, "second", password, start, &in));
	two = caller_of(&a, s, in.session.secret, start);
	OK(account_set_own_password(&a, s->sql, &two, str_from(password), S("Green-teapot-7"),
				    start, &arena, E));
	two = caller_of(&a, s, in.session.secret, start);
	OK(account_alter(&a, s->sql, &two, admin.user,
			 &(struct account_change){ .set_disabled = true, .disabled = true }, start,
			 &arena, &u, E));
	/* The disabled one's old caller must not take the last one away. */
	FAILS(EBUSY, account_delete(&a, s->sql, &admin, second.id, &arena, E));
	FAILS(EBUSY,
	      account_alter(&a, s->sql, &admin, second.id,
			    &(struct account_change){ .set_roles = true }, start, &arena, &u, E));
	OK(account_alter(&a, s->sql, &two, admin.user,
			 &(struct account_change){ .set_disabled = true }, start, &arena, &u, E));
	OK(account_delete(&a, s->sql, &two, admin.user, &arena, E));
	FAILS(ENOENT, users_get(s->sql, admin.user, &arena, &u, E));
	access_done(&a);
}

static void somebody_is_always_left_to_govern(void **state)
{
	(void)state;
	store_stage_each(governed);
}

static void duties(struct store *s, const char *where)
{
	struct access a = made(s, &separated);
	struct first_account first[FIRST_ACCOUNTS];
	struct caller c[FIRST_ACCOUNTS];
	char password[PASSWORD_RANDOM_BYTES];
	struct sign_in_result in;
	int64_t givers;
	size_t count;
	struct user u, other;

	(void)where;
	OK(access_first_password(&a, s->sql, first, &count, E));
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		OK(try_in(&a, s, first[i].name, first[i].password, start, &in));
		c[i] = caller_of(&a, s, in.session.secret, start);
		OK(account_set_own_password(&a, s->sql, &c[i], str_from(first[i].password),
					    S("Blue-kettle-42"), start, &arena, E));
		c[i] = caller_of(&a, s, in.session.secret, start);
	}
	/* Each has what the others have not. */
	assert_true(caller_may(&c[0], PERMISSION_USERS_WRITE));
	assert_false(caller_may(&c[0], PERMISSION_ROLES_WRITE));
	assert_false(caller_may(&c[0], PERMISSION_AUDIT_READ));
	assert_true(caller_may(&c[1], PERMISSION_ROLES_WRITE));
	assert_false(caller_may(&c[1], PERMISSION_USERS_WRITE));
	assert_false(caller_may(&c[1], PERMISSION_AUDIT_READ));
	assert_true(caller_may(&c[2], PERMISSION_AUDIT_READ));
	assert_false(caller_may(&c[2], PERMISSION_ROLES_WRITE));

	/* The one makes the account, the other gives it its role, and never two duties. */
	FAILS(EACCES, account_add(&a, s->sql, &c[0],
				  &(struct account_new){ .name = S("x"),
							 .roles = (str[]){ S("auditor") },
							 .role_count = 1 },
				  start, &arena, &u, password, E));
	u = add_user(&a, s, &c[0], "mixed", NULL, password);
	FAILS(EACCES,
	      account_alter(&a, s->sql, &c[1], u.id,
			    &(struct account_change){
				    .set_roles = true,
				    .roles = (str[]){ S("auditor"), S("system-administrator") },
				    .role_count = 2 },
			    start, &arena, &u, E));
	FAILS(EACCES,
	      account_alter(&a, s->sql, &c[1], u.id,
			    &(struct account_change){ .set_roles = true,
						      .roles = (str[]){ S("administrator") },
						      .role_count = 1 },
			    start, &arena, &u, E));
	OK(account_alter(&a, s->sql, &c[1], u.id,
			 &(struct account_change){ .set_roles = true,
						   .roles = (str[]){ S("auditor") },
						   .role_count = 1 },
			 start, &arena, &u, E));
	/* Whoever sets a password may sign in by it, and has no other duty for that. */
	OK(account_alter(
		&a, s->sql, &c[0], u.id,
		&(struct account_change){ .set_password = true, .password = S("Grey-kettle-42") },
		start, &arena, &u, E));
	assert_int_equal(u.role_count, 0);
	/* Not the last one's who can give roles, whose own would be gone; a role that mixes duties gives none. */
	OK(sql_do(s->sql,
		  "INSERT INTO user_role (user_id, role) SELECT ?1, id FROM roles "
		  "WHERE name = 'administrator'",
		  SQL_ARGS(SQL_I(u.id)), E));
	OK(account_count_givers(s->sql, &givers, E));
	assert_int_equal(givers, 1);
	FAILS(EBUSY, account_alter(&a, s->sql, &c[0], c[1].user,
				   &(struct account_change){ .set_password = true,
							     .password = S("Grey-kettle-42") },
				   start, &arena, &other, E));
	assert_non_null(strstr(stage_err.text, "'secadmin' is the only one who can give roles"));
	OK(try_in(&a, s, "secadmin", "Blue-kettle-42", start, &in));
	OK(account_alter(&a, s->sql, &c[1], u.id,
			 &(struct account_change){ .set_roles = true,
						   .roles = (str[]){ S("security-administrator") },
						   .role_count = 1 },
			 start, &arena, &u, E));
	OK(account_count_givers(s->sql, &givers, E));
	assert_int_equal(givers, 2);
	OK(account_alter(
		&a, s->sql, &c[0], u.id,
		&(struct account_change){ .set_password = true, .password = S("Grey-kettle-42") },
		start, &arena, &u, E));
	assert_int_equal(u.role_count, 0);
	OK(account_alter(&a, s->sql, &c[1], u.id,
			 &(struct account_change){ .set_roles = true,
						   .roles = (str[]){ S("auditor") },
						   .role_count = 1 },
			 start, &arena, &u, E));

	/* Rows that say otherwise give nothing. */
	OK(sql_do(s->sql,
		  "INSERT INTO user_role (user_id, role) SELECT ?1, id FROM roles "
		  "WHERE name = 'system-administrator'",
		  SQL_ARGS(SQL_I(u.id)), E));
	OK(try_in(&a, s, "mixed", "Grey-kettle-42", start, &in));
	assert_int_equal(caller_of(&a, s, in.session.secret, start).permissions, 0);
	access_done(&a);
}

static void duties_are_separated(void **state)
{
	(void)state;
	store_stage_each(duties);
}

static void tokens(struct store *s, const char *where)
{
	struct access a = made(s, &cheap);
	struct caller admin = administrator(&a, s, "Blue-kettle-42"), c;
	uint64_t reads = PERMISSION_BIT(PERMISSION_ALERTS_READ);
	struct api_token_new t, other;
	struct token_row row;

	(void)where;
	OK(api_token_begin(&a, s->sql, &admin, S("ci"), reads, start + 100 * SECOND, start, &t, E));
	assert_true(str_starts(str_from(t.text), S("skep_")));
	FAILS(EEXIST, api_token_begin(&a, s->sql, &admin, S("ci"), reads, 0, start, &other, E));
	FAILS(EINVAL,
	      api_token_begin(&a, s->sql, &admin, S("old"), reads, start, start, &other, E));
	OK(api_token_caller(&a, s->sql, str_from(t.text), S("::1"), start, &arena, &c, E));
	assert_int_equal(c.how, CALLER_TOKEN);
	assert_int_equal(c.permissions, reads);
	assert_true(session_csrf_holds(&c, (str){ 0 }));
	FAILS(EACCES, api_token_begin(&a, s->sql, &c, S("child"), reads, 0, start, &other, E));
	OK(tokens_get(s->sql, t.id, &arena, &row, E));
	assert_int_equal(row.used_ns, start);
	assert_null(strstr(t.text + row.hint.n, row.hint.p));

	OK(api_token_caller(&a, s->sql, str_from(t.text), S("::1"), start + 100 * SECOND, &arena,
			    &c, E));
	assert_int_equal(c.how, CALLER_NONE);
	t.text[20] ^= 1;
	OK(api_token_caller(&a, s->sql, str_from(t.text), S("::1"), start, &arena, &c, E));
	assert_int_equal(c.how, CALLER_NONE);
	t.text[20] ^= 1;
	OK(tokens_delete(s->sql, t.id, E));
	OK(api_token_caller(&a, s->sql, str_from(t.text), S("::1"), start, &arena, &c, E));
	assert_int_equal(c.how, CALLER_NONE);
	access_done(&a);
}

static void tokens_do_what_they_were_made_for(void **state)
{
	(void)state;
	store_stage_each(tokens);
}

static void passwords_grow_old(struct store *s, const char *where)
{
	struct access a = made(s, &cheap);
	struct sign_in_result in;
	struct caller c;

	(void)where;
	administrator(&a, s, "Blue-kettle-42");
	OK(sql_begin(s->sql, E));
	OK(settings_set(s, SETTING_PASSWORD_DAYS, 30, E));
	OK(sql_commit(s->sql, E));
	OK(try_in(&a, s, "admin", "Blue-kettle-42", start + 30 * DAY_NS - SECOND, &in));
	assert_false(caller_of(&a, s, in.session.secret, start + 30 * DAY_NS - SECOND)
			     .must_change_password);
	c = caller_of(&a, s, in.session.secret, start + 30 * DAY_NS);
	assert_true(c.must_change_password);
	assert_false(caller_may(&c, PERMISSION_ALERTS_READ));
	OK(account_set_own_password(&a, s->sql, &c, S("Blue-kettle-42"), S("Green-teapot-7"),
				    start + 30 * DAY_NS, &arena, E));
	assert_false(caller_of(&a, s, in.session.secret, start + 30 * DAY_NS).must_change_password);
	access_done(&a);
}

static void an_old_password_must_be_changed(void **state)
{
	(void)state;
	store_stage_each(passwords_grow_old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_password_is_made_once_and_must_change),
		cmocka_unit_test(sessions_end_and_are_known_everywhere),
		cmocka_unit_test(failures_make_wait),
		cmocka_unit_test(a_second_factor_is_asked_for_and_used_once),
		cmocka_unit_test(secrets_of_second_factors_are_sealed_at_start),
		cmocka_unit_test(rights_go_by_roles_and_scopes),
		cmocka_unit_test(somebody_is_always_left_to_govern),
		cmocka_unit_test(duties_are_separated),
		cmocka_unit_test(tokens_do_what_they_were_made_for),
		cmocka_unit_test(an_old_password_must_be_changed),
	};
	arena_init(&arena, (size_t)64 << 20);

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

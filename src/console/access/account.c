#include "console/access/account.h"

#include <stdio.h>

#include "base/text.h"
#include "codec/mac.h"
#include "console/access/grants_priv.h"
#include "console/store/sessions.h"
#include "console/store/settings.h"

#define DISPLAY_MAX_BYTES 256

int account_check_governed(struct sql *s, struct err *e)
{
	static const uint64_t needed[] = { PERMISSION_BIT(PERMISSION_USERS_WRITE),
					   PERMISSION_BIT(PERMISSION_ROLES_WRITE) };

	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		int64_t able;
		int r = users_able(s, needed[i], 0, &able, e);

		if (r < 0)
			return r;
		if (able == 0)
			return err_set(e, EBUSY,
				       "nobody would be left who can manage users and roles");
	}
	return 0;
}

int account_count_givers(struct sql *s, int64_t *ret, struct err *e)
{
	return users_able(s, PERMISSION_BIT(PERMISSION_ROLES_WRITE),
			  permission_of_duty(DUTY_SYSTEM) | permission_of_duty(DUTY_AUDIT), ret, e);
}

int account_may_give(const struct access *a, const struct caller *c, const struct role *r,
		     struct err *e)
{
	if (a->options.separate_duties) {
		if (!permission_one_duty(r->permissions, NULL))
			return err_set(e, EACCES, "the role '%.*s' mixes duties that are separated",
				       STR_ARG(r->name));
		return 0;
	}
	if (!caller_holds(c, r->permissions, true))
		return err_set(e, EACCES, "the role '%.*s' holds more than you may give",
			       STR_ARG(r->name));
	return 0;
}

/* What no scope can bound would hold nowhere. */
static int check_reach_of_role(const struct role *r, struct err *e)
{
	uint64_t fleet = permission_of_fleet(r->permissions);

	if (!fleet || !str_trim(r->scope).n)
		return 0;
	return err_set(e, EINVAL,
		       "the role '%.*s' has a scope, and the permission %s is about the whole "
		       "fleet: another role without a scope may give it",
		       STR_ARG(r->name),
		       permission_row((enum permission)__builtin_ctzll(fleet))->name);
}

int account_check_role(const struct access *a, const struct caller *c, const struct role *r,
		       struct arena *arena, struct err *e)
{
	str rest = r->scope;
	int n;

	if (!r->name.n || r->name.n > ROLE_NAME_BYTES || text_ill_formed(r->name) != r->name.n)
		return err_set(e, EINVAL, "a role's name has 1 to %d bytes", ROLE_NAME_BYTES);
	while (rest.n) {
		str line = str_trim(str_line(&rest));
		struct scope_selector s;

		n = line.n ? scope_parse(line, arena, &s, e) : 0;
		if (n < 0)
			return n == -EBADMSG || n == -E2BIG
				       ? err_wrap(e, -EINVAL, "role '%.*s'", STR_ARG(r->name))
				       : n;
	}
	n = check_reach_of_role(r, e);
	return n < 0 ? n : account_may_give(a, c, r, e);
}

/* Names to ids, each role one the caller may give. */
static int find_roles(struct access *a, struct sql *s, const struct caller *c, const str *names,
		      size_t count, struct arena *arena, int64_t ret[USER_MAX_ROLES], struct err *e)
{
	uint64_t all = 0;

	if (count > USER_MAX_ROLES)
		return err_set(e, EINVAL, "a user holds at most %d roles", USER_MAX_ROLES);
	if (count && !caller_may(c, PERMISSION_ROLES_WRITE) && !a->options.separate_duties)
		return err_set(e, EACCES, "giving roles needs the permission %s",
			       permission_row(PERMISSION_ROLES_WRITE)->name);
	for (size_t i = 0; i < count; i++) {
		struct role role;
		int r = roles_find(s, names[i], arena, &role, e);

		if (r == -ENOENT)
			return err_set(e, ENOENT, "there is no role '%.*s'",
				       STR_ARG(str_take(names[i], ROLE_NAME_BYTES)));
		if (r == 0)
			r = account_may_give(a, c, &role, e);
		if (r < 0)
			return r;
		ret[i] = role.id;
		all |= role.permissions;
	}
	if (a->options.separate_duties && !permission_one_duty(all, NULL))
		return err_set(e, EACCES, "one user cannot hold duties that are separated");
	return 0;
}

/* Roles are the security administrator's to give where duties are separated: an account begins without any then. */
static int check_giving(struct access *a, const struct caller *c, size_t count, struct err *e)
{
	if (count && a->options.separate_duties && !caller_may(c, PERMISSION_ROLES_WRITE))
		return err_set(e, EACCES, "giving roles needs the permission %s",
			       permission_row(PERMISSION_ROLES_WRITE)->name);
	return 0;
}

int account_check_password(const struct access *a, struct sql *s, str user, str password,
			   struct err *e)
{
	struct password_policy p = a->options.policy;
	struct settings set;
	int r = settings_read(s, &set, e);

	if (r < 0)
		return r;
	p.least = (unsigned int)set.values[SETTING_PASSWORD_MIN_LENGTH];
	return password_policy_check(&p, user, password, e);
}

static int new_password(struct access *a, struct sql *s, str user, str wanted,
			char made[PASSWORD_RANDOM_BYTES], char hash[PASSWORD_HASH_BYTES],
			struct err *e)
{
	int r;

	made[0] = '\0';
	if (wanted.n) {
		r = account_check_password(a, s, user, wanted, e);
	} else {
		r = password_random(made, e);
		wanted = str_from(made);
	}
	return r < 0 ? r : password_hash(&a->kitchen, wanted, hash, e);
}

static int add(struct sql *s, const struct user *u, const int64_t *roles, size_t count,
	       struct arena *arena, struct user *ret, struct err *e)
{
	int64_t id = 0;
	int r = sql_begin(s, e);

	if (r == 0)
		r = users_add(s, u, &id, e);
	if (r == 0)
		r = users_set_roles(s, id, roles, count, e);
	if (r == 0)
		r = users_get(s, id, arena, ret, e);
	return sql_end(s, r, e);
}

int account_add(struct access *a, struct sql *s, const struct caller *c,
		const struct account_new *n, int64_t now_ns, struct arena *arena, struct user *ret,
		char ret_password[PASSWORD_RANDOM_BYTES], struct err *e)
{
	char name[USER_NAME_BYTES + 1], hash[PASSWORD_HASH_BYTES], made[PASSWORD_RANDOM_BYTES];
	int64_t roles[USER_MAX_ROLES];
	int r;

	if (!user_name_normal(n->name, name))
		return err_set(e, EINVAL,
			       "a user's name has 1 to %d letters, digits and the signs . _ - @ +, "
			       "and begins with a letter or a digit",
			       USER_NAME_BYTES);
	if (n->display.n > DISPLAY_MAX_BYTES)
		return err_set(e, EINVAL, "a name to show has at most %d bytes", DISPLAY_MAX_BYTES);
	r = check_giving(a, c, n->role_count, e);
	if (r == 0)
		r = find_roles(a, s, c, n->roles, n->role_count, arena, roles, e);
	if (r == 0)
		r = new_password(a, s, str_from(name), n->password, made, hash, e);
	if (r == 0)
		r = add(s,
			&(struct user){ .name = str_from(name),
					.display = n->display,
					.source = S("local"),
					.password = str_from(hash),
					.must_change = true,
					.created_ns = now_ns,
					.password_ns = now_ns },
			roles, n->role_count, arena, ret, e);
	if (r == 0)
		memcpy(ret_password, made, sizeof(made));
	secret_wipe(made, sizeof(made));
	return r;
}

int account_check_reach(const struct access *a, struct sql *s, const struct caller *c,
			const struct user *u, struct arena *arena, struct err *e)
{
	struct role *roles;
	uint64_t all = 0;
	size_t count;
	int r = roles_of_user(s, u->id, arena, &roles, &count, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		all |= roles[i].permissions;
	if (!a->options.separate_duties && !caller_holds(c, all, true))
		return err_set(e, EACCES, "the user '%.*s' may more than you", STR_ARG(u->name));
	return 0;
}

static int check_change(const struct caller *c, const struct user *u,
			const struct account_change *x, struct err *e)
{
	if (c->user == u->id && (x->set_roles || (x->set_disabled && x->disabled)))
		return err_set(e, EACCES,
			       "nobody changes their own roles or disables their own account");
	if (c->user == u->id && (x->set_password || x->drop_totp))
		return err_set(e, EACCES, "one's own password and second factor change elsewhere");
	if (x->set_roles && !caller_may(c, PERMISSION_ROLES_WRITE))
		return err_set(e, EACCES, "giving roles needs the permission %s",
			       permission_row(PERMISSION_ROLES_WRITE)->name);
	if ((x->set_display || x->set_disabled || x->set_password || x->drop_totp) &&
	    !caller_may(c, PERMISSION_USERS_WRITE))
		return err_set(e, EACCES, "this needs the permission %s",
			       permission_row(PERMISSION_USERS_WRITE)->name);
	if (x->set_display && x->display.n > DISPLAY_MAX_BYTES)
		return err_set(e, EINVAL, "a name to show has at most %d bytes", DISPLAY_MAX_BYTES);
	if ((x->set_password || x->set_roles) && !str_is(u->source, "local"))
		return err_set(e, EACCES,
			       "the password and roles of '%.*s' come from the directory",
			       STR_ARG(u->name));
	return 0;
}

static int apply(struct sql *s, const struct user *u, const struct account_change *x,
		 const int64_t *roles, str hash, int64_t now_ns, struct err *e)
{
	str display = x->set_display ? x->display : u->display;
	bool disabled = x->set_disabled ? x->disabled : u->disabled;
	int r = users_set_profile(s, u->id, display, disabled, e);

	if (r == 0 && x->set_roles)
		r = users_set_roles(s, u->id, roles, x->role_count, e);
	if (r == 0 && x->set_password)
		r = users_set_password(s, u->id, hash, u->former, true, now_ns, e);
	if (r == 0 && x->drop_totp)
		r = users_set_totp(s, u->id, (str){ 0 }, e);
	/* Who signed in with what is no longer so has to do it again. */
	if (r == 0 && (disabled || x->set_password || x->drop_totp))
		r = sql_no_count(sessions_end_of_user(s, u->id, (str){ 0 }, e));
	return r;
}

/* Who sets a password can sign in by it. Where duties are separated that must not bring a second one: what belongs to another
 * duty is gone until it is given anew. */
static int drop_other_duties(const struct access *a, struct sql *s, const struct user *u,
			     struct arena *arena, struct err *e)
{
	enum duty duty = DUTY_ANY;
	struct role *roles;
	int64_t givers = 0, left = 0;
	uint64_t all = 0;
	size_t count;
	int r = a->options.separate_duties ? roles_of_user(s, u->id, arena, &roles, &count, e) : 0;

	if (r < 0 || !a->options.separate_duties)
		return r;
	for (size_t i = 0; i < count; i++)
		all |= roles[i].permissions;
	if (permission_one_duty(all, &duty) && (duty == DUTY_ANY || duty == DUTY_SYSTEM))
		return 0;
	r = account_count_givers(s, &givers, e);
	if (r == 0)
		r = users_set_roles(s, u->id, NULL, 0, e);
	if (r == 0)
		r = account_count_givers(s, &left, e);
	if (r == 0 && givers && !left)
		r = err_set(e, EBUSY,
			    "'%.*s' is the only one who can give roles, and would lose that by a "
			    "password that somebody else sets: another user must be given that "
			    "role first",
			    STR_ARG(u->name));
	return r;
}

int account_alter(struct access *a, struct sql *s, const struct caller *c, int64_t id,
		  const struct account_change *x, int64_t now_ns, struct arena *arena,
		  struct user *ret, struct err *e)
{
	char made[PASSWORD_RANDOM_BYTES], hash[PASSWORD_HASH_BYTES] = "";
	int64_t roles[USER_MAX_ROLES];
	struct user u;
	int r = users_get(s, id, arena, &u, e);

	if (r == 0)
		r = check_change(c, &u, x, e);
	if (r == 0)
		r = account_check_reach(a, s, c, &u, arena, e);
	if (r == 0 && x->set_roles)
		r = find_roles(a, s, c, x->roles, x->role_count, arena, roles, e);
	if (r == 0 && x->set_password)
		r = x->password.n ? new_password(a, s, u.name, x->password, made, hash, e)
				  : err_set(e, EINVAL, "the password is empty");
	if (r == 0)
		r = sql_begin(s, e);
	if (r < 0)
		return r;
	r = apply(s, &u, x, roles, str_from(hash), now_ns, e);
	if (r == 0 && x->set_password)
		r = drop_other_duties(a, s, &u, arena, e);
	if (r == 0)
		r = account_check_governed(s, e);
	if (r == 0)
		r = users_get(s, id, arena, ret, e);
	return sql_end(s, r, e);
}

int account_delete(struct access *a, struct sql *s, const struct caller *c, int64_t id,
		   struct arena *arena, struct err *e)
{
	struct user u;
	int r = users_get(s, id, arena, &u, e);

	if (r == 0 && c->user == id)
		r = err_set(e, EACCES, "nobody takes their own account away");
	if (r == 0)
		r = account_check_reach(a, s, c, &u, arena, e);
	if (r == 0)
		r = sql_begin(s, e);
	if (r < 0)
		return r;
	r = users_delete(s, id, e);
	if (r == 0)
		r = account_check_governed(s, e);
	return sql_end(s, r, e);
}

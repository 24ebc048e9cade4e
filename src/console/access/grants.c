#include "console/access/grants_priv.h"
#include "console/store/partition.h"
#include "console/store/settings.h"
#include "console/store/users.h"

#define MAX_SELECTORS 64

/* What @p r gives. A scope that cannot be read gives nothing, and so does a role that mixes duties where they are
 * separated: who cannot be understood is not let in. What no scope can bound is given by a role without one alone. */
static int grant_of_role(const struct access *a, const struct role *r, struct arena *arena,
			 struct caller_grant *ret, struct err *e)
{
	struct caller_grant out = { .permissions = r->permissions & PERMISSION_ALL };
	str rest = r->scope;
	size_t cap = 0;

	*ret = (struct caller_grant){ 0 };
	if (a->options.separate_duties && !permission_one_duty(out.permissions, NULL))
		return 0;
	out.scope.everything = str_trim(rest).n == 0;
	if (!out.scope.everything)
		out.permissions &= ~permission_of_fleet(out.permissions);
	while (rest.n) {
		str line = str_trim(str_line(&rest));
		struct scope_selector *at;
		int n;

		if (!line.n)
			continue;
		if (out.scope.count == MAX_SELECTORS)
			return 0;
		at = ARENA_PUSH(arena, out.scope.any, out.scope.count, cap);
		n = at ? scope_parse(line, arena, at, NULL) : -ENOBUFS;
		if (n == -ENOBUFS)
			return err_set(e, ENOBUFS, "roles: memory budget spent");
		if (n < 0)
			return 0;
	}
	*ret = out;
	return 0;
}

/* Nobody holds two duties, whatever the rows say. */
static void separate(struct caller *c)
{
	uint64_t all = 0;

	for (size_t i = 0; i < c->grant_count; i++)
		all |= c->grants[i].permissions;
	if (!permission_one_duty(all, NULL))
		c->grant_count = 0;
}

static bool password_is_old(const struct settings *set, const struct user *u, int64_t now_ns)
{
	int64_t life = set->values[SETTING_PASSWORD_DAYS] * DAY_NS;

	return life && str_is(u->source, "local") && now_ns - u->password_ns >= life;
}

int grants_of_user(struct access *a, struct sql *s, int64_t user, uint64_t mask, int64_t now_ns,
		   struct arena *arena, struct caller *c, struct err *e)
{
	struct settings set;
	struct user u;
	struct role *roles;
	size_t count;
	int r = users_get(s, user, arena, &u, e);

	if (r == 0 && u.disabled)
		r = -ENOENT;
	if (r == 0)
		r = settings_read(s, &set, e);
	if (r == 0)
		r = roles_of_user(s, user, arena, &roles, &count, e);
	if (r < 0)
		return r;
	c->user = u.id;
	c->name = u.name;
	c->must_change_password = u.must_change || password_is_old(&set, &u, now_ns);
	c->grants = ARENA_ARRAY(arena, count, struct caller_grant);
	if (!c->grants)
		return err_set(e, ENOBUFS, "roles: memory budget spent");
	for (size_t i = 0; i < count && r == 0; i++)
		r = grant_of_role(a, &roles[i], arena, &c->grants[c->grant_count++], e);
	if (r < 0)
		return r;
	if (a->options.separate_duties)
		separate(c);
	for (size_t i = 0; i < c->grant_count; i++) {
		c->grants[i].permissions &= mask;
		c->permissions |= c->grants[i].permissions;
	}
	return 0;
}

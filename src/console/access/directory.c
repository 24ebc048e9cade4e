#include "console/access/directory_priv.h"
#include "console/access/ldap_directory.h"
#include "console/store/roles.h"

static bool is_member(const struct vouched *v, str group)
{
	for (size_t i = 0; i < v->group_count; i++)
		if (str_eq_nocase(v->groups[i], group))
			return true;
	return false;
}

static bool role_is_theirs(const struct vouched *v, const struct role *r)
{
	str rest = r->groups;

	while (rest.n) {
		str group = str_trim(str_line(&rest));

		if (group.n && is_member(v, group))
			return true;
	}
	return false;
}

static int roles_theirs(struct sql *s, const struct vouched *v, struct arena *arena,
			int64_t ret[USER_MAX_ROLES], size_t *ret_count, struct err *e)
{
	struct role *roles;
	size_t count;
	int r = roles_list(s, arena, &roles, &count, e);

	if (r < 0)
		return r;
	*ret_count = 0;
	for (size_t i = 0; i < count && *ret_count < USER_MAX_ROLES; i++)
		if (role_is_theirs(v, &roles[i]))
			ret[(*ret_count)++] = roles[i].id;
	if (*ret_count == 0)
		return err_set(e, EACCES, "no role is given to the groups of '%.*s'",
			       STR_ARG(str_take(v->name, USER_NAME_BYTES)));
	return 0;
}

static int add(struct sql *s, const struct vouched *v, int64_t now_ns, int64_t *ret, struct err *e)
{
	char name[USER_NAME_BYTES + 1];
	int r;

	if (!user_name_normal(v->name, name))
		return err_set(e, EACCES, "'%.*s' cannot be a user's name here",
			       STR_ARG(str_take(v->name, USER_NAME_BYTES)));
	r = users_add(s,
		      &(struct user){ .name = str_from(name),
				      .display = str_take(v->display, 256),
				      .source = v->source,
				      .subject = v->subject,
				      .created_ns = now_ns },
		      ret, e);
	return r == -EEXIST ? err_set(e, EACCES, "the name '%s' belongs to another user", name) : r;
}

static int admit(struct sql *s, const struct vouched *v, int64_t now_ns, struct arena *arena,
		 struct user *ret, struct err *e)
{
	int64_t roles[USER_MAX_ROLES], id = 0;
	size_t count;
	int r = roles_theirs(s, v, arena, roles, &count, e);

	if (r < 0)
		return r;
	r = users_find_subject(s, v->source, v->subject, arena, ret, e);
	if (r == 0)
		id = ret->id;
	else if (r == -ENOENT)
		r = add(s, v, now_ns, &id, e);
	if (r == 0)
		r = users_set_roles(s, id, roles, count, e);
	return r < 0 ? r : users_get(s, id, arena, ret, e);
}

int directory_admit(struct access *a, struct sql *s, const struct vouched *v, int64_t now_ns,
		    struct arena *arena, struct user *ret, struct err *e)
{
	int r = v->subject.n ? sql_begin(s, e) : err_set(e, EACCES, "a user without a subject");

	(void)a;
	if (r < 0)
		return r;
	r = admit(s, v, now_ns, arena, ret, e);
	return sql_end(s, r, e);
}

int directory_sign_in(struct access *a, struct sql *s, str name, str password, int64_t now_ns,
		      struct arena *arena, struct user *ret, struct err *e)
{
	struct ldap_person p;
	int r = ldap_authenticate(a->options.ldap, name, password, arena, &p, e);

	if (r < 0)
		return r;
	return directory_admit(a, s,
			       &(struct vouched){ .source = S("ldap"),
						  .subject = p.subject,
						  .name = name,
						  .display = p.display,
						  .groups = p.groups,
						  .group_count = p.group_count },
			       now_ns, arena, ret, e);
}

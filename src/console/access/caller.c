#include "console/access/caller.h"

bool caller_may(const struct caller *c, enum permission p)
{
	if (p == PERMISSION_PUBLIC)
		return true;
	if (c->how == CALLER_NONE)
		return false;
	if (p == PERMISSION_SELF)
		return true;
	return !c->must_change_password && (c->permissions & PERMISSION_BIT(p)) != 0;
}

int caller_narrow(struct caller *c, enum permission p, struct arena *a, struct err *e)
{
	struct scope out = { 0 };
	size_t bound = 0;

	if (!caller_may(c, p)) {
		if (c->must_change_password)
			return err_set(e, EACCES, "the password must be changed first");
		return err_set(e, EACCES, "this needs the permission %s",
			       p < PERMISSION_COUNT ? permission_row(p)->name : "to be signed in");
	}
	if (p >= PERMISSION_COUNT) {
		c->scope = (struct scope){ .everything = true };
		return 0;
	}
	for (size_t i = 0; i < c->grant_count; i++)
		if (c->grants[i].permissions & PERMISSION_BIT(p)) {
			out.everything |= c->grants[i].scope.everything;
			bound += c->grants[i].scope.count;
		}
	out.any = ARENA_ARRAY(a, bound, struct scope_selector);
	if (!out.any)
		return err_set(e, ENOBUFS, "scope: memory budget spent");
	for (size_t i = 0; i < c->grant_count && !out.everything; i++)
		if (c->grants[i].permissions & PERMISSION_BIT(p))
			for (size_t k = 0; k < c->grants[i].scope.count; k++)
				out.any[out.count++] = c->grants[i].scope.any[k];
	c->scope = out;
	return 0;
}

bool caller_holds(const struct caller *c, uint64_t permissions, bool everywhere)
{
	uint64_t held = 0;

	if (!everywhere)
		return (c->permissions & permissions) == permissions;
	for (size_t i = 0; i < c->grant_count; i++)
		if (c->grants[i].scope.everything)
			held |= c->grants[i].permissions;
	return (held & permissions) == permissions;
}

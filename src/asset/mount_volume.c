#include "asset/mount_volume.h"

#include <ctype.h>

#define UID_BYTES 36

/* The pods of files ("static") have a hash for a UID. */
static bool is_uid(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isxdigit((unsigned char)s.p[i]) && s.p[i] != '-')
			return false;
	return s.n == UID_BYTES || s.n == 32;
}

static str with_slashes(str plugin, struct arena *a)
{
	char *p = arena_alloc(a, plugin.n + 1);

	for (size_t i = 0; p && i < plugin.n; i++)
		p[i] = plugin.p[i] == '~' ? '/' : plugin.p[i];
	return (str){ p, p ? plugin.n : 0 };
}

/** From the start of @p whole to the end of @p part, which lies in it. */
static str up_to(str whole, str part)
{
	return str_take(whole, (size_t)(part.p - whole.p) + part.n);
}

static int of_pod(str source, struct arena *a, struct mount_volume *ret)
{
	str rest = source, uid, place, driver = S(""), name;
	size_t at = str_search(rest, S("/pods/"));

	while (at < rest.n) {
		rest = str_skip(rest, at + sizeof("/pods/") - 1);
		uid = str_take(rest, str_find(rest, '/'));
		if (is_uid(uid))
			break;
		at = str_search(rest, S("/pods/"));
	}
	if (at >= rest.n)
		return -ENOENT;
	uid = str_cut(&rest, '/');
	place = str_cut(&rest, '/');
	if (str_is(place, "volumes"))
		driver = with_slashes(str_cut(&rest, '/'), a);
	else if (!str_is(place, "volume-subpaths"))
		return -ENOENT;
	name = str_cut(&rest, '/');
	if (!driver.p)
		return -ENOBUFS;
	if (!name.n)
		return -ENOENT;
	*ret = (struct mount_volume){ .id = arena_printf(a, "kubernetes/%.*s/%.*s", STR_ARG(uid),
							 STR_ARG(name)),
				      .name = name,
				      .driver = driver,
				      .at = up_to(source, name) };
	return ret->id.p ? 0 : -ENOBUFS;
}

static int of_engine(enum container_runtime runtime, str source, struct arena *a,
		     struct mount_volume *ret)
{
	size_t end = str_search(source, S("/_data")), from;
	str folder = str_take(source, end), name;

	if (end == source.n || str_search(folder, S("/volumes/")) == folder.n)
		return -ENOENT;
	from = str_find_last(folder, '/');
	name = str_skip(folder, from + 1);
	if (!name.n || str_is(name, "volumes"))
		return -ENOENT;
	*ret = (struct mount_volume){
		.id = arena_printf(a, "%s/%.*s", container_runtime_name(runtime), STR_ARG(name)),
		.name = name,
		.driver = S("local"),
		.at = str_take(source, end + sizeof("/_data") - 1)
	};
	return ret->id.p ? 0 : -ENOBUFS;
}

int mount_volume(enum container_runtime runtime, str source, struct arena *a,
		 struct mount_volume *ret)
{
	int r = of_pod(source, a, ret);

	return r == -ENOENT ? of_engine(runtime, source, a, ret) : r;
}

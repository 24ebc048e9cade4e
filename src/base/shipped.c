#include "base/shipped.h"

#include <limits.h>

static str parent(str path)
{
	size_t at = str_find_last(path, '/');

	return at < path.n ? str_take(path, at) : (str){ 0 };
}

str shipped_path(const char *name, struct arena *a)
{
	static const char *const places[] = { "share/skep", "content" };
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));
	str folder;

	if (n <= 0)
		return (str){ 0 };
	/* Beside bin, and a level further up. */
	folder = parent((str){ exe, (size_t)n });
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		str path;

		folder = parent(folder);
		path = arena_printf(a, "%.*s/%s/%s", STR_ARG(folder), places[i], name);
		if (path.p && access(path.p, F_OK) == 0)
			return path;
	}
	return (str){ 0 };
}

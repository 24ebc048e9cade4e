#include "base/shipped.h"

#include <limits.h>

str shipped_path(const char *name, struct arena *a)
{
	static const char *const places[] = { "../share/skep", "../../content" };
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));
	str folder;

	if (n <= 0)
		return (str){ 0 };
	folder = str_take((str){ exe, (size_t)n }, str_find_last((str){ exe, (size_t)n }, '/'));
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		str path = arena_printf(a, "%.*s/%s/%s", STR_ARG(folder), places[i], name);

		if (path.p && access(path.p, F_OK) == 0)
			return path;
	}
	return (str){ 0 };
}

#include "codec/glob.h"

/* reach[i]: the pattern so far matches the first i bytes of the path. Each step moves it over one token, in place. */

static void step_one(bool *reach, str path, bool any, char c)
{
	for (size_t i = path.n; i > 0; i--)
		reach[i] = reach[i - 1] && (any ? path.p[i - 1] != '/' : path.p[i - 1] == c);
	reach[0] = false;
}

static void step_run(bool *reach, str path, bool over_slashes)
{
	for (size_t i = 1; i <= path.n; i++)
		reach[i] = reach[i] || (reach[i - 1] && (over_slashes || path.p[i - 1] != '/'));
}

static void step_folders(bool *reach, str path)
{
	bool open = reach[0];

	for (size_t i = 1; i <= path.n; i++) {
		bool here = reach[i];

		reach[i] = here || (open && path.p[i - 1] == '/');
		open = open || here;
	}
}

bool glob_match(str pattern, str path)
{
	bool reach[GLOB_MAX_PATH + 1] = { true };

	if (path.n > GLOB_MAX_PATH)
		return false;
	while (pattern.n) {
		if (str_starts(pattern, S("**/"))) {
			step_folders(reach, path);
			pattern = str_skip(pattern, 3);
		} else if (str_starts(pattern, S("**"))) {
			step_run(reach, path, true);
			pattern = str_skip(pattern, 2);
		} else if (pattern.p[0] == '*') {
			step_run(reach, path, false);
			pattern = str_skip(pattern, 1);
		} else {
			step_one(reach, path, pattern.p[0] == '?', pattern.p[0]);
			pattern = str_skip(pattern, 1);
		}
	}
	return reach[path.n];
}

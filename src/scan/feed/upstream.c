#include "scan/feed/upstream.h"

#define UPSTREAM_LINES_MAX 100000

const struct feed_upstream feed_upstreams[] = {
#define X(file, url) { file, url },
#include "scan/feed/upstream.def"
#undef X
	{ NULL, NULL },
};

static bool stays_below(str path)
{
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] <= 0x20 || path.p[i] == 0x7f)
			return false;
	if (path.n == 0 || path.n > 1024 || path.p[0] == '/' || path.p[path.n - 1] == '/')
		return false;
	while (path.n) {
		str part = str_cut(&path, '/');

		if (part.n == 0 || str_is(part, ".") || str_is(part, ".."))
			return false;
	}
	return true;
}

int feed_upstream_parse(str text, struct arena *a, struct feed_upstream_list *ret, struct err *e)
{
	struct feed_upstream_list l = { 0 };

	for (unsigned int no = 1; text.n; no++) {
		str line = str_line(&text), rest, file;
		struct feed_upstream *u;

		rest = str_trim(str_take(line, str_find(line, '#')));
		if (rest.n == 0)
			continue;
		file = str_cut(&rest, ' ');
		rest = str_trim(rest);
		if (!stays_below(file) || rest.n == 0 || str_find(rest, ' ') < rest.n ||
		    str_find(rest, '\0') < rest.n)
			return err_set(e, EBADMSG, "line %u is not \"FILE URL\"", no);
		if (no > UPSTREAM_LINES_MAX)
			return err_set(e, EBADMSG, "more than %d lines", UPSTREAM_LINES_MAX);
		u = ARENA_PUSH(a, l.items, l.count, l.cap);
		if (!u)
			return err_set(e, ENOBUFS, "memory budget spent");
		u->file = arena_str(a, file).p;
		u->url = arena_str(a, rest).p;
		if (!u->file || !u->url)
			return err_set(e, ENOBUFS, "memory budget spent");
	}
	*ret = l;
	return 0;
}

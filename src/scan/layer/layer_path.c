#include "scan/layer/layer_path.h"

#include "codec/glob.h"

static bool is_normal(str p)
{
	str rest = p;

	if (!p.n || p.p[0] == '/' || p.p[p.n - 1] == '/')
		return p.n == 0;
	while (rest.n) {
		str part = str_cut(&rest, '/');

		if (!part.n || str_is(part, ".") || str_is(part, ".."))
			return false;
	}
	return true;
}

static size_t depth_of(str p)
{
	size_t n = p.n ? 1 : 0;

	for (size_t i = 0; i < p.n; i++)
		n += p.p[i] == '/';
	return n;
}

/* Appends a component, or takes one away for "..". @return whether ".." stood at the root */
static bool append(struct buf *b, str part)
{
	if (!part.n || str_is(part, "."))
		return false;
	if (str_is(part, "..")) {
		size_t slash = str_find_last(buf_str(b), '/');
		bool at_root = b->n == 0;

		b->n = slash < b->n ? slash : 0;
		return at_root;
	}
	if (b->n)
		buf_byte(b, '/');
	buf_add(b, part);
	return false;
}

int layer_path_normalise(str raw, const struct limits *l, struct buf *scratch, str *ret,
			 bool *ret_escaped)
{
	bool escaped = false;
	str p;

	if (raw.n > l->path_bytes)
		return -E2BIG;
	/* Most archives write "./a/b" or "a/b/": these two need no copy. */
	p = str_starts(raw, S("./")) ? str_skip(raw, 2) : raw;
	if (p.n > 1 && p.p[p.n - 1] == '/')
		p.n--;
	if (!is_normal(p)) {
		buf_reset(scratch);
		for (str rest = raw; rest.n;)
			escaped |= append(scratch, str_cut(&rest, '/'));
		if (buf_error(scratch))
			return -E2BIG;
		p = buf_str(scratch);
	}
	if (depth_of(p) > l->path_depth)
		return -E2BIG;
	if (escaped)
		*ret_escaped = true;
	*ret = p;
	return 0;
}

str layer_path_follow(str path, str target, const struct limits *l, struct arena *a)
{
	size_t slash = str_find_last(path, '/');
	str folder = str_take(path, slash < path.n ? slash : 0), out;
	OWNED_BUF joined = BUF_INIT;
	OWNED_BUF scratch = BUF_INIT;
	bool escaped;

	if (!str_starts(target, S("/"))) {
		buf_add(&joined, folder);
		buf_byte(&joined, '/');
	}
	buf_add(&joined, target);
	if (buf_error(&joined) ||
	    layer_path_normalise(buf_str(&joined), l, &scratch, &out, &escaped) < 0)
		return (str){ NULL, 0 };
	return arena_str(a, out);
}

enum layer_mark layer_path_mark(str path, struct buf *scratch, str *ret)
{
	const str mark = S(".wh."), opaque = S(".wh..wh..opq"), meta = S(".wh..wh.");
	size_t slash = str_find_last(path, '/');
	size_t at = slash < path.n ? slash + 1 : 0;
	str name = str_skip(path, at);

	if (!str_starts(name, mark))
		return LAYER_MARK_NONE;
	if (str_eq(name, opaque)) {
		*ret = str_take(path, slash < path.n ? slash : 0);
		return LAYER_MARK_OPAQUE;
	}
	if (str_starts(name, meta))
		return LAYER_MARK_META;
	name = str_skip(name, mark.n);
	if (!name.n || str_is(name, ".") || str_is(name, ".."))
		return LAYER_MARK_META;
	buf_reset(scratch);
	buf_add(scratch, str_take(path, at));
	buf_add(scratch, name);
	*ret = buf_str(scratch);
	return buf_error(scratch) ? LAYER_MARK_META : LAYER_MARK_WHITEOUT;
}

bool layer_path_is_below(str path, str folder)
{
	return !folder.n ||
	       (str_starts(path, folder) && (path.n == folder.n || path.p[folder.n] == '/'));
}

static bool matches_any(const char *const *globs, str path)
{
	for (; globs && *globs; globs++) {
		str g = str_skip_slashes(str_from(*globs));

		if (g.n && g.p[g.n - 1] == '/')
			g.n--;
		if (glob_match(g, path))
			return true;
	}
	return false;
}

bool layer_path_is_skipped(str path, const char *const *skip_dirs, const char *const *skip_files)
{
	if (matches_any(skip_files, path))
		return true;
	for (size_t i = 0; skip_dirs && *skip_dirs && i < path.n; i++)
		if (path.p[i] == '/' && matches_any(skip_dirs, str_take(path, i)))
			return true;
	return false;
}

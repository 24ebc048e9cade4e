#include "scan/package/owned_paths.h"

void owned_paths_done(struct owned_paths *o)
{
	free(o->hashes);
	*o = (struct owned_paths){ 0 };
}

static void add_hash(struct owned_paths *o, uint64_t hash)
{
	if (o->error)
		return;
	if (o->count == OWNED_PATHS_MAX) {
		o->dropped++;
		return;
	}
	if (o->count == o->cap) {
		size_t cap = o->cap ? o->cap * 2 : 256;
		uint64_t *grown = reallocarray(o->hashes, cap, sizeof(*grown));

		if (!grown) {
			o->error = -ENOBUFS;
			return;
		}
		o->hashes = grown;
		o->cap = cap;
	}
	o->hashes[o->count++] = hash;
}

static str relative(str path)
{
	for (;;) {
		if (str_starts(path, S("/")))
			path = str_skip(path, 1);
		else if (str_starts(path, S("./")))
			path = str_skip(path, 2);
		else
			return str_is(path, ".") ? (str){ NULL, 0 } : path;
	}
}

void owned_paths_add(struct owned_paths *o, str path)
{
	path = relative(path);
	if (path.n)
		add_hash(o, package_path_hash(path));
}

void owned_paths_add_in(struct owned_paths *o, str dir, str name)
{
	char joined[4096];

	dir = relative(dir);
	while (dir.n && dir.p[dir.n - 1] == '/')
		dir.n--;
	if (!dir.n) {
		owned_paths_add(o, name);
		return;
	}
	if (!name.n)
		return;
	if (dir.n + 1 + name.n > sizeof(joined)) {
		o->dropped++;
		return;
	}
	memcpy(joined, dir.p, dir.n);
	joined[dir.n] = '/';
	memcpy(joined + dir.n + 1, name.p, name.n);
	owned_paths_add(o, (str){ joined, dir.n + 1 + name.n });
}

int owned_paths_give(struct owned_paths *o, struct arena *a, struct package *p, struct err *e)
{
	int r = o->error;

	if (r == 0)
		r = package_set_owned(p, o->hashes, o->count, a);
	o->count = 0;
	return r < 0 ? err_set(e, ENOBUFS, "package %.*s: memory budget spent", STR_ARG(p->name))
		     : 0;
}

void owned_paths_read_list(struct owned_paths *o, str text)
{
	str last = { NULL, 0 };

	while (text.n) {
		str path = relative(str_line(&text));

		if (last.n && !(str_starts(path, last) && path.n > last.n && path.p[last.n] == '/'))
			owned_paths_add(o, last);
		if (path.n)
			last = path;
	}
	owned_paths_add(o, last);
}

void owned_paths_read_sums(struct owned_paths *o, str text)
{
	while (text.n) {
		str line = str_line(&text);

		owned_paths_add(o, str_trim(str_skip(line, str_find(line, ' '))));
	}
}

#include "policy/rule_path.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/shipped.h"

struct paths {
	struct arena *arena;
	const char **items;
	size_t count, cap;
};

static int add(struct paths *p, str path, struct err *e)
{
	const char **at;

	if (p->count == RULE_PATH_MAX_FILES)
		return err_set(e, E2BIG, "more than %d rule files", RULE_PATH_MAX_FILES);
	path = path.p ? arena_str(p->arena, path) : path;
	at = path.p ? ARENA_PUSH(p->arena, p->items, p->count, p->cap) : NULL;
	if (!at)
		return err_set(e, ENOBUFS, "rule files: memory budget spent");
	*at = path.p;
	return 0;
}

/* A pipe in a folder would keep who reads it waiting for ever. */
static int add_entry(struct paths *p, str path, struct err *e)
{
	struct stat st;

	if (path.p && stat(path.p, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "'%s' is no file", path.p);
	return add(p, path, e);
}

static int is_rule_file(const struct dirent *d)
{
	str name = str_from(d->d_name);

	return name.p[0] != '.' && (str_ends(name, S(".yaml")) || str_ends(name, S(".yml")));
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_folder(struct paths *p, const char *folder, struct err *e)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_rule_file, by_name), r = 0;

	if (n < 0)
		return err_sys(e, errno, "cannot read the folder '%s'", folder);
	if (n == 0)
		r = err_set(e, ENOENT, "'%s' holds no rule files (*.yaml, *.yml)", folder);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = add_entry(
				p, arena_printf(p->arena, "%s/%s", folder, entries[i]->d_name), e);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int add_shipped(struct paths *p, struct err *e)
{
	str path = shipped_path("rules", p->arena);

	return path.n ? add_folder(p, path.p, e)
		      : err_set(e, ENOENT, "no rules beside the program; name some with --rules");
}

static int add_name(struct paths *p, const char *name, struct err *e)
{
	struct stat st;

	if (strcmp(name, "default") == 0)
		return add_shipped(p, e);
	if (stat(name, &st) < 0)
		return err_sys(e, errno, "cannot read '%s'", name);
	return S_ISDIR(st.st_mode) ? add_folder(p, name, e) : add(p, str_from(name), e);
}

int rule_path_collect(const char *const *names, size_t count, struct arena *a, const char ***ret,
		      size_t *ret_count, struct err *e)
{
	struct paths p = { .arena = a };
	int r = count ? 0 : add_shipped(&p, e);

	for (size_t i = 0; i < count && r == 0; i++)
		r = add_name(&p, names[i], e);
	if (r < 0)
		return r;
	*ret = p.items;
	*ret_count = p.count;
	return 0;
}

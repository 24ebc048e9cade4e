/* Which repositories a registry has. */
#include <stdio.h>
#include <time.h>

#include "console/registry/lister_priv.h"

enum { TRIES = 3, AWAY_MAX = 3 };

bool lister_again(struct lister *l, int r)
{
	uint64_t wait_s = r < 0 ? registry_wait_s(l->registry) : 0;

	if (wait_s && wait_s <= LISTER_WAIT_MAX_S && ++l->tried < TRIES) {
		nanosleep(&(struct timespec){ .tv_sec = (time_t)wait_s }, NULL);
		return true;
	}
	l->tried = 0;
	l->away = r == -EHOSTUNREACH || r == -ETIMEDOUT ? l->away + 1 : 0;
	return false;
}

bool lister_is_over(const struct lister *l, int r)
{
	return r < 0 && (registry_wait_s(l->registry) || l->away >= AWAY_MAX || r == -ENOMEM ||
			 r == -ENOBUFS);
}

static int spent(struct err *e)
{
	return err_set(e, ENOBUFS, "registries: memory budget spent");
}

static int add(struct arena *a, str name, struct registry_list_of *ret, struct err *e)
{
	/* Grown by doubling: the capacity follows from the count. */
	if ((ret->count & (ret->count - 1)) == 0) {
		str *items = ARENA_ARRAY(a, MAX(ret->count * 2, (size_t)1), str);

		if (!items)
			return spent(e);
		if (ret->count)
			memcpy(items, ret->items, ret->count * sizeof(*items));
		ret->items = items;
	}
	ret->items[ret->count++] = name;
	return 0;
}

static int read_page(struct lister *l, const struct lister_list *list, str *next, struct arena *a,
		     struct registry_list *ret, struct err *e)
{
	int r;

	do
		r = list->api ? registry_api_list(l->registry, list->api, list->project, *next, a,
						  ret, next, e)
			      : registry_list(l->registry, list->what, *next, a, ret, next, e);
	while (lister_again(l, r));
	return r;
}

int lister_names(struct lister *l, const struct lister_list *list,
		 const struct registry_list_of *wanted, size_t most, struct arena *a,
		 struct registry_list_of *ret, size_t *ret_skipped, struct err *e)
{
	size_t pages = 0;
	str next = { 0 };
	int r = 0;

	do {
		struct registry_list page;

		r = read_page(l, list, &next, a, &page, e);
		if (r < 0)
			return r;
		*ret_skipped += page.skipped;
		for (size_t i = 0; r == 0 && i < page.count; i++) {
			if (wanted && !registry_config_wants(wanted, page.names[i]))
				continue;
			r = ret->count < most
				    ? add(a, page.names[i], ret, e)
				    : err_set(e, E2BIG, "the registry holds more than %zu names",
					      most);
		}
		if (r == 0 && next.n && ++pages >= most)
			r = err_set(e, E2BIG, "the registry's list has more than %zu pages", most);
	} while (r == 0 && next.n);
	return r;
}

int lister_tell_skipped(const struct lister *l, str place, size_t skipped)
{
	char why[80];

	snprintf(why, sizeof(why), "%zu names that no image can have", skipped);
	return skipped ? TELL(l, SKIPPED, place, str_from(why)) : 0;
}

/* ---- Projects ---- */

/* Harbor's projects and Quay's namespaces are a name's first part; GitLab's groups and projects may be deep. */
static str project_of(enum registry_api api, str pattern)
{
	str folder = registry_pattern_folder(pattern);

	return api == REGISTRY_API_GITLAB ? folder : str_take(folder, str_find(folder, '/'));
}

/**
 * Where to look, by the patterns alone: projects, and repositories that are named.
 *
 * @return 1, 0 any project may have what is wanted, -ENOBUFS
 */
static int projects_of_patterns(struct lister *l, struct registry_list_of *projects,
				struct registry_list_of *named, struct err *e)
{
	const struct registry_list_of *wanted = &l->t->config->repositories;
	bool any = false, everywhere = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < wanted->count; i++) {
		str pattern = wanted->items[i], project;

		if (pattern.p[0] == '!')
			continue;
		any = true;
		project = project_of(l->t->config->kind->api, pattern);
		if (!registry_pattern_is_wild(pattern))
			r = !registry_config_wants(wanted, pattern)
				    ? 0
				    : add(&l->names, pattern, named, e);
		else if (project.n)
			r = add(&l->names, project, projects, e);
		else
			everywhere = true;
	}
	return r < 0 ? r : any && !everywhere;
}

static int unlike_those_before(struct lister *l, struct registry_list_of *list, struct err *e)
{
	struct map seen = map_in(&l->names);
	size_t n = 0;

	for (size_t i = 0; i < list->count; i++) {
		void **at = map_at(&seen, list->items[i]);

		if (!at)
			return spent(e);
		if (!*at)
			list->items[n++] = list->items[i];
		*at = l;
	}
	list->count = n;
	return 0;
}

static int list_project(struct lister *l, str project, struct registry_list_of *ret, struct err *e)
{
	const struct lister_list list = { .api = l->t->config->kind->api, .project = project };
	struct err why = { 0 };
	size_t skipped = 0;
	int r = lister_names(l, &list, &l->t->config->repositories, LISTER_REPOSITORIES_MAX,
			     &l->names, ret, &skipped, &why);

	if (r == 0)
		return lister_tell_skipped(l, project, skipped);
	/* The others are listed all the same, unless they cannot be. */
	if (r == -ENOENT || (r == -EACCES && !lister_is_over(l, r)))
		return TELL(l, SKIPPED, project, str_from(why.text));
	return err_set(e, -r, "%s", why.text);
}

static int list_projects(struct lister *l, struct registry_list_of *ret, struct err *e)
{
	const struct lister_list all = { .api = l->t->config->kind->api };
	struct registry_list_of projects = { 0 };
	size_t skipped = 0;
	int r = projects_of_patterns(l, &projects, ret, e);

	if (r == 0 && !registry_api_lists_projects(all.api))
		r = err_set(e, EINVAL,
			    "this registry lists repositories by namespace alone: name "
			    "each, as in team/**");
	else if (r == 0) {
		projects.count = 0;
		r = lister_names(l, &all, NULL, LISTER_REPOSITORIES_MAX, &l->names, &projects,
				 &skipped, e);
		r = r < 0 ? r : lister_tell_skipped(l, l->t->address, skipped);
	}
	r = r < 0 ? r : unlike_those_before(l, &projects, e);
	for (size_t i = 0; r == 0 && i < projects.count; i++)
		r = list_project(l, projects.items[i], ret, e);
	return r < 0 ? r : unlike_those_before(l, ret, e);
}

int lister_repositories(struct lister *l, struct registry_list_of *ret, bool *ret_named,
			struct err *e)
{
	const struct registry_config *c = l->t->config;
	const struct registry_list_of *wanted = &c->repositories;
	const struct lister_list catalogue = { .what = REGISTRY_REPOSITORIES };
	size_t skipped = 0;
	int r = 0;

	*ret = (struct registry_list_of){ 0 };
	*ret_named = registry_config_is_named(c);
	if (!*ret_named && registry_api_takes(c->kind->api, c->user))
		return list_projects(l, ret, e);
	if (!*ret_named) {
		r = lister_names(l, &catalogue, wanted, LISTER_REPOSITORIES_MAX, &l->names, ret,
				 &skipped, e);
		return r < 0 ? r : lister_tell_skipped(l, l->t->address, skipped);
	}
	for (size_t i = 0; r == 0 && i < wanted->count; i++)
		if (registry_config_wants(wanted, wanted->items[i]))
			r = add(&l->names, wanted->items[i], ret, e);
	return r;
}

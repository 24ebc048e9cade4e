#include "codec/registry_list.h"

#include "codec/json.h"
#include "codec/reference.h"

/* Where a list and the names in it are. */
static const struct {
	const char *list;   /* NULL: the document itself */
	const char *parent; /* of an item; NULL: it has none */
	const char *name;   /* of an item; NULL: it is a name itself */
	bool (*is_name)(str);
} forms[REGISTRY_LISTING_COUNT] = {
	[REGISTRY_REPOSITORIES] = { "repositories", NULL, NULL, reference_is_repository },
	[REGISTRY_TAGS] = { "tags", NULL, NULL, reference_is_tag },
	[REGISTRY_HARBOR_PROJECTS] = { NULL, NULL, "name", registry_list_is_project },
	[REGISTRY_HARBOR_REPOSITORIES] = { NULL, NULL, "name", reference_is_repository },
	[REGISTRY_GITLAB_PROJECTS] = { NULL, NULL, "path_with_namespace",
				       registry_list_is_project },
	[REGISTRY_GITLAB_REPOSITORIES] = { NULL, NULL, "path", reference_is_repository },
	[REGISTRY_QUAY_REPOSITORIES] = { "repositories", "namespace", "name",
					 reference_is_repository },
};

bool registry_list_is_project(str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!strchr("._-/", name.p[i]) && !(name.p[i] >= 'a' && name.p[i] <= 'z') &&
		    !(name.p[i] >= 'A' && name.p[i] <= 'Z') &&
		    !(name.p[i] >= '0' && name.p[i] <= '9'))
			return false;
	return name.n > 0 && name.n <= REFERENCE_MAX_NAME && name.p[0];
}

/** @return an empty name when it is none */
static int take_name(const struct value *item, enum registry_listing what, struct arena *a,
		     str *ret)
{
	str name = forms[what].name ? value_get_str(item, forms[what].name) : value_str(item);

	*ret = (str){ 0 };
	if (forms[what].parent) {
		name = arena_printf(a, "%.*s/%.*s",
				    STR_ARG(value_get_str(item, forms[what].parent)),
				    STR_ARG(name));
		if (!name.p)
			return -ENOBUFS;
	}
	if (name.n <= REFERENCE_MAX_NAME && forms[what].is_name(name))
		*ret = name;
	return 0;
}

static bool fits_url(str query)
{
	for (size_t i = 0; i < query.n; i++)
		if ((unsigned char)query.p[i] <= ' ' || (unsigned char)query.p[i] >= 0x7f ||
		    strchr("\"<>\\^`{|}#", query.p[i]))
			return false;
	return query.n <= REGISTRY_PAGE_MAX;
}

/* Taken for the last page, what follows would be taken for deleted. */
static int lost(struct err *e)
{
	return err_set(e, EBADMSG,
		       "the registry's list goes on at an address that cannot be asked for");
}

int registry_list_parse(str json, enum registry_listing what, struct arena *a,
			struct registry_list *ret, struct err *e)
{
	const enum value_kind outer = forms[what].list ? VALUE_OBJECT : VALUE_ARRAY;
	struct registry_list out = { 0 };
	const struct value *list;
	struct value v;
	int r = json_parse(json, a, &v, e);

	if (r < 0)
		return err_wrap(e, r, "the registry's list");
	list = forms[what].list ? value_get(&v, forms[what].list) : &v;
	if (v.kind != outer || (list && list->kind != VALUE_ARRAY && list->kind != VALUE_NULL))
		return err_set(e, EBADMSG, "the registry's list is no list");
	if (!list || list->kind == VALUE_NULL || list->count == 0) {
		*ret = out;
		return 0;
	}
	if (list->count > REGISTRY_LIST_MAX)
		return err_set(e, E2BIG, "the registry lists more than %d names at once",
			       REGISTRY_LIST_MAX);
	out.names = ARENA_ARRAY(a, list->count, str);
	if (!out.names)
		return err_set(e, ENOBUFS, "memory budget spent");
	VALUE_EACH (item, list) {
		const struct value *enabled = value_get(item, "container_registry_enabled");
		str *name = &out.names[out.count];

		/* A project of GitLab's without images. */
		if (what == REGISTRY_GITLAB_PROJECTS && enabled && !value_is_true(enabled))
			continue;

		if (take_name(item, what, a, name) < 0)
			return err_set(e, ENOBUFS, "memory budget spent");
		out.count += name->n > 0;
		out.skipped += name->n == 0;
	}
	out.next = what == REGISTRY_QUAY_REPOSITORIES ? value_get_str(&v, "next_page") : S("");
	if (!fits_url(out.next))
		return lost(e);
	*ret = out;
	return 0;
}

static bool is_next(str parameters)
{
	while (parameters.n) {
		str p = str_trim(str_cut(&parameters, ';'));
		str key = str_trim(str_cut(&p, '=')), value = str_trim(p);

		if (!str_eq_nocase(key, S("rel")))
			continue;
		if (value.n >= 2 && value.p[0] == '"')
			value = str_take(str_skip(value, 1), value.n - 2);
		return str_eq_nocase(value, S("next"));
	}
	return false;
}

int registry_list_next(str link, str *ret, struct err *e)
{
	*ret = S("");
	while (link.n) {
		size_t open = str_find(link, '<'), close;
		str target, parameters;

		if (open == link.n)
			break;
		link = str_skip(link, open + 1);
		close = str_find(link, '>');
		if (close == link.n)
			break;
		target = str_take(link, close);
		link = str_skip(link, close + 1);
		/* A comma inside a quoted parameter would end it early; "next" does not stand behind one. */
		parameters = str_cut(&link, ',');
		if (!is_next(parameters))
			continue;
		target = str_skip(target, MIN(str_find(target, '?') + 1, target.n));
		if (target.n == 0 || !fits_url(target))
			return lost(e);
		*ret = target;
		return 0;
	}
	return 0;
}

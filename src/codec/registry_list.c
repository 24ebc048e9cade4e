#include "codec/registry_list.h"

#include "codec/json.h"
#include "codec/reference.h"

int registry_list_parse(str json, enum registry_listing what, struct arena *a,
			struct registry_list *ret, struct err *e)
{
	const bool tags = what == REGISTRY_TAGS;
	struct registry_list out = { 0 };
	const struct value *list;
	struct value v;
	int r = json_parse(json, a, &v, e);

	if (r < 0)
		return err_wrap(e, r, "the registry's list");
	list = value_get(&v, tags ? "tags" : "repositories");
	if (v.kind != VALUE_OBJECT ||
	    (list && list->kind != VALUE_ARRAY && list->kind != VALUE_NULL))
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
		str name = item->kind == VALUE_STRING ? item->string : (str){ 0 };

		if (name.n <= REFERENCE_MAX_NAME &&
		    (tags ? reference_is_tag(name) : reference_is_repository(name)))
			out.names[out.count++] = name;
		else
			out.skipped++;
	}
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

static bool fits_url(str query)
{
	for (size_t i = 0; i < query.n; i++)
		if ((unsigned char)query.p[i] <= ' ' || (unsigned char)query.p[i] >= 0x7f ||
		    strchr("\"<>\\^`{|}#", query.p[i]))
			return false;
	return query.n <= REGISTRY_PAGE_MAX;
}

str registry_list_next(str link)
{
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
		return fits_url(target) ? target : (str){ 0 };
	}
	return (str){ 0 };
}

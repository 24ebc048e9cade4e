#include "console/api/route.h"

static const struct route routes[] = {
#define X(m, p, h, who, b, q, s, a, code, ef, en, zh) \
	{ .method = METHOD_##m, \
	  .path = p, \
	  .handler = #h, \
	  .permission = PERMISSION_##who, \
	  .body = OBJECT_##b, \
	  .query = OBJECT_##q, \
	  .answer = OBJECT_##a, \
	  .shape = ROUTE_##s, \
	  .status = code, \
	  .effect = ROUTE_##ef, \
	  .summary = { en, zh } },
#include "console/api/route.def"
#undef X
};

static const char *const methods[] = {
#define ROUTE_METHOD_NAME(id) #id,
	ROUTE_METHODS(ROUTE_METHOD_NAME)
#undef ROUTE_METHOD_NAME
};

const struct route *route_table(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(routes);
	return routes;
}

const char *route_method_name(enum route_method m)
{
	return methods[m];
}

static bool ends_clause(str rest)
{
	static const char *const ends[] = { ".", ";", ":", "。", "；", "：" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (str_starts(rest, str_from(ends[i])))
			return true;
	return false;
}

str route_words(const struct route *r, enum lang lang)
{
	const str all = str_from(phrase_in(r->summary, lang));
	size_t n = 0;

	while (n < all.n && !ends_clause(str_skip(all, n)))
		n++;
	return str_take(all, n);
}

/* Walks both by segments. @return how many parameters the template has, -1 when the path is another */
static int matches(const char *template, str path, str parameters[ROUTE_MAX_PARAMETERS])
{
	str left = str_from(template);
	int count = 0;

	if (path.n == 0 || path.p[path.n - 1] == '/')
		return -1;
	while (left.n && path.n) {
		str want = str_cut(&left, '/'), have = str_cut(&path, '/');

		if (want.n && want.p[0] == '{') {
			if (have.n == 0 || count == ROUTE_MAX_PARAMETERS)
				return -1;
			parameters[count++] = have;
		} else if (!str_eq(want, have)) {
			return -1;
		}
	}
	return left.n == 0 && path.n == 0 ? count : -1;
}

int route_find(str method, str path, struct route_match *ret)
{
	struct route_match best = { 0 };
	int fewest = ROUTE_MAX_PARAMETERS + 1;

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		str parameters[ROUTE_MAX_PARAMETERS] = { 0 };
		int count = matches(routes[i].path, path, parameters);

		if (count < 0 || count > fewest)
			continue;
		if (count < fewest)
			best = (struct route_match){ 0 };
		fewest = count;
		best.allowed |= 1U << routes[i].method;
		if (str_is(method, methods[routes[i].method])) {
			best.route = &routes[i];
			memcpy(best.parameters, parameters, sizeof(parameters));
		}
	}
	*ret = best;
	if (!best.allowed)
		return -ENOENT;
	return best.route ? 0 : -EOPNOTSUPP;
}

#include "codec/reference.h"

#include "codec/digest.h"

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* [a-z0-9]+ joined by one '.', one or two '_', or any number of '-' */
static bool is_path_component(str s)
{
	size_t i = 0;

	while (i < s.n) {
		size_t start = i;

		while (i < s.n && is_lower_alnum(s.p[i]))
			i++;
		if (i == start)
			return false;
		if (i == s.n)
			return true;
		start = i;
		while (i < s.n && s.p[i] == s.p[start])
			i++;
		if (!(s.p[start] == '-' || (s.p[start] == '.' && i - start == 1) ||
		      (s.p[start] == '_' && i - start <= 2)))
			return false;
	}
	return false;
}

bool reference_is_repository(str s)
{
	if (s.n == 0 || s.p[s.n - 1] == '/')
		return false;
	while (s.n)
		if (!is_path_component(str_cut(&s, '/')))
			return false;
	return true;
}

static bool is_port(str s)
{
	uint32_t port;

	return str_u32(s, &port) == 0 && port > 0 && port < 65536;
}

static bool is_host_label(str s)
{
	if (s.n == 0 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return true;
}

static bool is_ipv6(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_one_of(s.p[i], "0123456789abcdefABCDEF:."))
			return false;
	return s.n >= 2;
}

bool reference_is_registry(str s)
{
	if (str_starts(s, S("["))) {
		size_t close = str_find(s, ']');
		str port = str_skip(s, close + 1);

		if (close == s.n || !is_ipv6(str_take(str_skip(s, 1), close - 1)))
			return false;
		return port.n == 0 || (port.p[0] == ':' && is_port(str_skip(port, 1)));
	}
	if (s.n && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ':'))
		return false;
	str host = str_cut(&s, ':');

	if (s.n && !is_port(s))
		return false;
	if (host.n == 0)
		return false;
	while (host.n)
		if (!is_host_label(str_cut(&host, '.')))
			return false;
	return true;
}

/* [A-Za-z0-9_][A-Za-z0-9._-]{0,127} */
bool reference_is_tag(str s)
{
	if (s.n == 0 || s.n > 128 || s.p[0] == '.' || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && !is_one_of(s.p[i], "_.-"))
			return false;
	return true;
}

/* A first component is a registry when no repository could be called so. */
static bool names_registry(str first)
{
	if (str_is(first, "localhost") || str_find(first, '.') < first.n ||
	    str_find(first, ':') < first.n)
		return true;
	for (size_t i = 0; i < first.n; i++)
		if (first.p[i] >= 'A' && first.p[i] <= 'Z')
			return true;
	return false;
}

static int split(str text, struct reference *r, struct err *e)
{
	str name = text;
	size_t at = str_find(name, '@'), colon, slash;
	uint8_t sum[SHA256_BYTES];

	if (at < name.n) {
		r->digest = str_skip(name, at + 1);
		name = str_take(name, at);
		if (digest_parse(r->digest, sum, NULL) < 0)
			return err_set(e, EBADMSG,
				       "the part behind '@' is not \"sha256:\" and 64 hex digits");
	}
	colon = str_find_last(name, ':');
	slash = str_find_last(name, '/');
	if (colon < name.n && (slash == name.n || colon > slash)) {
		r->tag = str_skip(name, colon + 1);
		name = str_take(name, colon);
		if (!reference_is_tag(r->tag))
			return err_set(e, EBADMSG, "'%.*s' is not a tag", STR_ARG(r->tag));
	}
	slash = str_find(name, '/');
	if (slash < name.n && names_registry(str_take(name, slash))) {
		r->registry = str_take(name, slash);
		name = str_skip(name, slash + 1);
		if (!reference_is_registry(r->registry))
			return err_set(e, EBADMSG, "'%.*s' is not a host[:port]",
				       STR_ARG(r->registry));
	}
	r->repository = name;
	if (!reference_is_repository(name))
		return err_set(e, EBADMSG,
			       "'%.*s' is not a repository name (lower-case letters, digits and "
			       "separators)",
			       STR_ARG(name));
	return 0;
}

static bool is_docker_hub(str registry)
{
	return registry.n == 0 || str_is(registry, "docker.io") ||
	       str_is(registry, "index.docker.io") || str_is(registry, "registry-1.docker.io");
}

int reference_parse(str text, struct arena *a, struct reference *ret, struct err *e)
{
	struct reference r = { 0 };
	int result;

	if (text.n > REFERENCE_MAX_BYTES)
		return err_set(e, EBADMSG, "an image reference of %zu bytes", text.n);
	result = split(text, &r, e);
	if (result < 0)
		return err_wrap(e, result, "image reference '%.*s'", STR_ARG(str_take(text, 300)));
	if (is_docker_hub(r.registry)) {
		r.registry = S("docker.io");
		if (str_find(r.repository, '/') == r.repository.n)
			r.repository = arena_printf(a, "library/%.*s", STR_ARG(r.repository));
	}
	if (r.repository.n > REFERENCE_MAX_NAME)
		return err_set(e, EBADMSG, "a repository name of more than %d bytes",
			       REFERENCE_MAX_NAME);
	if (!r.tag.n && !r.digest.n)
		r.tag = S("latest");
	r.registry = arena_str(a, r.registry);
	r.repository = arena_str(a, r.repository);
	r.tag = arena_str(a, r.tag);
	r.digest = arena_str(a, r.digest);
	if (!r.registry.p || !r.repository.p || !r.tag.p || !r.digest.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	*ret = r;
	return 0;
}

str reference_host(const struct reference *r)
{
	return str_is(r->registry, "docker.io") ? S("registry-1.docker.io") : r->registry;
}

str reference_render(const struct reference *r, struct arena *a)
{
	return arena_printf(a, "%.*s/%.*s%s%.*s%s%.*s", STR_ARG(r->registry),
			    STR_ARG(r->repository), r->tag.n ? ":" : "", STR_ARG(r->tag),
			    r->digest.n ? "@" : "", STR_ARG(r->digest));
}

#include "scan/vuln/namespace.h"

#include <ctype.h>

#include "scan/package/eol.h"

static const struct namespace_rule rules[] = {
#define NAMESPACE(prefix_, release_, type_, scheme_, key_, version_, unfixed_, stand_in_, title_) \
	{ \
		.prefix = (prefix_), \
		.release = NAMESPACE_RELEASE_##release_, \
		.purl_type = (type_), \
		.scheme = VERSION_##scheme_, \
		.key = NAMESPACE_KEY_##key_, \
		.version = NAMESPACE_VERSION_##version_, \
		.lists_unfixed = (unfixed_), \
		.stand_in = (stand_in_), \
		.title = (title_), \
	},
#include "scan/vuln/namespace.def"
#undef NAMESPACE
};

static const struct {
	const char *id, *prefix;
} systems[] = {
#define NAMESPACE_OS(id_, prefix_) { (id_), (prefix_) },
#include "scan/vuln/namespace.def"
#undef NAMESPACE_OS
};

const struct namespace_rule *namespace_find(str name)
{
	str prefix = str_take(name, str_find(name, ':'));

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (str_is(prefix, rules[i].prefix))
			return &rules[i];
	return NULL;
}

bool namespace_is_ecosystem(const struct namespace_rule *r)
{
	return strcmp(r->prefix, r->purl_type) == 0;
}

const struct namespace_rule *namespace_of_purl_type(str type)
{
	const struct namespace_rule *r = namespace_find(type);

	return r && str_is(type, r->purl_type) ? r : NULL;
}

str namespace_release_of_codename(str prefix, str codename)
{
	char lower[32];

	if (codename.n > sizeof(lower))
		return (str){ 0 };
	for (size_t i = 0; i < codename.n; i++)
		lower[i] = (char)tolower((unsigned char)codename.p[i]);
	codename.p = lower;
	/* Debian's unstable branch is never released, so the table of releases has no number for it. */
	if (str_is(prefix, "debian") && str_is(codename, "sid"))
		return S("sid");
	return eol_release_of_codename(prefix, codename);
}

static size_t digits(str s)
{
	size_t n = 0;

	while (n < s.n && isdigit((unsigned char)s.p[n]))
		n++;
	return n;
}

/* "9.4" to "9" or "9.4"; empty unless it begins with numbers. */
static str cut_release(str version, enum namespace_release how)
{
	size_t major = digits(version);
	size_t minor = digits(str_skip(version, major + 1));

	if (major == 0)
		return (str){ 0 };
	if (how == NAMESPACE_RELEASE_MINOR && major < version.n && version.p[major] == '.' && minor)
		return str_take(version, major + 1 + minor);
	return str_take(version, major);
}

static str alpine_release(const struct os *os)
{
	str branch = os->repository;

	if (str_is(branch, "edge") || str_search(os->version_id, S("_alpha")) < os->version_id.n)
		return S("edge");
	if (str_starts(branch, S("v")))
		branch = str_skip(branch, 1);
	return cut_release(branch.n ? branch : os->version_id, NAMESPACE_RELEASE_MINOR);
}

static str release_of(const struct namespace_rule *r, const struct os *os)
{
	str release;

	if (strcmp(r->prefix, "alpine") == 0)
		return alpine_release(os);
	release = cut_release(os->version_id, r->release);
	/* Amazon Linux 1 counted by year and month. */
	if (strcmp(r->prefix, "amazon") == 0 && release.n == 4 && str_cmp(release, S("2022")) < 0)
		return S("1");
	if (release.n == 0)
		release = namespace_release_of_codename(
			strcmp(r->prefix, "raspbian") == 0 ? S("debian") : str_from(r->prefix),
			os->codename);
	return release;
}

const struct namespace_rule *namespace_of_os(const struct os *os, struct arena *a, str *ret_name)
{
	for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
		const struct namespace_rule *r;
		str release, name;

		if (!str_is(os->id, systems[i].id))
			continue;
		r = namespace_find(str_from(systems[i].prefix));
		assert(r);
		release = r->release == NAMESPACE_RELEASE_NONE ? (str){ 0 } : release_of(r, os);
		if (r->release != NAMESPACE_RELEASE_NONE && release.n == 0)
			return NULL;
		name = arena_printf(a, "%s%s%.*s", r->prefix, release.n ? ":" : "",
				    STR_ARG(release));
		if (!name.p)
			return NULL;
		*ret_name = name;
		return r;
	}
	return NULL;
}

str namespace_with_prefix(str name, const char *prefix, struct arena *a)
{
	return arena_printf(a, "%s%.*s", prefix, STR_ARG(str_skip(name, str_find(name, ':'))));
}

static void pep503(str name, struct buf *out)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool run = i && strchr("-_.", name.p[i - 1]) && name.p[i - 1];

		if (c == '-' || c == '_' || c == '.') {
			if (!run)
				buf_byte(out, '-');
		} else {
			buf_byte(out, (char)tolower((unsigned char)c));
		}
	}
}

void namespace_name_normalise(const struct namespace_rule *r, str name, struct buf *out)
{
	static const char *const caseless[] = { "composer", "conan", "hex", "nuget", "pub" };

	if (strcmp(r->prefix, "pypi") == 0) {
		pep503(name, out);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(caseless); i++) {
		if (strcmp(r->prefix, caseless[i]) != 0)
			continue;
		for (size_t k = 0; k < name.n; k++)
			buf_byte(out, (char)tolower((unsigned char)name.p[k]));
		return;
	}
	buf_add(out, name);
}

void namespace_name_of_package(const struct namespace_rule *r, const struct package *p,
			       struct buf *out)
{
	OWNED_BUF joined = BUF_INIT;

	if (p->namespace.n == 0 || !namespace_is_ecosystem(r)) {
		namespace_name_normalise(r, p->name, out);
		return;
	}
	buf_add(&joined, p->namespace);
	buf_byte(&joined, strcmp(r->prefix, "maven") == 0 ? ':' : '/');
	buf_add(&joined, p->name);
	if (buf_error(&joined) < 0) {
		out->error = out->error ? out->error : buf_error(&joined);
		return;
	}
	namespace_name_normalise(r, buf_str(&joined), out);
}

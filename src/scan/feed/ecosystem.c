#include "scan/feed/ecosystem.h"

#include "scan/vuln/namespace.h"
#include "scan/vuln/redhat_cpe.h"

struct alias {
	const char *name;
	const char *namespace;
};

static str alias_find(const struct alias *table, size_t count, str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(name, str_from(table[i].name)))
			return str_from(table[i].namespace);
	return (str){ 0 };
}

static str with_release(str prefix, str release, struct arena *a)
{
	if (prefix.n == 0 || release.n == 0)
		return (str){ 0 };
	return arena_printf(a, "%.*s:%.*s", STR_ARG(prefix), STR_ARG(release));
}

static str major_of(str release)
{
	return str_take(release, str_find(release, '.'));
}

static bool starts_with_digit(str s)
{
	return s.n && *s.p >= '0' && *s.p <= '9';
}

/* What SUSE writes behind the product: "15 SP4", "12 SP5-LTSS", "15.4", "5.3". */
static str suse_release(str s, struct arena *a)
{
	str major, pack;

	s = str_trim(s);
	if (!starts_with_digit(s))
		return (str){ 0 };
	major = str_take(s, MIN(str_find(s, ' '), str_find(s, '-')));
	pack = str_trim(str_skip(s, major.n));
	if (str_find(major, '.') < major.n)
		return major;
	if (!str_starts(pack, S("SP")))
		return arena_printf(a, "%.*s.0", STR_ARG(major));
	pack = str_skip(pack, 2);
	pack = str_take(pack, MIN(str_find(pack, '-'), str_find(pack, ' ')));
	return starts_with_digit(pack) ? arena_printf(a, "%.*s.%.*s", STR_ARG(major), STR_ARG(pack))
				       : (str){ 0 };
}

str ecosystem_of_suse(str product, struct arena *a)
{
	static const struct alias products[] = {
		{ "openSUSE Tumbleweed", "opensuse-tumbleweed" },
		{ "openSUSE Leap Micro ", "sle-micro" },
		{ "openSUSE Leap ", "opensuse-leap" },
		{ "SUSE Linux Enterprise Micro ", "sle-micro" },
		{ "SUSE Linux Micro ", "sle-micro" },
		{ "SUSE Linux Enterprise Server for SAP Applications ", "sles" },
		{ "SUSE Linux Enterprise Server ", "sles" },
		{ "SUSE Linux Enterprise Module for Basesystem ", "sles" },
		{ "SUSE Linux Enterprise Module for ", "" },
		{ "Linux Enterprise Server ", "sles" },
		{ "Linux Enterprise Micro ", "sle-micro" },
		{ "Linux Micro ", "sle-micro" },
	};

	product = str_trim(product);
	for (size_t i = 0; i < ARRAY_LEN(products); i++) {
		str name = str_from(products[i].name), release;

		if (!str_starts(product, name) || !*products[i].namespace)
			continue;
		if (i == 0)
			return str_from(products[i].namespace);
		release = suse_release(str_skip(product, name.n), a);
		return with_release(str_from(products[i].namespace), release, a);
	}
	/* A module's packages belong to the server of the same service pack: "... Module for Server Applications 15 SP4". */
	if (str_starts(product, S("SUSE Linux Enterprise Module for "))) {
		size_t at = str_search(product, S(" 1"));

		return with_release(S("sles"), suse_release(str_skip(product, at), a), a);
	}
	return (str){ 0 };
}

str ecosystem_of_codename(const char *prefix, str codename, struct arena *a)
{
	return with_release(str_from(prefix),
			    namespace_release_of_codename(str_from(prefix), codename), a);
}

static str ecosystem_product(str rest, struct arena *a)
{
	return str_find(rest, ' ') == rest.n ? arena_printf(a, "cpe:/o:redhat:%.*s", STR_ARG(rest))
					     : (str){ 0 };
}

str ecosystem_product_of_osv(str name, struct arena *a)
{
	str prefix = S("Red Hat:");

	return str_starts(name, prefix) ? ecosystem_product(str_skip(name, prefix.n), a)
					: (str){ 0 };
}

static str linux_of_osv(str prefix, str release, struct arena *a)
{
	static const struct alias majors[] = { { "AlmaLinux", "almalinux" },
					       { "Rocky Linux", "rocky" },
					       { "Debian", "debian" } };
	str found = alias_find(majors, ARRAY_LEN(majors), prefix);

	if (found.n)
		return with_release(found, major_of(release), a);
	if (str_is(prefix, "Alpine"))
		return with_release(S("alpine"),
				    str_starts(release, S("v")) ? str_skip(release, 1) : release,
				    a);
	/* "Ubuntu:Pro:18.04:LTS" is ESM; "Ubuntu:Pro:FIPS:20.04:LTS" and its like are products of their own. */
	if (str_is(prefix, "Ubuntu") && str_starts(release, S("Pro:")) &&
	    starts_with_digit(str_skip(release, 4)))
		return with_release(
			S("ubuntu-esm"),
			str_take(str_skip(release, 4), str_find(str_skip(release, 4), ':')), a);
	if (str_is(prefix, "Ubuntu") && starts_with_digit(release))
		return with_release(S("ubuntu"), str_take(release, str_find(release, ':')), a);
	if (str_is(prefix, "SUSE"))
		return ecosystem_of_suse(release, a);
	if (str_is(prefix, "openSUSE"))
		return ecosystem_of_suse(arena_printf(a, "openSUSE %.*s", STR_ARG(release)), a);
	if (str_is(prefix, "Photon OS"))
		return with_release(S("photon"), release, a);
	if (str_is(prefix, "Azure Linux"))
		return with_release(str_starts(release, S("3")) ? S("azurelinux") : S("mariner"),
				    str_find(release, '.') < release.n
					    ? release
					    : arena_printf(a, "%.*s.0", STR_ARG(release)),
				    a);
	/* "Red Hat:enterprise_linux:9::appstream": a CPE without its beginning */
	if (str_is(prefix, "Red Hat"))
		return redhat_cpe_namespace(ecosystem_product(release, a), a);
	return (str){ 0 };
}

str ecosystem_of_osv(str name, struct arena *a)
{
	static const struct alias names[] = {
		{ "npm", "npm" },
		{ "PyPI", "pypi" },
		{ "Go", "golang" },
		{ "crates.io", "cargo" },
		{ "RubyGems", "gem" },
		{ "NuGet", "nuget" },
		{ "Packagist", "composer" },
		{ "Pub", "pub" },
		{ "Hex", "hex" },
		{ "SwiftURL", "swift" },
		{ "ConanCenter", "conan" },
		{ "Wolfi", "wolfi" },
		{ "Chainguard", "chainguard" },
		{ "MinimOS", "minimos" },
		{ "Maven", "maven" },
	};
	str rest = name, prefix = str_cut(&rest, ':');
	str found = alias_find(names, ARRAY_LEN(names), prefix);

	return found.n ? found : linux_of_osv(prefix, rest, a);
}

str ecosystem_of_gitlab(str type)
{
	static const struct alias types[] = {
		{ "npm", "npm" },     { "pypi", "pypi" },
		{ "go", "golang" },   { "gem", "gem" },
		{ "maven", "maven" }, { "nuget", "nuget" },
		{ "conan", "conan" }, { "packagist", "composer" },
		{ "swift", "swift" }, { "cargo", "cargo" },
		{ "pub", "pub" },     { "hex", "hex" },
	};

	return alias_find(types, ARRAY_LEN(types), type);
}

#include "scan/package/third_party.h"

struct vendor {
	const char *id;
	const char *begins;
};

static const struct vendor rpm_vendors[] = {
#define RPM_VENDOR(id, begins) { id, begins },
#include "scan/package/third_party.def"
#undef RPM_VENDOR
};

static const struct vendor deb_origins[] = {
#define DEB_ORIGIN(id, begins) { id, begins },
#include "scan/package/third_party.def"
#undef DEB_ORIGIN
};

static const char *const foreign_maintainers[] = {
#define DEB_FOREIGN_MAINTAINER(part) part,
#include "scan/package/third_party.def"
#undef DEB_FOREIGN_MAINTAINER
};

static const char *const foreign_versions[] = {
#define DEB_FOREIGN_VERSION(part) part,
#include "scan/package/third_party.def"
#undef DEB_FOREIGN_VERSION
};

static bool starts_nocase(str s, str prefix)
{
	return s.n >= prefix.n && str_eq_nocase(str_take(s, prefix.n), prefix);
}

/* Whether the table knows the distribution, and the vendor is none of its own. */
static bool is_foreign(str vendor, str id, const struct vendor *table, size_t count)
{
	bool known = false;

	for (size_t i = 0; i < count; i++) {
		if (!str_is(id, table[i].id))
			continue;
		if (starts_nocase(vendor, str_from(table[i].begins)))
			return false;
		known = true;
	}
	return known;
}

static bool has_any(str s, const char *const *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_search(s, str_from(parts[i])) < s.n)
			return true;
	return false;
}

static bool is_foreign_deb(const struct package *p, str id)
{
	if (has_any(p->version, foreign_versions, ARRAY_LEN(foreign_versions)))
		return true;
	/* A Maintainer has an address, or at least a link, in angle brackets; an Origin is a bare name. */
	if (str_find(p->vendor, '<') == p->vendor.n)
		return p->vendor.n &&
		       is_foreign(p->vendor, id, deb_origins, ARRAY_LEN(deb_origins));
	return has_any(p->vendor, foreign_maintainers, ARRAY_LEN(foreign_maintainers));
}

bool package_is_third_party(const struct package *p, const struct os *o)
{
	if (str_is(p->type, "rpm"))
		return p->vendor.n &&
		       is_foreign(p->vendor, o->id, rpm_vendors, ARRAY_LEN(rpm_vendors));
	return str_is(p->type, "deb") && is_foreign_deb(p, o->id);
}

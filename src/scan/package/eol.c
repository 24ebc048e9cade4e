#include "scan/package/eol.h"

enum match { PREFIX, EXACT };

static const struct row {
	const char *id, *release;
	enum match match;
	const char *codename, *end, *extended;
} rows[] = {
#define X(id, release, match, codename, end, extended) \
	{ id, release, match, codename, end, extended },
#include "scan/package/eol.def"
#undef X
};

static bool covers(const struct row *row, str version)
{
	str release = str_from(row->release);

	if (!release.n || str_eq(version, release))
		return true;
	return row->match == PREFIX && str_starts(version, release) && version.p[release.n] == '.';
}

/* Debian's long-term support is free and its advisories (DLA) are part of the public feed; others sell theirs. */
static str public_end(const struct row *row)
{
	bool is_free = str_is(S("debian"), row->id) && row->extended[0];

	return str_from(is_free ? row->extended : row->end);
}

bool eol_find(str id, str version, struct eol_release *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!str_is(id, rows[i].id) || !covers(&rows[i], version))
			continue;
		*ret = (struct eol_release){ .id = str_from(rows[i].id),
					     .release = str_from(rows[i].release),
					     .codename = str_from(rows[i].codename),
					     .end = str_from(rows[i].end),
					     .extended = str_from(rows[i].extended),
					     .public_end = public_end(&rows[i]) };
		return true;
	}
	return false;
}

str eol_release_of_codename(str id, str codename)
{
	for (size_t i = 0; i < ARRAY_LEN(rows) && codename.n; i++)
		if (str_is(id, rows[i].id) && str_is(codename, rows[i].codename))
			return str_from(rows[i].release);
	return (str){ NULL, 0 };
}

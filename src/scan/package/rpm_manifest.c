#include "scan/package/rpm_manifest.h"

enum { FIELD_NAME, FIELD_VERSION, FIELD_VENDOR = 4, FIELD_ARCH = 7, FIELD_EPOCH, FIELD_SOURCE };
enum { FIELDS = FIELD_SOURCE + 1, MAX_FIELD = 4096 };

bool rpm_manifest_source(str file, str *ret_name, str *ret_version)
{
	str nvr = file;
	size_t dash, before;

	if (!str_ends(nvr, S(".rpm")))
		return false;
	nvr.n -= 4;
	nvr = str_take(nvr, str_find_last(nvr, '.'));
	dash = str_find_last(nvr, '-');
	before = str_find_last(str_take(nvr, dash), '-');
	if (dash == nvr.n || before == dash || !before || dash + 1 == nvr.n || before + 1 == dash)
		return false;
	*ret_name = str_take(nvr, before);
	*ret_version = str_skip(nvr, before + 1);
	return true;
}

/* rpm prints an absent tag as "(none)". */
static str tag(str s)
{
	return str_is(s, "(none)") ? (str){ NULL, 0 } : s;
}

static int take(str fields[FIELDS], uint32_t no, str db_path, struct arena *a, struct package *p)
{
	str epoch = tag(fields[FIELD_EPOCH]);
	str source, source_version;

	*p = (struct package){ .type = S("rpm"),
			       .name = arena_str(a, fields[FIELD_NAME]),
			       .version = arena_str(a, fields[FIELD_VERSION]),
			       .arch = arena_str(a, tag(fields[FIELD_ARCH])),
			       .vendor = arena_str(a, tag(fields[FIELD_VENDOR])),
			       .db_path = db_path,
			       .line = no };
	if (epoch.n && !str_is(epoch, "0"))
		p->version = arena_printf(a, "%.*s:%.*s", STR_ARG(epoch),
					  STR_ARG(fields[FIELD_VERSION]));
	p->source_name = p->name;
	p->source_version = p->version;
	if (rpm_manifest_source(fields[FIELD_SOURCE], &source, &source_version)) {
		p->source_name = arena_str(a, source);
		p->source_version = arena_str(a, source_version);
	}
	return p->name.p && p->version.p && p->arch.p && p->vendor.p && p->source_name.p &&
			       p->source_version.p
		       ? 0
		       : -ENOBUFS;
}

static bool cut(str line, str fields[FIELDS])
{
	size_t n = 0;

	for (; n < FIELDS && line.n; n++) {
		fields[n] = str_trim(str_cut(&line, '\t'));
		if (fields[n].n > MAX_FIELD)
			return false;
	}
	return fields[FIELD_NAME].n && fields[FIELD_VERSION].n &&
	       !str_is(fields[FIELD_VERSION], "-");
}

int rpm_manifest_parse(str text, str db_path, const struct limits *l, struct arena *a,
		       struct rpm_manifest *ret, struct err *e)
{
	struct rpm_manifest out = { 0 };
	struct package_list *list = &out.packages;

	for (uint32_t no = 1; text.n; no++) {
		str line = str_line(&text);
		str fields[FIELDS] = { 0 };
		struct package *p;

		if (str_trim(line).n == 0)
			continue;
		if (!cut(line, fields)) {
			out.first_skip = out.skipped++ ? out.first_skip : no;
			continue;
		}
		if (list->count >= l->packages) {
			out.over++;
			continue;
		}
		p = ARENA_PUSH(a, list->items, list->count, list->cap);
		if (!p || take(fields, no, db_path, a, p) < 0)
			return err_set(e, ENOBUFS, "rpm manifest: memory budget spent");
	}
	*ret = out;
	return 0;
}

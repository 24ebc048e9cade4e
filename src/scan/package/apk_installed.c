#include "scan/package/apk_installed.h"

#include "scan/package/owned_paths.h"

struct record {
	bool open;
	bool too_long;
	uint32_t line;
	str name, version, arch, origin, license;
	str folder;
};

struct reader {
	struct apk_installed out;
	struct record record;
	struct owned_paths owned;
	const struct limits *limits;
	struct arena *arena;
	str db_path;
	struct err *e;
};

static bool is_sound(const struct record *r)
{
	return r->name.n && r->version.n && !r->too_long;
}

static int keep(struct reader *d)
{
	const struct record *r = &d->record;
	struct package_list *l = &d->out.packages;
	struct package *p = ARENA_PUSH(d->arena, l->items, l->count, l->cap);

	if (!p)
		return -ENOBUFS;
	*p = (struct package){ .type = S("apk"),
			       .name = arena_str(d->arena, r->name),
			       .version = arena_str(d->arena, r->version),
			       .arch = arena_str(d->arena, r->arch),
			       .license = arena_str(d->arena, r->license),
			       .db_path = d->db_path,
			       .line = r->line };
	p->source_name = r->origin.n ? arena_str(d->arena, r->origin) : p->name;
	p->source_version = p->version;
	if (!p->name.p || !p->version.p || !p->arch.p || !p->license.p || !p->source_name.p)
		return -ENOBUFS;
	return owned_paths_give(&d->owned, d->arena, p, NULL);
}

static int close_record(struct reader *d)
{
	struct record r = d->record;
	int result = 0;

	if (!r.open)
		return 0;
	if (!is_sound(&r))
		d->out.first_skip = d->out.skipped++ ? d->out.first_skip : r.line;
	else if (d->out.packages.count >= d->limits->packages)
		d->out.over++;
	else
		result = keep(d);
	d->owned.count = 0;
	d->record = (struct record){ 0 };
	return result < 0 ? err_set(d->e, -result, "apk database: memory budget spent") : 0;
}

static void take_field(struct reader *d, str line)
{
	struct record *r = &d->record;
	str value = str_skip(line, 2);

	switch (line.p[0]) {
	case 'P':
		r->name = value;
		break;
	case 'V':
		r->version = value;
		break;
	case 'A':
		r->arch = value;
		break;
	case 'o':
		r->origin = value;
		break;
	case 'L':
		r->license = value;
		break;
	case 'F':
		r->folder = value;
		return;
	case 'R':
		owned_paths_add_in(&d->owned, r->folder, value);
		return;
	default:
		return;
	}
	r->too_long |= value.n > APK_INSTALLED_MAX_FIELD;
}

static int read_all(struct reader *d, str text)
{
	int r = 0;

	for (uint32_t no = 1; text.n && r == 0; no++) {
		str line = str_line(&text);

		if (str_trim(line).n == 0) {
			r = close_record(d);
			continue;
		}
		if (!d->record.open)
			d->record = (struct record){ .open = true, .line = no };
		if (line.n >= 2 && line.p[1] == ':')
			take_field(d, line);
	}
	return r < 0 ? r : close_record(d);
}

int apk_installed_parse(str text, str db_path, const struct limits *l, struct arena *a,
			struct apk_installed *ret, struct err *e)
{
	struct reader d = { .limits = l, .arena = a, .db_path = db_path, .e = e };
	int r = read_all(&d, text);

	d.out.unowned = d.owned.dropped;
	owned_paths_done(&d.owned);
	if (r == 0)
		*ret = d.out;
	return r;
}

/* "v3.19" as 3019; edge above all; anything else, such as latest-stable, below all. */
static uint32_t rank(str branch)
{
	str rest = str_skip(branch, 1);
	str major = str_cut(&rest, '.');
	uint32_t x, y;

	if (str_is(branch, "edge"))
		return UINT32_MAX;
	if (branch.p[0] != 'v' || str_u32(major, &x) < 0 || str_u32(rest, &y) < 0 || x > 1000 ||
	    y > 999)
		return 1;
	return x * 1000 + y + 2;
}

static str branch_of(str line)
{
	str last, url = str_trim(line);

	if (!url.n || url.p[0] == '#' || url.p[0] == '@')
		return (str){ NULL, 0 };
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	last = str_skip(url, str_find_last(url, '/') + 1);
	if (!str_is(last, "main") && !str_is(last, "community"))
		return (str){ NULL, 0 };
	url = str_take(url, url.n - last.n - 1);
	return str_skip(url, str_find_last(url, '/') + 1);
}

str apk_repositories_branch(str text)
{
	str best = { NULL, 0 };

	while (text.n) {
		str branch = branch_of(str_line(&text));

		if (branch.n && branch.n <= 64 && (!best.n || rank(branch) > rank(best)))
			best = branch;
	}
	return best;
}

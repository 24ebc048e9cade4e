#include "scan/package/rpm_db.h"

#include "codec/rpm_bdb.h"
#include "codec/rpm_header.h"
#include "codec/rpm_ndb.h"
#include "codec/rpm_sqlite.h"
#include "scan/package/owned_paths.h"
#include "scan/package/rpm_manifest.h"

enum { MAX_FIELD = 4096, MAX_FOLDERS = 1 << 20, MODE_TYPE = 0170000, MODE_FOLDER = 0040000 };

struct reader {
	str path;
	const struct limits *limits;
	struct arena *arena;
	struct gap_list *gaps;
	struct package_list packages;
	struct owned_paths owned;
	str *folders; /* of the header at hand; malloc'd */
	size_t folder_count, folder_cap;
	size_t over;
	uint64_t damaged;
	uint64_t first_offset;
	const char *first_what;
};

static void damage(void *ctx, uint64_t offset, const char *what)
{
	struct reader *d = ctx;

	if (!d->damaged++) {
		d->first_offset = offset;
		d->first_what = what;
	}
}

/* The folders of a header by number: files refer to them in any order. */
static int list_folders(struct reader *d, const struct rpm_header *h)
{
	struct rpm_strings names = rpm_header_strings(h, RPM_TAG_DIRNAMES);
	str name;

	d->folder_count = 0;
	while (d->folder_count < MAX_FOLDERS && rpm_strings_next(&names, &name)) {
		if (d->folder_count == d->folder_cap) {
			size_t cap = d->folder_cap ? d->folder_cap * 2 : 256;
			str *grown = reallocarray(d->folders, cap, sizeof(*grown));

			if (!grown)
				return -ENOBUFS;
			d->folders = grown;
			d->folder_cap = cap;
		}
		d->folders[d->folder_count++] = name;
	}
	return 0;
}

static int own_split_names(struct reader *d, const struct rpm_header *h)
{
	struct rpm_strings bases = rpm_header_strings(h, RPM_TAG_BASENAMES);
	struct rpm_numbers folder_of = rpm_header_numbers(h, RPM_TAG_DIRINDEXES);
	struct rpm_numbers modes = rpm_header_numbers(h, RPM_TAG_FILEMODES);
	str base;

	if (list_folders(d, h) < 0)
		return -ENOBUFS;
	for (uint32_t i = 0; i < folder_of.count && rpm_strings_next(&bases, &base); i++) {
		uint32_t folder = rpm_numbers_at(&folder_of, i);

		if (i < modes.count && (rpm_numbers_at(&modes, i) & MODE_TYPE) == MODE_FOLDER)
			continue;
		if (folder < d->folder_count)
			owned_paths_add_in(&d->owned, d->folders[folder], base);
		else
			d->owned.dropped++;
	}
	return 0;
}

static void own_whole_names(struct reader *d, const struct rpm_header *h)
{
	struct rpm_strings names = rpm_header_strings(h, RPM_TAG_OLDFILENAMES);
	str name;

	while (rpm_strings_next(&names, &name))
		owned_paths_add(&d->owned, name);
}

/* Not empty, not long, and without blanks or control characters. */
static bool is_word(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return s.n && s.n <= MAX_FIELD;
}

static str text(struct reader *d, const struct rpm_header *h, enum rpm_tag tag)
{
	str s = str_take(rpm_header_str(h, tag), MAX_FIELD);

	return arena_str(d->arena, str_is(s, "(none)") ? (str){ NULL, 0 } : s);
}

static str version_of(struct reader *d, const struct rpm_header *h)
{
	struct rpm_numbers epoch = rpm_header_numbers(h, RPM_TAG_EPOCH);
	str version = rpm_header_str(h, RPM_TAG_VERSION);
	str release = rpm_header_str(h, RPM_TAG_RELEASE);
	uint32_t n = epoch.count ? rpm_numbers_at(&epoch, 0) : 0;

	if (n)
		return arena_printf(d->arena, "%u:%.*s-%.*s", n, STR_ARG(version),
				    STR_ARG(release));
	return arena_printf(d->arena, "%.*s-%.*s", STR_ARG(version), STR_ARG(release));
}

static int keep(struct reader *d, const struct rpm_header *h)
{
	struct package_list *l = &d->packages;
	struct package *p = ARENA_PUSH(d->arena, l->items, l->count, l->cap);
	str source, source_version;

	if (!p)
		return -ENOBUFS;
	*p = (struct package){ .type = S("rpm"),
			       .name = text(d, h, RPM_TAG_NAME),
			       .version = version_of(d, h),
			       .arch = text(d, h, RPM_TAG_ARCH),
			       .module = text(d, h, RPM_TAG_MODULARITYLABEL),
			       .vendor = text(d, h, RPM_TAG_VENDOR),
			       .license = text(d, h, RPM_TAG_LICENSE),
			       .db_path = d->path };
	p->source_name = p->name;
	p->source_version = p->version;
	if (rpm_manifest_source(str_take(rpm_header_str(h, RPM_TAG_SOURCERPM), MAX_FIELD), &source,
				&source_version)) {
		p->source_name = arena_str(d->arena, source);
		p->source_version = arena_str(d->arena, source_version);
	}
	if (!p->name.p || !p->version.p || !p->arch.p || !p->module.p || !p->vendor.p ||
	    !p->license.p || !p->source_name.p || !p->source_version.p)
		return -ENOBUFS;
	if (own_split_names(d, h) < 0)
		return -ENOBUFS;
	own_whole_names(d, h);
	return owned_paths_give(&d->owned, d->arena, p, NULL);
}

static int take_blob(void *ctx, str blob)
{
	struct reader *d = ctx;
	struct rpm_header h;
	str name;

	if (rpm_header_parse(blob, &h, NULL) < 0) {
		damage(d, 0, "a header's sizes are wrong");
		return 0;
	}
	name = rpm_header_str(&h, RPM_TAG_NAME);
	if (!is_word(name) || !is_word(rpm_header_str(&h, RPM_TAG_VERSION)) ||
	    !is_word(rpm_header_str(&h, RPM_TAG_RELEASE))) {
		damage(d, 0, "a header has no name or version");
		return 0;
	}
	if (h.bad_entries)
		damage(d, 0, "an entry of a header is broken");
	else if (!rpm_header_is_genuine(&h))
		damage(d, 0, "a header does not match its digest");
	if (str_is(name, "gpg-pubkey"))
		return 0;
	if (d->packages.count >= d->limits->packages) {
		d->over++;
		return 0;
	}
	return keep(d, &h);
}

static int read_any(str bytes, str wal, const struct rpm_sink *sink, struct err *e)
{
	if (rpm_sqlite_is(bytes, wal))
		return rpm_sqlite_read(bytes, wal, sink, e);
	if (rpm_ndb_is(bytes))
		return rpm_ndb_read(bytes, sink, e);
	if (rpm_bdb_is(bytes))
		return rpm_bdb_read(bytes, sink, e);
	return err_set(e, EBADMSG, "the bytes are of none of rpm's database formats");
}

int rpm_db_read(str path, str bytes, str wal, const struct limits *l, struct arena *a,
		struct package_list *ret, struct gap_list *gaps, struct err *e)
{
	struct reader d = { .path = path, .limits = l, .arena = a, .gaps = gaps };
	const struct rpm_sink sink = { .ctx = &d, .blob = take_blob, .damage = damage };
	struct err said = { 0 };
	int r = read_any(bytes, wal, &sink, &said);

	if (d.owned.dropped)
		gap_add(gaps, a, GAP_LIMIT, path,
			"%zu files, over the limit or in no folder, are not known to be a "
			"package's",
			d.owned.dropped);
	owned_paths_done(&d.owned);
	free(d.folders);
	if (r == -EBADMSG)
		gap_add(gaps, a, GAP_MALFORMED, path, "%s", said.text);
	else if (r < 0)
		return err_set(e, ENOBUFS, "rpm database: memory budget spent");
	if (d.damaged)
		gap_add(gaps, a, GAP_MALFORMED, path,
			"%llu damaged places, the first at byte %llu: %s; %zu packages were read",
			(unsigned long long)d.damaged, (unsigned long long)d.first_offset,
			d.first_what, d.packages.count);
	if (d.over)
		gap_add(gaps, a, GAP_LIMIT, path,
			"%zu packages over the limit of %llu were not read", d.over,
			(unsigned long long)l->packages);
	*ret = d.packages;
	return 0;
}

#include "scan/package/package_db.h"

#include "scan/package/apk_installed.h"
#include "scan/package/build_dockerfile.h"
#include "scan/package/content_manifest.h"
#include "scan/package/dpkg_status.h"
#include "scan/package/os_release.h"
#include "scan/package/owned_paths.h"
#include "scan/package/pacman_desc.h"
#include "scan/package/rpm_db.h"
#include "scan/package/rpm_manifest.h"

enum fit { FIT_WHOLE, FIT_END, FIT_BEGIN };

/* A wanted file: a folder and the name of what lies directly in it, or how it ends or begins; "" then means any name. */
struct place {
	str folder;
	str name;
	enum evidence_kind kind;
	enum fit fit;
};

/* Of two that fit, the first counts. */
static const struct place places[] = {
	{ S("var/lib/dpkg"), S("status"), EVIDENCE_DPKG_STATUS, FIT_WHOLE },
	{ S("var/lib/dpkg/status.d"), S(".md5sums"), EVIDENCE_DPKG_LIST, FIT_END },
	{ S("var/lib/dpkg/status.d"), S(""), EVIDENCE_DPKG_FRAGMENT, FIT_END },
	{ S("var/lib/dpkg/info"), S(".list"), EVIDENCE_DPKG_LIST, FIT_END },
	{ S("lib/apk/db"), S("installed"), EVIDENCE_APK_INSTALLED, FIT_WHOLE },
	{ S("usr/lib/apk/db"), S("installed"), EVIDENCE_APK_INSTALLED, FIT_WHOLE },
	{ S("etc/apk"), S("repositories"), EVIDENCE_APK_REPOSITORIES, FIT_WHOLE },
	{ S("var/lib/rpm"), S("Packages"), EVIDENCE_RPMDB, FIT_WHOLE },
	{ S("var/lib/rpm"), S("Packages.db"), EVIDENCE_RPMDB, FIT_WHOLE },
	{ S("var/lib/rpm"), S("rpmdb.sqlite"), EVIDENCE_RPMDB, FIT_WHOLE },
	{ S("usr/lib/sysimage/rpm"), S("Packages"), EVIDENCE_RPMDB, FIT_WHOLE },
	{ S("usr/lib/sysimage/rpm"), S("Packages.db"), EVIDENCE_RPMDB, FIT_WHOLE },
	{ S("usr/lib/sysimage/rpm"), S("rpmdb.sqlite"), EVIDENCE_RPMDB, FIT_WHOLE },
	{ S("usr/share/rpm"), S("Packages"), EVIDENCE_RPMDB, FIT_WHOLE },
	{ S("usr/share/rpm"), S("Packages.db"), EVIDENCE_RPMDB, FIT_WHOLE },
	{ S("usr/share/rpm"), S("rpmdb.sqlite"), EVIDENCE_RPMDB, FIT_WHOLE },
	{ S("var/lib/rpmmanifest"), S("container-manifest-2"), EVIDENCE_RPM_MANIFEST, FIT_WHOLE },
	{ S("root/buildinfo/content_manifests"), S(".json"), EVIDENCE_CONTENT_MANIFEST, FIT_END },
	{ S("usr/share/buildinfo"), S("content-sets.json"), EVIDENCE_CONTENT_MANIFEST, FIT_WHOLE },
	{ S("root/buildinfo"), S("Dockerfile-"), EVIDENCE_BUILD_DOCKERFILE, FIT_BEGIN },
};

/* Here each package has a folder of its own. */
static const str pacman_folder = { "var/lib/pacman/local", 20 };

static void split(str path, str *ret_folder, str *ret_name)
{
	size_t slash = str_find_last(path, '/');

	*ret_folder = str_take(path, slash < path.n ? slash : 0);
	*ret_name = slash < path.n ? str_skip(path, slash + 1) : path;
}

static bool fits(const struct place *p, str folder, str name)
{
	if (!str_eq(folder, p->folder) || !name.n)
		return false;
	if (p->fit == FIT_WHOLE)
		return str_eq(name, p->name);
	return p->fit == FIT_BEGIN ? str_starts(name, p->name)
				   : name.p[0] != '.' && str_ends(name, p->name);
}

static bool is_pacman_package(str folder)
{
	str above, package;

	split(folder, &above, &package);
	return package.n && str_eq(above, pacman_folder);
}

bool package_db_wants(str path, enum evidence_kind *ret_kind)
{
	str folder, name;

	if (os_release_wants(path)) {
		*ret_kind = EVIDENCE_OS_RELEASE;
		return true;
	}
	split(path, &folder, &name);
	if (str_is(name, "desc") && is_pacman_package(folder)) {
		*ret_kind = EVIDENCE_PACMAN_DESC;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (fits(&places[i], folder, name)) {
			*ret_kind = places[i].kind;
			return true;
		}
	return false;
}

static bool is_at_or_above(str path, str folder)
{
	return str_eq(path, folder) ||
	       (path.n && path.n < folder.n && folder.p[path.n] == '/' && str_starts(folder, path));
}

bool package_db_is_on_the_way(str path)
{
	enum evidence_kind kind;

	if (package_db_wants(path, &kind) || is_at_or_above(path, pacman_folder) ||
	    is_pacman_package(path))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (is_at_or_above(path, places[i].folder))
			return true;
	for (size_t i = 0; os_release_path(i).n; i++)
		if (is_at_or_above(path, os_release_path(i)))
			return true;
	return false;
}

str package_db_companion(str path, struct arena *a)
{
	enum evidence_kind kind;

	if (!package_db_wants(path, &kind) || kind != EVIDENCE_RPMDB ||
	    !str_ends(path, S("/rpmdb.sqlite")))
		return (str){ NULL, 0 };
	return arena_printf(a, "%.*s-wal", STR_ARG(path));
}

/* What all readers need. */
struct input {
	str path; /* owned by the arena */
	str bytes;
	str companion;
	const struct limits *limits;
	struct arena *arena;
	struct gap_list *gaps;
	struct err *e;
};

static void skipped_gap(const struct input *in, const char *what, size_t count, uint32_t line)
{
	if (count)
		gap_add(in->gaps, in->arena, GAP_MALFORMED, in->path,
			"%zu %s could not be used, the first at line %u", count, what, line);
}

static void over_gap(const struct input *in, size_t count)
{
	if (count)
		gap_add(in->gaps, in->arena, GAP_LIMIT, in->path,
			"%zu packages over the limit of %llu were not read", count,
			(unsigned long long)in->limits->packages);
}

static void unowned_gap(const struct input *in, size_t count)
{
	if (count)
		gap_add(in->gaps, in->arena, GAP_LIMIT, in->path,
			"%zu files over the limit of %d are not known to be a package's", count,
			OWNED_PATHS_MAX);
}

static int read_dpkg_status(const struct input *in, struct evidence *v)
{
	struct dpkg_status s;
	size_t kept;
	int r = dpkg_status_parse(in->bytes, in->arena, &s, in->e);

	if (r < 0)
		return r;
	kept = MIN(s.count, in->limits->packages);
	v->packages.items = ARENA_ARRAY(in->arena, kept, struct package);
	if (!v->packages.items)
		return err_set(in->e, ENOBUFS, "dpkg status: memory budget spent");
	for (size_t i = 0; i < kept; i++) {
		const struct dpkg_package *from = &s.packages[i];
		struct package *p = &v->packages.items[i];

		*p = (struct package){ .type = S("deb"),
				       .name = arena_str(in->arena, from->name),
				       .version = arena_str(in->arena, from->version),
				       .arch = arena_str(in->arena, from->arch),
				       .source_name = arena_str(in->arena, from->source),
				       .source_version = arena_str(in->arena, from->source_version),
				       .vendor = arena_str(in->arena, from->vendor),
				       .db_path = in->path,
				       .line = from->line };
		if (!p->name.p || !p->version.p || !p->arch.p || !p->source_name.p ||
		    !p->source_version.p || !p->vendor.p)
			return err_set(in->e, ENOBUFS, "dpkg status: memory budget spent");
	}
	v->packages.count = v->packages.cap = kept;
	skipped_gap(in, "stanzas", s.skipped, s.first_skip);
	over_gap(in, s.count - kept);
	return 0;
}

/* The package's name is the file's: "info/libc6:amd64.list", "status.d/base-files.md5sums". */
static int read_dpkg_list(const struct input *in, struct evidence *v)
{
	struct package *p = ARENA_NEW(in->arena, struct package);
	struct owned_paths owned = { 0 };
	bool is_list = str_ends(in->path, S(".list"));
	str folder, name, arch;
	int r;

	if (!p)
		return err_set(in->e, ENOBUFS, "dpkg list: memory budget spent");
	split(in->path, &folder, &name);
	arch = str_take(name, name.n - (is_list ? 5 : 8));
	name = str_cut(&arch, ':');
	if (!name.n) {
		gap_add(in->gaps, in->arena, GAP_MALFORMED, in->path, "the file names no package");
		return 0;
	}
	*p = (struct package){ .type = S("deb"), .name = name, .arch = arch, .db_path = in->path };
	if (is_list)
		owned_paths_read_list(&owned, in->bytes);
	else
		owned_paths_read_sums(&owned, in->bytes);
	r = owned_paths_give(&owned, in->arena, p, in->e);
	unowned_gap(in, owned.dropped);
	owned_paths_done(&owned);
	if (r == 0)
		v->packages = (struct package_list){ p, 1, 1 };
	return r;
}

static int read_apk(const struct input *in, struct evidence *v)
{
	struct apk_installed d;
	int r = apk_installed_parse(in->bytes, in->path, in->limits, in->arena, &d, in->e);

	if (r < 0)
		return r;
	v->packages = d.packages;
	skipped_gap(in, "records", d.skipped, d.first_skip);
	over_gap(in, d.over);
	unowned_gap(in, d.unowned);
	return 0;
}

static int read_pacman(const struct input *in, struct evidence *v)
{
	struct package *p = ARENA_NEW(in->arena, struct package);
	struct err said = { 0 };
	int r = p ? pacman_desc_parse(in->bytes, in->path, in->arena, p, &said) : -ENOBUFS;

	if (r == -EBADMSG) {
		gap_add(in->gaps, in->arena, GAP_MALFORMED, in->path, "%s", said.text);
		return 0;
	}
	if (r < 0)
		return err_set(in->e, ENOBUFS, "pacman database: memory budget spent");
	v->packages = (struct package_list){ p, 1, 1 };
	return 0;
}

static int read_rpm_manifest(const struct input *in, struct evidence *v)
{
	struct rpm_manifest m;
	int r = rpm_manifest_parse(in->bytes, in->path, in->limits, in->arena, &m, in->e);

	if (r < 0)
		return r;
	v->packages = m.packages;
	skipped_gap(in, "lines", m.skipped, m.first_skip);
	over_gap(in, m.over);
	return 0;
}

static int read_os_release(const struct input *in, struct evidence *v)
{
	struct err said = { 0 };
	int r = os_release_read(in->path, in->bytes, in->arena, &v->os, &said);

	if (r == -ENOENT) {
		gap_add(in->gaps, in->arena, GAP_MALFORMED, in->path,
			"the file names no operating system");
		return 0;
	}
	return r < 0 ? err_set(in->e, -r, "%s", said.text) : 0;
}

static int read_content_manifest(const struct input *in, struct evidence *v)
{
	struct err said = { 0 };
	int r = content_manifest_parse(in->bytes, in->arena, &v->content_sets, &said);

	if (r == -EBADMSG || r == -E2BIG) {
		gap_add(in->gaps, in->arena, r == -E2BIG ? GAP_LIMIT : GAP_MALFORMED, in->path,
			"%s", said.text);
		return 0;
	}
	return r < 0 ? err_set(in->e, -r, "%s", said.text) : 0;
}

static int read_build_dockerfile(const struct input *in, struct evidence *v)
{
	struct err said = { 0 };
	str build = { 0 };
	int r = build_dockerfile_parse(in->path, in->bytes, in->arena, &build, &said);

	if (r == -EBADMSG || r == -E2BIG) {
		gap_add(in->gaps, in->arena, r == -E2BIG ? GAP_LIMIT : GAP_MALFORMED, in->path,
			"%s", said.text);
		return 0;
	}
	if (r < 0)
		return err_set(in->e, -r, "%s", said.text);
	if (build.n) {
		v->content_sets =
			arena_printf(in->arena, PACKAGE_BUILD_WORD "%.*s", STR_ARG(build));
		if (!v->content_sets.p)
			return err_set(in->e, ENOBUFS, "memory budget spent");
	}
	return 0;
}

static int read_apk_repositories(const struct input *in, struct evidence *v)
{
	v->os.repository = arena_str(in->arena, apk_repositories_branch(in->bytes));
	return v->os.repository.p ? 0 : err_set(in->e, ENOBUFS, "memory budget spent");
}

static int dispatch(enum evidence_kind kind, const struct input *in, struct evidence *v)
{
	switch (kind) {
	case EVIDENCE_DPKG_STATUS:
	case EVIDENCE_DPKG_FRAGMENT:
		return read_dpkg_status(in, v);
	case EVIDENCE_DPKG_LIST:
		return read_dpkg_list(in, v);
	case EVIDENCE_APK_INSTALLED:
		return read_apk(in, v);
	case EVIDENCE_PACMAN_DESC:
		return read_pacman(in, v);
	case EVIDENCE_RPMDB:
		return rpm_db_read(in->path, in->bytes, in->companion, in->limits, in->arena,
				   &v->packages, in->gaps, in->e);
	case EVIDENCE_RPM_MANIFEST:
		return read_rpm_manifest(in, v);
	case EVIDENCE_OS_RELEASE:
		return read_os_release(in, v);
	case EVIDENCE_APK_REPOSITORIES:
		return read_apk_repositories(in, v);
	case EVIDENCE_CONTENT_MANIFEST:
		return read_content_manifest(in, v);
	case EVIDENCE_BUILD_DOCKERFILE:
		return read_build_dockerfile(in, v);
	case EVIDENCE_KIND_COUNT:
		break;
	}
	return err_set(in->e, EINVAL, "no reader for %.*s", STR_ARG(in->path));
}

int package_db_read(enum evidence_kind kind, str path, str bytes, str companion,
		    const struct limits *l, struct arena *a, struct evidence *ret,
		    struct gap_list *gaps, struct err *e)
{
	struct input in = { .path = arena_str(a, path),
			    .bytes = bytes,
			    .companion = companion,
			    .limits = l,
			    .arena = a,
			    .gaps = gaps,
			    .e = e };
	struct evidence v = { .kind = kind, .path = in.path };
	int r = in.path.p ? dispatch(kind, &in, &v) : err_set(e, ENOBUFS, "memory budget spent");

	if (r < 0)
		return err_wrap(e, r, "%.*s", STR_ARG(path));
	*ret = v;
	return 0;
}

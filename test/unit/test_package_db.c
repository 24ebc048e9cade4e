#include "unit.h"

#include "scan/package/package_db.h"
#include "scan/package/third_party.h"

static void wants_the_databases(void **state UNUSED)
{
	static const struct {
		const char *path;
		int kind; /* -1: not wanted */
	} cases[] = {
		{ "var/lib/dpkg/status", EVIDENCE_DPKG_STATUS },
		{ "var/lib/dpkg/status-old", -1 },
		{ "var/lib/dpkg/status.d/base", EVIDENCE_DPKG_FRAGMENT },
		{ "var/lib/dpkg/status.d/base.md5sums", EVIDENCE_DPKG_LIST },
		{ "var/lib/dpkg/status.d/.hidden", -1 },
		{ "var/lib/dpkg/info/libc6:amd64.list", EVIDENCE_DPKG_LIST },
		{ "var/lib/dpkg/info/libc6.postinst", -1 },
		{ "lib/apk/db/installed", EVIDENCE_APK_INSTALLED },
		{ "usr/lib/apk/db/installed", EVIDENCE_APK_INSTALLED },
		{ "etc/apk/repositories", EVIDENCE_APK_REPOSITORIES },
		{ "var/lib/rpm/Packages", EVIDENCE_RPMDB },
		{ "usr/lib/sysimage/rpm/Packages.db", EVIDENCE_RPMDB },
		{ "usr/share/rpm/rpmdb.sqlite", EVIDENCE_RPMDB },
		{ "var/lib/rpm/rpmdb.sqlite-wal", -1 },
		{ "var/lib/rpm/Name", -1 },
		{ "var/lib/rpmmanifest/container-manifest-2", EVIDENCE_RPM_MANIFEST },
		{ "root/buildinfo/content_manifests/ubi8.json", EVIDENCE_CONTENT_MANIFEST },
		{ "usr/share/buildinfo/content-sets.json", EVIDENCE_CONTENT_MANIFEST },
		{ "usr/share/buildinfo/labels.json", -1 },
		{ "var/lib/pacman/local/bash-5.1-1/desc", EVIDENCE_PACMAN_DESC },
		{ "var/lib/pacman/local/desc", -1 },
		{ "var/lib/pacman/local/a/b/desc", -1 },
		{ "etc/os-release", EVIDENCE_OS_RELEASE },
		{ "etc/SuSE-release", EVIDENCE_OS_RELEASE },
		{ "home/x/etc/os-release", -1 },
		{ "", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum evidence_kind kind = EVIDENCE_KIND_COUNT;
		bool wanted = package_db_wants(str_from(cases[i].path), &kind);

		if (wanted != (cases[i].kind >= 0) || (wanted && (int)kind != cases[i].kind))
			fail_msg("%s: %d", cases[i].path, (int)kind);
	}
}

static void knows_what_is_on_the_way(void **state UNUSED)
{
	static const char *const yes[] = { "var",
					   "var/lib",
					   "var/lib/dpkg",
					   "usr/lib",
					   "usr/lib/sysimage/rpm",
					   "lib",
					   "etc/os-release",
					   "var/lib/rpm/Packages",
					   "root/buildinfo" };
	static const char *const no[] = {
		"",       "va",   "vary",    "var/lib/pacman/sync", "var/lib/pacman/local/a/b",
		"var/li", "home", "usr/bin", "var/lib/dpkg/statusx"
	};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (!package_db_is_on_the_way(str_from(yes[i])))
			fail_msg("%s", yes[i]);
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (package_db_is_on_the_way(str_from(no[i])))
			fail_msg("%s", no[i]);
}

struct outcome {
	struct arena arena;
	struct gap_list gaps;
	struct evidence evidence;
};

static void read_file(const char *path, str bytes, struct outcome *o)
{
	struct limits l = limits_default();
	enum evidence_kind kind;
	struct err e = { 0 };

	*o = (struct outcome){ 0 };
	arena_init(&o->arena, 16 * MIB);
	assert_true(package_db_wants(str_from(path), &kind));
	if (package_db_read(kind, str_from(path), bytes, S(""), &l, &o->arena, &o->evidence,
			    &o->gaps, &e) < 0)
		fail_msg("%s: %s", path, e.text);
	assert_str(o->evidence.path, path);
}

static void reads_each_kind(void **state UNUSED)
{
	struct outcome o;

	read_file("var/lib/dpkg/status", S("Package: a\nVersion: 1\n\nPackage: b\n"), &o);
	assert_int_equal(o.evidence.packages.count, 1);
	assert_str(o.evidence.packages.items[0].type, "deb");
	assert_str(o.evidence.packages.items[0].db_path, "var/lib/dpkg/status");
	assert_int_equal(o.gaps.count, 1);
	assert_int_equal(o.gaps.items[0].kind, GAP_MALFORMED);
	arena_done(&o.arena);

	read_file("var/lib/dpkg/info/libc6:amd64.list", S("/lib\n/lib/libc.so.6\n"), &o);
	assert_str(o.evidence.packages.items[0].name, "libc6");
	assert_str(o.evidence.packages.items[0].arch, "amd64");
	assert_true(package_owns(&o.evidence.packages.items[0], S("lib/libc.so.6")));
	arena_done(&o.arena);

	read_file(
		"var/lib/pacman/local/bash-1:5.1-1/desc",
		S("%NAME%\nlibssl\n\n%VERSION%\n1:5.1-1\n\n%BASE%\nopenssl\n\n%LICENSE%\nMIT\nGPL\n"
		  "%ARCH%\nx86_64\n\n%DESC%\n%NAMES%\n"),
		&o);
	assert_str(o.evidence.packages.items[0].type, "alpm");
	assert_str(o.evidence.packages.items[0].name, "libssl");
	assert_str(o.evidence.packages.items[0].version, "1:5.1-1");
	assert_str(o.evidence.packages.items[0].source_name, "openssl");
	assert_str(o.evidence.packages.items[0].license, "MIT");
	arena_done(&o.arena);

	read_file("var/lib/pacman/local/x/desc", S("%NAME%\n\n%VERSION%\n1\n"), &o);
	assert_int_equal(o.evidence.packages.count, 0);
	assert_int_equal(o.gaps.count, 1);
	arena_done(&o.arena);

	read_file("etc/apk/repositories", S("http://x/v3.9/main\n"), &o);
	assert_str(o.evidence.os.repository, "v3.9");
	arena_done(&o.arena);

	read_file("etc/os-release", S("nothing"), &o);
	assert_int_equal(o.gaps.count, 1);
	arena_done(&o.arena);

	read_file("var/lib/rpm/Packages", S("garbage"), &o);
	assert_int_equal(o.evidence.packages.count, 0);
	assert_int_equal(o.gaps.count, 1);
	arena_done(&o.arena);

	read_file("root/buildinfo/content_manifests/x.json",
		  S("{\"content_sets\":[\"rhel-8-baseos\",\"rhel-8-appstream\"]}"), &o);
	assert_str(o.evidence.content_sets, "rhel-8-baseos rhel-8-appstream");
	arena_done(&o.arena);

	read_file("root/buildinfo/Dockerfile-ubi8-8.0-122",
		  S("LABEL com.redhat.component=ubi8-container architecture=x86_64"), &o);
	assert_int_equal(o.evidence.kind, EVIDENCE_BUILD_DOCKERFILE);
	assert_str(o.evidence.content_sets, "nvr:ubi8-container-8.0-122-x86_64");
	arena_done(&o.arena);

	read_file("root/buildinfo/Dockerfile-ubi8", S(""), &o);
	assert_int_equal(o.gaps.count, 1);
	arena_done(&o.arena);

	read_file("root/buildinfo/content_manifests/sbom-purl.json", S("[\"pkg:rpm/a\"]"), &o);
	assert_int_equal(o.gaps.count, 0);
	assert_str(o.evidence.content_sets, "");
	arena_done(&o.arena);

	read_file("root/buildinfo/content_manifests/x.json", S("{\"content_sets\":[7]}"), &o);
	assert_int_equal(o.gaps.count, 1);
	arena_done(&o.arena);
}

static void reads_the_manifest_of_images_without_rpm(void **state UNUSED)
{
	struct outcome o;
	const struct package *p;

	read_file("var/lib/rpmmanifest/container-manifest-2",
		  S("glibc\t2.35-4.cm2\t1\t2\tMicrosoft Corporation\t(none)\t9\tx86_64\t0\t"
		    "glibc-2.35-4.cm2.src.rpm\n"
		    "perl\t5.34-1.cm2\t1\t2\tMicrosoft Corporation\t4\t9\tx86_64\t4\tx\n"
		    "\tbroken\n"),
		  &o);
	p = o.evidence.packages.items;
	assert_int_equal(o.evidence.packages.count, 2);
	assert_str(p[0].version, "2.35-4.cm2");
	assert_str(p[0].source_name, "glibc");
	assert_str(p[0].source_version, "2.35-4.cm2");
	assert_str(p[0].vendor, "Microsoft Corporation");
	assert_str(p[1].version, "4:5.34-1.cm2");
	assert_str(p[1].source_name, "perl");
	assert_int_equal(o.gaps.count, 1);
	arena_done(&o.arena);
}

/* With any budget there is an answer or the error that says why there is none. */
static void a_spent_budget_is_an_error(void **state UNUSED)
{
	static const struct {
		const char *path, *text;
	} files[] = {
		{ "var/lib/dpkg/status", "Package: a\nVersion: 1\n" },
		{ "var/lib/dpkg/info/a.list", "/a\n/b\n" },
		{ "lib/apk/db/installed", "P:a\nV:1\nF:b\nR:c\n" },
		{ "var/lib/pacman/local/a/desc", "%NAME%\na\n%VERSION%\n1\n" },
		{ "var/lib/rpmmanifest/container-manifest-2", "a\t1-1\n" },
		{ "root/buildinfo/content_manifests/a.json", "{\"content_sets\":[\"a\"]}" },
		{ "etc/apk/repositories", "http://x/v3.9/main\n" },
		{ "etc/os-release", "ID=a\n" },
	};
	struct limits l = limits_default();

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		OWNED_BUF text = BUF_INIT;
		bool read = false;

		for (unsigned int k = 0; k < 2000; k++)
			buf_printf(&text, "%s\n", i == 5 && k ? "" : files[i].text);
		for (size_t budget = 1; budget < 8 * MIB && !read; budget += 30000) {
			struct arena a;
			struct gap_list gaps = { 0 };
			struct evidence v;
			enum evidence_kind kind;
			int r;

			arena_init(&a, budget);
			assert_true(package_db_wants(str_from(files[i].path), &kind));
			r = package_db_read(kind, str_from(files[i].path), buf_str(&text), S(""),
					    &l, &a, &v, &gaps, NULL);
			if (r != 0 && r != -ENOBUFS)
				fail_msg("%s with %zu bytes: %d", files[i].path, budget, r);
			assert_true(budget > 1 || r == -ENOBUFS);
			read = r == 0;
			arena_done(&a);
		}
		if (!read)
			fail_msg("%s: no budget was enough", files[i].path);
	}
}

static void names_the_companion(void **state UNUSED)
{
	struct arena a;

	arena_init(&a, 0);
	assert_str(package_db_companion(S("var/lib/rpm/rpmdb.sqlite"), &a),
		   "var/lib/rpm/rpmdb.sqlite-wal");
	assert_str(package_db_companion(S("var/lib/rpm/Packages"), &a), "");
	assert_str(package_db_companion(S("x/rpmdb.sqlite"), &a), "");
	arena_done(&a);
}

static void tells_third_parties(void **state UNUSED)
{
	static const struct {
		const char *type, *id, *vendor, *version;
		bool third;
	} cases[] = {
		{ "rpm", "rhel", "Red Hat, Inc.", "1-1", false },
		{ "rpm", "rhel", "Fedora Project", "1-1.el8", true },
		{ "rpm", "rhel", "", "1-1", false },
		{ "rpm", "unheard-of", "Acme", "1-1", false },
		{ "rpm", "sles", "SUSE LLC <https://www.suse.com/>", "1-1", false },
		{ "rpm", "amzn", "Amazon Linux", "1-1", false },
		{ "rpm", "centos", "NGINX Packaging <nginx-packaging@f5.com>", "1-1", true },
		{ "deb", "debian", "Debian GCC Maintainers <debian-gcc@lists.debian.org>", "1",
		  false },
		{ "deb", "debian", "Theodore Y. Ts'o <tytso@mit.edu>", "1", false },
		{ "deb", "debian", "Docker <support@docker.com>", "1", true },
		{ "deb", "debian", "Team <x@tracker.debian.org>", "15.3-1.pgdg110+1", true },
		{ "deb", "debian", "Acme", "1", true },
		{ "deb", "debian", "Debian", "1", false },
		{ "deb", "debian", "", "1", false },
		{ "apk", "alpine", "Acme", "1", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct package p = { .type = str_from(cases[i].type),
				     .vendor = str_from(cases[i].vendor),
				     .version = str_from(cases[i].version) };
		struct os o = { .id = str_from(cases[i].id) };

		if (package_is_third_party(&p, &o) != cases[i].third)
			fail_msg("%s of %s", cases[i].vendor, cases[i].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wants_the_databases),
		cmocka_unit_test(knows_what_is_on_the_way),
		cmocka_unit_test(reads_each_kind),
		cmocka_unit_test(reads_the_manifest_of_images_without_rpm),
		cmocka_unit_test(a_spent_budget_is_an_error),
		cmocka_unit_test(names_the_companion),
		cmocka_unit_test(tells_third_parties),
	};

	return cmocka_run_group_tests_name("package_db", tests, NULL, NULL);
}

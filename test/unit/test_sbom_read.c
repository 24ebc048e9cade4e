#include "sample_report.h"
#include "unit.h"
#include "unit_arena.h"

#include "scan/report/report_render.h"
#include "scan/report/sbom_read.h"

static struct inventory read_ok(const char *text)
{
	struct limits l = limits_default();
	struct inventory v;
	struct err e = { 0 };

	if (sbom_read(str_from(text), &arena, &l, &v, &e) < 0)
		fail_msg("%s", e.text);
	return v;
}

static void refused(const char *text, int code, const char *words)
{
	struct limits l = limits_default();
	struct inventory v;
	struct err e = { 0 };

	assert_int_equal(sbom_read(str_from(text), &arena, &l, &v, &e), code);
	if (!strstr(e.text, words))
		fail_msg("'%s' does not say '%s'", e.text, words);
}

static void same_packages(const struct inventory *a, const struct inventory *b)
{
	assert_int_equal(a->packages.count, b->packages.count);
	for (size_t i = 0; i < a->packages.count; i++) {
		const struct package *x = &a->packages.items[i], *y = &b->packages.items[i];

#define SAME(field, key) \
	if (!str_eq(x->field, y->field)) \
		fail_msg("package %zu, " key ": '%.*s' and '%.*s'", i, STR_ARG(x->field), \
			 STR_ARG(y->field));
		PACKAGE_FIELDS(SAME)
#undef SAME
		assert_true(str_eq(x->purl, y->purl));
		assert_true(str_eq(x->content_sets, y->content_sets));
		assert_int_equal(x->line, y->line);
		assert_int_equal(x->third_party, y->third_party);
		assert_true(str_eq(a->layers[x->layer].diff_id, b->layers[y->layer].diff_id));
	}
}

static void round_trip(enum report_format format)
{
	struct report_style style = { .packages_only = true };
	struct report r;
	struct inventory back;
	OWNED_BUF b = BUF_INIT;

	sample_report(SAMPLE_RICH, &r);
	assert_int_equal(report_render(&r, format, &style, &b, NULL), 0);
	back = read_ok(buf_cstr(&b));
	same_packages(r.inventory, &back);
#define SAME(field, key) assert_true(str_eq(r.inventory->os.field, back.os.field));
	OS_FIELDS(SAME)
#undef SAME
	assert_true(str_eq(back.name, r.inventory->name));
	assert_true(str_eq(back.image_id, r.inventory->image_id));
	assert_true(str_eq(back.architecture, r.inventory->architecture));
	/* The sample has gaps, so its SBOM says that it is incomplete. */
	assert_int_equal(back.gaps.count, 1);
	assert_int_equal(back.gaps.items[0].kind, GAP_UNREADABLE);
}

static void our_own_documents_come_back_whole(void **state UNUSED)
{
	round_trip(REPORT_CYCLONEDX);
	round_trip(REPORT_SPDX_JSON);
}

static const struct package *named(const struct inventory *v, const char *name)
{
	for (size_t i = 0; i < v->packages.count; i++)
		if (str_is(v->packages.items[i].name, name))
			return &v->packages.items[i];
	fail_msg("no package %s", name);
	return NULL;
}

static void cyclonedx_of_trivy(void **state UNUSED)
{
	struct inventory v = read_ok(
		"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"metadata\":{\"component\":{"
		"\"type\":\"container\",\"name\":\"centos-7.tar.gz\",\"properties\":["
		"{\"name\":\"aquasecurity:trivy:ImageID\",\"value\":\"sha256:f1cb\"},"
		"{\"name\":\"aquasecurity:trivy:DiffID\",\"value\":\"sha256:8916\"},"
		"{\"name\":\"aquasecurity:trivy:RepoTag\",\"value\":\"centos:7\"}]}},"
		"\"components\":["
		"{\"type\":\"library\",\"name\":\"openssl-libs\",\"version\":\"1.0.2k-16.el7\","
		"\"purl\":\"pkg:rpm/centos/"
		"openssl-libs@1.0.2k-16.el7?arch=x86_64&epoch=1&distro=centos-7.6.1810\","
		"\"licenses\":[{\"license\":{\"name\":\"OpenSSL\"}}],\"properties\":["
		"{\"name\":\"aquasecurity:trivy:SrcName\",\"value\":\"openssl\"},"
		"{\"name\":\"aquasecurity:trivy:SrcVersion\",\"value\":\"1.0.2k\"},"
		"{\"name\":\"aquasecurity:trivy:SrcRelease\",\"value\":\"16.el7\"},"
		"{\"name\":\"aquasecurity:trivy:SrcEpoch\",\"value\":\"1\"},"
		"{\"name\":\"aquasecurity:trivy:LayerDiffID\",\"value\":\"sha256:8916\"}]},"
		"{\"type\":\"application\",\"name\":\"app/composer.lock\",\"properties\":["
		"{\"name\":\"aquasecurity:trivy:Class\",\"value\":\"lang-pkgs\"}],\"components\":["
		"{\"type\":\"library\",\"name\":\"pear/log\",\"purl\":\"pkg:composer/pear/"
		"log@1.13.1\"}]},"
		"{\"type\":\"operating-system\",\"name\":\"redhat\",\"version\":\"7.6\"}]}");
	const struct package *p = named(&v, "openssl-libs");

	assert_str(p->version, "1:1.0.2k-16.el7");
	assert_str(p->source_name, "openssl");
	assert_str(p->source_version, "1.0.2k-16.el7");
	assert_str(p->arch, "x86_64");
	assert_str(p->license, "OpenSSL");
	assert_str(v.layers[p->layer].diff_id, "sha256:8916");
	assert_str(v.os.id, "rhel");
	assert_str(v.os.version_id, "7.6");
	assert_str(v.image_id, "sha256:f1cb");
	assert_str(v.repo_tags[0], "centos:7");
	assert_str(named(&v, "log")->namespace, "pear");
	assert_int_equal(v.packages.count, 2);
	assert_int_equal(v.gaps.count, 0);
}

static void cyclonedx_of_syft(void **state UNUSED)
{
	struct inventory v = read_ok(
		"\xef\xbb\xbf{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":["
		"{\"type\":\"library\",\"name\":\"libssl3\",\"version\":\"3.0.15-1\",\"purl\":"
		"\"pkg:deb/debian/"
		"libssl3@3.0.15-1?arch=amd64&distro=debian-12&upstream=openssl%403.0.15\","
		"\"properties\":["
		"{\"name\":\"syft:location:0:layerID\",\"value\":\"sha256:aa\"},"
		"{\"name\":\"syft:location:0:path\",\"value\":\"/var/lib/dpkg/status\"}]},"
		"{\"type\":\"library\",\"name\":\"audit-libs\",\"version\":\"0:3.0.7-104.el9\","
		"\"purl\":"
		"\"pkg:rpm/rocky/"
		"audit-libs@3.0.7-104.el9?arch=x86_64&upstream=audit-3.0.7-104.el9.src.rpm\"},"
		"{\"type\":\"library\",\"name\":\"gpg-pubkey\",\"purl\":\"pkg:rpm/rocky/"
		"gpg-pubkey@1-2\"},"
		"{\"type\":\"library\",\"name\":\"node\",\"version\":\"1\"},"
		"{\"type\":\"library\",\"name\":\"broken\",\"purl\":\"not a purl\"},"
		"{\"type\":\"library\",\"name\":\"unversioned\",\"purl\":\"pkg:npm/%40x/"
		"unversioned\"},"
		"{\"type\":\"file\",\"name\":\"/etc/passwd\"},"
		"{\"type\":\"operating-system\",\"name\":\"debian\",\"version\":\"12\","
		"\"properties\":["
		"{\"name\":\"syft:distro:id\",\"value\":\"debian\"},"
		"{\"name\":\"syft:distro:versionID\",\"value\":\"12\"},"
		"{\"name\":\"syft:distro:prettyName\",\"value\":\"Debian GNU/Linux 12 "
		"(bookworm)\"}]}]}");
	const struct package *ssl = named(&v, "libssl3"), *audit = named(&v, "audit-libs");

	assert_str(ssl->source_name, "openssl");
	assert_str(ssl->source_version, "3.0.15");
	assert_str(ssl->db_path, "var/lib/dpkg/status");
	assert_str(v.layers[ssl->layer].diff_id, "sha256:aa");
	assert_str(audit->source_name, "audit");
	assert_str(audit->source_version, "3.0.7-104.el9");
	assert_str(v.layers[audit->layer].diff_id, "");
	assert_str(v.os.pretty_name, "Debian GNU/Linux 12 (bookworm)");
	assert_int_equal(v.packages.count, 2);
	assert_int_equal(v.gaps.count, 3);
}

static void spdx_of_trivy_and_docker(void **state UNUSED)
{
	struct inventory v = read_ok(
		"{\"spdxVersion\":\"SPDX-2.2\",\"name\":\"image\",\"packages\":["
		"{\"SPDXID\":\"SPDXRef-ContainerImage-1\",\"name\":\"image\",\"attributionTexts\":"
		"[\"ImageID: sha256:f1\",\"RepoTag: a:1\"]},"
		"{\"SPDXID\":\"SPDXRef-Package-1\",\"name\":\"openssl-libs\",\"versionInfo\":\"1:9."
		"9\","
		"\"sourceInfo\":\"built package from: openssl "
		"1:1.0.2k-16.el7\",\"attributionTexts\":"
		"[\"LayerDiffID: "
		"sha256:8916\"],\"licenseDeclared\":\"NONE\",\"externalRefs\":[{"
		"\"referenceCategory\":"
		"\"PACKAGE_MANAGER\",\"referenceType\":\"purl\",\"referenceLocator\":"
		"\"pkg:rpm/centos/"
		"openssl-libs@1.0.2k-16.el7?arch=x86_64&epoch=1&distro=centos-7.6.1810\"}]},"
		"{\"SPDXID\":\"SPDXRef-Package-2\",\"name\":\"zlib\",\"versionInfo\":\"1:1.2.11\","
		"\"externalRefs\":[{"
		"\"referenceType\":\"http://spdx.org/rdf/references/purl\",\"referenceLocator\":"
		"\"pkg:deb/debian/"
		"zlib@1:1.2.11?os_distro=bullseye&os_name=debian&os_version=11\"}]},"
		"{\"SPDXID\":\"SPDXRef-Package-4\",\"name\":\"zlib2\",\"versionInfo\":\"1:1.2.11\","
		"\"externalRefs\":[{"
		"\"referenceType\":\"purl\",\"referenceLocator\":"
		"\"pkg:deb/debian/"
		"zlib2@1:1.2.11?os_distro=bullseye&os_name=debian&os_version=11\"}]},"
		"{\"SPDXID\":\"SPDXRef-Package-3\",\"name\":\"nobody\",\"versionInfo\":\"1\"}]}");
	const struct package *p = named(&v, "openssl-libs");

	assert_str(p->version, "1:1.0.2k-16.el7");
	assert_str(p->source_version, "1.0.2k-16.el7");
	assert_str(p->license, "");
	assert_str(v.layers[p->layer].diff_id, "sha256:8916");
	assert_str(named(&v, "zlib")->version, "1:1.2.11");
	assert_str(v.os.id, "debian");
	assert_str(v.os.version_id, "11");
	assert_str(v.image_id, "sha256:f1");
	assert_int_equal(v.gaps.count, 2); /* the nameless package; two distributions */
}

static void spdx_of_the_microsoft_tool_and_buildkit(void **state UNUSED)
{
	struct inventory v = read_ok("{\"predicateType\":\"https://spdx.dev/"
				     "Document\",\"predicate\":{\"spdxVersion\":\"SPDX-2.3\","
				     "\"packages\":[{\"SPDXID\":\"SPDXRef-RootPackage\",\"name\":"
				     "\"app\",\"versionInfo\":\"1\"},"
				     "{\"SPDXID\":\"SPDXRef-Package-F5\",\"name\":\"Newtonsoft."
				     "Json\",\"versionInfo\":\"13.0.1\","
				     "\"externalRefs\":[{\"referenceCategory\":\"PACKAGE-MANAGER\","
				     "\"referenceType\":\"purl\","
				     "\"referenceLocator\":\"pkg:nuget/"
				     "Newtonsoft.Json@13.0.1\"}],\"supplier\":\"NOASSERTION\"}]}}");

	assert_int_equal(v.packages.count, 1);
	assert_str(v.packages.items[0].type, "nuget");
	assert_int_equal(v.gaps.count, 0);
}

static void a_missing_release_is_said(void **state UNUSED)
{
	struct inventory v =
		read_ok("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.4\",\"components\":["
			"{\"type\":\"library\",\"name\":\"musl\",\"purl\":\"pkg:apk/alpine/"
			"musl@1.2.3-r0\"}]}");

	assert_str(v.os.id, "alpine");
	assert_int_equal(v.gaps.count, 1);
	assert_int_equal(v.gaps.items[0].kind, GAP_UNRESOLVED);
}

static void other_documents_are_refused_with_a_reason(void **state UNUSED)
{
	refused("", -EBADMSG, "empty");
	refused("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.4\"/>", -ENOTSUP, "XML");
	refused("SPDXVersion: SPDX-2.3\n", -ENOTSUP, "tag-value");
	refused("{\"@context\":\"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\",\"@graph\":[]}",
		-ENOTSUP, "SPDX 3");
	refused("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.1\"}", -ENOTSUP, "1.1");
	refused("{\"spdxVersion\":\"SPDX-2.1\"}", -ENOTSUP, "SPDX-2.1");
	refused("{\"artifacts\":[],\"descriptor\":{}}", -ENOTSUP, "syft");
	refused("{\"SchemaVersion\":2,\"Results\":[]}", -ENOTSUP, "trivy");
	refused("{\"payloadType\":\"x\",\"payload\":\"y\"}", -ENOTSUP, "envelope");
	refused("{}", -EBADMSG, "not an SBOM");
	refused("{\"bomFormat\":\"CycloneDX\",", -EBADMSG, "");
}

static void a_newer_cyclonedx_is_read_with_a_gap(void **state UNUSED)
{
	struct inventory v =
		read_ok("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.9\",\"components\":[]}");

	assert_int_equal(v.gaps.count, 1);
	assert_int_equal(v.gaps.items[0].kind, GAP_UNSUPPORTED);
}

static void too_many_packages_are_refused(void **state UNUSED)
{
	struct limits l = limits_default();
	struct inventory v;
	struct err e = { 0 };
	str text = S("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":["
		     "{\"type\":\"library\",\"name\":\"a\",\"purl\":\"pkg:npm/a@1\"},"
		     "{\"type\":\"library\",\"name\":\"b\",\"purl\":\"pkg:npm/b@1\"}]}");

	l.packages = 1;
	assert_int_equal(sbom_read(text, &arena, &l, &v, &e), -E2BIG);
	l.packages = 2;
	assert_int_equal(sbom_read(text, &arena, &l, &v, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_documents_come_back_whole),
		cmocka_unit_test(cyclonedx_of_trivy),
		cmocka_unit_test(cyclonedx_of_syft),
		cmocka_unit_test(spdx_of_trivy_and_docker),
		cmocka_unit_test(spdx_of_the_microsoft_tool_and_buildkit),
		cmocka_unit_test(a_missing_release_is_said),
		cmocka_unit_test(other_documents_are_refused_with_a_reason),
		cmocka_unit_test(a_newer_cyclonedx_is_read_with_a_gap),
		cmocka_unit_test(too_many_packages_are_refused),
	};

	return cmocka_run_group_tests_name("sbom_read", tests, arena_setup, arena_teardown);
}

#include "unit.h"

#include "codec/purl.h"

static void parse(const char *text, struct arena *a, struct purl *ret)
{
	struct err e = { 0 };

	if (purl_parse(str_from(text), a, ret, &e) < 0)
		fail_msg("%s: %s", text, e.text);
}

/* @p text reads, and its canonical form is @p want. */
static void assert_canonical(const char *text, const char *want)
{
	OWNED_BUF out = BUF_INIT;
	struct arena a;
	struct purl p;

	arena_init(&a, 0);
	parse(text, &a, &p);
	purl_render(&p, &out);
	assert_str(buf_str(&out), want);
	arena_done(&a);
}

static void assert_refused(const char *text)
{
	struct err e = { 0 };
	struct arena a;
	struct purl p;

	arena_init(&a, 0);
	if (purl_parse(str_from(text), &a, &p, &e) != -EBADMSG)
		fail_msg("'%s' is accepted", text);
	assert_true(strlen(e.text) > 0);
	arena_done(&a);
}

static void parts_are_decoded(void **state UNUSED)
{
	struct arena a;
	struct purl p;

	arena_init(&a, 0);
	parse("pkg:npm/%40angular/animation@12.3.1?vcs_url=git%2Bhttps://example.org/"
	      "x%40y&arch=any#/a//b/./../c/",
	      &a, &p);
	assert_str(p.type, "npm");
	assert_str(p.namespace, "@angular");
	assert_str(p.name, "animation");
	assert_str(p.version, "12.3.1");
	assert_str(p.subpath, "a/b/c");
	assert_int_equal(p.qualifier_count, 2);
	assert_str(p.qualifiers[0].key, "arch");
	assert_str(purl_get(&p, "vcs_url"), "git+https://example.org/x@y");
	assert_int_equal(purl_get(&p, "none").n, 0);

	parse("pkg:golang/github.com/BurntSushi/toml@v1.2.0", &a, &p);
	assert_str(p.namespace, "github.com/BurntSushi");
	assert_str(p.name, "toml");

	parse("pkg:deb/debian/curl@1:7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12", &a, &p);
	assert_str(p.version, "1:7.88.1-10+deb12u5");
	arena_done(&a);
}

static void texts_become_canonical(void **state UNUSED)
{
	assert_canonical("PKG://NPM/@angular/animation@12", "pkg:npm/%40angular/animation@12");
	assert_canonical("pkg:npm/@angular/animation", "pkg:npm/%40angular/animation");
	assert_canonical("pkg:GitHub/Package-URL/Purl-Spec@244FD47",
			 "pkg:github/package-url/purl-spec@244FD47");
	assert_canonical("pkg:PYPI/Django_All.-auth@12.23", "pkg:pypi/django-all-auth@12.23");
	assert_canonical("pkg:rpm/Fedora/PackageKit@1.2-1.fc40?Arch=x86_64&epoch=1",
			 "pkg:rpm/fedora/PackageKit@1.2-1.fc40?arch=x86_64&epoch=1");
	assert_canonical("pkg:generic/openssl@1.1?checksum=sha1:ad95,sha256:41bf&empty=",
			 "pkg:generic/openssl@1.1?checksum=sha1:ad95%2Csha256:41bf");
	assert_canonical("pkg:maven/org.example//x@1.9?repository_url=repo.example.org/"
			 "release&classifier=dist",
			 "pkg:maven/org.example/"
			 "x@1.9?classifier=dist&repository_url=repo.example.org%2Frelease");
	assert_canonical("pkg:oci/Alpine@sha256%3aabc", "pkg:oci/alpine@sha256:abc");
	assert_canonical("pkg:golang/example.org/m@v2.0.0+incompatible",
			 "pkg:golang/example.org/m@v2.0.0%2Bincompatible");
	assert_canonical("pkg:cran/a%2Fb@1~2", "pkg:cran/a%2Fb@1~2");
	assert_canonical("pkg:swift/github.com/A/b@\xc3\xa9", "pkg:swift/github.com/A/b@%C3%A9");
	assert_canonical("pkg:gem/jruby@1?platform=java#..", "pkg:gem/jruby@1?platform=java");
}

static void malformed_is_refused(void **state UNUSED)
{
	assert_refused("");
	assert_refused("EnterpriseLibrary.Common@6.0.1304");
	assert_refused("pkg:EnterpriseLibrary.Common@6.0.1304");
	assert_refused("pkg%3Amaven/org.apache.commons/io");
	assert_refused("pkg:n&g?inx/nginx@0.8.9");
	assert_refused("pkg:3nginx/nginx@0.8.9");
	assert_refused("pkg:nginx:a/nginx@0.8.9");
	assert_refused("pkg:maven/@1.3.4/");
	assert_refused("pkg:maven/@1.3.4");
	assert_refused("pkg:maven/");
	assert_refused("pkg:npm/x@1?in%20production=true");
	assert_refused("pkg:npm/x@1?a=1&A=2");
	assert_refused("pkg:npm/a%2Fb/c");
	assert_refused("pkg:npm/x@1%");
	assert_refused("pkg:npm/x@1%4");
	assert_refused("pkg:npm/x@1%zz");
	assert_refused("pkg:npm/x%00");
}

static void qualifiers_keep_their_order(void **state UNUSED)
{
	struct purl p = { .type = S("deb"), .namespace = S("Debian"), .name = S("Curl") };
	OWNED_BUF out = BUF_INIT;

	assert_int_equal(purl_set(&p, S("distro"), S("debian-12")), 0);
	assert_int_equal(purl_set(&p, S("arch"), S("amd64")), 0);
	assert_int_equal(purl_set(&p, S("arch"), S("arm64")), 0);
	assert_int_equal(purl_set(&p, S("epoch"), S("")), 0);
	purl_render(&p, &out);
	assert_str(buf_str(&out), "pkg:deb/debian/curl?arch=arm64&distro=debian-12");

	for (const char *c = "abcdefghijklmnop"; p.qualifier_count < PURL_MAX_QUALIFIERS; c++)
		assert_int_equal(purl_set(&p, (str){ c, 1 }, S("v")), 0);
	assert_int_equal(purl_set(&p, S("zz"), S("v")), -E2BIG);
}

static void too_many_qualifiers_are_an_error(void **state UNUSED)
{
	OWNED_BUF text = BUF_INIT;
	struct arena a;
	struct purl p;

	buf_add(&text, S("pkg:deb/x?"));
	for (int i = 0; i <= PURL_MAX_QUALIFIERS; i++)
		buf_printf(&text, "k%d=v&", i);
	arena_init(&a, 0);
	assert_int_equal(purl_parse(buf_str(&text), &a, &p, NULL), -E2BIG);
	arena_done(&a);
	arena_init(&a, 1);
	assert_int_equal(purl_parse(S("pkg:deb/x"), &a, &p, NULL), -ENOBUFS);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_decoded),
		cmocka_unit_test(texts_become_canonical),
		cmocka_unit_test(malformed_is_refused),
		cmocka_unit_test(qualifiers_keep_their_order),
		cmocka_unit_test(too_many_qualifiers_are_an_error),
	};

	return cmocka_run_group_tests_name("purl", tests, NULL, NULL);
}

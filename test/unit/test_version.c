/* Orders written out in the schemes' specifications; test/integration/test_version_oracles.py asks the tools. */
#include "unit.h"

#include <fcntl.h>

#include "base/file.h"
#include "codec/version.h"

static int order_of(enum version_scheme scheme, const char *a, const char *b)
{
	struct err e = { 0 };
	int order;

	if (version_compare(scheme, str_from(a), str_from(b), &order, &e) < 0)
		fail_msg("%s", e.text);
	return order;
}

static void assert_rising_(enum version_scheme scheme, const char *const *versions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			int order = order_of(scheme, versions[i], versions[j]);

			if ((i < j) != (order < 0) || (i > j) != (order > 0))
				fail_msg("%s: '%s' against '%s' gives %d",
					 version_scheme_name(scheme), versions[i], versions[j],
					 order);
		}
}

#define assert_rising(scheme, ...) \
	do { \
		static const char *const versions_[] = { __VA_ARGS__ }; \
		assert_rising_(scheme, versions_, ARRAY_LEN(versions_)); \
	} while (0)

static void assert_same(enum version_scheme scheme, const char *a, const char *b)
{
	if (order_of(scheme, a, b) != 0)
		fail_msg("%s: '%s' is not '%s'", version_scheme_name(scheme), a, b);
}

static void assert_refused(enum version_scheme scheme, const char *text)
{
	OWNED_BUF out = BUF_INIT;
	struct err e = { 0 };

	buf_byte(&out, 'x');
	assert_int_equal(version_key(scheme, str_from(text), &out, &e), -EBADMSG);
	assert_true(strlen(e.text) > 0);
	assert_str(buf_str(&out), "x");
}

static void deb(void **state UNUSED)
{
	assert_rising(VERSION_DEB, "~~", "~~a", "~", "0", "1.0~rc1", "1.0", "1.0-1~bpo1", "1.0-1",
		      "1.0-1+deb11u1", "1.0-1+deb11u10", "1.0-1.1", "1.0a", "1.0+b", "1.0.1", "1.2",
		      "1.10", "10000000000000000000000", "a", "+", "1:0.1");
	assert_same(VERSION_DEB, "1.0", "0:1.0-0");
	assert_same(VERSION_DEB, "1.0-0", "1.0");
	assert_same(VERSION_DEB, "1.", "1.0");
	assert_same(VERSION_DEB, "01.002", "1.2");
	assert_refused(VERSION_DEB, "");
	assert_refused(VERSION_DEB, "1.0-");
	assert_refused(VERSION_DEB, "1:");
	assert_refused(VERSION_DEB, ":1");
	assert_refused(VERSION_DEB, "a:1");
	assert_refused(VERSION_DEB, "2147483648:1");
	assert_refused(VERSION_DEB, "1 0");
}

static void rpm(void **state UNUSED)
{
	assert_rising(VERSION_RPM, "1.0~rc1", "1.0~rc1-1", "1.0", "1.0-0", "1.0-1", "1.0-1.el8",
		      "1.0-1.el8_4", "1.0-2.el8", "1.0^git1", "1.0^git1.1", "1.0a", "1.0.1", "1.2",
		      "1.10", "2", "1:0.1", "4294967295:1");
	assert_same(VERSION_RPM, "0:1.0-1", "1.0-1");
	assert_same(VERSION_RPM, "1.0.-1", "1_0-1");
	assert_same(VERSION_RPM, "1.01", "1.1");
	assert_same(VERSION_RPM, ":1", "1");
	assert_rising(VERSION_RPM, "a", "b", "1");
	assert_refused(VERSION_RPM, "4294967296:1");
}

static void apk(void **state UNUSED)
{
	assert_rising(VERSION_APK, "0.1_alpha", "0.1_beta2", "0.1_pre", "0.1_rc", "0.1_rc1", "0.1",
		      "0.1-r0", "0.1-r1", "0.1-r10", "0.1_cvs", "0.1_git20230101", "0.1_p1", "0.1a",
		      "0.1b", "0.1.001", "0.1.0", "0.1.0.1", "0.1.01", "0.1.1", "0.2", "0.10",
		      "1.0");
	assert_same(VERSION_APK, "1-r", "1-r0");
	assert_same(VERSION_APK, ".1", "0.1");
	assert_rising(VERSION_APK, "1_git1-r0", "1_git1~0a-r0", "1_git1~0b-r0", "1_git2");
	assert_refused(VERSION_APK, "1.0-1");
	assert_refused(VERSION_APK, "1A");
	assert_refused(VERSION_APK, "1_foo");
	assert_refused(VERSION_APK, "1.123456789012345678");
	assert_refused(VERSION_APK, "1-r0_p1");
}

static void pacman(void **state UNUSED)
{
	assert_rising(VERSION_PACMAN, "1.0a-1", "1.0rc-1", "1.0", "1.0-1", "1.0-2", "1.0.a-1",
		      "1.0.1-1", "1.1-1", "1:0.1-1");
	assert_same(VERSION_PACMAN, "0:1.0-1", "1.0-1");
}

static void semver(void **state UNUSED)
{
	assert_rising(VERSION_SEMVER, "0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
		      "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1",
		      "1.2", "1.10.0", "2", "18446744073709551616.0.0");
	assert_same(VERSION_SEMVER, "v1.2.3+build.5", "=1.2.3");
	assert_same(VERSION_SEMVER, "1.2.3beta", "1.2.3-beta");
	assert_refused(VERSION_SEMVER, "1.2.3.4");
	assert_refused(VERSION_SEMVER, "latest");
	assert_refused(VERSION_SEMVER, "1.2.3-a_b");
	assert_refused(VERSION_SEMVER, "1..2");
}

static void go(void **state UNUSED)
{
	assert_rising(VERSION_GO, "v0.0.0-20200101000000-aaaaaaaaaaaa",
		      "v0.0.0-20210101000000-000000000000", "v0.0.1",
		      "v1.2.3-0.20210101000000-abcdefabcdef", "v1.2.3-pre",
		      "v1.2.3-pre.0.20210101000000-abcdefabcdef", "v1.2.3", "go1.20.14",
		      "go1.21beta1", "go1.21rc2", "go1.21.0", "go1.21.1");
	assert_same(VERSION_GO, "v2.0.0+incompatible", "2.0.0");
	assert_same(VERSION_GO, "go1.21rc2", "1.21.0-rc.2");
	assert_same(VERSION_GO, "go1.20.3 X:boringcrypto", "1.20.3");
	assert_refused(VERSION_GO, "(devel)");
	assert_refused(VERSION_GO, "v1.2.3beta.1");
	assert_refused(VERSION_GO, "v1.2.3-");
}

static void pep440(void **state UNUSED)
{
	assert_rising(VERSION_PEP440, "1.0.dev1", "1.0a1.dev1", "1.0a1", "1.0a2", "1.0b1",
		      "1.0rc1.dev2", "1.0rc1", "1.0rc1.post1", "1.0", "1.0+abc", "1.0+abc.1",
		      "1.0+5", "1.0.post1.dev3", "1.0.post1", "1.0.1", "1.1", "1!0.1");
	assert_same(VERSION_PEP440, "1.0", "1");
	assert_same(VERSION_PEP440, "v1.0-ALPHA.1", "1.0a1");
	assert_same(VERSION_PEP440, "1.0-1", "1.0.post1");
	assert_same(VERSION_PEP440, "1.0c1", "1.0.preview_1");
	assert_same(VERSION_PEP440, "1.0+a-b", "1.0+A.B");
	assert_refused(VERSION_PEP440, "1.0-foo");
	assert_refused(VERSION_PEP440, "1.0+");
	assert_refused(VERSION_PEP440, "2004d!1");
}

static void gem(void **state UNUSED)
{
	assert_rising(VERSION_GEM, "1.a", "1.a.1", "1.b", "1.pre.0.0.a", "1", "1.0.0.0.1", "1.0.1",
		      "1.1.b1", "1.1", "1.10");
	assert_same(VERSION_GEM, "1.0.0", "1");
	assert_same(VERSION_GEM, "1.0.a", "1.a");
	assert_same(VERSION_GEM, "1.0-x86", "1.0.pre.x86");
	assert_refused(VERSION_GEM, "a.1");
	assert_refused(VERSION_GEM, "1..2");
	assert_refused(VERSION_GEM, "1a");
}

static void maven(void **state UNUSED)
{
	assert_rising(VERSION_MAVEN, "1-alpha-1", "1-alpha-2", "1-beta", "1-m1", "1-rc",
		      "1-SNAPSHOT", "1", "1-sp", "1-foo", "1-jre", "1-1", "1.1", "1.2-alpha", "1.2",
		      "1.10", "2");
	assert_same(VERSION_MAVEN, "1.0.0", "1");
	assert_same(VERSION_MAVEN, "1.0.Final", "1-ga");
	assert_same(VERSION_MAVEN, "1.0a1", "1-alpha-1");
	assert_same(VERSION_MAVEN, "1.0.RC2", "1.0-cr2");
	assert_rising(VERSION_MAVEN, "4.1.0.Final", "4.1.0.Final-redhat-1", "4.1.0.1");
}

static void nuget(void **state UNUSED)
{
	assert_rising(VERSION_NUGET, "1.0.0-alpha", "1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0-Beta",
		      "1.0.0", "1.0.0.1", "1.0.1", "1.1");
	assert_same(VERSION_NUGET, "1.0", "1.0.0.0+meta");
	assert_same(VERSION_NUGET, "1.0.0-RC", "1.0.0-rc");
	assert_refused(VERSION_NUGET, "1.2.3.4.5");
	assert_refused(VERSION_NUGET, "1.0.0beta");
}

static void composer(void **state UNUSED)
{
	assert_rising(VERSION_COMPOSER, "1.0.0-dev", "1.0.0-alpha", "1.0-alpha.2", "1.0.0-beta1",
		      "1.0.0RC1", "1.0", "1.0.0-p1", "1.0.0.1", "1.2", "1.2.x-dev", "1.x-dev",
		      "2.0", "2010-01-02", "20100102");
	assert_same(VERSION_COMPOSER, "v1.0", "1.0.0.0+b");
	assert_same(VERSION_COMPOSER, "1.0-stable", "1.0.0@dev");
	assert_refused(VERSION_COMPOSER, "dev-main");
	assert_refused(VERSION_COMPOSER, "1.0-foo");
}

static void generic(void **state UNUSED)
{
	assert_rising(VERSION_GENERIC, "1.0-beta", "1.0-rc1", "1.0", "1.0-final", "1.0.1", "1.10");
	assert_same(VERSION_GENERIC, "v1.0.0+x", "1");
	assert_refused(VERSION_GENERIC, "unknown");
}

static void epochs_can_be_left_out(void **state UNUSED)
{
	static const enum version_scheme with_epoch[] = { VERSION_DEB, VERSION_RPM };

	for (size_t i = 0; i < ARRAY_LEN(with_epoch); i++) {
		OWNED_BUF a = BUF_INIT;
		OWNED_BUF b = BUF_INIT;

		assert_int_equal(version_key(with_epoch[i], S("4:5.26-1"), &a, NULL), 0);
		assert_int_equal(version_key(with_epoch[i], S("5.26-1"), &b, NULL), 0);
		assert_false(str_eq(buf_str(&a), buf_str(&b)));
		assert_true(str_eq(version_key_without_epoch(with_epoch[i], buf_str(&a)),
				   version_key_without_epoch(with_epoch[i], buf_str(&b))));
	}
	assert_str(version_key_without_epoch(VERSION_APK, S("key")), "key");
}

static void long_versions_are_refused_by_length(void **state UNUSED)
{
	OWNED_BUF out = BUF_INIT;
	char text[VERSION_KEY_MAX + 1];

	memset(text, '1', sizeof(text));
	assert_int_equal(version_key(VERSION_DEB, (str){ text, sizeof(text) }, &out, NULL), -E2BIG);
	assert_int_equal(version_key(VERSION_DEB, (str){ text, VERSION_KEY_MAX }, &out, NULL),
			 -E2BIG);
	assert_int_equal(version_key(VERSION_DEB, (str){ text, 900 }, &out, NULL), 0);
	assert_int_equal(version_key(VERSION_DEB, (str){ "1\0", 2 }, &out, NULL), -EBADMSG);
}

static void read_source(const char *path, struct buf *ret)
{
	const char *top = getenv("SKEP_SOURCE_DIR");
	OWNED_BUF full = BUF_INIT;

	buf_printf(&full, "%s/%s", top ? top : ".", path);
	assert_int_equal(file_read(AT_FDCWD, buf_cstr(&full), 1u << 20, ret, NULL), 0);
}

/* Answers of dpkg, rpm, apk and the others, as test_version_oracles.py records them. */
static void recorded_answers_are_ours(void **state UNUSED)
{
	OWNED_BUF text = BUF_INIT;
	size_t count = 0;
	str rest;

	read_source("test/golden/version_orders.tsv", &text);
	for (rest = buf_str(&text); rest.n; count++) {
		str line = str_line(&rest), whole = line;
		str name = str_cut(&line, '\t'), a = str_cut(&line, '\t');
		str sign = str_cut(&line, '\t');
		enum version_scheme scheme;
		struct err e = { 0 };
		int order;

		assert_int_equal(version_scheme_find(name, &scheme), 0);
		if (version_compare(scheme, a, line, &order, &e) < 0)
			fail_msg("%s", e.text);
		if (!str_is(sign, order < 0 ? "<" : order > 0 ? ">" : "="))
			fail_msg("%.*s: ours is %d", STR_ARG(whole), order);
	}
	assert_true(count >= 1000);
}

/* Each row of the document's table is true, and each scheme has one. */
static void keys_are_as_documented(void **state UNUSED)
{
	bool seen[VERSION_SCHEME_COUNT] = { false };
	OWNED_BUF text = BUF_INIT;
	str rest;

	read_source("doc/formats/version-keys.md", &text);
	for (rest = buf_str(&text); rest.n;) {
		str line = str_line(&rest), name, version;
		enum version_scheme scheme;
		OWNED_BUF key = BUF_INIT;
		OWNED_BUF hex = BUF_INIT;

		str_cut(&line, '|');
		name = str_trim(str_cut(&line, '|'));
		if (version_scheme_find(name, &scheme) < 0)
			continue;
		str_cut(&line, '`');
		version = str_cut(&line, '`');
		str_cut(&line, '`');
		assert_int_equal(version_key(scheme, version, &key, NULL), 0);
		for (size_t i = 0; i < key.n; i++)
			buf_printf(&hex, "%s%02x", i ? " " : "", (unsigned char)key.p[i]);
		assert_str(str_cut(&line, '`'), buf_cstr(&hex));
		seen[scheme] = true;
	}
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		assert_true(seen[i]);
}

static void names_find_schemes(void **state UNUSED)
{
	for (enum version_scheme s = 0; s < VERSION_SCHEME_COUNT; s++) {
		enum version_scheme found = VERSION_SCHEME_COUNT;

		assert_int_equal(version_scheme_find(str_from(version_scheme_name(s)), &found), 0);
		assert_int_equal(found, s);
	}
	enum version_scheme none;
	assert_int_equal(version_scheme_find(S("dpkg"), &none), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deb),
		cmocka_unit_test(rpm),
		cmocka_unit_test(apk),
		cmocka_unit_test(pacman),
		cmocka_unit_test(semver),
		cmocka_unit_test(go),
		cmocka_unit_test(pep440),
		cmocka_unit_test(gem),
		cmocka_unit_test(maven),
		cmocka_unit_test(nuget),
		cmocka_unit_test(composer),
		cmocka_unit_test(generic),
		cmocka_unit_test(epochs_can_be_left_out),
		cmocka_unit_test(long_versions_are_refused_by_length),
		cmocka_unit_test(recorded_answers_are_ours),
		cmocka_unit_test(keys_are_as_documented),
		cmocka_unit_test(names_find_schemes),
	};

	return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}

#include "unit.h"

#include "codec/version.h"
#include "scan/vuln/match.h"
#include "scan/vuln/vulndb_build.h"

/* One claim a line: namespace package vulnerability fixed [key=value ...]; a fixed version of "-" is none. */
static const char claims[] =
	"debian:11 openssl CVE-1 1.1.1n-0+deb11u3 advisory=DSA-1-1 severity=high\n"
	"debian:11 openssl CVE-2 - state=will-not-fix\n"
	"debian:11 openssl CVE-3 0\n"
	"debian:11 openssl CVE-3 -\n"
	"debian:11 apt CVE-4 1.8.2.1 advisory=DSA-4-1\n"
	"debian:11 apt CVE-4 1.8.2.2 advisory=DSA-5-1\n"
	"debian:11 linux CVE-5 -\n"
	"debian:11 bad CVE-6 2\n"
	"debian:11 curl CVE-7 7.88.1-1 state=affected\n"
	"debian:11 curl CVE-8 7.88.1-1 state=affected\n"
	"debian:11 curl CVE-8 7.74.0-1.3+deb11u5 advisory=DSA-8-1\n"
	"debian:11 curl CVE-9 7.88.1-1 state=will-not-fix\n"
	"alpine:3.9 openssl CVE-10 1.1.1d-r0\n"
	"alpine:3.9 libcrypto1.1 CVE-11 9\n"
	"almalinux:9 bash CVE-20 5.1.8-6.el9_1 advisory=ALSA-1 arch=x86_64+aarch64\n"
	"almalinux:9 bash CVE-21 5.1.8-9.el9 arch=s390x\n"
	"almalinux:9 dbus CVE-22 1:1.12.20-7.el9_1\n"
	"almalinux:9 nodejs CVE-23 1:16.20.2-1.module_el9.2.0+1+a module=nodejs:16\n"
	"almalinux:9 nodejs CVE-24 1:18.20.2-1.module_el9.2.0+1+a module=nodejs:18\n"
	"almalinux:9 nodejs CVE-25 1:99.0-1.el9\n"
	"almalinux:9 virt CVE-27 2-1.module_el9.2.0+1+a module=virt:rhel,virt-devel:rhel\n"
	"almalinux:9 npm CVE-26 1:8.19.4-1.16.20.2.1.module_el9.2.0+1+a\n"
	"azurelinux:3.0 perl CVE-30 4:5.38.2-3.azl3\n"
	"oracle:8 glibc CVE-60 2.28-151.el8\n"
	"oracle:8 glibc CVE-61 2:2.28-151.0.1.ksplice1.el8\n"
	"oracle:8 gnutls CVE-62 3.6.16-4.el8\n"
	"oracle:8 gnutls CVE-63 10:3.6.16-4.0.1.el8_fips\n"
	"ubuntu:18.04 curl CVE-70 7.58.0-2ubuntu3.24\n"
	"ubuntu:18.04 curl CVE-71 - state=will-not-fix\n"
	"ubuntu:18.04 curl CVE-73 - state=will-not-fix\n"
	"ubuntu-esm:18.04 curl CVE-70 7.58.0-2ubuntu3.24\n"
	"ubuntu-esm:18.04 curl CVE-71 7.58.0-2ubuntu3.24+esm1\n"
	"ubuntu-esm:18.04 curl CVE-72 7.58.0-2ubuntu3.24+esm2\n"
	"ubuntu-esm:18.04 curl CVE-73 0\n"
	"ubuntu:22.04 curl CVE-74 7.81.0-1ubuntu1.1\n"
	"ubuntu-esm:22.04 curl CVE-75 7.81.0-1ubuntu1.1+esm1\n"
	"rhel:8 pam CVE-80 1.3-25.el8 product=cpe:/o:redhat:enterprise_linux:8::baseos\n"
	"rhel:8 pam CVE-80 1.3-22.el8 product=cpe:/a:redhat:enterprise_linux:8::appstream\n"
	"rhel:8 pam CVE-80 1.3-14.el8_2.1 product=cpe:/o:redhat:rhel_eus:8.2::baseos\n"
	"rhel:8 pam CVE-81 - product=cpe:/o:redhat:enterprise_linux:8\n"
	"rhel:8 pam CVE-82 1.3-30.el8 product=cpe:/a:redhat:enterprise_linux:8::crb\n"
	"rhel:8 pam CVE-83 1.3-14.el8_2.9 product=cpe:/o:redhat:rhel_eus:8.2::baseos\n"
	"rhel:8 pam CVE-84 1.3-14.el8_2.7 product=cpe:/o:redhat:rhel_e4s:8.2::baseos\n"
	"rhel:8 pam CVE-85 1.3-26.el8\n"
	"redhat-repository rhel-8-for-x86_64-baseos-rpms m - "
	"product=cpe:/o:redhat:enterprise_linux:8::baseos\n"
	"redhat-repository rhel-8-for-x86_64-appstream-rpms m - "
	"product=cpe:/a:redhat:enterprise_linux:8::appstream\n"
	"redhat-repository rhel-8-for-x86_64-baseos-eus-rpms__8_DOT_2 m - "
	"product=cpe:/o:redhat:rhel_eus:8.2::baseos\n"
	"redhat-repository rhel-8-for-x86_64-baseos-eus-rpms m - "
	"product=cpe:/o:redhat:rhel_eus:8.1::baseos+cpe:/o:redhat:rhel_eus:8.2::baseos\n"
	"rhel:8 pam CVE-86 1.3-15.el8_1.9 product=cpe:/o:redhat:rhel_eus:8.1::baseos\n"
	"redhat-build ubi8-container-8.2-7-x86_64 m - "
	"product=cpe:/o:redhat:rhel_e4s:8.2::baseos\n"
	"npm lodash CVE-40 4.17.21 introduced=4.0.0\n"
	"npm lodash CVE-40 3.10.2 introduced=3.0.0\n"
	"npm lodash CVE-41 - last=4.17.19\n"
	"pypi pillow CVE-50 9.0\n";

/* "a+b" to "a b"; lasts until the next call. */
static str products(str joined)
{
	static char text[200];

	assert_true(joined.n < sizeof(text));
	for (size_t i = 0; i < joined.n; i++)
		text[i] = joined.p[i];
	for (size_t i = 0; i < joined.n; i++)
		if (text[i] == '+')
			text[i] = ' ';
	return (str){ text, joined.n };
}

static void fill(struct claim *c, str words)
{
	while (words.n) {
		str value = str_cut(&words, ' ');
		str key = str_cut(&value, '=');

		if (str_is(key, "advisory"))
			c->advisory = value;
		else if (str_is(key, "severity"))
			c->severity = severity_find(value);
		else if (str_is(key, "state"))
			c->state = str_is(value, "affected") ? FIX_AFFECTED : FIX_WILL_NOT_FIX;
		else if (str_is(key, "introduced"))
			c->introduced = value;
		else if (str_is(key, "product"))
			c->products = products(value);
		else if (str_is(key, "last"))
			c->last_affected = value;
		else if (str_is(key, "module"))
			c->module = value;
		else if (str_is(key, "arch"))
			c->arch = str_is(value, "x86_64+aarch64") ? S("x86_64 aarch64") : value;
	}
}

struct fixture {
	struct buf file;
	struct vulndb *db;
	struct arena a;
};

static int set_up(void **state)
{
	static struct fixture f;
	struct vulndb_builder *b = NULL;
	struct vulndb_build_stats stats;
	struct vulndb_build_options o = { .built = S("2026-11-20") };
	struct vulnerability v = { .id = S("CVE-2"),
				   .description = S("text"),
				   .cvss = { { S("nvd"), S("CVSS:3.1/x"), 9.8f } },
				   .cvss_count = 1,
				   .epss = 0.9f,
				   .epss_percentile = 0.99f };
	str rest = str_from(claims);

	f = (struct fixture){ 0 };
	arena_init(&f.a, 0);
	assert_int_equal(vulndb_builder_new(&b, NULL), 0);
	struct feed_sink sink = vulndb_builder_sink(b);
	while (rest.n) {
		str line = str_line(&rest);
		struct claim c = { .origin = S("test"), .state = FIX_AFFECTED };

		c.namespace = str_cut(&line, ' ');
		c.package = str_cut(&line, ' ');
		c.vulnerability = str_cut(&line, ' ');
		c.fixed = str_cut(&line, ' ');
		c.state = str_is(c.fixed, "-") ? FIX_AFFECTED : FIX_FIXED;
		if (str_is(c.fixed, "-"))
			c.fixed = (str){ 0 };
		fill(&c, line);
		assert_int_equal(sink.claim(sink.ctx, &c, NULL), 0);
	}
	assert_int_equal(sink.fact(sink.ctx, &v, NULL), 0);
	sink.as_of(sink.ctx, S("test"), S("2026-11-19"));
	assert_int_equal(vulndb_builder_render(b, &o, &f.file, &stats, NULL), 0);
	assert_int_equal(stats.bad_versions, 0);
	vulndb_builder_free(b);
	assert_int_equal(vulndb_open_memory(buf_str(&f.file), &f.db, NULL), 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	vulndb_close(f->db);
	buf_done(&f->file);
	arena_done(&f->a);
	return 0;
}

static struct report match(struct fixture *f, struct os os, struct package *p, size_t count,
			   bool third_party)
{
	struct inventory v = { .os = os, .packages = { p, count, count } };
	struct match_options o = { .third_party = third_party };
	struct report ret = { 0 };
	struct err e = { 0 };

	if (match_inventory(f->db, &v, &o, 1795132800 + 86400, &f->a, &ret, &e) < 0)
		fail_msg("%s", e.text);
	return ret;
}

/* "id:fixed id:fixed" in id order, for comparing. */
static void expect(const struct report *r, const char *want)
{
	OWNED_BUF got = BUF_INIT;
	str last = { 0 };

	for (size_t n = 0; n < r->findings.count; n++) {
		const struct finding *next = NULL;

		for (size_t i = 0; i < r->findings.count; i++) {
			const struct finding *x = &r->findings.items[i];

			if (str_cmp(x->vuln->id, last) > 0 &&
			    (!next || str_cmp(x->vuln->id, next->vuln->id) < 0))
				next = x;
		}
		if (!next)
			break;
		last = next->vuln->id;
		buf_printf(&got, "%s%.*s:%.*s", got.n ? " " : "", STR_ARG(last),
			   STR_ARG(next->fixed_version));
	}
	assert_str(buf_str(&got), want);
}

static const struct finding *find(const struct report *r, const char *id)
{
	for (size_t i = 0; i < r->findings.count; i++)
		if (str_is(r->findings.items[i].vuln->id, id))
			return &r->findings.items[i];
	fail_msg("no finding %s", id);
	return NULL;
}

static const struct gap *gap_of(const struct report *r, enum gap_kind kind)
{
	for (size_t i = 0; i < r->gaps.count; i++)
		if (r->gaps.items[i].kind == kind)
			return &r->gaps.items[i];
	return NULL;
}

static struct package deb(const char *name, const char *version, const char *source,
			  const char *source_version)
{
	return (struct package){ .type = S("deb"),
				 .namespace = S("debian"),
				 .name = str_from(name),
				 .version = str_from(version),
				 .source_name = str_from(source),
				 .source_version = str_from(source_version) };
}

static struct package rpm(const char *name, const char *version, const char *module)
{
	return (struct package){ .type = S("rpm"),
				 .name = str_from(name),
				 .version = str_from(version),
				 .arch = S("x86_64"),
				 .module = str_from(module) };
}

#define DEBIAN ((struct os){ .id = S("debian"), .version_id = S("11") })
#define ALMA ((struct os){ .id = S("almalinux"), .version_id = S("9.1") })

static void compares_source_packages_on_debian(void **state)
{
	struct package p[] = {
		deb("libssl1.1", "1.1.1n-0+deb11u2", "openssl", "1.1.1n-0+deb11u2"),
		deb("openssl", "1.1.1n-0+deb11u3", "openssl", "1.1.1n-0+deb11u3"),
	};
	struct report r = match(*state, DEBIAN, p, 1, false);
	const struct finding *f;

	expect(&r, "CVE-1:1.1.1n-0+deb11u3 CVE-2:");
	f = find(&r, "CVE-1");
	assert_str(f->compared_name, "openssl");
	assert_str(f->compared_version, "1.1.1n-0+deb11u2");
	assert_str(f->advisory, "DSA-1-1");
	assert_str(f->scheme, "deb");
	assert_str(f->namespace, "debian:11");
	assert_int_equal(f->severity, SEVERITY_HIGH);
	f = find(&r, "CVE-2");
	assert_int_equal(f->state, FIX_WILL_NOT_FIX);
	assert_int_equal(f->severity, SEVERITY_CRITICAL);
	assert_str(f->severity_source, "nvd");
	assert_str(f->vuln->description, "text");
	/* The higher risk comes first. */
	assert_ptr_equal(f, &r.findings.items[0]);
	assert_int_equal(r.database.age_s, 2 * 86400);

	/* Installed equals fixed: no finding. */
	r = match(*state, DEBIAN, p + 1, 1, false);
	expect(&r, "CVE-2:");
}

static void keeps_the_last_fix_and_every_advisory(void **state)
{
	struct package p = deb("apt", "1.8.2", "apt", "1.8.2");
	struct report r = match(*state, DEBIAN, &p, 1, false);

	expect(&r, "CVE-4:1.8.2.2");
	assert_str(find(&r, "CVE-4")->advisory, "DSA-5-1 DSA-4-1");
}

static void calls_a_bound_no_fix_unless_the_claim_does(void **state)
{
	struct package p = deb("curl", "7.74.0-1.3+deb11u1", "curl", "7.74.0-1.3+deb11u1");
	struct report r = match(*state, DEBIAN, &p, 1, false);

	expect(&r, "CVE-7: CVE-8:7.74.0-1.3+deb11u5 CVE-9:");
	assert_int_equal(find(&r, "CVE-7")->state, FIX_AFFECTED);
	assert_str(find(&r, "CVE-7")->fixed, "7.88.1-1");
	assert_int_equal(find(&r, "CVE-8")->state, FIX_FIXED);
	assert_str(find(&r, "CVE-8")->advisory, "DSA-8-1");
	assert_int_equal(find(&r, "CVE-9")->state, FIX_WILL_NOT_FIX);
	/* The bound still limits what is affected. */
	p.version = p.source_version = S("7.88.1-1");
	r = match(*state, DEBIAN, &p, 1, false);
	expect(&r, "");
}

static void applies_kernel_claims_to_kernels_only(void **state)
{
	struct package p[] = { deb("linux-libc-dev", "5.10.1-1", "linux", "5.10.1-1"),
			       deb("linux-image-amd64", "5.10.1-1", "linux-signed-amd64",
				   "5.10.1+1") };
	struct report r = match(*state, DEBIAN, p, 1, false);

	expect(&r, "");
	assert_str(gap_of(&r, GAP_NOT_APPLICABLE)->place, "linux-libc-dev");
	p[1].source_name = S("linux");
	r = match(*state, DEBIAN, p + 1, 1, false);
	expect(&r, "CVE-5:");
}

static void names_what_it_cannot_compare(void **state)
{
	struct package p = deb("bad", "not a version", "bad", "not a version");
	struct report r = match(*state, DEBIAN, &p, 1, false);

	expect(&r, "");
	assert_non_null(gap_of(&r, GAP_MALFORMED));
	assert_str(gap_of(&r, GAP_MALFORMED)->place, "bad not a version");
}

static void leaves_third_party_packages_out(void **state)
{
	struct package p = deb("apt", "1.8.2", "apt", "1.8.2");
	struct report r;

	p.third_party = true;
	r = match(*state, DEBIAN, &p, 1, false);
	expect(&r, "");
	assert_int_equal(gap_of(&r, GAP_NOT_APPLICABLE)->count, 1);
	r = match(*state, DEBIAN, &p, 1, true);
	expect(&r, "CVE-4:1.8.2.2");
	assert_null(gap_of(&r, GAP_NOT_APPLICABLE));
}

static void compares_origins_on_alpine(void **state)
{
	struct package p = { .type = S("apk"),
			     .name = S("libcrypto1.1"),
			     .version = S("1.1.1a-r1"),
			     .source_name = S("openssl"),
			     .source_version = S("1.1.1a-r1") };
	struct os os = { .id = S("alpine"), .version_id = S("3.9.0") };
	struct report r = match(*state, os, &p, 1, false);

	expect(&r, "CVE-10:1.1.1d-r0");
	os.repository = S("v3.10");
	r = match(*state, os, &p, 1, false);
	expect(&r, "");
	assert_non_null(gap_of(&r, GAP_NO_DATA));
	assert_true(r.unjudged > 0);
	assert_true(r.is_end_of_life);
}

static void filters_by_architecture(void **state)
{
	struct package p = rpm("bash", "5.1.8-4.el9", "");
	struct report r = match(*state, ALMA, &p, 1, false);

	expect(&r, "CVE-20:5.1.8-6.el9_1");
	p.arch = S("s390x");
	r = match(*state, ALMA, &p, 1, false);
	expect(&r, "CVE-21:5.1.8-9.el9");
	p.arch = S("amd64");
	r = match(*state, ALMA, &p, 1, false);
	expect(&r, "CVE-20:5.1.8-6.el9_1");
}

static void counts_a_missing_epoch_as_zero_for_binaries(void **state)
{
	struct package p = rpm("dbus", "1.12.20-7.el9_1", "");
	struct report r = match(*state, ALMA, &p, 1, false);

	expect(&r, "CVE-22:1:1.12.20-7.el9_1");
	p.version = S("1:1.12.20-7.el9_1");
	r = match(*state, ALMA, &p, 1, false);
	expect(&r, "");
}

static void ignores_epochs_that_source_packages_lost(void **state)
{
	struct package p = rpm("perl-Errno", "1.37-2.azl3", "");
	struct os os = { .id = S("azurelinux"), .version_id = S("3.0") };
	struct report r;

	p.source_name = S("perl");
	p.source_version = S("5.38.2-2.azl3");
	r = match(*state, os, &p, 1, false);
	expect(&r, "CVE-30:4:5.38.2-3.azl3");
	assert_true(find(&r, "CVE-30")->epoch_ignored);
	p.source_version = S("5.38.2-3.azl3");
	r = match(*state, os, &p, 1, false);
	expect(&r, "");
	p.source_version = S("4:5.38.2-2.azl3");
	r = match(*state, os, &p, 1, false);
	expect(&r, "CVE-30:4:5.38.2-3.azl3");
	assert_false(find(&r, "CVE-30")->epoch_ignored);
}

static void keeps_modules_apart(void **state)
{
	static const struct {
		const char *label;
		bool is_affected;
	} of_virt[] = {
		{ "virt:rhel:9020020230101:rhel9", true },
		{ "virt-devel:rhel", true },
		{ "", true },
		{ "virt:rhel9:9020020230101:rhel9", false },
		{ "virt-dev:rhel", false },
		{ "nodejs:16", false },
	};
	struct package p =
		rpm("nodejs", "1:16.20.0-1.module_el9.2.0+1+a", "nodejs:16:9020020230101:rhel9");
	struct package npm = rpm("npm", "1:8.19.2-1.16.20.0.1.module_el9.2.0+1+a", "");
	struct report r = match(*state, ALMA, &p, 1, false);

	expect(&r, "CVE-23:1:16.20.2-1.module_el9.2.0+1+a");
	/* Outside any module only the plain claim is about it. */
	p = rpm("nodejs", "1:16.20.0-1.el9", "");
	r = match(*state, ALMA, &p, 1, false);
	expect(&r, "CVE-25:1:99.0-1.el9");
	/* The label was lost, the release still tells. */
	r = match(*state, ALMA, &npm, 1, false);
	expect(&r, "CVE-26:1:8.19.4-1.16.20.2.1.module_el9.2.0+1+a");
	npm.version = S("1:8.19.2-1.el9");
	r = match(*state, ALMA, &npm, 1, false);
	expect(&r, "");
	/* A claim about two modules, one of which is the package's, whole. */
	for (size_t i = 0; i < ARRAY_LEN(of_virt); i++) {
		p = rpm("virt", "1-1.module_el9.2.0+1+a", of_virt[i].label);
		r = match(*state, ALMA, &p, 1, false);
		expect(&r, of_virt[i].is_affected ? "CVE-27:2-1.module_el9.2.0+1+a" : "");
	}
}

static void keeps_flavours_of_oracle_apart(void **state)
{
	const struct os oracle = { .id = S("ol"), .version_id = S("8.4") };
	struct package p = rpm("glibc", "2.28-127.el8", "");
	struct report r = match(*state, oracle, &p, 1, false);

	expect(&r, "CVE-60:2.28-151.el8");
	p.version = S("2:2.28-127.0.1.ksplice1.el8");
	r = match(*state, oracle, &p, 1, false);
	expect(&r, "CVE-61:2:2.28-151.0.1.ksplice1.el8");
	p = rpm("gnutls", "3.6.14-1.el8", "");
	r = match(*state, oracle, &p, 1, false);
	expect(&r, "CVE-62:3.6.16-4.el8");
	p.version = S("10:3.6.14-1.0.1.el8_fips");
	r = match(*state, oracle, &p, 1, false);
	expect(&r, "CVE-63:10:3.6.16-4.0.1.el8_fips");
}

static void asks_extended_support_after_the_end(void **state)
{
	const struct os bionic = { .id = S("ubuntu"), .version_id = S("18.04") };
	const struct os jammy = { .id = S("ubuntu"), .version_id = S("22.04") };
	struct package p = deb("curl", "7.58.0-2ubuntu3", "curl", "7.58.0-2ubuntu3");
	struct report r = match(*state, bionic, &p, 1, false);

	/* CVE-73: extended support says that it is not affected. */
	expect(&r, "CVE-70:7.58.0-2ubuntu3.24 CVE-71:7.58.0-2ubuntu3.24+esm1 "
		   "CVE-72:7.58.0-2ubuntu3.24+esm2");
	assert_str(find(&r, "CVE-72")->namespace, "ubuntu-esm:18.04");
	/* Its fix is installed: that the plain release will not fix it is no longer news. */
	p = deb("curl", "7.58.0-2ubuntu3.24+esm1", "curl", "7.58.0-2ubuntu3.24+esm1");
	r = match(*state, bionic, &p, 1, false);
	expect(&r, "CVE-72:7.58.0-2ubuntu3.24+esm2");
	p = deb("curl", "7.81.0-1", "curl", "7.81.0-1");
	r = match(*state, jammy, &p, 1, false);
	expect(&r, "CVE-74:7.81.0-1ubuntu1.1");
	/* Before the end too, where its packages are installed. */
	p = deb("curl", "7.81.0-1ubuntu1~esm1", "curl", "7.81.0-1ubuntu1~esm1");
	r = match(*state, jammy, &p, 1, false);
	expect(&r, "CVE-74:7.81.0-1ubuntu1.1 CVE-75:7.81.0-1ubuntu1.1+esm1");
}

static struct report match_rhel(void **state, const char *version, const char *sets)
{
	struct package p = rpm("pam", version, "");
	struct os os = { .id = S("rhel"), .version_id = S("8.2") };

	p.content_sets = str_from(sets);
	return match(*state, os, &p, 1, false);
}

#define BASEOS "rhel-8-for-x86_64-baseos-rpms"
#define EUS "rhel-8-for-x86_64-baseos-eus-rpms__8_DOT_2"

static void hears_the_products_of_the_repositories(void **state)
{
	struct report r = match_rhel(state, "1.3-8.el8", BASEOS);

	/* The claim on the channel that the image has; one that names no product is the main stream's. */
	expect(&r, "CVE-80:1.3-25.el8 CVE-81: CVE-85:1.3-26.el8");
	assert_str(find(&r, "CVE-80")->product, "cpe:/o:redhat:enterprise_linux:8::baseos");
	assert_str(find(&r, "CVE-80")->repository, BASEOS);
	assert_str(find(&r, "CVE-85")->product, "");
	r = match_rhel(state, "1.3-23.el8", "rhel-8-for-x86_64-appstream-rpms__8");
	expect(&r, "CVE-81: CVE-85:1.3-26.el8");
	/* Of several the latest. */
	r = match_rhel(state, "1.3-8.el8", BASEOS " rhel-8-for-x86_64-appstream-rpms");
	expect(&r, "CVE-80:1.3-25.el8 CVE-81: CVE-85:1.3-26.el8");
	assert_null(gap_of(&r, GAP_STAND_IN));
	/* Without content sets, those of every system. */
	r = match_rhel(state, "1.3-8.el8", "");
	expect(&r, "CVE-80:1.3-25.el8 CVE-81: CVE-85:1.3-26.el8");
	assert_str(find(&r, "CVE-80")->repository, "");
	assert_null(gap_of(&r, GAP_STAND_IN));
}

static void hears_a_stream_before_the_main_one(void **state)
{
	struct report r = match_rhel(state, "1.3-8.el8", EUS);

	expect(&r, "CVE-80:1.3-14.el8_2.1 CVE-81: CVE-83:1.3-14.el8_2.9 CVE-85:1.3-26.el8");
	assert_str(find(&r, "CVE-80")->product, "cpe:/o:redhat:rhel_eus:8.2::baseos");
	assert_str(find(&r, "CVE-80")->repository, EUS);
	assert_str(find(&r, "CVE-81")->repository, "");
	/* The stream's fix is installed: the main stream's later one is no news. */
	r = match_rhel(state, "1.3-14.el8_2.1", EUS);
	expect(&r, "CVE-81: CVE-83:1.3-14.el8_2.9 CVE-85:1.3-26.el8");
	/* One name for the repositories of all minor releases: the system, 8.2, has its own. */
	r = match_rhel(state, "1.3-14.el8_2.1", "rhel-8-for-x86_64-baseos-eus-rpms");
	expect(&r, "CVE-81: CVE-83:1.3-14.el8_2.9 CVE-85:1.3-26.el8");
	/* On the main stream it is none. */
	r = match_rhel(state, "1.3-14.el8_2.1", BASEOS);
	expect(&r, "CVE-80:1.3-25.el8 CVE-81: CVE-85:1.3-26.el8");
}

static void tells_a_build_and_what_it_does_not_know(void **state)
{
	struct report r = match_rhel(state, "1.3-8.el8", "nvr:ubi8-container-8.2-7-x86_64");

	assert_str(find(&r, "CVE-84")->repository, "nvr:ubi8-container-8.2-7-x86_64");
	assert_null(gap_of(&r, GAP_STAND_IN));
	r = match_rhel(state, "1.3-8.el8", "nvr:other-1-1-x86_64 x-source-rpms");
	expect(&r, "CVE-80:1.3-25.el8 CVE-81: CVE-85:1.3-26.el8");
	assert_str(gap_of(&r, GAP_STAND_IN)->place, "nvr:other-1-1-x86_64");
}

static void lets_a_rebuild_stand_in(void **state)
{
	struct package p = rpm("bash", "5.1.8-4.el9", "");
	struct os os = { .id = S("rhel"), .version_id = S("9.0") };
	struct report r = match(*state, os, &p, 1, false);

	expect(&r, "CVE-20:5.1.8-6.el9_1");
	assert_str(find(&r, "CVE-20")->namespace, "almalinux:9");
	assert_non_null(gap_of(&r, GAP_STAND_IN));
	os.version_id = S("7.9");
	r = match(*state, os, &p, 1, false);
	expect(&r, "");
	assert_null(gap_of(&r, GAP_STAND_IN));
	assert_non_null(gap_of(&r, GAP_NO_DATA));
}

static void follows_ranges_of_language_packages(void **state)
{
	struct package p = { .type = S("npm"), .name = S("lodash"), .version = S("4.17.20") };
	struct package gem = { .type = S("gem"), .name = S("rack"), .version = S("1") };
	struct os none = { 0 };
	struct report r = match(*state, none, &p, 1, false);

	expect(&r, "CVE-40:4.17.21");
	p.version = S("4.17.19");
	r = match(*state, none, &p, 1, false);
	expect(&r, "CVE-40:4.17.21 CVE-41:");
	assert_int_equal(find(&r, "CVE-41")->state, FIX_AFFECTED);
	p.version = S("3.10.1");
	r = match(*state, none, &p, 1, false);
	expect(&r, "CVE-40:3.10.2 CVE-41:");
	p.version = S("4.17.21");
	r = match(*state, none, &p, 1, false);
	expect(&r, "");
	r = match(*state, none, &gem, 1, false);
	assert_str(gap_of(&r, GAP_NO_DATA)->place, "gem");
}

/* Whatever the budget, the answer is whole or the budget is named. */
static void never_answers_in_part(void **state)
{
	struct fixture *f = *state;
	struct package *p = ARENA_ARRAY(&f->a, 200, struct package);
	struct inventory v = { .os = DEBIAN, .packages = { p, 200, 200 } };
	bool spent = false, done = false;

	for (size_t i = 0; i < 200; i++)
		p[i] = deb("libssl1.1", "1.1.1n-0+deb11u2", "openssl", "1.1.1n-0+deb11u2");
	for (size_t budget = 1024; !done; budget += 9000) {
		struct report r = { 0 };
		struct err e = { 0 };
		struct arena a;
		int got;

		arena_init(&a, budget);
		got = match_inventory(f->db, &v, NULL, 0, &a, &r, &e);
		assert_true(got == 0 || got == -ENOBUFS);
		spent |= got == -ENOBUFS;
		done = got == 0;
		assert_int_equal(r.findings.count, done ? 400 : 0);
		assert_true(done || e.text[0]);
		arena_done(&a);
	}
	assert_true(spent);
}

enum { RANDOM_CLAIMS = 3000, RANDOM_PACKAGES = 60, RANDOM_FLAWS = 40 };

static str random_version(struct arena *a, unsigned int *seed)
{
	return arena_printf(a, "%s%d.%d%s-%d", rand_r(seed) % 8 ? "" : "1:", rand_r(seed) % 3,
			    rand_r(seed) % 10, rand_r(seed) % 4 ? "" : "~rc1", rand_r(seed) % 3);
}

static int order(str a, str b)
{
	int r = 0;

	assert_int_equal(version_compare(VERSION_DEB, a, b, &r, NULL), 0);
	return r;
}

static bool covers(const struct claim *c, str version)
{
	if (c->introduced.n && order(version, c->introduced) < 0)
		return false;
	if (c->fixed.n)
		return order(version, c->fixed) < 0;
	return c->last_affected.n == 0 || order(version, c->last_affected) <= 0;
}

/* What a reader of the claims would say: affected when one covers the version and none that does says otherwise. */
static bool is_affected(const struct claim *all, str package, str id, str version)
{
	bool affected = false;

	for (size_t i = 0; i < RANDOM_CLAIMS; i++) {
		const struct claim *c = &all[i];

		if (!str_eq(c->package, package) || !str_eq(c->vulnerability, id) ||
		    !covers(c, version))
			continue;
		if (c->state == FIX_NOT_AFFECTED)
			return false;
		affected = true;
	}
	return affected;
}

static struct claim random_claim(struct arena *a, unsigned int *seed)
{
	struct claim c = {
		.namespace = S("debian:11"),
		.package = arena_printf(a, "p%d", rand_r(seed) % RANDOM_PACKAGES),
		.vulnerability = arena_printf(a, "CVE-2000-%d", 1000 + rand_r(seed) % RANDOM_FLAWS),
		.origin = S("random"),
		.state = rand_r(seed) % 6 ? FIX_AFFECTED : FIX_NOT_AFFECTED,
	};

	if (rand_r(seed) % 2)
		c.introduced = random_version(a, seed);
	if (rand_r(seed) % 2)
		c.fixed = random_version(a, seed);
	else if (rand_r(seed) % 2)
		c.last_affected = random_version(a, seed);
	return c;
}

/* Through file and keys comes what comparing every claim's text with the distribution's order gives. */
static void agrees_with_a_plain_reading(void **state UNUSED)
{
	const struct vulndb_build_options o = { .built = S("2026-11-20") };
	struct vulndb_build_stats stats;
	struct vulndb_builder *b = NULL;
	struct fixture f = { 0 };
	unsigned int seed = 1;

	arena_init(&f.a, 0);
	struct claim *all = ARENA_ARRAY(&f.a, RANDOM_CLAIMS, struct claim);
	struct package *p = ARENA_ARRAY(&f.a, RANDOM_PACKAGES, struct package);
	assert_int_equal(vulndb_builder_new(&b, NULL), 0);
	struct feed_sink sink = vulndb_builder_sink(b);
	for (size_t i = 0; i < RANDOM_CLAIMS; i++) {
		all[i] = random_claim(&f.a, &seed);
		assert_int_equal(sink.claim(sink.ctx, &all[i], NULL), 0);
	}
	assert_int_equal(vulndb_builder_render(b, &o, &f.file, &stats, NULL), 0);
	vulndb_builder_free(b);
	assert_int_equal(vulndb_open_memory(buf_str(&f.file), &f.db, NULL), 0);
	for (int i = 0; i < RANDOM_PACKAGES; i++) {
		p[i] = deb("", "", "", "");
		p[i].name = p[i].source_name = arena_printf(&f.a, "p%d", i);
		p[i].version = p[i].source_version = random_version(&f.a, &seed);
	}
	struct report r = match(&f, DEBIAN, p, RANDOM_PACKAGES, false);
	size_t expected = 0;
	for (size_t i = 0; i < RANDOM_PACKAGES; i++)
		for (int k = 0; k < RANDOM_FLAWS; k++)
			expected += is_affected(all, p[i].name,
						arena_printf(&f.a, "CVE-2000-%d", 1000 + k),
						p[i].version);
	assert_int_equal(r.findings.count, expected);
	assert_true(expected > 100 && expected < (size_t)RANDOM_PACKAGES * RANDOM_FLAWS / 2);
	for (size_t i = 0; i < r.findings.count; i++) {
		const struct finding *x = &r.findings.items[i];
		const struct package *of = &p[x->package];

		assert_true(is_affected(all, of->name, x->vuln->id, of->version));
	}
	vulndb_close(f.db);
	buf_done(&f.file);
	arena_done(&f.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_source_packages_on_debian),
		cmocka_unit_test(keeps_the_last_fix_and_every_advisory),
		cmocka_unit_test(calls_a_bound_no_fix_unless_the_claim_does),
		cmocka_unit_test(applies_kernel_claims_to_kernels_only),
		cmocka_unit_test(names_what_it_cannot_compare),
		cmocka_unit_test(leaves_third_party_packages_out),
		cmocka_unit_test(compares_origins_on_alpine),
		cmocka_unit_test(filters_by_architecture),
		cmocka_unit_test(counts_a_missing_epoch_as_zero_for_binaries),
		cmocka_unit_test(ignores_epochs_that_source_packages_lost),
		cmocka_unit_test(keeps_modules_apart),
		cmocka_unit_test(keeps_flavours_of_oracle_apart),
		cmocka_unit_test(asks_extended_support_after_the_end),
		cmocka_unit_test(hears_the_products_of_the_repositories),
		cmocka_unit_test(hears_a_stream_before_the_main_one),
		cmocka_unit_test(tells_a_build_and_what_it_does_not_know),
		cmocka_unit_test(lets_a_rebuild_stand_in),
		cmocka_unit_test(follows_ranges_of_language_packages),
		cmocka_unit_test(never_answers_in_part),
		cmocka_unit_test(agrees_with_a_plain_reading),
	};

	return cmocka_run_group_tests_name("match", tests, set_up, tear_down);
}

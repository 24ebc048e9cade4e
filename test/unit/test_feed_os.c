#include "unit.h"

#include "feed_collect.h"

static void osv_makes_a_claim_of_each_event_pair(void **state UNUSED)
{
	assert_claims(
		"a/GHSA-1.json", "osv",
		"{\"schema_version\":\"1.4\",\"id\":\"GHSA-aaaa-bbbb-cccc\",\"aliases\":[\"CVE-"
		"2024-1\",\"CVE-2024-1234\"],"
		"\"database_specific\":{\"severity\":\"MODERATE\"},\"affected\":[{\"package\":"
		"{\"ecosystem\":\"PyPI\",\"name\":\"My_Lib.X\"},\"ranges\":[{\"type\":"
		"\"ECOSYSTEM\",\"events\":["
		"{\"introduced\":\"0\"},{\"fixed\":\"1.2\"},{\"introduced\":\"2.0\"},{\"last_"
		"affected\":\"2.4\"},"
		"{\"introduced\":\"3.0\"}]}]}]}",
		"pypi my-lib-x CVE-2024-1234 GHSA-aaaa-bbbb-cccc 0,1.2,- fixed medium - -\n"
		"pypi my-lib-x CVE-2024-1234 GHSA-aaaa-bbbb-cccc 2.0,-,2.4 affected medium - -\n"
		"pypi my-lib-x CVE-2024-1234 GHSA-aaaa-bbbb-cccc 3.0,-,- affected medium - -\n");
}

static void osv_lists_versions_where_there_is_no_range(void **state UNUSED)
{
	assert_claims("a/x.json", "osv",
		      "{\"schema_version\":\"1\",\"id\":\"MAL-2024-1\",\"affected\":[{\"package\":{"
		      "\"ecosystem\":\"npm\","
		      "\"name\":\"left\"},\"ranges\":[{\"type\":\"GIT\",\"events\":[]}],"
		      "\"versions\":[\"1.0\",\"1.1\"]}]}",
		      "npm left MAL-2024-1 MAL-2024-1 1.0,-,1.0 affected unknown - -\n"
		      "npm left MAL-2024-1 MAL-2024-1 1.1,-,1.1 affected unknown - -\n");
	assert_claims(
		"a/x.json", "osv",
		"{\"schema_version\":\"1\",\"id\":\"GHSA-1\",\"withdrawn\":\"2024-01-01T00:00:"
		"00Z\",\"affected\":[{"
		"\"package\":{\"ecosystem\":\"npm\",\"name\":\"left\"},\"versions\":[\"1.0\"]}]}",
		"");
}

static void osv_of_a_distribution_names_its_cves(void **state UNUSED)
{
	assert_claims(
		"ALSA.json", "osv",
		"{\"id\":\"ALSA-2023:0340\",\"summary\":\"Moderate: bash security "
		"update\",\"affected\":[{\"package\":{"
		"\"ecosystem\":\"AlmaLinux:9\",\"name\":\"bash\"},\"ranges\":[{\"type\":"
		"\"ECOSYSTEM\",\"events\":["
		"{\"introduced\":\"0\"},{\"fixed\":\"5.1.8-6.el9_1\"}]}]}],\"related\":[\"CVE-2022-"
		"3715\",\"CVE-2022-3716\"]}",
		"almalinux:9 bash CVE-2022-3715 ALSA-2023:0340 0,5.1.8-6.el9_1,- fixed medium - -\n"
		"almalinux:9 bash CVE-2022-3716 ALSA-2023:0340 0,5.1.8-6.el9_1,- fixed medium - "
		"-\n");
	assert_claims("ALSA.json", "osv",
		      "{\"id\":\"ALSA-2023:1\",\"affected\":[{\"package\":{\"ecosystem\":"
		      "\"AlmaLinux:9\",\"name\":\"bash\"},"
		      "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{"
		      "\"fixed\":\"5\"}]}]}]}",
		      "almalinux:9 bash ALSA-2023:1 ALSA-2023:1 0,5,- fixed unknown - -\n");
	assert_claims("ALBA.json", "osv",
		      "{\"id\":\"ALBA-2023:1\",\"affected\":[{\"package\":{\"ecosystem\":"
		      "\"AlmaLinux:9\",\"name\":\"bash\"},"
		      "\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{"
		      "\"fixed\":\"5\"}]}]}]}",
		      "");
}

static void osv_takes_modules_from_the_summary(void **state UNUSED)
{
	static const struct {
		const char *summary, *fixed, *module;
	} cases[] = {
		{ "Important: nodejs:16 security update", "1:16.1-1.module_el8.6.0+1+a",
		  "nodejs:16" },
		{ "nodejs:16 bug fix, and security update", "1:16.1-1.module+el8.6.0+1+a",
		  "nodejs:16" },
		{ "Low: virt:rhel and virt-devel:rhel security, bug fix update",
		  "1-1.module_el8+1+a", "virt:rhel,virt-devel:rhel" },
		{ "Moderate: php:8.0, php:8.1 security update", "1-1.module_el8+1+a",
		  "php:8.0,php:8.1" },
		{ "ALSA-2023:1: php:8.0 security update (Important)", "1-1.module_el8+1+a",
		  "php:8.0" },
		{ "Important: httpd:2.4/mod_http2 security update", "1-1.module_el8+1+a",
		  "httpd:2.4" },
		{ "Low: see ALSA-2023:1 and https://x.example/a", "1-1.module_el8+1+a", "-" },
		{ "Moderate: go-toolset security update", "1-1.module_el8+1+a", "-" },
		{ "", "1-1.module_el8+1+a", "-" },
		/* A package of the same advisory that is outside the module. */
		{ "Important: nodejs:16 security update", "1-1.el8", "-" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		OWNED_BUF text = BUF_INIT;
		OWNED_BUF want = BUF_INIT;

		buf_printf(
			&text,
			"{\"id\":\"ALSA-2023:1\",\"summary\":\"%s\",\"affected\":[{\"package\":{"
			"\"ecosystem\":\"AlmaLinux:8\",\"name\":\"p\"},\"ranges\":[{\"type\":"
			"\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"%s\"}]}]}],"
			"\"related\":[\"CVE-2022-3715\"]}",
			cases[i].summary, cases[i].fixed);
		buf_printf(&want, "almalinux:8 p CVE-2022-3715 ALSA-2023:1 0,%s,- fixed %s - %s\n",
			   cases[i].fixed,
			   str_starts(str_from(cases[i].summary), S("Imp"))   ? "high"
			   : str_starts(str_from(cases[i].summary), S("Low")) ? "low"
			   : str_starts(str_from(cases[i].summary), S("Mod")) ? "medium"
									      : "unknown",
			   cases[i].module);
		assert_claims("ALSA.json", "osv", buf_cstr(&text), buf_cstr(&want));
	}
}

static void osv_names_the_ecosystems(void **state UNUSED)
{
	static const char *const pairs[][2] = {
		{ "Rocky Linux:8", "rocky:8" },
		{ "Debian:11", "debian:11" },
		{ "Alpine:v3.19", "alpine:3.19" },
		{ "Ubuntu:22.04:LTS", "ubuntu:22.04" },
		{ "Ubuntu:Pro:18.04:LTS", "ubuntu-esm:18.04" },
		{ "SUSE:Linux Enterprise Server 15 SP4", "sles:15.4" },
		{ "SUSE:Linux Enterprise Micro 5.3", "sle-micro:5.3" },
		{ "openSUSE:Leap 15.4", "opensuse-leap:15.4" },
		{ "openSUSE:Tumbleweed", "opensuse-tumbleweed" },
		{ "Azure Linux:3", "azurelinux:3.0" },
		{ "Photon OS:4.0", "photon:4.0" },
		{ "Wolfi", "wolfi" },
		{ "crates.io", "cargo" },
		{ "Maven:https://repo1.maven.org/maven2", "maven" },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		OWNED_BUF text = BUF_INIT;
		OWNED_BUF want = BUF_INIT;

		buf_printf(&text,
			   "{\"id\":\"X-1\",\"affected\":[{\"package\":{\"ecosystem\":\"%s\","
			   "\"name\":\"p\"},"
			   "\"versions\":[\"1\"]}]}",
			   pairs[i][0]);
		buf_printf(&want, "%s p X-1 X-1 1,-,1 affected unknown - -\n", pairs[i][1]);
		assert_claims("x.json", "osv", buf_cstr(&text), buf_cstr(&want));
	}
	assert_claims("x.json", "osv",
		      "{\"id\":\"X-1\",\"affected\":[{\"package\":{\"ecosystem\":"
		      "\"Red Hat:rhel_eus:9.2::appstream\",\"name\":\"p\"},\"versions\":[\"1\"]}]}",
		      "rhel:9 p X-1 X-1 1,-,1 affected unknown - - "
		      "cpe:/o:redhat:rhel_eus:9.2::appstream\n");
	assert_unreadable("x.json", "osv",
			  "{\"id\":\"X-1\",\"affected\":[{\"package\":{\"ecosystem\":"
			  "\"Ubuntu:Pro:FIPS:20.04:LTS\",\"name\":\"p\"}}]}",
			  "x.json:X-1: ecosystem 'Ubuntu:Pro:FIPS:20.04:LTS' is not matched\n");
	assert_unreadable("x.json", "osv",
			  "{\"id\":\"X-1\",\"affected\":[{\"package\":{\"ecosystem\":\"Android\","
			  "\"name\":\"p\"}}]}",
			  "x.json:X-1: ecosystem 'Android' is not matched\n");
	assert_unreadable("x.json", "osv", "{\"id\":\"X-1\",\"affected\":[{]}",
			  "x.json: JSON line 1 column 26: quoted object property name expected\n");
}

static void alpine_secdb_mends_its_ids(void **state UNUSED)
{
	assert_claims("v3.9/main.yaml", "alpine-secdb",
		      "---\ndistroversion: v3.9\nreponame: main\napkurl: x\npackages:\n  - pkg:\n  "
		      "    name: ansible\n"
		      "      secfixes:\n        2.7.3-r0:\n          - CVE 2018-16859\n          - "
		      "CVE-2024-22195 GHSA-h5c8-rqwp-cp95\n"
		      "        1.10:\n          - CVE-?\?\?-?  XSA-284\n        \"0\":\n        "
		      "  - CVE-2017-2616 (+ regression fix)\n",
		      "alpine:3.9 ansible CVE-2018-16859 - -,2.7.3-r0,- fixed unknown - -\n"
		      "alpine:3.9 ansible CVE-2024-22195 - -,2.7.3-r0,- fixed unknown - -\n"
		      "alpine:3.9 ansible XSA-284 - -,1.10,- fixed unknown - -\n"
		      "alpine:3.9 ansible CVE-2017-2616 - -,-,- not-affected unknown - -\n");
	assert_claims(
		"wolfi/security.json", "alpine-secdb",
		"{\"apkurl\":\"{{urlprefix}}\",\"urlprefix\":\"https://"
		"packages.wolfi.dev\",\"reponame\":\"os\",\"packages\":["
		"{\"pkg\":{\"name\":\"curl\",\"secfixes\":{\"8.1-r0\":[\"CVE-2023-28319\"]}}}]}",
		"wolfi curl CVE-2023-28319 - -,8.1-r0,- fixed unknown - -\n");
	assert_unreadable("v3.9/main.yaml", "alpine-secdb",
			  "distroversion: v3.9\nreponame: main\napkurl: x\npackages:\n- pkg: "
			  "{name: a, secfixes: {1-r0: [none]}}\n",
			  "v3.9/main.yaml:a: 'none' holds no vulnerability id\n");
}

static void debian_advisory_lists(void **state UNUSED)
{
	assert_claims(
		"data/DSA/list", "debian-tracker",
		"[29 Mar 2023] DSA-5380-1 xorg-server - security update\n\t{CVE-2023-1393 "
		"CVE-2023-1394}\n"
		"\t[bullseye] - xorg-server 2:1.20.11-1+deb11u6\n\tNOTE: nothing\n"
		"[27 Mar 2023] DSA-5379-2 dino-im - regression update\n\t[buster] - dino-im "
		"<not-affected> (Too old)\n"
		"\t[bullseye] - dino-im <end-of-life> (see DSA)\n",
		"debian:11 xorg-server CVE-2023-1393 DSA-5380-1 -,2:1.20.11-1+deb11u6,- "
		"fixed unknown - -\n"
		"debian:11 xorg-server CVE-2023-1394 DSA-5380-1 -,2:1.20.11-1+deb11u6,- "
		"fixed unknown - -\n"
		"debian:10 dino-im DSA-5379-2 DSA-5379-2 -,-,- not-affected unknown - -\n"
		"debian:11 dino-im DSA-5379-2 DSA-5379-2 -,-,- end-of-life unknown - - noted\n");
	assert_unreadable("DLA/list", "debian-tracker",
			  "[27 Mar 2023] DLA-1-1 x - y\n\t[nowhere] - x 1\n\t[buster] - x "
			  "<odd>\n\t[buster] - x\n",
			  "DLA/list:DLA-1-1: line 3: unknown state 'odd'\n"
			  "DLA/list:DLA-1-1: line 4: neither a version nor a state\n"
			  "DLA/list:DLA-1-1: release 'nowhere' is not known\n");
}

static void debian_cve_list_tells_of_every_release(void **state UNUSED)
{
	assert_claims(
		"data/CVE/list", "debian-tracker",
		"CVE-2021-33560 (Libgcrypt before 1.8.8 ...)\n\t{DLA-2691-1}\n\t- libgcrypt20 "
		"1.8.7-6 (bug #989363; medium)\n"
		"\t[buster] - libgcrypt20 1.8.4-5+deb10u1\n\t[stretch] - libgcrypt20 <no-dsa> "
		"(Minor issue)\n\tNOTE: x\n"
		"CVE-2021-0001 [rejected]\n\tREJECTED\n",
		"debian:11 libgcrypt20 CVE-2021-33560 - -,1.8.7-6,- affected medium - - presumed\n"
		"debian:12 libgcrypt20 CVE-2021-33560 - -,1.8.7-6,- affected medium - - presumed\n"
		"debian:13 libgcrypt20 CVE-2021-33560 - -,1.8.7-6,- affected medium - - presumed\n"
		"debian:sid libgcrypt20 CVE-2021-33560 - -,1.8.7-6,- fixed medium - -\n"
		"debian:10 libgcrypt20 CVE-2021-33560 - -,1.8.4-5+deb10u1,- fixed unknown - -\n"
		"debian:9 libgcrypt20 CVE-2021-33560 - -,-,- will-not-fix unknown - - noted\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(osv_makes_a_claim_of_each_event_pair),
		cmocka_unit_test(osv_lists_versions_where_there_is_no_range),
		cmocka_unit_test(osv_of_a_distribution_names_its_cves),
		cmocka_unit_test(osv_takes_modules_from_the_summary),
		cmocka_unit_test(osv_names_the_ecosystems),
		cmocka_unit_test(alpine_secdb_mends_its_ids),
		cmocka_unit_test(debian_advisory_lists),
		cmocka_unit_test(debian_cve_list_tells_of_every_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

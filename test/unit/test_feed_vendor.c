#include "unit.h"

#include "feed_collect.h"
#include "scan/feed/formats.h"

static void errata_as_json_and_xml(void **state UNUSED)
{
	assert_claims("alma/8/ALSA.json", "errata",
		      "{\"updateinfo_id\":\"ALSA-2021:3076\",\"severity\":\"Moderate\",\"type\":"
		      "\"security\",\"pkglist\":{"
		      "\"packages\":[{\"name\":\"golang\",\"epoch\":\"1\",\"version\":\"1.15\","
		      "\"release\":\"1.module_el8.4.0+25\","
		      "\"arch\":\"x86_64\"},{\"name\":\"golang-debuginfo\",\"version\":\"1\","
		      "\"release\":\"1.el8\"}],"
		      "\"module\":{\"name\":\"go-toolset\",\"stream\":\"rhel8\"}},\"references\":[{"
		      "\"type\":\"cve\","
		      "\"id\":\"CVE-2021-27918\"},{\"type\":\"bugzilla\",\"id\":\"1\"}]}",
		      "almalinux:8 golang CVE-2021-27918 ALSA-2021:3076 "
		      "-,1:1.15-1.module_el8.4.0+25,- fixed medium x86_64 "
		      "go-toolset:rhel8\n");
	assert_claims("vuln-list/amazon/2/ALAS2-2021-1699.json", "errata",
		      "{\"id\":\"ALAS2-2021-1699\",\"severity\":\"low\",\"packages\":[{\"name\":"
		      "\"kernel\",\"epoch\":\"0\","
		      "\"version\":\"4.14.243\",\"release\":\"185.433.amzn2\",\"arch\":\"noarch\"}]"
		      ",\"cveids\":[\"CVE-2021-22543\"]}",
		      "amazon:2 kernel CVE-2021-22543 ALAS2-2021-1699 -,4.14.243-185.433.amzn2,- "
		      "fixed low - -\n");
	assert_claims(
		"updateinfo.xml", "updateinfo",
		"<?xml version=\"1.0\"?><updates><update "
		"type=\"security\"><id>RLSA-2021:1979</id><severity>Important</severity>"
		"<references><reference type=\"cve\" "
		"id=\"CVE-2020-25097\"/></references><pkglist><collection><module name=\"ruby\" "
		"stream=\"2.6\"/><package name=\"ruby\" version=\"2.6\" "
		"release=\"1.module+el8.5.0\" epoch=\"0\" arch=\"x86_64\"/>"
		"<package name=\"ruby\" version=\"2.6\" release=\"1.module+el8.5.0\" epoch=\"0\" "
		"arch=\"src\"/></collection></pkglist>"
		"</update><update type=\"bugfix\"><id>RLBA-1</id><pkglist><collection><package "
		"name=\"x\" version=\"1\" "
		"release=\"1.el8\"/></collection></pkglist></update></updates>",
		"rocky:8 ruby CVE-2020-25097 RLSA-2021:1979 -,2.6-1.module+el8.5.0,- fixed high "
		"x86_64 ruby:2.6\n");
	assert_unreadable("updateinfo.xml", "updateinfo", "<updates><update type=\"x\">",
			  "updateinfo.xml: XML line 1: no element found\n");
}

static const char oval[] =
	"<oval_definitions><definitions><definition class=\"patch\" "
	"id=\"oval:com.redhat.rhsa:def:20204751\"><metadata>"
	"<title>RHSA-2020:4751: httpd:2.4 security update "
	"(Moderate)</title><affected><platform>Red Hat Enterprise Linux 8</platform>"
	"</affected><reference ref_id=\"RHSA-2020:4751\"/><reference "
	"ref_id=\"CVE-2018-17189\"/><advisory><severity>Moderate</severity>"
	"</advisory></metadata><criteria operator=\"AND\"><criterion comment=\"Red Hat Enterprise "
	"Linux 8 is installed\" test_ref=\"t:0\"/>"
	"<criterion comment=\"Module httpd:2.4 is enabled\" test_ref=\"t:9\"/><criteria "
	"operator=\"OR\"><criteria operator=\"AND\">"
	"<criterion comment=\"httpd is earlier than 0:2.4.37\" test_ref=\"t:1\"/><criterion "
	"comment=\"httpd is signed with key\" "
	"test_ref=\"t:2\"/></criteria></criteria></criteria></definition>"
	"<definition class=\"vulnerability\" "
	"id=\"oval:com.redhat.cve:def:1\"><metadata><title>one</title><reference "
	"ref_id=\"CVE-2020-14342\"/><advisory><severity>Low</severity><affected><resolution "
	"state=\"Will not fix\"/></affected></advisory>"
	"</metadata><criteria><criterion comment=\"Red Hat Enterprise Linux 8 is installed\" "
	"test_ref=\"t:0\"/><criterion "
	"comment=\"cifs-utils is installed\" "
	"test_ref=\"t:3\"/></criteria></definition></definitions>"
	"<tests><red-def:rpminfo_test id=\"t:1\"><object object_ref=\"o:1\"/><state "
	"state_ref=\"s:1\"/></red-def:rpminfo_test></tests>"
	"<objects><rpminfo_object id=\"o:1\"><name>httpd</name></rpminfo_object></objects>"
	"<states><rpminfo_state id=\"s:1\"><arch operation=\"pattern "
	"match\">aarch64|x86_64</arch><evr operation=\"less than\">"
	"0:2.4.37-30.module+el8.3.0</evr></rpminfo_state></states></oval_definitions>";

static void oval_as_xml(void **state UNUSED)
{
	assert_claims("rhel-8.oval.xml", "oval", oval,
		      "rhel:8 httpd CVE-2018-17189 RHSA-2020:4751 -,2.4.37-30.module+el8.3.0,- "
		      "fixed medium aarch64 x86_64 "
		      "httpd:2.4\n"
		      "rhel:8 cifs-utils CVE-2020-14342 - -,-,- will-not-fix low - -\n");
	assert_unreadable("x.oval.xml", "oval",
			  "<oval_definitions><definition id=\"d\"></definition>",
			  "x.oval.xml: XML line 1: no element found\nx.oval.xml:d: names no "
			  "package with a version or a state\n");
}

static void oval_as_json(void **state UNUSED)
{
	assert_claims("oval/oracle/2021/ELSA.json", "oval-json",
		      "{\"Title\":\"ELSA-2021-9280: glibc\",\"Platform\":[\"Oracle Linux "
		      "7\",\"Oracle Linux 8\"],\"References\":[{\"ID\":"
		      "\"ELSA-2021-9280\"},{\"ID\":\"CVE-2019-9169\"}],\"Criteria\":{\"Criterias\":"
		      "[{\"Criterions\":[{\"Comment\":"
		      "\"glibc is earlier than "
		      "0:2.28-151.0.1.el8_4\"}],\"Criterias\":null}],\"Criterions\":[{\"Comment\":"
		      "\"Oracle Linux 8 is "
		      "installed\"},{\"Comment\":\"Oracle Linux arch is "
		      "x86_64\"}]},\"Severity\":\"IMPORTANT\"}",
		      "oracle:8 glibc CVE-2019-9169 ELSA-2021-9280 -,2.28-151.0.1.el8_4,- fixed "
		      "high x86_64 -\n");
	assert_claims("vuln-list/azure/3.0/definitions/2018/1.json", "oval-json",
		      "{\"ID\":\"oval:com.microsoft.azurelinux:def:1\",\"Metadata\":{\"Reference\":"
		      "{\"RefID\":\"CVE-2018-1999023\"},"
		      "\"Severity\":\"High\"},\"Criteria\":{\"Criterion\":[{\"Comment\":\"Package "
		      "ceph is earlier than 18.2.1-1, affected by "
		      "CVE-2018-1999023\",\"TestRef\":\"t\"}]}}",
		      "azurelinux:3.0 ceph CVE-2018-1999023 - -,18.2.1-1,- fixed high - -\n");
}

/* Definitions, and beside them what their tests compare: the comment lacks the architectures and half of the version. */
static void oval_json_with_its_tests(void **state UNUSED)
{
	static const struct feed_file set[] = {
		{ S("vuln-list/mariner/1.0/objects/objects.json"),
		  S("{\"RpminfoObjects\":[{\"ID\":\"o1\",\"Name\":\"wireshark\"},{\"Name\":\"x\"},"
		    "7]}") },
		{ S("vuln-list/mariner/1.0/definitions/2020/1.json"),
		  S("{\"ID\":\"d\",\"Metadata\":{\"Reference\":{\"RefID\":\"CVE-2020-0001\"}},"
		    "\"Criteria\":{\"Criterion\":[{\"Comment\":\"Package wireshark is installed "
		    "with "
		    "version 3.4.4 or earlier\",\"TestRef\":\"t1\"},{\"Comment\":\"Package zlib is "
		    "earlier than 1.2-3\",\"TestRef\":\"t2\"}]}}") },
		{ S("vuln-list/mariner/1.0/states/states.json"),
		  S("{\"RpminfoState\":[{\"ID\":\"s1\",\"Evr\":{\"Text\":\"0:3.4.4-2.cm1\","
		    "\"Operation\":\"less than or "
		    "equal\"},\"Arch\":{\"Text\":\"aarch64|x86_64\"}}]}") },
		{ S("vuln-list/mariner/1.0/tests/tests.json"),
		  S("{\"RpminfoTests\":[{\"ID\":\"t1\",\"Object\":{\"ObjectRef\":\"o1\"},"
		    "\"State\":{\"StateRef\":\"s1\"}},{\"ID\":\"t2\",\"Object\":{\"ObjectRef\":"
		    "\"none\"},\"State\":{\"StateRef\":\"s1\"}}]}") },
	};
	struct feed_collect t = { 0 };
	struct feed_sink sink = feed_collect_sink(&t);
	struct arena a;

	for (size_t i = 0; i < ARRAY_LEN(set); i++)
		assert_str(feed_oval_json.set_of(set[i].path), "vuln-list/mariner/1.0");
	assert_str(feed_oval_json.set_of(S("oval/oracle/2021/definitions/1.json")), "");
	arena_init(&a, 0);
	assert_int_equal(feed_oval_json.import_set(set, ARRAY_LEN(set), &a, &sink, NULL), 0);
	assert_string_equal(
		buf_cstr(&t.claims),
		"mariner:1.0 wireshark CVE-2020-0001 - -,-,3.4.4-2.cm1 affected unknown "
		"aarch64 x86_64 -\n"
		"mariner:1.0 zlib CVE-2020-0001 - -,1.2-3,- fixed unknown - -\n");
	assert_string_equal(buf_cstr(&t.unreadable), "");
	arena_done(&a);
	feed_collect_done(&t);
}

static void ubuntu_extended_support(void **state UNUSED)
{
	assert_claims("active/CVE-2020-2", "ubuntu-tracker",
		      "Candidate: CVE-2020-2\ntrusty/esm_a: released (1~esm1)\n"
		      "esm-apps/focal_a: ignored\nesm-infra/bionic_a: not-affected (1.2)\n"
		      "esm-infra/xenial_a: not-affected (code not present)\n"
		      "esm-infra/jammy_a: DNE\ndevel_a: needed\n",
		      "ubuntu-esm:14.04 a CVE-2020-2 - -,1~esm1,- fixed unknown - -\n"
		      "ubuntu-esm:20.04 a CVE-2020-2 - -,-,- will-not-fix unknown - -\n"
		      "ubuntu-esm:18.04 a CVE-2020-2 - -,1.2,- fixed unknown - -\n"
		      "ubuntu-esm:16.04 a CVE-2020-2 - -,-,- not-affected unknown - -\n");
}

static void tells_once_what_is_left_out(void **state UNUSED)
{
	assert_unreadable("active/CVE-2020-3", "ubuntu-tracker",
			  "Candidate: CVE-2020-3\nfips/focal_a: needed\nsnap_a: released (1)\n"
			  "bluefield/jammy_a: DNE\nupstream_a: released (1)\n",
			  "active/CVE-2020-3: left out: 2 lines about products or releases beside "
			  "Ubuntu's releases and their ESM\n");
	assert_unreadable(
		"CVE-2020-4.json", "redhat-api",
		"{\"name\":\"CVE-2020-4\",\"threat_severity\":\"Low\","
		"\"affected_release\":[{\"product_name\":\"Red Hat Enterprise Linux 8.2 "
		"Extended Update Support\",\"package\":\"a-1-1.el8\"}],"
		"\"package_state\":[{\"product_name\":\"Red Hat OpenShift 4\","
		"\"package_name\":\"a\",\"fix_state\":\"Affected\"}]}",
		"CVE-2020-4.json: left out: 2 entries about products that tell no release of "
		"the system, or without a package\n");
	assert_unreadable(
		"csaf-vex/cve.json", "csaf",
		"{\"document\":{\"csaf_version\":\"2.0\",\"tracking\":{\"id\":\"CVE-2020-5\"}},"
		"\"product_tree\":{\"branches\":[{\"product\":{\"product_id\":\"image\"}}]},"
		"\"vulnerabilities\":[{\"cve\":\"CVE-2020-5\",\"product_status\":{"
		"\"known_affected\":[\"image\"]}}]}",
		"csaf-vex/cve.json: left out: 1 statuses of images, or of products that tell "
		"no release of the system\n");
	assert_unreadable("suse.xml", "suse-cvrf",
			  "<cvrfdoc><Vulnerability><CVE>CVE-2022-1</CVE><ProductStatuses><Status "
			  "Type=\"Fixed\"><ProductID>SUSE Manager 4:x-1-1</ProductID></Status>"
			  "</ProductStatuses></Vulnerability></cvrfdoc>",
			  "suse.xml: left out: 1 packages of products beside the distributions\n");
	assert_unreadable("oval/oracle/2021/ELSA.json", "oval-json",
			  "{\"Title\":\"t\",\"Platform\":[\"Oracle Linux 8\"],\"References\":[{"
			  "\"ID\":\"ELSA-2021-1\"}],\"Criteria\":{\"Criterions\":[{\"Comment\":"
			  "\"glibc is earlier than 0:2.28-1.el8\"},{\"Comment\":\"glibc is "
			  "ksplice-based\"}]}}",
			  "oval/oracle/2021/ELSA.json: left out: 1 packages of ksplice or FIPS "
			  "builds whose versions do not show it\n");
}

static void oracle_flavours(void **state UNUSED)
{
	assert_claims("oval/oracle/2021/ELSA.json", "oval-json",
		      "{\"Title\":\"t\",\"Platform\":[\"Oracle Linux 8\"],\"References\":[{"
		      "\"ID\":\"ELSA-2021-1\"}],\"Criteria\":{\"Criterias\":[{\"Criterions\":[{"
		      "\"Comment\":\"glibc is earlier than 2:2.28-1.0.1.ksplice1.el8\"},{"
		      "\"Comment\":\"glibc is ksplice-based\"}]}],\"Criterions\":[{\"Comment\":"
		      "\"Oracle Linux 8 is installed\"}]}}",
		      "oracle:8 glibc ELSA-2021-1 ELSA-2021-1 -,2:2.28-1.0.1.ksplice1.el8,- fixed "
		      "unknown - -\n");
	assert_claims("oval/oracle/2021/ELSA.json", "oval-json",
		      "{\"Title\":\"t\",\"Platform\":[\"Oracle Linux 8\"],\"References\":[{"
		      "\"ID\":\"ELSA-2021-1\"}],\"Criteria\":{\"Criterions\":[{\"Comment\":"
		      "\"gnutls is earlier than 10:3.6.16-4.0.1.el8_fips\"},{\"Comment\":\"gnutls "
		      "is fips patched\"}]}}",
		      "oracle:8 gnutls ELSA-2021-1 ELSA-2021-1 -,10:3.6.16-4.0.1.el8_fips,- fixed "
		      "unknown - -\n");
}

static void csaf_of_red_hat_and_suse(void **state UNUSED)
{
	assert_claims("csaf-vex/cve.json", "csaf",
		      "{\"document\":{\"csaf_version\":\"2.0\",\"tracking\":{\"id\":\"CVE-2024-"
		      "10041\"}},\"product_tree\":{\"branches\":[{"
		      "\"branches\":[{\"product\":{\"product_id\":\"BaseOS-9\",\"product_"
		      "identification_helper\":{\"cpe\":"
		      "\"cpe:/"
		      "o:redhat:enterprise_linux:9::baseos\"}}},{\"product\":{\"product_id\":"
		      "\"p1\",\"product_identification_helper\":{"
		      "\"purl\":\"pkg:rpm/redhat/"
		      "pam@1.5.1-21.el9_5?arch=x86_64&epoch=1&rpmmod=m:2.4:81:4f\"}}},{\"product\":"
		      "{\"product_id\":"
		      "\"p2\",\"product_identification_helper\":{\"purl\":\"pkg:rpm/redhat/"
		      "pam?arch=src\"}}}]}],\"relationships\":[{"
		      "\"product_reference\":\"p1\",\"relates_to_product_reference\":\"BaseOS-9\","
		      "\"full_product_name\":{\"product_id\":\"B:p1\"}},{"
		      "\"product_reference\":\"p2\",\"relates_to_product_reference\":\"BaseOS-9\","
		      "\"full_product_name\":{\"product_id\":\"B:p2\"}}]},"
		      "\"vulnerabilities\":[{\"cve\":\"CVE-2024-10041\",\"remediations\":[{"
		      "\"category\":\"vendor_fix\",\"url\":"
		      "\"https://access.redhat.com/errata/"
		      "RHSA-2024:9941\",\"product_ids\":[\"B:p1\"]},{\"category\":\"no_fix_"
		      "planned\",\"details\":"
		      "\"Will not "
		      "fix\",\"product_ids\":[\"B:p2\"]}],\"threats\":[{\"category\":\"impact\","
		      "\"details\":\"Moderate\",\"product_ids\":["
		      "\"B:p1\"]}]}]}",
		      "rhel:9 pam CVE-2024-10041 RHSA-2024:9941 -,1:1.5.1-21.el9_5,- fixed medium "
		      "x86_64 m:2.4 cpe:/o:redhat:enterprise_linux:9::baseos\n"
		      "rhel:9 pam CVE-2024-10041 - -,-,- will-not-fix unknown - - "
		      "cpe:/o:redhat:enterprise_linux:9::baseos\n");
	assert_claims(
		"suse.json", "csaf",
		"{\"document\":{\"csaf_version\":\"2.0\",\"publisher\":{\"name\":\"SUSE Product "
		"Security Team\"},\"tracking\":{\"id\":"
		"\"SUSE-SU-2024:1-1\"}},\"product_tree\":{\"branches\":[{\"product\":{\"product_"
		"id\":\"S\",\"name\":\"SUSE Linux Enterprise "
		"Server 15 "
		"SP5\"}},{\"product\":{\"product_id\":\"bash-4.4-150.x86_64\"}}],\"relationships\":"
		"[{\"product_reference\":"
		"\"bash-4.4-150.x86_64\",\"relates_to_product_reference\":\"S\",\"full_product_"
		"name\":{\"product_id\":\"S:b\"}}]},"
		"\"vulnerabilities\":[{\"cve\":\"CVE-2024-0001\",\"product_status\":{"
		"\"recommended\":[\"S:b\"]},\"threats\":[{\"category\":"
		"\"impact\",\"details\":\"important\"}]}]}",
		"sles:15.5 bash CVE-2024-0001 SUSE-SU-2024:1-1 -,4.4-150,- fixed high x86_64 -\n");
}

/* Five products, two architectures: two claims, for the versions differ. */
static void csaf_of_red_hat_streams(void **state UNUSED)
{
	assert_claims(
		"csaf-vex/cve.json", "csaf",
		"{\"document\":{\"tracking\":{\"id\":\"CVE-2024-0001\"}},\"product_tree\":{"
		"\"branches\":[{\"product\":{\"product_id\":\"B\",\"product_identification_"
		"helper\":"
		"{\"cpe\":\"cpe:/"
		"o:redhat:enterprise_linux:9::baseos\"}}},{\"product\":{\"product_id\":"
		"\"A\",\"product_identification_helper\":{\"cpe\":"
		"\"cpe:/"
		"a:redhat:enterprise_linux:9::appstream\"}}},{\"product\":{\"product_id\":\"E\","
		"\"product_identification_helper\":{\"cpe\":\"cpe:/"
		"o:redhat:rhel_eus:9.2::baseos\"}}},"
		"{\"product\":{\"product_id\":\"M\",\"product_identification_helper\":{\"cpe\":"
		"\"cpe:/a:redhat:openshift:4\"}}},"
		"{\"product\":{\"product_id\":\"x\",\"product_identification_helper\":{\"purl\":"
		"\"pkg:rpm/redhat/p@2-1.el9_5?arch=x86_64\"}}},{\"product\":{\"product_id\":\"s\","
		"\"product_identification_helper\":{\"purl\":"
		"\"pkg:rpm/redhat/p@2-1.el9_5?arch=s390x\"}}},{\"product\":{\"product_id\":\"e\","
		"\"product_identification_helper\":{\"purl\":"
		"\"pkg:rpm/redhat/p@1-9.el9_2?arch=x86_64\"}}}],\"relationships\":[{"
		"\"product_reference\":\"x\",\"relates_to_product_reference\":\"B\","
		"\"full_product_name\":{\"product_id\":\"B:x\"}},{\"product_reference\":\"x\","
		"\"relates_to_product_reference\":\"A\",\"full_product_name\":{\"product_id\":"
		"\"A:x\"}},{\"product_reference\":\"s\",\"relates_to_product_reference\":\"B\","
		"\"full_product_name\":{\"product_id\":\"B:s\"}},{\"product_reference\":\"s\","
		"\"relates_to_product_reference\":\"A\",\"full_product_name\":{\"product_id\":"
		"\"A:s\"}},{\"product_reference\":\"e\",\"relates_to_product_reference\":\"E\","
		"\"full_product_name\":{\"product_id\":\"E:e\"}}]},\"vulnerabilities\":[{\"cve\":"
		"\"CVE-2024-0001\",\"product_status\":{\"fixed\":[\"B:x\",\"A:x\",\"B:s\",\"A:s\","
		"\"E:e\"]}}]}",
		"rhel:9 p CVE-2024-0001 - -,2-1.el9_5,- fixed unknown x86_64 s390x - "
		"cpe:/o:redhat:enterprise_linux:9::baseos "
		"cpe:/a:redhat:enterprise_linux:9::appstream\n"
		"rhel:9 p CVE-2024-0001 - -,1-9.el9_2,- fixed unknown x86_64 - "
		"cpe:/o:redhat:rhel_eus:9.2::baseos\n");
}

static void maps_of_red_hat(void **state UNUSED)
{
	const char *want = "redhat-repository rhel-9-baseos repository-to-cpe - -,-,- not-affected "
			   "unknown - - cpe:/o:redhat:enterprise_linux:9::baseos "
			   "cpe:/a:redhat:enterprise_linux:9\n";

	assert_claims("x/repository-to-cpe.json", "redhat-cpe",
		      "{\"data\":{\"rhel-9-baseos\":{\"cpes\":["
		      "\"cpe:/o:redhat:enterprise_linux:9::baseos\","
		      "\" cpe:/a:redhat:enterprise_linux:9\",\"cpe:/a:redhat:enterprise_linux:9\"],"
		      "\"repo_relative_urls\":[\"a\"]},\"none\":{\"cpes\":[]}}}",
		      want);
	assert_claims("repository-to-cpe.json", "redhat-cpe",
		      "{\"rhel-9-baseos\":[\"cpe:/o:redhat:enterprise_linux:9::baseos\","
		      "\"cpe:/a:redhat:enterprise_linux:9\"]}",
		      want);
	assert_claims("nvr-to-cpe.json", "redhat-cpe",
		      "{\"ubi8-container-8.0-7-x86_64\":[\"cpe:/o:redhat:rhel_eus:8.0::baseos\"]}",
		      "redhat-build ubi8-container-8.0-7-x86_64 nvr-to-cpe - -,-,- not-affected "
		      "unknown - - cpe:/o:redhat:rhel_eus:8.0::baseos\n");
	assert_unreadable("nvr-to-cpe.json", "redhat-cpe", "[]",
			  "nvr-to-cpe.json: is no map of names to CPEs\n");
	assert_unreadable("nvr-to-cpe.json", "redhat-cpe",
			  "{\"a\":7,\"b\":{\"cpe\":[]},\"c\":[\"cpe:/o:suse:x\"]}",
			  "nvr-to-cpe.json:a: is mapped to no list of CPEs\n"
			  "nvr-to-cpe.json:b: is mapped to no list of CPEs\n"
			  "nvr-to-cpe.json:c: 'cpe:/o:suse:x' is no CPE of Red Hat\n");
}

static void cvrf_as_xml_and_json(void **state UNUSED)
{
	const char *want = "sles:15.4 libopenssl1_1 CVE-2022-0001 SUSE-SU-2022:1-1 "
			   "-,1.1.1l-150400.7.7.1,- fixed high - -\n"
			   "opensuse-leap:15.4 libopenssl1_1 CVE-2022-0001 SUSE-SU-2022:1-1 "
			   "-,1.1.1l-150400.7.7.1,- fixed high - -\n";

	assert_claims(
		"suse.xml", "suse-cvrf",
		"<cvrfdoc><DocumentTracking><Identification><ID>SUSE-SU-2022:1-1</ID></"
		"Identification></DocumentTracking>"
		"<Vulnerability><CVE>CVE-2022-0001</CVE><ProductStatuses><Status "
		"Type=\"Fixed\"><ProductID>SUSE Linux Enterprise Server "
		"15 SP4:libopenssl1_1-1.1.1l-150400.7.7.1</ProductID><ProductID>openSUSE Leap "
		"15.4:libopenssl1_1-1.1.1l-150400.7.7.1"
		"</ProductID></Status></ProductStatuses><Threats><Threat Type=\"Impact\">"
		"<Description>important</Description></Threat></Threats></Vulnerability></cvrfdoc>",
		want);
	assert_claims("cvrf/suse/a.json", "suse-cvrf",
		      "{\"Tracking\":{\"ID\":\"SUSE-SU-2022:1-1\"},\"Vulnerabilities\":[{\"CVE\":"
		      "\"CVE-2022-0001\",\"Threats\":[{\"Severity\":"
		      "\"important\"}],\"ProductStatuses\":[{\"Type\":\"Fixed\",\"ProductID\":["
		      "\"SUSE Linux Enterprise Server 15 SP4:libopenssl1_1-"
		      "1.1.1l-150400.7.7.1\",\"openSUSE Leap "
		      "15.4:libopenssl1_1-1.1.1l-150400.7.7.1\"]}]}]}",
		      want);
}

static void trackers_of_distributions(void **state UNUSED)
{
	assert_claims("tracker.json", "debian-json",
		      "{\"curl\":{\"CVE-2021-0001\":{\"description\":\"d\",\"releases\":{"
		      "\"bookworm\":{\"status\":\"resolved\",\"repositories\":{},"
		      "\"fixed_version\":\"7.88\",\"urgency\":\"low\"},\"bullseye\":{\"status\":"
		      "\"open\",\"nodsa\":\"x\",\"nodsa_reason\":"
		      "\"postponed\",\"urgency\":\"unimportant\"},\"sid\":{\"status\":\"resolved\","
		      "\"fixed_version\":\"0\"}}}}}",
		      "debian:12 curl CVE-2021-0001 - -,7.88,- fixed low - -\n"
		      "debian:11 curl CVE-2021-0001 - -,-,- deferred negligible - - noted\n"
		      "debian:sid curl CVE-2021-0001 - -,-,- not-affected unknown - -\n");
	assert_claims("active/CVE-2020-1234", "ubuntu-tracker",
		      "PublicDate: 2021-06-09\nCandidate: CVE-2020-1234\nReferences:\n "
		      "https://x\nPatches_xen:\nupstream_xen: released (4.1)\n"
		      "bionic_xen: released (1.2.3)\nfocal_xen: needs-triage\njammy_xen: ignored "
		      "(end of life)\nnoble_xen: DNE\n"
		      "esm-infra/xenial_xen: needed\nPriority: medium\n",
		      "ubuntu:18.04 xen CVE-2020-1234 - -,1.2.3,- fixed medium - -\n"
		      "ubuntu:20.04 xen CVE-2020-1234 - -,-,- under-investigation medium - -\n"
		      "ubuntu:22.04 xen CVE-2020-1234 - -,-,- end-of-life medium - -\n"
		      "ubuntu-esm:16.04 xen CVE-2020-1234 - -,-,- affected medium - -\n");
	assert_claims("cve_data_photon4.0.json", "photon",
		      "[{\"cve_id\":\"CVE-2019-0199\",\"pkg\":\"apache-tomcat\",\"cve_score\":7.5,"
		      "\"aff_ver\":\"all\",\"res_ver\":"
		      "\"8.5.40-1.ph4\"},{\"cve_id\":\"CVE-2025-0725\",\"pkg\":\"curl\",\"cve_"
		      "score\":7.3,\"aff_ver\":\"NA\",\"res_ver\":\"NA\"}]",
		      "photon:4.0 apache-tomcat CVE-2019-0199 - -,8.5.40-1.ph4,- fixed high - -\n"
		      "photon:4.0 curl CVE-2025-0725 - -,-,- not-affected high - -\n");
	assert_claims("all.json", "arch-tracker",
		      "[{\"name\":\"AVG-984\",\"packages\":[\"linux-lts\"],\"status\":\"Fixed\","
		      "\"severity\":\"High\",\"affected\":\"1\","
		      "\"fixed\":\"4.19.52-1\",\"issues\":[\"CVE-2019-11479\"]}]",
		      "arch linux-lts CVE-2019-11479 AVG-984 -,4.19.52-1,- fixed high - -\n");
	assert_claims("CVE-2019-0160.json", "redhat-api",
		      "{\"name\":\"CVE-2019-0160\",\"threat_severity\":\"Moderate\",\"affected_"
		      "release\":{\"product_name\":\"Red Hat Enterprise "
		      "Linux "
		      "8\",\"advisory\":\"RHSA-2019:3338\",\"package\":\"edk2-0:2019-6.el8\"},"
		      "\"package_state\":[{\"product_name\":\"Red Hat "
		      "Enterprise Linux 7\",\"fix_state\":\"Will not "
		      "fix\",\"package_name\":\"ovmf\"}]}",
		      "rhel:8 edk2 CVE-2019-0160 RHSA-2019:3338 -,2019-6.el8,- fixed medium - -\n"
		      "rhel:7 ovmf CVE-2019-0160 - -,-,- will-not-fix medium - -\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errata_as_json_and_xml),
		cmocka_unit_test(oval_as_xml),
		cmocka_unit_test(oval_as_json),
		cmocka_unit_test(oval_json_with_its_tests),
		cmocka_unit_test(ubuntu_extended_support),
		cmocka_unit_test(tells_once_what_is_left_out),
		cmocka_unit_test(oracle_flavours),
		cmocka_unit_test(csaf_of_red_hat_and_suse),
		cmocka_unit_test(csaf_of_red_hat_streams),
		cmocka_unit_test(maps_of_red_hat),
		cmocka_unit_test(cvrf_as_xml_and_json),
		cmocka_unit_test(trackers_of_distributions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "feed_collect.h"

static void rubysec_affects_what_is_neither_patched_nor_spared(void **state UNUSED)
{
	assert_claims(
		"gems/rails/CVE-2012-6684.yml", "rubysec",
		"gem: rails\ncve: 2012-6684\nghsa: r23g-3qw4-gfh2\nurl: u\ntitle: "
		"t\npatched_versions:\n- \"~> 4.2.5, >= 4.2.5.1\"\n"
		"- \">= 5.0.0.beta1.1\"\nunaffected_versions:\n- \"< 3.0\"\n",
		"gem rails CVE-2012-6684 GHSA-r23g-3qw4-gfh2 3.0,4.2.5.1,- fixed unknown - -\n"
		"gem rails CVE-2012-6684 GHSA-r23g-3qw4-gfh2 4.3.a,5.0.0.beta1.1,- fixed unknown - "
		"-\n");
	assert_claims("gems/x/OSVDB-1.yml", "rubysec",
		      "gem: x\nosvdb: 1\npatched_versions:\n- \"> 1.4\"\n",
		      "gem x OSVDB-1 OSVDB-1 -,-,1.4 affected unknown - -\n");
	assert_unreadable("rubies/ruby/CVE-2006-1931.yml", "rubysec",
			  "engine: ruby\ncve: 2006-1931\n",
			  "rubies/ruby/CVE-2006-1931.yml:CVE-2006-1931: is about an interpreter, "
			  "which is no gem and not matched\n");
}

static void rustsec_is_toml_in_markdown(void **state UNUSED)
{
	assert_claims(
		"crates/smallvec/RUSTSEC-2021-0003.md", "rustsec",
		"```toml\n[advisory]\nid = \"RUSTSEC-2021-0003\"\npackage = \"smallvec\"\naliases "
		"= [\"CVE-2021-25900\", \"GHSA-1\"]\n"
		"[versions]\npatched = [\">= 0.6.14, < 1.0.0\", \">= 1.6.1\"]\nunaffected = [\"< "
		"0.6.3\"]\n```\n\n# Title\n\nText.\n",
		"cargo smallvec CVE-2021-25900 RUSTSEC-2021-0003 0.6.3,0.6.14,- fixed unknown - -\n"
		"cargo smallvec CVE-2021-25900 RUSTSEC-2021-0003 1.0.0,1.6.1,- fixed unknown - "
		"-\n");
	assert_claims("crates/a/RUSTSEC-1.md", "rustsec",
		      "```toml\n[advisory]\nid = \"RUSTSEC-1\"\npackage = "
		      "\"a\"\n[versions]\npatched = [\"^0.2.3\", \">= 1.0\"]\n```\n",
		      "cargo a RUSTSEC-1 RUSTSEC-1 -,0.2.3,- fixed unknown - -\n"
		      "cargo a RUSTSEC-1 RUSTSEC-1 0.3,1.0,- fixed unknown - -\n");
	assert_unreadable("crates/a/RUSTSEC-1.md", "rustsec", "```toml\n[advisory]\nid = \n```\n",
			  "crates/a/RUSTSEC-1.md: TOML line 3: not a value\n");
}

static void friendsofphp_names_branches(void **state UNUSED)
{
	assert_claims(
		"contao/core/2015-02-11.yaml", "friendsofphp",
		"title: t\nlink: u\nreference: composer://Contao/core\nbranches:\n  2.11.x:\n    "
		"time: ~\n    versions: ['>=2.11.0', '<2.11.17']\n"
		"  3.x:\n    versions: ['>3.0', '<=3.4']\n",
		"composer contao/core Contao/core/2015-02-11 - 2.11.0,2.11.17,- fixed unknown - -\n"
		"composer contao/core Contao/core/2015-02-11 - 3.0,-,3.4 affected unknown - -\n"
		"composer contao/core Contao/core/2015-02-11 - 3.0,-,3.0 not-affected unknown - "
		"-\n");
}

static void gitlab_in_the_syntax_of_each_ecosystem(void **state UNUSED)
{
	assert_claims("maven/a/CVE-2020-1.yml", "gitlab",
		      "identifier: \"CVE-2020-0001\"\npackage_slug: "
		      "\"maven/org.apache/struts\"\ntitle: t\n"
		      "affected_range: \"[2.0,2.3.5),(,1.0],[3.1]\"\n",
		      "maven org.apache:struts CVE-2020-0001 - 2.0,2.3.5,- fixed unknown - -\n"
		      "maven org.apache:struts CVE-2020-0001 - -,-,1.0 affected unknown - -\n"
		      "maven org.apache:struts CVE-2020-0001 - 3.1,-,3.1 affected unknown - -\n");
	assert_claims("npm/x/CVE-2020-2.yml", "gitlab",
		      "identifier: CVE-2020-0002\npackage_slug: npm/@a/x\naffected_range: "
		      "\">=1.0.0 <1.2.0||=2.0.0\"\n",
		      "npm @a/x CVE-2020-0002 - 1.0.0,1.2.0,- fixed unknown - -\n"
		      "npm @a/x CVE-2020-0002 - 2.0.0,-,2.0.0 affected unknown - -\n");
	assert_unreadable("x/CVE-2020-2.yml", "gitlab",
			  "identifier: CVE-2020-0002\npackage_slug: npm/x\naffected_range: \"\"\n",
			  "x/CVE-2020-2.yml:CVE-2020-0002: an empty range of versions\n");
}

static void pypa_is_osv_in_yaml(void **state UNUSED)
{
	assert_claims("vulns/x/PYSEC-2020-342.yaml", "pypa",
		      "id: PYSEC-2020-342\naliases:\n- CVE-2020-13921\naffected:\n- package:\n    "
		      "ecosystem: PyPI\n    name: Apache_Sky\n"
		      "  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: \"0\"\n    - "
		      "fixed: 8.10\n",
		      "pypi apache-sky CVE-2020-13921 PYSEC-2020-342 0,8.10,- fixed unknown - -\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rubysec_affects_what_is_neither_patched_nor_spared),
		cmocka_unit_test(rustsec_is_toml_in_markdown),
		cmocka_unit_test(friendsofphp_names_branches),
		cmocka_unit_test(gitlab_in_the_syntax_of_each_ecosystem),
		cmocka_unit_test(pypa_is_osv_in_yaml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"
#include "unit_arena.h"

#include "scan/report/ignore.h"

static struct package packages[] = {
	{ .type = { "deb", 3 },
	  .name = { "libssl3", 7 },
	  .source_name = { "openssl", 7 },
	  .version = { "3.0", 3 },
	  .db_path = { "var/lib/dpkg/status", 19 },
	  .purl = { "pkg:deb/debian/libssl3@3.0?arch=amd64&distro=debian-12", 54 } },
	{ .type = { "npm", 3 },
	  .name = { "lodash", 6 },
	  .version = { "4.17.0", 6 },
	  .db_path = { "app/node_modules/lodash/package.json", 36 },
	  .purl = { "pkg:npm/lodash@4.17.0", 21 } },
};
static const struct inventory inventory = { .packages = { packages, 2, 0 } };
static const struct vulnerability one = { .id = { "CVE-2024-1", 10 },
					  .aliases = { "GHSA-a-b-c GO-1", 15 } };
static const struct vulnerability two = { .id = { "CVE-2024-2", 10 } };

static void apply(const char *file, const char *text, struct report *r)
{
	static struct finding findings[3];
	struct ignore_list l = { 0 };
	struct err e = { 0 };

	findings[0] = (struct finding){ .package = 0, .vuln = &one, .advisory = { "DSA-1-1", 7 } };
	findings[1] = (struct finding){ .package = 1, .vuln = &one };
	findings[2] = (struct finding){ .package = 1, .vuln = &two };
	*r = (struct report){ .inventory = &inventory, .findings = { findings, 3, 3 } };
	if (ignore_parse(str_from(file), str_from(text), &arena, &l, &e) < 0 ||
	    ignore_apply(&l, S("2026-11-20"), &arena, r, &e) < 0)
		fail_msg("%s", e.text);
}

static void lines_ignore_by_id(void **state UNUSED)
{
	struct report r;

	apply(".trivyignore",
	      "# accepted\n\nCVE-2024-1 # not reachable\ncve-2024-2\texp:2026-11-20\nCVE-1 "
	      "exp:2026-11-19\n"
	      "CVE-2 exp:soon\nCVE-3\r\n",
	      &r);
	assert_int_equal(r.findings.count, 0);
	assert_int_equal(r.ignored.count, 3);
	assert_str(r.ignored.items[0].ignored_by, ".trivyignore:3");
	assert_str(r.ignored.items[0].ignore_reason, "not reachable");
	assert_int_equal(r.ignore_note_count, 3);
	assert_int_equal(r.ignore_notes[0].kind, IGNORE_NOT_UNDERSTOOD);
	assert_str(r.ignore_notes[0].place, ".trivyignore:6");
	assert_int_equal(r.ignore_notes[1].kind, IGNORE_EXPIRED);
	assert_str(r.ignore_notes[1].detail, "2026-11-19");
	assert_int_equal(r.ignore_notes[2].kind, IGNORE_UNUSED);
	assert_str(r.ignore_notes[2].id, "CVE-3");
}

static void aliases_and_advisories_count_as_ids(void **state UNUSED)
{
	struct report r;

	apply(".trivyignore", "GHSA-a-b-c\n", &r);
	assert_int_equal(r.ignored.count, 2);
	apply(".trivyignore", "DSA-1-1\n", &r);
	assert_int_equal(r.ignored.count, 1);
	assert_int_equal(r.ignored.items[0].package, 0);
}

static void yaml_narrows_by_path_purl_and_package(void **state UNUSED)
{
	struct report r;

	apply(".skepignore.yaml",
	      "vulnerabilities:\n"
	      "  - id: CVE-2024-1\n    paths: ['app/**']\n    reason: test only\n    owner: web "
	      "team\n    expires: 2027-01-01\n",
	      &r);
	assert_int_equal(r.ignored.count, 1);
	assert_int_equal(r.ignored.items[0].package, 1);
	assert_str(r.ignored.items[0].ignored_by, ".skepignore.yaml:2");
	assert_str(r.ignored.items[0].ignore_reason, "test only");

	apply(".skepignore.yaml", "vulnerabilities:\n  - id: '*'\n    purls: [pkg:npm/lodash]\n",
	      &r);
	assert_int_equal(r.ignored.count, 2);
	apply(".skepignore.yaml", "vulnerabilities:\n  - purls: ['pkg:npm/lodash@4.17.1']\n", &r);
	assert_int_equal(r.ignored.count, 0);
	apply(".skepignore.yaml",
	      "vulnerabilities:\n  - purls: ['pkg:deb/debian/libssl3?arch=amd64']\n", &r);
	assert_int_equal(r.ignored.count, 1);
	apply(".skepignore.yaml",
	      "vulnerabilities:\n  - purls: ['pkg:deb/debian/libssl3?arch=arm64']\n", &r);
	assert_int_equal(r.ignored.count, 0);
	apply(".skepignore.yaml", "vulnerabilities:\n  - package: open*\n", &r);
	assert_int_equal(r.ignored.count, 1);
	assert_int_equal(r.ignored.items[0].package, 0);
}

static void trivys_yaml_is_understood(void **state UNUSED)
{
	struct report r;

	apply(".trivyignore.yaml",
	      "vulnerabilities:\n"
	      "  - id: CVE-2024-1\n    paths:\n      - \"var/lib/dpkg/status\"\n    statement: "
	      "Accept the risk\n"
	      "  - id: CVE-2024-2\n    expired_at: 2025-09-01\n"
	      "misconfigurations:\n  - id: AVD-DS-0001\n",
	      &r);
	assert_int_equal(r.ignored.count, 1);
	assert_str(r.ignored.items[0].ignore_reason, "Accept the risk");
	assert_int_equal(r.ignore_note_count, 2);
	assert_int_equal(r.ignore_notes[0].kind, IGNORE_NOT_UNDERSTOOD);
	assert_int_equal(r.ignore_notes[1].kind, IGNORE_EXPIRED);
}

static void a_rule_not_understood_ignores_nothing(void **state UNUSED)
{
	static const char *const rules[] = {
		"vulnerabilities:\n  - id: CVE-2024-1\n    pathz: [x]\n",
		"vulnerabilities:\n  - id: CVE-2024-1\n    expires: next year\n",
		"vulnerabilities:\n  - id: '*'\n    reason: all of it\n",
		"vulnerabilities:\n  - id: CVE-2024-1\n    purls: [nonsense]\n",
		"vulnerabilities:\n  - reason: x\n",
		"vulnerabilities:\n  - id: CVE-2024-1\n    paths: {app: x}\n",
		"vulnerabilities:\n  - id: CVE-2024-1\n    paths: []\n",
		"vulnerabilities:\n  - id: CVE-2024-1\n    paths: [[app], x]\n",
		"vulnerabilities:\n  - id: CVE-2024-1\n    purls: {pkg: x}\n",
		"vulnerabilities:\n  - id: CVE-2024-1\n    purls:\n",
	};
	struct report r;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		apply(".skepignore.yaml", rules[i], &r);
		assert_int_equal(r.ignored.count, 0);
		assert_int_equal(r.ignore_note_count, 1);
		assert_int_equal(r.ignore_notes[0].kind, IGNORE_NOT_UNDERSTOOD);
	}
}

static void malformed_yaml_is_an_error_with_its_place(void **state UNUSED)
{
	struct ignore_list l = { 0 };
	struct err e = { 0 };

	assert_int_equal(ignore_parse(S("x.yaml"), S("vulnerabilities: [a, b"), &arena, &l, &e),
			 -EBADMSG);
	assert_non_null(strstr(e.text, "x.yaml"));
	assert_int_equal(ignore_parse(S("x.yaml"), S("- a\n"), &arena, &l, &e), -EBADMSG);
	assert_int_equal(ignore_parse(S("x.yaml"), S(""), &arena, &l, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_ignore_by_id),
		cmocka_unit_test(aliases_and_advisories_count_as_ids),
		cmocka_unit_test(yaml_narrows_by_path_purl_and_package),
		cmocka_unit_test(trivys_yaml_is_understood),
		cmocka_unit_test(a_rule_not_understood_ignores_nothing),
		cmocka_unit_test(malformed_yaml_is_an_error_with_its_place),
	};

	return cmocka_run_group_tests_name("ignore", tests, arena_setup, arena_teardown);
}

/* The importers over real archives: every record is a claim or a fact, or is counted and named. */
#include "unit.h"

#include <unistd.h>

#include "feed_collect.h"

static bool has_shared_data(void)
{
	const char *shared = getenv("SKEP_SHARED_DIR");
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/data", shared ? shared : "../shared");
	return access(path, R_OK) == 0;
}

static struct feed_collect collect(const char *below, struct feed_stats *stats)
{
	struct feed_collect t = { .quiet = true };
	struct feed_sink sink = feed_collect_sink(&t);
	const char *shared = getenv("SKEP_SHARED_DIR");
	struct err e = { 0 };
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/data/%s", shared ? shared : "../shared", below);
	if (feed_import(path, &sink, stats, &e) < 0)
		fail_msg("%s: %s", path, e.text);
	print_message("# %s: %zu claims, %zu facts, %zu unreadable, %llu files, %llu ignored\n",
		      below, t.claim_count, t.fact_count, t.unreadable_count,
		      (unsigned long long)stats->files, (unsigned long long)stats->ignored_files);
	return t;
}

struct expectation {
	const char *archive;
	size_t claims, facts, unreadable; /**< claims and facts: at least */
	uint64_t files, ignored;
};

static void check(const struct expectation *x)
{
	struct feed_stats stats = { 0 };
	struct feed_collect t = collect(x->archive, &stats);

	assert_true(t.claim_count >= x->claims && t.fact_count >= x->facts);
	if (t.unreadable_count != x->unreadable)
		fail_msg("%s: %zu unreadable, want %zu:\n%s", x->archive, t.unreadable_count,
			 x->unreadable, buf_cstr(&t.unreadable));
	assert_int_equal(stats.files, x->files);
	assert_int_equal(stats.ignored_files, x->ignored);
	assert_int_equal(stats.records, t.claim_count + t.fact_count);
	feed_collect_done(&t);
}

static void advisories(void **state UNUSED)
{
	static const struct expectation all[] = {
		{ "vulndb/almalinux-osv-2026-08-21.tar.zst", 271000, 0, 0, 5680, 1 },
		{ "vulndb/alpine-secdb-2020-06-08.tar.zst", 12000, 0, 0, 18, 0 },
		{ "vulndb/debian-dsa-dla-2023-04-02.tar.zst", 27000, 0, 0, 2, 4 },
		{ "vulndb/friendsofphp-2026-08-06.tar.zst", 5600, 1500, 0, 1592, 7 },
		{ "vulndb/go-vulndb-osv-2026-08-21.tar.zst", 7500, 4200, 0, 4291, 1 },
		{ "vulndb/photon3-oval-2020-02-20.tar.zst", 2400, 0, 0, 1, 0 },
		{ "vulndb/pypa-advisories-2024-10-10.tar.zst", 5000, 2600, 0, 2661, 2 },
		/* Advisories about interpreters, which are no gems. */
		{ "vulndb/rubysec-2026-08-22.tar.zst", 1900, 1200, 147, 1381, 1 },
		{ "vulndb/rustsec-2026-08-21.tar.zst", 1500, 1200, 0, 1225, 3 },
	};

	if (!has_shared_data())
		SKIP_BECAUSE("shared data is not beside the source tree");
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		check(&all[i]);
}

static void exploit_facts(void **state UNUSED)
{
	static const struct expectation all[] = {
		{ "exploit/cvss-bt.csv.gz", 0, 240000, 0, 1, 0 },
		{ "exploit/epss-full.csv.gz", 0, 220000, 0, 1, 0 },
		{ "exploit/exploitdb-files_exploits.csv.gz", 0, 30000, 0, 1, 0 },
		{ "exploit/kev-2025-08-25.json.zst", 0, 1404, 0, 1, 0 },
		{ "exploit/kev-2025-11-18.csv.zst", 0, 1460, 0, 1, 0 },
		{ "exploit/metasploit-cves.txt", 0, 2761, 0, 1, 0 },
		{ "exploit/nuclei-cves.txt", 0, 2266, 0, 1, 0 },
		{ "exploit/trickest-poc-counts-2026-08-22.csv.zst", 0, 114000, 0, 1, 0 },
		{ "vulndb/cve-descriptions-2026-08-22.jsonl.zst", 0, 167000, 0, 1, 0 },
	};

	if (!has_shared_data())
		SKIP_BECAUSE("shared data is not beside the source tree");
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		check(&all[i]);
}

/* Samples of other vendors' formats, sound and broken: each broken one must be named. */
static void names_every_broken_sample(void **state UNUSED)
{
	static const char *const broken[] = {
		"alma/testdata/sad/",
		"alpine/testdata/sad/",
		"amazon/testdata/sad/",
		"aqua/testdata/sad/",
		"arch-linux/testdata/sad/",
		"azure/testdata/sad/criterion-is-not-array/",
		"azure/testdata/sad/empty-stateref-tests/",
		"azure/testdata/sad/empty-testref-definition/",
		"azure/testdata/sad/invalid-objects/",
		"azure/testdata/sad/invalid-states/",
		"azure/testdata/sad/invalid-tests/",
		"bitnami/testdata/sad/",
		"bottlerocket/testdata/sad/",
		"bundler/testdata/sad/",
		"chainguard/testdata/sad/",
		"composer/testdata/sad/",
		"debian/testdata/broken-cve/",
		"ghsa/testdata/sad/ghsa/",
		"glad/testdata/sad/",
		"govulndb/testdata/sad/",
		"julia/testdata/sad/",
		"k8svulndb/testdata/broken/",
		"minimos/testdata/sad/",
		"nvd/testdata/sad/",
		"oracle-oval/testdata/sad/",
		"osv/testdata/sad/",
		"photon/testdata/sad/",
		"redhat/testdata/sad1/",
		"redhat/testdata/sad2/",
		"redhat/testdata/sad3/",
		"redhat/testdata/sad4/",
		"redhat/testdata/sad5/",
		"redhat/testdata/sad6/",
		"redhat/testdata/sad7/",
		"redhat/testdata/sad8/",
		"redhat-csaf/testdata/empty-cve/",
		"redhat-csaf/testdata/no-vulnerabilities/",
		"redhat-oval/testdata/sad/",
		"rocky/testdata/sad/",
		"seal/testdata/sad/",
		"suse-cvrf/testdata/sad/",
		"wolfi/testdata/sad/",
	};
	struct feed_stats stats = { 0 };
	struct feed_collect t;

	if (!has_shared_data())
		SKIP_BECAUSE("shared data is not beside the source tree");
	t = collect("vulndb/trivy-db-format-fixtures.tar.zst", &stats);
	assert_true(t.claim_count > 400 && t.fact_count > 80);
	for (size_t i = 0; i < ARRAY_LEN(broken); i++)
		if (str_search(buf_str(&t.unreadable), str_from(broken[i])) == t.unreadable.n)
			fail_msg("not named: %s", broken[i]);
	feed_collect_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(advisories),
		cmocka_unit_test(exploit_facts),
		cmocka_unit_test(names_every_broken_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

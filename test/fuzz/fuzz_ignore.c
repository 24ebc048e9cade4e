/* Every rule of an ignore file that was read names something and has a place in that file; applying the rules loses no
 * finding: each is either still there or ignored by one of them. */
#include "fuzz.h"

#include "scan/report/ignore.h"

static struct package packages[] = {
	{ .type = { "npm", 3 },
	  .name = { "a", 1 },
	  .version = { "1", 1 },
	  .db_path = { "app/a/package.json", 18 },
	  .purl = { "pkg:npm/a@1", 11 } },
};
static const struct inventory inventory = { .packages = { packages, 1, 1 } };
static const struct vulnerability vuln = { .id = { "CVE-2024-1", 10 } };

static void check(str file, str text, struct arena *a)
{
	struct finding findings[] = { { .vuln = &vuln },
				      { .vuln = &vuln, .advisory = { "A-1", 3 } } };
	struct report r = { .inventory = &inventory, .findings = { findings, 2, 2 } };
	struct ignore_list l = { 0 };

	if (ignore_parse(file, text, a, &l, NULL) < 0)
		return;
	for (size_t i = 0; i < l.count; i++) {
		const struct ignore_rule *rule = &l.rules[i];

		assert(rule->id.n || rule->package.n || rule->path_count || rule->purl_count);
		assert(str_starts(rule->place, file));
	}
	if (ignore_apply(&l, S("2026-11-20"), a, &r, NULL) < 0)
		return;
	assert(r.findings.count + r.ignored.count == 2);
	for (size_t i = 0; i < r.ignored.count; i++)
		assert(r.ignored.items[i].ignored_by.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;

	arena_init(&a, 16u << 20);
	check(S(".trivyignore"), (str){ (const char *)data, size }, &a);
	check(S(".skepignore.yaml"), (str){ (const char *)data, size }, &a);
	arena_done(&a);
	return 0;
}

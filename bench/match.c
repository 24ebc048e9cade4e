/*
 * Measures opening a database and matching 500 packages: bench/match [DATABASE [NAMESPACE]].
 *
 * Without an argument it makes a database of the size that distributions' feeds have: 4 releases of 4,000 source
 * packages, 320,000 claims, 60,000 vulnerabilities with text. The packages are drawn evenly from the namespace, or from
 * the largest of a distribution; each is installed in the version that a late one of its claims was fixed in, so that
 * the last few claims hit. Every round opens the file anew: each block touched is hashed again, as in a fresh process.
 * The median of wall time counts; the least processor time beside it tells whether the machine was busy.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "scan/vuln/match.h"
#include "scan/vuln/namespace.h"
#include "scan/vuln/vulndb_build.h"
#include "scan/vuln/vulndb_tables.h"

enum { PACKAGES = 500, ROUNDS = 41, RELEASES = 4, SOURCES = 4000, CLAIMS = 20, FLAWS = 60000 };

static void die(const struct err *e)
{
	fprintf(stderr, "bench/match: %s\n", e->text);
	exit(1);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

static void show(const char *what, double value, double most, const char *note)
{
	printf("%-46s %9.2f ms    (promised: %g ms)          %s%s\n", what, value, most, note,
	       value > most ? "  <-- over" : "");
}

/* Later flaws of a package have later numbers, as in life. */
static str flaw_id(struct arena *a, unsigned int i)
{
	return arena_printf(a, "CVE-%u-%u", 2005 + i % CLAIMS, 10000 + i);
}

static void pour_claims(const struct feed_sink *sink, struct arena *a, struct err *e)
{
	for (unsigned int i = 0; i < RELEASES * SOURCES * CLAIMS; i++) {
		unsigned int package = i / CLAIMS % SOURCES, n = i % CLAIMS;
		struct claim c = {
			.namespace = arena_printf(a, "debian:%u", 10 + i / CLAIMS / SOURCES),
			.package = arena_printf(a, "source-%u", package),
			.vulnerability = flaw_id(a, (package * CLAIMS + n) % FLAWS),
			.advisory = arena_printf(a, "DSA-%u-1", 1000 + package),
			.fixed = arena_printf(a, "1:%u.%u.%u-%u+deb%uu%u", n / 4, package % 13, n,
					      n % 3, 10 + i / CLAIMS / SOURCES, n),
			.origin = S("bench"),
			.state = FIX_FIXED,
		};

		if (sink->claim(sink->ctx, &c, e) < 0)
			die(e);
	}
}

static void pour_facts(const struct feed_sink *sink, struct arena *a, struct err *e)
{
	for (unsigned int i = 0; i < FLAWS; i++) {
		struct vulnerability v = {
			.id = flaw_id(a, i),
			.description = arena_printf(
				a,
				"A flaw in component %u lets a remote attacker who sends a "
				"crafted message of kind %u read memory, or crash the "
				"service (%u).",
				i % 997, i % 31, i),
			.cvss = { { S("nvd"), S("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H"),
				    (float)(i % 100) / 10 } },
			.cvss_count = 1,
			.epss = (float)(i % 1000) / 1000,
			.epss_percentile = 0.5f,
		};

		if (sink->fact(sink->ctx, &v, e) < 0)
			die(e);
	}
}

static void make_database(const char *path)
{
	struct vulndb_builder *b = NULL;
	struct vulndb_build_stats stats;
	const struct vulndb_build_options o = { .built = S("2026-11-20") };
	struct feed_sink sink;
	struct err e = { 0 };
	struct arena a;

	if (vulndb_builder_new(&b, &e) < 0)
		die(&e);
	arena_init(&a, 0);
	sink = vulndb_builder_sink(b);
	pour_claims(&sink, &a, &e);
	pour_facts(&sink, &a, &e);
	if (vulndb_builder_write(b, path, &o, &stats, &e) < 0)
		die(&e);
	printf("database: %" PRIu64 " claims, %" PRIu64 " vulnerabilities, %.1f MB\n", stats.claims,
	       stats.vulnerabilities, (double)stats.bytes / 1e6);
	vulndb_builder_free(b);
	arena_done(&a);
}

/* The namespace with that name, or the largest of a distribution. */
static struct vulndb_namespace choose(struct vulndb *db, const char *name, struct err *e)
{
	struct vulndb_namespace best = { 0 }, n;

	for (uint32_t i = 0; i < vulndb_namespace_count(db); i++) {
		if (vulndb_namespace_at(db, i, &n, e) < 0)
			die(e);
		if (name ? str_is(n.name, name)
			 : !namespace_is_ecosystem(namespace_find(n.name)) &&
				    n.packages > best.packages)
			best = n;
	}
	if (best.packages == 0) {
		fprintf(stderr, "bench/match: nothing to draw from\n");
		exit(1);
	}
	return best;
}

static struct inventory make_inventory(struct vulndb *db, const char *namespace, struct arena *a,
				       struct err *e)
{
	struct vulndb_namespace n = choose(db, namespace, e);
	const struct namespace_rule *rule = namespace_find(n.name);
	struct inventory v = { .packages = { .count = MIN(n.packages, (uint32_t)PACKAGES) } };
	str release = n.name;

	v.os.id = arena_str(a, str_cut(&release, ':'));
	v.os.version_id = arena_str(a, release);
	v.packages.items = ARENA_ARRAY(a, PACKAGES, struct package);
	for (uint32_t i = 0; v.packages.items && i < v.packages.count; i++) {
		struct package *p = &v.packages.items[i];
		struct vulndb_claim *claims = NULL;
		struct vulndb_package from;
		uint32_t step = n.packages / (uint32_t)v.packages.count;
		int count = vulndb_package_at(db, n.first_package + i * step, &from, e);

		if (count == 0)
			count = vulndb_package_claims(db, &from, a, &claims, e);
		if (count <= 0)
			die(e);
		p->type = str_from(rule->purl_type);
		p->name = p->source_name = arena_str(a, from.name);
		p->version = arena_str(a, claims[count - 1 - count / 8].fixed);
		if (p->version.n == 0)
			p->version = S("1");
		p->source_version = p->version;
	}
	return v;
}

struct times {
	double wall[ROUNDS], cpu[ROUNDS];
};

static void time_match(const char *path, const struct inventory *v, bool brief, struct times *t,
		       size_t round, size_t *findings)
{
	struct match_options o = { .brief = brief };
	struct report r = { 0 };
	struct vulndb *db = NULL;
	struct err e = { 0 };
	struct arena a;
	uint64_t wall, cpu;

	arena_init(&a, 0);
	if (vulndb_open(path, NULL, 0, &db, &e) < 0)
		die(&e);
	wall = clock_ns(CLOCK_MONOTONIC);
	cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	if (match_inventory(db, v, &o, 0, &a, &r, &e) < 0)
		die(&e);
	t->cpu[round] = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu) / 1e6;
	t->wall[round] = (double)(clock_ns(CLOCK_MONOTONIC) - wall) / 1e6;
	*findings = r.findings.count;
	vulndb_close(db);
	arena_done(&a);
}

static void show_match(const char *what, struct times *t, size_t packages, size_t findings)
{
	char note[96];

	qsort(t->cpu, ROUNDS, sizeof(*t->cpu), compare);
	snprintf(note, sizeof(note), "%zu packages, %zu findings; processor time at least %.2f ms",
		 packages, findings, t->cpu[0]);
	show(what, median(t->wall), 5, note);
}

static double time_open(const char *path)
{
	struct vulndb *db = NULL;
	struct err e = { 0 };
	uint64_t start = clock_ns(CLOCK_MONOTONIC), took;

	if (vulndb_open(path, NULL, 0, &db, &e) < 0)
		die(&e);
	took = clock_ns(CLOCK_MONOTONIC) - start;
	vulndb_close(db);
	return (double)took / 1e6;
}

int main(int argc, char **argv)
{
	char made[] = "/tmp/skep-bench-XXXXXX";
	const char *path = argc > 1 ? argv[1] : made;
	static struct times brief, full;
	double open_ms[ROUNDS];
	struct vulndb *db = NULL;
	struct err e = { 0 };
	struct inventory v;
	struct arena a;
	size_t findings = 0;

	if (argc == 1) {
		int fd = mkstemp(made);

		if (fd < 0)
			die(&e);
		close(fd);
		make_database(path);
	}
	arena_init(&a, 0);
	if (vulndb_open(path, NULL, 0, &db, &e) < 0)
		die(&e);
	v = make_inventory(db, argc > 2 ? argv[2] : NULL, &a, &e);
	vulndb_close(db);
	for (size_t i = 0; i < ROUNDS; i++) {
		open_ms[i] = time_open(path);
		time_match(path, &v, true, &brief, i, &findings);
		time_match(path, &v, false, &full, i, &findings);
	}
	if (argc == 1)
		unlink(made);
	show("opening the database", median(open_ms), 1, "");
	show_match("matching, for a table", &brief, v.packages.count, findings);
	show_match("matching, with descriptions", &full, v.packages.count, findings);
	arena_done(&a);
	return 0;
}

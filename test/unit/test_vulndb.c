#include "unit.h"

#include "base/file.h"
#include "codec/digest.h"
#include "scan/vuln/vulndb.h"
#include "scan/vuln/vulndb_build.h"
#include "scan/vuln/vulndb_format_priv.h"

/* S() is no constant expression. */
#define T(literal) \
	{ \
		(literal), sizeof(literal) - 1 \
	}

static const uint8_t seed[32] = { 1, 2, 3 };

static const struct claim claims[] = {
	{ .namespace = T("debian:11"),
	  .package = T("openssl"),
	  .vulnerability = T("CVE-2022-0001"),
	  .advisory = T("DSA-1-1"),
	  .fixed = T("1.1.1n-0+deb11u3"),
	  .origin = T("debian-dsa"),
	  .state = FIX_FIXED,
	  .severity = SEVERITY_HIGH },
	{ .namespace = T("debian:11"),
	  .package = T("openssl"),
	  .vulnerability = T("CVE-2022-0001"),
	  .fixed = T("1.1.1n-0+deb11u3"),
	  .origin = T("debian-tracker"),
	  .state = FIX_FIXED,
	  .severity = SEVERITY_CRITICAL },
	{ .namespace = T("debian:11"),
	  .package = T("zlib"),
	  .vulnerability = T("CVE-2022-0002"),
	  .origin = T("debian-tracker"),
	  .state = FIX_WILL_NOT_FIX },
	{ .namespace = T("alpine:3.9"),
	  .package = T("musl"),
	  .vulnerability = T("CVE-2019-14697"),
	  .fixed = T("1.1.20-r5"),
	  .origin = T("alpine-secdb"),
	  .state = FIX_FIXED },
	{ .namespace = T("alpine:3.9"),
	  .package = T("busybox"),
	  .vulnerability = T("CVE-2000-0001"),
	  .fixed = T("0"),
	  .origin = T("alpine-secdb"),
	  .state = FIX_FIXED },
	{ .namespace = T("alpine:3.9"),
	  .package = T("broken"),
	  .vulnerability = T("CVE-2000-0002"),
	  .fixed = T("not a version"),
	  .origin = T("alpine-secdb"),
	  .state = FIX_FIXED },
	{ .namespace = T("almalinux:9"),
	  .package = T("bash"),
	  .vulnerability = T("ALSA-2023:0340"),
	  .advisory = T("ALSA-2023:0340"),
	  .fixed = T("5.1.8-6.el9_1"),
	  .arch = T("x86_64 aarch64"),
	  .origin = T("almalinux-osv"),
	  .state = FIX_FIXED },
};

static const struct vulnerability facts[] = {
	{ .id = T("CVE-2022-0001"),
	  .title = T("short"),
	  .description = T("An attacker can do anything."),
	  .published = T("2022-03-04"),
	  .cvss = { { T("nvd"), T("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), 9.8f } },
	  .cvss_count = 1,
	  .cwes = T("CWE-79 CWE-20"),
	  .references = T("https://b.example https://a.example"),
	  .epss = 0.5f,
	  .epss_percentile = 0.9f },
	{ .id = T("CVE-2022-0001"),
	  .title = T("a longer title"),
	  .published = T("2022-03-01T10:00:00Z"),
	  .references = T("https://a.example https://c.example"),
	  .cvss = { { T("redhat"), T("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"), -1 } },
	  .cvss_count = 1,
	  .kev_added = T("2022-04-01"),
	  .exploit_flags = EXPLOIT_KEV,
	  .poc_count = 7,
	  .epss = -1,
	  .epss_percentile = -1 },
	{ .id = T("ALSA-2023:0340"),
	  .aliases = T("CVE-2022-3715"),
	  .severity = SEVERITY_MEDIUM,
	  .epss = -1,
	  .epss_percentile = -1 },
	{ .id = T("CVE-1999-0001"), .title = T("nobody has it"), .epss = -1 },
};

/* Builds from the tables above, forwards or backwards. */
static struct buf build(bool backwards, struct vulndb_build_stats *stats)
{
	struct vulndb_builder *b = NULL;
	struct feed_sink sink;
	struct buf out = BUF_INIT;
	struct err e = { 0 };
	const struct vulndb_build_options o = { .built = S("2026-11-20T12:00:00Z"),
						.private_seed = seed };

	assert_int_equal(vulndb_builder_new(&b, &e), 0);
	sink = vulndb_builder_sink(b);
	for (size_t i = 0; i < ARRAY_LEN(claims); i++)
		assert_int_equal(sink.claim(sink.ctx,
					    &claims[backwards ? ARRAY_LEN(claims) - 1 - i : i], &e),
				 0);
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		assert_int_equal(
			sink.fact(sink.ctx, &facts[backwards ? ARRAY_LEN(facts) - 1 - i : i], &e),
			0);
	sink.as_of(sink.ctx, S("debian-dsa"), S("2023-04-02"));
	sink.as_of(sink.ctx, S("alpine-secdb"), S("2020-06-08"));
	if (vulndb_builder_render(b, &o, &out, stats, &e) < 0)
		fail_msg("%s", e.text);
	vulndb_builder_free(b);
	return out;
}

static void writes_the_same_bytes_in_any_order(void **state UNUSED)
{
	struct vulndb_build_stats stats;
	CLEANUP(buf_done) struct buf one = build(false, &stats), two = build(true, &stats);

	assert_int_equal(one.n, two.n);
	assert_memory_equal(one.p, two.p, one.n);
	assert_int_equal(stats.claims, 5);
	assert_int_equal(stats.bad_versions, 1);
	assert_int_equal(stats.namespaces, 3);
	assert_int_equal(stats.vulnerabilities, 7);
}

static void finds_claims(void **state UNUSED)
{
	struct vulndb_build_stats stats;
	CLEANUP(buf_done) struct buf file = build(false, &stats);
	struct vulndb *db = NULL;
	struct vulndb_claim *c = NULL;
	struct arena a;
	struct err e = { 0 };
	str id;

	arena_init(&a, 0);
	assert_int_equal(vulndb_open_memory(buf_str(&file), &db, &e), 0);
	assert_true(vulndb_has_namespace(db, S("debian:11")));
	assert_false(vulndb_has_namespace(db, S("debian:12")));
	assert_int_equal(vulndb_find(db, S("debian:11"), S("openssl"), &a, &c, &e), 1);
	assert_str(c[0].advisory, "DSA-1-1");
	assert_str(c[0].origin, "debian-dsa");
	assert_str(c[0].fixed, "1.1.1n-0+deb11u3");
	assert_true(c[0].fixed_key.n > 0 && c[0].introduced_key.n == 0);
	assert_int_equal(c[0].severity, SEVERITY_CRITICAL);
	assert_int_equal(vulndb_vulnerability_id(db, c[0].vulnerability, &id, &e), 0);
	assert_str(id, "CVE-2022-0001");

	assert_int_equal(vulndb_find(db, S("alpine:3.9"), S("busybox"), &a, &c, &e), 1);
	assert_int_equal(c[0].state, FIX_NOT_AFFECTED);
	assert_int_equal(c[0].fixed.n, 0);
	assert_int_equal(vulndb_find(db, S("alpine:3.9"), S("broken"), &a, &c, &e), 0);
	assert_int_equal(vulndb_find(db, S("alpine:3.9"), S("openssl"), &a, &c, &e), 0);

	/* The advisory's id became the CVE among its aliases. */
	assert_int_equal(vulndb_find(db, S("almalinux:9"), S("bash"), &a, &c, &e), 1);
	assert_int_equal(vulndb_vulnerability_id(db, c[0].vulnerability, &id, &e), 0);
	assert_str(id, "CVE-2022-3715");
	assert_str(c[0].arch, "x86_64 aarch64");
	vulndb_close(db);
	arena_done(&a);
}

static void joins_facts(void **state UNUSED)
{
	struct vulndb_build_stats stats;
	CLEANUP(buf_done) struct buf file = build(false, &stats);
	struct vulndb *db = NULL;
	struct vulnerability v;
	struct database_info info;
	uint32_t at;
	struct arena a;
	struct err e = { 0 };

	arena_init(&a, 0);
	assert_int_equal(vulndb_open_memory(buf_str(&file), &db, &e), 0);
	assert_int_equal(vulndb_find_vulnerability(db, S("CVE-2022-0001"), &at, &e), 0);
	assert_int_equal(vulndb_vulnerability(db, at, &a, &v, &e), 0);
	assert_str(v.title, "a longer title");
	assert_str(v.description, "An attacker can do anything.");
	assert_str(v.references, "https://a.example https://b.example https://c.example");
	assert_str(v.cwes, "CWE-20 CWE-79");
	assert_str(v.published, "2022-03-01");
	assert_str(v.kev_added, "2022-04-01");
	assert_int_equal(v.cvss_count, 2);
	assert_str(v.cvss[1].source, "redhat");
	assert_true(v.cvss[1].score > 7.75f && v.cvss[1].score < 7.85f);
	assert_str(v.cvss[0].source, "nvd");
	assert_true(v.cvss[0].score > 9.75f && v.cvss[0].score < 9.85f);
	assert_true(v.epss > 0.499f && v.epss < 0.501f);
	assert_true(v.epss_percentile > 0.899f && v.epss_percentile < 0.901f);
	assert_int_equal(v.poc_count, 7);
	assert_int_equal(v.exploit_flags, EXPLOIT_KEV);
	assert_int_equal(vulndb_find_vulnerability(db, S("ALSA-2023:0340"), &at, &e), 0);
	assert_int_equal(vulndb_vulnerability(db, at, &a, &v, &e), 0);
	assert_str(v.id, "CVE-2022-3715");
	assert_str(v.aliases, "ALSA-2023:0340");
	assert_true(v.epss < 0);
	assert_int_equal(vulndb_find_vulnerability(db, S("CVE-2100-1"), &at, &e), -ENOENT);
	vulndb_info(db, &a, &info);
	assert_str(info.built, "2026-11-20T12:00:00Z");
	assert_int_equal(info.signer.n, 16);
	assert_int_equal(vulndb_newest_data(db), 1680393600);
	vulndb_close(db);
	arena_done(&a);
}

static void open_file(const struct buf *file, const uint8_t (*keys)[32], size_t count, int want,
		      const char *message)
{
	char path[] = "/tmp/skep-vulndb-XXXXXX";
	OWNED_FD fd = mkstemp(path);
	struct vulndb *db = NULL;
	struct err e = { 0 };
	int r;

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, buf_str(file), &e), 0);
	r = vulndb_open(path, keys, count, &db, &e);
	unlink(path);
	if (r != want || (message && !strstr(e.text, message)))
		fail_msg("got %d '%s', want %d", r, e.text, want);
	vulndb_close(db);
}

static void asks_for_a_trusted_signature(void **state UNUSED)
{
	struct vulndb_build_stats stats;
	CLEANUP(buf_done) struct buf file = build(false, &stats);
	uint8_t keys[2][32] = { { 9 } };

	assert_int_equal(ed25519_public(seed, keys[1], NULL), 0);
	open_file(&file, (const uint8_t(*)[32])keys, 2, 0, NULL);
	open_file(&file, NULL, 0, 0, NULL);
	open_file(&file, (const uint8_t(*)[32])keys, 1, -EACCES, "not trusted");
	file.p[VULNDB_AT_SIGNATURE] ^= 1;
	open_file(&file, (const uint8_t(*)[32])keys, 2, -EACCES, NULL);
}

/* Whatever single byte is flipped: an error on opening or verifying, never silence. */
static void notices_every_flipped_byte(void **state UNUSED)
{
	struct vulndb_build_stats stats;
	CLEANUP(buf_done) struct buf file = build(false, &stats);

	for (size_t at = 0; at < file.n; at += at < 200 || at > VULNDB_HEADER_BYTES ? 1 : 97) {
		struct vulndb *db = NULL;
		struct err e = { 0 };
		int r;

		if (at >= VULNDB_AT_KEY_ID && at < VULNDB_HEADER_BYTES)
			continue;
		file.p[at] ^= 0x10;
		r = vulndb_open_memory(buf_str(&file), &db, &e);
		if (r == 0)
			r = vulndb_verify(db, &e);
		if (r != -EBADMSG && r != -EPROTO)
			fail_msg("byte %zu: %d", at, r);
		assert_true(e.text[0]);
		vulndb_close(db);
		file.p[at] ^= 0x10;
	}
}

static void refuses_what_is_no_database(void **state UNUSED)
{
	struct vulndb_build_stats stats;
	CLEANUP(buf_done) struct buf file = build(false, &stats);
	struct vulndb *db = NULL;

	assert_int_equal(vulndb_open_memory(S("x"), &db, NULL), -EBADMSG);
	assert_int_equal(vulndb_open_memory(str_take(buf_str(&file), file.n - 1), &db, NULL),
			 -EBADMSG);
	assert_int_equal(vulndb_open_memory((str){ 0 }, &db, NULL), -EBADMSG);
	assert_int_equal(vulndb_open("/proc/nonexistent/x", NULL, 0, &db, NULL), -ENOENT);
	file.p[VULNDB_AT_FORMAT] = 9;
	open_file(&file, NULL, 0, -EPROTO, "format 9");
}

static void counts_what_it_cannot_use(void **state UNUSED)
{
	struct vulndb_builder *b = NULL;
	struct feed_sink sink;
	const struct claim bad = { .namespace = S("plan9:4"),
				   .package = S("rc"),
				   .vulnerability = S("CVE-1"),
				   .origin = S("test") };
	const struct vulndb_problem *problems;
	uint64_t total;

	assert_int_equal(vulndb_builder_new(&b, NULL), 0);
	sink = vulndb_builder_sink(b);
	assert_int_equal(sink.claim(sink.ctx, &bad, NULL), 0);
	sink.unreadable(sink.ctx, S("list:17"), "it makes no sense");
	assert_int_equal(vulndb_builder_problems(b, &problems, &total), 2);
	assert_int_equal(total, 2);
	assert_str(problems[0].place, "test: plan9:4 rc CVE-1");
	assert_str(problems[1].why, "it makes no sense");
	vulndb_builder_free(b);
}

/* "state basis fixed [severity]" of each claim on one flaw, and what is left of them. */
static const struct yield_case {
	const char *claims[3], *kept;
} yield_cases[] = {
	/* Unstable's bound gives way to the release's own fix, and to whatever is said of the release. */
	{ { "affected presumed 2.0-1", "fixed stated 1.0-1+deb11u1" }, "fixed 1.0-1+deb11u1\n" },
	{ { "affected presumed -", "fixed stated 1.0-1+deb11u1" }, "fixed 1.0-1+deb11u1\n" },
	{ { "not-affected presumed -", "fixed stated 1.0-1+deb11u1" }, "fixed 1.0-1+deb11u1\n" },
	{ { "affected presumed 2.0-1", "will-not-fix noted -" }, "will-not-fix -\n" },
	{ { "affected presumed 2.0-1", "not-affected stated -" }, "not-affected -\n" },
	{ { "affected presumed 2.0-1" }, "affected 2.0-1\n" },
	/* The urgency stands beside unstable's bound. */
	{ { "affected presumed 2.0-1 medium", "fixed stated 1.0-1+deb11u1" },
	  "fixed 1.0-1+deb11u1 medium\n" },
	/* "No fix" holds until there is one. */
	{ { "will-not-fix noted -", "fixed stated 1.0-1+deb11u1" }, "fixed 1.0-1+deb11u1\n" },
	{ { "affected noted -", "fixed stated 1.0-1+deb11u1" }, "fixed 1.0-1+deb11u1\n" },
	{ { "end-of-life noted -" }, "end-of-life -\n" },
	{ { "will-not-fix noted -", "fixed presumed 2.0-1" }, "will-not-fix -\n" },
	{ { "affected presumed 2.0-1", "deferred noted -", "fixed stated 1.0-1+deb11u1" },
	  "fixed 1.0-1+deb11u1\n" },
	/* What is stated never gives way. */
	{ { "affected stated 2.0-1", "fixed stated 1.0-1" }, "affected 2.0-1\nfixed 1.0-1\n" },
	{ { "fixed stated 1.0-1+deb11u1", "fixed stated 1.0-1+deb11u2" },
	  "fixed 1.0-1+deb11u1\nfixed 1.0-1+deb11u2\n" },
	/* A fix that cannot be compared is left out, and nothing with it. */
	{ { "affected presumed 2.0-1", "fixed stated no_version:" }, "affected 2.0-1\n" },
};

static void pour_case(struct feed_sink *sink, const struct yield_case *t, bool backwards)
{
	const struct claim decoys[] = {
		{ .namespace = S("debian:12"),
		  .package = S("xorg-server"),
		  .vulnerability = S("CVE-2023-1393"),
		  .fixed = S("1.0-1"),
		  .state = FIX_FIXED,
		  .origin = S("debian-tracker") },
		{ .namespace = S("debian:11"),
		  .package = S("xwayland"),
		  .vulnerability = S("CVE-2023-1393"),
		  .fixed = S("1.0-1"),
		  .state = FIX_FIXED,
		  .origin = S("debian-tracker") },
	};

	for (size_t i = 0; i < ARRAY_LEN(t->claims); i++) {
		const char *line = t->claims[backwards ? ARRAY_LEN(t->claims) - 1 - i : i];
		str words = str_from(line ? line : ""), state, basis;
		struct claim c = { .namespace = S("debian:11"),
				   .package = S("xorg-server"),
				   .vulnerability = S("CVE-2023-1393"),
				   .origin = S("debian-tracker") };

		if (words.n == 0)
			continue;
		state = str_cut(&words, ' ');
		basis = str_cut(&words, ' ');
		while (!str_is(state, fix_state_name(c.state)))
			c.state++;
		c.basis = str_is(basis, "presumed") ? CLAIM_PRESUMED
			  : str_is(basis, "noted")  ? CLAIM_NOTED
						    : CLAIM_STATED;
		if (str_ends(words, S(" medium")))
			c.severity = SEVERITY_MEDIUM;
		c.fixed = str_cut(&words, ' ');
		if (str_is(c.fixed, "-"))
			c.fixed = (str){ 0 };
		assert_int_equal(sink->claim(sink->ctx, &c, NULL), 0);
	}
	/* Fixes for another release and another package answer nothing. */
	assert_int_equal(sink->claim(sink->ctx, &decoys[0], NULL), 0);
	assert_int_equal(sink->claim(sink->ctx, &decoys[1], NULL), 0);
}

static void check_yield(const struct yield_case *t, bool backwards)
{
	const struct vulndb_build_options o = { .built = S("2026-11-20T12:00:00Z") };
	CLEANUP(buf_done) struct buf file = BUF_INIT;
	OWNED_BUF got = BUF_INIT;
	struct vulndb_build_stats stats;
	struct vulndb_builder *b = NULL;
	struct vulndb_claim *c = NULL;
	struct vulndb *db = NULL;
	struct feed_sink sink;
	struct arena a;
	int n;

	assert_int_equal(vulndb_builder_new(&b, NULL), 0);
	sink = vulndb_builder_sink(b);
	pour_case(&sink, t, backwards);
	assert_int_equal(vulndb_builder_render(b, &o, &file, &stats, NULL), 0);
	vulndb_builder_free(b);
	arena_init(&a, 0);
	assert_int_equal(vulndb_open_memory(buf_str(&file), &db, NULL), 0);
	n = vulndb_find(db, S("debian:11"), S("xorg-server"), &a, &c, NULL);
	for (int i = 0; i < n; i++)
		buf_printf(&got, "%s %.*s%s\n", fix_state_name(c[i].state),
			   STR_ARG(c[i].fixed.n ? c[i].fixed : S("-")),
			   c[i].severity == SEVERITY_MEDIUM ? " medium" : "");
	assert_str(buf_str(&got), t->kept);
	vulndb_close(db);
	arena_done(&a);
}

static void lets_lesser_claims_give_way(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(yield_cases); i++) {
		check_yield(&yield_cases[i], false);
		check_yield(&yield_cases[i], true);
	}
}

/* Matching stops at the first claim whose bound the version has left: a file in another order would hide the rest. */
static void refuses_claims_out_of_order(void **state UNUSED)
{
	const struct vulndb_build_options o = { .built = S("2026-11-20T12:00:00Z") };
	const char *const fixed[] = { "1.0", "3.0", "", "2.0" };
	const char *const ids[] = { "CVE-1", "CVE-2", "CVE-3", "CVE-4" };
	CLEANUP(buf_done) struct buf file = BUF_INIT;
	struct vulndb_build_stats stats;
	struct vulndb_builder *b = NULL;
	struct vulndb_claim *c = NULL;
	struct vulndb *db = NULL;
	struct feed_sink sink;
	uint8_t record[32], *at;
	struct arena a;

	assert_int_equal(vulndb_builder_new(&b, NULL), 0);
	sink = vulndb_builder_sink(b);
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		const struct claim claim = { .namespace = S("debian:11"),
					     .package = S("p"),
					     .vulnerability = str_from(ids[i]),
					     .fixed = str_from(fixed[i]),
					     .origin = S("test") };

		assert_int_equal(sink.claim(sink.ctx, &claim, NULL), 0);
	}
	assert_int_equal(vulndb_builder_render(b, &o, &file, &stats, NULL), 0);
	vulndb_builder_free(b);
	arena_init(&a, 0);
	assert_int_equal(vulndb_open_memory(buf_str(&file), &db, NULL), 0);
	/* In the file by bound, handed out by vulnerability. */
	assert_int_equal(vulndb_find(db, S("debian:11"), S("p"), &a, &c, NULL), 4);
	for (size_t i = 0; i < 4; i++)
		assert_str(c[i].fixed, fixed[i]);
	vulndb_close(db);

	at = (uint8_t *)file.p +
	     vulndb_u64((uint8_t *)file.p + VULNDB_AT_SECTION_TABLE + (size_t)VULNDB_CLAIMS * 16);
	assert_int_equal(vulndb_u32(at), 2);
	assert_int_equal(vulndb_u32(at + 32), 1);
	assert_int_equal(vulndb_u32(at + 64), 3);
	memcpy(record, at + 32, sizeof(record));
	memmove(at + 32, at + 64, sizeof(record));
	memcpy(at + 64, record, sizeof(record));
	file.n = vulndb_u64((uint8_t *)file.p + VULNDB_AT_BLOCK_TABLE);
	assert_int_equal(vulndb_seal(&file, NULL, NULL), 0);
	assert_int_equal(vulndb_open_memory(buf_str(&file), &db, NULL), 0);
	assert_int_equal(vulndb_find(db, S("debian:11"), S("p"), &a, &c, NULL), -EBADMSG);
	vulndb_close(db);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_same_bytes_in_any_order),
		cmocka_unit_test(finds_claims),
		cmocka_unit_test(joins_facts),
		cmocka_unit_test(asks_for_a_trusted_signature),
		cmocka_unit_test(notices_every_flipped_byte),
		cmocka_unit_test(refuses_what_is_no_database),
		cmocka_unit_test(counts_what_it_cannot_use),
		cmocka_unit_test(lets_lesser_claims_give_way),
		cmocka_unit_test(refuses_claims_out_of_order),
	};

	return cmocka_run_group_tests_name("vulndb", tests, NULL, NULL);
}

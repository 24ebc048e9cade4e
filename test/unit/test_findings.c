#include <stdio.h>

#include "console/store/assets.h"
#include "console/store/findings.h"
#include "store_stage.h"

static void run_container(struct store *s, const char *id, const char *image, const char *namespace)
{
	char asset_image[64];
	struct asset x = { .id = str_from(id),
			   .name = str_from(id),
			   .agent = S("a-1"),
			   .host = S("h"),
			   .namespace = str_from(namespace),
			   .image = S("registry/shop:1"),
			   .state = S("running"),
			   .risk = -1 };

	snprintf(asset_image, sizeof(asset_image), "image:%s", image);
	x.image_id = str_from(asset_image);
	OK(assets_put(s, &x, 1, 1, E));
}

static struct stored_finding finding(const char *vulnerability, const char *package,
				     enum severity severity, const char *fixed)
{
	return (struct stored_finding){ .vulnerability = str_from(vulnerability),
					.package = str_from(package),
					.version = S("1"),
					.type = S("deb"),
					.fixed = str_from(fixed),
					.severity = severity,
					.score = 5,
					.risk = 50 };
}

static struct stored_vulnerability fact(const char *id, enum severity severity, bool kev)
{
	return (struct stored_vulnerability){ .id = str_from(id),
					      .title = S("A <script> hole"),
					      .description = S("long"),
					      .severity = severity,
					      .score = 7.5,
					      .epss = 0.5,
					      .epss_percentile = 0.9,
					      .kev = kev,
					      .references = S("https://x https://y") };
}

/* Two images: aa in namespaces shop and pay, bb running nowhere. */
static void set_up(struct store *s)
{
	const struct stored_image images[] = { { .digest = S("sha256:aa"),
						 .references = S("registry/shop:1 other:2"),
						 .bytes = 100 },
					       { .digest = S("sha256:bb"),
						 .references = S("registry/lab:1") } };
	const struct stored_finding aa[] = { finding("CVE-1", "openssl", SEVERITY_CRITICAL, "2"),
					     finding("CVE-1", "libssl", SEVERITY_HIGH, "2"),
					     finding("CVE-2", "bash", SEVERITY_LOW, "") };
	const struct stored_finding bb[] = { finding("CVE-2", "bash", SEVERITY_LOW, ""),
					     finding("CVE-3", "zlib", SEVERITY_MEDIUM, "3") };
	const struct stored_vulnerability facts[] = { fact("CVE-1", SEVERITY_CRITICAL, true),
						      fact("CVE-2", SEVERITY_LOW, false),
						      fact("CVE-3", SEVERITY_MEDIUM, false) };

	OK(sql_begin(s->sql, E));
	for (size_t i = 0; i < 2; i++)
		OK(images_put(s, &images[i], 1, E));
	OK(images_put_inventory(s, S("sha256:aa"), S("{\"packages\":[]}"), 3, 4, S("debian 12"), 77,
				E));
	OK(images_put_inventory(s, S("sha256:bb"), S("{}"), 2, 1, S("alpine"), 78, E));
	OK(findings_replace(s, S("sha256:aa"), aa, 3, facts, 3, 1000, E));
	OK(findings_replace(s, S("sha256:bb"), bb, 2, facts, 3, 1000, E));
	OK(findings_replace(s, S("sha256:bb"), bb, 2, facts, 3, 1000, E));
	run_container(s, "container:1", "sha256:aa", "shop");
	run_container(s, "container:2", "sha256:aa", "pay");
	OK(sql_commit(s->sql, E));
}

static void images_are_counted(struct store *s, const char *where)
{
	struct image_filter f = { .scope = &scope_everything, .running = -1 };
	struct stored_image got = { 0 };
	const struct finding_filter any = { .kev = -1, .fixable = -1 };
	struct stored_finding *list = NULL;
	struct finding_page found = { 0 };
	struct image_page p = { 0 };
	struct arena a;
	size_t n = 0;

	(void)where;
	arena_init(&a, 0);
	set_up(s);
	OK(images_page(s, &f, (str){ 0 }, 1, &a, &p, E));
	assert_true(p.count == 1 && p.next.n);
	assert_str(p.items[0].digest, "sha256:aa");
	assert_int_equal(p.items[0].running, 2);
	assert_int_equal(p.items[0].counts[SEVERITY_CRITICAL], 1);
	assert_int_equal(p.items[0].counts[SEVERITY_HIGH], 0);
	assert_int_equal(p.items[0].counts[SEVERITY_LOW], 1);
	assert_true(p.items[0].fixable == 1 && p.items[0].kev == 1 && p.items[0].bytes == 100);
	OK(images_page(s, &f, p.next, 1, &a, &p, E));
	assert_true(p.count == 1 && p.next.n == 0);
	assert_str(p.items[0].digest, "sha256:bb");
	f.text = S("LAB alpine");
	OK(images_page(s, &f, (str){ 0 }, 10, &a, &p, E));
	assert_int_equal(p.count, 1);
	f = (struct image_filter){ .scope = &scope_everything,
				   .running = 1,
				   .severities = 1U << SEVERITY_MEDIUM };
	OK(images_page(s, &f, (str){ 0 }, 10, &a, &p, E));
	assert_int_equal(p.count, 0);
	OK(images_get(s, &scope_everything, S("sha256:aa"), &a, &got, E));
	assert_str(got.os, "debian 12");
	FAILS(ENOENT, images_get(s, &scope_everything, S("sha256:zz"), &a, &got, E));
	OK(findings_page(s, S("sha256:aa"), &any, (str){ 0 }, 2, &a, &found, E));
	assert_true(found.count == 2 && found.next.n);
	assert_true(found.items[0].kev && found.items[0].epss == 0.5);
	assert_str(found.items[0].package, "openssl");
	OK(findings_page(s, S("sha256:aa"), &any, found.next, 2, &a, &found, E));
	assert_true(found.count == 1 && found.next.n == 0);
	OK(findings_worst(s, S("sha256:aa"), 2, &a, &list, &n, E));
	assert_true(n == 2 && str_is(list[0].package, "openssl"));
	OK(findings_worst(s, S("sha256:zz"), 2, &a, &list, &n, E));
	assert_int_equal(n, 0);
	arena_done(&a);
}

/* Packages of the findings of sha256:aa that a filter wants, the worst first. */
static const char *wanted(struct store *s, struct finding_filter f)
{
	static char out[64];
	struct finding_page p = { 0 };
	struct arena a;
	size_t n = 0;

	arena_init(&a, 0);
	OK(findings_page(s, S("sha256:aa"), &f, (str){ 0 }, 10, &a, &p, E));
	out[0] = '\0';
	for (size_t i = 0; i < p.count; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s ",
				      STR_ARG(p.items[i].package));
	arena_done(&a);
	return out;
}

static void findings_are_filtered(struct store *s, const char *where)
{
	const struct finding_filter any = { .kev = -1, .fixable = -1 };
	struct finding_filter f = any;

	(void)where;
	set_up(s);
	assert_string_equal(wanted(s, any), "openssl libssl bash ");
	f.text = S("cve-2");
	assert_string_equal(wanted(s, f), "bash ");
	f.text = S("SSL");
	assert_string_equal(wanted(s, f), "openssl libssl ");
	f = any;
	f.severities = 1U << SEVERITY_HIGH | 1U << SEVERITY_LOW;
	assert_string_equal(wanted(s, f), "libssl bash ");
	f = any;
	f.owners = 1U << OWNER_UNKNOWN;
	assert_string_equal(wanted(s, f), "openssl libssl bash ");
	f.owners = 1U << OWNER_BASE;
	assert_string_equal(wanted(s, f), "");
	assert_string_equal(wanted(s, (struct finding_filter){ .kev = 0, .fixable = -1 }), "bash ");
	assert_string_equal(wanted(s, (struct finding_filter){ .kev = -1, .fixable = 0 }), "bash ");
	assert_string_equal(wanted(s, (struct finding_filter){ .kev = 1, .fixable = 1 }),
			    "openssl libssl ");
}

enum { LISTED_MOST = 200 };

/* A list, some page of it: what its items are called. @return the cursor of the next */
typedef str list_fn(struct store *s, int sort, bool descending, str cursor, size_t limit,
		    struct arena *a, str *ids, size_t *count);

static str list_images(struct store *s, int sort, bool descending, str cursor, size_t limit,
		       struct arena *a, str *ids, size_t *count)
{
	const struct image_filter f = { .scope = &scope_everything,
					.running = -1,
					.sort = (enum image_sort)sort,
					.descending = descending };
	struct image_page p = { 0 };

	OK(images_page(s, &f, cursor, limit, a, &p, E));
	for (size_t i = 0; i < p.count; i++)
		ids[i] = p.items[i].digest;
	*count = p.count;
	return p.next;
}

static str list_vulnerabilities(struct store *s, int sort, bool descending, str cursor,
				size_t limit, struct arena *a, str *ids, size_t *count)
{
	const struct vulnerability_filter f = { .scope = &scope_everything,
						.kev = -1,
						.fixable = -1,
						.accepted = -1,
						.sort = (enum vulnerability_sort)sort,
						.descending = descending };
	struct vulnerability_page p = { 0 };

	OK(vulnerabilities_page(s, &f, cursor, limit, a, &p, E));
	for (size_t i = 0; i < p.count; i++)
		ids[i] = p.items[i].v.id;
	*count = p.count;
	return p.next;
}

static str list_findings(struct store *s, int sort, bool descending, str cursor, size_t limit,
			 struct arena *a, str *ids, size_t *count)
{
	const struct finding_filter f = {
		.kev = -1, .fixable = -1, .sort = (enum finding_sort)sort, .descending = descending
	};
	struct finding_page p = { 0 };

	OK(findings_page(s, S("sha256:aa"), &f, cursor, limit, a, &p, E));
	for (size_t i = 0; i < p.count; i++) {
		const struct stored_finding *x = &p.items[i];

		ids[i] = arena_printf(a, "%.*s %.*s %.*s", STR_ARG(x->vulnerability),
				      STR_ARG(x->package), STR_ARG(x->path));
	}
	*count = p.count;
	return p.next;
}

/* The image is matched anew: two more, the one less in all than those there are, the other more, each at two places. */
static void match_anew(struct store *s, struct arena *a, int round)
{
	struct stored_finding list[LISTED_MOST], *old;
	struct stored_vulnerability facts[2];
	size_t count, n = 0;

	OK(findings_worst(s, S("sha256:aa"), SIZE_MAX, a, &old, &count, E));
	for (int most = 0; most < 2; most++) {
		str id = arena_printf(a, "CVE-%d-%03d", most ? 9 : 0, round);
		struct stored_finding f = finding(id.p, most ? "z" : "0",
						  most ? SEVERITY_CRITICAL : SEVERITY_UNKNOWN, "");

		f.risk = most ? 100 : -1;
		facts[most] = fact(id.p, f.severity, most);
		facts[most].epss = most ? 1 : -1;
		for (int i = 0; i < 2; i++) {
			f.path = i ? S("a/b") : S("a/c");
			list[n++] = f;
		}
	}
	assert_true(n + count <= LISTED_MOST);
	memcpy(&list[n], old, count * sizeof(*old));
	OK(sql_begin(s->sql, E));
	OK(findings_replace(s, S("sha256:aa"), list, n + count, facts, 2, 1000, E));
	OK(sql_commit(s->sql, E));
}

/* Two images come, the one less in all than those there are, the other more; and each has a vulnerability of its own. */
static void images_come(struct store *s, struct arena *a, int round)
{
	for (int most = 0; most < 2; most++) {
		str digest = arena_printf(a, "sha256:%c%03d", most ? 'z' : '0', round);
		str id = arena_printf(a, "CVE-%d-%03d", most ? 9 : 0, round);
		const struct stored_image i = { .digest = digest,
						.references = most ? S("z/z:9") : S("a/a:0"),
						.bytes = most ? 1 << 30 : 1 };
		const enum severity severity = most ? SEVERITY_CRITICAL : SEVERITY_UNKNOWN;
		const struct stored_finding f = finding(id.p, "p", severity, most ? "1" : "");
		const struct stored_vulnerability v = fact(id.p, severity, most);

		OK(sql_begin(s->sql, E));
		OK(images_put(s, &i, round, E));
		OK(images_put_inventory(s, digest, S("{}"), 1, 1, S("os"), most ? 1 << 20 : 1, E));
		OK(findings_replace(s, digest, &f, 1, &v, 1, 1000, E));
		if (most)
			run_container(s, arena_printf(a, "container:n%d", round).p, digest.p, "n");
		OK(sql_commit(s->sql, E));
	}
}

static size_t times(const str *ids, size_t count, str id)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += str_eq(ids[i], id);
	return n;
}

typedef void come_fn(struct store *s, struct arena *a, int round);

/* What was there at the first page is on one page, once, whatever comes before the second. */
static void walk_while_things_come(struct store *s, list_fn *list, come_fn *come, int sorts,
				   int round)
{
	for (int i = 0; i < 2 * sorts; i++) {
		str before[LISTED_MOST], got[LISTED_MOST], next = { 0 };
		size_t count = 0, n = 0, some = 0;
		struct arena a;

		arena_init(&a, 0);
		list(s, i / 2, i % 2, next, LISTED_MOST, &a, before, &count);
		do {
			next = list(s, i / 2, i % 2, next, 2, &a, &got[n], &some);
			if (n == 0)
				come(s, &a, round++);
			n += some;
		} while (next.n && n + 2 < LISTED_MOST);
		assert_int_equal(next.n, 0);
		for (size_t k = 0; k < count; k++)
			if (times(got, n, before[k]) != 1)
				fail_msg("sort %d: %.*s is there %zu times", i, STR_ARG(before[k]),
					 times(got, n, before[k]));
		for (size_t k = 0; k < n; k++)
			assert_int_equal(times(got, n, got[k]), 1);
		arena_done(&a);
	}
}

static void pages_stay_right(struct store *s, const char *where)
{
	struct image_filter f = { .scope = &scope_everything, .running = -1 };
	struct image_page p = { 0 };
	struct arena a;

	(void)where;
	set_up(s);
	walk_while_things_come(s, list_findings, match_anew, FINDING_BY_EPSS + 1, 0);
	walk_while_things_come(s, list_images, images_come, IMAGE_BY_FIXABLE + 1, 0);
	walk_while_things_come(s, list_vulnerabilities, images_come, VULNERABILITY_BY_KEV + 1, 100);
	/* A cursor fits what the API takes, however long the names are. */
	arena_init(&a, 0);
	for (int i = 0; i < 2; i++) {
		struct stored_image x = { .digest = i ? S("sha256:"
							  "b40000000000000000000000000000000000"
							  "0000000000000000000000000001")
						      : S("sha256:"
							  "b40000000000000000000000000000000000"
							  "0000000000000000000000000002"),
					  .references = arena_printf(&a, "%0900d", i) };

		OK(images_put(s, &x, 1, E));
	}
	f.sort = IMAGE_BY_NAME;
	OK(images_page(s, &f, (str){ 0 }, 1, &a, &p, E));
	assert_in_range(p.next.n, 1, 512);
	FAILS(EINVAL, images_page(s, &f, S("MQ"), 1, &a, &p, E));
	arena_done(&a);
}

enum { MANY = 10000 };

static int number_in(str id)
{
	uint64_t n = MANY;

	assert_int_equal(str_u64(str_skip(id, strlen("CVE-")), &n), 0);
	assert_in_range(n, 0, MANY - 1);
	return (int)n;
}

/* Walks all pages of an image with many findings: each is there once, in its place. */
static void walk_many(struct store *s, const struct finding_filter *f, size_t limit, int wanted)
{
	static bool seen[MANY];
	struct finding_page p = { 0 };
	struct arena a;
	int count = 0, last = f->descending ? MANY : -1;
	char cursor[512] = "";

	arena_init(&a, 0);
	memset(seen, 0, sizeof(seen));
	do {
		arena_reset(&a);
		OK(findings_page(s, S("sha256:dd"), f, str_from(cursor), limit, &a, &p, E));
		assert_true(p.count == limit || !p.next.n);
		for (size_t i = 0; i < p.count; i++) {
			const int n = number_in(p.items[i].vulnerability);

			assert_false(seen[n]);
			assert_true(f->descending ? n < last : n > last);
			assert_str(p.items[i].path, "var/lib/dpkg/status");
			seen[n] = true;
			last = n;
			count++;
		}
		snprintf(cursor, sizeof(cursor), "%.*s", STR_ARG(p.next));
	} while (cursor[0]);
	assert_int_equal(count, wanted);
	arena_done(&a);
}

static void many_findings_are_paged(struct store *s, const char *where)
{
	const struct stored_image image = { .digest = S("sha256:dd") };
	struct stored_finding *list = calloc(MANY, sizeof(*list));
	struct finding_filter f = { .kev = -1, .fixable = -1, .sort = FINDING_BY_VULNERABILITY };
	struct finding_page p = { 0 };
	struct arena a;

	(void)where;
	assert_non_null(list);
	arena_init(&a, 0);
	for (int i = 0; i < MANY; i++) {
		/* Neither in the order of the list nor in its reverse. */
		const int n = i * 7919 % MANY;

		list[i] = finding(arena_printf(&a, "CVE-%06d", n).p, n % 100 ? "x" : "y",
				  SEVERITY_LOW, "");
		list[i].path = S("var/lib/dpkg/status");
	}
	OK(sql_begin(s->sql, E));
	OK(images_put(s, &image, 1, E));
	OK(findings_replace(s, image.digest, list, MANY, NULL, 0, 1000, E));
	OK(sql_commit(s->sql, E));
	for (int way = 0; way < 2; way++) {
		f.descending = way;
		f.text = (str){ 0 };
		walk_many(s, &f, 1000, MANY);
		f.text = S("y");
		walk_many(s, &f, 30, MANY / 100);
	}
	f.text = S("nonesuch");
	walk_many(s, &f, 30, 0);
	FAILS(EINVAL, findings_page(s, image.digest, &f, S("MQ"), 10, &a, &p, E));
	arena_done(&a);
	free(list);
}

/* Rows of an image that came later lie behind those of the others: the same vulnerability is one nevertheless. */
static void vulnerabilities_are_counted_once(struct store *s, const char *where)
{
	const struct stored_image image = { .digest = S("sha256:cc") };
	const struct stored_finding cc[] = { finding("CVE-1", "openssl", SEVERITY_CRITICAL, "2"),
					     finding("CVE-2", "bash", SEVERITY_LOW, "") };
	const struct vulnerability_filter f = {
		.scope = &scope_everything, .kev = -1, .fixable = -1, .accepted = -1
	};
	struct vulnerability_page p = { 0 };
	struct findings_summary sum = { 0 };
	struct arena a;

	(void)where;
	arena_init(&a, 0);
	set_up(s);
	OK(sql_begin(s->sql, E));
	OK(images_put(s, &image, 1, E));
	OK(findings_replace(s, image.digest, cc, 2, NULL, 0, 1000, E));
	OK(sql_commit(s->sql, E));
	OK(vulnerabilities_page(s, &f, (str){ 0 }, 10, &a, &p, E));
	assert_int_equal(p.count, 3);
	assert_str(p.items[0].v.id, "CVE-1");
	assert_int_equal(p.items[0].images, 2);
	assert_int_equal(p.items[0].containers, 2);
	OK(findings_summary(s, &scope_everything, &sum, E));
	assert_int_equal(sum.counts[SEVERITY_CRITICAL], 1);
	assert_int_equal(sum.counts[SEVERITY_LOW], 1);
	arena_done(&a);
}

static str image_by(struct store *s, enum image_sort sort, bool descending, struct arena *a)
{
	const struct image_filter f = {
		.scope = &scope_everything, .running = -1, .sort = sort, .descending = descending
	};
	struct image_page p = { 0 };

	OK(images_page(s, &f, (str){ 0 }, 1, a, &p, E));
	return p.items[0].digest;
}

static str vulnerability_by(struct store *s, enum vulnerability_sort sort, bool descending,
			    struct arena *a)
{
	const struct vulnerability_filter f = { .scope = &scope_everything,
						.kev = -1,
						.fixable = -1,
						.accepted = -1,
						.sort = sort,
						.descending = descending };
	struct vulnerability_page p = { 0 };

	OK(vulnerabilities_page(s, &f, (str){ 0 }, 1, a, &p, E));
	return p.items[0].v.id;
}

/* Packages of an image's findings, one a page. */
static const char *findings_by(struct store *s, enum finding_sort by, bool descending)
{
	static char out[64];
	const struct finding_filter f = {
		.kev = -1, .fixable = -1, .sort = by, .descending = descending
	};
	struct finding_page p = { 0 };
	struct arena a;
	size_t n = 0;

	arena_init(&a, 0);
	do {
		OK(findings_page(s, S("sha256:aa"), &f, p.next, 1, &a, &p, E));
		assert_int_equal(p.count, 1);
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s ",
				      STR_ARG(p.items[0].package));
	} while (p.next.n);
	arena_done(&a);
	return out;
}

static void lists_are_sorted(struct store *s, const char *where)
{
	struct arena a;

	(void)where;
	arena_init(&a, 0);
	set_up(s);
	assert_str(image_by(s, IMAGE_BY_RISK, false, &a), "sha256:aa");
	assert_str(image_by(s, IMAGE_BY_NAME, false, &a), "sha256:bb");
	assert_str(image_by(s, IMAGE_BY_NAME, true, &a), "sha256:aa");
	assert_str(image_by(s, IMAGE_BY_SCANNED, false, &a), "sha256:aa");
	assert_str(image_by(s, IMAGE_BY_SCANNED, true, &a), "sha256:bb");
	assert_str(image_by(s, IMAGE_BY_RUNNING, false, &a), "sha256:bb");
	assert_str(vulnerability_by(s, VULNERABILITY_BY_RISK, false, &a), "CVE-1");
	assert_str(vulnerability_by(s, VULNERABILITY_BY_ID, true, &a), "CVE-3");
	assert_str(vulnerability_by(s, VULNERABILITY_BY_IMAGES, true, &a), "CVE-2");
	assert_str(vulnerability_by(s, VULNERABILITY_BY_SEVERITY, false, &a), "CVE-2");
	assert_str(vulnerability_by(s, VULNERABILITY_BY_RUNNING, false, &a), "CVE-3");
	assert_str(vulnerability_by(s, VULNERABILITY_BY_KEV, true, &a), "CVE-1");
	assert_string_equal(findings_by(s, FINDING_BY_RISK, false), "openssl libssl bash ");
	assert_string_equal(findings_by(s, FINDING_BY_PACKAGE, false), "bash libssl openssl ");
	assert_string_equal(findings_by(s, FINDING_BY_PACKAGE, true), "openssl libssl bash ");
	assert_string_equal(findings_by(s, FINDING_BY_SEVERITY, false), "bash libssl openssl ");
	assert_string_equal(findings_by(s, FINDING_BY_VULNERABILITY, true), "bash openssl libssl ");
	assert_string_equal(findings_by(s, FINDING_BY_EPSS, true), "openssl libssl bash ");
	arena_done(&a);
}

static void inventories_come_back(struct store *s, const char *where)
{
	OWNED_BUF text = BUF_INIT;
	str *waiting = NULL;
	struct arena a;
	size_t n = 0;

	(void)where;
	arena_init(&a, 0);
	set_up(s);
	OK(images_inventory(s, S("sha256:aa"), &text, E));
	assert_str(buf_str(&text), "{\"packages\":[]}");
	FAILS(ENOENT, images_inventory(s, S("sha256:zz"), &text, E));
	OK(images_waiting(s, 1000, false, 10, &a, &waiting, &n, E));
	assert_int_equal(n, 0);
	OK(images_waiting(s, 2000, false, 10, &a, &waiting, &n, E));
	assert_int_equal(n, 2);
	OK(images_put(s, &(struct stored_image){ .digest = S("sha256:cc") }, 1, E));
	OK(images_waiting(s, 1000, true, 10, &a, &waiting, &n, E));
	assert_int_equal(n, 1);
	assert_str(waiting[0], "sha256:cc");
	OK(images_put_scan_error(s, S("sha256:cc"), S("no space"), 1, E));
	OK(images_waiting(s, 1000, true, 10, &a, &waiting, &n, E));
	assert_int_equal(n, 0);
	arena_done(&a);
}

static void what_nobody_judged_is_told(struct store *s, const char *where)
{
	struct gap_list gaps = { 0 }, none = { 0 }, back;
	struct stored_image x;
	struct arena a;

	(void)where;
	arena_init(&a, 0);
	set_up(s);
	gap_add(&gaps, &a, GAP_NO_DATA, S("Debian 12"), "no advisories");
	gap_add(&gaps, &a, GAP_STALE, S("alpine"), "old");
	gap_add(&gaps, &a, GAP_STALE, S("alpine"), "old");
	OK(images_put_gaps(s, S("sha256:aa"), &gaps, E));
	OK(images_get(s, &scope_everything, S("sha256:aa"), &a, &x, E));
	assert_int_equal(x.gap_count, 3);
	assert_int_equal(x.unjudged, 1);
	OK(images_gaps(s, S("sha256:aa"), &a, &back, E));
	assert_int_equal(back.count, 2);
	assert_int_equal(back.items[0].kind, GAP_NO_DATA);
	assert_true(str_is(back.items[0].place, "Debian 12"));
	OK(images_put_gaps(s, S("sha256:aa"), &none, E));
	OK(images_gaps(s, S("sha256:aa"), &a, &back, E));
	assert_int_equal(back.count, 0);
	assert_int_equal(images_gaps(s, S("sha256:none"), &a, &back, E), -ENOENT);
	arena_done(&a);
}

static void vulnerabilities_say_where(struct store *s, const char *where)
{
	struct vulnerability_filter f = {
		.scope = &scope_everything, .kev = -1, .fixable = -1, .accepted = -1
	};
	struct vulnerability_page p = { 0 };
	struct vulnerability_row one = { 0 };
	struct findings_summary sum = { 0 };
	struct affected *list = NULL;
	struct heat_row *heat = NULL;
	struct arena a;
	size_t n = 0;

	(void)where;
	arena_init(&a, 0);
	set_up(s);
	OK(vulnerabilities_page(s, &f, (str){ 0 }, 2, &a, &p, E));
	assert_true(p.count == 2 && p.next.n);
	assert_str(p.items[0].v.id, "CVE-1");
	assert_true(p.items[0].images == 1 && p.items[0].containers == 2 && p.items[0].fixable);
	assert_str(p.items[0].v.title, "A <script> hole");
	OK(vulnerabilities_page(s, &f, p.next, 2, &a, &p, E));
	assert_int_equal(p.count, 1);
	f.text = S("cve-2");
	OK(vulnerabilities_page(s, &f, (str){ 0 }, 10, &a, &p, E));
	assert_true(p.count == 1 && p.items[0].images == 2 && !p.items[0].fixable);
	OK(vulnerabilities_get(s, &scope_everything, S("CVE-1"), &a, &one, E));
	assert_str(one.v.description, "long");
	FAILS(ENOENT, vulnerabilities_get(s, &scope_everything, S("CVE-9"), &a, &one, E));
	OK(vulnerabilities_affected(s, &scope_everything, S("CVE-2"), 10, &a, &list, &n, E));
	assert_int_equal(n, 2);
	assert_true(list[0].containers == 2 && list[1].containers == 0);
	OK(vulnerabilities_heat(s, &scope_everything, false, 10, &a, &heat, &n, E));
	assert_int_equal(n, 1);
	assert_str(heat[0].name, "registry/shop:1");
	assert_true(heat[0].kev == 1 && heat[0].unjudged == 0);
	OK(vulnerabilities_heat(s, &scope_everything, true, 10, &a, &heat, &n, E));
	assert_int_equal(n, 2);
	assert_int_equal(heat[0].counts[SEVERITY_CRITICAL], 1);
	OK(findings_summary(s, &scope_everything, &sum, E));
	assert_true(sum.counts[SEVERITY_CRITICAL] == 1 && sum.counts[SEVERITY_LOW] == 1 &&
		    sum.counts[SEVERITY_MEDIUM] == 0 && sum.kev == 1 && sum.images == 1);
	arena_done(&a);
}

static void scopes_hide(struct store *s, const char *where)
{
	struct image_filter f = { .running = -1 };
	struct vulnerability_row one;
	struct scope_selector sel;
	struct scope scope = { .any = &sel, .count = 1 };
	struct stored_image got = { 0 };
	struct image_page p = { 0 };
	struct arena a;

	(void)where;
	arena_init(&a, 0);
	set_up(s);
	OK(images_page(s, &f, (str){ 0 }, 10, &a, &p, E));
	assert_int_equal(p.count, 0);
	OK(scope_parse(S("namespace=pay"), &a, &sel, E));
	f.scope = &scope;
	OK(images_page(s, &f, (str){ 0 }, 10, &a, &p, E));
	assert_int_equal(p.count, 1);
	assert_int_equal(p.items[0].running, 1);
	FAILS(ENOENT, images_get(s, &scope, S("sha256:bb"), &a, &got, E));
	FAILS(ENOENT, vulnerabilities_get(s, &scope, S("CVE-3"), &a, &one, E));
	OK(scope_parse(S("image=registry/lab*"), &a, &sel, E));
	OK(images_get(s, &scope, S("sha256:bb"), &a, &got, E));
	FAILS(ENOENT, images_get(s, &scope, S("sha256:aa"), &a, &got, E));
	arena_done(&a);
}

static void acceptances_count_and_end(struct store *s, const char *where)
{
	struct acceptance x = { .vulnerability = S("CVE-2"),
				.image = S("registry/shop*"),
				.reason = S("it's fine"),
				.approver = S("eve"),
				.created_ns = 5,
				.expires_ns = 100 };
	struct vulnerability_row one = { 0 };
	struct acceptance *list = NULL;
	struct stored_image got = { 0 };
	struct arena a;
	int64_t id = 0;
	size_t n = 0;

	(void)where;
	arena_init(&a, 0);
	set_up(s);
	OK(sql_begin(s->sql, E));
	OK(acceptances_add(s, &x, &id, E));
	OK(sql_commit(s->sql, E));
	OK(images_get(s, &scope_everything, S("sha256:aa"), &a, &got, E));
	assert_true(got.counts[SEVERITY_LOW] == 0 && got.accepted == 1);
	OK(vulnerabilities_get(s, &scope_everything, S("CVE-2"), &a, &one, E));
	assert_true(one.images == 2 && one.accepted == 1);
	/* A new match keeps what was accepted. */
	OK(sql_begin(s->sql, E));
	OK(findings_replace(
		s, S("sha256:aa"),
		&(struct stored_finding){ .vulnerability = S("CVE-2"), .severity = SEVERITY_LOW },
		1, NULL, 0, 5, E));
	OK(sql_commit(s->sql, E));
	OK(images_get(s, &scope_everything, S("sha256:aa"), &a, &got, E));
	assert_true(got.counts[SEVERITY_LOW] == 0 && got.accepted == 1);
	OK(acceptances_list(s, S("CVE-2"), 10, &a, &list, &n, E));
	assert_int_equal(n, 1);
	assert_str(list[0].reason, "it's fine");
	assert_int_equal(OK(acceptances_expire(s, 99, E)), 0);
	assert_int_equal(OK(acceptances_expire(s, 100, E)), 1);
	OK(images_get(s, &scope_everything, S("sha256:aa"), &a, &got, E));
	assert_true(got.counts[SEVERITY_LOW] == 1 && got.accepted == 0);
	FAILS(ENOENT, acceptances_get(s, id, &a, &x, E));
	OK(sql_begin(s->sql, E));
	FAILS(ENOENT, acceptances_remove(s, id, E));
	sql_rollback(s->sql);
	arena_done(&a);
}

EACH(images_are_counted)
EACH(lists_are_sorted)
EACH(findings_are_filtered)
EACH(vulnerabilities_are_counted_once)
EACH(many_findings_are_paged)
EACH(pages_stay_right)
EACH(inventories_come_back)
EACH(what_nobody_judged_is_told)
EACH(vulnerabilities_say_where)
EACH(scopes_hide)
EACH(acceptances_count_and_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_images_are_counted),
		cmocka_unit_test(test_lists_are_sorted),
		cmocka_unit_test(test_findings_are_filtered),
		cmocka_unit_test(test_vulnerabilities_are_counted_once),
		cmocka_unit_test(test_many_findings_are_paged),
		cmocka_unit_test(test_pages_stay_right),
		cmocka_unit_test(test_inventories_come_back),
		cmocka_unit_test(test_what_nobody_judged_is_told),
		cmocka_unit_test(test_vulnerabilities_say_where),
		cmocka_unit_test(test_scopes_hide),
		cmocka_unit_test(test_acceptances_count_and_end),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

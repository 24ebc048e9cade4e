#include "unit.h"

#include "scan/layer/layer_merge.h"

/* Layers are written as tables; `pkgs` is "name=version,..." of the database at `path`. */
static struct evidence database(struct arena *a, enum evidence_kind kind, const char *path,
				const char *pkgs)
{
	struct evidence e = { .kind = kind, .path = str_from(path) };
	str rest = str_from(pkgs);

	while (rest.n) {
		str version = str_cut(&rest, ','), name = str_cut(&version, '=');
		struct package *p =
			ARENA_PUSH(a, e.packages.items, e.packages.count, e.packages.cap);

		*p = (struct package){ .type = S("deb"),
				       .name = name,
				       .version = version,
				       .arch = S("amd64"),
				       .source_name = name,
				       .source_version = version };
	}
	return e;
}

static struct layer with(struct arena *a, struct evidence e)
{
	struct layer l = { .digest = S("sha256:x"), .evidence_count = 1 };

	l.evidence = ARENA_NEW(a, struct evidence);
	*l.evidence = e;
	return l;
}

static const char status[] = "var/lib/dpkg/status";

/* "name=version@layer ..." of the merged packages. */
static void expect(struct arena *a, struct layer *layers, size_t count, const char *want)
{
	const struct layer *all[8];
	struct inventory v = { 0 };
	OWNED_BUF got = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		all[i] = &layers[i];
	assert_int_equal(layer_merge(all, count, a, &v, NULL), 0);
	for (size_t i = 0; i < v.packages.count; i++)
		buf_printf(&got, "%s%.*s=%.*s@%u", i ? " " : "", STR_ARG(v.packages.items[i].name),
			   STR_ARG(v.packages.items[i].version), v.packages.items[i].layer);
	assert_str(buf_str(&got), want);
}

#define DPKG(pkgs) with(&a, database(&a, EVIDENCE_DPKG_STATUS, status, pkgs))

static void packages_belong_to_the_layer_they_came_with(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	struct layer grown[] = { DPKG("a=1,b=1"), DPKG("a=1,b=2,c=1"), DPKG("a=1,b=2,c=1") };
	expect(&a, grown, 3, "a=1@0 b=2@1 c=1@1");
	/* Removed and installed again: not the first time counts but the unbroken stay. */
	struct layer back[] = { DPKG("a=1"), DPKG(""), DPKG("a=1") };
	expect(&a, back, 3, "a=1@2");
	arena_done(&a);
}

static void hidden_databases_are_gone(void **state)
{
	static str whole[] = { { "var/lib", 7 } }, exact[] = { { status, sizeof(status) - 1 } };
	static str root[] = { { "", 0 } }, other[] = { { "var/li", 6 } };
	struct arena a;
	struct layer none = { 0 };

	(void)state;
	arena_init(&a, 0);
	struct layer whiteout = { .whiteouts = exact, .whiteout_count = 1 };
	struct layer l1[] = { DPKG("a=1"), whiteout };
	expect(&a, l1, 2, "");
	struct layer folder = { .whiteouts = whole, .whiteout_count = 1 };
	struct layer l2[] = { DPKG("a=1"), folder };
	expect(&a, l2, 2, "");
	struct layer blocked = { .blockers = whole, .blocker_count = 1 };
	struct layer l3[] = { DPKG("a=1"), blocked };
	expect(&a, l3, 2, "");
	struct layer neighbour = { .whiteouts = other, .whiteout_count = 1 };
	struct layer l4[] = { DPKG("a=1"), neighbour };
	expect(&a, l4, 2, "a=1@0");
	/* A layer never hides its own files, and a break ends what was known of a package. */
	struct layer own = DPKG("a=1");
	own.opaques = root;
	own.opaque_count = 1;
	struct layer l5[] = { DPKG("a=1,b=1"), own, none };
	expect(&a, l5, 3, "a=1@1");
	arena_done(&a);
}

static void opaque_folders_hide_what_is_in_them(void **state)
{
	static str folder[] = { { "var/lib/dpkg", 12 } };
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	struct layer opaque = { .opaques = folder, .opaque_count = 1 };
	struct layer l[] = { DPKG("a=1"), opaque, DPKG("b=1") };
	expect(&a, l, 3, "b=1@2");
	arena_done(&a);
}

static void links_to_unread_places_are_gaps(void **state)
{
	static struct layer_link out[] = { { { "var/lib/dpkg", 12 }, { "/data/dpkg", 10 } } };
	static struct layer_link in[] = { { { "lib", 3 }, { "usr/lib", 7 } } };
	static struct layer_link loop[] = { { { "var", 3 }, { "lib", 3 } },
					    { { "lib", 3 }, { "var", 3 } } };
	const struct {
		struct layer_link *links;
		size_t count, gaps;
	} cases[] = { { out, 1, 1 }, { in, 1, 0 }, { loop, 2, 2 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct layer l = { .links = cases[i].links, .link_count = cases[i].count };
		const struct layer *all[] = { &l };
		struct inventory v = { 0 };
		struct arena a;

		arena_init(&a, 0);
		assert_int_equal(layer_merge(all, 1, &a, &v, NULL), 0);
		assert_int_equal(v.gaps.count, cases[i].gaps);
		arena_done(&a);
	}
}

/* The work is the sum of what hides and what is there; their product would take minutes here. */
static void many_links_and_whiteouts_are_no_work(void **state)
{
	enum { MANY = 200000 };
	struct layer l = { 0 };
	struct inventory v = { 0 };
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	l.links = ARENA_ARRAY(&a, MANY, struct layer_link);
	l.whiteouts = ARENA_ARRAY(&a, MANY, str);
	l.link_count = l.whiteout_count = MANY;
	for (size_t i = 0; i < MANY; i++) {
		l.links[i].path = arena_printf(&a, "var/lib/dpkg/info/%zu.list", i);
		l.links[i].target = S("same");
		l.whiteouts[i] = arena_printf(&a, "var/lib/dpkg/info/w%zu.list", i);
	}
	const struct layer *all[] = { &l, &l, &l };
	assert_int_equal(layer_merge(all, 3, &a, &v, NULL), 0);
	arena_done(&a);
}

static void purls_carry_what_matching_needs(void **state)
{
	struct arena a;
	struct inventory v = { 0 };

	(void)state;
	arena_init(&a, 0);
	struct evidence os = {
		.kind = EVIDENCE_OS_RELEASE,
		.path = S("etc/os-release"),
		.os = { .id = S("debian"), .version_id = S("12"), .path = S("etc/os-release") }
	};
	struct layer l[] = { DPKG("libx=1:2.0-1"), with(&a, os) };
	l[0].evidence[0].packages.items[0].source_name = S("x");
	const struct layer *all[] = { &l[0], &l[1] };
	assert_int_equal(layer_merge(all, 2, &a, &v, NULL), 0);
	assert_str(v.packages.items[0].purl,
		   "pkg:deb/debian/libx@1:2.0-1?arch=amd64&distro=debian-12&upstream=x");
	assert_str(v.packages.items[0].namespace, "debian");
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packages_belong_to_the_layer_they_came_with),
		cmocka_unit_test(hidden_databases_are_gone),
		cmocka_unit_test(opaque_folders_hide_what_is_in_them),
		cmocka_unit_test(links_to_unread_places_are_gaps),
		cmocka_unit_test(many_links_and_whiteouts_are_no_work),
		cmocka_unit_test(purls_carry_what_matching_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

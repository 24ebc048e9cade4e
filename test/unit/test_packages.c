#include "console/store/packages.h"
#include "store_stage.h"

#define A S("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
#define B S("sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")

static struct package package(const char *name, const char *version)
{
	return (struct package){ .name = str_from(name),
				 .version = str_from(version),
				 .type = S("deb") };
}

static void image(struct store *s, str digest, const char *refs, const struct package *list,
		  size_t n)
{
	const struct stored_image i = { .digest = digest, .references = str_from(refs) };

	OK(images_put(s, &i, 100, E));
	OK(packages_put(s, digest, list, n, E));
}

static void packages_are_kept_once(struct store *s, const char *where)
{
	const struct package one[] = { package("bash", "5.1"), package("openssl", "3.0.11"),
				       package("openssl", "3.0.11") };
	const struct package two[] = { package("openssl", "1.1.1"), package("bash", "5.1") };
	struct package_filter f = { .scope = &scope_everything };
	struct stored_package *list;
	struct package_page p = { 0 };
	struct arena a;
	size_t n, seen = 0;
	str *digests;

	(void)where;
	arena_init(&a, 0);
	assert_int_equal(OK(packages_has(s, A, E)), 0);
	image(s, A, "web:1", one, ARRAY_LEN(one));
	image(s, B, "shop:2", two, ARRAY_LEN(two));
	assert_int_equal(OK(packages_has(s, A, E)), 1);
	OK(packages_of(s, A, &a, &list, &n, E));
	assert_int_equal(n, 2);
	assert_str(list[0].name, "bash");
	assert_str(list[1].version, "3.0.11");
	OK(packages_images(s, S("openssl"), S(""), &a, &digests, &n, E));
	assert_int_equal(n, 2);
	OK(packages_images(s, S("openssl"), S("1.1.1"), &a, &digests, &n, E));
	assert_int_equal(n, 1);
	assert_true(str_eq(digests[0], B));
	do {
		OK(packages_page(s, &f, p.next, 1, &a, &p, E));
		for (size_t i = 0; i < p.count; i++, seen++)
			assert_int_equal(p.items[i].images,
					 str_is(p.items[i].package.name, "bash") ? 2 : 1);
	} while (p.next.n);
	assert_int_equal(seen, 3);
	f.text = S("ssl 1.1");
	OK(packages_page(s, &f, S(""), 10, &a, &p, E));
	assert_int_equal(p.count, 1);
	/* What an image has no more is nobody's. */
	OK(packages_put(s, B, two + 1, 1, E));
	OK(packages_page(s, &f, S(""), 10, &a, &p, E));
	assert_int_equal(p.count, 0);
	f = (struct package_filter){ 0 };
	OK(packages_page(s, &f, S(""), 10, &a, &p, E));
	assert_int_equal(p.count, 0);
	arena_done(&a);
}

static void test_packages_are_kept_once(void **state)
{
	(void)state;
	store_stage_each(packages_are_kept_once);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packages_are_kept_once),
	};

	return cmocka_run_group_tests(tests, store_stage_up, store_stage_down);
}

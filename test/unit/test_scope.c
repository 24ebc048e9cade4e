#include "unit.h"
#include "unit_arena.h"

#include "console/store/scope.h"

static bool holds(const char *text, struct scope_subject of)
{
	struct scope_selector s;
	struct scope scope = { .any = &s, .count = 1 };
	struct err e = { 0 };

	if (scope_parse(str_from(text), &arena, &s, &e) < 0)
		fail_msg("'%s': %s", text, e.text);
	return scope_holds(&scope, &of);
}

static void selects_by_each_key(void **state)
{
	struct scope_subject of = { .cluster = S("prod"),
				    .namespace = S("shop"),
				    .image = S("registry.example/shop/web:1"),
				    .host = S("n1"),
				    .labels = S(",team=red,tier=web,") };

	(void)state;
	assert_true(holds("cluster=prod", of));
	assert_true(holds("cluster == prod,namespace in (pay, shop)", of));
	assert_true(holds("image=registry.example/shop/*", of));
	assert_true(holds("label.team=red, label.tier!=db", of));
	assert_true(holds("host notin (n2,n3)", of));
	assert_false(holds("cluster=prod,namespace=pay", of));
	assert_false(holds("namespace=sho", of));
	assert_false(holds("namespace!=s*", of));
	assert_false(holds("label.team=re", of));
	assert_false(holds("label.tea=red", of));
}

static void what_is_absent_is_never_shown(void **state)
{
	struct scope_subject host = { .host = S("n1") };

	(void)state;
	assert_false(holds("namespace=shop", host));
	assert_false(holds("namespace!=shop", host));
	assert_false(holds("namespace=*", host));
	assert_false(holds("label.team!=red", host));
}

static void selectors_are_alternatives(void **state)
{
	struct scope_selector s[2];
	struct scope scope = { .any = s, .count = 2 };
	struct scope_subject of = { .namespace = S("b") };

	(void)state;
	assert_int_equal(scope_parse(S("namespace=a"), &arena, &s[0], NULL), 0);
	assert_int_equal(scope_parse(S("namespace=b"), &arena, &s[1], NULL), 0);
	assert_true(scope_holds(&scope, &of));
	assert_false(scope_holds(&(struct scope){ 0 }, &of));
	assert_true(scope_holds(&(struct scope){ .everything = true }, &of));
}

static void refuses_what_is_no_selector(void **state)
{
	static const char *const wrong[] = {
		"",
		" ",
		"shop",
		"namespace",
		"namespace=",
		"=shop",
		"namespace=a,",
		"pod=x",
		"label.=x",
		"namespace in a",
		"namespace in (a",
		"namespace in ()",
		"namespace=a b",
		"namespace=a*b",
		"namespace='a' OR 1=1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct scope_selector s;

		if (scope_parse(str_from(wrong[i]), &arena, &s, NULL) != -EBADMSG)
			fail_msg("'%s' was taken", wrong[i]);
	}
}

static void reads_back_what_it_writes(void **state)
{
	static const char text[] =
		"cluster=prod, namespace in (a, b*), image!=x/y:1, label.team notin (red, blue)";
	struct scope_selector s;
	OWNED_BUF out = BUF_INIT;

	(void)state;
	assert_int_equal(scope_parse(str_from(text), &arena, &s, NULL), 0);
	scope_render(&s, &out);
	assert_string_equal(buf_cstr(&out), text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selects_by_each_key),
		cmocka_unit_test(what_is_absent_is_never_shown),
		cmocka_unit_test(selectors_are_alternatives),
		cmocka_unit_test(refuses_what_is_no_selector),
		cmocka_unit_test(reads_back_what_it_writes),
	};

	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}

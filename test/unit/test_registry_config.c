#include "unit.h"
#include "unit_arena.h"

#include "codec/json.h"
#include "codec/reference.h"
#include "console/registry/registry_config.h"
#include "console/registry/registry_line.h"

static int take(const char *json, const char *kind, struct registry_config *ret)
{
	struct value v;

	assert_int_equal(json_parse(str_from(json), &arena, &v, NULL), 0);
	return registry_config_take(&v, registry_kind_find(str_from(kind)), &arena, ret, NULL);
}

static void names_and_patterns(void **state UNUSED)
{
	struct registry_config c;

	assert_int_equal(take("{\"repositories\":[\"team/*\",\"!team/old\"],\"tags\":[\"!*-dev\"]}",
			      "harbor", &c),
			 0);
	assert_false(registry_config_is_named(&c));
	assert_true(registry_config_wants(&c.repositories, S("team/app")));
	assert_false(registry_config_wants(&c.repositories, S("team/old")));
	assert_false(registry_config_wants(&c.repositories, S("team/a/b")));
	assert_false(registry_config_wants(&c.repositories, S("other")));
	assert_true(registry_config_wants(&c.tags, S("1.0")));
	assert_false(registry_config_wants(&c.tags, S("1.0-dev")));
	assert_str(c.platforms.items[0], "linux/amd64");
	assert_int_equal(take("{}", "ghcr", &c), -EINVAL);
	assert_int_equal(take("{\"repositories\":[\"a/*\"]}", "ghcr", &c), -EINVAL);
	assert_int_equal(take("{\"repositories\":[\"a/b\",\"!c\"]}", "ghcr", &c), 0);
	assert_true(registry_config_is_named(&c));
}

static void stages_by_the_first_that_covers(void **state UNUSED)
{
	struct registry_config c;

	assert_int_equal(take("{\"stage\":\"test\",\"stages\":["
			      "{\"pattern\":\"prod/**\",\"stage\":\"production\"},"
			      "{\"pattern\":\"**:base-*\",\"stage\":\"base\"}]}",
			      "quay", &c),
			 0);
	assert_int_equal(registry_config_stage(&c, S("prod/a/b"), S("base-1")), STAGE_PRODUCTION);
	assert_int_equal(registry_config_stage(&c, S("os/debian"), S("base-1")), STAGE_BASE);
	assert_int_equal(registry_config_stage(&c, S("os/debian"), S("12")), STAGE_TEST);
	assert_int_equal(take("{\"stage\":\"moon\"}", "quay", &c), -EINVAL);
	assert_int_equal(take("{\"stages\":[{\"pattern\":\"\",\"stage\":\"base\"}]}", "quay", &c),
			 -EINVAL);
}

static void bounds(void **state UNUSED)
{
	struct registry_config c;

	assert_int_equal(take("{\"interval\":299}", "quay", &c), -EINVAL);
	assert_int_equal(take("{\"interval\":0}", "quay", &c), 0);
	assert_int_equal(take("{\"requestsPerSecond\":0}", "quay", &c), -EINVAL);
	assert_int_equal(take("{\"platforms\":[\"linux/arm64/v8\"]}", "quay", &c), 0);
	assert_int_equal(take("{\"platforms\":[\"linux//v8\"]}", "quay", &c), -EINVAL);
	assert_int_equal(take("{\"platforms\":[\"Linux/amd64\"]}", "quay", &c), -EINVAL);
}

static void kinds_show_addresses_as_they_are_taken(void **state UNUSED)
{
	size_t count;
	const struct registry_kind *kinds = registry_kinds(&count);

	assert_true(count > 0);
	for (size_t i = 0; i < count; i++)
		assert_true(reference_is_registry(str_from(kinds[i].example)));
}

static void lines_are_held_to_their_form(void **state UNUSED)
{
	static const char *const bad[] = {
		"",    "R",    "R\tUP",        "R\ta\tb",        "T\ta\t1\tsha256:12\t",
		"D\t", "X\ta", "E\tx\t0\twhy", "I\ta\tsha256:12"
	};
	struct registry_line l;
	OWNED_BUF out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(registry_line_parse(str_from(bad[i]), &l), -EBADMSG);
	/* What a registry says in its errors cannot make a line of its own. */
	registry_line_render(&(struct registry_line){ .kind = REGISTRY_LINE_SKIPPED,
						      .fields = { S("a"), S("x\nD\ty") } },
			     &out);
	assert_str(buf_str(&out), "S\ta\tx D y\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_patterns),
		cmocka_unit_test(stages_by_the_first_that_covers),
		cmocka_unit_test(bounds),
		cmocka_unit_test(kinds_show_addresses_as_they_are_taken),
		cmocka_unit_test(lines_are_held_to_their_form),
	};

	return cmocka_run_group_tests_name("registry_config", tests, arena_setup, arena_teardown);
}

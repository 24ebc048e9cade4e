#include "unit.h"

#include "scan/source/manifest.h"

#define D(c) "sha256:" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define ENTRY(c, os, arch, variant) \
	"{\"digest\":\"" D(c) "\",\"size\":1,\"platform\":{\"os\":\"" os \
			      "\",\"architecture\":\"" arch "\",\"variant\":\"" variant "\"}}"

static struct arena a;

static int set_up(void **state)
{
	(void)state;
	arena_init(&a, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&a);
	return 0;
}

static int parse(const char *text, struct manifest *m)
{
	const struct limits l = limits_default();

	return manifest_parse(str_from(text), S(""), &l, &a, m, NULL);
}

static void kinds(void **state)
{
	struct manifest m;

	(void)state;
	assert_int_equal(parse("{\"schemaVersion\":1,\"fsLayers\":[]}", &m), 0);
	assert_int_equal(m.kind, MANIFEST_SCHEMA1);
	assert_int_equal(
		parse("{\"schemaVersion\":2,\"config\":{\"digest\":\"" D(
			      "ab") "\",\"size\":3},"
				    "\"layers\":[{\"digest\":\"" D("cd") "\",\"size\":9}]}",
		      &m),
		0);
	assert_int_equal(m.kind, MANIFEST_IMAGE);
	assert_str(m.descriptors[0].digest, D("cd"));
	assert_int_equal(m.descriptors[0].bytes, 9);
	assert_int_equal(parse("{}", &m), -EBADMSG);
	assert_int_equal(parse("[", &m), -EBADMSG);
	assert_int_equal(parse("{\"manifests\":[{\"digest\":\"md5:1\",\"size\":1}]}", &m),
			 -EBADMSG);
	assert_int_equal(parse("{\"manifests\":[{\"digest\":\"" D("ab") "\"}]}", &m), -EBADMSG);
}

static void platforms(void **state)
{
	static const struct {
		const char *platform, *want;
	} cases[] = {
		{ "linux/amd64", D("aa") },  { "linux/arm64", D("bb") },
		{ "arm64", D("bb") },        { "linux/arm64/v8", D("bb") },
		{ "linux/arm/v6", D("cc") }, { "linux/arm/v7", D("dd") },
		{ "linux/arm", D("cc") },    { "linux/s390x", NULL },
		{ "windows/amd64", NULL },   { "unknown/unknown", NULL },
	};
	struct manifest m;

	(void)state;
	assert_int_equal(
		parse("{\"manifests\":[" ENTRY("aa", "linux", "amd64", "") "," ENTRY(
			      "bb", "linux", "arm64",
			      "v8") "," ENTRY("cc", "linux", "arm",
					      "v6") "," ENTRY("dd", "linux", "arm",
							      "v7") "," ENTRY("ee", "unknown",
									      "unknown", "") "]}",
		      &m),
		0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct manifest_descriptor *d;
		int r = manifest_choose(&m, cases[i].platform, &d, NULL);

		if (!cases[i].want)
			assert_int_equal(r, -ENOENT);
		else if (r < 0 || !str_is(d->digest, cases[i].want))
			fail_msg("%s: %d", cases[i].platform, r);
	}
}

static void history_skips_steps_without_a_layer(void **state)
{
	const struct limits l = limits_default();
	struct image_config c;

	(void)state;
	assert_int_equal(
		image_config_parse(S("{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":"
				     "\"v8\",\"rootfs\":"
				     "{\"diff_ids\":[\"" D("ab") "\",\"" D(
					     "cd") "\"]},\"history\":[{\"created_by\":"
						   "\"one\"},{\"created_by\":\"none\",\"empty_"
						   "layer\":true},{\"created_by\":"
						   "\"two\"},{\"created_by\":\"too many\"}]}"),
				   &l, &a, &c, NULL),
		0);
	assert_int_equal(c.count, 2);
	assert_str(c.created_by[0], "one");
	assert_str(c.created_by[1], "two");
	assert_str(image_config_architecture(&c, &a), "arm64/v8");
}

static void digests_are_checked(void **state)
{
	(void)state;
	assert_int_equal(manifest_check_digest(S("abc"),
					       S("sha256:ba7816bf8f01cfea414140de5dae2223"
						 "b00361a396177a9cb410ff61f20015ad"),
					       NULL),
			 0);
	assert_int_equal(manifest_check_digest(S("abd"),
					       S("sha256:ba7816bf8f01cfea414140de5dae2223"
						 "b00361a396177a9cb410ff61f20015ad"),
					       NULL),
			 -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(platforms),
		cmocka_unit_test(history_skips_steps_without_a_layer),
		cmocka_unit_test(digests_are_checked),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* What the nouns write, they read back the same; what nobody wrote, they refuse. */
#include "unit.h"

#include "codec/json.h"
#include "model/inventory.h"

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct package sample_package(struct arena *a)
{
	struct package p = { .line = 12, .layer = 1, .third_party = true };
	uint64_t hashes[] = { package_path_hash(S("usr/bin/tar")), package_path_hash(S("etc/rmt")),
			      package_path_hash(S("usr/bin/tar")) };

#define FILL(field, key) p.field = S(key "-value");
	PACKAGE_FIELDS(FILL)
#undef FILL
	p.purl = S("pkg:deb/debian/tar@1.34");
	p.content_sets = S("a b");
	assert_int_equal(package_set_owned(&p, hashes, ARRAY_LEN(hashes), a), 0);
	return p;
}

static struct os sample_os(void)
{
	struct os o = { 0 };

#define FILL(field, key) o.field = S(key "-value \"quoted\"");
	OS_FIELDS(FILL)
#undef FILL
	return o;
}

static void sample_layer(struct arena *a, struct layer *ret)
{
	static str whiteouts[] = { S("etc/gone"), S("usr/share/x") },
		   opaques[] = { S("var/cache") };
	static str blockers[] = { S("var/lib") };
	static struct layer_link links[] = { { S("lib"), S("/usr/lib") } };
	static struct package packages[1], owner;
	static struct evidence evidence[2];

	packages[0] = sample_package(a);
	packages[0].layer = 0;
	owner = (struct package){ .type = S("deb"), .name = S("tar"), .owned = packages[0].owned };
	evidence[0] = (struct evidence){ .kind = EVIDENCE_DPKG_STATUS,
					 .path = S("var/lib/dpkg/status"),
					 .packages = { packages, 1, 1 },
					 .os = sample_os(),
					 .content_sets = S("x y") };
	evidence[1] = (struct evidence){ .kind = EVIDENCE_DPKG_LIST,
					 .path = S("var/lib/dpkg/info/tar.list"),
					 .packages = { &owner, 1, 1 } };
	*ret = (struct layer){ .diff_id = S(DIGEST),
			       .digest = S(DIGEST),
			       .media = S("tar+gzip"),
			       .stored_bytes = 1,
			       .tar_bytes = (uint64_t)1 << 40,
			       .entries = 3,
			       .files_analysed = 4,
			       .evidence = evidence,
			       .evidence_count = 2,
			       .whiteouts = whiteouts,
			       .whiteout_count = 2,
			       .opaques = opaques,
			       .opaque_count = 1,
			       .blockers = blockers,
			       .blocker_count = 1,
			       .links = links,
			       .link_count = 1 };
	gap_add(&ret->gaps, a, GAP_MALFORMED, S("var/lib/rpm/Packages"), "page %d is no page", 7);
	ret->gaps.dropped = 9;
}

static void a_layer_survives(void **state UNUSED)
{
	struct arena a;
	struct layer l, again;
	struct json_out j;
	struct err e = { 0 };
	OWNED_BUF first = BUF_INIT;
	OWNED_BUF second = BUF_INIT;

	arena_init(&a, 0);
	sample_layer(&a, &l);
	json_out_init(&j, &first, false);
	layer_render(&l, &j);
	if (layer_parse(buf_str(&first), &a, &again, &e) < 0)
		fail_msg("%s", e.text);
	json_out_init(&j, &second, false);
	layer_render(&again, &j);
	assert_str(buf_str(&second), buf_cstr(&first));
	assert_int_equal(again.evidence[0].packages.count, 1);
	assert_true(package_owns(&again.evidence[1].packages.items[0], S("usr/bin/tar")));
	assert_int_equal(again.evidence[1].packages.items[0].owned.n, 16);
	assert_false(package_owns(&again.evidence[1].packages.items[0], S("usr/bin/tarx")));
	assert_int_equal(again.tar_bytes, (uint64_t)1 << 40);
	assert_int_equal(again.gaps.dropped, 9);
	arena_done(&a);
}

static void an_inventory_survives(void **state UNUSED)
{
	struct arena a;
	struct inventory v = { .kind = TARGET_IMAGE }, again;
	struct inventory_layer layers[] = { { .digest = S(DIGEST), .created_by = S("ADD x /") },
					    { .diff_id = S(DIGEST), .missing = true } };
	str tags[] = { S("debian:11"), S("debian:latest") };
	struct value tree;
	struct json_out j;
	struct err e = { 0 };
	OWNED_BUF first = BUF_INIT;
	OWNED_BUF second = BUF_INIT;

	arena_init(&a, 0);
	struct package packages[] = { sample_package(&a), sample_package(&a) };
	v.name = S("debian:11");
	v.source = S("docker-archive");
	v.image_id = S(DIGEST);
	v.created = S("2026-11-20T00:00:00Z");
	v.os = sample_os();
	v.layers = layers;
	v.layer_count = 2;
	v.repo_tags = tags;
	v.repo_tag_count = 2;
	v.packages = (struct package_list){ packages, 2, 2 };
	json_out_init(&j, &first, true);
	inventory_render(&v, &j);
	assert_int_equal(json_parse(buf_str(&first), &a, &tree, &e), 0);
	if (inventory_parse(&tree, &a, &again, &e) < 0)
		fail_msg("%s", e.text);
	json_out_init(&j, &second, true);
	inventory_render(&again, &j);
	assert_str(buf_str(&second), buf_cstr(&first));
	assert_true(again.layers[1].missing);

	packages[1].layer = 2;
	buf_reset(&first);
	json_out_init(&j, &first, false);
	inventory_render(&v, &j);
	assert_int_equal(json_parse(buf_str(&first), &a, &tree, &e), 0);
	assert_int_equal(inventory_parse(&tree, &a, &again, &e), -EBADMSG);
	arena_done(&a);
}

static void foreign_layers_are_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"[]",
		"{}",
		"{\"format\":99}",
		"{\"format\":2,\"diffId\":\"sha256:00\"}",
		"{\"format\":2,\"entries\":-1}",
		"{\"format\":2,\"entries\":1.5}",
		"{\"format\":2,\"entries\":\"1\"}",
		"{\"format\":2,\"whiteouts\":[\"/etc\"]}",
		"{\"format\":2,\"whiteouts\":[\"etc/../x\"]}",
		"{\"format\":2,\"whiteouts\":[\"etc//x\"]}",
		"{\"format\":2,\"whiteouts\":[\"etc/\"]}",
		"{\"format\":2,\"whiteouts\":[\"a\\u0000b\"]}",
		"{\"format\":2,\"opaques\":[7]}",
		"{\"format\":2,\"links\":[{\"path\":\"a\"}]}",
		"{\"format\":2,\"links\":[{\"path\":\"../a\",\"target\":\"b\"}]}",
		"{\"format\":2,\"evidence\":[{\"kind\":\"no-such\",\"path\":\"a\"}]}",
		"{\"format\":2,\"evidence\":[{\"kind\":\"rpmdb\"}]}",
		"{\"format\":2,\"evidence\":[{\"kind\":\"rpmdb\",\"path\":\"a\",\"packages\":"
		"[{\"type\":\"rpm\",\"name\":\"x\"}]}]}",
		"{\"format\":2,\"evidence\":[{\"kind\":\"dpkg-list\",\"path\":\"a\",\"packages\":"
		"[{\"type\":\"deb\",\"name\":\"x\",\"owned\":\"0001\"}]}]}",
		"{\"format\":2,\"evidence\":[{\"kind\":\"dpkg-list\",\"path\":\"a\",\"packages\":"
		"[{\"type\":\"deb\",\"name\":\"x\",\"owned\":"
		"\"02000000000000000100000000000000\"}]}]}",
		"{\"format\":2,\"gaps\":{\"items\":[{\"kind\":\"what\",\"count\":1}]}}",
		"{\"format\":2,\"gaps\":[]}",
	};
	struct arena a;
	struct layer l;

	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = { 0 };

		if (layer_parse(str_from(bad[i]), &a, &l, &e) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
		assert_true(e.text[0]);
	}
	assert_int_equal(layer_parse(S("{\"format\":2}"), &a, &l, NULL), 0);
	arena_done(&a);
}

static void a_spent_budget_is_said(void **state UNUSED)
{
	struct arena a, small;
	struct layer l, again;
	struct json_out j;
	OWNED_BUF b = BUF_INIT;

	arena_init(&a, 0);
	arena_init(&small, 1);
	sample_layer(&a, &l);
	json_out_init(&j, &b, false);
	layer_render(&l, &j);
	assert_int_equal(layer_parse(buf_str(&b), &small, &again, NULL), -ENOBUFS);
	arena_done(&small);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_layer_survives),
		cmocka_unit_test(an_inventory_survives),
		cmocka_unit_test(foreign_layers_are_refused),
		cmocka_unit_test(a_spent_budget_is_said),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}

#include "unit.h"

#include "scan/vuln/namespace.h"

static void names_the_namespace_of_each_system(void **state UNUSED)
{
	static const struct {
		const char *id, *version, *codename, *repository, *want;
	} cases[] = {
		{ "debian", "11", "bullseye", "", "debian:11" },
		{ "debian", "", "bookworm", "", "debian:12" },
		{ "debian", "", "sid", "", "debian:sid" },
		{ "raspbian", "12", "bookworm", "", "raspbian:12" },
		{ "ubuntu", "22.04", "jammy", "", "ubuntu:22.04" },
		{ "ubuntu", "", "noble", "", "ubuntu:24.04" },
		{ "alpine", "3.9.0", "", "", "alpine:3.9" },
		{ "alpine", "3.9.0", "", "v3.10", "alpine:3.10" },
		{ "alpine", "3.21.0_alpha20240807", "", "", "alpine:edge" },
		{ "alpine", "3.19.1", "", "edge", "alpine:edge" },
		{ "rhel", "9.4", "", "", "rhel:9" },
		{ "centos", "7", "", "", "rhel:7" },
		{ "rocky", "9.1", "", "", "rocky:9" },
		{ "almalinux", "8.10", "", "", "almalinux:8" },
		{ "ol", "8.9", "", "", "oracle:8" },
		{ "amzn", "2018.03", "", "", "amazon:1" },
		{ "amzn", "2", "", "", "amazon:2" },
		{ "amzn", "2023", "", "", "amazon:2023" },
		{ "sles", "15.4", "", "", "sles:15.4" },
		{ "sles", "15", "", "", "sles:15" },
		{ "photon", "3.0", "", "", "photon:3.0" },
		{ "mariner", "2.0.20230126", "", "", "mariner:2.0" },
		{ "wolfi", "20230201", "", "", "wolfi" },
		{ "arch", "", "", "", "arch" },
		{ "fedora", "40", "", "", NULL },
		{ "debian", "", "nosuch", "", NULL },
		{ "alpine", "", "", "", NULL },
	};
	struct arena a;

	arena_init(&a, 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct os os = { .id = str_from(cases[i].id),
				 .version_id = str_from(cases[i].version),
				 .codename = str_from(cases[i].codename),
				 .repository = str_from(cases[i].repository) };
		str name = { 0 };
		const struct namespace_rule *r = namespace_of_os(&os, &a, &name);

		if (!cases[i].want) {
			assert_null(r);
			continue;
		}
		assert_non_null(r);
		assert_str(name, cases[i].want);
		assert_ptr_equal(namespace_find(name), r);
	}
	arena_done(&a);
}

static void normalises_names(void **state UNUSED)
{
	static const struct {
		const char *type, *namespace, *name, *want;
	} cases[] = {
		{ "pypi", "", "Foo._-Bar", "foo-bar" },
		{ "composer", "Symfony", "HTTP-Kernel", "symfony/http-kernel" },
		{ "npm", "@Scope", "Name", "@Scope/Name" },
		{ "maven", "org.apache.logging.log4j", "log4j-core",
		  "org.apache.logging.log4j:log4j-core" },
		{ "golang", "github.com/Azure", "go-autorest", "github.com/Azure/go-autorest" },
		{ "nuget", "", "Newtonsoft.Json", "newtonsoft.json" },
		{ "gem", "", "RedCloth", "RedCloth" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		OWNED_BUF b = BUF_INIT;
		struct package p = { .namespace = str_from(cases[i].namespace),
				     .name = str_from(cases[i].name) };
		const struct namespace_rule *r = namespace_of_purl_type(str_from(cases[i].type));

		assert_non_null(r);
		assert_true(namespace_is_ecosystem(r));
		namespace_name_of_package(r, &p, &b);
		assert_int_equal(buf_error(&b), 0);
		assert_str(buf_str(&b), cases[i].want);
	}
}

static void tells_systems_from_ecosystems(void **state UNUSED)
{
	struct arena a;

	arena_init(&a, 0);
	assert_null(namespace_of_purl_type(S("deb")));
	assert_null(namespace_of_purl_type(S("debian")));
	assert_null(namespace_of_purl_type(S("nosuch")));
	assert_false(namespace_is_ecosystem(namespace_find(S("debian:11"))));
	assert_str(str_from(namespace_find(S("rhel:9"))->stand_in), "almalinux");
	assert_str(namespace_with_prefix(S("rhel:9"), "almalinux", &a), "almalinux:9");
	assert_str(namespace_release_of_codename(S("debian"), S("Bullseye")), "11");
	assert_int_equal(namespace_release_of_codename(S("ubuntu"), S("bullseye")).n, 0);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_namespace_of_each_system),
		cmocka_unit_test(normalises_names),
		cmocka_unit_test(tells_systems_from_ecosystems),
	};

	return cmocka_run_group_tests_name("namespace", tests, NULL, NULL);
}

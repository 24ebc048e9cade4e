#include "unit.h"

#include "base/buf.h"
#include "scan/package/build_dockerfile.h"

#define UBI8 "root/buildinfo/Dockerfile-ubi8-8.0-122"

static void assert_build(const char *path, const char *text, const char *want)
{
	struct arena a;
	str got = S("untouched");

	arena_init(&a, 0);
	assert_int_equal(build_dockerfile_parse(str_from(path), str_from(text), &a, &got, NULL), 0);
	assert_str(got, want);
	arena_done(&a);
}

static void reads_labels(void **state UNUSED)
{
	assert_build(UBI8,
		     "FROM sha256:aa\nLABEL maintainer=\"Red Hat, Inc.\"\n"
		     "LABEL com.redhat.component=\"ubi8-container\" \\\n      name=\"ubi8\" \\\n"
		     "# in between\n      version=\"8.0\"\nLABEL \"release\"=\"122\"\n"
		     "LABEL \"architecture\"=\"x86_64\"",
		     "ubi8-container-8.0-122-x86_64");
	assert_build(UBI8, "label BZComponent=a Architecture='s390x'\n", "a-8.0-122-s390x");
	assert_build(UBI8,
		     "LABEL com.redhat.component ubi8-container \nLABEL architecture x86_64\n",
		     "ubi8-container-8.0-122-x86_64");
	/* The last word counts. */
	assert_build(UBI8,
		     "LABEL com.redhat.component=a architecture=b\nLABEL com.redhat.component=c",
		     "c-8.0-122-b");
}

static void follows_variables(void **state UNUSED)
{
	assert_build(UBI8,
		     "ARG ARCH=x86_64\nENV NAME=httpd-24 \\\n    LONG=\"$NAME of ${ARCH}\"\n"
		     "LABEL com.redhat.component=\"$NAME-container\" architecture=${ARCH:-none}\n",
		     "httpd-24-container-8.0-122-x86_64");
	assert_build(UBI8, "ENV A one\nENV A two\nLABEL com.redhat.component=$A architecture=\\$A",
		     "two-8.0-122-$A");
	assert_build(UBI8, "ENV A=x\nLABEL com.redhat.component='$A' architecture=a",
		     "$A-8.0-122-a");
	assert_build(UBI8, "LABEL com.redhat.component=a$NONE architecture=$", "");
	assert_build(UBI8, "LABEL com.redhat.component=a architecture=${", "");
}

static void is_empty_without_the_labels(void **state UNUSED)
{
	assert_build(UBI8, "", "");
	assert_build(UBI8, "LABEL com.redhat.component=a\nRUN LABEL architecture=x86_64\n", "");
	assert_build(UBI8, "LABEL com.redhat.component=\"a b\" architecture=c", "");
	assert_build(UBI8, "LABEL com.redhat.component=\"a architecture=b", "");
}

static void refuses_names_and_floods(void **state UNUSED)
{
	OWNED_BUF text = BUF_INIT;
	struct arena a;
	str got;

	arena_init(&a, 0);
	assert_int_equal(build_dockerfile_parse(S("Dockerfile"), S(""), &a, &got, NULL), -EBADMSG);
	assert_int_equal(build_dockerfile_parse(S("Dockerfile-1"), S(""), &a, &got, NULL),
			 -EBADMSG);
	assert_int_equal(build_dockerfile_parse(S("a-b/Dockerfile"), S(""), &a, &got, NULL),
			 -EBADMSG);
	for (int i = 0; i <= BUILD_DOCKERFILE_MAX_VARIABLES; i++)
		buf_printf(&text, "ENV A%d=1\n", i);
	assert_int_equal(build_dockerfile_parse(S(UBI8), buf_str(&text), &a, &got, NULL), -E2BIG);
	/* Doubling a variable does not double the memory. */
	buf_reset(&text);
	buf_add(&text, S("ENV A=aaaaaaaa\n"));
	for (int i = 0; i < 100; i++)
		buf_add(&text, S("ENV A=$A$A\n"));
	assert_int_equal(build_dockerfile_parse(S(UBI8), buf_str(&text), &a, &got, NULL), -E2BIG);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_labels),
		cmocka_unit_test(follows_variables),
		cmocka_unit_test(is_empty_without_the_labels),
		cmocka_unit_test(refuses_names_and_floods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What of a folder cannot be listed is told, also when its listing breaks off in the middle. */
#include "broken_listing.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "scan/source/tree_feed.h"

static int feed(struct err *e)
{
	const struct limits limits = limits_default();
	char folder[] = "/tmp/tree-feed-XXXXXX";
	OWNED_FD null = open("/dev/null", O_WRONLY | O_CLOEXEC), root = -1;
	int r;

	assert_non_null(mkdtemp(folder));
	root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = tree_feed_run(&(struct tree_feed){ .root = root, .limits = &limits, .tar_split = -1 },
			  null, e);
	assert_int_equal(rmdir(folder), 0);
	return r;
}

static void test_all_is_listed(void **state UNUSED)
{
	struct err e = { 0 };

	listing_calls_left = UINT_MAX;
	assert_int_equal(feed(&e), 0);
}

static void test_a_listing_that_breaks_off_is_told(void **state UNUSED)
{
	/* "." and ".." and the end */
	for (unsigned int there = 0; there < 3; there++) {
		struct err e = { 0 };

		listing_calls_left = there;
		assert_int_equal(feed(&e), 1);
		assert_non_null(strstr(e.text, "1 files or folders could not be read"));
		assert_non_null(strstr(e.text, "Input/output error"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_is_listed),
		cmocka_unit_test(test_a_listing_that_breaks_off_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

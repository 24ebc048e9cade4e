#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/option.h"
#include "base/quantity.h"
#include "base/suggest.h"

static const struct option_def table[] = {
	{ .name = "json", .letter = 'j', .type = OPTION_FLAG },
	{ .name = "verbose", .letter = 'v', .type = OPTION_COUNT },
	{ .name = "format", .letter = 'f', .type = OPTION_MULTI, .arg = "F" },
	{ .name = "severity",
	  .letter = 's',
	  .type = OPTION_LIST,
	  .arg = "S",
	  .fallback = "low,high" },
	{ .name = "jobs", .type = OPTION_U64, .arg = "N" },
	{ .name = "max-age", .type = OPTION_DURATION, .arg = "D", .fallback = "7d" },
	{ .name = "size", .type = OPTION_BYTES, .arg = "B" },
	{ .name = "color", .type = OPTION_CHOICE, .arg = "WHEN", .choices = "auto|never" },
	{ .name = "root",
	  .type = OPTION_STRING,
	  .arg = "DIR",
	  .must_exist = true,
	  .complete = OPTION_COMPLETE_DIR },
	{ .name = "data",
	  .type = OPTION_MULTI,
	  .arg = "DIR",
	  .must_exist = true,
	  .within = "root",
	  .complete = OPTION_COMPLETE_DIR },
	{ .name = "key",
	  .type = OPTION_STRING,
	  .arg = "FILE",
	  .must_exist = true,
	  .complete = OPTION_COMPLETE_FILE },
	{ .name = "address", .type = OPTION_STRING, .arg = "URL", .must_exist = true },
	{ 0 },
};

struct fixture {
	struct arena arena;
	struct option_set set;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	arena_init(&f->arena, 1 << 20);
	option_set_init(&f->set, &f->arena);
	assert_int_equal(option_set_add(&f->set, table, &f->err), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_done(&f->arena);
	free(f);
	return 0;
}

#define PARSE(f, ...) \
	({ \
		const char *words_[] = { __VA_ARGS__ }; \
		option_set_parse(&(f)->set, (int)ARRAY_LEN(words_), words_, &(f)->err); \
	})

static void spellings(void **state)
{
	struct fixture *f = *state;
	size_t n;

	assert_int_equal(PARSE(f, "one", "-jvv", "-fa=b,c", "-f", "d", "--size=2MiB", "two",
			       "--jobs", "3", "--", "-x"),
			 0);
	assert_int_equal(f->set.arg_count, 3);
	assert_string_equal(f->set.args[0], "one");
	assert_string_equal(f->set.args[1], "two");
	assert_string_equal(f->set.args[2], "-x");
	assert_null(f->set.args[3]);
	assert_true(option_flag(&f->set, "json"));
	assert_int_equal(option_number(&f->set, "verbose", 0), 2);
	assert_int_equal(option_number(&f->set, "size", 0), 2 << 20);
	assert_int_equal(option_number(&f->set, "jobs", 0), 3);

	const char *const *formats = option_list(&f->set, "format", &n);

	assert_int_equal(n, 2);
	assert_string_equal(formats[0], "a=b,c");
	assert_string_equal(formats[1], "d");
	assert_null(formats[2]);
}

static void many_list_items(void **state)
{
	struct fixture *f = *state;
	size_t n;

	for (int i = 0; i < 100; i++)
		assert_int_equal(PARSE(f, "--format", "x"), 0);

	const char *const *formats = option_list(&f->set, "format", &n);

	assert_int_equal(n, 100);
	assert_string_equal(formats[99], "x");
	assert_null(formats[100]);
}

static void defaults_give_way(void **state)
{
	struct fixture *f = *state;
	size_t n;

	assert_int_equal(option_number(&f->set, "max-age", 0), 7 * 86400);
	option_list(&f->set, "severity", &n);
	assert_int_equal(n, 2);
	assert_false(option_is_given(&f->set, "severity"));
	assert_int_equal(PARSE(f, "-s", "critical", "--severity=high, low,"), 0);

	const char *const *severities = option_list(&f->set, "severity", &n);

	assert_int_equal(n, 3);
	assert_string_equal(severities[0], "critical");
	assert_string_equal(severities[2], "low");
	assert_true(option_is_given(&f->set, "severity"));
}

static void the_nearest_place_wins(void **state)
{
	struct fixture *f = *state;
	struct option_value *jobs = option_set_find(&f->set, S("jobs"));

	setenv("TEST_JOBS", "5", 1);
	setenv("TEST_COLOR", "", 1);
	assert_int_equal(option_set_environment(&f->set, "TEST", &f->err), 0);
	assert_int_equal(option_number(&f->set, "jobs", 0), 5);
	assert_string_equal(jobs->where, "TEST_JOBS");
	assert_null(option_text(&f->set, "color"));
	assert_int_equal(option_set_assign(&f->set, jobs, "9", OPTION_FILE, "file:1", &f->err), 0);
	assert_int_equal(option_number(&f->set, "jobs", 0), 5);
	assert_int_equal(PARSE(f, "--jobs=7"), 0);
	assert_int_equal(option_number(&f->set, "jobs", 0), 7);
	unsetenv("TEST_JOBS");
}

static void refusals_say_why(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(PARSE(f, "--sevrity", "x"), -EINVAL);
	assert_string_equal(f->err.text, "unknown option '--sevrity'; did you mean '--severity'?");
	assert_int_equal(PARSE(f, "--zzzzzz"), -EINVAL);
	assert_string_equal(f->err.text, "unknown option '--zzzzzz'; --help lists those there are");
	assert_int_equal(PARSE(f, "-jx"), -EINVAL);
	assert_string_equal(f->err.text, "unknown option '-x'; --help lists those there are");
	assert_int_equal(PARSE(f, "--jobs"), -EINVAL);
	assert_string_equal(f->err.text, "option '--jobs' needs a value: --jobs N");
	assert_int_equal(PARSE(f, "--jobs=-1"), -EINVAL);
	assert_int_equal(PARSE(f, "--color=red"), -EINVAL);
	assert_string_equal(f->err.text, "--color: 'red' is none of auto|never");
	assert_int_equal(PARSE(f, "--max-age=7y"), -EINVAL);
	assert_int_equal(PARSE(f, "--json=maybe"), -EINVAL);
}

/* In a folder of the test's: a folder "host/data", which "host/link" leads to from there, and a file "key". */
static void lay_out(char *folder)
{
	int fd;

	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(mkdir("host", 0755), 0);
	assert_int_equal(mkdir("host/data", 0755), 0);
	assert_int_equal(symlink("/data", "host/link"), 0);
	fd = open("key", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void take_away(const char *folder)
{
	assert_int_equal(unlink("key"), 0);
	assert_int_equal(unlink("host/link"), 0);
	assert_int_equal(rmdir("host/data"), 0);
	assert_int_equal(rmdir("host"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void places_are_looked_at(void **state)
{
	static const struct {
		const char *root, *option, *value;
		const char *error; /* how what is said begins; NULL: nothing */
	} given[] = {
		{ "host", "--key", "key", NULL },
		{ "host", "--key", "absent", "--key: name a file that can be read: 'absent'" },
		{ "host", "--key", "host", "--key: name a file that can be read: 'host'" },
		{ "host", "--address", "absent", NULL },
		{ "host", "--address", "@key", NULL },
		{ "host", "--address", "@absent",
		  "--address: name a file that can be read: 'absent'" },
		{ "key", "--key", "key", "--root: name a folder that can be read: 'key'" },
		/* As the root's owner names it, and not as we do. */
		{ "host", "--data", "/data", NULL },
		{ "host", "--data", "/link", NULL },
		{ "host", "--data", "host/data",
		  "--data: name a folder that can be read: 'host/data'" },
	};
	struct fixture *f = *state;
	char folder[] = "/tmp/skep-option-XXXXXX";

	lay_out(folder);
	for (size_t i = 0; i < ARRAY_LEN(given); i++) {
		option_set_init(&f->set, &f->arena);
		assert_int_equal(option_set_add(&f->set, table, &f->err), 0);
		f->err.text[0] = '\0';
		assert_int_equal(PARSE(f, "--root", given[i].root, given[i].option, given[i].value),
				 0);
		assert_int_equal(option_set_check_places(&f->set, &f->err),
				 given[i].error ? -EINVAL : 0);
		if (given[i].error)
			assert_true(str_starts(str_from(f->err.text), str_from(given[i].error)));
	}
	option_set_init(&f->set, &f->arena);
	assert_int_equal(option_set_add(&f->set, table, &f->err), 0);
	assert_int_equal(PARSE(f, "--data", "/"), 0);
	assert_int_equal(option_set_check_places(&f->set, &f->err), 0);
	/* An empty one behind it takes no look away. */
	assert_int_equal(PARSE(f, "--data", "/no/such", "--data", ""), 0);
	assert_int_equal(option_set_check_places(&f->set, &f->err), -EINVAL);
	take_away(folder);
}

/* Also one that nobody gave: what it stands for otherwise may be mistaken. */
static void any_option_may_be_to_blame(void **state)
{
	struct fixture *f = *state;

	(void)!err_set(&f->err, EINVAL, "no way there");
	assert_int_equal(option_blame(&f->set, "key", &f->err), -EINVAL);
	assert_string_equal(f->err.text, "--key: no way there");
}

static void quantities(void **state)
{
	uint64_t n = 0;

	(void)state;
	assert_int_equal(quantity_bytes(S("1.5G"), &n), -EBADMSG);
	assert_int_equal(quantity_bytes(S(""), &n), -EBADMSG);
	assert_int_equal(quantity_bytes(S(" "), &n), -EBADMSG);
	assert_int_equal(quantity_bytes(S("500 MiB"), &n), 0);
	assert_int_equal(n, 500 << 20);
	assert_int_equal(quantity_bytes(S("18446744073709551615K"), &n), -ERANGE);
	assert_int_equal(quantity_bytes(S("10kB"), &n), 0);
	assert_int_equal(n, 10000);
	assert_int_equal(quantity_seconds(S("1d12h"), &n), 0);
	assert_int_equal(n, 129600);
	assert_int_equal(quantity_seconds(S("90"), &n), 0);
	assert_int_equal(n, 90);
	assert_int_equal(quantity_seconds(S("d"), &n), -EBADMSG);
	assert_int_equal(quantity_seconds(S("99999999999999999w"), &n), -ERANGE);
}

static void durations_are_told_in_words(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *en, *zh;
	} told[] = {
		{ 0, "0 seconds", "0 秒" },
		{ 1, "1 second", "1 秒" },
		{ 60, "1 minute", "1 分钟" },
		{ 95, "1 minute 35 seconds", "1 分钟 35 秒" },
		{ 3605, "1 hour", "1 小时" },
		{ 7260, "2 hours 1 minute", "2 小时 1 分钟" },
		{ 3 * 86400 + 3600, "3 days 1 hour", "3 天 1 小时" },
		{ UINT64_MAX, "213503982334601 days 7 hours", "213503982334601 天 7 小时" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		OWNED_BUF en = BUF_INIT, zh = BUF_INIT;

		quantity_tell_seconds(told[i].seconds, LANG_EN, &en);
		quantity_tell_seconds(told[i].seconds, LANG_ZH, &zh);
		assert_string_equal(buf_cstr(&en), told[i].en);
		assert_string_equal(buf_cstr(&zh), told[i].zh);
	}
}

static void suggestions(void **state)
{
	struct suggestion s = suggestion_for(S("iamge"));

	(void)state;
	assert_int_equal(suggest_distance(S("iamge"), S("image")), 1);
	assert_int_equal(suggest_distance(S(""), S("abc")), 3);
	assert_int_equal(suggest_distance(S("kitten"), S("sitting")), 3);
	suggestion_offer(&s, S("sbom"));
	assert_int_equal(s.best.n, 0);
	suggestion_offer(&s, S("image"));
	assert_str(s.best, "image");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(spellings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_list_items, set_up, tear_down),
		cmocka_unit_test_setup_teardown(defaults_give_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_nearest_place_wins, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refusals_say_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(places_are_looked_at, set_up, tear_down),
		cmocka_unit_test_setup_teardown(any_option_may_be_to_blame, set_up, tear_down),
		cmocka_unit_test(quantities),
		cmocka_unit_test(durations_are_told_in_words),
		cmocka_unit_test(suggestions),
	};

	return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}

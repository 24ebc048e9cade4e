/* Who is looked at, when, and what is believed of it. */
#include "unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "users_looked_up.h"

static char folder[] = "/tmp/skep-accounts-XXXXXX";
static struct accounts *all;
static const struct container first = { .runtime = CONTAINER_DOCKER, .id = { "first", 5 } };
static const struct container second = { .runtime = CONTAINER_DOCKER, .id = { "second", 6 } };

static void put(const char *path, const char *text)
{
	char whole[200], *slash;

	snprintf(whole, sizeof(whole), "%s/%s", folder, path);
	slash = strrchr(whole, '/');
	*slash = '\0';
	assert_int_equal(file_make_dirs(whole, 0755, NULL), 0);
	*slash = '/';
	assert_int_equal(file_write_atomic(AT_FDCWD, whole, str_from(text), 0644, NULL), 0);
}

static void put_process(const char *name, const char *passwd)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/root/etc/passwd", name);
	put(path, passwd);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", name, i ? "gid_map" : "uid_map");
		put(path, "0 0 4294967295\n");
	}
}

static int open_process(const char *name)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* "?": not known, "-": there is none. */
static const char *name_of(const struct container *c, uint32_t user)
{
	static char text[300];
	str found = S("-");

	if (accounts_find(all, c, ACCOUNT_NAME, user, &found) == POLICY_UNKNOWN)
		found = S("?");
	snprintf(text, sizeof(text), "%.*s", STR_ARG(found));
	return text;
}

static bool ask(const struct container *c, uint32_t user, const char *process)
{
	bool due = accounts_due(all, c, ACCOUNT_NAME, user);

	if (due)
		accounts_look(all, c, process ? open_process(process) : -1);
	return due;
}

static uint64_t told[ACCOUNTS_BATCH];
static size_t told_count;

static char silent[16];

static void on_silent(void *ctx, str id)
{
	(void)ctx;
	snprintf(silent, sizeof(silent), "%.*s", STR_ARG(id));
}

static void on_told(void *ctx, uint64_t pending)
{
	(void)ctx;
	told[told_count++] = pending;
}

/* Whose file system does not answer is not known by a name, and nobody else waits for it more than once. */
static void leaves_those_alone_who_do_not_answer(void **state)
{
	struct account_source files[ACCOUNTS_BATCH];

	(void)state;
	put_process("1", "app:x:101:101::/:\n");
	put_process("2", "me:x:1000:1000::/:\n");
	assert_true(ask(&first, 101, "1") && ask(&second, 1000, "2"));
	assert_false(ask(&first, 101, "1") || ask(&second, 1000, "2"));
	assert_true(accounts_pending(all, &first) && accounts_pending(all, &second));
	assert_int_equal(accounts_ask(all, files), 4);
	/* One at a time. */
	assert_int_equal(accounts_ask(all, files), 0);
	told_count = 0;
	accounts_over(all, 0, &(struct account_calls){ on_told, on_silent, NULL });
	assert_int_equal(told_count, 1);
	assert_string_equal(silent, "first");
	assert_true(!accounts_pending(all, &first) && accounts_pending(all, &second));
	/* The other is asked again, without it. */
	assert_int_equal(look_at_users(all, SIZE_MAX), 1);
	assert_string_equal(name_of(&second, 1000), "me");
	assert_false(ask(&first, 101, "1"));
	assert_string_equal(name_of(&first, 101), "?");
}

/* What the engine made is there before a process; where that has no file yet, or nothing at all, a process's counts. */
static void takes_what_the_engine_made_first(void **state)
{
	OWNED_FD made = -1, empty = -1;
	char path[100];

	(void)state;
	put("made/etc/passwd", "app:x:101:101::/:\n");
	put("empty/file", "");
	snprintf(path, sizeof(path), "%s/made", folder);
	made = open(path, O_PATH | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/empty", folder);
	empty = open(path, O_PATH | O_CLOEXEC);
	put_process("1", "late:x:101:101::/:\n");
	accounts_prime(all, first.id, made);
	assert_true(ask(&first, 101, "1"));
	assert_int_equal(look_at_users(all, SIZE_MAX), 1);
	assert_string_equal(name_of(&first, 101), "app");
	assert_int_equal(accounts_pending(all, &first), 0);
	accounts_prime(all, second.id, empty);
	assert_true(ask(&second, 101, "1"));
	told_count = 0;
	assert_int_equal(look_at_users(all, SIZE_MAX), 1);
	assert_string_equal(name_of(&second, 101), "?");
	assert_true(accounts_pending(all, &second));
	assert_int_equal(look_at_users(all, SIZE_MAX), 1);
	assert_string_equal(name_of(&second, 101), "late");
}

/* What cannot be read, or was cut, is no entry that is missing, and no entry. */
static void does_not_know_what_it_was_not_told(void **state)
{
	struct account_source files[ACCOUNTS_BATCH];
	char home[ACCOUNTS_TEXT_MAX];
	const struct account x = { .name = S("app"), .home = { home, sizeof(home) }, .user = 7 };
	const struct account_version v = { .inode = 1 };
	str found;

	(void)state;
	memset(home, '/', sizeof(home));
	put_process("1", "");
	assert_true(ask(&first, 7, "1"));
	assert_int_equal(accounts_ask(all, files), 2);
	accounts_take(all, 0, &x);
	accounts_end(all, 0, ACCOUNT_READ, &v, 1);
	accounts_end(all, 1, ACCOUNT_CLOSED, &v, 0);
	accounts_over(all, SIZE_MAX, NULL);
	assert_string_equal(name_of(&first, 7), "app");
	assert_string_equal(name_of(&first, 8), "?");
	assert_int_equal(accounts_find(all, &first, ACCOUNT_HOME, 7, &found), POLICY_UNKNOWN);
	assert_int_equal(accounts_find(all, &first, ACCOUNT_SHELL, 7, &found), POLICY_KNOWN);
	assert_int_equal(accounts_find(all, &first, ACCOUNT_GROUP_NAME, 7, &found), POLICY_UNKNOWN);
	/* What it was is no help once it is something else; as long as it is not there it is. */
	usleep(60000);
	assert_true(ask(&first, 8, "1"));
	assert_int_equal(accounts_ask(all, files), 2);
	accounts_end(all, 0, ACCOUNT_GONE, &v, 0);
	accounts_end(all, 1, ACCOUNT_NONE, &v, 0);
	accounts_over(all, SIZE_MAX, NULL);
	assert_string_equal(name_of(&first, 7), "app");
	usleep(60000);
	assert_true(ask(&first, 9, "1"));
	assert_int_equal(accounts_ask(all, files), 2);
	accounts_end(all, 0, ACCOUNT_CLOSED, &v, 0);
	accounts_end(all, 1, ACCOUNT_NONE, &v, 0);
	accounts_over(all, SIZE_MAX, NULL);
	assert_string_equal(name_of(&first, 7), "?");
}

/* Files that stay as they are are looked at ever more seldom; a name they do not have yet does not wait for that. */
static void looks_less_often_at_what_stays(void **state)
{
	(void)state;
	put_process("1", "app:x:101:101::/:\n");
	assert_true(ask(&first, 101, "1"));
	assert_int_equal(look_at_users(all, SIZE_MAX), 1);
	usleep(1010000);
	assert_true(ask(&first, 101, "1"));
	assert_int_equal(look_at_users(all, SIZE_MAX), 1);
	usleep(1010000);
	assert_false(ask(&first, 101, "1"));
	assert_true(ask(&first, 102, "1"));
	put_process("1", "new:x:102:102::/:\n");
	assert_int_equal(look_at_users(all, SIZE_MAX), 1);
	assert_string_equal(name_of(&first, 102), "new");
	/* It has changed: it may once more. */
	usleep(1010000);
	assert_true(ask(&first, 102, "1"));
}

static struct container numbered(int i)
{
	static char ids[1200][8];

	assert_true(i < (int)ARRAY_LEN(ids));
	snprintf(ids[i], sizeof(ids[i]), "c%d", i);
	return (struct container){ .runtime = CONTAINER_DOCKER, .id = str_from(ids[i]) };
}

/* Asks for new ones until no more are taken. @return how many are */
static int fill(int from)
{
	struct container c;
	int n = from;

	do
		c = numbered(n++);
	while (ask(&c, 101, "1"));
	assert_int_equal(accounts_pending(all, &c), 0);
	return n - 1;
}

static void settle(const struct account_source *files, size_t count)
{
	struct account_version v = { 0 };

	assert_true(fcntl(files[0].fd, F_GETFD) >= 0);
	for (size_t i = 0; i < count; i++)
		accounts_end(all, i, ACCOUNT_NONE, &v, 0);
	told_count = 0;
	accounts_over(all, SIZE_MAX, &(struct account_calls){ on_told, on_silent, NULL });
	assert_int_equal(told_count, count / ACCOUNT_FILES);
}

/* Containers come and go: whoever was asked for longest ago is forgotten, but not while a look is under way, which events wait for. */
static void forgets_nobody_who_is_waited_for(void **state)
{
	struct account_source files[ACCOUNTS_BATCH];
	size_t count;
	int n;

	(void)state;
	put_process("1", "app:x:101:101::/:\n");
	assert_true(ask(&first, 101, "1"));
	count = accounts_ask(all, files);
	assert_int_equal(count, 2);
	n = fill(0);
	for (int i = 0; i < n; i++) {
		struct container c = numbered(i);

		assert_true(accounts_pending(all, &c));
	}
	assert_true(accounts_pending(all, &first));
	settle(files, count);
	while ((count = accounts_ask(all, files)))
		settle(files, count);
	assert_int_equal(fill(600) - 600, n + 1);
	assert_string_equal(name_of(&first, 101), "?");
}

/* While others come as fast as they are looked at, whoever came first does not wait for ever. */
static void looks_at_all_in_turn(void **state)
{
	struct account_source files[ACCOUNTS_BATCH];
	int n, last;

	(void)state;
	put_process("1", "app:x:101:101::/:\n");
	n = last = fill(0);
	for (int left = n; left > 0; left -= ACCOUNTS_BATCH / ACCOUNT_FILES) {
		settle(files, accounts_ask(all, files));
		last = fill(last);
	}
	for (int i = 0; i < n; i++) {
		struct container c = numbered(i);

		assert_int_equal(accounts_pending(all, &c), 0);
	}
}

static void tell(size_t file, const char *name, uint32_t number)
{
	const struct account x = { .name = str_from(name), .user = number, .group = number };

	accounts_take(all, file, &x);
}

/* Of entries in any order the first with a number is the one that counts. */
static void finds_the_first_of_a_number(void **state)
{
	struct account_source files[ACCOUNTS_BATCH];
	const struct account_version v = { .inode = 1 };
	str found;

	(void)state;
	put_process("1", "");
	assert_true(ask(&first, 7, "1"));
	assert_int_equal(accounts_ask(all, files), 2);
	tell(0, "many", UINT32_MAX);
	tell(0, "app", 7);
	tell(0, "root", 0);
	tell(0, "other", 7);
	tell(0, "toor", 0);
	tell(1, "staff", 9);
	accounts_end(all, 0, ACCOUNT_READ, &v, 0);
	accounts_end(all, 1, ACCOUNT_READ, &v, 0);
	accounts_over(all, SIZE_MAX, NULL);
	assert_string_equal(name_of(&first, 0), "root");
	assert_string_equal(name_of(&first, 7), "app");
	assert_string_equal(name_of(&first, UINT32_MAX - 1), "-");
	assert_string_equal(name_of(&first, 1), "-");
	assert_int_equal(accounts_find(all, &first, ACCOUNT_GROUP_NAME, 9, &found), POLICY_KNOWN);
	assert_true(str_is(found, "staff"));
	assert_int_equal(accounts_find(all, &first, ACCOUNT_GROUP_NAME, 7, &found), POLICY_ABSENT);
}

/* However many entries a container's file has, a number is found, or not, in no time. */
static void finds_a_number_among_thousands(void **state)
{
	enum { ENTRIES = 9362, TIMES = 100000 };
	struct account_source files[ACCOUNTS_BATCH];
	const struct account_version v = { .inode = 1 };
	uint64_t end;
	int n = 0;

	(void)state;
	put_process("1", "");
	assert_true(ask(&first, 7, "1"));
	assert_int_equal(accounts_ask(all, files), 2);
	for (uint32_t i = 0; i < ENTRIES; i++)
		tell(0, "a", i);
	accounts_end(all, 0, ACCOUNT_READ, &v, 0);
	accounts_end(all, 1, ACCOUNT_NONE, &v, 0);
	accounts_over(all, SIZE_MAX, NULL);
	end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + 2 * SECOND_NS;
	while (n < TIMES && clock_ns(CLOCK_THREAD_CPUTIME_ID) < end) {
		assert_string_equal(name_of(&first, ENTRIES + 1), "-");
		n++;
	}
	assert_int_equal(n, TIMES);
}

static int set_up(void **state)
{
	(void)state;
	return accounts_new(&all, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	accounts_free(all);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *w)
{
	(void)st, (void)kind, (void)w;
	return remove(path);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(leaves_those_alone_who_do_not_answer),
		TEST(takes_what_the_engine_made_first),
		TEST(does_not_know_what_it_was_not_told),
		TEST(forgets_nobody_who_is_waited_for),
		TEST(looks_at_all_in_turn),
		TEST(looks_less_often_at_what_stays),
		TEST(finds_the_first_of_a_number),
		TEST(finds_a_number_among_thousands),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return failed;
}

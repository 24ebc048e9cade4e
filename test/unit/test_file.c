#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"

static int enter_scratch(void **state)
{
	static char dir[] = "/tmp/skep-test-file-XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return -1;
	*state = dir;
	return 0;
}

static int leave_scratch(void **state)
{
	unlink("plain");
	unlink("link");
	unlink("device");
	unlink("pipe");
	unlink("lock");
	return chdir("/") < 0 || rmdir(*state) < 0 ? -1 : 0;
}

static mode_t type_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & S_IFMT;
}

static void assert_holds(const char *path, const char *text)
{
	OWNED_BUF b = BUF_INIT;

	assert_int_equal(file_read(AT_FDCWD, path, 100, &b, NULL), 0);
	assert_str(buf_str(&b), text);
}

static void a_descriptor_is_closed_once(void **state UNUSED)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), was = fd, taken = fd_take(&fd);

	assert_true(was >= 0);
	assert_int_equal(taken, was);
	assert_int_equal(fd, -1);
	fd_close(&fd);
	assert_true(fcntl(taken, F_GETFD) >= 0);

	fd_close(&taken);
	assert_int_equal(taken, -1);
	assert_true(fcntl(was, F_GETFD) < 0);
	assert_int_equal(errno, EBADF);
}

static void replaces_a_file_as_a_whole(void **state UNUSED)
{
	struct stat before, after;

	assert_int_equal(file_write_atomic(AT_FDCWD, "plain", S("first"), 0600, NULL), 0);
	assert_int_equal(stat("plain", &before), 0);
	assert_int_equal(file_write_atomic(AT_FDCWD, "plain", S("second"), 0600, NULL), 0);
	assert_int_equal(stat("plain", &after), 0);
	assert_true(before.st_ino != after.st_ino);
	assert_holds("plain", "second");
}

static void writes_through_a_link(void **state UNUSED)
{
	assert_int_equal(file_write_atomic(AT_FDCWD, "plain", S("old and longer"), 0600, NULL), 0);
	assert_int_equal(symlink("plain", "link"), 0);
	assert_int_equal(file_write_atomic(AT_FDCWD, "link", S("new"), 0600, NULL), 0);
	assert_int_equal(type_of("link"), S_IFLNK);
	assert_holds("plain", "new");
}

/* `skep -f json=/dev/null` as root once took /dev/null away from the whole machine. */
static void leaves_devices_where_they_are(void **state UNUSED)
{
	struct err e = { 0 };

	assert_int_equal(symlink("/dev/full", "device"), 0);
	assert_int_equal(file_write_atomic(AT_FDCWD, "device", S("x"), 0600, &e), -ENOSPC);
	assert_int_equal(type_of("device"), S_IFLNK);
	assert_int_equal(type_of("/dev/full"), S_IFCHR);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	OWNED_FD reader = open("pipe", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	assert_int_equal(file_write_atomic(AT_FDCWD, "pipe", S("x"), 0600, NULL), 0);
	assert_int_equal(type_of("pipe"), S_IFIFO);
}

static void locks_for_as_long_as_it_is_open(void **state)
{
	int first = -1, second = -1;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(file_lock("lock", &first, &e), 0);
	assert_int_equal(file_lock("lock", &second, &e), -EBUSY);
	assert_int_equal(second, -1);
	close(first);
	assert_int_equal(file_lock("lock", &second, &e), 0);
	close(second);
	assert_int_equal(file_lock("absent/lock", &second, &e), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_is_closed_once),
		cmocka_unit_test(replaces_a_file_as_a_whole),
		cmocka_unit_test(writes_through_a_link),
		cmocka_unit_test(leaves_devices_where_they_are),
		cmocka_unit_test(locks_for_as_long_as_it_is_open),
	};

	return cmocka_run_group_tests_name("file", tests, enter_scratch, leave_scratch);
}

/* Numbers are never used twice, a batch is of one life, and what a predecessor wrote last is not written again. */
#include "spool_folder.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "prog/agent/console_spool.h"

static struct console_spool *reopen(struct console_spool *s)
{
	struct console_spool *out = NULL;

	console_spool_close(s);
	assert_int_equal(console_spool_open(folder, "t", 1 << 20, &out, NULL), 0);
	return out;
}

static void add(struct console_spool *s, const char *doc)
{
	assert_int_equal(console_spool_add(s, "alert", str_from(doc), NULL), 0);
}

static struct console_batch fill(struct console_spool *s, size_t most, struct buf *body)
{
	struct console_batch b;

	assert_int_equal(console_spool_fill(s, most, 1 << 20, folder, body, &b, NULL), 0);
	return b;
}

static void test_lives(void **state)
{
	struct console_spool *s = reopen(NULL);
	OWNED_BUF body = BUF_INIT;
	struct console_batch a, b;

	(void)state;
	add(s, "{\"a\":1}");
	add(s, "{\"a\":2}");
	s = reopen(s);
	add(s, "{\"a\":2}"); /* its predecessor died behind it */
	add(s, "{\"a\":3}");
	add(s, "{\"a\":3}");
	assert_int_equal(console_spool_waiting(s), 4);
	a = fill(s, 100, &body);
	assert_int_equal(a.records, 2);
	assert_int_equal(a.last, 2);
	assert_true(
		str_eq(buf_str(&body), S("{\"seq\":1,\"kind\":\"alert\",\"doc\":{\"a\":1}}\n"
					 "{\"seq\":2,\"kind\":\"alert\",\"doc\":{\"a\":2}}\n")));
	console_spool_back(s);
	a = fill(s, 1, &body);
	assert_int_equal(a.records, 1);
	a = fill(s, 100, &body);
	assert_int_equal(a.records, 1);
	console_spool_ack(s);
	b = fill(s, 100, &body);
	assert_int_equal(b.records, 2);
	assert_int_equal(b.last, 2);
	assert_string_not_equal(a.life, b.life);
	console_spool_ack(s);
	assert_int_equal(console_spool_waiting(s), 0);
	console_spool_close(s);
}

static void write_file(const char *name, str text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
	close(fd);
}

static void test_files(void **state)
{
	struct console_spool *s = reopen(NULL);
	OWNED_BUF body = BUF_INIT;
	struct console_batch b;

	(void)state;
	write_file("big.json", S("{\"big\":true}\n"));
	add(s, "{\"a\":1}");
	assert_int_equal(console_spool_add_file(s, "inventory", S("big.json"), NULL), 0);
	assert_int_equal(console_spool_add_file(s, "inventory", S("gone.json"), NULL), 0);
	assert_int_equal(console_spool_add_file(s, "inventory", S("../x"), NULL), -EINVAL);
	b = fill(s, 100, &body);
	assert_int_equal(b.records, 1); /* what may be long travels alone */
	console_spool_ack(s);
	b = fill(s, 100, &body);
	assert_int_equal(b.records, 1);
	assert_true(str_eq(buf_str(&body),
			   S("{\"seq\":2,\"kind\":\"inventory\",\"doc\":{\"big\":true}}\n")));
	console_spool_ack(s);
	b = fill(s, 100, &body);
	assert_int_equal(b.records, 0);
	assert_int_equal(b.taken, 1); /* it is gone: nobody waits for it */
	console_spool_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "base/buf.h"
#include "codec/archive.h"

/* Hands out a span a few bytes at a time, as a socket would. */
struct dribble {
	str rest;
};

static ssize_t dribble(void *ctx, const void **ret, struct err *e UNUSED)
{
	struct dribble *d = ctx;
	size_t n = MIN(d->rest.n, 100);

	*ret = d->rest.p;
	d->rest = str_skip(d->rest, n);
	return (ssize_t)n;
}

static ssize_t broken(void *ctx UNUSED, const void **ret UNUSED, struct err *e)
{
	return err_set(e, ETIMEDOUT, "the peer went away");
}

static void tar_entry(struct buf *b, const char *name, char type, const char *link, str data)
{
	char h[512] = { 0 };
	unsigned int sum = 8 * ' ';

	memcpy(h, name, strlen(name));
	memcpy(h + 100, "0000644", 7);
	(void)snprintf(h + 124, 12, "%011zo", data.n);
	memcpy(h + 136, "00000000007", 11);
	h[156] = type;
	memcpy(h + 157, link, strlen(link));
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum);
	h[155] = ' ';
	buf_add(b, (str){ h, sizeof(h) });
	buf_add(b, data);
	while (b->n % 512)
		buf_byte(b, '\0');
}

static void walks_a_tar(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;
	struct archive_stream *s;
	struct archive_item item;
	uint64_t at;
	str block;

	tar_entry(&b, "etc/na\xefve", '0', "", S("hello"));
	tar_entry(&b, "../up", '2', "/etc/passwd", S(""));
	tar_entry(&b, "hard", '1', "etc/na\xefve", S(""));
	for (int i = 0; i < 1024; i++)
		buf_byte(&b, '\0');

	struct dribble d = { buf_str(&b) };

	assert_int_equal(archive_stream_open((struct archive_source){ &d, dribble },
					     ARCHIVE_ACCEPT_TAR, &s, NULL),
			 0);
	assert_int_equal(archive_stream_next(s, &item, NULL), 1);
	assert_str(item.path, "etc/na\xefve");
	assert_int_equal(item.type, ARCHIVE_ITEM_FILE);
	assert_int_equal(item.size, 5);
	assert_int_equal(item.mode, 0644);
	assert_int_equal(item.mtime, 7);
	assert_int_equal(archive_stream_block(s, &block, &at, NULL), 1);
	assert_str(block, "hello");
	assert_int_equal(archive_stream_block(s, &block, &at, NULL), 0);
	assert_int_equal(archive_stream_next(s, &item, NULL), 1);
	assert_str(item.path, "../up");
	assert_str(item.link, "/etc/passwd");
	assert_int_equal(item.type, ARCHIVE_ITEM_SYMLINK);
	assert_int_equal(archive_stream_next(s, &item, NULL), 1);
	assert_int_equal(item.type, ARCHIVE_ITEM_HARDLINK);
	assert_str(item.link, "etc/na\xefve");
	assert_int_equal(archive_stream_next(s, &item, NULL), 0);
	archive_stream_close(s);
}

static void says_when_a_tar_is_cut(void **state UNUSED)
{
	OWNED_BUF b = BUF_INIT;
	struct archive_stream *s;
	struct archive_item item;
	struct err e = { 0 };
	uint64_t at;
	str block;
	int r;

	tar_entry(&b, "file", '0', "", S("hello"));
	b.n = 514;

	struct dribble d = { buf_str(&b) };

	assert_int_equal(archive_stream_open((struct archive_source){ &d, dribble },
					     ARCHIVE_ACCEPT_TAR, &s, NULL),
			 0);
	assert_int_equal(archive_stream_next(s, &item, NULL), 1);
	for (r = 1; r == 1;)
		r = archive_stream_block(s, &block, &at, &e);
	assert_int_equal(r, -EBADMSG);
	assert_true(e.text[0]);
	archive_stream_close(s);
}

static void hands_over_what_is_no_archive(void **state UNUSED)
{
	struct archive_stream *s;
	struct archive_item item;
	struct dribble d = { S("just text") };
	uint64_t at;
	str block;

	assert_int_equal(archive_stream_open((struct archive_source){ &d, dribble },
					     ARCHIVE_ACCEPT_TAR | ARCHIVE_ACCEPT_ANY, &s, NULL),
			 0);
	assert_int_equal(archive_stream_next(s, &item, NULL), 1);
	assert_true(item.raw);
	assert_int_equal(archive_stream_block(s, &block, &at, NULL), 1);
	assert_str(block, "just text");
	archive_stream_close(s);
}

static void passes_on_the_source_error(void **state UNUSED)
{
	struct archive_stream *s;
	struct archive_item item;
	struct err e = { 0 };
	int r = archive_stream_open((struct archive_source){ NULL, broken }, ARCHIVE_ACCEPT_TAR, &s,
				    &e);

	if (r == 0) {
		r = archive_stream_next(s, &item, &e);
		archive_stream_close(s);
	}
	assert_int_equal(r, -ETIMEDOUT);
	assert_string_equal(e.text, "the peer went away");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_a_tar),
		cmocka_unit_test(says_when_a_tar_is_cut),
		cmocka_unit_test(hands_over_what_is_no_archive),
		cmocka_unit_test(passes_on_the_source_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

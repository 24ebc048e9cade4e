/*
 * Whatever stands in a spool's files: it opens; told are the lines that stand there whole, in their order, after the
 * acknowledged place, and nothing else; what is added goes behind them; and the spool that was left is in order: opened
 * again it tells the same and nothing in it is damaged.
 *
 * Input: the place's file up to the first NUL, then the first segment up to "\0\0\0", then the second. A line "=TEXT" of a
 * segment is stored with the checksum of TEXT, which no fuzzer would find; any other as it is.
 */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "codec/digest.h"
#include "wire/spool.h"

enum { MOST_LINES = 512 };

static char folder[64];

static void remove_folder(void)
{
	rmdir(folder);
}

static void make_folder(void)
{
	if (folder[0])
		return;
	snprintf(folder, sizeof(folder), "%s/spool-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert(mkdtemp(folder));
	atexit(remove_folder);
}

static void put(const char *name, str bytes)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/f.%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert(fd >= 0 && file_write_all(fd, bytes, NULL) == 0);
	close(fd);
}

static void clear(void)
{
	DIR *d = opendir(folder);
	struct dirent *f;

	while (d && (f = readdir(d)))
		unlinkat(dirfd(d), f->d_name, 0);
	if (d)
		closedir(d);
}

static void store(str line, struct buf *out)
{
	uint8_t sum[SHA256_BYTES];
	char hex[17];

	sha256_of(line, sum);
	hex_render(sum, 8, hex);
	buf_add(out, str_from(hex));
	buf_byte(out, ' ');
	buf_add(out, line);
}

/* Lines that stand whole in a segment, in order. */
static void take_whole(str segment, struct arena *a, str *lines, size_t *count)
{
	for (size_t n; (n = str_find(segment, '\n')) < segment.n;
	     segment = str_skip(segment, n + 1)) {
		str stored = str_take(segment, n), line = str_skip(stored, 17);
		OWNED_BUF ours = BUF_INIT;

		store(line, &ours);
		if (stored.n >= 17 && line.n < SPOOL_MAX_LINE && *count < MOST_LINES &&
		    str_eq(buf_str(&ours), stored))
			lines[(*count)++] = arena_str(a, line);
	}
}

static str make_segment(str input, const char *name, struct buf *out)
{
	while (input.n) {
		size_t n = str_find(input, '\n');
		str line = str_take(input, n);

		if (str_starts(line, S("=")))
			store(str_skip(line, 1), out);
		else
			buf_add(out, line);
		if (n < input.n)
			buf_byte(out, '\n');
		input = str_skip(input, n + 1);
	}
	put(name, buf_str(out));
	return buf_str(out);
}

static struct spool *reopen(struct spool *s)
{
	struct spool *out = NULL;

	spool_close(s);
	assert(spool_open(folder, "f", 65536, &out, NULL) == 0);
	return out;
}

/* All that waits is what was written from @p from on. */
static void check_told(struct spool *s, const str *lines, size_t count)
{
	size_t waiting = spool_waiting(s), at = count - waiting;
	str line = { 0 };

	assert(waiting <= count);
	for (size_t i = 0; i < waiting; i++) {
		assert(spool_next(s, &line, NULL) == 1);
		assert(str_eq(line, lines[at + i]));
	}
	assert(spool_next(s, &line, NULL) == 0);
}

static void check(str *lines, size_t count)
{
	struct spool *s = reopen(NULL);
	size_t waiting = spool_waiting(s);

	check_told(s, lines, count);
	spool_back(s);
	assert(spool_add(s, S("one more"), NULL) == 0);
	lines[count++] = S("one more");
	assert(spool_waiting(s) == waiting + 1);
	check_told(s, lines, count);
	s = reopen(s);
	assert(spool_waiting(s) == waiting + 1);
	check_told(s, lines, count);
	assert(spool_ack(s, NULL) == 0 && spool_waiting(s) == 0);
	s = reopen(s);
	assert(spool_waiting(s) == 0 && spool_lost(s) == 0);
	spool_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str rest = { (const char *)data, size }, lines[MOST_LINES + 1];
	str ack = str_cut(&rest, '\0'), first = rest;
	OWNED_BUF one = BUF_INIT;
	OWNED_BUF two = BUF_INIT;
	size_t count = 0, n = str_search(rest, (str){ "\0\0", 3 });
	struct arena a;

	if (size > 32768)
		return 0;
	make_folder();
	arena_init(&a, 4u << 20);
	put("ack", ack);
	first = str_take(rest, n);
	rest = str_skip(rest, n + 3);
	take_whole(make_segment(first, "0000000000000001", &one), &a, lines, &count);
	if (rest.n)
		take_whole(make_segment(rest, "0000000000000002", &two), &a, lines, &count);
	if (count < MOST_LINES)
		check(lines, count);
	clear();
	arena_done(&a);
	return 0;
}

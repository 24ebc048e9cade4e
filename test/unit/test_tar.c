#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "codec/tar.h"

/* A transcript of what the walker reports: "kind path -> link (bytes) data;" */
struct log {
	struct buf text;
	bool skip;
};

static int on_entry(void *ctx, const struct tar_entry *t, struct err *e)
{
	static const char kinds[] = "FHLDVPO";
	struct log *l = ctx;

	(void)e;
	buf_printf(&l->text, "%c %.*s", kinds[t->kind], STR_ARG(t->path));
	if (t->link.n)
		buf_printf(&l->text, " -> %.*s", STR_ARG(t->link));
	if (t->kind == TAR_FILE)
		buf_printf(&l->text, " (%llu) ", (unsigned long long)t->bytes);
	if (l->skip || t->kind != TAR_FILE)
		buf_byte(&l->text, ';');
	return !l->skip;
}

static int on_data(void *ctx, str bytes, struct err *e)
{
	struct log *l = ctx;

	(void)e;
	for (size_t i = 0; i < bytes.n; i++)
		buf_byte(&l->text, bytes.p[i] ? bytes.p[i] : '.');
	return 0;
}

static int on_done(void *ctx, struct err *e)
{
	struct log *l = ctx;

	(void)e;
	buf_byte(&l->text, ';');
	return 0;
}

static int walk(str in, size_t piece, struct log *l)
{
	struct tar_handler h = { l, on_entry, on_data, on_done };
	struct tar *t;
	int r = 0;

	buf_reset(&l->text);
	assert_int_equal(tar_new(&h, &t, NULL), 0);
	while (in.n && r == 0) {
		r = tar_push(t, str_take(in, piece), NULL);
		in = str_skip(in, piece);
	}
	if (r == 0)
		r = tar_end(t, NULL);
	tar_free(t);
	return r;
}

static void add_file(struct buf *b, str path, str content)
{
	tar_render_header(TAR_FILE, path, S(""), content.n, b);
	buf_add(b, content);
	while (b->n % TAR_BLOCK)
		buf_byte(b, '\0');
}

static void close_archive(struct buf *b)
{
	for (int i = 0; i < 2 * TAR_BLOCK; i++)
		buf_byte(b, '\0');
}

static void walks_in_any_pieces(void **state)
{
	static const size_t pieces[] = { 1, 100, 512, 513, 1 << 20 };
	OWNED_BUF b = BUF_INIT;
	struct log l = { BUF_INIT, false };
	char longest[300];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	add_file(&b, S("etc/x"), S("hello"));
	tar_render_header(TAR_FOLDER, S("var/"), S(""), 0, &b);
	tar_render_header(TAR_SYMLINK, S("lib"), S("usr/lib"), 0, &b);
	add_file(&b, str_from(longest), S("y"));
	add_file(&b, S("empty"), S(""));
	close_archive(&b);
	buf_add(&b, S("trailing bytes are not looked at"));
	OWNED_BUF want = BUF_INIT;
	buf_printf(&want, "F etc/x (5) hello;D var/;L lib -> usr/lib;F %s (1) y;F empty (0) ;",
		   longest);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		assert_int_equal(walk(buf_str(&b), pieces[i], &l), 0);
		assert_str(buf_str(&l.text), buf_cstr(&want));
	}
	buf_done(&l.text);
}

static void cuts_and_flips_are_noticed(void **state)
{
	OWNED_BUF b = BUF_INIT;
	struct log l = { BUF_INIT, true };

	(void)state;
	add_file(&b, S("a"), S("hello"));
	add_file(&b, S("b"), S("world"));
	for (size_t n = 0; n < b.n; n++) {
		bool between = n == 0 || (n >= TAR_BLOCK + 5 && n <= 2 * TAR_BLOCK) ||
			       n >= 3 * TAR_BLOCK + 5;
		assert_int_equal(walk(str_take(buf_str(&b), n), 64, &l), between ? 0 : -EBADMSG);
	}
	/* The byte behind the checksum's terminator means nothing. */
	for (size_t i = 0; i < TAR_BLOCK; i += i == 154 ? 2 : 1) {
		b.p[i] ^= 1;
		assert_int_equal(walk(buf_str(&b), 4096, &l), -EBADMSG);
		b.p[i] ^= 1;
	}
	buf_done(&l.text);
}

static void pax_record_shapes(void **state)
{
	static const char *const bad[] = { "5 a=b", "999 a=b\n", "1 \n", "x a=b\n", "6 path\n" };
	struct log l = { BUF_INIT, false };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		OWNED_BUF b = BUF_INIT;

		add_file(&b, S("x"), str_from(bad[i]));
		b.p[156] = 'x';
		/* The type byte is part of the checksum: '0' became 'x'. */
		snprintf(b.p + 148, 8, "%06o", 0);
		unsigned int sum = 0;
		memset(b.p + 148, ' ', 8);
		for (int k = 0; k < TAR_BLOCK; k++)
			sum += (unsigned char)b.p[k];
		snprintf(b.p + 148, 8, "%06o", sum);
		assert_int_equal(walk(buf_str(&b), 4096, &l), -EBADMSG);
	}
	buf_done(&l.text);
}

/* A file "....data....end" of 1 MiB + 3 with holes, as GNU tar writes it in each of its sparse formats. */
static void sparse_files_of_gnu_tar(void **state)
{
	static const char *const options[] = { "--format=gnu", "--format=pax --sparse-version=0.0",
					       "--format=pax --sparse-version=0.1",
					       "--format=pax --sparse-version=1.0" };
	struct log l = { BUF_INIT, false };
	char dir[] = "/tmp/skep-test-tar-XXXXXX", path[100], command[400];
	size_t size = (1 << 20) + 3;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/f", dir);
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	for (int i = 0; i < 12; i++)
		assert_int_equal(pwrite(fd, "data", 4, (off_t)i * 65536 + 32768), 4);
	assert_int_equal(pwrite(fd, "end", 3, 1 << 20), 3);
	OWNED_BUF plain = BUF_INIT;
	buf_printf(&plain, "F f (%zu) ", size);
	char *at = buf_reserve(&plain, size);
	assert_int_equal(pread(fd, at, size, 0), (ssize_t)size);
	for (size_t i = 0; i < size; i++)
		at[i] = at[i] ? at[i] : '.';
	plain.n += size;
	buf_byte(&plain, ';');
	close(fd);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		OWNED_BUF tar = BUF_INIT;
		FILE *in;
		size_t n;

		snprintf(command, sizeof(command), "tar -C %s -S %s -cf %s/t f", dir, options[i],
			 dir);
		pid_t pid = fork();
		if (pid == 0) {
			execl("/bin/sh", "sh", "-c", command, (char *)NULL);
			_exit(127);
		}
		int status;
		(void)!waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
		snprintf(path, sizeof(path), "%s/t", dir);
		in = fopen(path, "r");
		assert_non_null(in);
		while ((n = fread(buf_reserve(&tar, 65536), 1, 65536, in)) > 0)
			tar.n += n;
		fclose(in);
		assert_true(tar.n < size / 2);
		for (size_t piece = 1000; piece < 3000000; piece *= 50) {
			assert_int_equal(walk(buf_str(&tar), piece, &l), 0);
			assert_true(str_eq(buf_str(&l.text), buf_str(&plain)));
		}
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/f", dir);
	unlink(path);
	rmdir(dir);
	buf_done(&l.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_in_any_pieces),
		cmocka_unit_test(cuts_and_flips_are_noticed),
		cmocka_unit_test(pax_record_shapes),
		cmocka_unit_test(sparse_files_of_gnu_tar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

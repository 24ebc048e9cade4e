/* The three formats of rpm's database yield the same packages, and a damaged one the packages that are left, and a gap. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "scan/package/rpm_db.h"

static const char *const formats[] = { "Packages", "Packages.db", "rpmdb.sqlite" };

struct outcome {
	struct arena arena;
	struct package_list packages;
	struct gap_list gaps;
};

static bool load(const char *name, struct buf *b)
{
	const char *shared = getenv("SKEP_SHARED_DIR");
	char path[4096];

	snprintf(path, sizeof(path), "%s/data/pkgdb/rpm-mariner2/%s", shared ? shared : "", name);
	if (file_read(AT_FDCWD, path, UINT32_MAX, b, NULL) == 0)
		return true;
	print_message("# skipped: shared data is not beside the source tree: %s\n", path);
	return false;
}

static void read_db(str bytes, str wal, struct outcome *o)
{
	struct limits l = limits_default();
	struct err e = { 0 };

	*o = (struct outcome){ 0 };
	arena_init(&o->arena, 64 * MIB);
	if (rpm_db_read(S("var/lib/rpm/x"), bytes, wal, &l, &o->arena, &o->packages, &o->gaps, &e) <
	    0)
		fail_msg("%s", e.text);
}

static void done(struct outcome *o)
{
	arena_done(&o->arena);
}

static int by_line(const void *a, const void *b)
{
	return str_cmp(*(const str *)a, *(const str *)b);
}

/* "name<TAB>epoch<TAB>version<TAB>release<TAB>arch<TAB>sourcerpm", sorted, as the list beside the databases has it. */
static void list(const struct outcome *o, struct arena *a, struct buf *out)
{
	str *lines = ARENA_ARRAY(a, o->packages.count, str);

	assert_non_null(lines);
	for (size_t i = 0; i < o->packages.count; i++) {
		const struct package *p = &o->packages.items[i];
		str release = p->version, epoch = { NULL, 0 }, version;

		if (str_find(release, ':') < release.n)
			epoch = str_cut(&release, ':');
		version = str_cut(&release, '-');
		lines[i] = arena_printf(a, "%.*s\t%.*s\t%.*s\t%.*s\t%.*s\t%.*s-%.*s.src.rpm",
					STR_ARG(p->name), STR_ARG(epoch.n ? epoch : S("0")),
					STR_ARG(version), STR_ARG(release), STR_ARG(p->arch),
					STR_ARG(p->source_name), STR_ARG(p->source_version));
	}
	qsort(lines, o->packages.count, sizeof(*lines), by_line);
	for (size_t i = 0; i < o->packages.count; i++) {
		buf_add(out, lines[i]);
		buf_byte(out, '\n');
	}
}

static void sort_lines(str text, struct arena *a, struct buf *out)
{
	str *lines = NULL;
	size_t count = 0, cap = 0;

	str_line(&text);
	while (text.n)
		*ARENA_PUSH(a, lines, count, cap) = str_line(&text);
	qsort(lines, count, sizeof(*lines), by_line);
	for (size_t i = 0; i < count; i++) {
		buf_add(out, lines[i]);
		buf_byte(out, '\n');
	}
}

static void all_formats_agree(void **state UNUSED)
{
	OWNED_BUF expected = BUF_INIT;
	OWNED_BUF sorted = BUF_INIT;
	struct arena a;

	if (!load("expected.tsv", &expected))
		return;
	arena_init(&a, 0);
	sort_lines(buf_str(&expected), &a, &sorted);
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		OWNED_BUF bytes = BUF_INIT;
		OWNED_BUF got = BUF_INIT;
		struct outcome o;

		assert_true(load(formats[i], &bytes));
		read_db(buf_str(&bytes), S(""), &o);
		for (size_t k = 0; k < o.gaps.count; k++)
			fail_msg("%s: %.*s", formats[i], STR_ARG(o.gaps.items[k].what));
		list(&o, &a, &got);
		assert_str(buf_str(&got), buf_cstr(&sorted));
		for (size_t k = 0; k < o.packages.count; k++)
			if (str_is(o.packages.items[k].name, "bash")) {
				assert_true(package_owns(&o.packages.items[k], S("bin/bash")));
				assert_str(o.packages.items[k].vendor, "Microsoft Corporation");
			}
		done(&o);
	}
	arena_done(&a);
}

static void load_corpus(const char *name, struct buf *b)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/test/fuzz/corpus/%s", getenv("SKEP_SOURCE_DIR"), name);
	if (file_read(AT_FDCWD, path, UINT32_MAX, b, NULL) < 0)
		fail_msg("%s is not there", path);
}

/* The corpus keeps an SQLite file and its log in one: the length of the file stands in front. */
static void split_log(str both, str *ret_file, str *ret_wal)
{
	size_t n = (unsigned char)both.p[0] | (size_t)(unsigned char)both.p[1] << 8 |
		   (size_t)(unsigned char)both.p[2] << 16;

	*ret_file = str_take(str_skip(both, 4), n);
	*ret_wal = str_skip(both, 4 + n);
}

static const struct package *find(const struct outcome *o, const char *name)
{
	for (size_t i = 0; i < o->packages.count; i++)
		if (str_is(o->packages.items[i].name, name))
			return &o->packages.items[i];
	return NULL;
}

static void check_few(struct outcome *o, const char *where)
{
	const struct package *tiny = find(o, "tiny"), *other = find(o, "long");

	if (o->gaps.count)
		fail_msg("%s: %.*s", where, STR_ARG(o->gaps.items[0].what));
	if (o->packages.count != 2 || !tiny || !other)
		fail_msg("%s: %zu packages", where, o->packages.count);
	assert_str(tiny->version, "1.0-3.el9");
	assert_str(tiny->source_name, "tiny-src");
	assert_str(tiny->source_version, "1.0-3.el9");
	assert_str(tiny->module, "tiny:1:8000:abc");
	assert_str(tiny->vendor, "Acme");
	assert_str(tiny->arch, "noarch");
	assert_str(other->version, "2:1.0-3.el9");
	assert_str(other->source_version, "1.0-3.el9");
	assert_int_equal(other->license.n, 3000);
	assert_true(package_owns(tiny, S("usr/bin/tiny")));
	assert_true(package_owns(tiny, S("usr/bin/tiny2")));
	assert_false(package_owns(tiny, S("usr/share/doc"))); /* a folder */
}

static void byte_orders_and_page_sizes(void **state UNUSED)
{
	static const char *const names[] = { "rpm_bdb/little-512", "rpm_bdb/big-512",
					     "rpm_bdb/big-4096", "rpm_ndb/few" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		OWNED_BUF bytes = BUF_INIT;
		struct outcome o;

		load_corpus(names[i], &bytes);
		read_db(buf_str(&bytes), S(""), &o);
		check_few(&o, names[i]);
		done(&o);
	}
}

static void the_log_counts_up_to_its_last_commit(void **state UNUSED)
{
	static const struct {
		const char *name;
		size_t count;
		bool has_tiny, has_new;
	} cases[] = {
		{ "rpm_sqlite/many-512", 30, false, false },
		{ "rpm_sqlite/log", 2, false, true },
		{ "rpm_sqlite/log-uncommitted", 2, false, true },
	};
	OWNED_BUF few = BUF_INIT;
	struct outcome o;
	str file, wal;

	load_corpus("rpm_sqlite/few-512", &few);
	split_log(buf_str(&few), &file, &wal);
	read_db(file, wal, &o);
	check_few(&o, "few-512");
	done(&o);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		OWNED_BUF bytes = BUF_INIT;

		load_corpus(cases[i].name, &bytes);
		split_log(buf_str(&bytes), &file, &wal);
		read_db(file, wal, &o);
		if (o.gaps.count)
			fail_msg("%s: %.*s", cases[i].name, STR_ARG(o.gaps.items[0].what));
		assert_int_equal(o.packages.count, cases[i].count);
		assert_int_equal(!!find(&o, "tiny"), cases[i].has_tiny);
		assert_int_equal(!!find(&o, "new"), cases[i].has_new);
		done(&o);
	}
}

/* A log of another generation, or with a broken frame before its only commit, is as if it were not there. */
static void a_foreign_log_is_passed_over(void **state UNUSED)
{
	static const size_t spots[] = { 16, 26, 32, 44, 60 };

	for (size_t i = 0; i < ARRAY_LEN(spots); i++) {
		OWNED_BUF bytes = BUF_INIT;
		struct outcome o;
		str file, wal;

		load_corpus("rpm_sqlite/log", &bytes);
		split_log(buf_str(&bytes), &file, &wal);
		bytes.p[4 + file.n + spots[i]] ^= 1;
		read_db(file, wal, &o);
		check_few(&o, "broken log");
		done(&o);
	}
}

static void truncated_databases_keep_the_rest(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		OWNED_BUF bytes = BUF_INIT;
		struct outcome whole, cut;

		if (!load(formats[i], &bytes))
			return;
		read_db(buf_str(&bytes), S(""), &whole);
		for (size_t part = 0; part < 16; part++) {
			read_db(str_take(buf_str(&bytes), bytes.n * part / 16), S(""), &cut);
			if (!cut.gaps.count)
				fail_msg("%s: cut to %zu/16 in silence", formats[i], part);
			if (part == 15 && cut.packages.count < whole.packages.count / 2)
				fail_msg("%s: %zu of %zu packages left", formats[i],
					 cut.packages.count, whole.packages.count);
			assert_true(cut.packages.count <= whole.packages.count);
			done(&cut);
		}
		done(&whole);
	}
}

static void flipped_bits_never_lose_a_package_in_silence(void **state UNUSED)
{
	const char *rounds = getenv("SKEP_RPM_FLIPS");
	uint32_t count = 60;
	uint64_t random = 1;

	if (rounds)
		assert_int_equal(str_u32(str_from(rounds), &count), 0);
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		OWNED_BUF bytes = BUF_INIT;
		OWNED_BUF before = BUF_INIT;
		struct outcome o;

		if (!load(formats[i], &bytes))
			return;
		read_db(buf_str(&bytes), S(""), &o);
		list(&o, &o.arena, &before);
		done(&o);
		for (unsigned int k = 0; k < count; k++) {
			OWNED_BUF after = BUF_INIT;
			size_t at;
			char bit;

			random = random * 6364136223846793005u + 1442695040888963407u;
			at = (size_t)(random >> 33) % (k % 2 ? bytes.n : 8192);
			bit = (char)(1 << (random >> 30 & 7));
			bytes.p[at] ^= bit;
			read_db(buf_str(&bytes), S(""), &o);
			list(&o, &o.arena, &after);
			if (!o.gaps.count && !str_eq(buf_str(&before), buf_str(&after)))
				fail_msg("%s: bit %d of byte %zu changed %zu packages in silence",
					 formats[i], bit, at, o.packages.count);
			done(&o);
			bytes.p[at] ^= bit;
		}
	}
}

static void loops_end(void **state UNUSED)
{
	OWNED_BUF bytes = BUF_INIT;
	struct outcome o;
	str file, wal;

	/* Every page of the database points to page 2 as its next, and every child pointer does as well. */
	load_corpus("rpm_bdb/little-512", &bytes);
	for (size_t at = 512; at + 26 <= bytes.n; at += 512)
		memcpy(bytes.p + at + 16, "\2\0\0\0", 4);
	read_db(buf_str(&bytes), S(""), &o);
	assert_int_equal(o.gaps.count, 1);
	done(&o);

	buf_reset(&bytes);
	load_corpus("rpm_sqlite/many-512", &bytes);
	split_log(buf_str(&bytes), &file, &wal);
	for (size_t at = 0; at + 512 <= file.n; at += 512)
		memcpy(bytes.p + 4 + at + 8, "\0\0\0\2", at ? 4 : 0);
	read_db(file, wal, &o);
	assert_int_equal(o.gaps.count, 1);
	done(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_formats_agree),
		cmocka_unit_test(byte_orders_and_page_sizes),
		cmocka_unit_test(the_log_counts_up_to_its_last_commit),
		cmocka_unit_test(a_foreign_log_is_passed_over),
		cmocka_unit_test(truncated_databases_keep_the_rest),
		cmocka_unit_test(flipped_bits_never_lose_a_package_in_silence),
		cmocka_unit_test(loops_end),
	};

	return cmocka_run_group_tests_name("rpm_db", tests, NULL, NULL);
}

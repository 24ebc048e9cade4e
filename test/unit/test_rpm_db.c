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
	print_message("skipped: %s is not there\n", path);
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
		skip();
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_formats_agree),
	};

	return cmocka_run_group_tests_name("rpm_db", tests, NULL, NULL);
}

#include "unit.h"

#include "codec/tar.h"
#include "scan/layer/layer_read.h"

#define STATUS(name) \
	"Package: " name "\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\n\n"

struct made {
	struct buf tar;
	struct arena a;
	struct layer layer;
	bool damaged;
};

static void put(struct made *m, str path, str content)
{
	tar_render_header(TAR_FILE, path, S(""), content.n, &m->tar);
	buf_add(&m->tar, content);
	while (m->tar.n % TAR_BLOCK)
		buf_byte(&m->tar, '\0');
}

/* Turns the symbolic link just written into a hard link. */
static void put_hardlink(struct made *m, str path, str target)
{
	size_t at = m->tar.n;
	unsigned int sum = 8 * ' ';

	tar_render_header(TAR_SYMLINK, path, target, 0, &m->tar);
	m->tar.p[at + 156] = '1';
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? 0 : (unsigned char)m->tar.p[at + i];
	for (size_t i = 6; i-- > 0; sum >>= 3)
		m->tar.p[at + 148 + i] = (char)('0' + (sum & 7));
}

static void read_with(struct made *m, const struct layer_options *o, size_t piece)
{
	struct layer_reader *r;
	str in = buf_str(&m->tar);

	arena_init(&m->a, 64 << 20);
	assert_int_equal(layer_reader_new(o, &m->a, &r, NULL), 0);
	while (in.n) {
		layer_reader_push(r, str_take(in, piece));
		in = str_skip(in, piece);
	}
	layer_reader_finish(r, &m->layer, &m->damaged);
	layer_reader_free(r);
}

static void read_all(struct made *m)
{
	const struct layer_options o = { .limits = limits_default() };

	read_with(m, &o, 1 << 20);
}

static void done(struct made *m)
{
	buf_done(&m->tar);
	arena_done(&m->a);
}

static const struct evidence *evidence_at(const struct made *m, const char *path)
{
	for (size_t i = 0; i < m->layer.evidence_count; i++)
		if (str_is(m->layer.evidence[i].path, path))
			return &m->layer.evidence[i];
	return NULL;
}

static size_t gaps_of(const struct made *m, enum gap_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < m->layer.gaps.count; i++)
		n += m->layer.gaps.items[i].kind == kind;
	return n;
}

static void finds_evidence_in_any_pieces(void **state)
{
	static const size_t pieces[] = { 1, 511, 4096, 1 << 20 };
	const struct layer_options o = { .limits = limits_default() };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct made m = { 0 };

		put(&m, S("./var/lib/dpkg/status"), S(STATUS("bash")));
		put(&m, S("usr/bin/x"), S("not looked at"));
		put(&m, S("/etc/os-release"), S("ID=debian\nVERSION_ID=\"12\"\n"));
		read_with(&m, &o, pieces[i]);
		assert_false(m.damaged);
		assert_int_equal(m.layer.evidence_count, 2);
		assert_str(evidence_at(&m, "var/lib/dpkg/status")->packages.items[0].name, "bash");
		assert_str(evidence_at(&m, "etc/os-release")->os.id, "debian");
		assert_int_equal(m.layer.entries, 3);
		assert_int_equal(m.layer.gaps.count, 0);
		assert_true(str_eq(m.layer.digest, m.layer.diff_id));
		assert_str(m.layer.media, "tar");
		done(&m);
	}
}

static void the_last_of_equal_paths_wins(void **state)
{
	struct made m = { 0 };

	(void)state;
	put(&m, S("var/lib/dpkg/status"), S(STATUS("old")));
	put(&m, S("var/lib/dpkg/status"), S(STATUS("new")));
	put(&m, S("lib/apk/db/installed"), S("P:x\nV:1-r0\n\n"));
	tar_render_header(TAR_SYMLINK, S("lib/apk"), S("/elsewhere"), 0, &m.tar);
	read_all(&m);
	assert_int_equal(m.layer.evidence_count, 1);
	assert_str(m.layer.evidence[0].packages.items[0].name, "new");
	assert_int_equal(m.layer.link_count, 1);
	done(&m);
}

static void hiding_entries_that_matter_are_kept(void **state)
{
	struct made m = { 0 };

	(void)state;
	put(&m, S("var/lib/dpkg/.wh.status"), S(""));
	put(&m, S("home/.wh.nobody"), S(""));
	put(&m, S("var/.wh..wh..opq"), S(""));
	put(&m, S("var/lib/rpm"), S("a file where others have a folder"));
	put(&m, S(".wh.etc"), S(""));
	read_all(&m);
	assert_int_equal(m.layer.whiteout_count, 2);
	assert_str(m.layer.whiteouts[0], "var/lib/dpkg/status");
	assert_str(m.layer.whiteouts[1], "etc");
	assert_int_equal(m.layer.opaque_count, 1);
	assert_str(m.layer.opaques[0], "var");
	assert_int_equal(m.layer.blocker_count, 1);
	done(&m);
}

static void hard_links(void **state)
{
	struct made m = { 0 };

	(void)state;
	put(&m, S("usr/lib/os-release"), S("ID=alpine\n"));
	put_hardlink(&m, S("etc/os-release"), S("./usr/lib/os-release"));
	put(&m, S("data/status"), S(STATUS("hidden")));
	put_hardlink(&m, S("var/lib/dpkg/status"), S("data/status"));
	read_all(&m);
	assert_non_null(evidence_at(&m, "etc/os-release"));
	assert_null(evidence_at(&m, "var/lib/dpkg/status"));
	assert_int_equal(gaps_of(&m, GAP_UNRESOLVED), 1);
	done(&m);
}

static void escaping_paths_are_held_and_told(void **state)
{
	struct made m = { 0 };

	(void)state;
	put(&m, S("../../var/lib/dpkg/status"), S(STATUS("x")));
	put(&m, S("../../../y"), S(""));
	read_all(&m);
	assert_non_null(evidence_at(&m, "var/lib/dpkg/status"));
	assert_int_equal(gaps_of(&m, GAP_UNEXPECTED), 1);
	done(&m);
}

static void every_cut_keeps_what_stood_before(void **state)
{
	struct made whole = { 0 };
	size_t first;

	(void)state;
	put(&whole, S("var/lib/dpkg/status"), S(STATUS("bash")));
	first = whole.tar.n;
	put(&whole, S("etc/os-release"), S("ID=debian\n"));
	for (size_t n = 1; n < whole.tar.n; n += 13) {
		struct made m = { 0 };

		buf_add(&m.tar, str_take(buf_str(&whole.tar), n));
		read_all(&m);
		if (n >= first)
			assert_non_null(evidence_at(&m, "var/lib/dpkg/status"));
		if (n % TAR_BLOCK && n < TAR_BLOCK)
			assert_true(m.damaged && m.layer.gaps.count == 1);
		assert_int_equal(m.layer.gaps.count, m.damaged);
		done(&m);
	}
	buf_done(&whole.tar);
}

static void limits_become_gaps(void **state)
{
	struct layer_options o = { .limits = limits_default() };
	struct made m = { 0 };

	(void)state;
	put(&m, S("var/lib/dpkg/status"), S(STATUS("bash")));
	put(&m, S("a"), S(""));
	put(&m, S("b"), S(""));
	o.limits.file_bytes = 10;
	o.limits.layer_entries = 2;
	read_with(&m, &o, 100);
	assert_int_equal(m.layer.evidence_count, 0);
	assert_int_equal(gaps_of(&m, GAP_LIMIT), 2);
	/* The database of the layers below must not show through the one that was not read. */
	assert_int_equal(m.layer.blocker_count, 1);
	assert_true(m.damaged);
	done(&m);
}

static void a_tree_has_no_whiteouts(void **state)
{
	const struct layer_options o = { .limits = limits_default(), .plain_tree = true };
	struct made m = { 0 };

	(void)state;
	put(&m, S("var/lib/dpkg/.wh.status"), S(""));
	read_with(&m, &o, 4096);
	assert_int_equal(m.layer.whiteout_count, 0);
	done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_evidence_in_any_pieces),
		cmocka_unit_test(the_last_of_equal_paths_wins),
		cmocka_unit_test(hiding_entries_that_matter_are_kept),
		cmocka_unit_test(hard_links),
		cmocka_unit_test(escaping_paths_are_held_and_told),
		cmocka_unit_test(every_cut_keeps_what_stood_before),
		cmocka_unit_test(limits_become_gaps),
		cmocka_unit_test(a_tree_has_no_whiteouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

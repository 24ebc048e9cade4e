#include "unit.h"

#include "base/file.h"
#include "codec/digest.h"
#include "codec/tar.h"
#include "scan/source/layer_jobs.h"

#define STATUS "Package: bash\nStatus: install ok installed\nVersion: 5.1\nArchitecture: amd64\n\n"

/* What a feeder sends, and how it ends. */
struct stream {
	str bytes;
	int returns;
	const char *says;
};

static int feed(void *ctx, int fd, struct err *e)
{
	const struct stream *s = ctx;
	int r = file_write_all(fd, s->bytes, e);

	if (s->says)
		(void)!err_set(e, EIO, "%s", s->says);
	return r < 0 ? r : s->returns;
}

static void make_layer(struct buf *tar, char digest[DIGEST_TEXT_BYTES])
{
	uint8_t sum[SHA256_BYTES];

	tar_render_header(TAR_FILE, S("var/lib/dpkg/status"), S(""), sizeof(STATUS) - 1, tar);
	buf_add(tar, S(STATUS));
	while (tar->n % TAR_BLOCK)
		buf_byte(tar, '\0');
	for (int i = 0; i < 2 * TAR_BLOCK; i++)
		buf_byte(tar, '\0');
	sha256_of(buf_str(tar), sum);
	digest_render(sum, digest);
}

struct fixture {
	struct buf tar;
	char digest[DIGEST_TEXT_BYTES];
	struct arena a;
	struct scan_options o;
};

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .o = { .limits = limits_default(), .jobs = 3 } };
	make_layer(&f.tar, f.digest);
	arena_init(&f.a, 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	buf_done(&f->tar);
	arena_done(&f->a);
	return 0;
}

static struct layer_job job_of(struct stream *s, const char *digest)
{
	return (struct layer_job){ .digest = str_from(digest),
				   .fd = -1,
				   .bytes = UINT64_MAX,
				   .feed = feed,
				   .feed_ctx = s };
}

static struct layer_result *run(struct fixture *f, struct layer_job *jobs, size_t count)
{
	struct layer_result *results;
	struct err e = { 0 };
	int r = layer_jobs_run(jobs, count, &f->o, &f->a, &results, &e);

	if (r < 0)
		fail_msg("%s", e.text);
	return results;
}

static void layers_come_back_in_order(void **state)
{
	struct fixture *f = *state;
	struct stream whole = { .bytes = buf_str(&f->tar) };
	struct layer_job jobs[10];
	struct layer_result *got;

	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		jobs[i] = job_of(&whole, "");
		jobs[i].created_by = arena_printf(&f->a, "step %zu", i);
	}
	got = run(f, jobs, ARRAY_LEN(jobs));
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		assert_false(got[i].missing);
		assert_str(got[i].layer.digest, f->digest);
		assert_true(str_eq(got[i].layer.created_by, jobs[i].created_by));
		assert_int_equal(got[i].layer.evidence_count, 1);
	}
}

static void a_wrong_digest_is_not_trusted(void **state)
{
	struct fixture *f = *state;
	struct stream whole = { .bytes = buf_str(&f->tar) };
	char other[DIGEST_TEXT_BYTES];
	uint8_t sum[SHA256_BYTES];
	struct layer_result *got;

	sha256_of(S("other"), sum);
	digest_render(sum, other);
	struct layer_job jobs[] = { job_of(&whole, f->digest), job_of(&whole, other) };
	got = run(f, jobs, 2);
	assert_false(got[0].missing);
	assert_true(got[1].missing);
	assert_int_equal(got[1].layer.evidence_count, 0);
	assert_int_equal(got[1].layer.gaps.count, 1);
	jobs[0].diff_id = str_from(other);
	assert_true(run(f, jobs, 1)[0].missing);
}

static void a_broken_transfer_keeps_what_came(void **state)
{
	struct fixture *f = *state;
	struct stream cut = { str_take(buf_str(&f->tar), 2 * TAR_BLOCK), -EIO, "the peer hung up" };
	struct layer_job job = job_of(&cut, f->digest);
	struct layer_result *got = run(f, &job, 1);

	assert_false(got->missing);
	assert_int_equal(got->layer.evidence_count, 1);
	assert_int_equal(got->layer.gaps.count, 1);
	assert_int_equal(got->layer.gaps.items[0].kind, GAP_UNREADABLE);
	assert_str(got->layer.gaps.items[0].what, "the peer hung up");
}

static void something_left_out_is_a_gap(void **state)
{
	struct fixture *f = *state;
	struct stream partly = { buf_str(&f->tar), 1, "one file was not sent" };
	struct layer_job job = job_of(&partly, f->digest);
	struct layer_result *got = run(f, &job, 1);

	assert_false(got->missing);
	assert_int_equal(got->layer.gaps.count, 1);
	assert_str(got->layer.gaps.items[0].what, "one file was not sent");
}

static int feed_never(void *ctx, int fd, struct err *e)
{
	(void)ctx;
	(void)fd;
	(void)e;
	abort();
}

static void equal_layers_are_read_once(void **state)
{
	struct fixture *f = *state;
	struct stream whole = { .bytes = buf_str(&f->tar) };
	struct layer_job jobs[] = { job_of(&whole, f->digest), job_of(&whole, f->digest) };
	struct layer_result *got;

	jobs[1].feed = feed_never;
	jobs[1].created_by = S("again");
	got = run(f, jobs, 2);
	assert_int_equal(got[1].layer.evidence_count, 1);
	assert_str(got[1].layer.created_by, "again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(layers_come_back_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_wrong_digest_is_not_trusted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_broken_transfer_keeps_what_came, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(something_left_out_is_a_gap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(equal_layers_are_read_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "store_stage.h"
#include "unit_arena.h"

#include "codec/digest.h"
#include "console/store/image_layers.h"
#include "console/store/registries.h"
#include "console/store/registry_images.h"
#include "console/store/registry_tags.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define X "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define Y "sha256:2222222222222222222222222222222222222222222222222222222222222222"

static int64_t add(struct store *s, const char *name)
{
	const struct stored_registry r = { .name = str_from(name),
					   .kind = S("harbor"),
					   .address = S("hub.example:5000"),
					   .settings = S("{}"),
					   .enabled = true,
					   .updated_ns = 7,
					   .updated_by = S("eve") };
	int64_t id = 0;

	OK(sql_begin(s->sql, E));
	OK(registries_add(s, &r, &id, E));
	OK(sql_commit(s->sql, E));
	return id;
}

static struct stored_registry get(struct store *s, int64_t id)
{
	struct stored_registry r = { 0 };

	OK(registries_get(s, id, &arena, &r, E));
	return r;
}

static void registries_are_kept(struct store *s, const char *where UNUSED)
{
	const int64_t id = add(s, "one'; DROP TABLE registry");
	struct stored_registry r = get(s, id), *list;
	size_t count;

	(void)add(s, "two");
	assert_true(r.run.wanted);
	assert_int_equal(r.run.state, REGISTRY_IDLE);
	OK(registries_seal(s, id, ((str){ "\1\0\2", 3 }), E));
	r.enabled = false;
	r.name = S("renamed");
	OK(registries_put(s, &r, E));
	OK(registries_list(s, &arena, &list, &count, E));
	assert_int_equal(count, 2);
	assert_str(list[0].name, "renamed");
	assert_int_equal(list[0].sealed.n, 3);
	assert_int_equal(list[0].version, 2);
	assert_false(list[0].run.wanted);
	r.name = S("two");
	FAILS(EEXIST, registries_put(s, &r, E));
	OK(registries_delete(s, id, E));
	FAILS(ENOENT, registries_delete(s, id, E));
	FAILS(ENOENT, registries_get(s, id, &arena, &r, E));
	FAILS(ENOENT, registries_want(s, id, E));
	FAILS(ENOENT, registries_cancel(s, id, E));
}

static void runs_are_told(struct store *s, const char *where UNUSED)
{
	const int64_t id = add(s, "one");
	struct registry_run run = { .state = REGISTRY_SCANNING, .tags = 5, .digests = 3 };

	OK(registry_run_begin(s, id, 100, E));
	assert_false(get(s, id).run.wanted);
	assert_int_equal(get(s, id).run.run, 1);
	OK(registry_run_put(s, id, &run, E));
	OK(registries_cancel(s, id, E));
	assert_true(get(s, id).run.cancelling);
	/* What is asked for while one is under way comes after it. */
	OK(registries_want(s, id, E));
	assert_false(get(s, id).run.cancelling);
	OK(registry_run_end(s, id, 200, 900, S("denied"), S("says who"), E));
	run = get(s, id).run;
	assert_int_equal(run.state, REGISTRY_IDLE);
	assert_int_equal(run.tags, 5);
	assert_int_equal(run.next_ns, 900);
	assert_str(run.trouble, "denied");
	assert_true(run.wanted);
	OK(registries_cancel(s, id, E));
	assert_false(get(s, id).run.wanted);
	assert_false(get(s, id).run.cancelling);
}

static int found(struct store *s, int64_t id, int64_t run, const char *tag, const char *digest)
{
	const struct registry_tag_found t = { .registry = id,
					      .run = run,
					      .repository = S("team/app"),
					      .tag = str_from(tag),
					      .digest = str_from(digest),
					      .why = digest[0] ? S("") : S("timed out"),
					      .stage = STAGE_TEST,
					      .now_ns = run * 100 };

	return OK(registry_tag_put(s, &t, E));
}

static void tags_move(struct store *s, const char *where UNUSED)
{
	const int64_t id = add(s, "one");
	struct registry_tag_filter f = { .registry = id, .stage = -1 };
	struct stored_move *moves;
	struct stored_tag *tags;
	size_t count;

	assert_int_equal(found(s, id, 1, "latest", A), 1);
	assert_int_equal(found(s, id, 1, "old", A), 1);
	assert_int_equal(OK(registry_tags_gone(s, id, 1, S("team/app"), 100, E)), 0);
	assert_int_equal(found(s, id, 2, "latest", A), 0);
	/* What could not be told keeps what it was and is not gone. */
	assert_int_equal(found(s, id, 2, "old", ""), 0);
	assert_int_equal(OK(registry_tags_gone(s, id, 2, S("team/app"), 200, E)), 0);
	OK(registry_tags_page(s, &f, 10, &arena, &tags, &count, E));
	assert_int_equal(count, 2);
	assert_str(tags[1].digest, A);
	assert_str(tags[1].why, "timed out");
	assert_int_equal(found(s, id, 3, "latest", B), 1);
	assert_int_equal(OK(registry_tags_gone(s, id, 3, S(""), 300, E)), 1);
	OK(registry_tags_page(s, &f, 10, &arena, &tags, &count, E));
	assert_int_equal(count, 1);
	assert_str(tags[0].tag, "latest");
	assert_int_equal(tags[0].changed_ns, 300);
	assert_int_equal(tags[0].moves, 1);
	/* Back again, where it was: it came anew. */
	assert_int_equal(found(s, id, 4, "old", A), 1);
	OK(registry_moves_page(s, id, S("team/app"), S("latest"), 0, 10, &arena, &moves, &count,
			       E));
	assert_int_equal(count, 2);
	assert_str(moves[0].before, A);
	assert_str(moves[0].after, B);
	assert_str(moves[1].before, "");
	OK(registry_moves_page(s, id, S(""), S("old"), 0, 10, &arena, &moves, &count, E));
	assert_int_equal(count, 3);
	assert_str(moves[1].after, "");
	OK(registry_moves_page(s, id, S(""), S("old"), moves[1].id, 10, &arena, &moves, &count, E));
	assert_int_equal(count, 1);
}

static void tags_are_found(struct store *s, const char *where UNUSED)
{
	const int64_t id = add(s, "one");
	struct registry_tag_filter f = { .registry = id, .stage = -1 };
	struct stored_tag *tags;
	char tag[8];
	size_t count;

	for (int i = 0; i < 9; i++) {
		snprintf(tag, sizeof(tag), "v%d", i);
		(void)found(s, id, 1, tag, A);
	}
	OK(registry_tags_page(s, &f, 5, &arena, &tags, &count, E));
	assert_int_equal(count, 5);
	f.after_repository = tags[4].repository;
	f.after_tag = tags[4].tag;
	OK(registry_tags_page(s, &f, 5, &arena, &tags, &count, E));
	assert_int_equal(count, 4);
	assert_str(tags[0].tag, "v5");
	f = (struct registry_tag_filter){ .registry = id, .stage = -1, .text = S("app v3") };
	OK(registry_tags_page(s, &f, 5, &arena, &tags, &count, E));
	assert_int_equal(count, 1);
	f.text = S("%");
	OK(registry_tags_page(s, &f, 5, &arena, &tags, &count, E));
	assert_int_equal(count, 0);
	f = (struct registry_tag_filter){ .registry = id, .stage = STAGE_BASE };
	OK(registry_tags_page(s, &f, 5, &arena, &tags, &count, E));
	assert_int_equal(count, 0);
}

/* Page by page, two at once. */
static const char *tags_by(struct store *s, int64_t id, bool gone, bool by_time, bool descending)
{
	struct registry_tag_filter f = { .registry = id,
					 .stage = -1,
					 .gone = gone,
					 .by_time = by_time,
					 .descending = descending };
	static char out[64];
	struct stored_tag *tags;
	size_t count, n = 0;

	out[0] = '\0';
	do {
		OK(registry_tags_page(s, &f, 2, &arena, &tags, &count, E));
		for (size_t i = 0; i < count; i++)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s ",
					      STR_ARG(tags[i].tag));
		if (!count)
			break;
		f.after_repository = tags[count - 1].repository;
		f.after_tag = tags[count - 1].tag;
		f.after_ns = gone ? tags[count - 1].gone_ns : tags[count - 1].changed_ns;
	} while (count == 2);
	return out;
}

static void tags_are_sorted(struct store *s, const char *where UNUSED)
{
	const int64_t id = add(s, "one");

	(void)found(s, id, 1, "v1", A);
	(void)found(s, id, 1, "v2", A);
	(void)found(s, id, 1, "v3", A);
	(void)found(s, id, 2, "v2", B);
	(void)found(s, id, 3, "v1", B);
	assert_string_equal(tags_by(s, id, false, false, false), "v1 v2 v3 ");
	assert_string_equal(tags_by(s, id, false, false, true), "v3 v2 v1 ");
	assert_string_equal(tags_by(s, id, false, true, false), "v3 v2 v1 ");
	assert_string_equal(tags_by(s, id, false, true, true), "v1 v2 v3 ");
	assert_int_equal(OK(registry_tags_gone(s, id, 3, S(""), 400, E)), 2);
	assert_string_equal(tags_by(s, id, true, true, true), "v3 v2 ");
	assert_string_equal(tags_by(s, id, true, true, false), "v2 v3 ");
}

static void put_image(struct store *s, int64_t id, const char *digest, const char *platform,
		      const char *image)
{
	const struct registry_image i = { .registry = id,
					  .repository = S("team/app"),
					  .digest = str_from(digest),
					  .platform = str_from(platform),
					  .manifest = str_from(image[0] ? digest : ""),
					  .image = str_from(image),
					  .why = image[0] ? S("") : S("no such platform") };

	OK(registry_image_put(s, &i, E));
	if (image[0])
		OK(images_put(s, &(struct stored_image){ .digest = i.image }, 1, E));
}

static void images_wait_and_are_named(struct store *s, const char *where UNUSED)
{
	const int64_t id = add(s, "one");
	const str both[] = { S("linux/amd64"), S("linux/arm64"), S("linux/s390x") };
	struct registry_figures figures;
	struct registry_image i;
	struct stored_image x;
	size_t count;
	str *known;

	(void)found(s, id, 1, "latest", A);
	(void)found(s, id, 1, "v1", A);
	put_image(s, id, A, "linux/amd64", X);
	put_image(s, id, A, "linux/arm64", Y);
	put_image(s, id, B, "linux/amd64", "");
	OK(registry_images_known(s, id, &both[0], 1, &arena, &known, &count, E));
	assert_int_equal(count, 1);
	assert_str(known[0], "team/app@" A);
	/* A platform that is asked for since is not known; what could not be read before, and is now, is. */
	OK(registry_images_known(s, id, both, 3, &arena, &known, &count, E));
	assert_int_equal(count, 0);
	put_image(s, id, B, "", "");
	put_image(s, id, B, "linux/amd64", X);
	OK(registry_images_known(s, id, both, 1, &arena, &known, &count, E));
	assert_int_equal(count, 2);
	put_image(s, id, B, "linux/amd64", "");
	OK(registry_images_known(s, id, both, 1, &arena, &known, &count, E));
	assert_int_equal(count, 1);
	OK(registry_images_settle(s, E));
	OK(images_get(s, &scope_everything, S(X), &arena, &x, E));
	assert_str(x.references, "hub.example:5000/team/app:latest hub.example:5000/team/app:v1");
	assert_int_equal(x.stages, 1 << STAGE_TEST);

	assert_int_equal(OK(registry_image_waiting(s, id, 1, &arena, &i, E)), 1);
	assert_str(i.image, X);
	OK(registry_image_tried(s, id, S(X), 1, E));
	OK(images_put_scan_error(s, S(X), S("broken"), 2, E));
	assert_int_equal(OK(registry_image_waiting(s, id, 1, &arena, &i, E)), 1);
	assert_str(i.image, Y);
	OK(images_put_inventory(s, S(Y), S("{}"), 3, 2, S("alpine"), 5, E));
	assert_int_equal(OK(registry_image_waiting(s, id, 1, &arena, &i, E)), 0);
	OK(registry_figures(s, id, &figures, E));
	assert_int_equal(figures.images, 2);
	assert_int_equal(figures.scanned, 1);
	assert_int_equal(figures.failed, 1);
	assert_int_equal(figures.waiting, 0);
	/* Tried anew in the next run; what nobody points to is not. */
	assert_int_equal(OK(registry_image_waiting(s, id, 2, &arena, &i, E)), 1);
	(void)OK(registry_tags_gone(s, id, 2, S(""), 300, E));
	assert_int_equal(OK(registry_image_waiting(s, id, 2, &arena, &i, E)), 0);
	OK(registry_images_settle(s, E));
	OK(images_get(s, &scope_everything, S(X), &arena, &x, E));
	assert_str(x.references, "");
	assert_int_equal(x.stages, 0);
	(void)found(s, id, 3, "latest", A);
	OK(registry_images_settle(s, E));
	OK(registries_delete(s, id, E));
	OK(images_get(s, &scope_everything, S(X), &arena, &x, E));
	assert_int_equal(x.stages, 0);
}

/* ---- Base images ---- */

#define L0 "sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define L1 "sha256:1010101010101010101010101010101010101010101010101010101010101010"
#define L2 "sha256:2020202020202020202020202020202020202020202020202020202020202020"
#define APP "sha256:3333333333333333333333333333333333333333333333333333333333333333"
#define OTHER "sha256:4444444444444444444444444444444444444444444444444444444444444444"

/** Of @p count layers, with a finding in each. */
static void scanned(struct store *s, const char *image, const char *const *diff_ids, size_t count,
		    int64_t scan_base)
{
	struct inventory_layer layers[4] = { 0 };
	struct stored_finding findings[4] = { 0 };
	const struct inventory v = { .layers = layers, .layer_count = count };

	for (size_t i = 0; i < count; i++) {
		layers[i].diff_id = str_from(diff_ids[i]);
		findings[i] = (struct stored_finding){ .vulnerability = S("CVE-1"),
						       .package = S("p"),
						       .layer = layers[i].diff_id };
	}
	OK(sql_begin(s->sql, E));
	OK(images_put_inventory(s, str_from(image), S("{}"), 1, (int64_t)count, S("a"), 5, E));
	OK(image_layers_put(s, str_from(image), &v, scan_base, E));
	OK(findings_replace(s, str_from(image), findings, count, NULL, 0, 7, E));
	OK(sql_commit(s->sql, E));
}

/** One letter a finding, by layer: b base, a application, ? unknown. */
static const char *owners(struct store *s, const char *image)
{
	static char text[8];
	struct stored_finding *list;
	size_t n;

	OK(findings_worst(s, str_from(image), 7, &arena, &list, &n, E));
	for (size_t i = 0; i < n; i++)
		text[i] = "?ba"[list[i].owner];
	text[n] = 0;
	return text;
}

static struct stored_image image_of(struct store *s, const char *digest)
{
	struct stored_image x = { 0 };

	OK(images_get(s, &scope_everything, str_from(digest), &arena, &x, E));
	return x;
}

static void point(struct store *s, int64_t id, int64_t run, const char *tag, const char *image,
		  enum promotion_stage stage)
{
	const struct registry_tag_found t = { .registry = id,
					      .run = run,
					      .repository = S("team/app"),
					      .tag = str_from(tag),
					      .digest = str_from(image),
					      .stage = stage,
					      .now_ns = run * 100 };

	(void)OK(registry_tag_put(s, &t, E));
	put_image(s, id, image, "linux/amd64", image);
	OK(registry_images_settle(s, E));
}

static const char *const three[] = { L0, L1, L2 };

static void bases_own_findings(struct store *s, const char *where UNUSED)
{
	const int64_t id = add(s, "one");
	struct base_name *names;
	size_t count;

	/* What runs was scanned before any base image was known: the scan's own guess counts. */
	scanned(s, APP, three, 3, 1);
	scanned(s, OTHER, three + 1, 2, 0);
	assert_string_equal(owners(s, APP), "baa");
	assert_string_equal(owners(s, OTHER), "??");
	/* A base image becomes known by its tag, then by its layers; those of others stay as they are. */
	point(s, id, 1, "os", X, STAGE_BASE);
	assert_string_equal(owners(s, APP), "baa");
	scanned(s, X, three, 2, 0);
	assert_string_equal(owners(s, APP), "bba");
	assert_string_equal(owners(s, X), "bb");
	assert_string_equal(owners(s, OTHER), "??");
	assert_str(image_of(s, APP).base, X);
	assert_int_equal(image_of(s, APP).base_layers, 2);
	assert_str(image_of(s, X).base, "");
	/* Findings that come later are owned as those before. */
	scanned(s, APP, three, 3, 1);
	assert_string_equal(owners(s, APP), "bba");
	/* The longest match counts; a base image on another is all base. */
	scanned(s, Y, three, 1, 0);
	point(s, id, 1, "kernel", Y, STAGE_BASE);
	assert_str(image_of(s, APP).base, X);
	assert_str(image_of(s, X).base, Y);
	assert_string_equal(owners(s, X), "bb");
	/* A tag that moves on leaves a base image behind, which is told. */
	point(s, id, 2, "os", A, STAGE_BASE);
	assert_str(image_of(s, APP).base, X);
	OK(image_base_names(s, &scope_everything, S(X), 9, &arena, &names, &count, E));
	assert_int_equal(count, 1);
	assert_str(names[0].reference, "hub.example:5000/team/app:os");
	assert_false(names[0].current);
	OK(image_base_names(s, &(struct scope){ 0 }, S(X), 9, &arena, &names, &count, E));
	assert_int_equal(count, 0);
	OK(registries_delete(s, id, E));
	assert_string_equal(owners(s, APP), "baa");
	assert_string_equal(owners(s, X), "??");
}

static enum promotion_stage no_stage(const void *ctx UNUSED, str repository UNUSED, str tag)
{
	return str_is(tag, "kernel") ? STAGE_BASE : STAGE_NONE;
}

static void stages_are_told_anew(struct store *s, const char *where UNUSED)
{
	const int64_t id = add(s, "one");

	point(s, id, 1, "os", X, STAGE_BASE);
	point(s, id, 1, "same", A, STAGE_BASE);
	point(s, id, 1, "kernel", Y, STAGE_BASE);
	scanned(s, X, three, 2, 0);
	scanned(s, A, three, 2, 0);
	scanned(s, Y, three, 1, 0);
	scanned(s, APP, three, 3, 0);
	/* Two of the same layers are not built on each other. */
	assert_str(image_of(s, X).base, Y);
	assert_str(image_of(s, A).base, Y);
	assert_int_equal(image_of(s, APP).base_layers, 2);
	/* Also of a tag that is gone. */
	(void)OK(registry_tags_gone(s, id, 2, S(""), 300, E));
	assert_int_equal(OK(registry_tags_restage(s, id, no_stage, NULL, E)), 2);
	assert_int_equal(OK(registry_tags_restage(s, id, no_stage, NULL, E)), 0);
	OK(registry_images_settle(s, E));
	assert_str(image_of(s, APP).base, Y);
	assert_string_equal(owners(s, APP), "baa");
	assert_str(image_of(s, X).base, Y);
	assert_string_equal(owners(s, X), "ba");
}

/* OCI image-spec: ChainID(L0|L1) = Digest(ChainID(L0) + " " + DiffID(L1)). */
static void chains_are_the_specification_s(struct store *s, const char *where UNUSED)
{
	uint8_t sum[SHA256_BYTES];
	char wanted[DIGEST_TEXT_BYTES];
	OWNED_ROWS *rows = NULL;

	scanned(s, APP, three, 2, 0);
	sha256_of(S(L0 " " L1), sum);
	digest_render(sum, wanted);
	OK(sql_query(s->sql, "SELECT chain FROM image_layer WHERE image = ?1 ORDER BY no",
		     SQL_ARGS(SQL_T(S(APP))), &rows, E));
	assert_int_equal(OK(sql_next(rows, E)), 1);
	assert_str(sql_text(rows, 0), L0);
	assert_int_equal(OK(sql_next(rows, E)), 1);
	assert_str(sql_text(rows, 0), wanted);
}

EACH(registries_are_kept)
EACH(runs_are_told)
EACH(tags_move)
EACH(tags_are_found)
EACH(tags_are_sorted)
EACH(images_wait_and_are_named)
EACH(bases_own_findings)
EACH(stages_are_told_anew)
EACH(chains_are_the_specification_s)

static int up(void **state)
{
	int r = store_stage_up(state);

	return r ? r : arena_setup(state);
}

static int down(void **state)
{
	(void)arena_teardown(state);
	return store_stage_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registries_are_kept),
		cmocka_unit_test(test_runs_are_told),
		cmocka_unit_test(test_tags_move),
		cmocka_unit_test(test_tags_are_found),
		cmocka_unit_test(test_tags_are_sorted),
		cmocka_unit_test(test_images_wait_and_are_named),
		cmocka_unit_test(test_bases_own_findings),
		cmocka_unit_test(test_stages_are_told_anew),
		cmocka_unit_test(test_chains_are_the_specification_s),
	};

	return cmocka_run_group_tests_name("registries", tests, up, down);
}

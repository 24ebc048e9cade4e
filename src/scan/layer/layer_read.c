#include "scan/layer/layer_read.h"

#include <stdio.h>

#include "codec/digest.h"
#include "codec/inflate.h"
#include "codec/tar.h"
#include "codec/tar_split.h"
#include "scan/layer/layer_evidence.h"
#include "scan/layer/layer_path.h"
#include "scan/package/package_db.h"

/* Odd entries, counted while reading and told once: a gap each would fill the list with an attacker's names. */
struct oddity {
	uint64_t count;
	str first;
};

struct layer_reader {
	struct layer_options o;
	struct arena *arena;
	struct layer out;
	struct layer_evidence evidence;
	struct sha256 *stored_sum, *tar_sum;
	struct inflate *inflate;
	struct tar *tar;
	bool started, plain;           /**< plain: stored and tar bytes are the same, hashed once */
	bool damaged;                  /**< decompression ended early */
	bool tar_ended;                /**< the walk ended early */
	struct buf path, marked, link; /**< scratch for names */
	struct buf folder;             /**< the folder of the last entry ... */
	bool folder_matters;           /**< ... and whether anything in it can matter */
	enum evidence_kind kind;       /**< of the file being captured */
	str captured;                  /**< its path */
	uint64_t captured_bytes;
	struct buf bytes;
	struct inflate *split_inflate; /**< while the record of an unpacked layer passes */
	struct tar_split *split;
	bool split_damaged;
	struct oddity escaped, too_long;
};

static void note(struct layer_reader *r, struct oddity *o, str raw)
{
	if (o->count++ == 0)
		o->first = arena_str(r->arena, str_take(raw, 200));
}

/* Entries of a folder stand together, so what is known of the folder settles most entries with one comparison. */
static bool can_matter(struct layer_reader *r, str path)
{
	size_t slash = str_find_last(path, '/');
	str folder = str_take(path, slash < path.n ? slash : 0);

	if (!str_eq(folder, buf_str(&r->folder))) {
		buf_reset(&r->folder);
		buf_add(&r->folder, folder);
		r->folder_matters =
			!folder.n || package_db_is_on_the_way(folder) || buf_error(&r->folder);
	}
	return r->folder_matters;
}

static int capture(struct layer_reader *r, const struct tar_entry *t, str path,
		   enum evidence_kind kind)
{
	uint64_t most = MIN(r->o.limits.file_bytes, r->o.limits.memory_bytes);

	if (t->bytes > most) {
		gap_add(&r->out.gaps, r->arena, GAP_LIMIT, path,
			"%llu bytes are over the limit of %llu for one file",
			(unsigned long long)t->bytes, (unsigned long long)most);
		layer_evidence_block(&r->evidence, path);
		return 0;
	}
	r->captured = arena_str(r->arena, path);
	if (!r->captured.p) {
		layer_evidence_block(&r->evidence, path);
		return 0;
	}
	r->kind = kind;
	r->captured_bytes = t->bytes;
	buf_reset(&r->bytes);
	return 1;
}

static int take_file(struct layer_reader *r, const struct tar_entry *t, str path)
{
	enum evidence_kind kind;

	if (!layer_evidence_wants(path, &kind, r->arena)) {
		if (package_db_is_on_the_way(path))
			layer_evidence_block(&r->evidence, path);
		return 0;
	}
	if (layer_path_is_skipped(path, r->o.skip_dirs, r->o.skip_files)) {
		layer_evidence_block(&r->evidence, path);
		return 0;
	}
	return capture(r, t, path, kind);
}

static void take_hardlink(struct layer_reader *r, const struct tar_entry *t, str path)
{
	enum evidence_kind kind;
	bool escaped = false;
	str target;

	if (!package_db_wants(path, &kind)) {
		if (package_db_is_on_the_way(path))
			layer_evidence_block(&r->evidence, path);
		return;
	}
	if (layer_path_normalise(t->link, &r->o.limits, &r->link, &target, &escaped) < 0) {
		note(r, &r->too_long, t->link);
		layer_evidence_block(&r->evidence, path);
		return;
	}
	layer_evidence_link(&r->evidence, kind, path, target);
}

static void take_opaque(struct layer_reader *r, str folder)
{
	if (!folder.n || package_db_is_on_the_way(folder))
		layer_evidence_opaque(&r->evidence, folder);
}

static bool take_mark(struct layer_reader *r, str path)
{
	enum layer_mark mark;
	str hidden;

	if (r->o.plain_tree)
		return false;
	mark = layer_path_mark(path, &r->marked, &hidden);
	if (mark == LAYER_MARK_WHITEOUT && package_db_is_on_the_way(hidden))
		layer_evidence_whiteout(&r->evidence, hidden);
	if (mark == LAYER_MARK_OPAQUE)
		take_opaque(r, hidden);
	return mark != LAYER_MARK_NONE;
}

static enum gap_kind gap_of(int error)
{
	return error == -E2BIG || error == -ENOMEM || error == -ENOBUFS ? GAP_LIMIT : GAP_MALFORMED;
}

/* What of an archive its unpacked files do not show: the folders it replaced. */
static int on_split_name(void *ctx, str name, struct err *e)
{
	struct layer_reader *r = ctx;
	enum layer_mark mark;
	bool escaped = false;
	str path, hidden;

	(void)e;
	if (layer_path_normalise(name, &r->o.limits, &r->path, &path, &escaped) < 0)
		return 0;
	mark = layer_path_mark(path, &r->marked, &hidden);
	if (mark == LAYER_MARK_OPAQUE)
		take_opaque(r, hidden);
	return 0;
}

static int on_split_bytes(void *ctx, str bytes, struct err *e)
{
	struct layer_reader *r = ctx;

	return tar_split_push(r->split, bytes, e);
}

static void split_judge(struct layer_reader *r, int error, const struct err *why)
{
	if (error == 0)
		return;
	r->split_damaged = true;
	gap_add(&r->out.gaps, r->arena, gap_of(error), S(LAYER_TAR_SPLIT),
		"%s; where the layer replaced a whole folder, what lay in it before may still be "
		"told",
		why->text);
}

static int split_begin(struct layer_reader *r, struct err *e)
{
	struct inflate_options o = { .max_bytes = r->o.limits.layer_bytes,
				     .expansion = MAX(r->o.limits.expansion, 1u),
				     .sink = on_split_bytes,
				     .ctx = r };
	int error = r->split ? err_set(e, EBADMSG, "two records of one unpacked layer")
			     : tar_split_new(on_split_name, r, &r->split, e);

	if (error == 0)
		error = inflate_new(&o, &r->split_inflate, e);
	return error < 0 ? error : 1;
}

static void split_push(struct layer_reader *r, str bytes)
{
	struct err why = { 0 };

	if (!r->split_damaged)
		split_judge(r, inflate_push(r->split_inflate, bytes, &why), &why);
}

static void split_end(struct layer_reader *r)
{
	struct err why = { 0 };
	int error = 0;

	if (!r->split_damaged)
		error = inflate_end(r->split_inflate, &why);
	if (error == 0 && !r->split_damaged)
		error = tar_split_end(r->split, &why);
	split_judge(r, error, &why);
	inflate_free(r->split_inflate);
	r->split_inflate = NULL;
}

static int on_entry(void *ctx, const struct tar_entry *t, struct err *e)
{
	struct layer_reader *r = ctx;
	enum evidence_kind kind;
	bool escaped = false;
	str path;

	if (++r->out.entries > r->o.limits.layer_entries)
		return err_set(e, E2BIG, "more than %llu entries",
			       (unsigned long long)r->o.limits.layer_entries);
	if (layer_path_normalise(t->path, &r->o.limits, &r->path, &path, &escaped) < 0) {
		note(r, &r->too_long, t->path);
		return 0;
	}
	if (escaped)
		note(r, &r->escaped, t->path);
	if (r->o.unpacked && str_is(path, LAYER_TAR_SPLIT))
		return split_begin(r, e);
	if (!path.n || !can_matter(r, path) || take_mark(r, path))
		return 0;
	switch (t->kind) {
	case TAR_FILE:
		return take_file(r, t, path);
	case TAR_HARDLINK:
		take_hardlink(r, t, path);
		break;
	case TAR_SYMLINK:
		if (package_db_is_on_the_way(path))
			layer_evidence_symlink(&r->evidence, path, t->link);
		break;
	case TAR_FOLDER:
		if (package_db_wants(path, &kind))
			layer_evidence_block(&r->evidence, path);
		break;
	case TAR_DEVICE:
	case TAR_FIFO:
		if (package_db_is_on_the_way(path))
			layer_evidence_block(&r->evidence, path);
		break;
	case TAR_OTHER:
		break;
	}
	return 0;
}

static int on_data(void *ctx, str bytes, struct err *e)
{
	struct layer_reader *r = ctx;

	if (r->split_inflate) {
		split_push(r, bytes);
		return 0;
	}
	/* A file that came in one piece is parsed where it lies. */
	if (r->bytes.n == 0 && bytes.n == r->captured_bytes) {
		layer_evidence_add(&r->evidence, r->kind, r->captured, bytes);
		r->captured.p = NULL;
		return 0;
	}
	buf_add(&r->bytes, bytes);
	return buf_error(&r->bytes) ? err_set(e, ENOMEM, "no memory to hold a file") : 0;
}

static int on_done(void *ctx, struct err *e)
{
	struct layer_reader *r = ctx;

	(void)e;
	if (r->split_inflate)
		split_end(r);
	if (r->captured.p)
		layer_evidence_add(&r->evidence, r->kind, r->captured, buf_str(&r->bytes));
	r->captured.p = NULL;
	return 0;
}

static void stream_gap(struct layer_reader *r, int error, const struct err *e)
{
	gap_add(&r->out.gaps, r->arena, gap_of(error), S(""),
		"%s; what stands behind %llu bytes of the layer's archive was not read", e->text,
		(unsigned long long)tar_offset(r->tar));
}

/* The walk may end before the stream does: the rest still counts for the digest. */
static int on_inflated(void *ctx, str bytes, struct err *e)
{
	struct layer_reader *r = ctx;
	struct err why = { 0 };
	int error;

	(void)e;
	sha256_update(r->tar_sum, bytes);
	r->out.tar_bytes += bytes.n;
	if (r->tar_ended)
		return 0;
	error = tar_push(r->tar, bytes, &why);
	if (error < 0) {
		r->tar_ended = true;
		stream_gap(r, error, &why);
	}
	return 0;
}

int layer_reader_new(const struct layer_options *o, struct arena *a, struct layer_reader **ret,
		     struct err *e)
{
	struct layer_reader *r = calloc(1, sizeof(*r));
	struct inflate_options inflate = { .max_bytes = o->limits.layer_bytes,
					   .expansion = MAX(o->limits.expansion, 1u),
					   .sink = on_inflated,
					   .ctx = r };
	struct tar_handler handler = { r, on_entry, on_data, on_done };
	int error;

	if (!r)
		return err_set(e, ENOMEM, "no memory to read a layer");
	r->o = *o;
	r->arena = a;
	layer_evidence_init(&r->evidence, &r->out, &r->o.limits, a);
	error = sha256_new(&r->stored_sum, e);
	if (error == 0)
		error = sha256_new(&r->tar_sum, e);
	if (error == 0)
		error = inflate_new(&inflate, &r->inflate, e);
	if (error == 0)
		error = tar_new(&handler, &r->tar, e);
	if (error < 0) {
		layer_reader_free(r);
		return error;
	}
	*ret = r;
	return 0;
}

void layer_reader_free(struct layer_reader *r)
{
	if (!r)
		return;
	layer_evidence_done(&r->evidence);
	sha256_free(r->stored_sum);
	sha256_free(r->tar_sum);
	inflate_free(r->inflate);
	inflate_free(r->split_inflate);
	tar_split_free(r->split);
	tar_free(r->tar);
	buf_done(&r->path);
	buf_done(&r->marked);
	buf_done(&r->link);
	buf_done(&r->folder);
	buf_done(&r->bytes);
	free(r);
}

void layer_reader_push(struct layer_reader *r, str bytes)
{
	struct err why = { 0 };
	int error;

	if (!r->started && bytes.n) {
		/* Fewer bytes than a magic number has say nothing yet: then both sums are kept. */
		r->plain = bytes.n >= TAR_BLOCK && inflate_recognise(bytes) == INFLATE_PLAIN;
		r->started = true;
	}
	r->out.stored_bytes += bytes.n;
	if (!r->plain)
		sha256_update(r->stored_sum, bytes);
	if (r->damaged) {
		if (r->plain)
			sha256_update(r->tar_sum, bytes);
		return;
	}
	error = inflate_push(r->inflate, bytes, &why);
	if (error < 0) {
		r->damaged = true;
		stream_gap(r, error, &why);
	}
}

static void tell_oddities(struct layer_reader *r)
{
	struct gap_list *gaps = &r->out.gaps;

	if (r->escaped.count)
		gap_add(gaps, r->arena, GAP_UNEXPECTED, r->escaped.first,
			"%llu paths lead out of the root and were held inside it",
			(unsigned long long)r->escaped.count);
	if (r->too_long.count)
		gap_add(gaps, r->arena, GAP_LIMIT, r->too_long.first,
			"%llu paths are longer or deeper than the limits and were not looked at",
			(unsigned long long)r->too_long.count);
}

static str digest_text(struct layer_reader *r, struct sha256 *s)
{
	uint8_t sum[SHA256_BYTES];
	char text[DIGEST_TEXT_BYTES];

	sha256_final(s, sum);
	digest_render(sum, text);
	return arena_str(r->arena, str_from(text));
}

static void end_streams(struct layer_reader *r)
{
	struct err why = { 0 };
	int error;

	if (!r->damaged) {
		error = inflate_end(r->inflate, &why);
		if (error < 0) {
			r->damaged = true;
			stream_gap(r, error, &why);
		}
	}
	if (!r->damaged && !r->tar_ended) {
		error = tar_end(r->tar, &why);
		if (error < 0) {
			r->tar_ended = true;
			stream_gap(r, error, &why);
		}
	}
}

void layer_reader_finish(struct layer_reader *r, struct layer *ret, bool *ret_damaged)
{
	end_streams(r);
	layer_evidence_finish(&r->evidence);
	tell_oddities(r);
	r->out.media = arena_printf(r->arena, "tar%s", inflate_suffix(inflate_format(r->inflate)));
	if (r->plain) {
		r->out.digest = digest_text(r, r->tar_sum);
		r->out.diff_id = r->out.digest;
	} else {
		r->out.digest = digest_text(r, r->stored_sum);
		if (!r->damaged)
			r->out.diff_id = digest_text(r, r->tar_sum);
	}
	*ret = r->out;
	*ret_damaged = r->damaged || r->tar_ended;
}

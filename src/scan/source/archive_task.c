#include "scan/source/archive_index.h"

#include "codec/inflate.h"
#include "codec/json_out.h"
#include "codec/tar.h"
#include "scan/layer/layer_path.h"
#include "scan/source/manifest.h"

/* Places are looked up with small reads: between two headers there is a whole layer to skip. */
enum { INDEX_READ_BYTES = 32 * 1024 };

enum mode { NOTHING, HEAD, TEXT, LAYER };

struct walk {
	const struct layer_task *task;
	struct buf *out;
	bool places; /**< tell where files lie instead of reading them */
	enum mode mode;
	size_t members;
	uint64_t text_bytes;
	struct buf path, body;
	uint64_t bytes;  /**< of the current file */
	struct buf head; /**< its first block, until it is known what the file is */
	struct arena arena;
	struct layer_reader *layer;
	struct inflate *inflate;
	struct tar *tar;
	struct err *e;
	int error; /**< ended the walk */
};

static void put_le(struct buf *b, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_byte(b, (char)(v >> 8 * i));
}

static void put_record(struct walk *w, char type, str body)
{
	buf_byte(w->out, type);
	put_le(w->out, body.n, 4);
	buf_add(w->out, body);
}

static int put_member(struct walk *w, enum archive_member_kind kind, const struct tar_entry *t,
		      struct err *e)
{
	OWNED_BUF b = BUF_INIT;
	bool escaped = false;
	str path;

	if (layer_path_normalise(t->path, &w->task->options->limits, &w->path, &path, &escaped) < 0)
		return 0;
	if (++w->members > ARCHIVE_MAX_MEMBERS)
		return err_set(e, E2BIG, "more than %d members: not an image archive",
			       ARCHIVE_MAX_MEMBERS);
	put_le(&b, kind, 1);
	put_le(&b, t->data_offset, 8);
	put_le(&b, t->stored_bytes, 8);
	put_le(&b, path.n, 4);
	buf_add(&b, path);
	if (kind != ARCHIVE_MEMBER_FILE)
		buf_add(&b, t->link);
	put_record(w, 'm', buf_str(&b));
	return buf_error(&b) ? err_set(e, ENOMEM, "no memory for an archive's index") : 1;
}

static int on_entry(void *ctx, const struct tar_entry *t, struct err *e)
{
	struct walk *w = ctx;
	int r;

	if (t->kind == TAR_SYMLINK || t->kind == TAR_HARDLINK) {
		r = put_member(w,
			       t->kind == TAR_SYMLINK ? ARCHIVE_MEMBER_SYMLINK
						      : ARCHIVE_MEMBER_HARDLINK,
			       t, e);
		return MIN(r, 0);
	}
	if (t->kind != TAR_FILE || t->is_sparse)
		return 0;
	r = put_member(w, ARCHIVE_MEMBER_FILE, t, e);
	w->bytes = t->bytes;
	w->mode = HEAD;
	buf_reset(&w->head);
	return r;
}

static int begin_layer(struct walk *w, struct err *e)
{
	int r;

	arena_init(&w->arena, (size_t)w->task->options->limits.memory_bytes);
	r = layer_reader_new(w->task->options, &w->arena, &w->layer, e);
	if (r == 0)
		w->mode = LAYER;
	return r;
}

static void end_layer(struct walk *w, bool cut)
{
	OWNED_BUF answer = BUF_INIT;
	struct json_out j;
	struct layer l;
	bool damaged;

	layer_reader_finish(w->layer, &l, &damaged);
	buf_byte(&answer, damaged || cut ? '1' : '0');
	json_out_init(&j, &answer, false);
	layer_render(&l, &j);
	put_record(w, 'l', buf_str(&answer));
	if (buf_error(&answer))
		w->out->error = buf_error(&answer);
	layer_reader_free(w->layer);
	w->layer = NULL;
	arena_done(&w->arena);
	w->mode = NOTHING;
}

static bool looks_like_layer(str head)
{
	static const char zero[TAR_BLOCK];

	return inflate_recognise(head) != INFLATE_PLAIN || tar_is_header(head) ||
	       (head.n >= TAR_BLOCK && memcmp(head.p, zero, TAR_BLOCK) == 0);
}

/* @return 0 to go on, 1 to be spared the rest, or an error */
static int classify(struct walk *w, str head, struct err *e)
{
	bool is_json = head.n && (head.p[0] == '{' || head.p[0] == '[');

	if (is_json && w->bytes <= MANIFEST_MAX_BYTES) {
		w->text_bytes += w->bytes;
		if (w->text_bytes > ARCHIVE_MAX_TEXT)
			return err_set(e, E2BIG, "more than %llu bytes of JSON documents",
				       (unsigned long long)ARCHIVE_MAX_TEXT);
		buf_reset(&w->body);
		w->mode = TEXT;
		return 0;
	}
	if (!w->places && looks_like_layer(head))
		return begin_layer(w, e);
	w->mode = NOTHING;
	return 1;
}

static int pass(struct walk *w, str bytes, struct err *e)
{
	if (w->mode == LAYER)
		layer_reader_push(w->layer, bytes);
	else
		buf_add(&w->body, bytes);
	return buf_error(&w->body) ? err_set(e, ENOMEM, "no memory for a document") : 0;
}

static int on_data(void *ctx, str bytes, struct err *e)
{
	struct walk *w = ctx;
	str head = bytes;
	int r;

	if (w->mode != HEAD)
		return pass(w, bytes, e);
	if (w->head.n || (bytes.n < TAR_BLOCK && bytes.n < w->bytes)) {
		buf_add(&w->head, bytes);
		if (buf_error(&w->head))
			return err_set(e, ENOMEM, "no memory for a document");
		if (w->head.n < TAR_BLOCK && w->head.n < w->bytes)
			return 0;
		head = buf_str(&w->head);
	}
	r = classify(w, head, e);
	return r ? r : pass(w, head, e);
}

static int on_done(void *ctx, struct err *e)
{
	struct walk *w = ctx;

	(void)e;
	if (w->mode == TEXT)
		put_record(w, 't', buf_str(&w->body));
	if (w->mode == LAYER)
		end_layer(w, false);
	w->mode = NOTHING;
	return 0;
}

static int on_inflated(void *ctx, str bytes, struct err *e)
{
	struct walk *w = ctx;

	return tar_push(w->tar, bytes, e);
}

static void push(void *ctx, str bytes)
{
	struct walk *w = ctx;

	if (w->error == 0)
		w->error = inflate_push(w->inflate, bytes, w->e);
}

static int read_places(struct walk *w, const struct layer_input *in)
{
	char piece[INDEX_READ_BYTES];
	uint64_t at = 0;
	int r = 0;

	while (r == 0 && at < in->bytes && !tar_is_over(w->tar)) {
		ssize_t n = pread(in->fd, piece, sizeof(piece), (off_t)(in->offset + at));
		uint64_t skip;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(w->e, errno, "read failed");
		if (n == 0)
			break;
		r = tar_push(w->tar, (str){ piece, (size_t)n }, w->e);
		at += (uint64_t)n;
		if (r == 0 && !tar_is_over(w->tar)) {
			skip = MIN(tar_skippable(w->tar), in->bytes - MIN(at, in->bytes));
			tar_skipped(w->tar, skip);
			at += skip;
		}
	}
	return r < 0 || at > in->bytes ? r : tar_end(w->tar, w->e);
}

static int read_stream(struct walk *w, const struct layer_input *in)
{
	int r = layer_input_read(w->task, in, push, w, w->e);

	if (r == 0)
		r = w->error;
	if (r == 0)
		r = inflate_end(w->inflate, w->e);
	return r < 0 ? r : tar_end(w->tar, w->e);
}

static bool is_plain_file(const struct layer_input *in)
{
	char head[TAR_BLOCK];
	ssize_t n = in->is_seekable ? pread(in->fd, head, sizeof(head), (off_t)in->offset) : -1;

	return n == TAR_BLOCK && tar_is_header((str){ head, TAR_BLOCK });
}

void archive_index_task(const struct layer_task *t, const struct layer_input *in, struct buf *ret)
{
	struct err e = { 0 };
	struct walk w = { .task = t, .out = ret, .e = &e, .places = is_plain_file(in) };
	struct tar_handler handler = { &w, on_entry, on_data, on_done };
	struct inflate_options options = { .max_bytes = t->options->limits.image_bytes,
					   .expansion = MAX(t->options->limits.expansion, 1u),
					   .sink = on_inflated,
					   .ctx = &w };
	int r = tar_new(&handler, &w.tar, &e);

	if (r == 0)
		r = inflate_new(&options, &w.inflate, &e);
	if (r == 0)
		r = w.places ? read_places(&w, in) : read_stream(&w, in);
	if (w.mode == LAYER)
		end_layer(&w, true);
	if (r < 0)
		put_record(&w, 'd', str_from(e.text));
}

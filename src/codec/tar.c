#include "codec/tar_priv.h"

enum place {
	HEADER,
	EXTENDED,     /**< body of a pax or GNU long-name header */
	SPARSE_BLOCK, /**< an old GNU sparse header goes on */
	SPARSE_MAP,   /**< pax 1.0: the map stands before the data */
	DATA,
	OVER,
};

struct tar {
	struct tar_handler h;
	enum place at;
	uint64_t offset; /**< of the next byte in the archive */
	uint8_t block[TAR_BLOCK];
	size_t block_bytes;
	struct buf body;    /**< of an extended header or a sparse map */
	uint64_t body_left; /**< bytes of the body still to come */
	uint64_t body_padding;
	char body_type;
	struct tar_extended x;
	struct tar_header header;
	struct buf path;        /**< prefix and name joined */
	uint64_t left, padding; /**< of the current entry's data */
	bool wanted, is_sparse;
	uint64_t position; /**< in a sparse file: bytes handed over */
	size_t segment;    /**< in a sparse file: the one being filled */
	uint64_t in_segment;
	bool zero_block; /**< the last block was zero */
};

int tar_new(const struct tar_handler *h, struct tar **ret, struct err *e)
{
	struct tar *t = calloc(1, sizeof(*t));

	if (!t)
		return err_set(e, ENOMEM, "no memory to read a tar archive");
	t->h = *h;
	t->path.max = TAR_MAX_EXTENDED;
	*ret = t;
	return 0;
}

void tar_free(struct tar *t)
{
	if (!t)
		return;
	buf_done(&t->body);
	buf_done(&t->path);
	tar_extended_done(&t->x);
	free(t);
}

static uint64_t padding_of(uint64_t bytes)
{
	return (TAR_BLOCK - bytes % TAR_BLOCK) % TAR_BLOCK;
}

static enum tar_kind kind_of(char type, str path)
{
	switch (type) {
	case '\0':
	case '0':
	case '7':
		return str_ends(path, S("/")) ? TAR_FOLDER : TAR_FILE;
	case 'S':
		return TAR_FILE;
	case '1':
		return TAR_HARDLINK;
	case '2':
		return TAR_SYMLINK;
	case '3':
	case '4':
		return TAR_DEVICE;
	case '5':
	case 'D':
		return TAR_FOLDER;
	case '6':
		return TAR_FIFO;
	default:
		return TAR_OTHER;
	}
}

/* Types whose size field counts no data; container engines read archives so (Go's archive/tar). */
static bool has_no_data(char type)
{
	return type >= '1' && type <= '6';
}

static str path_of(struct tar *t)
{
	const struct tar_header *h = &t->header;

	if (t->x.has_path)
		return buf_str(&t->x.path);
	if (!h->prefix.n)
		return h->name;
	buf_reset(&t->path);
	buf_add(&t->path, h->prefix);
	buf_byte(&t->path, '/');
	buf_add(&t->path, h->name);
	return buf_str(&t->path);
}

static int pass(struct tar *t, str bytes, struct err *e)
{
	t->position += bytes.n;
	return bytes.n ? t->h.data(t->h.ctx, bytes, e) : 0;
}

static int pass_hole(struct tar *t, uint64_t until, struct err *e)
{
	static const char zeros[16 * 1024];
	int r = 0;

	while (r == 0 && t->position < until)
		r = pass(t, (str){ zeros, (size_t)MIN(until - t->position, sizeof(zeros)) }, e);
	return r;
}

/* Places arriving bytes at the offsets the map names. */
static int pass_sparse(struct tar *t, str bytes, struct err *e)
{
	int r = 0;

	while (r == 0 && bytes.n) {
		const struct tar_segment *s = &t->x.segments[t->segment];
		size_t n = (size_t)MIN((uint64_t)bytes.n, s->bytes - t->in_segment);

		r = pass_hole(t, s->offset, e);
		if (r == 0)
			r = pass(t, str_take(bytes, n), e);
		bytes = str_skip(bytes, n);
		t->in_segment += n;
		if (t->in_segment == s->bytes) {
			t->segment++;
			t->in_segment = 0;
		}
	}
	return r;
}

static int finish_entry(struct tar *t, struct err *e)
{
	int r = 0;

	if (t->wanted && t->is_sparse)
		r = pass_hole(t, t->x.real_size, e);
	if (r == 0 && t->wanted)
		r = t->h.done(t->h.ctx, e);
	if (r > 0)
		r = 0;
	t->wanted = false;
	tar_extended_reset(&t->x);
	t->at = HEADER;
	return r;
}

static int begin_data(struct tar *t, struct err *e)
{
	if (t->wanted && t->is_sparse) {
		int r = tar_sparse_check(&t->x, t->left, e);

		if (r < 0)
			return r;
	}
	t->at = DATA;
	return t->left ? 0 : finish_entry(t, e);
}

static int begin_entry(struct tar *t, struct err *e)
{
	const struct tar_header *h = &t->header;
	struct tar_entry entry = { .path = path_of(t),
				   .link = t->x.has_link ? buf_str(&t->x.link) : h->link,
				   .data_offset = t->offset };
	int r;

	if (buf_error(&t->path))
		return err_set(e, ENOMEM, "tar: no memory for a name");
	entry.kind = kind_of(h->type, entry.path);
	t->left = has_no_data(h->type) ? 0 : t->x.has_size ? t->x.size : h->size;
	t->padding = padding_of(t->left);
	t->is_sparse = t->x.is_sparse && entry.kind == TAR_FILE;
	entry.stored_bytes = t->left;
	entry.is_sparse = t->is_sparse;
	if (entry.kind == TAR_FILE)
		entry.bytes = t->is_sparse ? t->x.real_size : t->left;
	t->position = t->in_segment = 0;
	t->segment = 0;
	r = t->h.entry(t->h.ctx, &entry, e);
	if (r < 0)
		return r;
	t->wanted = r > 0 && entry.kind == TAR_FILE;
	if (t->wanted && t->is_sparse && t->x.map_in_data) {
		buf_reset(&t->body);
		t->at = SPARSE_MAP;
		return 0;
	}
	return begin_data(t, e);
}

static int begin_body(struct tar *t, struct err *e)
{
	if (t->header.size > TAR_MAX_EXTENDED)
		return err_set(e, E2BIG, "tar: extended header of %llu bytes",
			       (unsigned long long)t->header.size);
	buf_reset(&t->body);
	t->body_type = t->header.type;
	t->body_left = t->header.size;
	t->body_padding = padding_of(t->header.size);
	t->at = EXTENDED;
	return 0;
}

static int end_body(struct tar *t, struct err *e)
{
	str text = buf_str(&t->body);

	t->at = HEADER;
	if (buf_error(&t->body))
		return err_set(e, ENOMEM, "tar: no memory for an extended header");
	switch (t->body_type) {
	case 'x':
	case 'X':
		return tar_pax_parse(text, &t->x, e);
	case 'L':
		buf_reset(&t->x.path);
		buf_add(&t->x.path, str_take(text, str_find(text, '\0')));
		t->x.has_path = true;
		break;
	case 'K':
		buf_reset(&t->x.link);
		buf_add(&t->x.link, str_take(text, str_find(text, '\0')));
		t->x.has_link = true;
		break;
	default:
		/* Global headers: engines do not apply their names or sizes to entries, so neither do we. */
		break;
	}
	return buf_error(&t->x.path) || buf_error(&t->x.link)
		       ? err_set(e, ENOMEM, "tar: no memory for a name")
		       : 0;
}

static bool is_zero(const uint8_t *block)
{
	static const uint8_t zero[TAR_BLOCK];

	return block[0] == 0 && memcmp(block, zero, TAR_BLOCK) == 0;
}

static int take_block(struct tar *t, const uint8_t *block, struct err *e)
{
	bool more = false;
	int r;

	if (is_zero(block)) {
		if (t->zero_block)
			t->at = OVER;
		t->zero_block = true;
		return 0;
	}
	if (t->zero_block)
		return err_set(e, EBADMSG, "tar: entry behind a zero block");
	r = tar_header_parse(block, &t->header, e);
	if (r < 0)
		return r;
	switch (t->header.type) {
	case 'x':
	case 'X':
	case 'g':
	case 'L':
	case 'K':
		return begin_body(t, e);
	case 'S':
		r = tar_sparse_old(block, true, &t->x, &more, e);
		if (r < 0)
			return r;
		if (more) {
			/* The names must outlive the blocks to come. */
			memcpy(t->block, block, TAR_BLOCK);
			r = tar_header_parse(t->block, &t->header, e);
			t->at = SPARSE_BLOCK;
			return r;
		}
		break;
	default:
		break;
	}
	return begin_entry(t, e);
}

static int header_step(struct tar *t, str *in, struct err *e)
{
	const uint8_t *block = (const uint8_t *)in->p;

	if (t->block_bytes || in->n < TAR_BLOCK) {
		size_t n = MIN(in->n, TAR_BLOCK - t->block_bytes);

		memcpy(t->block + t->block_bytes, in->p, n);
		t->block_bytes += n;
		t->offset += n;
		*in = str_skip(*in, n);
		if (t->block_bytes < TAR_BLOCK)
			return 0;
		t->block_bytes = 0;
		block = t->block;
	} else {
		t->offset += TAR_BLOCK;
		*in = str_skip(*in, TAR_BLOCK);
	}
	return take_block(t, block, e);
}

/* Uses the body buffer for the blocks: `block` holds the header they belong to. */
static int sparse_block_step(struct tar *t, str *in, struct err *e)
{
	size_t n = MIN(in->n, TAR_BLOCK - t->body.n);
	bool more;
	int r;

	buf_add(&t->body, str_take(*in, n));
	if (buf_error(&t->body))
		return err_set(e, ENOMEM, "tar: no memory for a sparse map");
	t->offset += n;
	*in = str_skip(*in, n);
	if (t->body.n < TAR_BLOCK)
		return 0;
	r = tar_sparse_old((const uint8_t *)t->body.p, false, &t->x, &more, e);
	buf_reset(&t->body);
	if (r < 0 || more)
		return r;
	return begin_entry(t, e);
}

static int sparse_map_step(struct tar *t, str *in, struct err *e)
{
	size_t n = (size_t)MIN(MIN((uint64_t)in->n, t->left), TAR_BLOCK - t->body.n % TAR_BLOCK);
	int64_t used;

	if (n == 0 || t->body.n > TAR_MAX_EXTENDED * 4)
		return err_set(e, EBADMSG, "tar: sparse map without end");
	buf_add(&t->body, str_take(*in, n));
	if (buf_error(&t->body))
		return err_set(e, ENOMEM, "tar: no memory for a sparse map");
	t->offset += n;
	t->left -= n;
	*in = str_skip(*in, n);
	if (t->body.n % TAR_BLOCK)
		return 0;
	/* Parsing anew at every block would be quadratic in the size of the map; at powers of two it is not. */
	if (t->left && (t->body.n / TAR_BLOCK & (t->body.n / TAR_BLOCK - 1)))
		return 0;
	used = tar_sparse_lines(buf_str(&t->body), &t->x, e);
	if (used <= 0)
		return (int)used;
	return 1;
}

/* The map ended at `used`; blocks collected behind it are data already. */
static int after_map(struct tar *t, struct err *e)
{
	int64_t used = tar_sparse_lines(buf_str(&t->body), &t->x, e);
	str early;
	int r;

	if (used < 0)
		return (int)used;
	early = str_skip(buf_str(&t->body), (size_t)used);
	t->left += early.n;
	r = tar_sparse_check(&t->x, t->left, e);
	if (r == 0)
		r = pass_sparse(t, early, e);
	if (r > 0) {
		t->wanted = false;
		r = 0;
	}
	t->left -= early.n;
	t->at = DATA;
	if (r == 0 && t->left == 0)
		r = finish_entry(t, e);
	return r;
}

static int body_step(struct tar *t, str *in, struct err *e)
{
	size_t n = (size_t)MIN((uint64_t)in->n, t->body_left);

	buf_add(&t->body, str_take(*in, n));
	t->body_left -= n;
	t->offset += n;
	*in = str_skip(*in, n);
	if (t->body_left)
		return 0;
	t->padding = t->body_padding;
	return end_body(t, e);
}

static int data_step(struct tar *t, str *in, struct err *e)
{
	size_t n = (size_t)MIN((uint64_t)in->n, t->left);
	str piece = str_take(*in, n);
	int r = 0;

	if (t->wanted)
		r = t->is_sparse ? pass_sparse(t, piece, e) : pass(t, piece, e);
	if (r > 0) {
		t->wanted = false;
		r = 0;
	}
	t->left -= n;
	t->offset += n;
	*in = str_skip(*in, n);
	if (r == 0 && t->left == 0)
		r = finish_entry(t, e);
	return r;
}

static void skip_padding(struct tar *t, str *in)
{
	size_t n = (size_t)MIN((uint64_t)in->n, t->padding);

	t->padding -= n;
	t->offset += n;
	*in = str_skip(*in, n);
}

int tar_push(struct tar *t, str in, struct err *e)
{
	int r = 0;

	while (r == 0 && in.n && t->at != OVER) {
		switch (t->at) {
		case HEADER:
			if (t->padding)
				skip_padding(t, &in);
			else
				r = header_step(t, &in, e);
			break;
		case EXTENDED:
			r = body_step(t, &in, e);
			break;
		case SPARSE_BLOCK:
			r = sparse_block_step(t, &in, e);
			break;
		case SPARSE_MAP:
			r = sparse_map_step(t, &in, e);
			if (r > 0)
				r = after_map(t, e);
			break;
		case DATA:
			r = data_step(t, &in, e);
			break;
		case OVER:
			break;
		}
	}
	return r < 0 ? r : 0;
}

int tar_end(struct tar *t, struct err *e)
{
	bool between = t->at == OVER || (t->at == HEADER && t->block_bytes == 0 && !t->x.has_path &&
					 !t->x.has_link && !t->x.has_size);

	if (!between)
		return err_set(e, EBADMSG, "tar: cut off inside an entry");
	return 0;
}

uint64_t tar_skippable(const struct tar *t)
{
	if (t->at == OVER)
		return UINT64_MAX;
	if (t->at == HEADER)
		return t->padding;
	return t->at == DATA && !t->wanted ? t->left + t->padding : 0;
}

void tar_skipped(struct tar *t, uint64_t bytes)
{
	uint64_t data = t->at == DATA ? MIN(bytes, t->left) : 0;
	uint64_t padding = MIN(bytes - data, t->padding);

	t->offset += data + padding;
	t->padding -= padding;
	t->left -= data;
	if (t->at == DATA && t->left == 0) {
		tar_extended_reset(&t->x);
		t->at = HEADER;
	}
}

uint64_t tar_offset(const struct tar *t)
{
	return t->offset;
}

bool tar_is_over(const struct tar *t)
{
	return t->at == OVER;
}

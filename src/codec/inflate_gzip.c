/* ISA-L inflates raw deflate; member headers and trailers are read here, because its own reader cannot say how many
 * bytes behind a member it has taken into its bit buffer. */
#include "codec/inflate_priv.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

enum place { HEADER, EXTRA_SIZE, EXTRA, NAME, COMMENT, HEADER_CRC, DATA, TRAILER, BETWEEN };

enum { HEADER_BYTES = 10, TRAILER_BYTES = 8 };
enum {
	FLAG_HEADER_CRC = 2,
	FLAG_EXTRA = 4,
	FLAG_NAME = 8,
	FLAG_COMMENT = 16,
	FLAGS_RESERVED = 0xe0
};

struct gzip {
	struct inflate_state isal;
	enum place at;
	uint8_t field[HEADER_BYTES]; /**< header or trailer being collected */
	size_t field_bytes;
	size_t left; /**< of the extra field */
	uint8_t flags;
	bool padded; /**< zero bytes followed a member: only more of them may */
	uint64_t member_bytes;
	uint32_t crc;
};

static int gzip_open(struct inflate *z, struct err *e)
{
	struct gzip *g = calloc(1, sizeof(*g));

	if (!g)
		return err_set(e, ENOMEM, "no memory to decompress gzip");
	g->at = HEADER;
	z->state = g;
	return 0;
}

/* Collects a field of fixed size. @return true when it is complete */
static bool collect(struct gzip *g, str *in, size_t want)
{
	size_t n = MIN(in->n, want - g->field_bytes);

	memcpy(g->field + g->field_bytes, in->p, n);
	g->field_bytes += n;
	*in = str_skip(*in, n);
	if (g->field_bytes < want)
		return false;
	g->field_bytes = 0;
	return true;
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The next part of the header that the flags announce. */
static void advance(struct gzip *g, enum place after)
{
	if (after < EXTRA_SIZE && g->flags & FLAG_EXTRA) {
		g->at = EXTRA_SIZE;
	} else if (after < NAME && g->flags & FLAG_NAME) {
		g->at = NAME;
	} else if (after < COMMENT && g->flags & FLAG_COMMENT) {
		g->at = COMMENT;
	} else if (after < HEADER_CRC && g->flags & FLAG_HEADER_CRC) {
		g->at = HEADER_CRC;
	} else {
		isal_inflate_init(&g->isal);
		g->isal.crc_flag = ISAL_DEFLATE;
		g->member_bytes = 0;
		g->crc = 0;
		g->at = DATA;
	}
}

static int take_header(struct gzip *g, str *in, struct err *e)
{
	if (!collect(g, in, HEADER_BYTES))
		return 0;
	if (g->field[0] != 0x1f || g->field[1] != 0x8b || g->field[2] != 8 ||
	    g->field[3] & FLAGS_RESERVED)
		return err_set(e, EBADMSG, "gzip: bad member header");
	g->flags = g->field[3];
	advance(g, HEADER);
	return 0;
}

static void skip_string(struct gzip *g, str *in)
{
	size_t end = str_find(*in, '\0');
	bool found = end < in->n;

	*in = str_skip(*in, end + 1);
	if (found)
		advance(g, g->at);
}

static int inflate_data(struct inflate *z, struct gzip *g, str *in, struct err *e)
{
	struct inflate_state *s = &g->isal;
	size_t piece = MIN(in->n, (size_t)1 << 30);
	bool damaged;
	size_t n;
	int r;

	/* ISA-L takes a non-const pointer but only reads. */
	s->next_in = (uint8_t *)(uintptr_t)in->p;
	s->avail_in = (uint32_t)piece;
	do {
		s->next_out = z->out;
		s->avail_out = INFLATE_OUT_BYTES;
		r = isal_inflate(s);
		n = INFLATE_OUT_BYTES - s->avail_out;
		damaged = r < 0;
		g->crc = crc32_gzip_refl(g->crc, z->out, n);
		g->member_bytes += n;
		r = inflate_emit(z, inflate_out(z, n), e);
		if (r < 0)
			return r;
		if (damaged)
			return err_set(e, EBADMSG, "gzip: damaged");
	} while (s->block_state != ISAL_BLOCK_FINISH && (s->avail_in || s->avail_out == 0));
	*in = str_skip(*in, piece - s->avail_in);
	return 0;
}

/* Bytes the bit buffer holds beyond the last block belong to the trailer or the next member. They may have come with
 * an earlier push, so they are replayed from here and never by stepping back in the input. */
static size_t left_in_bit_buffer(struct gzip *g, uint8_t ret[8])
{
	struct inflate_state *s = &g->isal;
	size_t n = s->read_in_length > 0 ? (size_t)s->read_in_length / 8 : 0;
	uint64_t bits = s->read_in >> (s->read_in_length > 0 ? s->read_in_length % 8 : 0);

	for (size_t i = 0; i < n; i++)
		ret[i] = (uint8_t)(bits >> 8 * i);
	return n;
}

static int take_trailer(struct gzip *g, str *in, struct err *e)
{
	if (!collect(g, in, TRAILER_BYTES))
		return 0;
	if (le32(g->field) != g->crc || le32(g->field + 4) != (uint32_t)g->member_bytes)
		return err_set(e, EBADMSG, "gzip: checksum does not match");
	g->at = BETWEEN;
	return 0;
}

static int between_members(struct gzip *g, str *in, struct err *e)
{
	while (in->n && in->p[0] == '\0') {
		g->padded = true;
		*in = str_skip(*in, 1);
	}
	if (!in->n)
		return 0;
	if (g->padded || (uint8_t)in->p[0] != 0x1f)
		return err_set(e, EBADMSG, "gzip: garbage behind the last member");
	g->at = HEADER;
	return 0;
}

static int step(struct inflate *z, struct gzip *g, str *in, struct err *e);

static int gzip_push(struct inflate *z, str in, struct err *e)
{
	struct gzip *g = z->state;
	int r = 0;

	while (in.n && r == 0)
		r = step(z, g, &in, e);
	return r;
}

static int finish_data(struct inflate *z, struct gzip *g, struct err *e)
{
	uint8_t held[8];
	str in = { (const char *)held, left_in_bit_buffer(g, held) };
	int r = 0;

	g->at = TRAILER;
	/* At most eight bytes: trailer and perhaps the beginning of padding or header, never deflate data. */
	while (in.n && r == 0)
		r = step(z, g, &in, e);
	return r;
}

static int step(struct inflate *z, struct gzip *g, str *in, struct err *e)
{
	int r;

	switch (g->at) {
	case HEADER:
		return take_header(g, in, e);
	case EXTRA_SIZE:
		if (collect(g, in, 2)) {
			g->left = (size_t)g->field[0] | (size_t)g->field[1] << 8;
			g->at = EXTRA;
			if (!g->left)
				advance(g, EXTRA);
		}
		return 0;
	case EXTRA: {
		size_t n = MIN(in->n, g->left);

		*in = str_skip(*in, n);
		g->left -= n;
		if (!g->left)
			advance(g, EXTRA);
		return 0;
	}
	case NAME:
	case COMMENT:
		skip_string(g, in);
		return 0;
	case HEADER_CRC:
		if (collect(g, in, 2))
			advance(g, HEADER_CRC);
		return 0;
	case DATA:
		r = inflate_data(z, g, in, e);
		if (r == 0 && g->isal.block_state == ISAL_BLOCK_FINISH)
			r = finish_data(z, g, e);
		return r;
	case TRAILER:
		return take_trailer(g, in, e);
	case BETWEEN:
		break;
	}
	return between_members(g, in, e);
}

static int gzip_end(struct inflate *z, struct err *e)
{
	const struct gzip *g = z->state;

	if (g->at != BETWEEN)
		return err_set(e, EBADMSG, "gzip: cut off");
	return 0;
}

const struct inflate_codec inflate_gzip = { gzip_open, gzip_push, gzip_end, free };

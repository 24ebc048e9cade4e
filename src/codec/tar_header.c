#include "codec/tar_priv.h"

#include <stdio.h>

/* Layout of a header block: POSIX.1-2017, pax, "ustar Interchange Format". */
enum {
	AT_NAME = 0,
	AT_MODE = 100,
	AT_SIZE = 124,
	AT_SUM = 148,
	AT_TYPE = 156,
	AT_LINK = 157,
	AT_MAGIC = 257,
	AT_PREFIX = 345,
	NAME_BYTES = 100,
	PREFIX_BYTES = 155,
	NUMBER_BYTES = 12,
	SUM_BYTES = 8,
};

static str field(const uint8_t *p, size_t max)
{
	return (str){ (const char *)p, strnlen((const char *)p, max) };
}

static bool checksum_holds(const uint8_t b[TAR_BLOCK])
{
	uint32_t sum = 0, high = 0;
	uint64_t stored;

	/* The standard's sum is over unsigned bytes; ancient writers summed signed ones. */
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		sum += b[i];
		high += b[i] >> 7;
	}
	for (size_t i = AT_SUM; i < AT_SUM + SUM_BYTES; i++) {
		sum -= b[i];
		high -= b[i] >> 7;
	}
	sum += SUM_BYTES * ' ';
	if (tar_number(b + AT_SUM, SUM_BYTES, &stored, NULL) < 0)
		return false;
	return stored == sum || stored == (uint32_t)(sum - 256 * high);
}

bool tar_is_header(str block)
{
	return block.n >= TAR_BLOCK && checksum_holds((const uint8_t *)block.p);
}

int tar_header_parse(const uint8_t b[TAR_BLOCK], struct tar_header *ret, struct err *e)
{
	struct tar_header h = { .type = (char)b[AT_TYPE] };
	int r;

	if (!checksum_holds(b))
		return err_set(e, EBADMSG, "tar: header checksum does not match");
	r = tar_number(b + AT_SIZE, NUMBER_BYTES, &h.size, e);
	if (r < 0)
		return r;
	if (h.size > INT64_MAX)
		return err_set(e, EBADMSG, "tar: entry of impossible size");
	h.is_ustar = memcmp(b + AT_MAGIC, "ustar\0", 6) == 0;
	h.is_gnu = memcmp(b + AT_MAGIC, "ustar  ", 8) == 0;
	h.name = field(b + AT_NAME, NAME_BYTES);
	h.link = field(b + AT_LINK, NAME_BYTES);
	if (h.is_ustar)
		h.prefix = field(b + AT_PREFIX, PREFIX_BYTES);
	*ret = h;
	return 0;
}

static int set_text(struct buf *b, bool *has, str value, struct err *e)
{
	buf_reset(b);
	buf_add(b, value);
	*has = true;
	return buf_error(b) ? err_set(e, ENOMEM, "tar: no memory for a name") : 0;
}

static int pax_number(str value, uint64_t *ret, struct err *e)
{
	if (str_u64(value, ret) < 0 || *ret > INT64_MAX)
		return err_set(e, EBADMSG, "tar: malformed number '%.*s' in an extended header",
			       STR_ARG(str_take(value, 40)));
	return 0;
}

static int sparse_record(str key, str value, struct tar_extended *x, struct err *e)
{
	uint64_t n;
	int r;

	if (str_is(key, "name"))
		return set_text(&x->path, &x->has_path, value, e);
	if (str_is(key, "map")) {
		x->is_sparse = true;
		return tar_sparse_list(value, x, e);
	}
	r = pax_number(value, &n, e);
	if (r < 0)
		return r;
	if (str_is(key, "major")) {
		x->is_sparse = true;
		x->map_in_data = n == 1;
		if (n > 1)
			return err_set(e, EBADMSG, "tar: sparse format %llu is not known",
				       (unsigned long long)n);
	} else if (str_is(key, "realsize") || str_is(key, "size")) {
		x->is_sparse = true;
		x->has_real_size = true;
		x->real_size = n;
	} else if (str_is(key, "offset")) {
		x->pending_offset = n;
	} else if (str_is(key, "numbytes")) {
		return tar_sparse_add(x, x->pending_offset, n, e);
	}
	return 0;
}

static int record(str key, str value, struct tar_extended *x, struct err *e)
{
	const str sparse = S("GNU.sparse.");

	if (str_is(key, "path")) {
		/* GNU.sparse.name is the real one; "path" then holds a made-up name. */
		return x->is_sparse && x->has_path ? 0 : set_text(&x->path, &x->has_path, value, e);
	}
	if (str_is(key, "linkpath"))
		return set_text(&x->link, &x->has_link, value, e);
	if (str_is(key, "size")) {
		x->has_size = true;
		return pax_number(value, &x->size, e);
	}
	if (str_starts(key, sparse))
		return sparse_record(str_skip(key, sparse.n), value, x, e);
	return 0;
}

int tar_pax_parse(str text, struct tar_extended *x, struct err *e)
{
	while (text.n && text.p[0] != '\0') {
		size_t blank = str_find(text, ' ');
		uint64_t n;
		str line, key;
		int r;

		if (str_u64(str_take(text, blank), &n) < 0 || n > text.n || n < blank + 3 ||
		    text.p[n - 1] != '\n')
			return err_set(e, EBADMSG, "tar: malformed record in an extended header");
		line = (str){ text.p + blank + 1, (size_t)n - blank - 2 };
		text = str_skip(text, (size_t)n);
		if (str_find(line, '=') == line.n)
			return err_set(e, EBADMSG, "tar: record without '=' in an extended header");
		key = str_cut(&line, '=');
		r = record(key, line, x, e);
		if (r < 0)
			return r;
	}
	return 0;
}

void tar_extended_reset(struct tar_extended *x)
{
	struct buf path = x->path, link = x->link;
	struct tar_segment *segments = x->segments;
	size_t cap = x->segment_cap;

	*x = (struct tar_extended){
		.path = path, .link = link, .segments = segments, .segment_cap = cap
	};
}

void tar_extended_done(struct tar_extended *x)
{
	buf_done(&x->path);
	buf_done(&x->link);
	free(x->segments);
}

static void put_octal(char *at, size_t n, uint64_t v)
{
	for (size_t i = n - 1; i-- > 0; v >>= 3)
		at[i] = (char)('0' + (v & 7));
	at[n - 1] = '\0';
}

static void put_block(char type, str name, str link, uint64_t size, struct buf *out)
{
	uint8_t b[TAR_BLOCK] = { 0 };
	uint32_t sum = 0;

	memcpy(b + AT_NAME, name.p, MIN(name.n, (size_t)NAME_BYTES));
	if (link.n)
		memcpy(b + AT_LINK, link.p, MIN(link.n, (size_t)NAME_BYTES));
	put_octal((char *)b + AT_MODE, SUM_BYTES, 0644);
	put_octal((char *)b + AT_SIZE, NUMBER_BYTES, size);
	b[AT_TYPE] = (uint8_t)type;
	memcpy(b + AT_MAGIC,
	       "ustar\0"
	       "00",
	       8);
	memset(b + AT_SUM, ' ', SUM_BYTES);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += b[i];
	put_octal((char *)b + AT_SUM, SUM_BYTES - 1, sum);
	buf_add(out, (str){ (const char *)b, sizeof(b) });
}

static void put_record(const char *key, str value, struct buf *out)
{
	size_t base = strlen(key) + value.n + 3, n = base + 1;
	char digits[24];
	int width = 0;

	/* The length counts its own digits. */
	for (int i = 0; i < 3; i++) {
		width = snprintf(digits, sizeof(digits), "%zu", n);
		n = base + (size_t)width;
	}
	buf_printf(out, "%zu %s=", n, key);
	buf_add(out, value);
	buf_byte(out, '\n');
}

static void put_padding(size_t used, struct buf *out)
{
	for (size_t i = used; i % TAR_BLOCK; i++)
		buf_byte(out, '\0');
}

void tar_render_header(enum tar_kind kind, str path, str link, uint64_t bytes, struct buf *out)
{
	static const char types[] = { [TAR_FILE] = '0', [TAR_SYMLINK] = '2', [TAR_FOLDER] = '5' };
	const uint64_t largest = (uint64_t)1 << 33;
	OWNED_BUF pax = BUF_INIT;

	if (path.n > NAME_BYTES)
		put_record("path", path, &pax);
	if (link.n > NAME_BYTES)
		put_record("linkpath", link, &pax);
	if (bytes >= largest) {
		char digits[24];
		int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)bytes);

		put_record("size", (str){ digits, (size_t)n }, &pax);
	}
	if (pax.n) {
		put_block('x', S("pax"), (str){ NULL, 0 }, pax.n, out);
		buf_add(out, buf_str(&pax));
		put_padding(pax.n, out);
	}
	if (buf_error(&pax))
		out->error = buf_error(&pax);
	put_block(types[kind], path, link, bytes < largest ? bytes : 0, out);
}

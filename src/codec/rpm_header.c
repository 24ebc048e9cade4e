#include "codec/rpm_header.h"

#include "codec/digest.h"
#include "codec/rpm_bytes_priv.h"

enum {
	ENTRY_BYTES = 16,
	MAX_ENTRIES = 65535,
	TYPE_NULL = 0,
	TYPE_CHAR = 1,
	TYPE_INT8 = 2,
	TYPE_INT16 = 3,
	TYPE_INT32 = 4,
	TYPE_INT64 = 5,
	TYPE_STRING = 6,
	TYPE_BIN = 7,
	TYPE_STRING_ARRAY = 8,
	TYPE_I18NSTRING = 9,
};

struct entry {
	uint32_t tag, type, offset, count;
};

static struct entry entry_at(const struct rpm_header *h, size_t i)
{
	str e = str_skip(h->index, i * ENTRY_BYTES);

	return (struct entry){ .tag = rpm_be32(e, 0),
			       .type = rpm_be32(e, 4),
			       .offset = rpm_be32(e, 8),
			       .count = rpm_be32(e, 12) };
}

static bool is_stringy(uint32_t type)
{
	return type == TYPE_STRING || type == TYPE_STRING_ARRAY || type == TYPE_I18NSTRING;
}

static uint32_t width_of(uint32_t type)
{
	switch (type) {
	case TYPE_INT16:
		return 2;
	case TYPE_INT32:
		return 4;
	case TYPE_INT64:
		return 8;
	default:
		return 1;
	}
}

/* A tag that we read must be of its own kind, or a broken entry would hide the sound one it seems to replace. */
static bool is_of_kind(const struct entry *e)
{
#define IS_BYTES(type) ((type) == TYPE_BIN)
#define IS_NUMBERS(type) ((type) == TYPE_INT16 || (type) == TYPE_INT32)
#define IS_TEXT(type) is_stringy(type)
	switch (e->tag) {
#define IS_KIND(id, number, values) \
	case RPM_TAG_##id: \
		return IS_##values(e->type);
		RPM_TAGS(IS_KIND)
#undef IS_KIND
	default:
		return true;
	}
#undef IS_TEXT
#undef IS_NUMBERS
#undef IS_BYTES
}

/* Strings are measured when they are walked: here each is known to take a byte at least. */
static bool fits(const struct rpm_header *h, const struct entry *e)
{
	return e->type <= TYPE_I18NSTRING && is_of_kind(e) && e->count && e->offset < h->data.n &&
	       (uint64_t)e->count * width_of(e->type) <= h->data.n - e->offset;
}

int rpm_header_parse(str blob, struct rpm_header *ret, struct err *e)
{
	struct rpm_header h = { 0 };
	uint32_t entries, bytes;

	if (blob.n < 8)
		return err_set(e, EBADMSG, "rpm header: shorter than its own sizes");
	entries = rpm_be32(blob, 0);
	bytes = rpm_be32(blob, 4);
	if (!entries || entries > MAX_ENTRIES ||
	    8 + (uint64_t)entries * ENTRY_BYTES + bytes != blob.n)
		return err_set(e, EBADMSG,
			       "rpm header: %u entries and %u bytes of data do not make %zu bytes",
			       entries, bytes, blob.n);
	h.index = str_take(str_skip(blob, 8), (size_t)entries * ENTRY_BYTES);
	h.data = str_skip(blob, 8 + h.index.n);
	for (uint32_t i = 0; i < entries; i++) {
		struct entry entry = entry_at(&h, i);

		h.bad_entries += !fits(&h, &entry);
	}
	*ret = h;
	return 0;
}

static bool find(const struct rpm_header *h, enum rpm_tag tag, struct entry *ret)
{
	bool found = false;

	for (size_t i = 0; i < h->index.n / ENTRY_BYTES; i++) {
		struct entry e = entry_at(h, i);

		if (e.tag == (uint32_t)tag && fits(h, &e)) {
			*ret = e;
			found = true;
		}
	}
	return found;
}

struct rpm_strings rpm_header_strings(const struct rpm_header *h, enum rpm_tag tag)
{
	struct entry e;

	if (!find(h, tag, &e) || !is_stringy(e.type))
		return (struct rpm_strings){ 0 };
	return (struct rpm_strings){ .rest = str_skip(h->data, e.offset), .left = e.count };
}

bool rpm_strings_next(struct rpm_strings *s, str *ret)
{
	size_t end = str_find(s->rest, '\0');

	/* A string without its NUL runs past the data: it and all behind it are no strings. */
	if (!s->left || end == s->rest.n) {
		s->left = 0;
		return false;
	}
	*ret = str_take(s->rest, end);
	s->rest = str_skip(s->rest, end + 1);
	s->left--;
	return true;
}

str rpm_header_str(const struct rpm_header *h, enum rpm_tag tag)
{
	struct rpm_strings s = rpm_header_strings(h, tag);
	str first = { NULL, 0 };

	return rpm_strings_next(&s, &first) ? first : (str){ NULL, 0 };
}

struct rpm_numbers rpm_header_numbers(const struct rpm_header *h, enum rpm_tag tag)
{
	struct entry e;

	if (!find(h, tag, &e) || (e.type != TYPE_INT16 && e.type != TYPE_INT32))
		return (struct rpm_numbers){ 0 };
	return (struct rpm_numbers){ .bytes = str_skip(h->data, e.offset),
				     .count = e.count,
				     .width = width_of(e.type) };
}

uint32_t rpm_numbers_at(const struct rpm_numbers *n, uint32_t i)
{
	size_t at = (size_t)i * n->width;

	assert(i < n->count);
	return n->width == 2 ? rpm_be16(n->bytes, at) : rpm_be32(n->bytes, at);
}

/* The immutable region: the first entry tells where its trailer lies, which tells how many entries it has. */
static bool region_of(const struct rpm_header *h, str *ret_index, str *ret_data)
{
	struct entry first = entry_at(h, 0), trailer;
	uint32_t bytes;

	if (first.tag != RPM_TAG_IMMUTABLE || first.type != TYPE_BIN ||
	    first.count != ENTRY_BYTES || !fits(h, &first))
		return false;
	trailer = entry_at(&(struct rpm_header){ .index = str_skip(h->data, first.offset) }, 0);
	bytes = -trailer.offset;
	if (trailer.tag != RPM_TAG_IMMUTABLE || !bytes || bytes % ENTRY_BYTES || bytes > h->index.n)
		return false;
	*ret_index = str_take(h->index, bytes);
	*ret_data = str_take(h->data, (size_t)first.offset + ENTRY_BYTES);
	return true;
}

static void be32_to(uint32_t n, unsigned char *at)
{
	for (size_t i = 0; i < 4; i++)
		at[i] = (unsigned char)(n >> (24 - 8 * i));
}

bool rpm_header_is_genuine(const struct rpm_header *h)
{
	/* The digest is over the region as it stood in the package file, magic and sizes included. */
	unsigned char lead[16] = { 0x8e, 0xad, 0xe8, 0x01 };
	str want = rpm_header_str(h, RPM_TAG_SHA256HEADER), index, data;
	uint8_t sum[SHA256_BYTES];
	char hex[SHA256_HEX + 1];
	struct sha256 *s;

	if (want.n != SHA256_HEX)
		return true;
	if (!region_of(h, &index, &data))
		return false;
	if (sha256_new(&s, NULL) < 0)
		return true;
	be32_to((uint32_t)(index.n / ENTRY_BYTES), lead + 8);
	be32_to((uint32_t)data.n, lead + 12);
	sha256_update(s, (str){ (const char *)lead, sizeof(lead) });
	sha256_update(s, index);
	sha256_update(s, data);
	sha256_final(s, sum);
	sha256_free(s);
	hex_render(sum, sizeof(sum), hex);
	return str_eq_nocase(want, (str){ hex, SHA256_HEX });
}

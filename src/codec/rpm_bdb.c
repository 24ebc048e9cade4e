#include "codec/rpm_bdb.h"

#include "codec/rpm_bytes_priv.h"

enum {
	HASH_MAGIC = 0x00061561,
	META_BYTES = 72, /* as much of the first page as is read */
	PAGE_HEADER = 26,
	PAGE_FREE = 0,
	PAGE_HASH_UNSORTED = 2,
	PAGE_OVERFLOW = 7,
	PAGE_HASHMETA = 8,
	PAGE_HASH = 13,
	ITEM_INLINE = 1,
	ITEM_OFFPAGE = 3,
	ITEM_OFFPAGE_BYTES = 12,
	MIN_PAGE = 512,
	MAX_PAGE = 65536,
};

struct database {
	str file;
	const struct rpm_sink *sink;
	bool big_endian;
	size_t page_bytes;
	uint64_t pages;  /* that the file holds in full */
	uint64_t budget; /* bytes that may still be copied out of overflow pages */
	struct buf blob;
};

static uint32_t u16_at(const struct database *d, str s, size_t at)
{
	return d->big_endian ? rpm_be16(s, at) : rpm_le16(s, at);
}

static uint32_t u32_at(const struct database *d, str s, size_t at)
{
	return d->big_endian ? rpm_be32(s, at) : rpm_le32(s, at);
}

static str page_of(const struct database *d, uint64_t number)
{
	return str_take(str_skip(d->file, (size_t)number * d->page_bytes), d->page_bytes);
}

bool rpm_bdb_is(str file)
{
	return file.n >= META_BYTES &&
	       (rpm_le32(file, 12) == HASH_MAGIC || rpm_be32(file, 12) == HASH_MAGIC);
}

static int open_database(str file, const struct rpm_sink *sink, struct database *d, struct err *e)
{
	uint32_t page_bytes, last;

	if (!rpm_bdb_is(file))
		return err_set(e, EBADMSG, "no Berkeley DB hash database");
	*d = (struct database){
		.file = file,
		.sink = sink,
		.big_endian = rpm_be32(file, 12) == HASH_MAGIC,
		/* Sound chains share no page. Some slack keeps one broken chain from
				 * starving the others; the bound keeps a hostile file from keeping us busy. */
		.budget = 4 * (uint64_t)file.n,
		.blob = { .max = RPM_SINK_MAX_BLOB }
	};
	page_bytes = u32_at(d, file, 20);
	if (page_bytes < MIN_PAGE || page_bytes > MAX_PAGE || (page_bytes & (page_bytes - 1)))
		return err_set(e, EBADMSG, "Berkeley DB: a page size of %u is impossible",
			       page_bytes);
	if (rpm_u8(file, 24))
		return err_set(e, EBADMSG, "Berkeley DB: the database is encrypted");
	if (rpm_u8(file, 25) != PAGE_HASHMETA)
		return err_set(e, EBADMSG, "Berkeley DB: the first page does not describe a hash");
	d->page_bytes = page_bytes;
	d->pages = file.n / page_bytes;
	last = u32_at(d, file, 32);
	if (last >= d->pages)
		rpm_sink_damage(sink, d->pages * page_bytes, "the file ends before its last page");
	return 0;
}

/* Puts the value that begins on overflow page `number` together. @return whether it is whole */
static bool join_overflow(struct database *d, uint32_t number, uint32_t bytes)
{
	buf_reset(&d->blob);
	if (bytes > RPM_SINK_MAX_BLOB)
		return false;
	while (d->blob.n < bytes) {
		str page;
		size_t n;

		if (!number || number >= d->pages)
			return false;
		page = page_of(d, number);
		n = u16_at(d, page, 22);
		if (rpm_u8(page, 25) != PAGE_OVERFLOW || !n || n > d->page_bytes - PAGE_HEADER ||
		    n > bytes - d->blob.n || n > d->budget)
			return false;
		d->budget -= n;
		buf_add(&d->blob, str_take(str_skip(page, PAGE_HEADER), n));
		if (buf_error(&d->blob) < 0)
			return false;
		number = u32_at(d, page, 16);
	}
	return true;
}

/* Item i of a page lies between its own offset and that of the one before it. */
static bool item_of(const struct database *d, str page, uint32_t i, uint32_t entries, str *ret)
{
	size_t start = u16_at(d, page, PAGE_HEADER + 2 * (size_t)i);
	size_t end = i ? u16_at(d, page, PAGE_HEADER + 2 * (size_t)(i - 1)) : page.n;

	if (start < PAGE_HEADER + 2 * (size_t)entries || start >= end || end > page.n)
		return false;
	*ret = str_take(str_skip(page, start), end - start);
	return true;
}

static bool is_counter(const struct database *d, str key)
{
	return key.n == 5 && rpm_u8(key, 0) == ITEM_INLINE && u32_at(d, str_skip(key, 1), 0) == 0;
}

static int take_value(struct database *d, uint64_t offset, str item)
{
	switch (rpm_u8(item, 0)) {
	case ITEM_INLINE:
		return d->sink->blob(d->sink->ctx, str_skip(item, 1));
	case ITEM_OFFPAGE:
		if (item.n >= ITEM_OFFPAGE_BYTES &&
		    join_overflow(d, u32_at(d, item, 4), u32_at(d, item, 8)))
			return d->sink->blob(d->sink->ctx, buf_str(&d->blob));
		break;
	default:
		break;
	}
	if (buf_error(&d->blob) == -ENOMEM)
		return -ENOMEM;
	rpm_sink_damage(d->sink, offset, "the pages of a header are broken");
	return 0;
}

static int read_hash_page(struct database *d, uint64_t number)
{
	str page = page_of(d, number);
	uint32_t entries = u16_at(d, page, 20);
	uint64_t offset = number * d->page_bytes;

	if (entries % 2 || PAGE_HEADER + 2 * (size_t)entries > page.n) {
		rpm_sink_damage(d->sink, offset, "a page has an impossible number of entries");
		return 0;
	}
	/* The header tells where the lowest item begins, and that is the last: fewer entries would go unseen. */
	if (entries &&
	    u16_at(d, page, 22) != u16_at(d, page, PAGE_HEADER + 2 * (size_t)(entries - 1)))
		rpm_sink_damage(d->sink, offset, "a page has lost entries");
	for (uint32_t i = 0; i < entries; i += 2) {
		str key, value;
		int r = 0;

		if (!item_of(d, page, i, entries, &key) ||
		    !item_of(d, page, i + 1, entries, &value))
			rpm_sink_damage(d->sink, offset, "an entry lies outside its page");
		else if (!is_counter(d, key))
			r = take_value(d, offset, value);
		if (r < 0)
			return r;
	}
	return 0;
}

int rpm_bdb_read(str file, const struct rpm_sink *sink, struct err *e)
{
	struct database d;
	int r = open_database(file, sink, &d, e);

	if (r < 0)
		return r;
	for (uint64_t i = 1; i < d.pages && r == 0; i++) {
		uint32_t type = rpm_u8(page_of(&d, i), 25);

		if (type == PAGE_HASH || type == PAGE_HASH_UNSORTED)
			r = read_hash_page(&d, i);
		else if (type != PAGE_FREE && type != PAGE_OVERFLOW && type != PAGE_HASHMETA)
			rpm_sink_damage(sink, i * d.page_bytes, "a page is of no known type");
	}
	buf_done(&d.blob);
	return r < 0 ? err_set(e, -r, "Berkeley DB: reading ended early") : 0;
}

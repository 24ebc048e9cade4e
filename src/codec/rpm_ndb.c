#include "codec/rpm_ndb.h"

#include "codec/rpm_bytes_priv.h"

enum {
	MAGIC_FILE = 'R' | 'p' << 8 | 'm' << 16 | 'P' << 24,
	MAGIC_SLOT = 'S' | 'l' << 8 | 'o' << 16 | 't' << 24,
	MAGIC_BLOB = 'B' | 'l' << 8 | 'b' << 16 | 'S' << 24,
	MAGIC_TAIL = 'B' | 'l' << 8 | 'b' << 16 | 'E' << 24,
	HEADER_BYTES = 32, /* of the file; the first slots begin behind it */
	SLOT_BYTES = 16,
	SLOT_PAGE = 4096,
	BLOCK_BYTES = 16,
	BLOB_HEAD = 16,
	BLOB_TAIL = 12,
};

bool rpm_ndb_is(str file)
{
	return file.n >= HEADER_BYTES && rpm_le32(file, 0) == MAGIC_FILE;
}

static uint32_t adler32(str s)
{
	uint32_t a = 1, b = 0;

	while (s.n) {
		size_t n = MIN(s.n, (size_t)5552); /* as many as fit before b could overflow */

		for (size_t i = 0; i < n; i++) {
			a += (unsigned char)s.p[i];
			b += a;
		}
		a %= 65521;
		b %= 65521;
		s = str_skip(s, n);
	}
	return b << 16 | a;
}

struct slot {
	uint32_t package;
	uint64_t offset, bytes; /* of the blob with head and tail */
};

static int take_blob(str file, const struct slot *s, const struct rpm_sink *sink)
{
	str whole, tail;
	uint32_t length;

	if (s->bytes < BLOB_HEAD + BLOB_TAIL || s->offset > file.n ||
	    s->bytes > file.n - s->offset) {
		rpm_sink_damage(sink, s->offset, "a header lies outside the file");
		return 0;
	}
	whole = str_take(str_skip(file, s->offset), s->bytes);
	tail = str_skip(whole, whole.n - BLOB_TAIL);
	length = rpm_le32(whole, 12);
	if (rpm_le32(whole, 0) != MAGIC_BLOB || rpm_le32(whole, 4) != s->package ||
	    length > whole.n - BLOB_HEAD - BLOB_TAIL || length > RPM_SINK_MAX_BLOB) {
		rpm_sink_damage(sink, s->offset, "the head of a header is broken");
		return 0;
	}
	if (rpm_le32(tail, 8) != MAGIC_TAIL || rpm_le32(tail, 4) != length ||
	    rpm_le32(tail, 0) != adler32(str_take(whole, whole.n - BLOB_TAIL)))
		rpm_sink_damage(sink, s->offset, "a header does not match its checksum");
	return sink->blob(sink->ctx, str_take(str_skip(whole, BLOB_HEAD), length));
}

int rpm_ndb_read(str file, const struct rpm_sink *sink, struct err *e)
{
	/* Sound blobs do not overlap. Some slack keeps one broken slot from starving the others; the bound keeps
	 * a hostile file from keeping us busy. */
	uint64_t slots, budget = 4 * (uint64_t)file.n;

	if (!rpm_ndb_is(file))
		return err_set(e, EBADMSG, "no NDB package database");
	if (rpm_le32(file, 4) != 0)
		return err_set(e, EBADMSG, "NDB: version %u is not known", rpm_le32(file, 4));
	slots = (uint64_t)rpm_le32(file, 12) * SLOT_PAGE;
	if (slots > file.n) {
		rpm_sink_damage(sink, file.n, "the file ends within its table of slots");
		slots = file.n;
	}
	if (slots + SLOT_BYTES <= file.n && rpm_le32(file, slots) == MAGIC_SLOT)
		rpm_sink_damage(sink, slots, "the table of slots goes on behind its end");
	for (uint64_t at = HEADER_BYTES; at + SLOT_BYTES <= slots; at += SLOT_BYTES) {
		str bytes = str_take(str_skip(file, at), SLOT_BYTES);
		struct slot s = { .package = rpm_le32(bytes, 4),
				  .offset = (uint64_t)rpm_le32(bytes, 8) * BLOCK_BYTES,
				  .bytes = (uint64_t)rpm_le32(bytes, 12) * BLOCK_BYTES };
		int r;

		if (rpm_le32(bytes, 0) != MAGIC_SLOT) {
			rpm_sink_damage(sink, at, "a slot is broken");
			continue;
		}
		if (!s.package && !s.offset)
			continue;
		if (s.bytes > budget) {
			rpm_sink_damage(sink, at, "headers overlap");
			continue;
		}
		budget -= s.bytes;
		r = take_blob(file, &s, sink);
		if (r < 0)
			return err_set(e, -r, "NDB: reading ended early");
	}
	return 0;
}

#include "codec/rpm_pager_priv.h"

#include "codec/rpm_bytes_priv.h"

enum {
	FILE_HEADER = 100,
	WAL_HEADER = 32,
	FRAME_HEADER = 24,
	WAL_MAGIC = 0x377f0682, /* the lowest bit says that checksums read their words big-endian */
	WAL_VERSION = 3007000,
	MODE_WAL = 2,
	MIN_PAGE = 512,
	MAX_PAGE = 65536,
};

static const str file_magic = { "SQLite format 3", 16 };

struct sum {
	uint32_t a, b;
};

static bool is_wal(str wal)
{
	return wal.n >= WAL_HEADER && (rpm_be32(wal, 0) & ~1u) == WAL_MAGIC &&
	       rpm_be32(wal, 4) == WAL_VERSION;
}

bool rpm_pager_is(str file, str wal)
{
	return str_starts(file, file_magic) || (!file.n && is_wal(wal));
}

static bool is_page_size(uint32_t n)
{
	return n >= MIN_PAGE && n <= MAX_PAGE && (n & (n - 1)) == 0;
}

/* fileformat2, 4.2: over pairs of words; `bytes` holds a multiple of eight. */
static struct sum checksum(struct sum s, str bytes, bool big_endian)
{
	for (size_t i = 0; i + 8 <= bytes.n; i += 8) {
		s.a += (big_endian ? rpm_be32(bytes, i) : rpm_le32(bytes, i)) + s.b;
		s.b += (big_endian ? rpm_be32(bytes, i + 4) : rpm_le32(bytes, i + 4)) + s.a;
	}
	return s;
}

static bool is_sum(struct sum s, str bytes, size_t at)
{
	return s.a == rpm_be32(bytes, at) && s.b == rpm_be32(bytes, at + 4);
}

static str frame_at(const struct rpm_pager *p, size_t i)
{
	size_t bytes = FRAME_HEADER + p->page_bytes;

	return str_take(str_skip(p->wal, WAL_HEADER + i * bytes), bytes);
}

/* How many frames stand up to the last commit, and the size in pages that this commit gave the database. */
static size_t committed_frames(const struct rpm_pager *p, uint32_t *ret_pages)
{
	bool big_endian = rpm_be32(p->wal, 0) & 1;
	struct sum s = checksum((struct sum){ 0 }, str_take(p->wal, 24), big_endian);
	size_t last = 0;

	if (!is_sum(s, p->wal, 24) || rpm_be32(p->wal, 8) != p->page_bytes)
		return 0;
	for (size_t i = 0;; i++) {
		str f = frame_at(p, i);

		if (f.n < FRAME_HEADER + p->page_bytes ||
		    !str_eq(str_take(str_skip(f, 8), 8), str_take(str_skip(p->wal, 16), 8)))
			return last;
		s = checksum(s, str_take(f, 8), big_endian);
		s = checksum(s, str_skip(f, FRAME_HEADER), big_endian);
		if (!is_sum(s, f, 16) || !rpm_be32(f, 0))
			return last;
		if (rpm_be32(f, 4)) {
			last = i + 1;
			*ret_pages = rpm_be32(f, 4);
		}
	}
}

static int apply_wal(struct rpm_pager *p, struct err *e)
{
	uint32_t pages = 0;
	size_t frames = committed_frames(p, &pages);

	if (!frames)
		return 0;
	/* A page that is neither in the file nor in a frame cannot be read, whatever the commit says; one more is
	 * the page that SQLite keeps for locks. */
	p->page_count = (uint32_t)MIN((uint64_t)pages, p->page_count + (uint64_t)frames + 1);
	p->frames = calloc((size_t)p->page_count + 1, sizeof(*p->frames));
	if (!p->frames)
		return err_set(e, ENOMEM, "SQLite: out of memory");
	for (size_t i = 0; i < frames; i++) {
		uint32_t number = rpm_be32(frame_at(p, i), 0);

		if (number <= p->page_count)
			p->frames[number] = (uint32_t)(i + 1);
	}
	return 0;
}

static int page_size(struct rpm_pager *p, struct err *e)
{
	uint32_t n;

	if (!rpm_pager_is(p->file, p->wal))
		return err_set(e, EBADMSG, "no SQLite database");
	if (p->file.n && p->file.n < FILE_HEADER)
		return err_set(e, EBADMSG, "SQLite: the file ends within its header");
	if (p->file.n) {
		n = rpm_be16(p->file, 16);
		n = n == 1 ? MAX_PAGE : n;
	} else {
		n = rpm_be32(p->wal, 8);
	}
	if (!is_page_size(n))
		return err_set(e, EBADMSG, "SQLite: a page size of %u is impossible", n);
	p->page_bytes = n;
	return 0;
}

/* @return the page, or the empty span when there is none of that number */
static str page_of(const struct rpm_pager *p, uint32_t number)
{
	str page;

	if (!number || number > p->page_count)
		return (str){ NULL, 0 };
	if (p->frames && p->frames[number])
		return str_skip(frame_at(p, p->frames[number] - 1), FRAME_HEADER);
	page = str_take(str_skip(p->file, (size_t)rpm_pager_offset(p, number)), p->page_bytes);
	return page.n == p->page_bytes ? page : (str){ NULL, 0 };
}

int rpm_pager_open(struct rpm_pager *p, str file, str wal, struct err *e)
{
	str first;
	int r;

	*p = (struct rpm_pager){ .file = file, .wal = wal };
	r = page_size(p, e);
	if (r < 0)
		return r;
	p->page_count = (uint32_t)MIN((uint64_t)(file.n / p->page_bytes), (uint64_t)UINT32_MAX - 2);
	if (is_wal(wal) && (!file.n || rpm_u8(file, 19) == MODE_WAL))
		r = apply_wal(p, e);
	first = r == 0 ? page_of(p, 1) : (str){ NULL, 0 };
	if (r == 0 && !str_starts(first, file_magic))
		r = err_set(e, EBADMSG, "SQLite: the first page is missing");
	if (r == 0 && rpm_u8(first, 20) + 480 > p->page_bytes)
		r = err_set(e, EBADMSG, "SQLite: too many reserved bytes");
	if (r == 0) {
		p->usable_bytes = p->page_bytes - rpm_u8(first, 20);
		p->visited = calloc((size_t)p->page_count / 8 + 1, 1);
		if (!p->visited)
			r = err_set(e, ENOMEM, "SQLite: out of memory");
	}
	if (r < 0)
		rpm_pager_close(p);
	return r;
}

void rpm_pager_close(struct rpm_pager *p)
{
	free(p->frames);
	free(p->visited);
	p->frames = NULL;
	p->visited = NULL;
}

uint64_t rpm_pager_offset(const struct rpm_pager *p, uint32_t number)
{
	return number ? (uint64_t)(number - 1) * p->page_bytes : 0;
}

str rpm_pager_visit(struct rpm_pager *p, uint32_t number)
{
	str page = page_of(p, number);
	uint8_t bit = (uint8_t)(1u << number % 8);

	if (!page.n || p->visited[number / 8] & bit)
		return (str){ NULL, 0 };
	p->visited[number / 8] |= bit;
	return page;
}

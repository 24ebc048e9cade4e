#include "scan/vuln/vulndb_map_priv.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const char *section_name(enum vulndb_section s)
{
	static const char *const names[] = {
#define VULNDB_SECTION_NAME(id, bytes) [VULNDB_##id] = #id,
		VULNDB_SECTIONS(VULNDB_SECTION_NAME)
#undef VULNDB_SECTION_NAME
	};

	return names[s];
}

static int read_sections(struct vulndb_map *m, uint64_t end, struct err *e)
{
	for (unsigned int i = 0; i < VULNDB_SECTION_COUNT; i++) {
		const uint8_t *at = m->p + VULNDB_AT_SECTION_TABLE + (size_t)i * 16;
		uint64_t offset = vulndb_u64(at), bytes = vulndb_u64(at + 8);
		uint32_t record = vulndb_record_bytes((enum vulndb_section)i);

		if (offset < VULNDB_HEADER_BYTES || offset % VULNDB_ALIGN || offset > end ||
		    bytes > end - offset || bytes % record || bytes / record > UINT32_MAX)
			return err_set(e, EBADMSG, "section %s does not fit the file",
				       section_name((enum vulndb_section)i));
		m->sections[i].offset = offset;
		m->sections[i].bytes = bytes;
		m->sections[i].records = (uint32_t)(bytes / record);
	}
	return 0;
}

static int check_root(const struct vulndb_map *m, struct err *e)
{
	uint8_t sum[SHA256_BYTES];

	sha256_update(m->hash, (str){ (const char *)m->p, VULNDB_AT_ROOT });
	sha256_update(m->hash, (str){ (const char *)m->pages,
				      (size_t)vulndb_pages(m->block_count) * VULNDB_SUM_BYTES });
	sha256_final(m->hash, sum);
	if (memcmp(sum, m->p + VULNDB_AT_ROOT, SHA256_BYTES) != 0)
		return err_set(e, EBADMSG,
			       "the vulnerability database's header is damaged: import it again");
	return 0;
}

static int read_header(struct vulndb_map *m, struct err *e)
{
	const uint8_t *h = m->p;
	uint64_t table_at, covered;
	uint32_t format;

	if (m->n < VULNDB_HEADER_BYTES || memcmp(h, VULNDB_MAGIC, 8) != 0)
		return err_set(e, EBADMSG, "not a vulnerability database");
	format = vulndb_u32(h + VULNDB_AT_FORMAT);
	if (format != VULNDB_FORMAT)
		return err_set(
			e, EPROTO,
			"the vulnerability database has format %u, this program reads format "
			"%d: get one that fits, or another version of skep",
			format, VULNDB_FORMAT);
	if (vulndb_u64(h + VULNDB_AT_FILE_BYTES) != m->n)
		return err_set(e, EBADMSG,
			       "the vulnerability database should have %llu bytes and has %zu: it "
			       "was cut short or added to",
			       (unsigned long long)vulndb_u64(h + VULNDB_AT_FILE_BYTES), m->n);
	table_at = vulndb_u64(h + VULNDB_AT_BLOCK_TABLE);
	m->block_count = vulndb_u32(h + VULNDB_AT_BLOCK_COUNT);
	covered = (uint64_t)m->block_count * VULNDB_BLOCK_BYTES;
	if (vulndb_u32(h + VULNDB_AT_BLOCK_BYTES) != VULNDB_BLOCK_BYTES ||
	    vulndb_u32(h + VULNDB_AT_SECTIONS) != VULNDB_SECTION_COUNT ||
	    table_at < VULNDB_HEADER_BYTES || table_at > m->n ||
	    m->n - table_at !=
		    VULNDB_SUM_BYTES * ((uint64_t)m->block_count + vulndb_pages(m->block_count)) ||
	    covered < table_at - VULNDB_HEADER_BYTES)
		return err_set(e, EBADMSG, "the vulnerability database's header is malformed");
	m->sums = m->p + table_at;
	m->pages = m->sums + (size_t)m->block_count * VULNDB_SUM_BYTES;
	return read_sections(m, table_at, e);
}

int vulndb_map_memory(str bytes, struct vulndb_map *ret, struct err *e)
{
	struct vulndb_map m = { .p = (const uint8_t *)bytes.p, .n = bytes.n };
	int r = read_header(&m, e);

	if (r < 0)
		return r;
	m.verified = calloc(((size_t)m.block_count + vulndb_pages(m.block_count)) / 8 + 1, 1);
	r = m.verified ? sha256_new(&m.hash, e)
		       : err_set(e, ENOMEM, "no memory to open the vulnerability database");
	if (r == 0)
		r = check_root(&m, e);
	if (r < 0) {
		vulndb_map_done(&m);
		return r;
	}
	*ret = m;
	return 0;
}

int vulndb_map_open(const char *path, struct vulndb_map *ret, struct err *e)
{
	OWNED_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	void *p;
	int r;

	if (fd < 0)
		return err_sys(e, errno, "cannot open the vulnerability database '%s'", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "cannot examine '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_size < VULNDB_HEADER_BYTES)
		return err_set(e, EBADMSG, "'%s' is not a vulnerability database", path);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return err_sys(e, errno, "cannot map '%s'", path);
	r = vulndb_map_memory((str){ p, (size_t)st.st_size }, ret, e);
	if (r < 0) {
		munmap(p, (size_t)st.st_size);
		return err_wrap(e, r, "'%s'", path);
	}
	ret->mapped = true;
	return 0;
}

void vulndb_map_done(struct vulndb_map *m)
{
	free(m->verified);
	sha256_free(m->hash);
	if (m->mapped)
		munmap((void *)(uintptr_t)m->p, m->n);
	*m = (struct vulndb_map){ 0 };
}

bool vulndb_map_is_signed(const struct vulndb_map *m)
{
	for (size_t i = 0; i < VULNDB_KEY_ID_BYTES; i++)
		if (m->p[VULNDB_AT_KEY_ID + i])
			return true;
	return false;
}

int vulndb_map_check_signature(const struct vulndb_map *m, const uint8_t (*keys)[32], size_t count,
			       struct err *e)
{
	uint8_t message[sizeof(VULNDB_SIGNED_PREFIX) - 1 + SHA256_BYTES];
	char id[2 * VULNDB_KEY_ID_BYTES + 1];

	memcpy(message, VULNDB_SIGNED_PREFIX, sizeof(VULNDB_SIGNED_PREFIX) - 1);
	memcpy(message + sizeof(VULNDB_SIGNED_PREFIX) - 1, m->p + VULNDB_AT_ROOT, SHA256_BYTES);
	for (size_t i = 0; i < count; i++)
		if (ed25519_verify(keys[i], (str){ (const char *)message, sizeof(message) },
				   m->p + VULNDB_AT_SIGNATURE, NULL) == 0)
			return 0;
	if (!vulndb_map_is_signed(m))
		return err_set(e, EACCES, "the vulnerability database is not signed");
	hex_render(m->p + VULNDB_AT_KEY_ID, VULNDB_KEY_ID_BYTES, id);
	return err_set(e, EACCES,
		       "the vulnerability database is signed by key %s, which is not trusted here",
		       id);
}

static inline bool is_verified(const struct vulndb_map *m, uint64_t bit)
{
	return m->verified[bit / 8] & (1u << (bit % 8));
}

/* Compares the bytes from `p`, up to `most` of them before `end`, with their hash, once; `bit` remembers it. */
static int check(struct vulndb_map *m, uint64_t bit, const uint8_t *p, const uint8_t *end,
		 size_t most, const uint8_t *want, struct err *e)
{
	size_t n = MIN((size_t)(end - p), most);
	uint8_t sum[SHA256_BYTES];

	sha256_update(m->hash, (str){ (const char *)p, n });
	sha256_final(m->hash, sum);
	if (memcmp(sum, want, VULNDB_SUM_BYTES) != 0)
		return err_set(e, EBADMSG,
			       "the vulnerability database is damaged in bytes %zu to %zu: import "
			       "it again",
			       (size_t)(p - m->p), (size_t)(p - m->p) + n);
	m->verified[bit / 8] |= (uint8_t)(1u << (bit % 8));
	return 0;
}

/* A block that was not looked at before: first the page of the table that holds its hash. */
static int verify_block(struct vulndb_map *m, uint32_t block, struct err *e)
{
	uint32_t page = block / (VULNDB_PAGE_BYTES / VULNDB_SUM_BYTES);
	uint64_t page_bit = (uint64_t)m->block_count + page;
	int r = 0;

	if (!is_verified(m, page_bit))
		r = check(m, page_bit, m->sums + (size_t)page * VULNDB_PAGE_BYTES, m->pages,
			  VULNDB_PAGE_BYTES, m->pages + (size_t)page * VULNDB_SUM_BYTES, e);
	if (r == 0)
		r = check(m, block, m->p + VULNDB_HEADER_BYTES + (size_t)block * VULNDB_BLOCK_BYTES,
			  m->sums, VULNDB_BLOCK_BYTES, m->sums + (size_t)block * VULNDB_SUM_BYTES,
			  e);
	return r;
}

int vulndb_map_verify(struct vulndb_map *m, struct err *e)
{
	uint64_t bytes = (uint64_t)(m->sums - m->p) - VULNDB_HEADER_BYTES;
	uint32_t blocks = (uint32_t)((bytes + VULNDB_BLOCK_BYTES - 1) / VULNDB_BLOCK_BYTES);

	for (uint32_t i = 0; i < blocks; i++) {
		int r = is_verified(m, i) ? 0 : verify_block(m, i, e);

		if (r < 0)
			return r;
	}
	return 0;
}

int vulndb_map_bytes(struct vulndb_map *m, enum vulndb_section s, uint64_t offset, uint64_t n,
		     const uint8_t **ret, struct err *e)
{
	uint64_t at, last;

	if (offset > m->sections[s].bytes || n > m->sections[s].bytes - offset)
		return err_set(e, EBADMSG,
			       "the vulnerability database points outside its section %s",
			       section_name(s));
	at = m->sections[s].offset + offset;
	last = at + (n ? n - 1 : 0);
	for (uint64_t b = (at - VULNDB_HEADER_BYTES) / VULNDB_BLOCK_BYTES;
	     n && b <= (last - VULNDB_HEADER_BYTES) / VULNDB_BLOCK_BYTES; b++) {
		int r = is_verified(m, b) ? 0 : verify_block(m, (uint32_t)b, e);

		if (r < 0)
			return r;
	}
	*ret = m->p + at;
	return 0;
}

int vulndb_map_records(struct vulndb_map *m, enum vulndb_section s, uint32_t first, uint32_t count,
		       const uint8_t **ret, struct err *e)
{
	uint32_t record = vulndb_record_bytes(s);

	return vulndb_map_bytes(m, s, (uint64_t)first * record, (uint64_t)count * record, ret, e);
}

int vulndb_map_string(struct vulndb_map *m, uint32_t id, str *ret, struct err *e)
{
	const uint8_t *p;
	uint16_t n;
	int r;

	if (id == 0) {
		*ret = (str){ 0 };
		return 0;
	}
	r = vulndb_map_bytes(m, VULNDB_STRINGS, id, 2, &p, e);
	if (r < 0)
		return r;
	n = vulndb_u16(p);
	r = vulndb_map_bytes(m, VULNDB_STRINGS, (uint64_t)id + 2, n, &p, e);
	if (r == 0)
		*ret = (str){ (const char *)p, n };
	return r;
}

int vulndb_map_version(struct vulndb_map *m, uint32_t id, str *ret_text, str *ret_key,
		       struct err *e)
{
	const uint8_t *p;
	uint16_t text, key;
	int r;

	if (id == 0) {
		*ret_text = *ret_key = (str){ 0 };
		return 0;
	}
	r = vulndb_map_bytes(m, VULNDB_VERSIONS, id, 4, &p, e);
	if (r < 0)
		return r;
	text = vulndb_u16(p);
	key = vulndb_u16(p + 2);
	r = vulndb_map_bytes(m, VULNDB_VERSIONS, (uint64_t)id + 4, (uint64_t)text + key, &p, e);
	if (r < 0)
		return r;
	*ret_text = (str){ (const char *)p, text };
	*ret_key = (str){ (const char *)p + text, key };
	return 0;
}

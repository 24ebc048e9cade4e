#include "codec/digest.h"
#include "scan/vuln/vulndb_format_priv.h"

/* Appends the hash of every `step` bytes of the file between two places; the last piece may be shorter. */
static void append_sums(struct buf *file, size_t from, size_t end, size_t step)
{
	for (size_t at = from; at < end && buf_error(file) == 0; at += step) {
		uint8_t sum[SHA256_BYTES];

		sha256_of((str){ file->p + at, MIN(end - at, step) }, sum);
		buf_add(file, (str){ (const char *)sum, VULNDB_SUM_BYTES });
	}
}

static int hash_root(const struct buf *file, str pages, uint8_t ret[SHA256_BYTES], struct err *e)
{
	struct sha256 *s;
	int r = sha256_new(&s, e);

	if (r < 0)
		return r;
	sha256_update(s, str_take(buf_str(file), VULNDB_AT_ROOT));
	sha256_update(s, pages);
	sha256_final(s, ret);
	sha256_free(s);
	return 0;
}

static int sign_root(uint8_t *header, const uint8_t *seed, struct err *e)
{
	uint8_t message[sizeof(VULNDB_SIGNED_PREFIX) - 1 + SHA256_BYTES];
	uint8_t public_key[ED25519_KEY_BYTES], id[SHA256_BYTES];
	int r;

	memcpy(message, VULNDB_SIGNED_PREFIX, sizeof(VULNDB_SIGNED_PREFIX) - 1);
	memcpy(message + sizeof(VULNDB_SIGNED_PREFIX) - 1, header + VULNDB_AT_ROOT, SHA256_BYTES);
	r = ed25519_public(seed, public_key, e);
	if (r == 0)
		r = ed25519_sign(seed, (str){ (const char *)message, sizeof(message) },
				 header + VULNDB_AT_SIGNATURE, e);
	if (r < 0)
		return r;
	sha256_of((str){ (const char *)public_key, sizeof(public_key) }, id);
	memcpy(header + VULNDB_AT_KEY_ID, id, VULNDB_KEY_ID_BYTES);
	return 0;
}

int vulndb_seal(struct buf *file, const uint8_t *private_seed, struct err *e)
{
	size_t table_at, pages_at;
	uint8_t *header;
	int r;

	while (file->n % VULNDB_ALIGN && buf_error(file) == 0)
		buf_byte(file, '\0');
	table_at = file->n;
	append_sums(file, VULNDB_HEADER_BYTES, table_at, VULNDB_BLOCK_BYTES);
	pages_at = file->n;
	append_sums(file, table_at, pages_at, VULNDB_PAGE_BYTES);
	if (buf_error(file) < 0)
		return err_sys(e, -buf_error(file), "cannot hold the database");
	header = (uint8_t *)file->p;
	vulndb_set(header + VULNDB_AT_FILE_BYTES, file->n, 8);
	vulndb_set(header + VULNDB_AT_BLOCK_TABLE, table_at, 8);
	vulndb_set(header + VULNDB_AT_BLOCK_COUNT, (pages_at - table_at) / VULNDB_SUM_BYTES, 4);
	vulndb_set(header + VULNDB_AT_BLOCK_BYTES, VULNDB_BLOCK_BYTES, 4);
	memset(header + VULNDB_AT_ROOT, 0, VULNDB_HEADER_BYTES - VULNDB_AT_ROOT);
	r = hash_root(file, str_skip(buf_str(file), pages_at), header + VULNDB_AT_ROOT, e);
	return r == 0 && private_seed ? sign_root(header, private_seed, e) : r;
}

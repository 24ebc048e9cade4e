#include "codec/digest.h"
#include "scan/vuln/vulndb_format_priv.h"

static void hash_root(const struct buf *file, str table, uint8_t ret[SHA256_BYTES],
		      struct sha256 *s)
{
	sha256_update(s, str_take(buf_str(file), VULNDB_AT_ROOT));
	sha256_update(s, table);
	sha256_final(s, ret);
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
	uint64_t table_at;
	uint32_t blocks;
	struct sha256 *s;
	uint8_t *header;
	int r;

	while (file->n % VULNDB_ALIGN && buf_error(file) == 0)
		buf_byte(file, '\0');
	table_at = file->n;
	blocks = (uint32_t)((table_at - VULNDB_HEADER_BYTES + VULNDB_BLOCK_BYTES - 1) /
			    VULNDB_BLOCK_BYTES);
	for (uint64_t at = VULNDB_HEADER_BYTES; at < table_at; at += VULNDB_BLOCK_BYTES) {
		uint8_t sum[SHA256_BYTES];

		sha256_of((str){ file->p + at, MIN(table_at - at, (uint64_t)VULNDB_BLOCK_BYTES) },
			  sum);
		buf_add(file, (str){ (const char *)sum, VULNDB_SUM_BYTES });
	}
	if (buf_error(file) < 0)
		return err_sys(e, -buf_error(file), "cannot hold the database");
	header = (uint8_t *)file->p;
	vulndb_set(header + VULNDB_AT_FILE_BYTES, file->n, 8);
	vulndb_set(header + VULNDB_AT_BLOCK_TABLE, table_at, 8);
	vulndb_set(header + VULNDB_AT_BLOCK_COUNT, blocks, 4);
	vulndb_set(header + VULNDB_AT_BLOCK_BYTES, VULNDB_BLOCK_BYTES, 4);
	memset(header + VULNDB_AT_ROOT, 0, VULNDB_HEADER_BYTES - VULNDB_AT_ROOT);
	r = sha256_new(&s, e);
	if (r < 0)
		return r;
	hash_root(file, str_skip(buf_str(file), table_at), header + VULNDB_AT_ROOT, s);
	sha256_free(s);
	return private_seed ? sign_root(header, private_seed, e) : 0;
}

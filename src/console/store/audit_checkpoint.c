#include "console/store/audit_checkpoint_priv.h"

#include <stdio.h>

#include "base/time.h"
#include "codec/json_slice.h"

#define MESSAGE_BYTES 256

/* What is signed: its use first, so that the key's signature over anything else is none over this. */
static str message_of(int64_t id, const char *hash, const char *time, char room[MESSAGE_BYTES])
{
	int n = snprintf(room, MESSAGE_BYTES, "skep audit checkpoint 1\n%lld\n%s\n%s\n",
			 (long long)id, hash, time);

	assert(n > 0 && n < MESSAGE_BYTES);
	return (str){ room, (size_t)n };
}

static bool unhex(str hex, uint8_t *ret, size_t n)
{
	if (hex.n != 2 * n)
		return false;
	for (size_t i = 0; i < hex.n; i++) {
		char c = hex.p[i];
		int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

		if (v < 0)
			return false;
		ret[i / 2] = (uint8_t)(i % 2 ? ret[i / 2] | v : v << 4);
	}
	return true;
}

/* What stands between a text's quotes, without escapes, and fits. */
static bool take_text(str line, str key, char *ret, size_t room)
{
	str s = json_slice_get(line, key);

	if (s.n < 2 || s.n - 2 >= room || s.p[0] != '"' || memchr(s.p, '\\', s.n) ||
	    memchr(s.p, '\0', s.n))
		return false;
	memcpy(ret, s.p + 1, s.n - 2);
	ret[s.n - 2] = '\0';
	return true;
}

bool audit_checkpoint_parse(str line, struct audit_checkpoint *ret)
{
	struct audit_checkpoint c = { 0 };
	char signature[2 * ED25519_SIGNATURE_BYTES + 1];
	uint8_t sum[SHA256_BYTES];
	uint64_t id;

	if (!str_starts(line, S("{\"checkpoint\":")))
		return false;
	if (str_u64(json_slice_get(line, S("checkpoint")), &id) < 0 || id == 0 || id > INT64_MAX ||
	    !take_text(line, S("hash"), c.hash, sizeof(c.hash)) ||
	    !unhex(str_from(c.hash), sum, sizeof(sum)) ||
	    !take_text(line, S("time"), c.time, sizeof(c.time)) ||
	    !take_text(line, S("key"), c.key, sizeof(c.key)) ||
	    !take_text(line, S("signature"), signature, sizeof(signature)) ||
	    !unhex(str_from(signature), c.signature, sizeof(c.signature)))
		return false;
	c.id = (int64_t)id;
	*ret = c;
	return true;
}

bool audit_checkpoint_holds(const struct audit_checkpoint *c, const str *keys, size_t key_count)
{
	uint8_t key[ED25519_KEY_BYTES];
	char room[MESSAGE_BYTES];
	bool trusted = key_count == 0;

	for (size_t i = 0; i < key_count; i++)
		trusted |= str_eq_nocase(str_trim(keys[i]), str_from(c->key));
	return trusted && unhex(str_from(c->key), key, sizeof(key)) &&
	       ed25519_verify(key, message_of(c->id, c->hash, c->time, room), c->signature, NULL) ==
		       0;
}

int audit_checkpoint_render(int64_t id, const char *hash, int64_t time_ns,
			    const uint8_t seed[ED25519_KEY_BYTES], struct buf *out, struct err *e)
{
	uint8_t key[ED25519_KEY_BYTES], signature[ED25519_SIGNATURE_BYTES];
	char key_hex[2 * sizeof(key) + 1], hex[2 * sizeof(signature) + 1], room[MESSAGE_BYTES];
	char time[TIME_NS_TEXT_BYTES];
	int r = ed25519_public(seed, key, e);

	time_render_ns((uint64_t)time_ns, time);
	if (r == 0)
		r = ed25519_sign(seed, message_of(id, hash, time, room), signature, e);
	if (r < 0)
		return r;
	hex_render(key, sizeof(key), key_hex);
	hex_render(signature, sizeof(signature), hex);
	buf_printf(out,
		   "{\"checkpoint\":%lld,\"hash\":\"%s\",\"time\":\"%s\",\"key\":\"%s\","
		   "\"signature\":\"%s\"}",
		   (long long)id, hash, time, key_hex, hex);
	return 0;
}

#include "codec/join_token.h"

#include "codec/base64.h"

#define PREFIX S("skep1.")
enum { RAW_BYTES = JOIN_TOKEN_SECRET_BYTES + SHA256_BYTES };

int join_token_parse(str text, struct join_token *ret, struct err *e)
{
	OWNED_BUF raw = BUF_INIT;
	str t = str_trim(text);

	raw.max = 2 * RAW_BYTES;
	if (!str_starts(t, PREFIX) || t.n > 2 * RAW_BYTES ||
	    base64url_decode(&raw, str_skip(t, PREFIX.n), NULL) < 0 || raw.n != RAW_BYTES)
		return err_set(e, EBADMSG,
			       "this is no token of a console; its page of agents makes them");
	memcpy(ret->secret, raw.p, sizeof(ret->secret));
	memcpy(ret->authority, raw.p + sizeof(ret->secret), sizeof(ret->authority));
	return 0;
}

void join_token_render(const struct join_token *t, struct buf *out)
{
	uint8_t raw[RAW_BYTES];

	memcpy(raw, t->secret, sizeof(t->secret));
	memcpy(raw + sizeof(t->secret), t->authority, sizeof(t->authority));
	buf_add(out, PREFIX);
	base64url_encode(out, (str){ (const char *)raw, sizeof(raw) });
}

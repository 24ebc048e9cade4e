#include "console/server/agent_authority.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "codec/certificate.h"
#include "codec/mac.h"
#include "console/fleet/authority.h"
#include "console/server/server.h"
#include "console/store/agents.h"

#define TOKEN_LIFE_NS ((int64_t)3600 * 1000000000)
enum { PATH_BYTES = 4200 };

static int write_in(const struct server *s, const char *name, str text, mode_t mode, struct err *e)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s", s->tls_folder, name);
	return file_write_atomic(AT_FDCWD, path, text, mode, e);
}

static int read_key(const struct server *s, struct buf *out, struct err *e)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/authority.key", s->tls_folder);
	return file_read(AT_FDCWD, path, CERTIFICATE_MAX_BYTES, out, e);
}

int agent_authority_share(struct server *s, struct err *e)
{
	OWNED_BUF key = BUF_INIT;
	OWNED_STORE *store = NULL;
	struct authority w;
	struct arena a;
	int r = store_open(s->where, NULL, &store, e);

	arena_init(&a, (size_t)1 << 20);
	if (r == 0)
		r = read_key(s, &key, e);
	if (r == 0)
		r = authority_offer(store, buf_str(&s->authority), buf_str(&key), e);
	if (r == 0)
		r = authority_get(store, &a, &w, e);
	if (r == 0 && !str_eq(str_trim(w.certificate), str_trim(buf_str(&s->authority)))) {
		r = write_in(s, "authority.key", w.key, 0600, e);
		if (r == 0)
			r = write_in(s, "authority.pem", w.certificate, 0644, e);
		if (r == 0)
			r = server_load_tls(s, e);
	}
	if (key.p)
		secret_wipe(key.p, key.n);
	arena_done(&a);
	return r;
}

int agent_authority_token(struct server *s, struct err *e)
{
	OWNED_BUF token = BUF_INIT;
	OWNED_STORE *store = NULL;
	struct authority w;
	struct arena a;
	int64_t id;
	int r = store_open(s->where, NULL, &store, e);

	arena_init(&a, (size_t)1 << 20);
	if (r == 0)
		r = authority_get(store, &a, &w, e);
	if (r == 0)
		r = agent_token_new(store, w.digest, store_now() + TOKEN_LIFE_NS, 1, (str){ 0 },
				    S("skep up"), &token, &id, e);
	if (r == 0)
		snprintf(s->ready.token, sizeof(s->ready.token), "%s", buf_cstr(&token));
	if (token.p)
		secret_wipe(token.p, token.n);
	arena_done(&a);
	return r;
}

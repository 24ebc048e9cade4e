#include "console/access/session.h"

#include "base/clock.h"
#include "base/text.h"
#include "codec/base64.h"
#include "codec/mac.h"
#include "console/access/grants_priv.h"
#include "console/store/sessions.h"
#include "console/store/settings.h"

#define SECRET_BYTES 32
/* Being seen is noted no more often: a page asks many times a second. */
#define SEEN_STEP_NS (60 * (int64_t)SECOND_NS)
#define AGENT_MAX_BYTES 200
#define TOKEN_NAME_MAX_BYTES 64
#define TOKEN_HINT_BYTES 9

static void encode(const uint8_t *bytes, size_t n, char *ret, size_t room)
{
	OWNED_BUF text = BUF_INIT;

	base64url_encode(&text, (str){ (const char *)bytes, n });
	assert(text.n + 1 == room);
	memcpy(ret, buf_cstr(&text), room);
	secret_wipe(text.p, text.n);
}

int secret_new(char ret[SECRET_TEXT_BYTES], struct err *e)
{
	uint8_t bytes[SECRET_BYTES];
	int r = random_bytes(bytes, sizeof(bytes), e);

	if (r == 0)
		encode(bytes, sizeof(bytes), ret, SECRET_TEXT_BYTES);
	secret_wipe(bytes, sizeof(bytes));
	return r;
}

void secret_hash(const char *what, str secret, char ret[SHA256_HEX + 1])
{
	uint8_t sum[SHA256_BYTES];

	/* Keyed by its use, so that a hash of one kind is never that of another. */
	hmac_sha256(str_from(what), secret, sum);
	hex_render(sum, sizeof(sum), ret);
}

int session_begin(struct access *a, struct sql *s, int64_t user, str address, str agent,
		  int64_t now_ns, struct session_new *ret, struct err *e)
{
	struct session_new out;
	struct settings set;
	char hash[SHA256_HEX + 1];
	int r = settings_read(s, &set, e);

	(void)a;
	if (r == 0)
		r = secret_new(out.secret, e);
	if (r < 0)
		return r;
	out.expires_ns = now_ns + set.values[SETTING_SESSION_HOURS] * 3600 * (int64_t)SECOND_NS;
	secret_hash("session", str_from(out.secret), hash);
	r = sessions_add(s,
			 &(struct session_row){ .hash = str_from(hash),
						.user = user,
						.created_ns = now_ns,
						.seen_ns = now_ns,
						.expires_ns = out.expires_ns,
						.address = address,
						.agent = str_take(agent, AGENT_MAX_BYTES) },
			 e);
	if (r < 0)
		return r;
	*ret = out;
	return 0;
}

static bool is_secret(str text)
{
	return text.n == SECRET_TEXT_BYTES - 1;
}

/* What the page must send back: known only to who holds the cookie, and it does not tell the cookie. */
static int csrf_of(str secret, struct arena *arena, str *ret, struct err *e)
{
	uint8_t sum[SHA256_BYTES];
	char text[SECRET_TEXT_BYTES];

	hmac_sha256(secret, S("csrf"), sum);
	encode(sum, sizeof(sum), text, sizeof(text));
	*ret = arena_str(arena, str_from(text));
	return ret->p ? 0 : err_set(e, ENOBUFS, "session: memory budget spent");
}

/* -ENOENT of what a secret should open means that nobody stands behind it. */
static int nobody(int r, str address, struct caller *ret)
{
	if (r != -ENOENT)
		return r;
	*ret = (struct caller){ .address = address };
	return 0;
}

int session_caller(struct access *a, struct sql *s, str secret, str address, int64_t now_ns,
		   struct arena *arena, struct caller *ret, struct err *e)
{
	struct settings set;
	int64_t idle_ns;
	struct caller out = { .address = address };
	struct session_row row;
	char hash[SHA256_HEX + 1];
	int r;

	if (!is_secret(secret))
		return nobody(-ENOENT, address, ret);
	secret_hash("session", secret, hash);
	r = sessions_get(s, str_from(hash), arena, &row, e);
	if (r == 0)
		r = settings_read(s, &set, e);
	if (r < 0)
		return nobody(r, address, ret);
	idle_ns = set.values[SETTING_SESSION_IDLE_MINUTES] * 60 * (int64_t)SECOND_NS;
	/* One from the future was begun by a clock that was ahead: nobody knows how long it lasts. */
	if (now_ns >= row.expires_ns || now_ns - row.seen_ns >= idle_ns ||
	    row.created_ns - now_ns > CLOCKS_APART_NS)
		return nobody(-ENOENT, address, ret);
	r = grants_of_user(a, s, row.user, UINT64_MAX, now_ns, arena, &out, e);
	if (r == 0)
		r = csrf_of(secret, arena, &out.csrf, e);
	if (r == 0 && now_ns - row.seen_ns >= SEEN_STEP_NS)
		r = sessions_touch(s, row.hash, now_ns, e);
	if (r < 0)
		return nobody(r, address, ret);
	out.how = CALLER_SESSION;
	out.session = row.hash;
	out.expires_ns = row.expires_ns;
	*ret = out;
	return 0;
}

bool session_csrf_holds(const struct caller *c, str header)
{
	return c->how != CALLER_SESSION || (c->csrf.n && secret_eq(c->csrf, header));
}

int session_end(struct sql *s, const struct caller *c, struct err *e)
{
	return c->session.n ? sessions_end(s, c->session, e) : 0;
}

int session_end_all(struct sql *s, int64_t user, const struct caller *except, struct err *e)
{
	bool own = except && except->user == user;

	return sessions_end_of_user(s, user, own ? except->session : (str){ 0 }, e);
}

static int check_token(const struct caller *c, str name, uint64_t permissions, int64_t expires_ns,
		       int64_t now_ns, struct err *e)
{
	if (c->how != CALLER_SESSION)
		return err_set(e, EACCES, "tokens are made in a session, not with a token");
	if (c->must_change_password)
		return err_set(e, EACCES, "the password must be changed first");
	if (!name.n || name.n > TOKEN_NAME_MAX_BYTES || text_ill_formed(name) != name.n)
		return err_set(e, EINVAL, "a token's name has 1 to %d bytes", TOKEN_NAME_MAX_BYTES);
	if (expires_ns && expires_ns <= now_ns)
		return err_set(e, EINVAL, "the token would be expired already");
	if (!permissions || (c->permissions & permissions) != permissions)
		return err_set(e, EACCES, "a token may do only what its user may");
	return 0;
}

int api_token_begin(struct access *a, struct sql *s, const struct caller *c, str name,
		    uint64_t permissions, int64_t expires_ns, int64_t now_ns,
		    struct api_token_new *ret, struct err *e)
{
	struct api_token_new out;
	char hash[SHA256_HEX + 1], secret[SECRET_TEXT_BYTES];
	int r = check_token(c, name, permissions, expires_ns, now_ns, e);

	(void)a;
	if (r == 0)
		r = secret_new(secret, e);
	if (r < 0)
		return r;
	memcpy(out.text, API_TOKEN_PREFIX, sizeof(API_TOKEN_PREFIX) - 1);
	memcpy(out.text + sizeof(API_TOKEN_PREFIX) - 1, secret, sizeof(secret));
	secret_wipe(secret, sizeof(secret));
	secret_hash("token", str_from(out.text), hash);
	r = tokens_add(s,
		       &(struct token_row){ .user = c->user,
					    .name = name,
					    .hint = str_take(str_from(out.text), TOKEN_HINT_BYTES),
					    .permissions = permissions,
					    .created_ns = now_ns,
					    .expires_ns = expires_ns },
		       str_from(hash), &out.id, e);
	if (r < 0)
		return r;
	*ret = out;
	return 0;
}

int api_token_caller(struct access *a, struct sql *s, str text, str address, int64_t now_ns,
		     struct arena *arena, struct caller *ret, struct err *e)
{
	struct caller out = { .address = address };
	struct token_row row;
	char hash[SHA256_HEX + 1];
	int r;

	if (text.n != API_TOKEN_TEXT_BYTES - 1 || !str_starts(text, S(API_TOKEN_PREFIX)))
		return nobody(-ENOENT, address, ret);
	secret_hash("token", text, hash);
	r = tokens_find(s, str_from(hash), arena, &row, e);
	if (r < 0)
		return nobody(r, address, ret);
	if (row.expires_ns && now_ns >= row.expires_ns)
		return nobody(-ENOENT, address, ret);
	r = grants_of_user(a, s, row.user, row.permissions, now_ns, arena, &out, e);
	if (r == 0 && now_ns - row.used_ns >= SEEN_STEP_NS)
		r = tokens_touch(s, row.id, now_ns, e);
	if (r < 0)
		return nobody(r, address, ret);
	out.how = CALLER_TOKEN;
	out.token = row.id;
	out.expires_ns = row.expires_ns;
	*ret = out;
	return 0;
}

#include "console/fleet/authority.h"

#include <time.h>

#include "base/clock.h"
#include "codec/certificate.h"
#include "codec/mac.h"
#include "console/store/store.h"

#define LIFE_S ((int64_t)10 * 365 * 24 * 3600)
/* Clocks differ: an agent's may be a little behind. */
#define EARLY_S ((int64_t)3600)

static int read_stored(struct store *s, struct arena *a, struct authority *ret, struct err *e)
{
	OWNED_ROWS *rows = NULL;
	int r = sql_query(s->sql, "SELECT certificate, key FROM fleet_authority WHERE id = 1",
			  SQL_NONE, &rows, e);

	if (r == 0)
		r = sql_next(rows, e);
	if (r <= 0)
		return r;
	ret->certificate = sql_text_in(rows, 0, a);
	ret->key = sql_text_in(rows, 1, a);
	if (!ret->certificate.p || !ret->key.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	return 1;
}

int authority_offer(struct store *s, str certificate, str key, struct err *e)
{
	/* Another replica may be first: then its authority is ours. */
	return sql_no_count(
		sql_do(s->sql,
		       "INSERT INTO fleet_authority (id, certificate, key, made_ns) VALUES (1, ?1, "
		       "?2, ?3) ON CONFLICT (id) DO NOTHING",
		       SQL_ARGS(SQL_T(certificate), SQL_T(key), SQL_I(store_now())), e));
}

static int make(struct store *s, struct err *e)
{
	OWNED_BUF certificate = BUF_INIT, key = BUF_INIT;
	struct certificate_wish w = { .purpose = CERTIFICATE_AUTHORITY,
				      .subject = "Skep console authority",
				      .from_s = (int64_t)time(NULL) - EARLY_S };
	struct certificate_key *k = NULL;
	int r = certificate_key_generate(&k, e);

	w.to_s = w.from_s + LIFE_S;
	if (r == 0)
		r = certificate_key_render(k, &key, e);
	if (r == 0)
		r = certificate_issue(&w, k, NULL, NULL, &certificate, e);
	/* Another replica may be first: then its authority is ours. */
	if (r == 0)
		r = sql_do(s->sql,
			   "INSERT INTO fleet_authority (id, certificate, key, made_ns) VALUES (1, "
			   "?1, "
			   "?2, ?3) ON CONFLICT (id) DO NOTHING",
			   SQL_ARGS(SQL_T(buf_str(&certificate)), SQL_T(buf_str(&key)),
				    SQL_I(store_now())),
			   e);
	certificate_key_free(k);
	if (key.p)
		secret_wipe(key.p, key.n);
	return MIN(r, 0);
}

int authority_get(struct store *s, struct arena *a, struct authority *ret, struct err *e)
{
	struct certificate *c = NULL;
	struct certificate_facts f;
	struct authority out;
	int r = read_stored(s, a, &out, e);

	if (r == 0) {
		r = make(s, e);
		if (r == 0)
			r = read_stored(s, a, &out, e);
		if (r == 0)
			r = err_set(e, EIO, "the console's authority was not kept");
	}
	if (r > 0)
		r = certificate_parse(out.certificate, &c, e);
	if (r < 0)
		return r;
	certificate_read(c, &f);
	certificate_free(c);
	memcpy(out.digest, f.digest, sizeof(out.digest));
	*ret = out;
	return 0;
}

/** Reads certificate and key of the authority. */
static int take(const struct authority *w, struct certificate **ret_c,
		struct certificate_key **ret_k, struct err *e)
{
	int r = certificate_parse(w->certificate, ret_c, e);

	return r < 0 ? r : certificate_key_parse(w->key, ret_k, e);
}

int authority_sign_agent(const struct authority *w, const char *agent, str request, int64_t from_s,
			 int64_t to_s, struct buf *certificate, struct err *e)
{
	const struct certificate_wish wish = {
		.purpose = CERTIFICATE_CLIENT, .subject = agent, .from_s = from_s, .to_s = to_s
	};
	struct certificate *issuer = NULL;
	struct certificate_key *issuer_key = NULL;
	int r = take(w, &issuer, &issuer_key, e);

	if (r == 0)
		r = certificate_request_sign(request, &wish, issuer, issuer_key, certificate, e);
	certificate_key_free(issuer_key);
	certificate_free(issuer);
	return r;
}

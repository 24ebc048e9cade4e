#include <stdio.h>
#include <time.h>

#include "codec/certificate.h"
#include "codec/json.h"
#include "codec/json_out.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/rule_files.h"

#define LIFE_S ((int64_t)30 * 24 * 3600)
#define EARLY_S ((int64_t)600) /* an agent's clock may be behind */
enum { TEXT_MAX = 200 };

static str bounded(const struct value *v, const char *key)
{
	return str_take(value_get_str(v, key), TEXT_MAX);
}

/** Signs, notes the serial number, and writes the answer. Inside a transaction. */
static int give(struct store *s, struct arena *a, const struct authority *w, const char *agent,
		str csr, str *ret, struct err *e)
{
	OWNED_BUF pem = BUF_INIT, out = BUF_INIT;
	int64_t now = (int64_t)time(NULL);
	struct certificate *c = NULL;
	struct certificate_facts f;
	struct json_out j;
	int r = authority_sign_agent(w, agent, csr, now - EARLY_S, now + LIFE_S, &pem, e);

	if (r == 0)
		r = certificate_parse(buf_str(&pem), &c, e);
	if (r < 0)
		return r;
	certificate_read(c, &f);
	certificate_free(c);
	r = agent_certificate_add(s, str_from(agent), str_from(f.serial), f.to_s, e);
	if (r < 0)
		return r;
	json_out_init(&j, &out, false);
	json_object_open(&j);
	json_put_cstr(&j, "agent", agent);
	json_put_str(&j, "certificate", buf_str(&pem));
	json_put_str(&j, "ca", w->certificate);
	json_put_int(&j, "notAfter", f.to_s);
	json_object_close(&j);
	*ret = arena_str(a, buf_str(&out));
	return buf_error(&out) || !ret->p ? err_set(e, ENOBUFS, "memory budget spent") : 0;
}

struct joining {
	struct arena *arena;
	struct authority authority;
	struct join_token token;
	struct agent_node node;
	const char *agent; /* of one that renews */
	str csr, answer;
};

/* Who joins judges by the rules all others judge by. */
static int want_rules(struct store *s, struct arena *a, const char *agent, struct err *e)
{
	str etag, members;
	int64_t id;
	int r = rule_text_etag(s, a, &etag, e);

	if (r < 0 || !etag.n)
		return r;
	members = arena_printf(a, "\"etag\":\"%.*s\"", STR_ARG(etag));
	if (!members.p)
		return err_set(e, ENOBUFS, "memory budget spent");
	return sql_no_count(agent_command_add(s, str_from(agent), "rules", members, &id, e));
}

static int join(struct store *s, void *ctx, struct err *e)
{
	struct joining *w = ctx;
	uint8_t request[SHA256_BYTES];
	char agent[AGENT_ID_BYTES];
	int r;

	sha256_of(w->csr, request);
	r = agent_join(s, w->token.secret, request, &w->node, agent, e);
	if (r == 0)
		r = want_rules(s, w->arena, agent, e);
	return r < 0 ? r : give(s, w->arena, &w->authority, agent, w->csr, &w->answer, e);
}

int fleet_enroll(struct fleet *f, struct store *s, struct arena *a, const struct fleet_request *q,
		 str *ret, struct err *e)
{
	struct joining w = { .arena = a };
	const struct value *node;
	struct value v;
	int r = json_parse(q->body, a, &v, e);

	if (r == 0)
		r = join_token_parse(value_get_str(&v, "token"), &w.token, e);
	if (r == 0)
		r = fleet_authority(f, s, &w.authority, e);
	if (r < 0)
		return r;
	/* Of another console: not to be told apart from one that is used. */
	if (memcmp(w.token.authority, w.authority.digest, sizeof(w.token.authority)) != 0)
		return err_set(e, EACCES, "the token is unknown, used or expired");
	node = value_get(&v, "node");
	w.csr = value_get_str(&v, "csr");
	w.node = (struct agent_node){ .name = bounded(node, "name"),
				      .machine_id = bounded(node, "machineId"),
				      .kernel = bounded(node, "kernel"),
				      .os = bounded(node, "os"),
				      .version = bounded(node, "version"),
				      .address = q->peer };
	r = store_transact(s, join, &w, e);
	if (r < 0)
		return r;
	*ret = w.answer;
	return 0;
}

static int renew(struct store *s, void *ctx, struct err *e)
{
	struct joining *w = ctx;

	return give(s, w->arena, &w->authority, w->agent, w->csr, &w->answer, e);
}

int fleet_renew(struct fleet *f, struct store *s, struct arena *a, const struct fleet_request *q,
		str *ret, struct err *e)
{
	struct joining w = { .arena = a, .agent = q->client.subject };
	struct value v;
	int r = json_parse(q->body, a, &v, e);

	if (r == 0)
		r = fleet_authority(f, s, &w.authority, e);
	if (r < 0)
		return r;
	w.csr = value_get_str(&v, "csr");
	r = store_transact(s, renew, &w, e);
	if (r < 0)
		return r;
	*ret = w.answer;
	return 0;
}

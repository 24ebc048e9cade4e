#include "console/fleet/fleet.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "codec/json_out.h"
#include "console/fleet/fleet_priv.h"
#include "console/store/rule_files.h"

enum { COMMANDS_AT_ONCE = 64, RETRY_S = 2 };

int fleet_new(const struct fleet_options *o, struct fleet **ret, struct err *e)
{
	struct fleet *f = calloc(1, sizeof(*f));

	if (!f)
		return err_sys(e, ENOMEM, "fleet");
	f->o = *o;
	pthread_mutex_init(&f->authority_lock, NULL);
	pthread_mutex_init(&f->ingest_lock, NULL);
	pthread_mutex_init(&f->clocks_lock, NULL);
	pthread_cond_init(&f->ingest_done, NULL);
	f->waiting_end = &f->waiting;
	arena_init(&f->authority_arena, (size_t)1 << 20);
	f->started_ns = clock_ns(CLOCK_MONOTONIC);
	*ret = f;
	return 0;
}

void fleet_free(struct fleet *f)
{
	if (!f)
		return;
	arena_done(&f->authority_arena);
	pthread_mutex_destroy(&f->authority_lock);
	pthread_mutex_destroy(&f->ingest_lock);
	pthread_mutex_destroy(&f->clocks_lock);
	pthread_cond_destroy(&f->ingest_done);
	free(f);
}

void fleet_publish(const struct fleet *f, const char *topic)
{
	if (f->o.publish)
		f->o.publish(f->o.ctx, topic);
}

void fleet_say(const struct fleet *f, const char *fmt, ...)
{
	char line[ERR_TEXT_BYTES];
	va_list ap;

	if (!f->o.say)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	f->o.say(f->o.ctx, line);
}

int fleet_authority(struct fleet *f, struct store *s, struct authority *ret, struct err *e)
{
	int r = 0;

	pthread_mutex_lock(&f->authority_lock);
	if (!f->authority_known)
		r = authority_get(s, &f->authority_arena, &f->authority, e);
	f->authority_known |= r == 0;
	*ret = f->authority;
	pthread_mutex_unlock(&f->authority_lock);
	return r;
}

/* ---- Answers ---- */

static void refuse(struct fleet_reply *r, struct arena *a, int status, const char *why)
{
	OWNED_BUF out = BUF_INIT;
	struct json_out j;

	json_out_init(&j, &out, false);
	json_object_open(&j);
	json_put_int(&j, "status", status);
	json_put_cstr(&j, "detail", why);
	json_object_close(&j);
	*r = (struct fleet_reply){ .status = status, .type = "application/problem+json" };
	r->body = arena_str(a, buf_str(&out));
	r->retry_after_s = status == 503 || status == 429 ? RETRY_S : 0;
}

/** What an error of the store or of decoding is to the agent; only what it can use is told. */
static void fail(struct fleet *f, struct fleet_reply *r, struct arena *a, int error,
		 const struct err *e)
{
	switch (-error) {
	case EBADMSG:
	case EINVAL:
	case EDOM:
		refuse(r, a, 400, e->text);
		break;
	case E2BIG:
		refuse(r, a, 413, e->text);
		break;
	case EOPNOTSUPP:
		refuse(r, a, 415, e->text);
		break;
	case EACCES:
		refuse(r, a, 403, "refused");
		break;
	default:
		if (store_health_fault(f->o.health) != -error)
			fleet_say(f, "an agent's request failed: %s", e->text);
		refuse(r, a, 503,
		       error == -ENOSPC    ? "the store is full"
		       : error == -EUCLEAN ? "the store is damaged"
		       : error == -EBADFD  ? "the store was taken away"
					   : "the store is busy or away");
		break;
	}
}

/**
 * What the store did not do, as fail() is told it. A value it does not take is the record's fault; one that is damaged, or has not
 * the tables we know, says nothing of what we were told: who told it keeps it.
 */
static int fault_of_store(int error)
{
	return error == -EBADMSG || error == -EINVAL || error == -EOPNOTSUPP || error == -EACCES
		       ? -EIO
		       : error;
}

static void answer_ca(struct fleet *f, struct store *s, struct arena *a, struct fleet_reply *r)
{
	struct authority w;
	struct err e = { 0 };
	int result = fleet_authority(f, s, &w, &e);

	if (result < 0) {
		fail(f, r, a, -EIO, &e);
		return;
	}
	*r = (struct fleet_reply){ .status = 200,
				   .type = "application/pem-certificate-chain",
				   .body = w.certificate };
}

static void answer_certificate(struct fleet *f, struct store *s, struct arena *a,
			       const struct fleet_request *q, bool renew, struct fleet_reply *r)
{
	struct err e = { 0 };
	str body;
	int result =
		renew ? fleet_renew(f, s, a, q, &body, &e) : fleet_enroll(f, s, a, q, &body, &e);

	if (result < 0) {
		fail(f, r, a, result, &e);
		return;
	}
	*r = (struct fleet_reply){ .status = 200, .type = "application/json", .body = body };
	fleet_publish(f, "agents");
}

static void answer_batch(struct fleet *f, struct store *s, struct arena *a,
			 const struct fleet_request *q, struct fleet_reply *r)
{
	OWNED_BUF plain = BUF_INIT;
	struct batch b;
	struct ingest_job job = { .agent = q->client.subject,
				  .life = q->life,
				  .peer = q->peer,
				  .batch = &b,
				  .arena = a };
	struct err e = { 0 };
	int64_t clock_ms;
	int result;

	if (batch_clock(q->time, q->came_ns, &clock_ms))
		job.clock_ms = &clock_ms;
	if (!batch_is_life(q->life)) {
		refuse(r, a, 400, "Skep-Spool is no life");
		return;
	}
	result = batch_decode(q->body, q->encoding, a, &plain, &b, &e);
	if (result == 0)
		result = fault_of_store(ingest(f, s, &job, &e));
	buf_done(&job.packed);
	if (result < 0) {
		fail(f, r, a, result, &e);
		return;
	}
	if (b.unknown && !atomic_exchange(&f->told_unknown, true))
		fleet_say(f,
			  "agent '%s' tells of '%.*s', which this console does not know: is the "
			  "agent newer?",
			  q->client.subject, STR_ARG(str_take(b.first_unknown, 32)));
	*r = (struct fleet_reply){ .status = 200, .type = "application/json" };
	r->body = arena_printf(a, "{\"acknowledged\":%lld,\"refused\":%zu,\"unknown\":%zu}\n",
			       (long long)job.acknowledged, job.refused, b.unknown);
}

static void answer_commands(const struct fleet_request *q, struct fleet_reply *r)
{
	str rest = q->query;
	uint64_t after = 0;

	while (rest.n) {
		str pair = str_cut(&rest, '&');

		if (str_starts(pair, S("after=")) && str_u64(str_skip(pair, 6), &after) < 0)
			after = 0;
	}
	*r = (struct fleet_reply){ .status = 200,
				   .type = "application/x-ndjson",
				   .body = S("\n"),
				   .is_stream = true,
				   .after = (int64_t)MIN(after, (uint64_t)INT64_MAX) };
	snprintf(r->agent, sizeof(r->agent), "%.23s", q->client.subject);
}

/** @return whether the certificate is one of an agent in good standing */
static bool is_known(struct fleet *f, struct store *s, struct arena *a,
		     const struct fleet_request *q, struct fleet_reply *r)
{
	struct err e = { 0 };
	int result;

	if (!q->client.subject[0] || q->client.to_s < (int64_t)time(NULL)) {
		refuse(r, a, 403, "refused");
		return false;
	}
	result = agent_check(s, str_from(q->client.subject), str_from(q->client.serial), &e);
	if (result < 0)
		fail(f, r, a, result == -EACCES ? result : fault_of_store(result), &e);
	return result == 0;
}

static bool speaks(str protocol)
{
	uint64_t n;

	return str_u64(protocol, &n) == 0 && n >= FLEET_PROTOCOL_OLDEST && n <= FLEET_PROTOCOL;
}

void fleet_answer(struct fleet *f, struct store *s, struct arena *a, const struct fleet_request *q,
		  struct fleet_reply *ret)
{
	const bool get = str_is(q->method, "GET"), post = str_is(q->method, "POST");
	const str what = str_skip(q->path, sizeof(FLEET_PATH) - 1);

	if (!speaks(q->protocol)) {
		refuse(ret, a, 426, "this console does not speak that protocol");
		ret->tells_protocol = true;
	} else if (get && str_is(what, "ca"))
		answer_ca(f, s, a, ret);
	else if (post && str_is(what, "enroll"))
		answer_certificate(f, s, a, q, false, ret);
	else if (!((post && (str_is(what, "renew") || str_is(what, "batch"))) ||
		   (get && str_is(what, "commands"))))
		refuse(ret, a, 404, "there is no such thing");
	else if (!is_known(f, s, a, q, ret))
		return;
	else if (str_is(what, "renew"))
		answer_certificate(f, s, a, q, true, ret);
	else if (str_is(what, "batch"))
		answer_batch(f, s, a, q, ret);
	else
		answer_commands(q, ret);
}

/* The rules as they are when they are sent: a command that waited does not bring what is past. */
static int add_rules(struct store *s, struct arena *a, struct buf *out, struct err *e)
{
	str etag, text;
	int r = rule_text_get(s, a, &etag, &text, e);

	if (r == -ENOENT) {
		buf_add(out, S(",\"etag\":\"\",\"text\":\"\""));
		return 0;
	}
	if (r < 0)
		return r;
	buf_add(out, S(",\"etag\":"));
	json_quote(out, etag);
	buf_add(out, S(",\"text\":"));
	json_quote(out, text);
	return 0;
}

int fleet_commands(struct fleet *f UNUSED, struct store *s, struct arena *a, const char *agent,
		   int64_t *after, str *ret_body, struct err *e)
{
	OWNED_BUF out = BUF_INIT;
	struct agent_command *items;
	struct agent who;
	size_t count;
	int r = agent_get(s, str_from(agent), a, &who, e);

	if (r == -ENOENT || (r == 0 && who.state != AGENT_ACTIVE))
		return err_set(e, EACCES, "the agent is revoked");
	if (r == 0)
		r = agent_command_waiting(s, str_from(agent), *after, COMMANDS_AT_ONCE, a, &items,
					  &count, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		buf_printf(&out, "{\"id\":%lld,\"kind\":\"%.*s\"", (long long)items[i].id,
			   STR_ARG(items[i].kind));
		if (str_is(items[i].kind, "rules")) {
			r = add_rules(s, a, &out, e);
			if (r < 0)
				return r;
		} else if (items[i].members.n) {
			buf_byte(&out, ',');
			buf_add(&out, items[i].members);
		}
		buf_add(&out, S("}\n"));
		*after = items[i].id;
	}
	*ret_body = arena_str(a, buf_str(&out));
	return buf_error(&out) || !ret_body->p ? err_set(e, ENOBUFS, "memory budget spent") : 0;
}

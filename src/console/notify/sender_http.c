#include "console/notify/sender_http.h"

#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "codec/base64.h"
#include "codec/mac.h"
#include "console/notify/echo.h"
#include "console/notify/feed.h"

enum { ANSWER_MAX = 4 << 20, ANSWER_KEPT = 1 << 20, ANSWER_S = 30, ARENA_BYTES = 16 << 20 };

struct out {
	struct sender head;
	const struct http_kind *kind;
	struct http_options http;
	char *ca, *cert, *key;
	struct http_flow *flow;
	struct arena arena;
	struct http_job job;
	struct buf answer;
	unsigned int retry_after_s;
};

/* The body and the headers hold secrets. */
static void forget(struct out *o)
{
	if (o->job.body.p)
		secret_wipe(o->job.body.p, o->job.body.n);
	buf_done(&o->job.body);
	buf_reset(&o->answer);
	arena_reset(&o->arena);
}

static void close_http(struct sender *s)
{
	struct out *o = (struct out *)s;

	http_flow_stop(o->flow);
	forget(o);
	buf_done(&o->answer);
	arena_done(&o->arena);
	free(o->ca);
	free(o->cert);
	free(o->key);
	free(o);
}

static int keep_answer(void *ctx, str bytes)
{
	struct out *o = ctx;

	buf_add(&o->answer, str_take(bytes, ANSWER_KEPT - MIN(o->answer.n, (size_t)ANSWER_KEPT)));
	return buf_error(&o->answer);
}

/* RFC 5321 section 4.2.1, RFC 4954 section 6: what the message is not to blame for may be put right. */
static void judge_mail(int status, struct outbox_result *r)
{
	static const int others[] = { 530, 534, 535, 538, 550, 551, 553 };

	if (status / 100 == 2) {
		r->verdict = OUTBOX_SENT;
		return;
	}
	outbox_result_set(r, status / 100 == 5 ? OUTBOX_REFUSED : OUTBOX_AGAIN, "it answers %d",
			  status);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (status == others[i])
			r->verdict = OUTBOX_AGAIN;
}

static void by_status(int status, const char *reason, struct outbox_result *r)
{
	const bool refused = status == 400 || status == 413 || status == 415 || status == 422;

	if (status / 100 == 2)
		r->verdict = OUTBOX_SENT;
	else if (refused && reason[0])
		outbox_result_set(r, OUTBOX_REFUSED, "it refuses it (%d): %s", status, reason);
	else if (refused)
		outbox_result_set(r, OUTBOX_REFUSED, "it refuses it (%d)", status);
	else if (reason[0])
		outbox_result_set(r, OUTBOX_AGAIN, "it answers %d: %s", status, reason);
	else
		outbox_result_set(r, OUTBOX_AGAIN, "it answers %d", status);
}

static void judge_answer(struct out *o, int status, struct outbox_result *r)
{
	char reason[FEED_REASON_BYTES] = "";

	if (status / 100 != 2)
		feed_reason(buf_str(&o->answer), &o->arena, reason);
	by_status(status, reason, r);
	if (o->kind->judge)
		o->kind->judge(status, buf_str(&o->answer), &o->arena, r);
	if (r->why[0] && echo_holds_secret(o->head.receiver, buf_str(&o->answer)))
		outbox_result_set(r, r->verdict,
				  "it answers %d and its words are withheld: they hold a secret",
				  status);
}

static void on_end(void *ctx, int result, int status)
{
	struct out *o = ctx;
	struct outbox_result r = { .retry_after_s = o->retry_after_s };

	o->flow = NULL;
	if (result < 0)
		outbox_result_set(&r, OUTBOX_AGAIN, "%s", http_flow_failure(result));
	else if (o->job.is_mail)
		judge_mail(status, &r);
	else
		judge_answer(o, status, &r);
	forget(o);
	sender_tell(&o->head, &r);
}

static int send_http(struct sender *s, const struct notice *list, size_t count, struct err *e)
{
	struct out *o = (struct out *)s;
	struct http_flow_request q = { .max_body = ANSWER_MAX,
				       .total_s = ANSWER_S,
				       .reach = s->host->reach,
				       .on_body = keep_answer,
				       .on_refusal = keep_answer,
				       .on_end = on_end,
				       .ret_retry_after_s = &o->retry_after_s,
				       .ctx = o };
	int r;

	o->retry_after_s = 0;
	o->job = (struct http_job){ .arena = &o->arena, .now_ns = clock_ns(CLOCK_REALTIME) };
	r = o->kind->build(s->receiver, s->host, list, count, &o->job, e);
	if (r == 0 && buf_error(&o->job.body))
		r = err_set(e, ENOMEM, "no memory for a request");
	q.url = o->job.url;
	q.mail = o->job.is_mail ? &o->job.mail : NULL;
	q.headers = o->job.headers;
	q.body = buf_str(&o->job.body);
	if (r == 0)
		r = http_flow_start(s->host->flows, &o->http, &q, &o->flow, e);
	if (r < 0)
		forget(o);
	return r;
}

static const struct sender_ops ops = { .send = send_http, .close = close_http };

int sender_http_open(const struct receiver *r, const struct sender_host *host, struct sender **ret,
		     struct err *e)
{
	struct out *o = calloc(1, sizeof(*o));
	int result;

	if (!o)
		return err_sys(e, ENOMEM, "notification");
	o->head.ops = &ops;
	o->kind = r->kind->http;
	arena_init(&o->arena, ARENA_BYTES);
	result = sender_pem_file(r, host, "ca", &o->ca, e);
	if (result == 0)
		result = sender_pem_file(r, host, "clientCert", &o->cert, e);
	if (result == 0)
		result = sender_pem_file(r, host, "clientKey", &o->key, e);
	if (result < 0) {
		close_http(&o->head);
		return result;
	}
	o->http = (struct http_options){ .ca_file = o->ca,
					 .client_cert = o->cert,
					 .client_key = o->key ? o->key : o->cert,
					 .stall_s = ANSWER_S };
	*ret = &o->head;
	return 0;
}

int http_job_url(struct http_job *j, const struct receiver *r, const char *path, struct err *e)
{
	str base = receiver_text(r, "url"), url;

	while (str_ends(base, S("/")))
		base.n--;
	url = str_ends(base, str_from(path))
		      ? arena_str(j->arena, base)
		      : arena_printf(j->arena, "%.*s/%s", STR_ARG(base), path);
	if (!url.p)
		return err_set(e, ENOBUFS, "notification: memory budget spent");
	j->url = url.p;
	return 0;
}

int http_job_header(struct http_job *j, const char *name, str value, struct err *e)
{
	str line = arena_printf(j->arena, "%s: %.*s", name, STR_ARG(value));

	if (!line.p || j->header_count == HTTP_JOB_HEADERS)
		return err_set(e, ENOBUFS, "notification: memory budget spent");
	j->headers[j->header_count++] = line.p;
	return 0;
}

int http_job_authorize(struct http_job *j, const char *scheme, str secret, struct err *e)
{
	str value = arena_printf(j->arena, "%s %.*s", scheme, STR_ARG(secret));

	return value.p ? http_job_header(j, "Authorization", value, e)
		       : err_set(e, ENOBUFS, "notification: memory budget spent");
}

int http_job_basic(struct http_job *j, const struct receiver *r, struct err *e)
{
	OWNED_BUF pair = BUF_INIT;
	OWNED_BUF text = BUF_INIT;
	int result;

	if (!receiver_text(r, "user").n)
		return 0;
	buf_add(&pair, receiver_text(r, "user"));
	buf_byte(&pair, ':');
	buf_add(&pair, receiver_text(r, "password"));
	base64_encode(&text, buf_str(&pair));
	result = buf_error(&text) ? err_set(e, ENOMEM, "no memory for a request")
				  : http_job_authorize(j, "Basic", buf_str(&text), e);
	if (pair.p)
		secret_wipe(pair.p, pair.n);
	if (text.p)
		secret_wipe(text.p, text.n);
	return result;
}

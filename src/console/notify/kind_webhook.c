/* JSON to any HTTP receiver, signed when there is a secret. */
#include "console/notify/feed.h"
#include "console/notify/receiver_kind.h"
#include "console/notify/sender_http.h"
#include "console/notify/setting_tls.h"

static const struct setting settings[] = {
	{ .name = "url",
	  .type = SETTING_SECRET_URL,
	  .must = true,
	  .choices = "https|http",
	  .doc = { "address", "地址" } },
	{ .name = "secret",
	  .type = SETTING_SECRET,
	  .doc = { "signs requests: X-Skep-Signature is HMAC-SHA256 of \"TIME.BODY\"",
		   "请求签名密钥：X-Skep-Signature 为 \"TIME.BODY\" 的 HMAC-SHA256" } },
	{ .name = "headers", .type = SETTING_SECRET_MAP, .doc = { "more headers", "附加请求头" } },
	{ .name = "batch",
	  .type = SETTING_NUMBER,
	  .min = 1,
	  .max = 500,
	  .preset = "1",
	  .doc = { "alerts a request; 1: an object, more: a list",
		   "每个请求的告警数；1 为对象，多于 1 为列表" } },
	SETTING_TLS,
};

static int put_headers(const struct receiver *r, struct http_job *j, struct err *e)
{
	VALUE_MEMBERS (m, receiver_value(r, "headers")) {
		str name = arena_str(j->arena, m->key);
		int result = name.p ? http_job_header(j, name.p, value_str(&m->value), e)
				    : err_set(e, ENOBUFS, "notification: memory budget spent");

		if (result < 0)
			return result;
	}
	return 0;
}

static int sign(const struct receiver *r, struct http_job *j, struct err *e)
{
	str secret = receiver_text(r, "secret"),
	    time = arena_printf(j->arena, "%llu", (unsigned long long)(j->now_ns / 1000000000));
	OWNED_BUF sum = BUF_INIT;
	int result;

	if (!secret.n)
		return 0;
	feed_sign(secret, j->now_ns / 1000000000, buf_str(&j->body), &sum);
	result = buf_error(&sum) || !time.p ? err_set(e, ENOMEM, "no memory for a request")
					    : http_job_header(j, "X-Skep-Timestamp", time, e);
	return result < 0 ? result : http_job_header(j, "X-Skep-Signature", buf_str(&sum), e);
}

static int build(const struct receiver *r, const struct sender_host *host UNUSED,
		 const struct notice *list, size_t count, struct http_job *ret, struct err *e)
{
	int result;

	ret->url = arena_str(ret->arena, receiver_text(r, "url")).p;
	feed_render_json(list, count, receiver_number(r, "batch") == 1, &ret->body);
	if (!ret->url || buf_error(&ret->body))
		return err_set(e, ENOMEM, "no memory for a request");
	result = http_job_header(ret, "Content-Type", S("application/json"), e);
	if (result == 0)
		result = put_headers(r, ret, e);
	return result < 0 ? result : sign(r, ret, e);
}

static const struct http_kind http = { .build = build };

const struct receiver_kind receiver_kind_webhook = {
	.name = "webhook",
	.doc = { "JSON by HTTP, signed", "HTTP JSON 回调（可签名）" },
	.settings = settings,
	.http = &http,
};

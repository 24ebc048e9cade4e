/* DingTalk: a group robot of DingTalk. */
#include "console/notify/chat.h"
#include "console/notify/feed.h"
#include "console/notify/receiver_kind.h"
#include "console/notify/sender_http.h"
#include "console/notify/setting_tls.h"

static const struct setting settings[] = {
	{ .name = "url",
	  .type = SETTING_SECRET_URL,
	  .must = true,
	  .choices = "https|http",
	  .doc = { "address of the webhook", "Webhook 地址" } },
	{ .name = "secret",
	  .type = SETTING_SECRET,
	  .doc = { "its signing secret, where the robot has one", "机器人的签名密钥（若启用）" } },
	SETTING_TLS,
};

static str signed_url(const struct receiver *r, struct http_job *j)
{
	str secret = receiver_text(r, "secret");
	OWNED_BUF url = BUF_INIT;

	buf_add(&url, receiver_text(r, "url"));
	if (secret.n)
		chat_sign_dingtalk(secret, j->now_ns / 1000000, &url);
	return buf_error(&url) ? (str){ NULL, 0 } : arena_str(j->arena, buf_str(&url));
}

static int build(const struct receiver *r, const struct sender_host *host,
		 const struct notice *list, size_t count UNUSED, struct http_job *ret,
		 struct err *e)
{
	struct card c;
	str url;
	int result = card_make(&list[0], r->lang, host->console, ret->arena, &c, e);

	if (result < 0)
		return result;
	url = signed_url(r, ret);
	if (!url.p)
		return err_set(e, ENOBUFS, "notification: memory budget spent");
	ret->url = url.p;
	chat_render_dingtalk(&c, &ret->body);
	return http_job_header(ret, "Content-Type", S("application/json; charset=utf-8"), e);
}

/* It answers 200 whatever it thinks. */
static void judge(str answer, struct arena *a, struct outbox_result *ret)
{
	static const int64_t busy[] = { 130101, 0 };

	feed_judge_robot(answer, busy, a, ret);
}

static int open_dingtalk(const struct receiver *r, const struct sender_host *host,
			 struct sender **ret, struct err *e)
{
	static const struct http_kind http = { .build = build, .judge = judge };

	return sender_http_open(&http, r, host, ret, e);
}

const struct receiver_kind receiver_kind_dingtalk = {
	.name = "dingtalk",
	.doc = { "a group robot of DingTalk", "钉钉群机器人" },
	.settings = settings,
	.open = open_dingtalk,
};

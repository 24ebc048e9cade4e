/* Chat rooms: incoming webhooks of Slack and Teams, group robots of DingTalk, Feishu (Lark) and WeCom. One card a message. */
#include "console/notify/chat.h"
#include "console/notify/feed.h"
#include "console/notify/receiver_kind.h"
#include "console/notify/sender_http.h"
#include "console/notify/setting_tls.h"

#define ADDRESS \
	{ \
		.name = "url", .type = SETTING_SECRET_URL, .must = true, .choices = "https|http", \
		.doc = { "address of the webhook", \
			 "Webhook 地址" } \
	}

static const struct setting plain_settings[] = { ADDRESS, SETTING_TLS };

static const struct setting signed_settings[] = {
	ADDRESS,
	{ .name = "secret",
	  .type = SETTING_SECRET,
	  .doc = { "its signing secret, where the robot has one", "机器人的签名密钥（若启用）" } },
	SETTING_TLS,
};

/** What all have: the card, the address, the type of the body. */
static int begin(const struct receiver *r, const struct sender_host *host, const struct notice *n,
		 struct http_job *j, struct card *ret, struct err *e)
{
	str url = arena_str(j->arena, receiver_text(r, "url"));
	int result = card_make(n, r->lang, host->console, j->arena, ret, e);

	if (result < 0)
		return result;
	if (!url.p)
		return err_set(e, ENOBUFS, "notification: memory budget spent");
	j->url = url.p;
	return http_job_header(j, "Content-Type", S("application/json; charset=utf-8"), e);
}

/** DingTalk's signature stands in the address. */
static int sign_dingtalk(const struct receiver *r, struct http_job *j, struct err *e)
{
	str secret = receiver_text(r, "secret"), whole;
	OWNED_BUF url = BUF_INIT;

	if (!secret.n)
		return 0;
	buf_add(&url, str_from(j->url));
	chat_sign_dingtalk(secret, j->now_ns / 1000000, &url);
	whole = buf_error(&url) ? (str){ 0 } : arena_str(j->arena, buf_str(&url));
	if (!whole.p)
		return err_set(e, ENOBUFS, "notification: memory budget spent");
	j->url = whole.p;
	return 0;
}

/*
 * A kind: how it builds a request from a card `c` (`n` is the notice, `j` the request), and how it says that it is busy. Robots
 * answer 200 whatever they think; the numbers are the codes that mean "later".
 */
#define CHAT_BUILD(kind, ...) \
	static int build_##kind(const struct receiver *r, const struct sender_host *host, \
				const struct notice *n, size_t count UNUSED, struct http_job *j, \
				struct err *e) \
	{ \
		struct card c; \
		int result = begin(r, host, n, j, &c, e); \
\
		if (result == 0) { \
			__VA_ARGS__; \
		} \
		return result; \
	}
#define CHAT_JUDGE(kind, ...) \
	static void judge_##kind(int status, str answer, struct arena *a, \
				 struct outbox_result *ret) \
	{ \
		static const int64_t busy[] = { __VA_ARGS__, 0 }; \
\
		feed_judge_robot(status, answer, busy, a, ret); \
	}
#define CHAT_KIND(kind, judgement, with, en, zh) \
	static const struct http_kind http_##kind = { .build = build_##kind, .judge = judgement }; \
\
	const struct receiver_kind receiver_kind_##kind = { .name = #kind, \
							    .doc = { en, zh }, \
							    .settings = with, \
							    .batch = 1, \
							    .http = &http_##kind };

CHAT_BUILD(slack, chat_render_slack(&c, n->priority, &j->body))
CHAT_KIND(slack, NULL, plain_settings, "an incoming webhook of Slack", "Slack 传入 Webhook")

CHAT_BUILD(teams, chat_render_teams(&c, n->priority, &j->body))
CHAT_KIND(teams, NULL, plain_settings, "a workflow webhook of Microsoft Teams",
	  "Microsoft Teams 工作流 Webhook")

CHAT_BUILD(dingtalk, chat_render_dingtalk(&c, &j->body); result = sign_dingtalk(r, j, e))
CHAT_JUDGE(dingtalk, 130101)
CHAT_KIND(dingtalk, judge_dingtalk, signed_settings, "a group robot of DingTalk", "钉钉群机器人")

CHAT_BUILD(feishu, chat_render_feishu(&c, n->priority, receiver_text(r, "secret"),
				      j->now_ns / 1000000000, &j->body))
CHAT_JUDGE(feishu, 11232, 99991400)
CHAT_KIND(feishu, judge_feishu, signed_settings, "a group robot of Feishu or Lark", "飞书群机器人")

CHAT_BUILD(wecom, chat_render_wecom(&c, &j->body))
CHAT_JUDGE(wecom, 45009)
CHAT_KIND(wecom, judge_wecom, plain_settings, "a group robot of WeCom", "企业微信群机器人")

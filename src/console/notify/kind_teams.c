/* Teams: a workflow webhook of Microsoft Teams. */
#include "console/notify/chat.h"
#include "console/notify/receiver_kind.h"
#include "console/notify/sender_http.h"
#include "console/notify/setting_tls.h"

static const struct setting settings[] = {
	{ .name = "url",
	  .type = SETTING_SECRET_URL,
	  .must = true,
	  .choices = "https|http",
	  .doc = { "address of the webhook", "Webhook 地址" } },
	SETTING_TLS,
};

static int build(const struct receiver *r, const struct sender_host *host,
		 const struct notice *list, size_t count UNUSED, struct http_job *ret,
		 struct err *e)
{
	struct card c;
	str url;
	int result = card_make(&list[0], r->lang, host->console, ret->arena, &c, e);

	if (result < 0)
		return result;
	url = arena_str(ret->arena, receiver_text(r, "url"));
	if (!url.p)
		return err_set(e, ENOBUFS, "notification: memory budget spent");
	ret->url = url.p;
	chat_render_teams(&c, list[0].priority, &ret->body);
	return http_job_header(ret, "Content-Type", S("application/json; charset=utf-8"), e);
}

static int open_teams(const struct receiver *r, const struct sender_host *host, struct sender **ret,
		      struct err *e)
{
	static const struct http_kind http = { .build = build };

	return sender_http_open(&http, r, host, ret, e);
}

const struct receiver_kind receiver_kind_teams = {
	.name = "teams",
	.doc = { "a workflow webhook of Microsoft Teams", "Microsoft Teams 工作流 Webhook" },
	.settings = settings,
	.open = open_teams,
};

/* Alertmanager, API v2. */
#include "console/notify/feed.h"
#include "console/notify/receiver_kind.h"
#include "console/notify/sender_http.h"
#include "console/notify/setting_tls.h"

enum { BATCH = 200 };

static const struct setting settings[] = {
	{ .name = "url",
	  .type = SETTING_URL,
	  .must = true,
	  .choices = "https|http",
	  .doc = { "address of the server", "服务器地址" } },
	{ .name = "user", .type = SETTING_TEXT, .doc = { "user", "用户名" } },
	{ .name = "password", .type = SETTING_SECRET, .doc = { "password", "密码" } },
	{ .name = "lastingSeconds",
	  .type = SETTING_NUMBER,
	  .min = 60,
	  .max = 604800,
	  .preset = "3600",
	  .doc = { "an alert is over after so long", "告警在该时长后视为结束" } },
	SETTING_TLS,
};

static int build(const struct receiver *r, const struct sender_host *host,
		 const struct notice *list, size_t count, struct http_job *ret, struct err *e)
{
	int result = http_job_url(ret, r, "api/v2/alerts", e);

	if (result < 0)
		return result;
	feed_render_alertmanager(list, count, host->console, r->lang, ret->now_ns,
				 (unsigned int)receiver_number(r, "lastingSeconds"), &ret->body);
	result = http_job_header(ret, "Content-Type", S("application/json"), e);
	return result < 0 ? result : http_job_basic(ret, r, e);
}

static const struct http_kind http = { .build = build };

const struct receiver_kind receiver_kind_alertmanager = {
	.name = "alertmanager",
	.doc = { "Alertmanager of Prometheus", "Prometheus Alertmanager" },
	.settings = settings,
	.batch = BATCH,
	.http = &http,
};

/* Splunk's HTTP event collector. */
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
	{ .name = "token",
	  .type = SETTING_SECRET,
	  .must = true,
	  .doc = { "token of the collector", "收集器令牌" } },
	{ .name = "index", .type = SETTING_TEXT, .max = 200, .doc = { "index", "索引" } },
	{ .name = "sourcetype",
	  .type = SETTING_TEXT,
	  .max = 200,
	  .preset = "skep:alert",
	  .doc = { "sourcetype", "sourcetype" } },
	SETTING_TLS,
};

static int build(const struct receiver *r, const struct sender_host *host UNUSED,
		 const struct notice *list, size_t count, struct http_job *ret, struct err *e)
{
	int result = http_job_url(ret, r, "services/collector/event", e);

	if (result < 0)
		return result;
	feed_render_hec(list, count, receiver_text(r, "index"), receiver_text(r, "sourcetype"),
			&ret->body);
	result = http_job_header(ret, "Content-Type", S("application/json"), e);
	return result < 0 ? result
			  : http_job_authorize(ret, "Splunk", receiver_text(r, "token"), e);
}

static const struct http_kind http = { .build = build, .judge = feed_judge_hec };

const struct receiver_kind receiver_kind_splunk = {
	.name = "splunk",
	.doc = { "Splunk's HTTP event collector", "Splunk HTTP 事件收集器" },
	.settings = settings,
	.batch = BATCH,
	.http = &http,
};

/* Elasticsearch and OpenSearch: the bulk API. */
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
	{ .name = "index",
	  .type = SETTING_TEXT,
	  .max = 200,
	  .preset = "skep-alerts",
	  .doc = { "index or data stream", "索引或数据流" } },
	{ .name = "user", .type = SETTING_TEXT, .doc = { "user", "用户名" } },
	{ .name = "password", .type = SETTING_SECRET, .doc = { "password", "密码" } },
	{ .name = "apiKey",
	  .type = SETTING_SECRET,
	  .doc = { "API key, encoded, instead of user and password",
		   "API 密钥（编码后），可代替用户名与密码" } },
	SETTING_TLS,
};

static int build(const struct receiver *r, const struct sender_host *host UNUSED,
		 const struct notice *list, size_t count, struct http_job *ret, struct err *e)
{
	int result = http_job_url(ret, r, "_bulk", e);

	if (result < 0)
		return result;
	feed_render_bulk(list, count, receiver_text(r, "index"), &ret->body);
	result = http_job_header(ret, "Content-Type", S("application/x-ndjson"), e);
	if (result == 0 && receiver_text(r, "apiKey").n)
		return http_job_authorize(ret, "ApiKey", receiver_text(r, "apiKey"), e);
	return result < 0 ? result : http_job_basic(ret, r, e);
}

static const struct http_kind http = { .build = build, .judge = feed_judge_bulk };

const struct receiver_kind receiver_kind_elasticsearch = {
	.name = "elasticsearch",
	.doc = { "Elasticsearch or OpenSearch, by the bulk API",
		 "Elasticsearch 或 OpenSearch 批量接口" },
	.settings = settings,
	.batch = BATCH,
	.http = &http,
};

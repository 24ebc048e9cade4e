#include "console/notify/feed.h"

#include <stdio.h>

#include "base/text.h"
#include "base/time.h"
#include "codec/json.h"
#include "codec/mac.h"

void feed_render_json(const struct notice *list, size_t count, bool one, struct buf *out)
{
	bool array = !one || count != 1;

	if (array)
		buf_byte(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_byte(out, ',');
		notice_json(&list[i], S(""), out);
	}
	if (array)
		buf_byte(out, ']');
}

static void bulk_action(const struct notice *n, str index, struct buf *out)
{
	char id[32];
	struct json_out j;

	json_out_init(&j, out, false);
	json_object_open(&j);
	json_key(&j, "create");
	json_object_open(&j);
	json_put_str(&j, "_index", index);
	/* What stands for several is told besides the alert itself. */
	snprintf(id, sizeof(id), "%llu%s", (unsigned long long)n->id, n->more ? "+" : "");
	if (n->id)
		json_put_cstr(&j, "_id", id);
	json_object_close(&j);
	json_object_close(&j);
	buf_byte(out, '\n');
}

void feed_render_bulk(const struct notice *list, size_t count, str index, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		OWNED_BUF extra = BUF_INIT;

		bulk_action(&list[i], index, out);
		buf_add(&extra, S("\"@timestamp\":"));
		json_quote(&extra, notice_text(&list[i], "time"));
		buf_byte(&extra, ',');
		notice_json(&list[i], buf_str(&extra), out);
		buf_byte(out, '\n');
	}
}

void feed_render_hec(const struct notice *list, size_t count, str index, str sourcetype,
		     struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct notice *n = &list[i];
		uint64_t ns = n->received_ns;
		struct json_out j;

		(void)!time_parse_ns(notice_text(n, "time"), &ns);
		json_out_init(&j, out, false);
		json_object_open(&j);
		json_key(&j, "time");
		json_double(&j, (double)(ns / 1000000) / 1000, 3);
		json_opt_str(&j, "host", n->host);
		json_put_cstr(&j, "source", "skep");
		json_opt_str(&j, "sourcetype", sourcetype);
		json_opt_str(&j, "index", index);
		json_object_close(&j);
		if (buf_error(out))
			return;
		out->n--;
		buf_add(out, S(",\"event\":"));
		notice_json(n, S(""), out);
		buf_add(out, S("}\n"));
	}
}

static void labels(const struct notice *n, struct json_out *j)
{
	json_key(j, "labels");
	json_object_open(j);
	json_put_str(j, "alertname", notice_text(n, "rule"));
	json_put_cstr(j, "source", "skep");
	json_put_cstr(j, "severity",
		      n->priority <= PRIORITY_CRITICAL  ? "critical"
		      : n->priority <= PRIORITY_WARNING ? "warning"
							: "info");
	json_put_cstr(j, "priority", alert_priority_name(n->priority));
	json_opt_str(j, "rule_id", notice_text(n, "ruleId"));
	json_opt_str(j, "host", n->host);
	json_opt_str(j, "container", notice_text(n, "container.name"));
	json_opt_str(j, "image", notice_text(n, "container.image"));
	json_opt_str(j, "namespace", notice_text(n, "container.podNamespace"));
	json_opt_str(j, "pod", notice_text(n, "container.podName"));
	json_object_close(j);
}

void feed_render_alertmanager(const struct notice *list, size_t count, const char *console,
			      enum lang lang, uint64_t now_ns, unsigned int lasting_s,
			      struct buf *out)
{
	char end[TIME_NS_TEXT_BYTES];
	struct json_out j;

	time_render_ns(now_ns + lasting_s * (uint64_t)1000000000, end);
	json_out_init(&j, out, false);
	json_array_open(&j);
	for (size_t i = 0; i < count; i++) {
		const struct notice *n = &list[i];
		char link[256];

		json_object_open(&j);
		labels(n, &j);
		json_key(&j, "annotations");
		json_object_open(&j);
		json_put_str(&j, "summary", notice_text(n, "rule"));
		json_opt_str(&j, "description", notice_message(n, lang));
		json_object_close(&j);
		json_opt_str(&j, "startsAt", notice_text(n, "time"));
		json_put_cstr(&j, "endsAt", end);
		snprintf(link, sizeof(link), "%s/alerts/%llu", console ? console : "",
			 (unsigned long long)n->id);
		if (console && n->id)
			json_put_cstr(&j, "generatorURL", link);
		json_object_close(&j);
	}
	json_array_close(&j);
}

void feed_sign(str secret, uint64_t now_s, str body, struct buf *out)
{
	OWNED_BUF text = BUF_INIT;
	uint8_t mac[SHA256_BYTES];
	char hex[SHA256_HEX + 1];

	buf_printf(&text, "%llu.", (unsigned long long)now_s);
	buf_add(&text, body);
	if (buf_error(&text)) {
		out->error = buf_error(&text);
		return;
	}
	hmac_sha256(secret, buf_str(&text), mac);
	hex_render(mac, sizeof(mac), hex);
	buf_printf(out, "sha256=%s", hex);
}

void feed_reason(str answer, struct arena *a, char ret[FEED_REASON_BYTES])
{
	static const char *const members[] = { "error.reason", "error.message", "error", "message",
					       "errmsg",       "msg",           "text",  "detail" };
	OWNED_BUF line = BUF_INIT;
	struct value v = { 0 };
	str text = { 0 };

	ret[0] = '\0';
	if (json_parse(answer, a, &v, NULL) < 0)
		text = str_trim(answer);
	else if (v.kind == VALUE_STRING)
		text = value_str(&v);
	for (size_t i = 0; v.kind == VALUE_OBJECT && !text.n && i < ARRAY_LEN(members); i++)
		text = value_str(value_path(&v, members[i]));
	/* A page for browsers. */
	if (str_starts(text, S("<")))
		return;
	text_put_line(str_take(text, str_find(text, '\n')), FEED_REASON_BYTES - 1, NULL, &line);
	if (!buf_error(&line))
		snprintf(ret, FEED_REASON_BYTES, "%s", buf_cstr(&line));
}

/* The index's fault, which somebody may put right, though each document is answered 400 for it. */
static bool is_of_the_index(const struct value *answer)
{
	static const char *const types[] = { "index_closed_exception",
					     "invalid_index_name_exception" };
	str type = value_str(value_path(answer, "error.type"));

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_is(type, types[i]))
			return true;
	return false;
}

/* @p counts told, to be told again, refused */
static void judge_item(const struct value *item, size_t counts[3], char *why, size_t why_n)
{
	/* {"create": {"status": 201, ...}}: whatever the action was */
	const struct value_member *m = value_first_member(item);
	int64_t status = m ? value_int(value_get(&m->value, "status"), 0) : 0;
	bool again;

	if (status / 100 == 2 || status == 409) {
		counts[0]++;
		return;
	}
	/* Not allowed, no such index, and blocked for want of disk space (403, in later versions 429). */
	again = status == 401 || status == 403 || status == 404 || status == 429 ||
		status / 100 == 5 || (m && is_of_the_index(&m->value));
	counts[again ? 1 : 2]++;
	if (m && !why[0])
		snprintf(why, why_n, "%.*s",
			 STR_ARG(str_take(value_str(value_path(&m->value, "error.reason")), 100)));
}

void feed_judge_bulk(int status, str answer, struct arena *a, struct outbox_result *ret)
{
	size_t counts[3] = { 0 };
	char why[120] = "";
	struct value v = { 0 };

	if (status / 100 != 2)
		return;
	if (json_parse(answer, a, &v, NULL) < 0 || v.kind != VALUE_OBJECT) {
		outbox_result_set(ret, OUTBOX_AGAIN, "its answer is no answer of the bulk API");
		return;
	}
	if (!value_is_true(value_get(&v, "errors"))) {
		outbox_result_set(ret, OUTBOX_SENT, "%s", "");
		return;
	}
	VALUE_EACH (item, value_get(&v, "items"))
		judge_item(item, counts, why, sizeof(why));
	/* Those that were told are told again with the others; their ids keep them from being there twice. */
	if (counts[1])
		outbox_result_set(ret, OUTBOX_AGAIN, "%zu documents were not taken: %s",
				  counts[1] + counts[2], why);
	else if (counts[2])
		outbox_result_set(ret, OUTBOX_SENT, "%zu documents were refused: %s", counts[2],
				  why);
	else
		outbox_result_set(ret, OUTBOX_SENT, "%s", "");
	ret->refused = counts[1] ? 0 : counts[2];
}

void feed_judge_hec(int status, str answer, struct arena *a, struct outbox_result *ret)
{
	/* Incorrect index, no data channel, a wrong one, acknowledgement is off, tokens in addresses are off. */
	static const int64_t of_the_token[] = { 7, 10, 11, 14, 16 };
	struct value v = { 0 };

	if (status != 400 || json_parse(answer, a, &v, NULL) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(of_the_token); i++)
		if (value_int(value_get(&v, "code"), -1) == of_the_token[i])
			ret->verdict = OUTBOX_AGAIN;
}

/* What robots say of a message they will never take: Feishu's and Lark's, DingTalk's, WeCom's. */
static bool is_malformed(int64_t code)
{
	return code == 9499 || code == 19002 || code == 40035 || code == 40058 || code == 44004 ||
	       code == 40008;
}

/* Feishu says "too many request" by the code it has for malformed ones, and 400 for both. */
static bool is_busy(int64_t code, str message, const int64_t *busy)
{
	for (; *busy; busy++)
		if (code == *busy)
			return true;
	return code == 9499 && str_holds_nocase(message, S("too many"));
}

void feed_judge_robot(int status, str answer, const int64_t *busy, struct arena *a,
		      struct outbox_result *ret)
{
	struct value v = { 0 };
	const struct value *member;
	int64_t code;
	str message;

	if (status / 100 != 2 && status != 400)
		return;
	(void)!json_parse(answer, a, &v, NULL);
	member = value_get(&v, "errcode");
	member = member ? member : value_get(&v, "code");
	member = member ? member : value_get(&v, "StatusCode");
	code = value_int(member, -1);
	message = value_get_str(&v, "errmsg");
	message = message.n ? message : value_get_str(&v, "msg");
	if (is_busy(code, message, busy))
		outbox_result_set(ret, OUTBOX_AGAIN, "it is told too much (%lld)", (long long)code);
	else if (status == 400)
		return;
	else if (!member)
		outbox_result_set(ret, OUTBOX_AGAIN, "its answer is not what a robot answers");
	else if (code == 0)
		outbox_result_set(ret, OUTBOX_SENT, "%s", "");
	else
		outbox_result_set(ret, is_malformed(code) ? OUTBOX_REFUSED : OUTBOX_AGAIN,
				  "it refuses (%lld): %.*s", (long long)code,
				  STR_ARG(str_take(message, 120)));
}

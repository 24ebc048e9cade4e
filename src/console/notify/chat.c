#include "console/notify/chat.h"

#include <stdio.h>

#include "codec/base64.h"
#include "codec/mac.h"
#include "wire/url.h"

/* WeCom takes 2,048 bytes, DingTalk 20,000. */
enum { SLACK_TEXT_MAX = 2900, WECOM_MAX = 2048, DINGTALK_MAX = 4096 };

static const char *color_of(enum alert_priority p)
{
	if (p <= PRIORITY_CRITICAL)
		return "#b3261e";
	return p <= PRIORITY_WARNING ? "#b35900" : "#3b6ea5";
}

/** A value no service reads as markup. */
static void plain_text(struct json_out *j, const char *key, const char *tag, str s)
{
	json_key(j, key);
	json_object_open(j);
	json_put_cstr(j, tag, "plain_text");
	json_put_str(j, str_is(str_from(tag), "tag") ? "content" : "text", s);
	json_object_close(j);
}

/* The text beside the blocks is for lists and screen readers, and is read as markup. */
static void slack_fallback(struct json_out *j, str title)
{
	OWNED_BUF b = BUF_INIT;

	for (size_t i = 0; i < title.n; i++) {
		switch (title.p[i]) {
		case '&':
			buf_add(&b, S("&amp;"));
			break;
		case '<':
			buf_add(&b, S("&lt;"));
			break;
		case '>':
			buf_add(&b, S("&gt;"));
			break;
		default:
			buf_byte(&b, title.p[i]);
		}
	}
	json_put_str(j, "text", buf_str(&b));
}

static void slack_fields(const struct card *c, struct json_out *j)
{
	json_object_open(j);
	json_put_cstr(j, "type", "section");
	json_key(j, "fields");
	json_array_open(j);
	for (size_t i = 0; i < c->count; i++) {
		OWNED_BUF b = BUF_INIT;

		buf_printf(&b, "%s: %.*s", c->facts[i].label, STR_ARG(c->facts[i].value));
		json_object_open(j);
		json_put_cstr(j, "type", "plain_text");
		json_put_str(j, "text", buf_str(&b));
		json_object_close(j);
	}
	json_array_close(j);
	json_object_close(j);
}

static void slack_section(struct json_out *j, str text)
{
	json_object_open(j);
	json_put_cstr(j, "type", "section");
	plain_text(j, "text", "type", str_take(text, SLACK_TEXT_MAX));
	json_object_close(j);
}

static void slack_button(const struct card *c, struct json_out *j)
{
	json_object_open(j);
	json_put_cstr(j, "type", "actions");
	json_key(j, "elements");
	json_array_open(j);
	json_object_open(j);
	json_put_cstr(j, "type", "button");
	plain_text(j, "text", "type", str_from(c->open));
	json_put_cstr(j, "url", c->link);
	json_object_close(j);
	json_array_close(j);
	json_object_close(j);
}

void chat_render_slack(const struct card *c, enum alert_priority p, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out, false);
	json_object_open(&j);
	slack_fallback(&j, c->title);
	json_key(&j, "attachments");
	json_array_open(&j);
	json_object_open(&j);
	json_put_cstr(&j, "color", color_of(p));
	json_key(&j, "blocks");
	json_array_open(&j);
	json_object_open(&j);
	json_put_cstr(&j, "type", "header");
	plain_text(&j, "text", "type", c->title);
	json_object_close(&j);
	if (c->message.n)
		slack_section(&j, c->message);
	if (c->count)
		slack_fields(c, &j);
	if (c->more.n)
		slack_section(&j, c->more);
	if (c->link)
		slack_button(c, &j);
	json_array_close(&j);
	json_object_close(&j);
	json_array_close(&j);
	json_object_close(&j);
}

/* A TextRun is shown as it is; a TextBlock would be read as Markdown. */
static void teams_run(struct json_out *j, str text, bool bold, const char *color)
{
	json_object_open(j);
	json_put_cstr(j, "type", "TextRun");
	json_put_str(j, "text", text);
	if (bold)
		json_put_cstr(j, "weight", "Bolder");
	if (color)
		json_put_cstr(j, "color", color);
	json_object_close(j);
}

static void teams_open(struct json_out *j)
{
	json_object_open(j);
	json_put_cstr(j, "type", "RichTextBlock");
	json_key(j, "inlines");
	json_array_open(j);
}

static void teams_close(struct json_out *j)
{
	json_array_close(j);
	json_object_close(j);
}

static void teams_body(const struct card *c, enum alert_priority p, struct json_out *j)
{
	teams_open(j);
	teams_run(j, c->title, true, p <= PRIORITY_CRITICAL ? "Attention" : "Default");
	teams_close(j);
	if (c->message.n) {
		teams_open(j);
		teams_run(j, c->message, false, NULL);
		teams_close(j);
	}
	for (size_t i = 0; i < c->count; i++) {
		teams_open(j);
		teams_run(j, str_from(c->facts[i].label), true, NULL);
		teams_run(j, S("  "), false, NULL);
		teams_run(j, c->facts[i].value, false, NULL);
		teams_close(j);
	}
	if (c->more.n) {
		teams_open(j);
		teams_run(j, c->more, false, NULL);
		teams_close(j);
	}
}

void chat_render_teams(const struct card *c, enum alert_priority p, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out, false);
	json_object_open(&j);
	json_put_cstr(&j, "type", "message");
	json_key(&j, "attachments");
	json_array_open(&j);
	json_object_open(&j);
	json_put_cstr(&j, "contentType", "application/vnd.microsoft.card.adaptive");
	json_key(&j, "content");
	json_object_open(&j);
	json_put_cstr(&j, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
	json_put_cstr(&j, "type", "AdaptiveCard");
	json_put_cstr(&j, "version", "1.4");
	json_key(&j, "body");
	json_array_open(&j);
	teams_body(c, p, &j);
	json_array_close(&j);
	if (c->link) {
		json_key(&j, "actions");
		json_array_open(&j);
		json_object_open(&j);
		json_put_cstr(&j, "type", "Action.OpenUrl");
		json_put_cstr(&j, "title", c->open);
		json_put_cstr(&j, "url", c->link);
		json_object_close(&j);
		json_array_close(&j);
	}
	json_object_close(&j);
	json_object_close(&j);
	json_array_close(&j);
	json_object_close(&j);
}

/* Both take {"msgtype":"text","text":{"content":...}}; whom to mention is a member of its own that we do not write. */
static void text_message(const struct card *c, size_t max, struct buf *out)
{
	OWNED_BUF text = BUF_INIT;
	struct json_out j;

	card_render_text(c, max, &text);
	json_out_init(&j, out, false);
	json_object_open(&j);
	json_put_cstr(&j, "msgtype", "text");
	json_key(&j, "text");
	json_object_open(&j);
	json_put_str(&j, "content", buf_str(&text));
	json_object_close(&j);
	json_object_close(&j);
}

void chat_render_dingtalk(const struct card *c, struct buf *out)
{
	text_message(c, DINGTALK_MAX, out);
}

void chat_render_wecom(const struct card *c, struct buf *out)
{
	text_message(c, WECOM_MAX, out);
}

void chat_sign_dingtalk(str secret, uint64_t now_ms, struct buf *out)
{
	OWNED_BUF text = BUF_INIT;
	OWNED_BUF sign = BUF_INIT;
	uint8_t mac[SHA256_BYTES];

	buf_printf(&text, "%llu\n", (unsigned long long)now_ms);
	buf_add(&text, secret);
	hmac_sha256(secret, buf_str(&text), mac);
	base64_encode(&sign, (str){ (const char *)mac, sizeof(mac) });
	buf_printf(out, "&timestamp=%llu&sign=", (unsigned long long)now_ms);
	url_escape(out, buf_str(&sign));
}

/* The text that is signed is the key, and what it signs is empty: so the service wants it. */
static void sign_feishu(str secret, uint64_t now_s, struct json_out *j)
{
	OWNED_BUF key = BUF_INIT;
	OWNED_BUF sign = BUF_INIT;
	uint8_t mac[SHA256_BYTES];
	char time[24];

	snprintf(time, sizeof(time), "%llu", (unsigned long long)now_s);
	buf_printf(&key, "%s\n", time);
	buf_add(&key, secret);
	hmac_sha256(buf_str(&key), S(""), mac);
	base64_encode(&sign, (str){ (const char *)mac, sizeof(mac) });
	json_put_cstr(j, "timestamp", time);
	json_put_str(j, "sign", buf_str(&sign));
}

static void feishu_div(struct json_out *j, str text)
{
	json_object_open(j);
	json_put_cstr(j, "tag", "div");
	plain_text(j, "text", "tag", text);
	json_object_close(j);
}

static void feishu_elements(const struct card *c, struct json_out *j)
{
	if (c->message.n)
		feishu_div(j, c->message);
	for (size_t i = 0; i < c->count; i++) {
		OWNED_BUF b = BUF_INIT;

		buf_printf(&b, "%s: %.*s", c->facts[i].label, STR_ARG(c->facts[i].value));
		feishu_div(j, buf_str(&b));
	}
	if (c->more.n)
		feishu_div(j, c->more);
	if (!c->link)
		return;
	json_object_open(j);
	json_put_cstr(j, "tag", "action");
	json_key(j, "actions");
	json_array_open(j);
	json_object_open(j);
	json_put_cstr(j, "tag", "button");
	plain_text(j, "text", "tag", str_from(c->open));
	json_put_cstr(j, "url", c->link);
	json_put_cstr(j, "type", "default");
	json_object_close(j);
	json_array_close(j);
	json_object_close(j);
}

void chat_render_feishu(const struct card *c, enum alert_priority p, str secret, uint64_t now_s,
			struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out, false);
	json_object_open(&j);
	if (secret.n)
		sign_feishu(secret, now_s, &j);
	json_put_cstr(&j, "msg_type", "interactive");
	json_key(&j, "card");
	json_object_open(&j);
	json_key(&j, "header");
	json_object_open(&j);
	plain_text(&j, "title", "tag", c->title);
	json_put_cstr(&j, "template",
		      p <= PRIORITY_CRITICAL  ? "red"
		      : p <= PRIORITY_WARNING ? "orange"
					      : "blue");
	json_object_close(&j);
	json_key(&j, "elements");
	json_array_open(&j);
	feishu_elements(c, &j);
	json_array_close(&j);
	json_object_close(&j);
	json_object_close(&j);
}

/* Mail by a relay. */
#include "console/notify/mail.h"
#include "console/notify/receiver_kind.h"
#include "console/notify/sender_http.h"
#include "console/notify/setting_tls.h"
#include "wire/url.h"

enum { RECIPIENTS_MAX = 50 };

static const struct setting settings[] = {
	{ .name = "url",
	  .type = SETTING_URL,
	  .must = true,
	  .choices = "smtp|smtps",
	  .doc = { "relay: smtp://HOST:587 or smtps://HOST:465",
		   "邮件中继：smtp://HOST:587 或 smtps://HOST:465" } },
	{ .name = "tls",
	  .type = SETTING_CHOICE,
	  .choices = "starttls|none",
	  .preset = "starttls",
	  .doc = { "with smtp://: begin with STARTTLS, or never",
		   "使用 smtp:// 时：STARTTLS 或不加密" } },
	{ .name = "user", .type = SETTING_TEXT, .doc = { "user", "用户名" } },
	{ .name = "password", .type = SETTING_SECRET, .doc = { "password", "密码" } },
	{ .name = "from",
	  .type = SETTING_TEXT,
	  .must = true,
	  .max = 254,
	  .doc = { "sender's address", "发件人地址" } },
	{ .name = "to",
	  .type = SETTING_LIST,
	  .must = true,
	  .max = RECIPIENTS_MAX,
	  .doc = { "recipients' addresses", "收件人地址" } },
	SETTING_TLS,
};

static bool speaks_plain(const struct receiver *r)
{
	return str_starts(receiver_text(r, "url"), S("smtp:")) &&
	       str_is(receiver_text(r, "tls"), "none");
}

static int check(const struct receiver *r, struct err *e)
{
	if (!mail_is_address(receiver_text(r, "from")))
		return err_set(e, EINVAL, "'%s' is no mail address", "from");
	VALUE_EACH (to, receiver_value(r, "to"))
		if (!mail_is_address(value_str(to)))
			return err_set(e, EINVAL, "'%s' is no mail address", "to");
	if (receiver_text(r, "user").n && speaks_plain(r))
		return err_set(e, EINVAL, "a password is not sent without TLS");
	return 0;
}

static const char *kept(struct http_job *j, str s)
{
	return s.n ? arena_str(j->arena, s).p : NULL;
}

/* The name we say hello by stands where the path does. */
static const char *url_of(const struct receiver *r, const struct sender_host *host,
			  struct http_job *j)
{
	struct url u;

	if (!url_split(receiver_text(r, "url"), &u))
		return NULL;
	return arena_printf(j->arena, "%.*s://%s%.*s%s%s%.*s/%s", STR_ARG(u.scheme),
			    str_find(u.host, ':') < u.host.n ? "[" : "", STR_ARG(u.host),
			    str_find(u.host, ':') < u.host.n ? "]" : "", u.port.n ? ":" : "",
			    STR_ARG(u.port), host->name[0] ? host->name : "localhost")
		.p;
}

static bool put_envelope(const struct receiver *r, struct http_job *j)
{
	const struct value *to = receiver_value(r, "to");
	const char **list = ARENA_ARRAY(j->arena, to->count + 1, const char *);
	size_t n = 0;

	VALUE_EACH (item, to) {
		if (!list)
			return false;
		list[n] = kept(j, value_str(item));
		if (!list[n++])
			return false;
	}
	j->is_mail = true;
	j->mail = (struct http_mail){ .from = kept(j, receiver_text(r, "from")),
				      .to = list,
				      .user = kept(j, receiver_text(r, "user")),
				      .password = kept(j, receiver_text(r, "password")),
				      .start_tls = !speaks_plain(r) };
	return j->mail.from;
}

static int build(const struct receiver *r, const struct sender_host *host,
		 const struct notice *list, size_t count UNUSED, struct http_job *ret,
		 struct err *e)
{
	const struct mail_envelope v = { .from = receiver_text(r, "from"),
					 .to = receiver_value(r, "to"),
					 .host = str_from(host->name),
					 .id = list[0].id,
					 .now_s = ret->now_ns / 1000000000 };
	struct card c;
	int result = card_make(&list[0], r->lang, host->console, ret->arena, &c, e);

	if (result < 0)
		return result;
	ret->url = url_of(r, host, ret);
	if (!ret->url || !put_envelope(r, ret))
		return err_set(e, ENOBUFS, "notification: memory budget spent");
	mail_render(&v, &c, list[0].priority, &ret->body);
	return 0;
}

static const struct http_kind http = { .build = build };

const struct receiver_kind receiver_kind_mail = {
	.name = "mail",
	.doc = { "mail by an SMTP relay", "经 SMTP 中继发送邮件" },
	.settings = settings,
	.check = check,
	.batch = 1,
	.http = &http,
};

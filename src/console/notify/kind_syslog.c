/* RFC 5424 over UDP, TCP and TLS; the text a sentence, JSON, CEF or LEEF. */
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "console/notify/cef.h"
#include "console/notify/feed.h"
#include "console/notify/leef.h"
#include "console/notify/receiver_kind.h"
#include "console/notify/sender.h"
#include "console/notify/setting_tls.h"
#include "wire/syslog.h"
#include "wire/syslog_message.h"

/* What rsyslog and syslog-ng take over a stream when they are told to; a datagram is cut shorter. */
enum { BATCH = 500, STREAM_MAX = 64000 };

#define FACILITIES \
	"kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|ntp|audit|alert|clock|" \
	"local0|local1|" \
	"local2|local3|local4|local5|local6|local7"

static const struct setting settings[] = {
	{ .name = "url",
	  .type = SETTING_URL,
	  .must = true,
	  .choices = "udp|tcp|tls",
	  .doc = { "udp://HOST[:514], tcp://HOST[:601] or tls://HOST[:6514]",
		   "udp://HOST[:514]、tcp://HOST[:601] 或 tls://HOST[:6514]" } },
	{ .name = "format",
	  .type = SETTING_CHOICE,
	  .choices = "text|json|cef|leef",
	  .preset = "text",
	  .doc = { "what the message holds", "消息格式" } },
	{ .name = "facility",
	  .type = SETTING_CHOICE,
	  .choices = FACILITIES,
	  .preset = "local0",
	  .doc = { "syslog facility", "syslog facility" } },
	{ .name = "maxBytes",
	  .type = SETTING_NUMBER,
	  .min = 480,
	  .max = STREAM_MAX,
	  .preset = "8000",
	  .doc = { "bytes the receiver takes; JSON that is longer is shortened to what matters",
		   "接收方可接受的消息字节数；超长的 JSON 会精简" } },
	SETTING_TLS,
};

struct out {
	struct sender head;
	struct syslog *wire;
	char *ca, *cert, *key;
	unsigned int facility;
	const struct notice *list;
	size_t count, handed;
	struct buf text, message;
};

static void close_syslog(struct sender *s)
{
	struct out *o = (struct out *)s;

	syslog_free(o->wire);
	buf_done(&o->text);
	buf_done(&o->message);
	free(o->ca);
	free(o->cert);
	free(o->key);
	free(o);
}

/* @return whether the text is a format of its own */
static bool put_text(const struct receiver *r, const struct notice *n, size_t max, struct buf *out)
{
	str format = receiver_text(r, "format");

	if (str_is(format, "cef"))
		cef_render(n, r->lang, out);
	else if (str_is(format, "leef"))
		leef_render(n, r->lang, out);
	else if (str_is(format, "json"))
		notice_json_within(n, max, out);
	else
		buf_add(out, notice_message(n, r->lang));
	return !str_is(format, "text");
}

static int render(struct out *o, const struct notice *n)
{
	const struct receiver *r = o->head.receiver;
	size_t max = (size_t)receiver_number(r, "maxBytes");
	char id[24], count[24];
	bool own;

	buf_reset(&o->text);
	buf_reset(&o->message);
	snprintf(id, sizeof(id), "%llu", (unsigned long long)n->id);
	snprintf(count, sizeof(count), "%lld",
		 (long long)(value_int(value_get(n->doc, "count"), 1) + (int64_t)n->more));
	/* The header's fields have bounds of their own, 500 bytes together and what they name. */
	own = put_text(r, n, max - MIN(max, (size_t)400), &o->text);

	const struct syslog_param params[] = {
		{ "alertId", str_from(id) },
		{ "ruleId", notice_text(n, "ruleId") },
		{ "rule", notice_text(n, "rule") },
		{ "priority", notice_text(n, "priority") },
		{ "source", notice_text(n, "source") },
		{ "containerId", notice_text(n, "container.id") },
		{ "container", notice_text(n, "container.name") },
		{ "image", notice_text(n, "container.image") },
		{ "count", str_from(count) },
	};

	syslog_message_render(
		&(struct syslog_message){ .facility = o->facility,
					  .severity = (unsigned int)n->priority,
					  .time = notice_text(n, "time"),
					  .host = n->host.n ? n->host
							    : str_from(o->head.host->name),
					  .app = S("skep"),
					  .id = notice_text(n, "ruleId"),
					  .data_id = "skep@32473",
					  .params = params,
					  .param_count = own ? 0 : ARRAY_LEN(params),
					  .text = buf_str(&o->text),
					  .verbatim = own,
					  .max_bytes = max },
		&o->message);
	return buf_error(&o->message) ? buf_error(&o->message) : buf_error(&o->text);
}

static void finish(struct out *o, const struct outbox_result *r)
{
	o->list = NULL;
	o->count = o->handed = 0;
	sender_tell(&o->head, r);
}

static void broke(struct out *o, const char *why)
{
	struct outbox_result r = { 0 };

	outbox_result_set(&r, OUTBOX_AGAIN, "%s", why);
	finish(o, &r);
}

static void hand_over(struct out *o)
{
	while (o->handed < o->count && syslog_takes(o->wire)) {
		int r = render(o, &o->list[o->handed]);

		if (r == 0)
			r = syslog_send(o->wire, buf_str(&o->message));
		/* A datagram that found no room: later. */
		if (r == -EAGAIN)
			return;
		if (r < 0) {
			broke(o, strerror(-r));
			return;
		}
		o->handed++;
	}
}

static void work(struct sender *s, uint64_t now_ns)
{
	static const struct outbox_result sent = { .verdict = OUTBOX_SENT };
	struct out *o = (struct out *)s;
	struct err e = { 0 };
	int r = syslog_work(o->wire, now_ns, &e);

	if (r == 0 && o->count && syslog_is_connected(o->wire)) {
		hand_over(o);
		r = syslog_work(o->wire, now_ns, &e);
	}
	if (!o->count)
		return;
	if (r < 0)
		broke(o, e.text);
	else if (o->handed == o->count && syslog_is_idle(o->wire))
		finish(o, &sent);
}

static int send_syslog(struct sender *s, const struct notice *list, size_t count,
		       struct err *e UNUSED)
{
	struct out *o = (struct out *)s;

	o->list = list;
	o->count = count;
	o->handed = 0;
	return 0;
}

static int fd(const struct sender *s, short *ret_events)
{
	return syslog_fd(((const struct out *)s)->wire, ret_events);
}

static const struct sender_ops ops = {
	.send = send_syslog,
	.work = work,
	.fd = fd,
	.close = close_syslog,
};

static unsigned int facility_of(str name)
{
	str rest = S(FACILITIES);

	for (unsigned int i = 0; rest.n; i++)
		if (str_eq(str_cut(&rest, '|'), name))
			return i;
	return 16;
}

static int connect_to(struct out *o, const struct receiver *r, const struct sender_host *host,
		      struct err *e)
{
	OWNED_BUF url = BUF_INIT;
	int result = sender_pem_file(r, host, "ca", &o->ca, e);

	if (result == 0)
		result = sender_pem_file(r, host, "clientCert", &o->cert, e);
	if (result == 0)
		result = sender_pem_file(r, host, "clientKey", &o->key, e);
	if (result < 0)
		return result;
	buf_add(&url, receiver_text(r, "url"));
	result =
		syslog_new(buf_cstr(&url),
			   &(struct tls_options){
				   .ca_file = o->ca, .client_cert = o->cert, .client_key = o->key },
			   &o->wire, e);
	if (result == 0)
		syslog_set_reach(o->wire, host->reach);
	return result;
}

static int open_syslog(const struct receiver *r, const struct sender_host *host,
		       struct sender **ret, struct err *e)
{
	struct out *o = calloc(1, sizeof(*o));
	int result;

	if (!o)
		return err_sys(e, ENOMEM, "notification");
	o->head.ops = &ops;
	o->facility = facility_of(receiver_text(r, "facility"));
	result = connect_to(o, r, host, e);
	if (result < 0) {
		close_syslog(&o->head);
		return result;
	}
	*ret = &o->head;
	return 0;
}

const struct receiver_kind receiver_kind_syslog = {
	.name = "syslog",
	.doc = { "syslog (RFC 5424): text, JSON, CEF or LEEF",
		 "syslog（RFC 5424）：文本、JSON、CEF 或 LEEF" },
	.settings = settings,
	.batch = BATCH,
	.open = open_syslog,
};

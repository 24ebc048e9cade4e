#include "console/notify/cef.h"

#include <stdio.h>

#include "base/text.h"
#include "base/time.h"

/* Very-High 9 and 10, High 7 and 8, Medium 4 to 6, Low below. */
static const unsigned char severities[PRIORITY_COUNT] = {
	[PRIORITY_EMERGENCY] = 10, [PRIORITY_ALERT] = 10,  [PRIORITY_CRITICAL] = 9,
	[PRIORITY_ERROR] = 8,      [PRIORITY_WARNING] = 6, [PRIORITY_NOTICE] = 3,
	[PRIORITY_INFO] = 2,       [PRIORITY_DEBUG] = 0,
};

static void header(struct buf *out, str s, size_t max)
{
	text_put_line(s, max, &(struct text_line){ .escaped = "|\\" }, out);
	buf_byte(out, '|');
}

static void pair(struct buf *out, const char *key, str value, size_t max)
{
	if (!value.n)
		return;
	buf_printf(out, " %s=", key);
	text_put_line(value, max, &(struct text_line){ .escaped = "=\\", .line_break = "\\n" },
		      out);
}

static void number(struct buf *out, const char *key, uint64_t n)
{
	buf_printf(out, " %s=%llu", key, (unsigned long long)n);
}

/* Milliseconds since 1970. */
static void moment(struct buf *out, const char *key, str time)
{
	uint64_t ns;

	if (time_parse_ns(time, &ns) == 0)
		number(out, key, ns / 1000000);
}

static void custom(struct buf *out, unsigned int n, const char *label, str value)
{
	char key[16];

	if (!value.n)
		return;
	snprintf(key, sizeof(key), "cs%u", n);
	buf_printf(out, " cs%uLabel=%s", n, label);
	pair(out, key, value, 4000);
}

static void tags(const struct notice *n, struct buf *out)
{
	OWNED_BUF list = BUF_INIT;

	VALUE_EACH (tag, value_get(n->doc, "tags")) {
		if (list.n)
			buf_byte(&list, ',');
		buf_add(&list, value_str(tag));
	}
	custom(out, 6, "tags", buf_str(&list));
}

void cef_render(const struct notice *n, enum lang lang, struct buf *out)
{
	str rule = notice_text(n, "rule"), id = notice_text(n, "ruleId");

	buf_add(out, S("CEF:0|Skep|Skep|" SKEP_VERSION "|"));
	header(out, id.n ? id : rule, 1023);
	header(out, rule, 512);
	buf_printf(out, "%u|", severities[n->priority]);
	/* The first pair stands right behind the header: its key is never absent. */
	buf_printf(out, "externalId=%llu", (unsigned long long)n->id);
	moment(out, "rt", notice_text(n, "time"));
	moment(out, "start", notice_text(n, "first"));
	moment(out, "end", notice_text(n, "last"));
	number(out, "cnt", (uint64_t)MAX(value_int(value_get(n->doc, "count"), 1), 1) + n->more);
	pair(out, "cat", notice_text(n, "source"), 1023);
	pair(out, "dvchost", n->host, 100);
	pair(out, "deviceExternalId", n->agent, 255);
	pair(out, "suser", notice_process(n, "user"), 1023);
	pair(out, "sproc", notice_process(n, "exePath"), 1023);
	if (value_int(value_get(value_at(value_get(n->doc, "lineage"), 0), "pid"), 0) > 0)
		number(out, "spid",
		       (uint64_t)value_int(
			       value_get(value_at(value_get(n->doc, "lineage"), 0), "pid"), 0));
	custom(out, 1, "container", notice_text(n, "container.name"));
	custom(out, 2, "image", notice_text(n, "container.image"));
	custom(out, 3, "namespace", notice_text(n, "container.podNamespace"));
	custom(out, 4, "pod", notice_text(n, "container.podName"));
	custom(out, 5, "commandLine", notice_process(n, "cmdline"));
	tags(n, out);
	if (notice_text(n, "container.id").n) {
		buf_add(out, S(" flexString1Label=containerId"));
		pair(out, "flexString1", notice_text(n, "container.id"), 1023);
	}
	if (n->more)
		pair(out, "reason", str_from(notice_reason_name(n->reason)), 1023);
	pair(out, "msg", notice_message(n, lang), 1023);
}

#include "console/notify/leef.h"

#include "base/text.h"
#include "base/time.h"

/* `sev` counts from 1 to 10. */
static const unsigned char severities[PRIORITY_COUNT] = {
	[PRIORITY_EMERGENCY] = 10, [PRIORITY_ALERT] = 10,  [PRIORITY_CRITICAL] = 9,
	[PRIORITY_ERROR] = 8,      [PRIORITY_WARNING] = 6, [PRIORITY_NOTICE] = 3,
	[PRIORITY_INFO] = 2,       [PRIORITY_DEBUG] = 1,
};

static void header(struct buf *out, str s)
{
	size_t from = out->n;

	text_put_line(s, 255, NULL, out);
	for (size_t i = from; !buf_error(out) && i < out->n; i++)
		if (out->p[i] == '|')
			out->p[i] = '_';
	buf_byte(out, '|');
}

static void pair(struct buf *out, const char *key, str value, size_t max)
{
	if (!value.n)
		return;
	buf_printf(out, "\t%s=", key);
	text_put_line(value, max, NULL, out);
}

static void number(struct buf *out, const char *key, uint64_t n)
{
	buf_printf(out, "\t%s=%llu", key, (unsigned long long)n);
}

void leef_render(const struct notice *n, enum lang lang, struct buf *out)
{
	static const struct {
		const char *key, *path;
	} texts[] = {
		{ "name", "rule" },
		{ "cat", "source" },
		{ "containerId", "container.id" },
		{ "container", "container.name" },
		{ "image", "container.image" },
		{ "namespace", "container.podNamespace" },
		{ "pod", "container.podName" },
	};
	str rule = notice_text(n, "rule"), id = notice_text(n, "ruleId");
	char time[TIME_NS_TEXT_BYTES];
	uint64_t ns = n->received_ns;

	buf_add(out, S("LEEF:2.0|Skep|Skep|" SKEP_VERSION "|"));
	header(out, id.n ? id : rule);
	buf_add(out, S("x09|"));
	(void)!time_parse_ns(notice_text(n, "time"), &ns);
	time_render_ns(ns, time);
	buf_printf(out, "devTime=%.23sZ\tdevTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSX", time);
	number(out, "sev", severities[n->priority]);
	number(out, "alertId", n->id);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		pair(out, texts[i].key, notice_text(n, texts[i].path), 2048);
	pair(out, "identHostName", n->host, 255);
	pair(out, "agent", n->agent, 255);
	pair(out, "usrName", notice_process(n, "user"), 255);
	pair(out, "process", notice_process(n, "exePath"), 2048);
	pair(out, "commandLine", notice_process(n, "cmdline"), 2048);
	number(out, "count", (uint64_t)MAX(value_int(value_get(n->doc, "count"), 1), 1) + n->more);
	if (n->more)
		pair(out, "reason", str_from(notice_reason_name(n->reason)), 32);
	pair(out, "msg", notice_message(n, lang), 2048);
}

#include "console/notify/notice.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/time.h"
#include "base/word.h"
#include "codec/json.h"
#include "codec/json_slice.h"

static const char *const reasons[NOTICE_REASON_COUNT] = {
#define NOTICE_REASON_NAME(id, name) [NOTICE_##id] = name,
	NOTICE_REASONS(NOTICE_REASON_NAME)
#undef NOTICE_REASON_NAME
};

const char *notice_reason_name(enum notice_reason r)
{
	return WORD_NAME(reasons, r);
}

int notice_reason_find(str name)
{
	return WORD_FIND(reasons, name);
}

static void put_time(struct json_out *j, const char *key, uint64_t ns)
{
	char text[TIME_NS_TEXT_BYTES];

	time_render_ns(ns, text);
	json_put_cstr(j, key, text);
}

static void put_facts(const struct notice *n, struct json_out *j)
{
	char id[24];

	/* As text: JavaScript would round it. */
	snprintf(id, sizeof(id), "%llu", (unsigned long long)n->id);
	json_put_cstr(j, "id", id);
	json_opt_str(j, "host", n->host);
	json_opt_str(j, "agent", n->agent);
	put_time(j, "received", n->received_ns);
	if (!n->more)
		return;
	json_put_uint(j, "more", n->more);
	json_put_cstr(j, "reason", reasons[n->reason]);
	put_time(j, "firstTime", n->first_ns);
	put_time(j, "lastTime", n->last_ns);
}

/** What is known stands in front, so that a reader of half a line has it. @return whether the object is open for more */
static bool begin(const struct notice *n, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out, false);
	json_object_open(&j);
	put_facts(n, &j);
	json_object_close(&j);
	if (buf_error(out))
		return false;
	out->n--;
	return true;
}

static bool is_ours(str key)
{
	static const char *const ours[] = { "id",     "host",      "agent",    "received",  "more",
					    "reason", "firstTime", "lastTime", "@timestamp" };

	return WORD_FIND(ours, key) >= 0;
}

void notice_json(const struct notice *n, str extra, struct buf *out)
{
	struct json_slice s;
	size_t from = out->n;
	str key, value;

	if (!begin(n, out))
		return;
	if (extra.n) {
		OWNED_BUF rest = BUF_INIT;

		buf_add(&rest, (str){ out->p + from + 1, out->n - from - 1 });
		out->n = from + 1;
		buf_add(out, extra);
		buf_add(out, buf_str(&rest));
	}
	if (json_slice_open(n->json, &s, NULL) == 0)
		while (json_slice_next(&s, &key, &value, NULL) == 1) {
			if (is_ours(key))
				continue;
			buf_add(out, S(",\""));
			buf_add(out, key);
			buf_add(out, S("\":"));
			buf_add(out, value);
		}
	buf_byte(out, '}');
}

static void put_cut(struct json_out *j, const char *key, str s, size_t max)
{
	OWNED_BUF b = BUF_INIT;

	if (!s.n)
		return;
	text_put_line(s, max, NULL, &b);
	json_put_str(j, key, buf_str(&b));
}

static void put_brief(const struct notice *n, size_t each, struct buf *out)
{
	static const struct {
		const char *key, *path;
	} texts[] = {
		{ "time", "time" },
		{ "priority", "priority" },
		{ "ruleId", "ruleId" },
		{ "rule", "rule" },
		{ "containerId", "container.id" },
		{ "container", "container.name" },
		{ "image", "container.image" },
		{ "namespace", "container.podNamespace" },
		{ "pod", "container.podName" },
		{ "message", "message" },
	};
	struct json_out j;
	char id[24];

	json_out_init(&j, out, false);
	json_object_open(&j);
	json_put_uint(&j, "schemaVersion", 1);
	json_put_bool(&j, "cut", true);
	snprintf(id, sizeof(id), "%llu", (unsigned long long)n->id);
	json_put_cstr(&j, "id", id);
	put_cut(&j, "host", n->host, each);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put_cut(&j, texts[i].key, notice_text(n, texts[i].path), each);
	json_object_close(&j);
}

void notice_json_within(const struct notice *n, size_t max, struct buf *out)
{
	const size_t from = out->n;

	notice_json(n, S(""), out);
	for (size_t each = 1024; !buf_error(out) && out->n - from > max; each /= 2) {
		out->n = from;
		put_brief(n, each, out);
		/* Nothing but keys is left. */
		if (!each)
			return;
	}
}

void notice_render(const struct notice *n, struct buf *out)
{
	size_t from;

	if (!begin(n, out))
		return;
	buf_add(out, S(",\"alert\":"));
	from = out->n;
	buf_add(out, n->json);
	buf_byte(out, '}');
	/* White space between values; within a string it would be no JSON. */
	for (size_t i = from; !buf_error(out) && i < out->n; i++)
		if (out->p[i] == '\n' || out->p[i] == '\r')
			out->p[i] = ' ';
}

static int parse_more(const struct value *v, struct notice *n, struct err *e)
{
	int reason = notice_reason_find(value_get_str(v, "reason"));

	n->more = (uint64_t)MAX(value_int(value_get(v, "more"), 0), 0);
	if (!n->more)
		return 0;
	if (reason >= 0)
		n->reason = (enum notice_reason)reason;
	if (time_parse_ns(value_get_str(v, "firstTime"), &n->first_ns) < 0 ||
	    time_parse_ns(value_get_str(v, "lastTime"), &n->last_ns) < 0)
		return err_set(e, EBADMSG, "notice: no time");
	return 0;
}

int notice_parse(str line, struct arena *a, struct notice *ret, struct err *e)
{
	struct notice n = { 0 };
	struct value *v = ARENA_NEW(a, struct value);
	int r = v ? json_parse(line, a, v, e) : err_set(e, ENOBUFS, "notice: memory budget spent");

	if (r < 0)
		return r;
	n.doc = value_get(v, "alert");
	n.json = json_slice_get(line, S("alert"));
	n.host = value_get_str(v, "host");
	n.agent = value_get_str(v, "agent");
	if (!n.doc || n.doc->kind != VALUE_OBJECT ||
	    alert_priority_find(value_get_str(n.doc, "priority"), &n.priority) < 0 ||
	    str_u64(value_get_str(v, "id"), &n.id) < 0 ||
	    time_parse_ns(value_get_str(v, "received"), &n.received_ns) < 0)
		return err_set(e, EBADMSG, "notice: not an alert of ours");
	r = parse_more(v, &n, e);
	if (r == 0)
		*ret = n;
	return r;
}

int notice_trial(const char *host, struct arena *a, struct notice *ret, struct err *e)
{
	uint64_t now = clock_ns(CLOCK_REALTIME);
	char time[TIME_NS_TEXT_BYTES];
	OWNED_BUF line = BUF_INIT;
	str kept;

	time_render_ns(now, time);
	buf_printf(
		&line,
		"{\"id\":\"0\",\"host\":\"%s\",\"received\":\"%s\",\"alert\":{\"schemaVersion\":1,"
		"\"time\":\"%s\",\"rule\":\"Test of a notification\",\"priority\":\"Notice\","
		"\"source\":\"console\",\"message\":\"This is a test: notifications of Skep reach "
		"you.\",\"messageZh\":\"这是一次测试：Skep 的通知已送达。\",\"tags\":[\"test\"],"
		"\"fields\":{},\"container\":{\"runtime\":\"host\",\"id\":\"host\","
		"\"metadataKnown\""
		":true},\"lineage\":[],\"event\":0,\"count\":1,\"first\":\"%s\",\"last\":\"%s\"}}",
		host, time, time, time, time);
	kept = arena_str(a, buf_str(&line));
	if (buf_error(&line) || !kept.p)
		return err_set(e, ENOBUFS, "notice: memory budget spent");
	return notice_parse(kept, a, ret, e);
}

str notice_text(const struct notice *n, const char *dotted)
{
	return value_str(value_path(n->doc, dotted));
}

str notice_message(const struct notice *n, enum lang lang)
{
	str zh = notice_text(n, "messageZh");

	return lang == LANG_ZH && zh.n ? zh : notice_text(n, "message");
}

str notice_process(const struct notice *n, const char *member)
{
	return value_get_str(value_at(value_get(n->doc, "lineage"), 0), member);
}

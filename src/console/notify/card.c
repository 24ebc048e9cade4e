#include "console/notify/card.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "base/time.h"

enum { TITLE_MAX = 140, MESSAGE_MAX = 2000, VALUE_MAX = 300 };

static const char *const priorities_zh[PRIORITY_COUNT] = {
	[PRIORITY_EMERGENCY] = "紧急", [PRIORITY_ALERT] = "警戒",   [PRIORITY_CRITICAL] = "严重",
	[PRIORITY_ERROR] = "错误",     [PRIORITY_WARNING] = "警告", [PRIORITY_NOTICE] = "注意",
	[PRIORITY_INFO] = "信息",      [PRIORITY_DEBUG] = "调试",
};

static str plain(struct arena *a, str s, size_t max)
{
	OWNED_BUF b = BUF_INIT;

	text_put_line(s, max, NULL, &b);
	if (buf_error(&b))
		return (str){ NULL, 0 };
	return arena_str(a, buf_str(&b));
}

static bool add(struct card *c, struct arena *a, const char *label, str value)
{
	struct card_fact *f = &c->facts[c->count];

	if (!value.n)
		return true;
	assert(c->count < CARD_FACTS_MAX);
	f->label = label;
	f->value = plain(a, value, VALUE_MAX);
	c->count++;
	return f->value.p;
}

static bool add_facts(struct card *c, const struct notice *n, enum lang lang, struct arena *a)
{
	str pod = notice_text(n, "container.podName"), time = notice_text(n, "time");
	char count[24];
	uint64_t many = (uint64_t)MAX(value_int(value_get(n->doc, "count"), 1), 1);
	const bool zh = lang == LANG_ZH;

	if (pod.n)
		pod = arena_printf(a, "%.*s/%.*s",
				   STR_ARG(notice_text(n, "container.podNamespace")), STR_ARG(pod));
	time = arena_printf(a, "%.*s%s", STR_ARG(str_take(time, 19)), time.n > 19 ? "Z" : "");
	snprintf(count, sizeof(count), "%" PRIu64, many);
	return add(c, a, zh ? "主机" : "Host", n->host) &&
	       add(c, a, zh ? "容器" : "Container", notice_text(n, "container.name")) &&
	       add(c, a, zh ? "镜像" : "Image", notice_text(n, "container.image")) &&
	       add(c, a, "Pod", pod) &&
	       add(c, a, zh ? "命令" : "Command", notice_process(n, "cmdline")) &&
	       add(c, a, zh ? "用户" : "User", notice_process(n, "user")) &&
	       add(c, a, zh ? "规则" : "Rule", notice_text(n, "ruleId")) &&
	       add(c, a, zh ? "时间" : "Time", time) &&
	       (many == 1 || add(c, a, zh ? "次数" : "Count", str_from(count)));
}

static str more_of(const struct notice *n, enum lang lang, struct arena *a)
{
	char since[TIME_NS_TEXT_BYTES];
	const bool zh = lang == LANG_ZH;

	if (!n->more)
		return S("");
	time_render_ns(n->first_ns, since);
	since[19] = 'Z';
	since[20] = '\0';
	switch (n->reason) {
	case NOTICE_QUIET:
		return zh ? arena_printf(a, "静默时段内（自 %s 起）另有 %" PRIu64 " 条告警", since,
					 n->more)
			  : arena_printf(a, "and %" PRIu64 " more alerts in quiet hours, since %s",
					 n->more, since);
	case NOTICE_RATE:
		return zh ? arena_printf(a, "自 %s 起另有 %" PRIu64 " 条告警超出速率，未逐条发送",
					 since, n->more)
			  : arena_printf(
				    a, "and %" PRIu64 " more alerts than the rate allows, since %s",
				    n->more, since);
	default:
		return zh ? arena_printf(a, "自 %s 起另有 %" PRIu64 " 条同类告警", since, n->more)
			  : arena_printf(a, "and %" PRIu64 " more like it since %s", n->more,
					 since);
	}
}

int card_make(const struct notice *n, enum lang lang, const char *console, struct arena *a,
	      struct card *ret, struct err *e)
{
	const char *priority =
		lang == LANG_ZH ? priorities_zh[n->priority] : alert_priority_name(n->priority);
	struct card c = { .open = lang == LANG_ZH ? "打开" : "Open" };
	str title = arena_printf(a, "Skep [%s] %.*s", priority, STR_ARG(notice_text(n, "rule")));
	str link = { "", 0 };
	bool ok;

	c.title = plain(a, title, TITLE_MAX);
	c.message = plain(a, notice_message(n, lang), MESSAGE_MAX);
	c.more = more_of(n, lang, a);
	ok = add_facts(&c, n, lang, a);
	if (console && n->id)
		link = arena_printf(a, "%s/alerts/%" PRIu64, console, n->id);
	c.link = link.n ? link.p : NULL;
	if (!ok || !title.p || !c.title.p || !c.message.p || !c.more.p || !link.p)
		return err_set(e, ENOBUFS, "notice: memory budget spent");
	*ret = c;
	return 0;
}

void card_render_text(const struct card *c, size_t max, struct buf *out)
{
	OWNED_BUF all = BUF_INIT;
	str rest, kept;

	buf_add(&all, c->title);
	buf_byte(&all, '\n');
	buf_add(&all, c->message);
	buf_byte(&all, '\n');
	for (size_t i = 0; i < c->count; i++)
		buf_printf(&all, "%s: %.*s\n", c->facts[i].label, STR_ARG(c->facts[i].value));
	if (c->more.n)
		buf_printf(&all, "%.*s\n", STR_ARG(c->more));
	/* The address is not cut in two. */
	rest = str_take(buf_str(&all), max - MIN(max, c->link ? strlen(c->link) + 1 : 0));
	kept = rest;
	while (kept.n < all.n && kept.n && ((unsigned char)all.p[kept.n] & 0xc0) == 0x80)
		kept.n--;
	buf_add(out, kept);
	if (c->link)
		buf_printf(out, "%s\n", c->link);
	if (buf_error(&all))
		out->error = buf_error(&all);
}

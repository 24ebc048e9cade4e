#include "prog/agent/unhashed.h"

#include <stdio.h>

#include "prog/agent/self_alert.h"

static const struct {
	const char *field, *en, *zh;
} gaps[HASH_GAP_COUNT] = {
	[HASH_TOO_LARGE] = { "unhashed.tooLarge", "larger than 128 MiB", "个文件大于 128 MiB" },
	[HASH_GONE] = { "unhashed.gone", "gone before they were read", "个在读取前已消失" },
	[HASH_CHANGED] = { "unhashed.changed", "changed meanwhile", "个已被更改" },
	[HASH_UNREADABLE] = { "unhashed.unreadable", "not readable", "个无法读取" },
	[HASH_BUSY] = { "unhashed.busy", "with too many others to read", "个因待读取文件过多" },
	[HASH_LATE] = { "unhashed.late", "not read in time", "个未及时读完" },
};

struct text {
	char en[800], zh[800];
	char number[HASH_GAP_COUNT][24];
	struct alert_field fields[HASH_GAP_COUNT];
	size_t field_count;
};

static void append(char *to, size_t max, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void append(char *to, size_t max, const char *fmt, ...)
{
	size_t at = strlen(to);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(to + at, max - at, fmt, ap);
	va_end(ap);
}

static void add_gap(struct text *t, enum hash_gap g, uint64_t n)
{
	append(t->en, sizeof(t->en), "%s%llu %s", t->field_count ? ", " : "", (unsigned long long)n,
	       gaps[g].en);
	append(t->zh, sizeof(t->zh), "%s%llu %s", t->field_count ? "，" : "", (unsigned long long)n,
	       gaps[g].zh);
	snprintf(t->number[g], sizeof(t->number[g]), "%llu", (unsigned long long)n);
	t->fields[t->field_count++] =
		(struct alert_field){ str_from(gaps[g].field), str_from(t->number[g]) };
}

void unhashed_tell(struct unhashed *u, const struct watch_stats *s, uint64_t now,
		   unhashed_teller tell, void *ctx)
{
	static const struct container host = { .runtime = CONTAINER_HOST, .id = { "host", 4 } };
	struct text t = { .en = "programs ran whose hash rules ask for and do not know: ",
			  .zh = "规则需要其哈希而未能得知的程序：" };
	struct alert a;

	if (u->told_ns && now - u->told_ns < UNHASHED_EVERY_NS)
		return;
	for (unsigned int g = 0; g < HASH_GAP_COUNT; g++)
		if (s->unhashed[g] > u->told[g])
			add_gap(&t, g, s->unhashed[g] - u->told[g]);
	if (!t.field_count)
		return;
	append(t.en, sizeof(t.en), "; the last: %.*s", STR_ARG(s->unhashed_path));
	append(t.zh, sizeof(t.zh), "；最近一个：%.*s", STR_ARG(s->unhashed_path));
	memcpy(u->told, s->unhashed, sizeof(u->told));
	u->told_ns = now;
	a = self_alert(S("Programs not hashed"), S("SKEP-0004"), &host);
	a.message = str_from(t.en);
	a.message_zh = str_from(t.zh);
	a.fields = t.fields;
	a.field_count = t.field_count;
	tell(ctx, &a);
}

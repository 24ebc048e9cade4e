#include "prog/agent/losses.h"

#include <stdio.h>

#include "prog/agent/self_alert.h"

enum { AT_ONCE = 64, NAME_MAX_BYTES = 128 };

static const struct {
	const char *field, *en, *zh;
} causes[EVENT_LOSS_COUNT] = {
	[EVENT_LOSS_RING_STATE] = { "lost.ringState", "process events as their ring was full",
				    "个进程事件因环形缓冲已满" },
	[EVENT_LOSS_RING_BULK] = { "lost.ringBulk", "as the ring was full", "个因环形缓冲已满" },
	[EVENT_LOSS_RATE] = { "lost.rate", "over its budget of events a second",
			      "个超出每秒事件额度" },
	[EVENT_LOSS_READ] = { "lost.read", "could not be read in the kernel",
			      "个无法在内核中读取" },
	[EVENT_LOSS_HELD] = { "lost.held", "held for an unknown container", "个因等待未知容器" },
	[EVENT_LOSS_SKIPPED] = { "lost.skipped", "at most as their hook was already at work",
				 "个（至多）因其挂钩正在运行" },
};

struct text {
	char en[400], zh[400];
	char number[EVENT_LOSS_COUNT][24];
	struct alert_field fields[EVENT_LOSS_COUNT];
	size_t field_count;
};

static void append(char *to, size_t max, const char *between, uint64_t n, const char *why)
{
	size_t at = strlen(to);

	snprintf(to + at, max - at, "%s%llu %s", between, (unsigned long long)n, why);
}

static void compose(const struct sensor_loss *l, const struct container *c, struct text *t)
{
	str name = str_take(c->name.n ? c->name : c->id.n ? c->id : S("?"), NAME_MAX_BYTES);

	snprintf(t->en, sizeof(t->en), "events of %.*s were lost: ", STR_ARG(name));
	snprintf(t->zh, sizeof(t->zh), "%.*s 的事件丢失：", STR_ARG(name));
	for (size_t i = 0; i < EVENT_LOSS_COUNT; i++) {
		if (!l->lost[i])
			continue;
		append(t->en, sizeof(t->en), t->field_count ? ", " : "", l->lost[i], causes[i].en);
		append(t->zh, sizeof(t->zh), t->field_count ? "，" : "", l->lost[i], causes[i].zh);
		snprintf(t->number[i], sizeof(t->number[i]), "%llu",
			 (unsigned long long)l->lost[i]);
		t->fields[t->field_count++] =
			(struct alert_field){ str_from(causes[i].field), str_from(t->number[i]) };
	}
}

static void tell_one(struct asset *assets, const struct sensor_loss *l, losses_teller tell,
		     void *ctx)
{
	static const struct container nobody = { .runtime = CONTAINER_OTHER };
	const struct container *c = l->cgroup_id ? asset_find(assets, l->cgroup_id) : NULL;
	struct text t = { .field_count = 0 };
	struct alert a = self_alert(S("Events lost"), S("SKEP-0002"), c ? c : &nobody);

	compose(l, a.container, &t);
	a.message = str_from(t.en);
	a.message_zh = str_from(t.zh);
	a.fields = t.fields;
	a.field_count = t.field_count;
	tell(ctx, &a);
}

void losses_tell(struct sensor *s, struct asset *a, losses_teller tell, void *ctx)
{
	struct sensor_loss lost[AT_ONCE];
	size_t n;

	do {
		n = sensor_losses(s, lost, ARRAY_LEN(lost));
		for (size_t i = 0; i < n; i++)
			tell_one(a, &lost[i], tell, ctx);
	} while (n == ARRAY_LEN(lost));
}

void losses_tell_cgroup(struct sensor *s, struct asset *a, uint64_t cgroup_id, losses_teller tell,
			void *ctx)
{
	struct sensor_loss lost;

	if (sensor_losses_of(s, cgroup_id, &lost))
		tell_one(a, &lost, tell, ctx);
}

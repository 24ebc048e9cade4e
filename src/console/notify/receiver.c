#include "console/notify/receiver.h"

#include "base/word.h"

static const char *const group_names[RECEIVER_BY_COUNT] = {
#define RECEIVER_GROUP_NAME(id, name) [RECEIVER_BY_##id] = name,
	RECEIVER_GROUPS(RECEIVER_GROUP_NAME)
#undef RECEIVER_GROUP_NAME
};

static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

const struct setting receiver_common_settings[] = {
	{ .name = "language",
	  .type = SETTING_CHOICE,
	  .choices = "en|zh",
	  .preset = "en",
	  .doc = { "language of texts for people", "文本的语言" } },
	{ .name = "perMinute",
	  .type = SETTING_NUMBER,
	  .max = 100000,
	  .doc = { "messages a minute at most; what is more is told together",
		   "每分钟最多发送的消息数；超出部分合并发送" } },
	{ .name = "groupBy",
	  .type = SETTING_LIST,
	  .max = RECEIVER_BY_COUNT,
	  .choices = "rule|priority|host|container|image|namespace",
	  .doc = { "alerts that agree in these are told together",
		   "在这些方面相同的告警合并发送" } },
	{ .name = "groupSeconds",
	  .type = SETTING_NUMBER,
	  .max = 86400,
	  .doc = { "the first of a group is told at once, the others together after so long",
		   "每组首条立即发送，其余在该时长后合并发送" } },
	{ .name = "quietFrom",
	  .type = SETTING_TEXT,
	  .max = 5,
	  .doc = { "beginning of quiet hours, HH:MM", "静默时段开始，HH:MM" } },
	{ .name = "quietTo",
	  .type = SETTING_TEXT,
	  .max = 5,
	  .doc = { "their end; then what came is told together", "静默时段结束；届时合并发送" } },
	{ .name = "quietDays",
	  .type = SETTING_LIST,
	  .max = ARRAY_LEN(days),
	  .choices = "mon|tue|wed|thu|fri|sat|sun",
	  .doc = { "days on which they begin; every day when it is missing",
		   "静默时段开始的日子；缺省为每天" } },
	{ .name = "quietZone",
	  .type = SETTING_TEXT,
	  .max = 6,
	  .preset = "+00:00",
	  .doc = { "their time zone, +HH:MM", "其时区，+HH:MM" } },
	{ .name = "quietExcept",
	  .type = SETTING_CHOICE,
	  .choices = "emergency|alert|critical|error|warning|notice|informational|debug",
	  .preset = "critical",
	  .doc = { "so urgent or more is told in quiet hours, too",
		   "达到该优先级的告警仍会发送" } },
	{ 0 },
};

str receiver_text(const struct receiver *r, const char *name)
{
	return setting_text(&r->tables, &r->settings, name);
}

int64_t receiver_number(const struct receiver *r, const char *name)
{
	return setting_number(&r->tables, &r->settings, name);
}

const struct value *receiver_value(const struct receiver *r, const char *name)
{
	return value_get(&r->settings, name);
}

/* "HH:MM" */
static bool minutes_of(str s, unsigned int *ret)
{
	uint32_t hours, minutes;

	if (s.n != 5 || s.p[2] != ':' || str_u32(str_take(s, 2), &hours) < 0 ||
	    str_u32(str_skip(s, 3), &minutes) < 0 || hours > 23 || minutes > 59)
		return false;
	*ret = hours * 60 + minutes;
	return true;
}

static unsigned int bits_of(const struct value *list, const char *const *names, size_t count)
{
	unsigned int bits = 0;

	VALUE_EACH (item, list) {
		int i = word_find(names, count, value_str(item));

		if (i >= 0)
			bits |= 1u << i;
	}
	return bits;
}

static int settle_quiet(struct receiver *r, str *ret_at, struct err *e)
{
	str from = receiver_text(r, "quietFrom"), to = receiver_text(r, "quietTo");
	str zone = receiver_text(r, "quietZone");
	unsigned int east;

	r->quiet.set = from.n || to.n;
	if (!r->quiet.set)
		return 0;
	*ret_at = S("quietFrom");
	if (!minutes_of(from, &r->quiet.from_min) || !minutes_of(to, &r->quiet.to_min) ||
	    r->quiet.from_min == r->quiet.to_min)
		return err_set(e, EINVAL,
			       "'quietFrom' and 'quietTo' are two different times, HH:MM");
	*ret_at = S("quietZone");
	if (zone.n != 6 || (zone.p[0] != '+' && zone.p[0] != '-') ||
	    !minutes_of(str_skip(zone, 1), &east))
		return err_set(e, EINVAL, "'quietZone' is +HH:MM or -HH:MM");
	r->quiet.zone_min = zone.p[0] == '-' ? -(int)east : (int)east;
	r->quiet.days = bits_of(receiver_value(r, "quietDays"), days, ARRAY_LEN(days));
	if (!r->quiet.days)
		r->quiet.days = 0x7f;
	return alert_priority_find(receiver_text(r, "quietExcept"), &r->quiet.except);
}

int receiver_settle(struct receiver *ret, str *ret_at, struct err *e)
{
	int r;

	*ret_at = S("");
	ret->tables = (struct setting_tables){ ret->kind->settings, receiver_common_settings };
	r = lang_find(receiver_text(ret, "language"), &ret->lang);
	if (r == 0)
		r = settle_quiet(ret, ret_at, e);
	if (r < 0)
		return r;
	ret->per_minute = (unsigned int)receiver_number(ret, "perMinute");
	ret->group_s = (unsigned int)receiver_number(ret, "groupSeconds");
	ret->group_by = bits_of(receiver_value(ret, "groupBy"), group_names, RECEIVER_BY_COUNT);
	if (ret->group_s && !ret->group_by)
		ret->group_by = 1u << RECEIVER_BY_RULE;
	*ret_at = S("");
	return ret->kind->check ? ret->kind->check(ret, e) : 0;
}

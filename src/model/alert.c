#include "model/alert.h"

#include "base/time.h"
#include "base/word.h"

static const char *const priorities[PRIORITY_COUNT] = {
#define PRIORITY_NAME(id, name) [PRIORITY_##id] = name,
	ALERT_PRIORITIES(PRIORITY_NAME)
#undef PRIORITY_NAME
};

const char *alert_priority_name(enum alert_priority p)
{
	return WORD_NAME(priorities, p);
}

int alert_priority_find(str name, enum alert_priority *ret)
{
	int p = str_eq_nocase(name, S("info")) ? PRIORITY_INFO : WORD_FIND_NOCASE(priorities, name);

	if (p < 0)
		return p;
	*ret = (enum alert_priority)p;
	return 0;
}

static void put_time(struct json_out *j, const char *key, uint64_t ns)
{
	char text[TIME_NS_TEXT_BYTES];

	time_render_ns(ns, text);
	json_put_cstr(j, key, text);
}

static void render_fields(const struct alert *a, struct json_out *j)
{
	json_key(j, "fields");
	json_object_open(j);
	for (size_t i = 0; i < a->field_count; i++) {
		json_key_str(j, a->fields[i].name);
		if (a->fields[i].text.p)
			json_str(j, a->fields[i].text);
		else
			json_null(j);
	}
	json_object_close(j);
}

static void render_lineage(const struct alert *a, struct json_out *j)
{
	json_key(j, "lineage");
	json_array_open(j);
	for (size_t i = 0; i < a->lineage_count; i++) {
		const struct alert_process *p = &a->lineage[i];

		json_object_open(j);
		json_put_uint(j, "pid", p->key.pid);
		json_put_uint(j, "startNs", p->key.start_ns);
		json_opt_str(j, "name", p->name);
		json_opt_str(j, "exePath", p->exe_path);
		json_opt_str(j, "cmdline", p->cmdline);
		json_opt_str(j, "user", p->user);
		json_object_close(j);
	}
	json_array_close(j);
}

void alert_render(const struct alert *a, struct json_out *j)
{
	json_object_open(j);
	json_put_uint(j, "schemaVersion", 1);
	put_time(j, "time", a->time_ns);
	json_put_str(j, "rule", a->rule);
	json_opt_str(j, "ruleId", a->rule_id);
	json_put_cstr(j, "priority", alert_priority_name(a->priority));
	json_put_str(j, "source", a->source);
	json_put_str(j, "message", a->message);
	json_opt_str(j, "messageZh", a->message_zh);
	json_put_strs(j, "tags", a->tags, a->tag_count);
	render_fields(a, j);
	json_key(j, "container");
	container_render(a->container, j);
	render_lineage(a, j);
	json_put_uint(j, "event", a->number);
	json_put_uint(j, "count", a->count);
	put_time(j, "first", a->first_ns);
	put_time(j, "last", a->last_ns);
	if (a->unknown)
		json_put_bool(j, "unknown", true);
	if (a->cut)
		json_put_bool(j, "cut", true);
	json_object_close(j);
}

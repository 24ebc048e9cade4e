#include "prog/skep/rule_events.h"

#include <fcntl.h>

#include "base/file.h"
#include "policy/recorded.h"

const struct option_def rule_events_options[] = {
	{ .name = "events",
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_SOURCE,
	  .arg = "FILE",
	  .complete = OPTION_COMPLETE_FILE,
	  .help = { "recorded events, one JSON object a line: field names to values",
		    "录制的事件，每行一个 JSON 对象：字段名对应值" } },
	{ 0 },
};

int rule_events_open(struct invocation *v, struct rule_events *ret)
{
	const char *path = option_text(&v->options, "events");
	int r;

	*ret = (struct rule_events){ .path = path };
	arena_init(&ret->arena, 16u << 20);
	if (!path)
		return err_set(&v->err, EINVAL, "name the recorded events with --events FILE");
	r = file_read(AT_FDCWD, path, RULE_EVENTS_MAX_BYTES, &ret->text, &v->err);
	ret->rest = buf_str(&ret->text);
	return r;
}

void rule_events_close(struct rule_events *e)
{
	arena_done(&e->arena);
	buf_done(&e->text);
}

int rule_events_next(struct invocation *v, struct rule_events *e, const struct policy_target **ret)
{
	arena_done(&e->arena);
	while (e->rest.n) {
		int r;

		e->current = str_line(&e->rest);
		e->line++;
		if (!str_trim(e->current).n)
			continue;
		r = recorded_parse(e->current, &policy_events, &e->arena, ret, &v->err);
		return r < 0 ? err_wrap(&v->err, r, "%s:%u", e->path, e->line) : 1;
	}
	return 0;
}

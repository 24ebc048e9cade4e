#include "prog/agent/self_alert.h"

#include "base/clock.h"

struct alert self_alert(str rule, str rule_id, const struct container *c)
{
	static const str tags[] = { S("agent"), S("self") };
	uint64_t now = clock_ns(CLOCK_REALTIME);

	return (struct alert){ .rule = rule,
			       .rule_id = rule_id,
			       .source = S("agent"),
			       .priority = PRIORITY_WARNING,
			       .tags = tags,
			       .tag_count = ARRAY_LEN(tags),
			       .container = c,
			       .time_ns = now,
			       .first_ns = now,
			       .last_ns = now,
			       .count = 1 };
}

#include "watch/alert_line.h"

#include <time.h>

#include "base/text.h"

static void add_time(uint64_t ns, struct buf *out)
{
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm at = { 0 };

	localtime_r(&seconds, &at);
	buf_printf(out, "%d-%02d-%02d %02d:%02d:%02d.%09u", at.tm_year + 1900, at.tm_mon + 1,
		   at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec, (unsigned int)(ns % 1000000000));
}

void alert_line(const struct alert *a, struct buf *out)
{
	add_time(a->time_ns, out);
	buf_printf(out, " %s ", alert_priority_name(a->priority));
	text_escape(a->message, out);
	buf_add(out, S(" (rule "));
	text_escape(a->rule, out);
	buf_add(out, S(", container "));
	text_escape(a->container->name.n ? a->container->name : container_short_id(a->container),
		    out);
	buf_byte(out, ')');
	if (a->count > 1)
		buf_printf(out, " ×%llu", (unsigned long long)a->count);
}

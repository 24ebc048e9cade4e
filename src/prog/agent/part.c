#include "prog/agent/part.h"

#include <stdio.h>

enum { ALIVE_EVERY_NS = 500000000 };

void part_say(const struct part_context *p, const char *fmt, ...)
{
	char line[ERR_TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* A supervisor that does not listen is gone, and this process with it. */
	(void)!message_send(p->supervisor,
			    &(struct message){ .kind = MESSAGE_SAY, .text = str_from(line) });
}

void part_alive(const struct part_context *p, uint64_t now_ns, uint64_t *at)
{
	if (now_ns - *at < ALIVE_EVERY_NS)
		return;
	(void)!message_send(p->supervisor, &(struct message){ .kind = MESSAGE_ALIVE });
	*at = now_ns;
}

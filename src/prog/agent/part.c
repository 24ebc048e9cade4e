#include "prog/agent/part.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>

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

int part_fail(const struct part_context *p, int r, const struct err *e)
{
	const char *why = e->text[0] ? e->text : strerror(-r);

	(void)!message_send(p->supervisor,
			    &(struct message){ .kind = MESSAGE_FAIL, .text = str_from(why) });
	return -r;
}

void part_put_usage(struct json_out *j)
{
	struct rusage u;
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%*s %lu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	getrusage(RUSAGE_SELF, &u);
	json_put_uint(j, "cpuUserMs",
		      (uint64_t)u.ru_utime.tv_sec * 1000 + (uint64_t)u.ru_utime.tv_usec / 1000);
	json_put_uint(j, "cpuSystemMs",
		      (uint64_t)u.ru_stime.tv_sec * 1000 + (uint64_t)u.ru_stime.tv_usec / 1000);
	json_put_uint(j, "residentBytes", (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE));
}

void part_alive(const struct part_context *p, uint64_t now_ns, uint64_t *at)
{
	if (now_ns - *at < ALIVE_EVERY_NS)
		return;
	(void)!message_send(p->supervisor, &(struct message){ .kind = MESSAGE_ALIVE });
	*at = now_ns;
}

/* A line that is taken has a name that ends and a state; and whatever name is put into a line, the numbers are the line's own. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "base/proc_stat.h"

static void check_name(const struct proc_stat *s)
{
	assert(memchr(s->name, '\0', sizeof(s->name)) && s->state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str name = str_take((str){ (const char *)data, size }, 200);
	char line[512];
	struct proc_stat s;
	int n;

	if (proc_stat_parse((str){ (const char *)data, size }, &s, NULL) == 0)
		check_name(&s);
	if (name.n && memchr(name.p, '\0', name.n))
		return 0;
	n = snprintf(line, sizeof(line),
		     "7 (%.*s) S 1 7 7 0 -1 64 1 2 3 4 50 60 70 80 20 0 1 0 90 100 110 120\n",
		     (int)name.n, name.p ? name.p : "");
	assert(proc_stat_parse((str){ line, (size_t)n }, &s, NULL) == 0);
	check_name(&s);
	assert(strncmp(s.name, line + 3, MIN(name.n, sizeof(s.name) - 1)) == 0);
	assert(s.state == 'S' && s.parent == 1 && s.flags == 64 && s.user_ticks == 50 &&
	       s.system_ticks == 60 && s.waited_user_ticks == 70 && s.waited_system_ticks == 80 &&
	       s.start_ticks == 90 && s.resident_pages == 110);
	return 0;
}

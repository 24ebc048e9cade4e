#include "base/proc_stat.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

#define LINE_MAX_BYTES 2048

/* Fields as proc_pid_stat(5) numbers them. */
enum {
	FIELD_NAME = 2,
	FIELD_STATE,
	FIELD_PARENT,
	FIELD_FLAGS = 9,
	FIELD_USER = 14,
	FIELD_SYSTEM,
	FIELD_WAITED_USER,
	FIELD_WAITED_SYSTEM,
	FIELD_START = 22,
	FIELD_RESIDENT = 24
};

/** Those that may be negative are not among the wanted, or are not for a process that lives. */
static int take_field(struct proc_stat *s, int number, str text)
{
	switch (number) {
	case FIELD_STATE:
		s->state = text.n == 1 ? text.p[0] : '\0';
		return s->state ? 0 : -EBADMSG;
	case FIELD_PARENT:
		return str_u32(text, &s->parent);
	case FIELD_FLAGS:
		return str_u64(text, &s->flags);
	case FIELD_USER:
		return str_u64(text, &s->user_ticks);
	case FIELD_SYSTEM:
		return str_u64(text, &s->system_ticks);
	case FIELD_WAITED_USER:
		return str_u64(text, &s->waited_user_ticks);
	case FIELD_WAITED_SYSTEM:
		return str_u64(text, &s->waited_system_ticks);
	case FIELD_START:
		return str_u64(text, &s->start_ticks);
	case FIELD_RESIDENT:
		return str_u64(text, &s->resident_pages);
	default:
		return 0;
	}
}

int proc_stat_parse(str line, struct proc_stat *ret, struct err *e)
{
	size_t open = str_find(line, '('), close = str_find_last(line, ')');
	struct proc_stat s = { 0 };
	str rest = str_skip(line, close + 2);
	int number = FIELD_NAME;
	bool good = open < close && close < line.n;

	if (good)
		snprintf(s.name, sizeof(s.name), "%.*s", (int)(close - open - 1),
			 line.p + open + 1);
	while (good && number < FIELD_RESIDENT) {
		number++;
		good = rest.n && take_field(&s, number, str_trim(str_cut(&rest, ' '))) == 0;
	}
	if (!good)
		return err_set(e, EBADMSG, "field %d of a process's state is malformed", number);
	*ret = s;
	return 0;
}

static int load(int proc_fd, uint32_t pid, const char *file, char text[LINE_MAX_BYTES], str *ret,
		struct err *e)
{
	char path[40];
	OWNED_FD fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%" PRIu32 "/%s", pid, file);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, LINE_MAX_BYTES);
	if (n < 0)
		return err_sys(e, errno, "process %" PRIu32, pid);
	*ret = (str){ text, (size_t)n };
	return 0;
}

int proc_stat_read(int proc_fd, uint32_t pid, struct proc_stat *ret, struct err *e)
{
	char text[LINE_MAX_BYTES];
	str line;
	int r = load(proc_fd, pid, "stat", text, &line, e);

	return r < 0 ? r : proc_stat_parse(line, ret, e);
}

int proc_stat_memory(int proc_fd, uint32_t pid, uint64_t *ret, struct err *e)
{
	char text[LINE_MAX_BYTES];
	str rest;
	int r = load(proc_fd, pid, "smaps_rollup", text, &rest, e);
	uint64_t kib;

	if (r < 0)
		return r;
	while (rest.n) {
		str line = str_line(&rest);

		if (!str_starts(line, S("Pss:")))
			continue;
		line = str_trim(str_skip(line, sizeof("Pss:") - 1));
		if (str_u64(str_cut(&line, ' '), &kib) < 0)
			break;
		*ret = kib << 10;
		return 0;
	}
	return err_set(e, EBADMSG, "process %" PRIu32 ": its memory is not told", pid);
}

#include "kern/preemption.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "kern/hook_place.h"

enum { TEXT_MAX = 65536 };

/* @return the mode's name when it is one that interrupts; NULL for others. *ret_known: whether it is a mode at all */
static const char *mode_named(str s, bool *ret_known)
{
	static const struct {
		const char *name;
		bool interrupts;
	} modes[] = {
		{ "none", false }, { "voluntary", false }, { "full", true }, { "lazy", true }
	};

	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (str_is(s, modes[i].name)) {
			*ret_known = true;
			return modes[i].interrupts ? modes[i].name : NULL;
		}
	return NULL;
}

/* The word in brackets. */
static const char *by_mode(str text, bool *ret_known)
{
	str_cut(&text, '(');
	return mode_named(str_cut(&text, ')'), ret_known);
}

/* The last of them counts, as for the kernel. */
static const char *by_cmdline(str text, bool *ret_known)
{
	const char *found = NULL;

	while (text.n) {
		str word = str_cut(&text, ' ');

		if (str_starts(word, S("preempt=")))
			found = mode_named(str_skip(word, S("preempt=").n), ret_known);
	}
	return found;
}

/* Kernels whose mode was chosen when they were built name it; one that can change it says PREEMPT_DYNAMIC. */
static const char *by_version(str text)
{
	while (text.n) {
		str word = str_cut(&text, ' ');

		if (str_is(word, "PREEMPT_RT"))
			return "rt";
		if (str_is(word, "PREEMPT_LAZY"))
			return "lazy";
		if (str_is(word, "PREEMPT"))
			return "full";
	}
	return NULL;
}

const char *preemption_judge(str mode, str cmdline, str version)
{
	bool known = false;
	const char *found = by_mode(str_trim(mode), &known);

	if (!known)
		found = by_cmdline(str_trim(cmdline), &known);
	return known ? found : by_version(str_trim(version));
}

const char *preemption_here(void)
{
	OWNED_BUF mode = BUF_INIT;
	OWNED_BUF cmdline = BUF_INIT;
	OWNED_FD debugfs = hook_place_debugfs();
	struct utsname kernel;
	int unread;

	/* What cannot be read says nothing: a locked down kernel shows no debugfs. */
	unread = debugfs < 0 || file_read(debugfs, "sched/preempt", TEXT_MAX, &mode, NULL) < 0;
	if (unread)
		buf_reset(&mode);
	unread = file_read(AT_FDCWD, "/proc/cmdline", TEXT_MAX, &cmdline, NULL) < 0;
	if (unread)
		buf_reset(&cmdline);
	uname(&kernel);
	return preemption_judge(buf_str(&mode), buf_str(&cmdline), str_from(kernel.version));
}

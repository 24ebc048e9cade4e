/* skep-console: the console alone, for machines that want nothing else of Skep. `skep console run` is the same. */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "prog/console/console.h"
#include "prog/skep/translate.h"

static const struct option_def program_options[] = {
	{ .name = "help",
	  .letter = 'h',
	  .type = OPTION_FLAG,
	  .help = { "show this help", "显示帮助" } },
	{ .name = "version", .type = OPTION_FLAG, .help = { "show the version", "显示版本" } },
	{ 0 },
};

static void help(void)
{
	printf("Usage: skep-console [OPTION...]\n\nThe console: API, web pages and what agents "
	       "report to.\n\n");
	for (int t = 0; t < 2; t++)
		for (const struct option_def *d = t ? program_options : console_options; d->name;
		     d++)
			printf("  --%s%s%s\n      %s\n", d->name, d->arg ? " " : "",
			       d->arg ? d->arg : "", d->help.en);
}

static int run(struct option_set *o, int argc, const char *const *argv, struct err *e)
{
	int r = option_set_add(o, console_options, e);

	if (r == 0)
		r = option_set_add(o, program_options, e);
	if (r == 0)
		r = option_set_parse(o, argc, argv, e);
	if (r == 0)
		r = option_set_environment(o, "SKEP_CONSOLE", e);
	if (r == 0 && o->arg_count)
		r = err_set(e, EINVAL, "unexpected '%s'", o->args[0]);
	if (r < 0)
		return r;
	if (option_flag(o, "help")) {
		help();
		return 0;
	}
	if (option_flag(o, "version")) {
		printf("skep-console %s\n", SKEP_VERSION);
		return 0;
	}
	return console_start(o, translate_zh, e);
}

int main(int argc, char **argv)
{
	struct option_set o;
	struct arena arena;
	struct err e = { 0 };
	int r;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	arena_init(&arena, (size_t)1 << 20);
	option_set_init(&o, &arena);
	r = run(&o, argc - 1, (const char *const *)argv + 1, &e);
	arena_done(&arena);
	if (r < 0)
		console_say(STDERR_FILENO, e.text);
	return r == -EINVAL ? 2 : r < 0 ? 1 : 0;
}

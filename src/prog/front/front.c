#include "prog/front/front.h"

#include <stdio.h>
#include <sys/prctl.h>

#include "prog/front/exit_code.h"

static const struct option_def own_options[] = {
	{ .name = "help",
	  .letter = 'h',
	  .type = OPTION_FLAG,
	  .help = { "show this help", "显示帮助" } },
	{ .name = "version", .type = OPTION_FLAG, .help = { "show the version", "显示版本" } },
	{ 0 },
};

static void show_table(const struct option_def *table, enum lang lang)
{
	for (const struct option_def *d = table; d->name; d++)
		printf("  --%s%s%s\n      %s\n", d->name, d->arg ? " " : "", d->arg ? d->arg : "",
		       phrase_in(d->help, lang));
}

static void show_help(const struct front *f)
{
	enum lang lang = lang_of_environment();

	printf("%s: %s %s\n\n%s\n\n", phrase_in((struct phrase){ "Usage", "用法" }, lang), f->name,
	       phrase_in((struct phrase){ "[OPTION...]", "[选项...]" }, lang),
	       phrase_in(f->summary, lang));
	for (size_t i = 0; f->options[i]; i++)
		show_table(f->options[i], lang);
	show_table(own_options, lang);
}

static int take_options(const struct front *f, struct option_set *o, int argc,
			const char *const *argv, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && f->options[i]; i++)
		r = option_set_add(o, f->options[i], e);
	if (r == 0)
		r = option_set_add(o, own_options, e);
	if (r == 0)
		r = option_set_parse(o, argc, argv, e);
	if (r == 0)
		r = option_set_environment(o, f->environment, e);
	if (r == 0 && o->arg_count)
		r = err_set(e, EINVAL, "unexpected '%s'", o->args[0]);
	return r;
}

static int run(const struct front *f, struct option_set *o, int argc, const char *const *argv,
	       struct err *e)
{
	int r = take_options(f, o, argc, argv, e);

	if (r < 0)
		return r;
	if (option_flag(o, "help")) {
		show_help(f);
		return 0;
	}
	if (option_flag(o, "version")) {
		printf("%s %s\n", f->name, SKEP_VERSION);
		return 0;
	}
	return f->run(o, e);
}

int front_main(const struct front *f, int argc, char **argv)
{
	struct option_set o;
	struct arena arena;
	struct err e = { .translate = lang_of_environment() == LANG_ZH ? f->zh->format : NULL };
	int r;

	/* Nothing here or below ever needs more rights than it was given. */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	arena_init(&arena, f->memory_bytes);
	option_set_init(&o, &arena);
	r = run(f, &o, argc - 1, (const char *const *)argv + 1, &e);
	arena_done(&arena);
	if (r < 0)
		f->say(e.text);
	return exit_code_of(r);
}

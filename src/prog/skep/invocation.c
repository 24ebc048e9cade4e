#include "prog/skep/invocation.h"

#include "base/quantity.h"
#include "base/suggest.h"
#include "prog/skep/config.h"
#include "prog/skep/log.h"
#include "prog/skep/progress.h"
#include "prog/skep/translate.h"

enum lang invocation_guess_lang(int argc, const char *const *argv)
{
	enum lang lang = LANG_EN;

	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
		str arg = str_from(argv[i]);

		if (str_is(arg, "--lang") && i + 1 < argc &&
		    !lang_find(str_from(argv[i + 1]), &lang))
			return lang;
		if (str_starts(arg, S("--lang=")) && !lang_find(str_skip(arg, 7), &lang))
			return lang;
	}
	return lang_of_environment();
}

/** Whether the word after @p arg belongs to it, as far as any command's table knows. */
static bool takes_next_word(const char *arg)
{
	const struct option_def *const *tables =
		(const struct option_def *const[]){ global_options, NULL };
	const struct command *const *c = commands;

	if (arg[1] == '-' && strchr(arg, '='))
		return false;
	for (;;) {
		for (; *tables; tables++)
			for (const struct option_def *d = *tables; d->name; d++) {
				bool same = arg[1] == '-' ? strcmp(arg + 2, d->name) == 0
							  : arg[1] == d->letter && !arg[2];

				if (same)
					return option_takes_value(d);
			}
		if (!*c)
			return false;
		tables = (*c++)->options;
	}
}

/** Index of the first word at or after @p i that is no option; argc when there is none. */
static int next_word(int argc, const char *const *argv, int i)
{
	for (; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return argc;
		if (argv[i][0] != '-')
			return i;
		if (argv[i][1] && takes_next_word(argv[i]))
			i++;
	}
	return argc;
}

static int unknown_command(const char *family, const char *word, struct err *e)
{
	struct suggestion near = suggestion_for(str_from(word));
	size_t family_n = family ? strlen(family) + 1 : 0;

	for (const struct command *const *c = commands; *c; c++) {
		str name = str_from((*c)->name);
		bool member = str_find(name, ' ') < name.n;

		if (family ? member && str_starts(name, str_from(family)) : !member)
			suggestion_offer(&near, str_skip(name, family_n));
	}
	if (!near.best.n && family)
		return err_set(e, EINVAL, "unknown command '%s %s'; see `skep %s --help`", family,
			       word, family);
	if (!near.best.n)
		return err_set(e, EINVAL, "unknown command '%s'; see `skep help`", word);
	return err_set(e, EINVAL, "unknown command '%s'; did you mean '%s%s%.*s'?", word,
		       family ? family : "", family ? " " : "", STR_ARG(near.best));
}

/** Finds the command and takes its words out of @p argv. @return words left */
static int find_command(struct invocation *v, int argc, const char **argv)
{
	int at = next_word(argc, argv, 0), second;
	const struct command *member;
	str name;

	if (at == argc)
		return argc;
	v->command = command_find(str_from(argv[at]));
	if (!v->command || strchr(argv[at], ' '))
		return unknown_command(NULL, argv[at], &v->err);
	memmove(argv + at, argv + at + 1, (size_t)(argc - at - 1) * sizeof(*argv));
	argc--;
	second = next_word(argc, argv, at);
	if (v->command->run || second == argc)
		return argc;

	name = arena_printf(v->arena, "%s %s", v->command->name, argv[second]);
	member = name.p ? command_find(name) : NULL;
	if (!member)
		return unknown_command(v->command->name, argv[second], &v->err);
	v->command = member;
	memmove(argv + second, argv + second + 1, (size_t)(argc - second - 1) * sizeof(*argv));
	return argc - 1;
}

static int take_limit(struct limits *l, str name, str value)
{
#define LIMIT_TAKE(id, initial, en, zh) \
	if (str_is(name, #id)) \
		return quantity_bytes(value, &l->id);
	LIMITS(LIMIT_TAKE)
#undef LIMIT_TAKE
	return -ENOENT;
}

static int apply_limits(struct invocation *v)
{
	v->limits = limits_default();
	for (const char *const *l = option_list(&v->options, "limit", NULL); *l; l++) {
		str value = str_from(*l), name = str_cut(&value, '=');
		int r = take_limit(&v->limits, name, value);

		if (r == -ENOENT)
			return err_set(&v->err, EINVAL,
				       "--limit: unknown limit '%.*s'; see `skep help limits`",
				       STR_ARG(name));
		if (r < 0)
			return err_set(&v->err, EINVAL, "--limit %.*s: '%.*s' is no number or size",
				       STR_ARG(name), STR_ARG(value));
	}
	return 0;
}

static bool is_set(const char *variable)
{
	const char *text = getenv(variable);

	return text && *text && strcmp(text, "0") != 0;
}

static bool wants_color(const struct invocation *v, int fd)
{
	const char *when = option_text(&v->options, "color");
	const char *term = getenv("TERM");

	if (strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	if (getenv("NO_COLOR") && *getenv("NO_COLOR"))
		return false;
	return is_set("CLICOLOR_FORCE") || (isatty(fd) && term && strcmp(term, "dumb") != 0);
}

static void apply_globals(struct invocation *v)
{
	bool quiet = option_flag(&v->options, "quiet");
	bool verbose = option_flag(&v->options, "verbose");
	const char *lang = option_text(&v->options, "lang");

	if (lang && lang_find(str_from(lang), &v->lang) < 0)
		v->lang = LANG_EN;
	v->color = wants_color(v, STDOUT_FILENO);
	log_setup(quiet     ? LOG_ERROR
		  : verbose ? LOG_DEBUG
			    : LOG_NOTE,
		  wants_color(v, STDERR_FILENO), v->lang);
	v->err.translate = translate_to(v->lang);
	v->progress = !quiet && !option_flag(&v->options, "no-progress") && !is_set("CI") &&
		      isatty(STDERR_FILENO);
	if (v->progress)
		progress_enable(v->lang);
}

static int count_args(struct invocation *v)
{
	const struct command *c = v->command;

	if (v->options.arg_count)
		v->args = v->options.args;
	v->arg_count = v->options.arg_count;
	if (option_flag(&v->options, "help") || option_flag(&v->options, "version"))
		return 0;
	if (v->arg_count < c->min_args)
		return err_set(&v->err, EINVAL, "skep %s needs %s; see `skep %s --help`", c->name,
			       c->arguments, c->name);
	if (v->arg_count > c->max_args)
		return err_set(&v->err, EINVAL, "skep %s: unexpected '%s'; see `skep %s --help`",
			       c->name, v->args[c->max_args], c->name);
	return 0;
}

int invocation_init(struct invocation *v, int argc, const char *const *argv)
{
	static const char *const none[] = { NULL };
	const char **words = arena_array(v->arena, (size_t)argc + 1, sizeof(*words));
	int r;

	if (!words)
		return err_set(&v->err, ENOBUFS, "command line: memory budget spent");
	memcpy(words, argv, (size_t)argc * sizeof(*words));
	v->args = none;
	argc = find_command(v, argc, words);
	if (argc < 0)
		return argc;

	option_set_init(&v->options, v->arena);
	r = option_set_add(&v->options, global_options, &v->err);
	for (size_t i = 0; r >= 0 && v->command && v->command->options[i]; i++)
		r = option_set_add(&v->options, v->command->options[i], &v->err);
	if (r >= 0)
		r = option_set_parse(&v->options, argc, words, &v->err);
	if (r >= 0)
		r = option_set_environment(&v->options, "SKEP", &v->err);
	if (r >= 0)
		r = config_apply(v);
	if (r >= 0)
		r = apply_limits(v);
	if (r < 0)
		return r;
	apply_globals(v);
	return v->command && v->command->run ? count_args(v) : 0;
}

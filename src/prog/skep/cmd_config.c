#include "codec/json_out.h"
#include "prog/skep/command.h"
#include "prog/skep/config.h"

static const struct option_def options[] = {
	{ .name = "origin",
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_OUTPUT,
	  .help = { "say where each value comes from", "显示每个值的来源" } },
	{ 0 },
};

/** Adds the options of a table that are not in the set yet: commands share tables. */
static int add_new(struct option_set *s, const struct option_def *table, struct err *e)
{
	for (; table->name; table++) {
		struct option_def *one;
		int r;

		if (option_set_find(s, str_from(table->name)))
			continue;
		one = ARENA_ARRAY(s->arena, 2, struct option_def);
		if (!one)
			return err_set(e, ENOBUFS, "options: memory budget spent");
		one[0] = *table;
		r = option_set_add(s, one, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_options(struct invocation *w)
{
	int r = add_new(&w->options, global_options, &w->err);

	for (const struct command *const *c = commands; r >= 0 && *c; c++)
		for (size_t i = 0; r >= 0 && (*c)->options[i]; i++)
			if (!w->command || w->command == *c)
				r = add_new(&w->options, (*c)->options[i], &w->err);
	return r;
}

/** Resolves the options of @p w->command, or of all commands, as a run of it would. */
static int resolve(struct invocation *w, const struct option_set *flags)
{
	int r;

	option_set_init(&w->options, w->arena);
	r = add_options(w);
	for (size_t i = 0; r >= 0 && i < flags->count; i++) {
		const struct option_value *given = &flags->values[i];
		struct option_value *v = option_set_find(&w->options, str_from(given->def->name));

		if (given->origin == OPTION_ARGV && v) {
			const struct option_def *d = v->def;

			*v = *given;
			v->def = d;
		}
	}
	if (r >= 0)
		r = option_set_environment(&w->options, "SKEP", &w->err);
	return r < 0 ? r : config_apply(w);
}

static void quote(struct buf *out, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./";

	if (*text && text[strspn(text, plain)] == '\0')
		buf_printf(out, "%s", text);
	else
		json_quote(out, str_from(text));
}

static void show(struct buf *out, const struct option_value *v, bool origin)
{
	if (v->origin == OPTION_UNSET)
		return;
	buf_printf(out, "%s: ", v->def->name);
	switch (v->def->type) {
	case OPTION_FLAG:
		buf_printf(out, "%s", v->number ? "true" : "false");
		break;
	case OPTION_COUNT:
		buf_printf(out, "%u", (unsigned int)v->number);
		break;
	case OPTION_LIST:
	case OPTION_MULTI:
		buf_byte(out, '[');
		for (size_t i = 0; i < v->count; i++) {
			buf_printf(out, "%s", i ? ", " : "");
			quote(out, v->items[i]);
		}
		buf_byte(out, ']');
		break;
	default:
		quote(out, v->text);
	}
	if (origin)
		buf_printf(out, "  # %s", v->where);
	buf_byte(out, '\n');
}

static int run_show(struct invocation *v)
{
	OWNED_BUF text = BUF_INIT;
	struct invocation w = *v;
	str name = v->arg_count > 1 ? arena_printf(v->arena, "%s %s", v->args[0], v->args[1])
				    : str_from(v->arg_count ? v->args[0] : "");
	int r;

	w.command = name.n ? command_find(name) : NULL;
	if (name.n && !w.command)
		return err_set(&v->err, EINVAL, "no command '%.*s'; see `skep help`",
			       STR_ARG(name));
	r = resolve(&w, &v->options);
	if (r < 0) {
		v->err = w.err;
		return r;
	}
	for (size_t i = 0; i < w.options.count; i++)
		show(&text, &w.options.values[i], option_flag(&v->options, "origin"));
	fputs(buf_cstr(&text), v->out);
	return EXIT_CODE_OK;
}

const struct command cmd_config = {
	.name = "config",
	.summary = { "show the configuration", "查看配置" },
};

const struct command cmd_config_show = {
	.name = "config show",
	.summary = { "print the options in force, as a configuration file",
		     "以配置文件形式输出生效的选项" },
	.arguments = "[COMMAND]",
	.max_args = 2,
	.examples = { { "skep config show --origin",
			{ "and where each comes from", "并显示来源" } },
		      { "skep config show image", { "those of one command", "某个命令的选项" } } },
	.options = { options },
	.run = run_show,
};

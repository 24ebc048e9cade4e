#include "prog/skep/command.h"
#include "prog/skep/help.h"
#include "prog/skep/manual.h"

static const struct option_def options[] = {
	{ .name = "all",
	  .letter = 'a',
	  .type = OPTION_FLAG,
	  .group = OPTION_GROUP_OUTPUT,
	  .help = { "with rare and global options", "包含少用选项与全局选项" } },
	{ .name = "format",
	  .type = OPTION_CHOICE,
	  .group = OPTION_GROUP_OUTPUT,
	  .arg = "FORMAT",
	  .choices = "text|man|markdown",
	  .fallback = "text",
	  .rare = true,
	  .help = { "a manual page, or the whole reference as Markdown",
		    "输出 man 手册页或 Markdown 参考" } },
	{ 0 },
};

static int write_out(struct invocation *v, struct buf *text)
{
	int r = buf_error(text);

	if (r < 0)
		return err_set(&v->err, -r, "help: out of memory");
	fwrite(text->p, 1, text->n, v->out);
	return EXIT_CODE_OK;
}

static const struct help_topic *find_topic(const char *name)
{
	for (const struct help_topic *t = help_topics; t->name; t++)
		if (strcmp(name, t->name) == 0)
			return t;
	return NULL;
}

static int run(struct invocation *v)
{
	const char *format = option_text(&v->options, "format");
	OWNED_BUF text = BUF_INIT;
	const struct help_topic *topic;
	const struct command *c;
	str name;

	bool man = strcmp(format, "man") == 0;

	if (strcmp(format, "markdown") == 0) {
		manual_markdown(&text);
		return write_out(v, &text);
	}
	if (!v->arg_count) {
		if (man)
			manual_man(&text, NULL);
		else
			help_overview(&text, v->lang);
		return write_out(v, &text);
	}
	name = v->arg_count > 1 ? arena_printf(v->arena, "%s %s", v->args[0], v->args[1])
				: str_from(v->args[0]);
	c = name.p ? command_find(name) : NULL;
	topic = find_topic(v->args[0]);
	if (c && man)
		manual_man(&text, c);
	else if (c)
		help_command(&text, c, option_flag(&v->options, "all"), v->lang);
	else if (topic)
		topic->render(&text, v->lang);
	else
		return err_set(&v->err, EINVAL, "no help on '%.*s'; see `skep help`",
			       STR_ARG(name));
	return write_out(v, &text);
}

const struct command cmd_help = {
	.name = "help",
	.summary = { "explain a command or a topic", "说明命令或主题" },
	.arguments = "[COMMAND|TOPIC]",
	.max_args = 2,
	.examples = { { "skep help exit-codes", { "what the exit status means", "退出码的含义" } },
		      { "skep help --all image", { "every option", "全部选项" } } },
	.options = { options },
	.run = run,
};

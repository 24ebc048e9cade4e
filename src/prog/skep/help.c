#include "prog/skep/help.h"

#include "base/text.h"

#define WIDTH 80
#define COLUMN 30 /* where explanations begin */

static const struct phrase word_examples = { "Examples:", "示例：" };
static const struct phrase word_usage = { "Usage: ", "用法：" };
static const struct phrase word_commands = { "Commands:", "命令：" };
static const struct phrase word_topics = { "Topics:", "主题：" };

/** Breaks a text that begins in column @p at so that its further lines begin there too. */
static void paragraph(struct buf *out, const char *text, size_t at)
{
	str rest = str_from(text);

	buf_add(out, text_wrap(&rest, (unsigned int)(WIDTH - at)));
	while (rest.n) {
		buf_printf(out, "\n%*s", (int)at, "");
		buf_add(out, text_wrap(&rest, (unsigned int)(WIDTH - at)));
	}
	buf_byte(out, '\n');
}

/** "  left      explanation", wrapped; on a line of its own when left is too long. */
static void row(struct buf *out, str left, const char *explanation)
{
	size_t columns = 2 + text_width(left);

	buf_printf(out, "  %.*s", STR_ARG(left));
	if (columns >= COLUMN)
		buf_printf(out, "\n%*s", COLUMN, "");
	else
		buf_printf(out, "%*s", (int)(COLUMN - columns), "");
	paragraph(out, explanation, COLUMN);
}

static void examples(struct buf *out, const struct command *c, enum lang lang)
{
	if (!c->examples[0].line)
		return;
	buf_printf(out, "\n%s\n", phrase_in(word_examples, lang));
	for (size_t i = 0; i < COMMAND_MAX_EXAMPLES && c->examples[i].line; i++) {
		const struct example *x = &c->examples[i];
		size_t columns = text_width(str_from(x->line)), at = 44;

		buf_printf(out, "  %s", x->line);
		if (columns + 4 > at)
			buf_printf(out, "\n%*s", (int)at, "");
		else
			buf_printf(out, "%*s", (int)(at - columns - 2), "");
		paragraph(out, phrase_in(x->what, lang), at);
	}
}

void help_option_spelling(struct buf *out, const struct option_def *d)
{
	if (d->letter)
		buf_printf(out, "-%c, ", d->letter);
	buf_printf(out, "--%s", d->name);
	if (d->arg)
		buf_printf(out, " %s", d->arg);
}

static const char *group_name(enum option_group g, enum lang lang)
{
	static const struct phrase names[] = {
#define GROUP_NAME(id, en, zh) [OPTION_GROUP_##id] = { en, zh },
		OPTION_GROUPS(GROUP_NAME)
#undef GROUP_NAME
	};

	return phrase_in(names[g], lang);
}

static void option_row(struct buf *out, const struct option_def *d, enum lang lang)
{
	OWNED_BUF left = BUF_INIT;
	OWNED_BUF right = BUF_INIT;

	help_option_spelling(&left, d);
	buf_printf(&right, "%s", phrase_in(d->help, lang));
	if (d->fallback && d->type != OPTION_FLAG)
		buf_printf(&right, " [%s]", d->fallback);
	row(out, buf_str(&left), buf_cstr(&right));
}

static void options_of_group(struct buf *out, const struct command *c, enum option_group g,
			     bool all, enum lang lang)
{
	bool headed = false;

	for (size_t i = 0; c->options[i]; i++)
		for (const struct option_def *d = c->options[i]; d->name; d++) {
			if (d->group != g || (d->rare && !all))
				continue;
			if (!headed)
				buf_printf(out, "\n%s%s\n", group_name(g, lang),
					   lang == LANG_ZH ? "：" : ":");
			headed = true;
			option_row(out, d, lang);
		}
}

static void members(struct buf *out, const struct command *family, enum lang lang)
{
	OWNED_BUF prefix = BUF_INIT;

	buf_printf(&prefix, "%s ", family->name);
	buf_printf(out, "\n%s\n", phrase_in(word_commands, lang));
	for (const struct command *const *c = commands; *c; c++)
		if (str_starts(str_from((*c)->name), buf_str(&prefix)))
			row(out, str_from((*c)->name), phrase_in((*c)->summary, lang));
}

static void all_groups(struct buf *out, const struct command *c, bool all, enum lang lang)
{
	for (int g = 0; g < OPTION_GROUP_COUNT; g++)
		options_of_group(out, c, (enum option_group)g, all, lang);
}

void help_command(struct buf *out, const struct command *c, bool all, enum lang lang)
{
	static const struct phrase more = {
		"\nMore options (-q --color --lang --limit ...): skep help --all ",
		"\n更多选项（-q --color --lang --limit 等）：skep help --all "
	};
	static const struct command globals = { .options = { global_options } };

	buf_printf(out, "%s\n", phrase_in(c->summary, lang));
	examples(out, c, lang);
	buf_printf(out, "\n%sskep %s%s%s%s\n", phrase_in(word_usage, lang), c->name,
		   !c->run           ? (lang == LANG_ZH ? " 命令" : " COMMAND")
		   : lang == LANG_ZH ? " [选项]"
				     : " [options]",
		   c->arguments ? " " : "", c->arguments ? c->arguments : "");
	if (!c->run)
		members(out, c, lang);
	all_groups(out, c, all, lang);
	if (all)
		all_groups(out, &globals, all, lang);
	else
		buf_printf(out, "%s%s\n", phrase_in(more, lang), c->name);
}

void help_overview(struct buf *out, enum lang lang)
{
	static const struct phrase title = {
		"skep: finds vulnerabilities in container images, watches what containers do",
		"skep：查找容器镜像中的漏洞，监视容器的行为"
	};
	static const struct example starts[] = {
		{ "skep image alpine.tar", { "an archive of docker save", "docker save 归档" } },
		{ "skep image nginx:1.25 -f json",
		  { "from an engine or a registry", "引擎或仓库中的镜像" } },
		{ "skep rootfs /", { "this machine", "本机" } },
		{ "sudo skep up", { "watch this host, with web pages", "监视本机，并提供网页" } },
	};
	static const struct phrase usage = { "Usage: skep COMMAND [options]",
					     "用法：skep 命令 [选项]" };
	struct command c = { .examples = { starts[0], starts[1], starts[2], starts[3] } };

	buf_printf(out, "%s\n", phrase_in(title, lang));
	examples(out, &c, lang);
	buf_printf(out, "\n%s\n\n%s\n", phrase_in(usage, lang), phrase_in(word_commands, lang));
	for (const struct command *const *at = commands; *at; at++)
		if (!strchr((*at)->name, ' '))
			row(out, str_from((*at)->name), phrase_in((*at)->summary, lang));
	buf_printf(out, "\n%s\n", phrase_in(word_topics, lang));
	for (const struct help_topic *t = help_topics; t->name; t++)
		row(out, str_from(t->name), phrase_in(t->title, lang));
}

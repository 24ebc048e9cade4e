#include "prog/skep/help.h"

#include <inttypes.h>

static void exit_codes(struct buf *out, enum lang lang)
{
	for (size_t i = 0; i < exit_code_text_count; i++)
		buf_printf(out, "%4d  %s\n", exit_code_texts[i].code,
			   phrase_in(exit_code_texts[i].meaning, lang));
}

static void limits(struct buf *out, enum lang lang)
{
	static const struct phrase intro = {
		"Bounds on input, changed with --limit NAME=VALUE (sizes take K, M, G).\n"
		"Hitting one is an error or a gap in the report, never silence.\n\n",
		"输入上限，用 --limit 名称=值 修改（大小可带 K、M、G）。\n"
		"触及上限会报错或在报告中记为缺口，绝不静默。\n\n"
	};
	const struct limits l = limits_default();

	buf_printf(out, "%s", phrase_in(intro, lang));
#define LIMIT_LINE(name, value, en, zh) \
	buf_printf(out, "  %-16s %14" PRIu64 "  %s\n", #name, l.name, \
		   phrase_in((struct phrase){ en, zh }, lang));
	LIMITS(LIMIT_LINE)
#undef LIMIT_LINE
}

static void configuration(struct buf *out, enum lang lang)
{
	static const struct phrase text = {
		"Every option may also be set by an environment variable or a file. The first\n"
		"that says something wins:\n\n"
		"  1. the flag                         --fail-on high\n"
		"  2. the environment                  SKEP_FAIL_ON=high\n"
		"  3. ./.skep.yaml                     fail-on: high\n"
		"  4. $XDG_CONFIG_HOME/skep/config.yaml (or ~/.config/skep/config.yaml)\n"
		"  5. /etc/skep/skep.yaml\n\n"
		"Keys of the files are long option names. A key that names a command holds\n"
		"options for this command alone:\n\n"
		"  lang: zh\n"
		"  image:\n"
		"    severity: [HIGH, CRITICAL]\n\n"
		"Unknown keys are errors. `skep config show --origin` tells what is set where.\n",
		"每个选项也可由环境变量或配置文件设置，先出现者优先：\n\n"
		"  1. 命令行选项                       --fail-on high\n"
		"  2. 环境变量                         SKEP_FAIL_ON=high\n"
		"  3. ./.skep.yaml                     fail-on: high\n"
		"  4. $XDG_CONFIG_HOME/skep/config.yaml（或 ~/.config/skep/config.yaml）\n"
		"  5. /etc/skep/skep.yaml\n\n"
		"文件中的键是长选项名。键也可以是命令名，其下的选项只对该命令有效：\n\n"
		"  lang: zh\n"
		"  image:\n"
		"    severity: [HIGH, CRITICAL]\n\n"
		"未知的键会报错。`skep config show --origin` 显示每个值来自何处。\n"
	};

	buf_printf(out, "%s", phrase_in(text, lang));
}

const struct help_topic help_topics[] = {
	{ "exit-codes", { "what the exit status means", "退出码的含义" }, exit_codes },
	{ "limits", { "bounds on input and how to change them", "输入上限及修改方法" }, limits },
	{ "configuration",
	  { "flags, environment and configuration files", "选项、环境变量与配置文件" },
	  configuration },
	{ 0 },
};

#include "prog/agent/agent.h"
#include "prog/skep/command.h"
#include "prog/skep/log.h"
#include "prog/skep/result.h"

static const struct option_def options[] = {
	{ .name = "output",
	  .letter = 'o',
	  .type = OPTION_STRING,
	  .group = OPTION_GROUP_OUTPUT,
	  .arg = "TEXT",
	  .help = { "what to show of each event, as a rule's output: '%proc.cmdline %fd.name'",
		    "每个事件显示的内容，写法同规则 output" } },
	{ 0 },
};

static void tell(const char *line)
{
	log_retold(line);
}

static int run(struct invocation *v)
{
	struct agent_monitor m = {
		.options = &v->options,
		.condition = v->arg_count ? v->args[0] : NULL,
		.output = option_text(&v->options, "output"),
		.json = strcmp(option_text(&v->options, "format"), "json") == 0,
		.count = option_number(&v->options, "count", 0),
		.say = tell,
	};

	return agent_monitor(&m, &v->err);
}

const struct command cmd_monitor = {
	.name = "monitor",
	.summary = { "show alerts, or the events a condition picks, as they happen",
		     "实时显示告警，或显示条件所选的事件" },
	.detail = { "The condition is written in the rules' language; see `skep rule fields`. What "
		    "it does not need is never "
		    "asked of the kernel.",
		    "条件使用规则语言，参见 skep rule fields。条件不需要的事件不会向内核请求。" },
	.arguments = "[CONDITION]",
	.max_args = 1,
	.examples = { { "sudo skep monitor",
			{ "alerts, by the rules that ship", "按自带规则显示告警" } },
		      { "sudo skep monitor 'evt.type=execve and container.id!=host'",
			{ "every program started in a container", "容器内启动的全部程序" } },
		      { "sudo skep monitor 'evt.type=connect and fd.sport=443' -o '%proc.name "
			"%fd.name'",
			{ "who speaks HTTPS", "谁在使用 HTTPS" } } },
	.options = { options, result_count_options, agent_watch_options },
	.run = run,
};

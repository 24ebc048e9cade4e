#include "prog/skep/command.h"

const struct command cmd_console = {
	.name = "console",
	.summary = { "the place where agents report and people look",
		     "汇集各代理数据并供人查看的控制台" },
	.detail = { "One console serves one host or a fleet; `skep up` runs one together with an "
		    "agent of this host.",
		    "一个控制台可服务单机或集群；skep up 在本机同时运行控制台与代理。" },
};

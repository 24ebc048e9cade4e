#include "prog/skep/command.h"

const struct command cmd_agent = {
	.name = "agent",
	.summary = { "watch what runs on this host", "监视本机上运行的内容" },
	.detail = { "What the agent on each node does, one piece at a time and in front of you. "
		    "These commands "
		    "need root.",
		    "逐项查看每个节点上的代理所做的工作。这些命令需要 root 权限。" },
};

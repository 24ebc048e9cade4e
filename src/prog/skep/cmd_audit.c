#include "prog/skep/command.h"

const struct command cmd_audit = {
	.name = "audit",
	.summary = { "check the console's audit log", "校验控制台审计日志" },
	.detail = { "The console writes down every management action: who, from where, what, "
		    "before "
		    "and after, with what result. Each entry holds the hash of the one before.",
		    "控制台记录每一次管理操作：何人、来自何处、做了什么、前后内容与结果。每条记录都"
		    "含有上一条"
		    "记录的散列值。" },
};

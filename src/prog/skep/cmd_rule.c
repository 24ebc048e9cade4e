#include "prog/skep/command.h"

const struct command cmd_rule = {
	.name = "rule",
	.summary = { "check, list and try out detection rules", "检查、列出与试用检测规则" },
	.detail = { "Rules are written in Falco's language; doc/policy.md says what differs. Files "
		    "are read in order, a folder by name of its files; without any, the rules that "
		    "ship are meant.",
		    "规则使用 Falco 的规则语言，差异见 doc/policy.md。文件按顺序读取，"
		    "目录按文件名顺序读取；不指定时使用自带规则。" },
};

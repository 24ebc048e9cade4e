#include "prog/agent/agent.h"
#include "prog/skep/command.h"
#include "prog/skep/log.h"

static void tell(const char *line)
{
	log_retold(line);
}

static int run(struct invocation *v)
{
	return agent_run(&v->options, tell, &v->err);
}

const struct command cmd_agent_run = {
	.name = "agent run",
	.summary = { "watch this host's containers and tell what rules find",
		     "监视本机容器并按规则告警" },
	.detail = { "Loads rules (Falco's files load unmodified), derives from them what the "
		    "kernel must tell, and "
		    "raises an alert for each event a rule matches, with the container it happened "
		    "in. Nothing is "
		    "attached that no rule needs.\n\n"
		    "The agent is a supervisor and its parts, each a process of its own; a part "
		    "that dies is replaced at "
		    "once, with an alert about the gap. SIGHUP loads the rules again, SIGTERM ends "
		    "it.\n\n"
		    "Root is needed, or the capabilities BPF, PERFMON, SYS_PTRACE and "
		    "DAC_READ_SEARCH.",
		    "加载规则（Falco "
		    "规则文件可直接使用），由规则推导内核需上报的事件，并对命中规则的事件告警，"
		    "附带所属容器。规则不需要的内核挂载点一概不用。\n\n"
		    "代理由监督进程与若干部件进程组成；部件退出会立即重启，并就空档告警。SIGHUP "
		    "重新加载规则，"
		    "SIGTERM 结束。\n\n"
		    "需要 root，或 BPF、PERFMON、SYS_PTRACE、DAC_READ_SEARCH 权能。" },
	.examples = { { "sudo skep agent run",
			{ "the rules that ship, alerts as text", "自带规则，文本告警" } },
		      { "sudo skep agent run --console https://skep.example:8443 --enroll @token",
			{ "joins it by a token of its page", "凭控制台“代理”页面生成的令牌加入" } },
		      { "sudo skep agent run -r default -r my-rules.yaml",
			{ "with rules of one's own", "附加自定义规则" } },
		      { "sudo skep agent run --alert-file /var/log/skep-alerts.json",
			{ "into a rotated file", "写入轮转文件" } },
		      { "sudo skep agent run --syslog tls://log.example:6514",
			{ "to a syslog receiver; waits on disk",
			  "发往 syslog；不可达时暂存于磁盘" } },
		      { "sudo skep agent run --webhook https://hook.example/in",
			{ "by HTTPS; secrets from a file with --webhook-headers",
			  "以 HTTPS 发送；机密经 --webhook-headers 取自文件" } } },
	.options = { agent_watch_options, agent_tell_options },
	.run = run,
};

#include "kern/hook_probe.h"
#include "kern/sensor.h"

static const struct {
	enum hook_probe probe;
	const char *name;
	struct phrase what, loss;
} mechanisms[] = {
	{ HOOK_PROBE_BTF,
	  "btf",
	  { "the kernel's types, by which programs fit any kernel",
	    "内核类型信息，程序借此适配各版本内核" },
	  { "everything: the kernel must be built with CONFIG_DEBUG_INFO_BTF=y",
	    "全部功能：内核须以 CONFIG_DEBUG_INFO_BTF=y 编译" } },
	{ HOOK_PROBE_RING,
	  "ring-buffer",
	  { "the way events take to the agent", "事件传给 agent 的通道" },
	  { "everything", "全部功能" } },
	{ HOOK_PROBE_TP_BTF,
	  "tp_btf",
	  { "processes and control groups: exec, fork, exit", "进程与控制组：exec、fork、exit" },
	  { "everything", "全部功能" } },
	{ HOOK_PROBE_ITERATOR,
	  "task-iterator",
	  { "processes that run already, and those missed after a loss",
	    "已在运行的进程，以及丢失事件后的补读" },
	  { "processes that run already are unknown until they exec",
	    "已在运行的进程在下次 exec 之前未知" } },
	{ HOOK_PROBE_LSM,
	  "bpf-lsm",
	  { "the hooks by which a call can be refused", "可据以拒绝调用的钩子" },
	  { "nothing that is watched", "不影响观察" } },
	{ HOOK_PROBE_FENTRY,
	  "fentry",
	  { "files and sockets at the object itself", "在对象处观察文件与套接字" },
	  { "system calls are watched instead: dearer, and paths of some calls are what the "
	    "program gave",
	    "改为观察系统调用：开销较大，部分调用的路径取自程序参数" } },
	{ HOOK_PROBE_WHOLE,
	  "whole-programs",
	  { "programs on such hooks run to their end", "此类挂钩上的程序不被打断" },
	  { "calls made while one stands interrupted, by programs on such hooks; system calls are "
	    "watched instead, which loses none",
	    "程序被打断期间的调用；改为观察系统调用，不丢失" } },
	{ HOOK_PROBE_TRACEPOINT,
	  "syscall-tracepoints",
	  { "system calls that rules ask for, and no others", "规则所需的系统调用，仅此而已" },
	  { "rare calls (ptrace, setns, bpf, mount, ...); where fentry is missing too: files and "
	    "sockets",
	    "少见的调用（ptrace、setns、bpf、mount 等）；若同时没有 "
	    "fentry，则文件与套接字也丢失" } },
	{ HOOK_PROBE_CGROUP,
	  "cgroup-skb",
	  { "questions to name servers", "域名查询" },
	  { "DNS events", "DNS 事件" } },
};

size_t sensor_probe(struct sensor_finding *ret, size_t max)
{
	size_t n = MIN(max, ARRAY_LEN(mechanisms));

	for (size_t i = 0; i < n; i++) {
		ret[i] = (struct sensor_finding){
			.name = mechanisms[i].name,
			.what = mechanisms[i].what,
			.loss = mechanisms[i].loss,
		};
		ret[i].works = hook_probe(mechanisms[i].probe, ret[i].why, sizeof(ret[i].why));
	}
	return n;
}

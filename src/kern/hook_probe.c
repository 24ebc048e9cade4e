#include "kern/hook_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "kern/hook_place.h"
#include "kern/kernel_btf.h"
#include "kern/preemption.h"

static bool refused(char *why, size_t n, const char *step, int r)
{
	snprintf(why, n, "%s: %s", step, strerror(r < 0 ? -r : r));
	return false;
}

static bool try_ring(char *why, size_t n)
{
	OWNED_FD fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "skep_probe", 0, 0,
				     (uint32_t)sysconf(_SC_PAGESIZE), NULL);

	return fd >= 0 || refused(why, n, "map", errno);
}

/* @return the id of what a program attaches to, -errno */
static int find_target(enum bpf_attach_type attach, const char *target)
{
	struct kernel_btf_name n;
	struct kernel_btf k;
	int r = kernel_btf_open(&k);

	/* It may be described in a way we do not know. */
	if (r)
		return libbpf_find_vmlinux_btf_id(target, attach);
	kernel_btf_place(&n, attach, target);
	r = kernel_btf_find(&k, &n, 1);
	kernel_btf_close(&k);
	return r ? r : n.id ? (int)n.id : -ESRCH;
}

/* A program that returns @p result. @return its descriptor, -errno */
static int load(enum bpf_prog_type type, enum bpf_attach_type attach, const char *target,
		int result)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = result },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = attach);
	int id = target ? find_target(attach, target) : 0;
	int fd;

	if (id < 0)
		return id;
	o.attach_btf_id = (uint32_t)id;
	fd = bpf_prog_load(type, "skep_probe", "Dual BSD/GPL", code, ARRAY_LEN(code), &o);
	return fd < 0 ? -errno : fd;
}

static bool try_tracing(enum bpf_prog_type type, enum bpf_attach_type attach, const char *target,
			char *why, size_t n)
{
	OWNED_FD program = load(type, attach, target, 0);
	OWNED_FD link = -1;

	if (program < 0)
		return refused(why, n, "load", program);
	link = attach == BPF_TRACE_ITER ? bpf_link_create(program, 0, attach, NULL)
					: bpf_raw_tracepoint_open(NULL, program);
	return link >= 0 || refused(why, n, "attach", errno);
}

static bool try_tracepoint(char *why, size_t n)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	OWNED_FD program = load(BPF_PROG_TYPE_TRACEPOINT, 0, NULL, 0);
	OWNED_FD tracefs = hook_place_tracefs();
	OWNED_FD perf = -1, link = -1;
	int id = tracefs < 0 ? tracefs : hook_place_event(tracefs, "pivot_root");

	if (program < 0)
		return refused(why, n, "load", program);
	if (id < 0)
		return refused(why, n, "tracefs", id);
	attr.config = (uint64_t)(unsigned int)id;
	perf = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (perf < 0)
		return refused(why, n, "perf_event_open", errno);
	link = bpf_link_create(program, perf, BPF_PERF_EVENT, NULL);
	return link >= 0 || refused(why, n, "attach", errno);
}

static bool try_cgroup(char *why, size_t n)
{
	OWNED_FD program = load(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, NULL, 1);
	OWNED_FD root = hook_place_cgroup2();
	OWNED_FD link = -1;

	if (program < 0)
		return refused(why, n, "load", program);
	if (root < 0)
		return refused(why, n, "cgroup2", root);
	link = bpf_link_create(program, root, BPF_CGROUP_INET_EGRESS, NULL);
	return link >= 0 || refused(why, n, "attach", errno);
}

static bool try_whole(char *why, size_t n)
{
	const char *mode = preemption_here();

	if (mode)
		snprintf(why, n, "preempt=%s", mode);
	return !mode;
}

bool hook_probe(enum hook_probe what, char *why, size_t why_bytes)
{
	why[0] = '\0';
	libbpf_set_print(NULL);
	switch (what) {
	case HOOK_PROBE_BTF:
		return access("/sys/kernel/btf/vmlinux", R_OK) == 0 ||
		       refused(why, why_bytes, "/sys/kernel/btf/vmlinux", errno);
	case HOOK_PROBE_RING:
		return try_ring(why, why_bytes);
	case HOOK_PROBE_TP_BTF:
		return try_tracing(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, "sched_process_exit",
				   why, why_bytes);
	case HOOK_PROBE_ITERATOR:
		return try_tracing(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, "task", why, why_bytes);
	case HOOK_PROBE_LSM:
		return try_tracing(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "sb_umount", why, why_bytes);
	case HOOK_PROBE_FENTRY:
		return try_tracing(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "security_sb_umount",
				   why, why_bytes);
	case HOOK_PROBE_WHOLE:
		return try_whole(why, why_bytes);
	case HOOK_PROBE_TRACEPOINT:
		return try_tracepoint(why, why_bytes);
	case HOOK_PROBE_CGROUP:
		return try_cgroup(why, why_bytes);
	}
	return false;
}

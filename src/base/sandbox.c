#include "base/sandbox.h"

#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef HAS_ADDRESS_SANITIZER
#define HAS_ADDRESS_SANITIZER 0
#endif

static int drop_capabilities(struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, errno, "cannot set no_new_privs");
	/* Fails without CAP_SETPCAP, and then no_new_privs alone already keeps the bounding set from mattering. */
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) < 0)
		return err_sys(e, errno, "cannot drop capabilities");
	return 0;
}

static int limit(int resource, uint64_t value, const char *name, struct err *e)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)resource, &r) < 0)
		return err_sys(e, errno, "cannot read the limit %s", name);
	if (r.rlim_max == RLIM_INFINITY || value < r.rlim_max)
		r.rlim_max = value;
	r.rlim_cur = r.rlim_max;
	if (setrlimit((__rlimit_resource_t)resource, &r) < 0)
		return err_sys(e, errno, "cannot set the limit %s", name);
	return 0;
}

static uint64_t address_space_in_use(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%lu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int set_limits(const struct sandbox_limits *l, struct err *e)
{
	int r = limit(RLIMIT_CORE, 0, "core", e);

	if (r == 0)
		r = limit(RLIMIT_FSIZE, 0, "file size", e);
	if (r == 0 && l->cpu_s)
		r = limit(RLIMIT_CPU, l->cpu_s, "processor time", e);
	/* The address sanitizer reserves terabytes. */
	if (r == 0 && l->memory_bytes && !HAS_ADDRESS_SANITIZER)
		r = limit(RLIMIT_AS, address_space_in_use() + l->memory_bytes, "memory", e);
	return r;
}

/* Landlock is an additional wall: kernels without it still have the system-call filter, which opens nothing. */
static void close_file_system(void)
{
	struct landlock_ruleset_attr all = { .handled_access_fs =
						     (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	long fd = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);

	if (fd < 0)
		return;
	syscall(SYS_landlock_restrict_self, (int)fd, 0);
	close((int)fd);
}

static int fill_filter(scmp_filter_ctx f)
{
	static const int allowed[] = {
		SCMP_SYS(read),
		SCMP_SYS(write),
		SCMP_SYS(pread64),
		SCMP_SYS(readv),
		SCMP_SYS(writev),
		SCMP_SYS(lseek),
		SCMP_SYS(close),
		SCMP_SYS(brk),
		SCMP_SYS(munmap),
		SCMP_SYS(mremap),
		SCMP_SYS(madvise),
		SCMP_SYS(exit),
		SCMP_SYS(exit_group),
		SCMP_SYS(futex),
		SCMP_SYS(clock_gettime),
		SCMP_SYS(gettimeofday),
		SCMP_SYS(getrandom),
		SCMP_SYS(getpid),
		SCMP_SYS(gettid),
		SCMP_SYS(fstat),
		SCMP_SYS(rt_sigreturn),
		SCMP_SYS(rt_sigprocmask),
		SCMP_SYS(rt_sigaction),
		SCMP_SYS(sigaltstack),
		SCMP_SYS(restart_syscall),
		SCMP_SYS(sysinfo),
		SCMP_SYS(sched_yield),
		SCMP_SYS(poll),
	};
	const struct scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(allowed); i++)
		r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, allowed[i], 0, NULL);
	if (r == 0)
		r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &not_executable);
	if (r == 0)
		r = seccomp_rule_add_array(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
					   &not_executable);
	/* An abort must look like one: raise() is tgkill(), here on oneself only. */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	return r;
}

static int filter_system_calls(struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = f ? fill_filter(f) : -ENOMEM;

	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	return r < 0 ? err_sys(e, -r, "cannot load the system-call filter") : 0;
}

int sandbox_forbid_power(bool with_bpf, struct err *e)
{
	static const int bpf[] = { SCMP_SYS(bpf), SCMP_SYS(perf_event_open) };
	static const int power[] = {
		SCMP_SYS(execve),
		SCMP_SYS(execveat),
		SCMP_SYS(ptrace),
		SCMP_SYS(process_vm_readv),
		SCMP_SYS(process_vm_writev),
		SCMP_SYS(mount),
		SCMP_SYS(umount2),
		SCMP_SYS(pivot_root),
		SCMP_SYS(chroot),
		SCMP_SYS(setns),
		SCMP_SYS(unshare),
		SCMP_SYS(move_mount),
		SCMP_SYS(open_tree),
		SCMP_SYS(fsopen),
		SCMP_SYS(init_module),
		SCMP_SYS(finit_module),
		SCMP_SYS(delete_module),
		SCMP_SYS(kexec_load),
		SCMP_SYS(kexec_file_load),
		SCMP_SYS(reboot),
		SCMP_SYS(swapon),
		SCMP_SYS(swapoff),
		SCMP_SYS(add_key),
		SCMP_SYS(request_key),
		SCMP_SYS(keyctl),
		SCMP_SYS(userfaultfd),
		SCMP_SYS(open_by_handle_at),
		SCMP_SYS(io_uring_setup),
		SCMP_SYS(settimeofday),
		SCMP_SYS(clock_settime),
	};
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int r = f ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(power); i++)
		r = seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EPERM), power[i], 0, NULL);
	for (size_t i = 0; r == 0 && !with_bpf && i < ARRAY_LEN(bpf); i++)
		r = seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EPERM), bpf[i], 0, NULL);
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	return r < 0 ? err_sys(e, -r, "cannot load the system-call filter") : 0;
}

int sandbox_enter(const struct sandbox_limits *l, struct err *e)
{
	int r = set_limits(l, e);

	if (r < 0)
		return r;
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(e, errno, "cannot forbid tracing");
	r = drop_capabilities(e);
	if (r < 0)
		return r;
	close_file_system();
	return filter_system_calls(e);
}

/** @file
 * Gives up every privilege for good, so that code which parses hostile bytes can harm nothing but its own result.
 * The only module that knows libseccomp.
 *
 * Afterwards the process can read and write descriptors it already has, manage its own memory and exit. It cannot open,
 * execute, connect, fork, signal or gain anything: no capabilities (capabilities(7)), no_new_privs, a seccomp(2)
 * allow-list whose default is death, and, where the kernel has it, landlock(7) with no access at all. Code inside must
 * have its libraries' lazy initialisation done before.
 */
#ifndef SKEP_BASE_SANDBOX_H
#define SKEP_BASE_SANDBOX_H

#include "base/err.h"

struct sandbox_limits {
	uint64_t memory_bytes; /**< address space beyond what is in use now; 0: no bound */
	uint64_t cpu_s;        /**< processor time; 0: no bound */
};

/** Enters the sandbox; there is no way back. @return 0, or -errno when a layer that must hold could not be set up */
MUST_CHECK int sandbox_enter(const struct sandbox_limits *l, struct err *e);

/**
 * For programs that go on working: from now on calls by which a process gains power over others or over the kernel fail
 * with EPERM: starting programs, tracing, mounts, namespaces, modules, keys, reboot; and bpf(2) and perf_event_open(2)
 * unless @p with_bpf. @return 0, or -errno
 */
MUST_CHECK int sandbox_forbid_power(bool with_bpf, struct err *e);

#endif

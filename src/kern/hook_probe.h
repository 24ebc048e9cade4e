/** @file
 * Tries kinds of BPF programs on the running kernel with the smallest program of each kind. libbpf's second user, apart
 * from hook.h because it loads no object of ours.
 */
#ifndef SKEP_KERN_HOOK_PROBE_H
#define SKEP_KERN_HOOK_PROBE_H

#include "base/base.h"

enum hook_probe {
	HOOK_PROBE_BTF,
	HOOK_PROBE_RING,
	HOOK_PROBE_TP_BTF,
	HOOK_PROBE_ITERATOR,
	HOOK_PROBE_TRACEPOINT,
	HOOK_PROBE_CGROUP,
	HOOK_PROBE_LSM,
	HOOK_PROBE_FENTRY,
	HOOK_PROBE_WHOLE, /**< programs on trampolines are not interrupted: see preemption.h */
};

/**
 * Loads and attaches a program that does nothing, and takes it away again.
 *
 * @param why  filled when it does not work
 * @return whether it works
 */
bool hook_probe(enum hook_probe what, char *why, size_t why_bytes);

#endif

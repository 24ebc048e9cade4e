/** @file
 * Whether the kernel takes the processor from a task at work in the kernel, as it does when booted with preempt=full or
 * preempt=lazy, or built so.
 *
 * It matters to programs on trampolines alone: those may be interrupted then, and the kernel passes over each call of the
 * same program that comes on that processor before the first has ended (bpf_prog_info.recursion_misses). Programs on
 * tracepoints run to their end.
 */
#ifndef SKEP_KERN_PREEMPTION_H
#define SKEP_KERN_PREEMPTION_H

#include "base/str.h"

/**
 * Judges by what the kernel says of itself, the surest first; empty texts say nothing.
 *
 * @param mode     /sys/kernel/debug/sched/preempt: "none voluntary (full)"
 * @param cmdline  /proc/cmdline
 * @param version  utsname.version: "#1 SMP PREEMPT_DYNAMIC ..."
 * @return the mode when tasks at work in the kernel are interrupted ("full", "lazy", "rt"), a literal; NULL: not, or
 *         nothing says so
 */
const char *preemption_judge(str mode, str cmdline, str version);

/** The same of the running kernel. */
const char *preemption_here(void);

#endif
